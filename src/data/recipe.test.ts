import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../model/errors.ts";
import type { ModelDescription } from "../protocol/model.ts";
import type { ImageRecipe, Recipe } from "../protocol/recipe.ts";
import { completeRecipe, loadRecipe, parseRecipeFile, saveRecipe, validateRecipe, withOwnClasses } from "./recipe.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "recipes-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const image = {
  kind: "image",
  size: [224, 200],
  fit: "pad",
  cropFraction: 1,
  fill: 7,
  interpolation: "bicubic",
  channels: "bgr",
  layout: "nhwc",
  scale: 1,
  mean: [1, 2, 3],
  std: [4, 5, 6],
};
const recipeWith = (input: unknown): unknown => ({ version: 1, inputs: { x: input } });

describe("a good recipe", () => {
  test("comes out as it went in", () => {
    const row = { kind: "row", columns: ["a"], mean: [1], std: [2] };
    const recipe = { version: 1, inputs: { x: image, y: { kind: "array" }, z: row }, classes: ["cat"] };
    expect(validateRecipe(recipe, "r")).toEqual(recipe);
  });
  test("has a signal's sampling rate and its channels' names, and no rate of zero or less", () => {
    const signal = { kind: "array", rate: 44100, channels: ["left", "right"] };
    expect(validateRecipe(recipeWith(signal), "r").inputs.x).toEqual(signal);
    for (const rate of [0, -1, "125", null, Infinity])
      expect(() => validateRecipe(recipeWith({ kind: "array", rate }), "r")).toThrow(
        "The recipe's inputs.x.rate must be a number from 1e-9 to 1000000000000000.",
      );
    expect(() => validateRecipe(recipeWith({ kind: "image", size: [8, 9], rate: 8 }), "r")).toThrow("inputs.x.rate");
  });
  test("may leave out all of a picture's but its size", () => {
    expect(validateRecipe(recipeWith({ kind: "image", size: [8, 9] }), "r").inputs.x).toEqual({
      kind: "image",
      size: [8, 9],
      fit: "center-crop",
      cropFraction: 1,
      fill: 0,
      interpolation: "bilinear",
      channels: "rgb",
      layout: "nchw",
      scale: 1 / 255,
      mean: [0],
      std: [1],
    });
  });
  test("may be about an input named __proto__", () => {
    const recipe = validateRecipe(JSON.parse('{"version":1,"inputs":{"__proto__":{"kind":"array"}}}'), "r");
    expect(Object.hasOwn(recipe.inputs, "__proto__")).toBe(true);
    expect(Object.getPrototypeOf(recipe.inputs)).toBe(Object.prototype);
  });
});

describe("a bad recipe is refused with the place", () => {
  test.each<[string, unknown, string]>([
    ["no object", [], "content must be an object"],
    ["null", null, "content must be an object"],
    ["another version", { version: 2, inputs: {} }, "version must be 1"],
    ["no inputs", { version: 1 }, "inputs must be an object"],
    ["an unknown key", { version: 1, inputs: {}, clases: [] }, "clases is not known"],
    ["an unknown key inside", recipeWith({ ...image, meen: 1 }), "inputs.x.meen is not known"],
    ["an unknown kind", recipeWith({ kind: "sound" }), 'inputs.x.kind must be one of "image"'],
    ["a kind from the prototype", recipeWith({ kind: "constructor" }), "inputs.x.kind must be one of"],
    [
      "a huge size",
      recipeWith({ ...image, size: [16385, 1] }),
      "inputs.x.size must be 2 times a whole number from 1 to 16384",
    ],
    ["a size of zero", recipeWith({ ...image, size: [0, 1] }), "inputs.x.size"],
    ["a fractional size", recipeWith({ ...image, size: [1.5, 1] }), "inputs.x.size"],
    ["one side", recipeWith({ ...image, size: [1] }), "inputs.x.size"],
    ["a size in words", recipeWith({ ...image, size: "224" }), "inputs.x.size"],
    ["two means", recipeWith({ ...image, mean: [1, 2] }), "inputs.x.mean must be 1 or 3 times a number"],
    ["three means for grey", recipeWith({ ...image, channels: "gray" }), "inputs.x.mean must be 1 times"],
    ["a deviation of zero", recipeWith({ ...image, std: [1, 0, 1] }), "inputs.x.std"],
    ["an infinite mean", recipeWith({ ...image, mean: [1, 2, Infinity] }), "inputs.x.mean"],
    ["a scale of zero", recipeWith({ ...image, scale: 0 }), "inputs.x.scale must be a number, not zero"],
    [
      "a crop of more than all",
      recipeWith({ ...image, cropFraction: 1.1 }),
      "inputs.x.cropFraction must be a number from 0.01 to 1",
    ],
    ["a fill beyond a byte", recipeWith({ ...image, fill: 256 }), "inputs.x.fill"],
    ["classes that are numbers", { version: 1, inputs: {}, classes: [1] }, "classes must be a list of texts"],
    ["a length beyond reason", recipeWith({ kind: "text", maxLength: 1e9 }), "inputs.x.maxLength"],
    ["columns that are none", recipeWith({ kind: "row", columns: [] }), "inputs.x.columns"],
    ["means for other columns", recipeWith({ kind: "row", columns: ["a", "b", "c"], mean: [1, 2] }), "inputs.x.mean"],
  ])("%s", (_, json, place) => {
    expect(() => validateRecipe(json, "m.loupe.json")).toThrow(DataError);
    expect(() => validateRecipe(json, "m.loupe.json")).toThrow(place);
  });

  test("a file that is not JSON says where", async () => {
    const file = path.join(scratch, "bad.loupe.json");
    writeFileSync(file, '{"version": 1,}');
    await expect(parseRecipeFile(file)).rejects.toMatchObject({ name: "DataError", where: file });
    await expect(parseRecipeFile(file)).rejects.toThrow("This is not JSON");
  });
});

