import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { formatTable } from "./print-table.ts";
import { techniques } from "../techniques/index.ts";
import { node, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";
import { commandLine } from "../../test/support/command-line.ts";

const { folder, loupe, program } = commandLine();
const model = writeSmallModel(folder, "m.onnx", {
  inputs: { x: ["float32", "N", 2] },
  outputs: ["y"],
  weights: [weight("w", [2, 3], [1, 0, 2, 0, 1, 1])],
  nodes: [node("MatMul", ["x", "w"], ["z"]), node("Softmax", ["z"], ["y"])],
});
const input = writeArray(folder, "x.npy", [1, 2], [1, 2]);
const cells = (text: string): string[][] =>
  text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.split("\t"));

describe("without --out", () => {
  it("predictions are a table between tabs: what --out p.csv holds", () => {
    const { code, out } = loupe("predictions", model, "--input", input);
    expect(code).toBe(0);
    const [header, ...rows] = cells(out);
    expect(header).toEqual(["index", "label", "probability", "target"]);
    // Softmax of [1, 2, 4], by hand.
    const sum = Math.exp(1) + Math.exp(2) + Math.exp(4);
    expect(rows.map(([index]) => index)).toEqual(["2", "1", "0"]);
    [4, 2, 1].forEach((logit, i) => {
      expect(Number(rows[i][2])).toBeCloseTo(Math.exp(logit) / sum, 6);
    });
    loupe("predictions", model, "--input", input, "--out", "p.csv");
    expect(
      readFileSync(join(folder, "p.csv"), "utf8")
        .trimEnd()
        .split("\r\n")
        .map((line) => line.split(",")),
    ).toEqual([header, ...rows]);
  });
  it("inspect has the facts, and the layers in a table of their own", () => {
    const { code, out } = loupe("inspect", model);
    expect(code).toBe(0);
    const [facts, layers] = out.split("\n\n");
    expect(cells(facts)).toEqual(
      expect.arrayContaining([
        ["nodes", "2 (and 0 constants)"],
        ["input", "x  float32 [N, 2]"],
      ]),
    );
    expect(cells(layers)).toEqual([
      ["layer", "operator", "outputs", "shape", "parameters", "inside"],
      ["MatMul_z", "MatMul", "z", "[N, 3]", "6", ""],
      ["Softmax_y", "Softmax", "y", "[N, 3]", "0", ""],
    ]);
    expect(loupe("inspect", model, "--out", "layers.csv").out).toBe("");
    expect(readFileSync(join(folder, "layers.csv"), "utf8")).toContain('MatMul_z,MatMul,z,"[N, 3]",6,');
  });
  it("techniques are a table with a row each", () => {
    const [header, ...rows] = cells(loupe("techniques").out);
    expect(header).toEqual(["technique", "title", "source", "parameters"]);
    expect(rows.map(([id]) => id)).toEqual(techniques.map(({ info }) => info.id));
  });
  it("other techniques say that it is missing", () => {
    const { code, err } = loupe("saliency", model, "--input", input);
    expect([code, err.trimEnd().split("\n").at(-1)]).toEqual([2, "neural-loupe: --out is missing."]);
  });
});

describe("a table on a terminal", () => {
  it("is aligned, numbers short and to the right, a long line cut at the edge", () => {
    const rows = [
      ["a", 1.23456789, "long words"],
      ["bcd", 10, "x\ty"],
    ];
    expect(formatTable(["name", "n", "what"], rows, { aligned: true })).toBe(
      "name        n  what\na     1.23457  long words\nbcd        10  x y\n",
    );
    expect(formatTable(["name", "n", "what"], rows, { aligned: true, width: 18 })).toBe(
      "name        n  wh…\na     1.23457  lo…\nbcd        10  x y\n",
    );
    expect(formatTable(["name", "n", "what"], rows, { aligned: false })).toBe(
      "name\tn\twhat\na\t1.23456789\tlong words\nbcd\t10\tx y\n",
    );
  });
});

describe("usage", () => {
  it.each([
    ["inspect", /^neural-loupe inspect MODEL/],
    ["compare", /^neural-loupe compare/],
    ["export", /^neural-loupe export/],
    ["saliency", /^neural-loupe saliency MODEL[^]*--set PARAM=VALUE[^]*absolute=true\|false/],
  ])("%s --help is about that alone, and no error", (command, usage) => {
    const { code, out, err } = loupe(command, "--help");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(usage);
    expect(out).not.toMatch(/neural-loupe techniques/);
    expect(loupe("help", command).out).toBe(out);
  });
  it("a wrong one shows the command's own usage, then what is wrong", () => {
    const { code, out, err } = loupe("gradcheck", model, "--colour", "red");
    expect([code, out]).toEqual([2, ""]);
    const lines = err.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^neural-loupe gradcheck MODEL/);
    expect(lines.filter((line) => line.startsWith("neural-loupe "))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^neural-loupe: .*--colour/);
  });
  it("no command at all shows all", () => {
    const { code, err } = loupe();
    expect(code).toBe(2);
    expect(err).toMatch(/Commands:\n +techniques [^]*\n +export [^]*\nneural-loupe: A command is missing\.\n$/);
  });
});

