import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { onnxFile, temporaryFolder } from "../../test/reference/onnx-files/index.ts";
import { formatsText, MODEL_FORMATS } from "../protocol/formats.ts";
import { ModelError } from "./errors.ts";
import { openModel, READERS, type ModelReader, type OpenModel } from "./open.ts";

const folder = temporaryFolder();

/** A format of its own: files that begin with "toy:", or end in .toy. */
const toy: ModelReader = {
  id: "toy",
  title: "Toy",
  extensions: ["toy"],
  dataExtensions: [],
  matches: ({ text }) => text.startsWith("toy:"),
  open: (path) => ({ path, model: { producer: "toy" } }) as unknown as OpenModel,
};
const readers = [...READERS, toy];
const ALL = `${formatsText()}, Toy (.toy)`;

async function openedBy(path: string): Promise<string> {
  const opened = await openModel(path, readers);
  return (opened.model as { producer?: unknown }).producer === "toy" ? "toy" : "onnx";
}

async function errorOf(path: string): Promise<{ message: string; hint?: string }> {
  const error = await openModel(path, readers).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ModelError)) throw new Error(`${path}: no ModelError`, { cause: error });
  return error;
}

describe("a model file is opened by the format", () => {
  const model = readFileSync(onnxFile("types.onnx"));
  test.each([
    ["of its content", "a.toy", "toy: one", "toy"],
    ["of its content, whatever its name says", "b.onnx", "toy: two", "toy"],
    ["of its content, here ONNX's", "c.toy", model, "onnx"],
    ["of its content where the name says nothing", "d.bin", model, "onnx"],
    ["of its name where the content says nothing", "e.toy", Buffer.from([0xb7, 1, 2]), "toy"],
    ["of its name in capitals", "F.TOY", Buffer.from([0xb7, 1, 2]), "toy"],
  ])("%s", async (_, name, content, wanted) => {
    expect(await openedBy(folder.write(name, Buffer.from(content)))).toBe(wanted);
  });
});

describe("a file that is of no format", () => {
  test("is told which there are, with their endings", () => {
    expect(formatsText()).toContain("ONNX (.onnx)");
  });

  test("is named where it is known, with what can be opened", async () => {
    const picture = folder.write("picture.toy", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"));
    expect(await errorOf(picture)).toMatchObject({
      message: "This is an image, not a model.",
      hint: `Use it as a model's input. These formats can be opened: ${ALL}.`,
    });
  });

  test("is refused where it is not", async () => {
    expect(await errorOf(folder.write("what.bin", Buffer.from([0xb7, 1, 2])))).toMatchObject({
      message: "Neither the content nor the name of this file is of a known model format.",
      hint: `These formats can be opened: ${ALL}.`,
    });
  });

  test("is not there", async () => {
    expect((await errorOf(folder.path + "/none.toy")).message).toBe("The file does not exist.");
  });
});

test("every format that dialogs and menus offer has a reader, and the other way about", () => {
  expect(
    READERS.map(({ id, title, extensions, dataExtensions }) => ({ id, title, extensions, dataExtensions })),
  ).toEqual(MODEL_FORMATS);
});

test("only a format's own folder and the list of formats know its ending", () => {
  const files = ["src", "webview", "scripts"].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => `${root}/${name.replaceAll("\\", "/")}`),
  );
  const knowing = files
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/\.test\.tsx?$/.test(file))
    .filter((file) => !file.startsWith("src/model/formats/") && file !== "src/protocol/formats.ts")
    .filter((file) => /(?<!\bai|torch)\.onnx\b/.test(readFileSync(file, "utf8")));
  expect(knowing.sort()).toEqual([
    "scripts/lib/walkthrough-manifest.mjs", // an example
    "src/draw/scene/scene.ts", // an example
    "src/extension/commands/samples.ts", // the sample's name
    "src/model/beside.ts", // an example
  ]);
});
