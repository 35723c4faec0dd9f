import { copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { message, onnxFile, rawModel, rawNode, temporaryFolder } from "../../../../test/reference/onnx-files/index.ts";
import { locateBeside } from "../../beside.ts";
import { openModel } from "../../open.ts";
import { entryMessage } from "./write-tensor.ts";

const temporary = temporaryFolder();
const folder = join(temporary.path, "model");

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

/** A model whose one tensor, float32 [4], has its data at `location`. */
async function openWith(
  location: string,
  entries: Record<string, string> = {},
): Promise<{ problem?: string; bytes: () => Uint8Array }> {
  const path = join(folder, "m.onnx");
  writeFileSync(
    path,
    rawModel((graph) => {
      graph.message(1, rawNode("Relu", ["w"], ["y"]));
      graph.message(
        5,
        message((tensor) => {
          tensor.packedInts(1, [4]);
          tensor.int(2, 1);
          tensor.string(8, "w");
          for (const [key, value] of Object.entries({ location, ...entries }))
            tensor.message(13, entryMessage(key, value));
          tensor.int(14, 1);
        }),
      );
    }),
  );
  const open = await openModel(path);
  const [tensor] = open.model.graph.initializers;
  // Whatever is wrong with a tensor, the graph is there.
  expect(open.model.graph.nodes).toHaveLength(1);
  return { problem: tensor.problem, bytes: () => open.bytesOf(tensor) };
}

const sixteen = Uint8Array.from({ length: 16 }, (_, i) => i);

test("the bytes at offset and length are the tensor's", async () => {
  writeFileSync(join(folder, "w.bin"), Uint8Array.of(9, 9, 9, ...sixteen, 9));
  const { problem, bytes } = await openWith("w.bin", { offset: "3", length: "16" });
  expect(problem).toBeUndefined();
  expect(bytes()).toEqual(sixteen);
});

test("offset and length may be left out, and the file may lie in a folder below", async () => {
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data", "w.bin"), sixteen);
  expect((await openWith("data/w.bin")).bytes()).toEqual(sixteen);
});

describe("locations that stay in the folder, however they are written", () => {
  test.each([
    ["./w.bin"],
    ["in/../w.bin"],
    ["./in/../w.bin"],
    ["missing/../w.bin"],
    [".//w.bin"],
    ["in//w.bin"],
    ["in/./w.bin"],
    [".\\w.bin"],
    ["in\\w.bin"],
    [".\\in\\..\\w.bin"],
    ["../model/w.bin"],
  ])("%s", async (location) => {
    mkdirSync(join(folder, "in"));
    for (const place of [folder, join(folder, "in")]) writeFileSync(join(place, "w.bin"), sixteen);
    expect((await openWith(location)).bytes()).toEqual(sixteen);
  });

  test("an absolute path, also of the folder behind a link", async () => {
    writeFileSync(join(folder, "w.bin"), sixteen);
    expect((await openWith(join(folder, "w.bin"))).bytes()).toEqual(sixteen);
    const link = join(temporary.path, "link-to-model");
    rmSync(link, { force: true });
    symlinkSync(folder, link);
    expect(locateBeside(join(link, "m.onnx"), join(folder, "w.bin"))).toEqual({
      path: join(realpathSync(folder), "w.bin"),
    });
  });

  test("where a backslash is a part of the name, that file goes first", async () => {
    writeFileSync(join(folder, "in\\w.bin"), sixteen);
    mkdirSync(join(folder, "in"));
    writeFileSync(join(folder, "in", "w.bin"), new Uint8Array(16));
    expect((await openWith("in\\w.bin")).bytes()).toEqual(sixteen);
  });

  test("what is not there gets its reason: spaces around a name, a folder, nothing", async () => {
    writeFileSync(join(folder, "w.bin"), sixteen);
    expect((await openWith("w.bin ")).problem).toContain(
      'its data file "w.bin " does not exist; there is one without the spaces around its name.',
    );
    expect((await openWith(".")).problem).toContain('its data file "." is not a file.');
    expect((await openWith("in/..")).problem).toContain('its data file "in/.." is not a file.');
    expect((await openWith("./in/x.bin")).problem).toContain(
      'its data file "./in/x.bin" does not exist. Put it beside the model.',
    );
  });
});

describe("locations that lead out of the folder are refused", () => {
  test.each([
    "../secret.bin",
    "../../etc/passwd",
    "data/../../secret.bin",
    "/etc/passwd",
    "C:\\secret.bin",
    "\\\\server\\share",
    "..\\secret.bin",
    "..",
  ])("%s", async (location) => {
    temporary.write("secret.bin", sixteen);
    expect((await openWith(location)).problem).toBe(
      `The data of tensor "w" cannot be read: its data file "${location}" is outside the model's folder. A model may only use files in its own folder or below.`,
    );
  });

  test("absolute paths of a neighbour whose name begins alike, and ways out that come back elsewhere", async () => {
    mkdirSync(`${folder}-other`, { recursive: true });
    writeFileSync(join(`${folder}-other`, "w.bin"), sixteen);
    for (const location of [
      join(`${folder}-other`, "w.bin"),
      "../model-other/w.bin",
      "./../model-other/w.bin",
      "a/b/../../../model-other/w.bin",
      ".\\..\\model-other\\w.bin",
    ]) {
      expect((await openWith(location)).problem).toContain("is outside the model's folder");
    }
  });

  test("no name is let out of a folder called onnx", async () => {
    const onnx = join(temporary.path, "onnx");
    mkdirSync(onnx, { recursive: true });
    temporary.write("config.json", sixteen);
    expect(locateBeside(join(onnx, "m.onnx"), "../config.json")).toEqual({ leadsOut: "name" });
  });

  test("a link to a file outside", async () => {
    temporary.write("secret.bin", sixteen);
    symlinkSync(join(temporary.path, "secret.bin"), join(folder, "w.bin"));
    expect((await openWith("w.bin")).problem).toContain(
      'its data file "w.bin" is a link that leads outside the model\'s folder.',
    );
  });

  test("a link to a folder outside", async () => {
    temporary.write("secret.bin", sixteen);
    symlinkSync(temporary.path, join(folder, "data"));
    expect((await openWith("data/secret.bin")).problem).toContain("leads outside");
  });

  test("but a link inside is followed", async () => {
    writeFileSync(join(folder, "real.bin"), sixteen);
    symlinkSync("real.bin", join(folder, "w.bin"));
    expect((await openWith("w.bin")).bytes()).toEqual(sixteen);
  });
});

describe("Hugging Face's cache: links into a folder of blobs", () => {
  const [hub, snapshot, blobs, elsewhere] = ["hub", "hub/snapshots/x", "hub/blobs", "elsewhere"].map((name) =>
    join(temporary.path, name),
  );
  const link = (target: string, ...at: string[]): void => symlinkSync(target, join(snapshot, ...at));

  beforeEach(() => {
    for (const one of [hub, elsewhere]) rmSync(one, { recursive: true, force: true });
    for (const one of [snapshot, blobs, elsewhere]) mkdirSync(one, { recursive: true });
    copyFileSync(onnxFile("external.onnx"), join(blobs, "aaaa"));
    for (const place of [join(blobs, "bbbb"), join(elsewhere, "external.bin")])
      copyFileSync(onnxFile("external.bin"), place);
  });

  /** What is wrong with the model at snapshots/x/m.onnx, whose data are to be at external.bin. */
  async function problems(model = join(snapshot, "m.onnx")): Promise<string> {
    const open = await openModel(model);
    open.close();
    return open.model.problems.map((problem) => problem.message).join(" ");
  }

  test("data whose link comes to lie beside where the model's comes to are read", async () => {
    link("../../blobs/aaaa", "m.onnx");
    link("../../blobs/bbbb", "external.bin");
    const open = await openModel(join(snapshot, "m.onnx"));
    expect(open.model.problems).toEqual([]);
    // np.linspace(-1, 1, 1000): make.py
    expect(new Float32Array(open.bytesOf(open.model.graph.initializers[0]).slice().buffer)[999]).toBe(1);
    open.close();
  });
  test("in a folder of the repository as well", async () => {
    mkdirSync(join(snapshot, "onnx"));
    link("../../../blobs/aaaa", "onnx", "m.onnx");
    link("../../../blobs/bbbb", "onnx", "external.bin");
    expect(await problems(join(snapshot, "onnx", "m.onnx"))).toBe("");
  });
  test("through a link to such a link, and through a folder's link to the snapshot", async () => {
    link("../../blobs/aaaa", "m.onnx");
    link("../../blobs/bbbb", "real.bin");
    link("real.bin", "external.bin");
    expect(await problems()).toBe("");
    symlinkSync(snapshot, join(elsewhere, "current"));
    expect(await problems(join(elsewhere, "current", "m.onnx"))).toBe("");
  });
  test("data as a plain file beside the model's link are read", async () => {
    link("../../blobs/aaaa", "m.onnx");
    copyFileSync(onnxFile("external.bin"), join(snapshot, "external.bin"));
    expect(await problems()).toBe("");
  });

  describe("and nothing else", () => {
    const refused = "is a link that leads outside the model's folder";
    test("a link that leads elsewhere", async () => {
      link("../../blobs/aaaa", "m.onnx");
      link(join(elsewhere, "external.bin"), "external.bin");
      expect(await problems()).toContain(refused);
    });
    test("a link whose target is a link that leads elsewhere", async () => {
      link("../../blobs/aaaa", "m.onnx");
      symlinkSync(join(elsewhere, "external.bin"), join(blobs, "cccc"));
      link("../../blobs/cccc", "external.bin");
      expect(await problems()).toContain(refused);
    });
    test("a link to a file below the blobs, or above them", async () => {
      link("../../blobs/aaaa", "m.onnx");
      mkdirSync(join(blobs, "below"));
      for (const place of [join(blobs, "below", "bbbb"), join(hub, "bbbb")]) {
        copyFileSync(onnxFile("external.bin"), place);
        link(place, "external.bin");
        expect(await problems()).toContain(refused);
        rmSync(join(snapshot, "external.bin"));
      }
    });
    test("a model that is no link itself", async () => {
      copyFileSync(onnxFile("external.onnx"), join(snapshot, "m.onnx"));
      link("../../blobs/bbbb", "external.bin");
      expect(await problems()).toContain(refused);
    });
    test("a folder that is a link to the blobs", async () => {
      writeFileSync(join(blobs, "w.bin"), sixteen);
      await openWith("data/w.bin");
      copyFileSync(join(folder, "m.onnx"), join(blobs, "dddd"));
      link("../../blobs/dddd", "m.onnx");
      link("../../blobs", "data");
      expect(await problems()).toContain(refused);
    });
    test("a name that climbs, even to where the model's link comes to", async () => {
      await openWith("../../blobs/bbbb");
      copyFileSync(join(folder, "m.onnx"), join(blobs, "dddd"));
      link("../../blobs/dddd", "m.onnx");
      expect(await problems()).toContain("is outside the model's folder");
    });
    test("links in a circle", async () => {
      link("../../blobs/aaaa", "m.onnx");
      link("external.bin", "external.bin");
      expect(await problems()).toContain("cannot be opened (ELOOP)");
    });
  });
});

test("a missing file is one problem, however many tensors are in it", async () => {
  copyFileSync(onnxFile("external.onnx"), join(folder, "external.onnx"));
  const open = await openModel(join(folder, "external.onnx"));
  expect(open.model.problems.map((problem) => problem.message)).toEqual([
    'The data of tensor "w" cannot be read: its data file "external.bin" does not exist. Put it beside the model.',
    "1 more tensor cannot be read for the same reason.",
  ]);
  open.close();
});

describe("files that are not as they should be", () => {
  test("missing", async () => {
    expect((await openWith("w.bin")).problem).toBe(
      'The data of tensor "w" cannot be read: its data file "w.bin" does not exist. Put it beside the model.',
    );
  });
  test("too short", async () => {
    writeFileSync(join(folder, "w.bin"), sixteen.subarray(0, 10));
    expect((await openWith("w.bin")).problem).toBe(
      'The data file "w.bin" is too short for tensor "w": it has 10 bytes, and 16 are needed. It may be truncated, or belong to another model.',
    );
  });
  test("too short for the offset", async () => {
    writeFileSync(join(folder, "w.bin"), sixteen);
    expect((await openWith("w.bin", { offset: "8" })).problem).toContain("it has 16 bytes, and 24 are needed");
  });
  test("a Git LFS pointer", async () => {
    writeFileSync(join(folder, "w.bin"), "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 16\n");
    expect((await openWith("w.bin")).problem).toContain(
      "is a Git LFS pointer, not the data itself. Run `git lfs pull`",
    );
  });
  test("a folder", async () => {
    mkdirSync(join(folder, "w.bin"));
    expect((await openWith("w.bin")).problem).toContain("is not a file");
  });
  test("without a name", async () => expect((await openWith("")).problem).toContain("does not name the file"));
  test("with a zero byte in the name", async () => expect((await openWith("w\0.bin")).problem).toContain("zero byte"));
  test("a length that does not fit the shape", async () => {
    writeFileSync(join(folder, "w.bin"), sixteen);
    expect((await openWith("w.bin", { length: "12" })).problem).toBe(
      'Tensor "w" is float32 [4], which takes 16 bytes, but its entry in "w.bin" has 12.',
    );
  });
  test.each(["-1", "1e3", "0x10", "99999999999999999999"])("an offset of %s", async (offset) => {
    writeFileSync(join(folder, "w.bin"), sixteen);
    expect((await openWith("w.bin", { offset })).problem).toContain(
      `external data offset of "${offset}", which is not a number of bytes`,
    );
  });
});

test("a model saved by the onnx package with external data", async () => {
  const open = await openModel(onnxFile("external.onnx"));
  expect(open.model.problems).toEqual([]);
  expect(open.size).toEqual({ file: readFileSync(onnxFile("external.onnx")).length, external: 4400 });
  const [weights] = open.model.graph.initializers;
  // np.linspace(-1, 1, 1000): make.py
  expect(new Float32Array(open.bytesOf(weights).slice().buffer)[999]).toBe(1);
  expect(open.fileBytes("external.bin")).toHaveLength(4400);
  expect(open.fileBytes("external.bin")).toBe(open.fileBytes("external.bin"));
  expect(() => open.fileBytes("make.py")).toThrow('"make.py" is not a data file of this model.');
  open.close();
});

test("the stamp changes with the model and with its data", async () => {
  for (const name of ["external.onnx", "external.bin"]) copyFileSync(onnxFile(name), join(folder, name));
  const stamp = async (): Promise<string> => {
    const open = await openModel(join(folder, "external.onnx"));
    open.close();
    return open.stamp;
  };
  const first = await stamp();
  expect(await stamp()).toBe(first);
  writeFileSync(join(folder, "external.bin"), Buffer.alloc(5000));
  expect(await stamp()).not.toBe(first);
});

test("the model may be opened through a link, its data lie beside the real file's link", async () => {
  for (const name of ["external.onnx", "external.bin"]) copyFileSync(onnxFile(name), join(folder, name));
  const link = join(temporary.path, "link");
  rmSync(link, { force: true });
  symlinkSync(folder, link);
  const open = await openModel(join(link, "external.onnx"));
  expect(open.model.problems).toEqual([]);
  expect(dirname(open.path)).toBe(link);
  open.close();
});
