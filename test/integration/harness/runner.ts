// Runs the flows one after the other, each in a fresh VS Code on a fresh copy of the samples.
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Page } from "playwright-core";
import { within } from "./eventually.ts";
import type { Flow, FlowContext } from "./flow.ts";
import type { Host } from "./host.ts";
import { Instance } from "./instance.ts";

export interface RunOptions {
  readonly root: string;
  readonly host: Host;
  /** Tests the extension as packed in this file instead of the repository's. */
  readonly vsix?: string;
  /** Only flows whose name contains this. */
  readonly only?: string;
  /** The flows that take the README's pictures, instead of the tests. */
  readonly pictures?: boolean;
}

export interface RunResult {
  readonly passed: number;
  readonly failed: number;
}

export async function runFlows(flows: readonly Flow[], options: RunOptions): Promise<RunResult> {
  const chosen = flows.filter(
    ({ name, options: { alsoPacked, pictures = false } }) =>
      pictures === (options.pictures ?? false) &&
      (!options.only || name.includes(options.only)) &&
      (!options.vsix || alsoPacked),
  );
  if (!chosen.length)
    throw new Error(`No flow ${options.only ? `has "${options.only}" in its name` : "is there to run"}.`);
  let passed = 0;
  for (const flow of chosen) {
    const started = Date.now();
    const error = await runFlow(flow, options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${error === undefined ? "✓" : "✗"} ${flow.name} (${options.host.name}, ${seconds} s)`);
    if (error === undefined) passed++;
    else console.log(indent(error instanceof Error ? error.message : String(error)));
  }
  return { passed, failed: chosen.length - passed };
}

/** Milliseconds: for flows that hang where no single wait does. */
const flowLimit = 15 * 60_000;

async function runFlow(flow: Flow, { root, host, vsix }: RunOptions): Promise<void> {
  let instance: Instance | undefined;
  let at = "starting VS Code";
  try {
    const work = async () => {
      const extension = vsix === undefined ? { folder: root } : { vsix };
      const started = (instance = await Instance.start({ host, root, extension, options: flow.options }));
      const window = await started.openWindow();
      const context: FlowContext = {
        ...window,
        packed: vsix !== undefined,
        openWindow: (folder) => started.openWindow(folder),
        screenshot: (name) => screenshot(root, window.page, name),
        step: async (name, part) => {
          const outer = at;
          at = name;
          const began = Date.now();
          const value = await part();
          console.log(`  · ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
          at = outer;
          return value;
        },
      };
      at = "the flow";
      await flow.run(context);
    };
    await within(flowLimit, work(), "the flow");
  } catch (error) {
    const report = await collect(root, flow.name, instance);
    throw new Error(`In ${at}: ${error instanceof Error ? error.message : String(error)}${line(error)}\n${report}`, {
      cause: error,
    });
  } finally {
    await instance?.close();
  }
}

/**
 * Where in the flows it happened: the innermost lines of their own files (scripts/integration.mjs has source maps on).
 */
function line(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const frames = (error.stack ?? "").split("\n").filter((one) => /\.flow\.ts:/.test(one));
  return frames.length ? `\n${frames.slice(0, 3).join("\n")}` : line(error.cause);
}

async function screenshot(root: string, page: Page, name: string): Promise<string> {
  const file = path.join(root, "test/screenshots", `${name}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file });
  return file;
}

/**
 * After a failure: pictures of all windows and all logs, in test/screenshots/failed; gives the part worth reading
 * first.
 */
async function collect(root: string, name: string, instance: Instance | undefined): Promise<string> {
  const { pages = [], trouble = [], session } = instance ?? {};
  const safe = `failed/${name.replace(/[^\w.-]+/g, "-")}`;
  const lines: string[] = [];
  for (const [index, page] of pages.entries()) {
    const shot = await screenshot(root, page, `${safe}${index ? `-${index + 1}` : ""}`).catch(
      (error: Error) => `no picture: ${error.message}`,
    );
    lines.push(`window: ${shot}`);
  }
  const logs = session ? await logFiles(session.logFolder) : [];
  const host = logs.find(({ file }) => /exthost.*exthost\.log$/.test(file))?.text ?? "";
  const all = [
    ...logs.map(({ file, text }) => `===== ${file}\n${text}`),
    `===== page\n${trouble.join("\n")}`,
    `===== process\n${session?.output() ?? ""}`,
  ];
  const file = path.join(root, "test/screenshots", `${safe}.log`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, all.join("\n\n"));
  const head = (title: string, text: string) =>
    text.trim() ? `${title}:\n${text.trim().split("\n").slice(-12).join("\n")}` : `${title}: nothing`;
  return [
    ...lines,
    `logs: ${file}`,
    head(
      "extension host's warnings and errors",
      host
        .split("\n")
        .filter((line) => /\[(error|warning)\]/.test(line))
        .join("\n"),
    ),
    head(
      "page's console",
      trouble
        .map((text) => text.split("\n")[0])
        .filter((text) => !itsOwn.test(text))
        .join("\n"),
    ),
  ].join("\n");
}

/** What VS Code in a browser says in every run, about itself. The log file has it all. */
const itsOwn =
  /status of 404|bad HTTP response code|Service Worker|same-origin iframe|sandbox attribute|workbench contribution|authentication provider|willSaveTextDocument/i;

async function logFiles(folder: string): Promise<{ file: string; text: string }[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found: { file: string; text: string }[] = [];
  for (const name of names.filter((one) => one.endsWith(".log"))) {
    const file = path.join(folder, name);
    if ((await stat(file)).size > 0) found.push({ file: name, text: await readFile(file, "utf8") });
  }
  return found;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