describe("a pipe that closes", () => {
  const piped = (command: string): string =>
    spawnSync("bash", ["-c", `"${process.execPath}" "${program}" ${command}; echo "\${PIPESTATUS[0]}"`], {
      encoding: "utf8",
      cwd: folder,
    }).stdout;
  it.each(["techniques --json", "inspect m.onnx --json", "--help"])("ends quietly: %s", (command) => {
    // `true` reads nothing and is gone before the first byte comes, or soon after.
    expect(piped(`${command} 2>err.txt | true`)).toBe("0\n");
    expect(readFileSync(join(folder, "err.txt"), "utf8")).toBe("");
  });
  it("of standard error does not stop the work", () => {
    expect(piped("saliency m.onnx --input x.npy --out s.npy 2>&1 >/dev/null | true")).toBe("0\n");
    expect(readFileSync(join(folder, "s.npy")).length).toBeGreaterThan(128);
  });
});

describe("what is given and is not there is said", () => {
  it("an input's name that the model does not have", () => {
    const { code, err } = loupe("predictions", model, "--input", `image=${input}`);
    expect([code, err]).toEqual([1, 'neural-loupe: The model has no input "image". Its inputs are x.\n']);
    expect(loupe("predictions", model, "--input", "image=none.npy").err).toBe(
      'neural-loupe: There is no file "image=none.npy", and no input "image". Its inputs are x.\n',
    );
  });
  it("but a path may have an equals sign", () => {
    mkdirSync(join(folder, "run=1"), { recursive: true });
    copyFileSync(input, join(folder, "run=1", "x=2.npy"));
    for (const file of ["run=1/x=2.npy", "x=run=1/x=2.npy"])
      expect(loupe("predictions", model, "--input", file)).toMatchObject({ code: 0, err: "" });
  });
  const recipe = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify({ version: 1, ...content }));
    return name;
  };
  it("an input that a recipe names in place of the model's", () => {
    const { code, err } = loupe(
      "predictions",
      model,
      "--input",
      input,
      "--recipe",
      recipe("other.json", { inputs: { image: { kind: "array" } } }),
    );
    expect([code, err]).toEqual([
      1,
      'neural-loupe: other.json: The recipe names the input "image", which the model does not have; its inputs are x. Rename it in the recipe.\n',
    ]);
  });
  it("an input that a recipe names beside the model's; one that it leaves out", () => {
    writeFileSync(join(folder, "t.csv"), "a,b\n1,2\n");
    const both = loupe(
      "predictions",
      model,
      "--input",
      "t.csv",
      "--recipe",
      recipe("both.json", { inputs: { x: { kind: "row" }, z: { kind: "array" } } }),
    );
    expect([both.code, both.err]).toEqual([
      0,
      expect.stringContaining('The recipe names the input "z", which the model does not have; its inputs are x.'),
    ]);
    const none = loupe("predictions", model, "--input", "t.csv", "--recipe", recipe("none.json", { inputs: {} }));
    expect([none.code, none.err]).toEqual([
      0,
      expect.stringContaining('The recipe does not name the input "x": guessed.'),
    ]);
  });
  it("what was guessed without a recipe, once", () => {
    const { err } = loupe("predictions", model, "--input", "t.csv", "--input", "t.csv");
    expect(err.split('Input "x": a row of numbers, by its shape.')).toHaveLength(2);
    // An array goes past the recipe: nothing is guessed.
    expect(loupe("predictions", model, "--input", input).err).toBe("");
  });
  it.each([
    ["gone.json", 'The class names file "gone.json" is not beside the model.'],
    ["broken.json", 'The class names in "broken.json" could not be used: This is not JSON'],
    ["empty.json", 'No class names were found in "empty.json".'],
  ])("class names in %s", (classes, said) => {
    writeFileSync(join(folder, "broken.json"), '["a", ');
    writeFileSync(join(folder, "empty.json"), "{}");
    const { code, err } = loupe(
      "predictions",
      model,
      "--input",
      input,
      "--recipe",
      recipe("names.json", { inputs: { x: { kind: "array" } }, classes }),
    );
    expect([code, err]).toEqual([0, expect.stringContaining(said)]);
  });
  it("a key that no recipe has", () => {
    const { code, err } = loupe(
      "predictions",
      model,
      "--input",
      input,
      "--recipe",
      recipe("key.json", { inputs: { x: { kind: "row", colums: ["a"] } } }),
    );
    expect([code, err]).toEqual([1, expect.stringContaining("The recipe's inputs.x.colums is not known.")]);
  });
});

it("a saved .json names the input's picture and does not hold it", () => {
  const pictures = writeSmallModel(folder, "p.onnx", {
    inputs: { image: ["float32", 1, 3, 6, 8] },
    outputs: ["y"],
    nodes: [node("GlobalAveragePool", ["image"], ["g"]), node("Flatten", ["g"], ["y"])],
  });
  loupe("saliency", pictures, "--input", resolve("test/reference/pictures/rgb.png"), "--out", "s.json");
  const { artifacts } = JSON.parse(readFileSync(join(folder, "s.json"), "utf8")) as {
    artifacts: Record<string, unknown>[];
  };
  const picture = artifacts.find(({ id }) => id === "input");
  expect(picture).toEqual({
    kind: "image",
    id: "input",
    title: "Input",
    width: 8,
    height: 6,
    caption: "rgb.png · 6×8",
    name: "rgb.png",
    hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
});