describe("beside a model", () => {
  function model(folder: string, overrides: Partial<ModelDescription> = {}): ModelDescription {
    const dir = path.join(scratch, folder);
    mkdirSync(dir, { recursive: true });
    return { ...emptyModel, path: path.join(dir, "m.onnx"), ...overrides };
  }

  test("it is saved whole, read again, and nothing else is left", async () => {
    const description = model("save");
    const recipe = validateRecipe({ version: 1, inputs: { x: image }, classes: ["a", "b"] }, "r");
    expect(await saveRecipe(description.path, recipe)).toBe("m.loupe.json");
    expect(readdirSync(path.dirname(description.path))).toEqual(["m.loupe.json"]);
    const report = await loadRecipe(description);
    expect(report).toEqual({ recipe, file: "m.loupe.json", reasons: [], classes: ["a", "b"] });
    expect(readFileSync(path.join(path.dirname(description.path), "m.loupe.json"), "utf8")).toContain(
      '"size": [224, 200]',
    );
  });

  test("a link stays one, and what it points to is written, whether it is there or not", async () => {
    const recipe = validateRecipe({ version: 1, inputs: { x: image } }, "r");
    const shared = path.join(scratch, "shared-recipes");
    mkdirSync(shared);
    writeFileSync(path.join(shared, "old.json"), "{}");
    for (const name of ["old.json", "new.json"]) {
      const file = model(`linked-${name}`).path;
      const link = path.join(path.dirname(file), "m.loupe.json");
      symlinkSync(path.join("..", "shared-recipes", name), link);
      expect(await saveRecipe(file, recipe)).toBe("m.loupe.json");
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(validateRecipe(JSON.parse(readFileSync(path.join(shared, name), "utf8")), "r")).toEqual(recipe);
    }
    expect(readdirSync(shared)).toEqual(["new.json", "old.json"]);
  });

  test("links to links, and links in folders that are links, lead where the system says; a circle is an error", async () => {
    const recipe = validateRecipe({ version: 1, inputs: {} }, "r");
    const root = path.join(scratch, "chains");
    mkdirSync(path.join(root, "real", "deep"), { recursive: true });
    symlinkSync(path.join("real", "deep"), path.join(root, "models"));
    const link = path.join(root, "models", "m.loupe.json");
    const save = (): Promise<string> => saveRecipe(path.join(root, "models", "m.onnx"), recipe);
    symlinkSync(path.join("..", "mid.json"), link);
    symlinkSync("end.json", path.join(root, "real", "mid.json"));
    await save();
    expect(readdirSync(path.join(root, "real"))).toEqual(["deep", "end.json", "mid.json"]);
    expect(lstatSync(path.join(root, "real", "mid.json")).isSymbolicLink()).toBe(true);
    expect(readdirSync(root)).toEqual(["models", "real"]);
    rmSync(path.join(root, "real", "mid.json"));
    symlinkSync(path.join("deep", "m.loupe.json"), path.join(root, "real", "mid.json"));
    await expect(save()).rejects.toBeInstanceOf(DataError);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(lstatSync(path.join(root, "real", "mid.json")).isSymbolicLink()).toBe(true);
  });

  test("a link's folders are followed one by one, and one that is missing is named", async () => {
    const file = model("through").path;
    const root = path.dirname(file);
    mkdirSync(path.join(root, "far", "inner"), { recursive: true });
    symlinkSync(path.join("far", "inner"), path.join(root, "near"));
    const link = path.join(root, "m.loupe.json");
    symlinkSync("near/../kept.json", link);
    await saveRecipe(file, { version: 1, inputs: {} });
    expect(readdirSync(path.join(root, "far"))).toEqual(["inner", "kept.json"]);
    expect(readdirSync(root)).not.toContain("kept.json");
    rmSync(link);
    symlinkSync("missing/kept.json", link);
    await expect(saveRecipe(file, { version: 1, inputs: {} })).rejects.toThrow(/There is no folder ".*missing"/);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test("a link to what is no .json is not written through", async () => {
    const file = model("linked-elsewhere").path;
    const other = path.join(scratch, "settings.sh");
    writeFileSync(other, "mine");
    symlinkSync(other, path.join(path.dirname(file), "m.loupe.json"));
    await expect(saveRecipe(file, validateRecipe({ version: 1, inputs: {} }, "r"))).rejects.toThrow(
      "The recipe is a link to a file that is not .json",
    );
    expect(readFileSync(other, "utf8")).toBe("mine");
  });

  test("a folder that is not there says so", async () => {
    await expect(
      saveRecipe(path.join(scratch, "none", "m.onnx"), validateRecipe({ version: 1, inputs: {} }, "r")),
    ).rejects.toBeInstanceOf(DataError);
  });

  test("inputs that it leaves out are guessed, inputs that the model lacks are said", async () => {
    const description = model("partial", { inputs: [{ name: "x", type: "float32", dims: [1, 3, 32, 32] }] });
    writeFileSync(
      path.join(path.dirname(description.path), "m.loupe.json"),
      '{"version":1,"inputs":{"y":{"kind":"array"}}}',
    );
    const report = await loadRecipe(description);
    expect((report.recipe.inputs.x as ImageRecipe).size).toEqual([32, 32]);
    expect(report.reasons.join("\n")).toMatch(
      /does not name the input "x"[^]*names the input "y", which the model does not have/,
    );
  });

  test("a broken one is an error, not a guess", async () => {
    const description = model("broken");
    writeFileSync(path.join(path.dirname(description.path), "m.loupe.json"), "{}");
    await expect(loadRecipe(description)).rejects.toThrow("version must be 1");
  });

  test.each(["../secret.txt", "/etc/passwd", "..\\secret.txt", "C:\\secret.txt", "link.txt", "sub/../../secret.txt"])(
    "class names are never read from outside the folder: %s",
    async (name) => {
      const description = model("escape");
      writeFileSync(path.join(scratch, "secret.txt"), "secret");
      rmSync(path.join(scratch, "escape", "link.txt"), { force: true });
      symlinkSync(path.join(scratch, "secret.txt"), path.join(scratch, "escape", "link.txt"));
      writeFileSync(
        path.join(scratch, "escape", "m.loupe.json"),
        JSON.stringify({ version: 1, inputs: {}, classes: name }),
      );
      const report = await loadRecipe(description);
      expect(report.classes).toEqual([]);
      expect(report.reasons.join()).toContain(name);
    },
  );

  test("class names are read in Hugging Face's cache, whose files are links to blobs beside each other, and nowhere else", async () => {
    const description = model("snapshots/x");
    const [blobs, here] = [path.join(scratch, "blobs"), path.dirname(description.path)];
    mkdirSync(blobs);
    writeFileSync(path.join(blobs, "aaaa"), "model");
    writeFileSync(path.join(blobs, "bbbb"), '{"id2label":{"0":"cat","1":"dog"}}');
    symlinkSync("../../blobs/bbbb", path.join(here, "config.json"));
    expect((await loadRecipe(description)).classes).toEqual([]);
    symlinkSync("../../blobs/aaaa", description.path);
    expect((await loadRecipe(description)).classes).toEqual(["cat", "dog"]);
    rmSync(path.join(here, "config.json"));
    symlinkSync(path.join(scratch, "save", "m.loupe.json"), path.join(here, "config.json"));
    const { reasons } = await loadRecipe(description);
    expect(reasons[0]).toBe(
      'config.json beside the model could not be used: "config.json" is outside the model\'s folder.',
    );
  });

  test.each<[string, string, string[]]>([
    ["names.txt", "cat\r\ndog\n\n", ["cat", "dog"]],
    ["list.json", '["cat","dog"]', ["cat", "dog"]],
    ["object.json", '{"1":"dog","0":"cat"}', ["cat", "dog"]],
    ["keras.json", '{"0":["n1","cat"],"1":["n2","dog"]}', ["cat", "dog"]],
    ["config.json", '{"id2label":{"0":"cat","1":"dog"}}', ["cat", "dog"]],
    ["label2id.json", '{"dog":1,"cat":0}', ["cat", "dog"]],
  ])("class names are read from %s", async (name, content, classes) => {
    const description = model(`classes-${name}`);
    writeFileSync(path.join(path.dirname(description.path), name), content);
    writeFileSync(
      path.join(path.dirname(description.path), "m.loupe.json"),
      JSON.stringify({ version: 1, inputs: {}, classes: name }),
    );
    expect((await loadRecipe(description)).classes).toEqual(classes);
  });

  describe("a recipe from another folder", () => {
    const description = model("apart/model");
    const other = path.join(scratch, "apart", "recipes");
    mkdirSync(path.join(other, "below"), { recursive: true });
    const file = path.join(other, "r.json");
    writeFileSync(path.join(other, "labels.txt"), "cat\ndog\n");
    writeFileSync(path.join(other, "below", "y.json"), '["no","yes"]');
    const given = (classes: string, more: Recipe["outputs"] = undefined) =>
      withOwnClasses({ version: 1, inputs: {}, classes, ...(more ? { outputs: more } : {}) }, file, description.path);

    test("has the class names that lie beside it, or below, which is said", async () => {
      const { recipe, reasons } = await given("labels.txt", { y: { kind: "independent", classes: "below/y.json" } });
      expect(recipe).toEqual({
        version: 1,
        inputs: {},
        classes: ["cat", "dog"],
        outputs: { y: { kind: "independent", classes: ["no", "yes"] } },
      });
      expect(reasons).toEqual([
        'The class names "labels.txt" are taken from beside the recipe r.json.',
        'The class names "below/y.json" are taken from beside the recipe r.json.',
      ]);
    });
    test("else those beside the model", async () => {
      writeFileSync(path.join(path.dirname(description.path), "own.txt"), "one\ntwo\n");
      const { recipe, reasons } = await given("own.txt");
      expect([recipe.classes, reasons]).toEqual(["own.txt", []]);
      expect((await completeRecipe(recipe, description, file)).classes).toEqual(["one", "two"]);
    });
    test("and where they lie in neither, both are named", async () => {
      const { recipe, reasons } = await given("gone.txt");
      expect(reasons).toEqual([`The class names file "gone.txt" is not beside the recipe.`]);
      expect((await completeRecipe(recipe, description, file)).reasons).toContain(
        `The class names file "gone.txt" is not beside the model.`,
      );
    });
    test("and none outside of both folders", async () => {
      writeFileSync(path.join(scratch, "apart", "secret.txt"), "secret\n");
      for (const name of ["../secret.txt", path.join(scratch, "apart", "secret.txt")]) {
        const { recipe, reasons } = await given(name);
        expect(recipe.classes).toBe(name);
        expect(reasons.join()).toContain("is outside");
        expect((await completeRecipe(recipe, description, file)).classes).toEqual([]);
      }
    });
  });

  test("a missing or broken names' file costs the names only", async () => {
    const description = model("nameless");
    const file = path.join(path.dirname(description.path), "m.loupe.json");
    writeFileSync(file, '{"version":1,"inputs":{},"classes":"gone.txt"}');
    expect((await loadRecipe(description)).reasons).toContain(
      `The class names file "gone.txt" is not beside the model.`,
    );
    writeFileSync(path.join(path.dirname(file), "gone.txt"), Uint8Array.of(0xff, 0xfe, 0));
    expect((await loadRecipe(description)).reasons.join()).toContain("could not be used");
  });
});

const emptyModel: ModelDescription = {
  path: "",
  name: "m.onnx",
  format: "onnx",
  producer: "",
  producerVersion: "",
  irVersion: 8,
  modelVersion: 0,
  domain: "",
  doc: "",
  opsets: { "": 17 },
  metadata: {},
  graphName: "",
  inputs: [{ name: "x", type: "float32", dims: [1, 3, 224, 224] }],
  outputs: [],
  layers: [],
  constants: 0,
  parameters: 0,
  parameterTypes: [],
  operators: [],
  size: { file: 0, external: 0 },
  functions: [],
  problems: [],
  stamp: "",
};
