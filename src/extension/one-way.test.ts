import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { confirmCopied, copyText } from "./copied.ts";
import { withProgress } from "./progress.ts";

interface Shown {
  readonly said: string[];
  clipboard: string;
  readonly reports: { message?: string; increment?: number }[];
  cancel: () => void;
}
const shown = vi.hoisted((): Shown => ({ said: [], clipboard: "", reports: [], cancel: () => undefined }));

vi.mock("vscode", () => ({
  ProgressLocation: { Notification: 15 },
  env: { clipboard: { writeText: (text: string) => Promise.resolve(void (shown.clipboard = text)) } },
  window: {
    showInformationMessage: (text: string) => Promise.resolve(void shown.said.push(text)),
    withProgress: (
      { location, cancellable }: { location: number; cancellable: boolean },
      work: (progress: unknown, token: unknown) => unknown,
    ) => {
      expect([location, cancellable]).toEqual([15, true]);
      return work(
        { report: (one: object) => shown.reports.push(one) },
        { onCancellationRequested: (listener: () => void) => (shown.cancel = listener) },
      );
    },
  },
}));

const root = path.join(import.meta.dirname, "../..");

/** Files of the program in which a text stands. */
function filesWith(pattern: RegExp): string[] {
  return ["src", "webview"]
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
    )
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .filter((file) => pattern.test(readFileSync(path.join(root, file), "utf8")))
    .sort();
}

describe("there is one kind of", () => {
  test.each<[string, RegExp, string[]]>([
    ["progress of a command, with Cancel", /window\.withProgress/, ["src/extension/progress.ts"]],
    ["progress in a page", /role="progressbar"/, ["webview/ui/feedback.tsx"]],
    ["dialog for saving", /showSaveDialog/, ["src/extension/panels/save.ts"]],
    ["confirmation of what was saved", /[`"]Saved \$\{/, ["src/extension/saved.ts"]],
    ["text on the clipboard", /clipboard\.writeText/, ["src/extension/copied.ts"]],
    ["picture on the clipboard", /clipboard\.write\(/, ["webview/ui/copy.ts"]],
    ["confirmation of what was copied", /[`"][^`"]*\bCopied \$\{/, ["src/extension/copied.ts"]],
  ])("%s", (_, pattern, files) => {
    expect(filesWith(pattern)).toEqual(files);
  });

  test("word for what was stopped", () => {
    expect(filesWith(/["`>]Canceled|["`>]Aborted/)).toEqual([]);
  });
});

test("a copy is on the clipboard and confirmed by what it is", async () => {
  await copyText("layer.0", "the name");
  confirmCopied("the Python code", "Let its load_model() return your PyTorch model.");
  expect(shown.clipboard).toBe("layer.0");
  expect(shown.said).toEqual([
    "Copied the name.",
    "Copied the Python code. Let its load_model() return your PyTorch model.",
  ]);
});

test("progress tells what is done, adds up to the whole, and its Cancel aborts the work", async () => {
  const aborted = await withProgress("Export", async ({ signal, onProgress }) => {
    onProgress({ text: "Building the graph" });
    onProgress({ text: "Writing", fraction: 0.25 });
    onProgress({ text: "Checking", fraction: 1 });
    shown.cancel();
    return Promise.resolve(signal.aborted);
  });
  expect(aborted).toBe(true);
  expect(shown.reports).toEqual([
    { message: "Building the graph" },
    { message: "Writing", increment: 25 },
    { message: "Checking", increment: 75 },
  ]);
});
