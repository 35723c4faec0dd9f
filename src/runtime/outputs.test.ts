import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../model/graph.ts";
import { pythonFor } from "../export/python/index.ts";
import { saveResult } from "../draw/encode/save.ts";
import { DEFAULT_LOOKS } from "../protocol/looks.ts";
import type { MaskArtifact } from "../protocol/artifacts.ts";
import type { WholeResult } from "../protocol/result.ts";
import type { Recipe } from "../protocol/recipe.ts";
import { ModelCache } from "./model-cache.ts";
import { LOGITS, W, X, bars, softmax } from "../../test/support/linear-by-hand.ts";
import {
  int,
  ints,
  node,
  runOn,
  weight,
  writeArray,
  writeSmallModel,
  type SmallModel,
} from "../../test/support/models.ts";
import { plainPicture } from "../../test/support/recipes.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-outputs-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

let made = 0;
function model(nodes: readonly Node[], { weights = [], ...more }: Partial<SmallModel> = {}): string {
  return writeSmallModel(folder, `m${made++}.onnx`, {
    opset: 13,
    inputs: { x: ["float32", "N", 4] },
    outputs: ["y"],
    nodes: [node("MatMul", ["x", "w"], ["z"]), ...nodes],
    weights: [weight("w", [4, 3], W), ...weights],
    ...more,
  });
}

const input = (): string => writeArray(folder, "x.npy", [1, 4], X);
const run = (
  path: string,
  technique: string,
  more: Parameters<typeof runOn>[4] = {},
  from: string = input(),
): Promise<WholeResult> => runOn(models, path, from, technique, more);
const recipe = (outputs: Recipe["outputs"], classes?: Recipe["classes"]): Recipe => ({
  version: 1,
  inputs: {},
  outputs,
  ...(classes ? { classes } : {}),
});
const byIndex = (result: WholeResult): number[] =>
  [...bars(result).items].sort((a, b) => a.index - b.index).map(({ value }) => value);

function expectClose(actual: ArrayLike<number>, expected: readonly number[], digits = 5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, at) => expect(actual[at]).toBeCloseTo(value, digits));
}

describe("scores in more rows than the input has samples", () => {
  // A sample of four numbers, cut into two rows of two: by W's first two rows.
  const cut = (): string =>
    writeSmallModel(folder, `m${made++}.onnx`, {
      opset: 13,
      inputs: { x: ["float32", "N", 4] },
      outputs: ["y"],
      nodes: [
        node("Reshape", ["x", "shape"], ["r"]),
        node("MatMul", ["r", "w"], ["z"]),
        node("Softmax", ["z"], ["y"], { axis: int(-1) }),
      ],
      weights: [weight("shape", [2], [-1, 2], "int64"), weight("w", [2, 3], W.slice(0, 6))],
    });

  it("are said, with the row that is explained where none was named", async () => {
    const path = cut();
    expect((await run(path, "predictions")).notes.join(" ")).toContain(
      '"y" [2, 3] holds 2 rows for one sample; they are listed together, each class by its row.',
    );
    // Logits by hand [0.1, 0.6, 0.1] and [0.3, 1, 0.5]: the largest probabilities are 0.452 and 0.475.
    expect((await run(path, "saliency")).notes.join(" ")).toContain(
      "holds 2 rows for one sample: the target is the largest value of all, in row 1 (--target 1,1).",
    );
    expect((await run(path, "saliency", { target: { index: [0, 1] } })).notes.join(" ")).toContain(
      "they are listed together",
    );
  });

  it("are not, where a row is a sample", async () => {
    expect(
      (await run(model([node("Softmax", ["z"], ["y"], { axis: int(-1) })]), "predictions")).notes.join(" "),
    ).not.toContain("rows for");
  });
});

/** A softmax over the last axis, in each form that exporters and people write. */
const sum = (from: string, to: string): Node => node("ReduceSum", [from, "axes"], [to], { keepdims: int(1) });
const axes = weight("axes", [1], [-1], "int64");
const one = weight("one", [], [1]);
const spelled: Readonly<
  Record<string, { nodes: Node[]; weights?: SmallModel["weights"]; before: string; said: string }>
> = {
  Softmax: { nodes: [node("Softmax", ["z"], ["y"], { axis: int(-1) })], before: "z", said: "Softmax" },
  "Softmax, then Identity, Cast, Reshape, Clip": {
    nodes: [
      node("Softmax", ["z"], ["a"], { axis: int(-1) }),
      node("Identity", ["a"], ["b"]),
      node("Cast", ["b"], ["c"], { to: int(1) }),
      node("Clip", ["c", "low", "high"], ["d"]),
      node("Reshape", ["d", "shape"], ["y"]),
    ],
    weights: [weight("shape", [2], [-1, 3], "int64"), weight("low", [], [1e-7]), weight("high", [], [1 - 1e-7])],
    before: "z",
    said: "Softmax",
  },
  "Exp over ReduceSum, shifted by the maximum": {
    nodes: [
      node("ReduceMax", ["z"], ["m"], { axes: ints(-1), keepdims: int(1) }),
      node("Sub", ["z", "m"], ["s"]),
      node("Exp", ["s"], ["e"]),
      sum("e", "t"),
      node("Div", ["e", "t"], ["y"]),
    ],
    weights: [axes],
    before: "z",
    said: "ReduceSum",
  },
  "shifted by Max(−∞, ReduceMax), reshaped, as JAX writes it": {
    nodes: [
      node("ReduceMax", ["z"], ["m0"], { axes: ints(-1), keepdims: int(0) }),
      node("Max", ["m0", "lowest"], ["m1"]),
      node("Reshape", ["m1", "column"], ["m2"]),
      node("Sub", ["z", "m2"], ["s"]),
      node("Exp", ["s"], ["e"]),
      sum("e", "t"),
      node("Div", ["e", "t"], ["y"]),
    ],
    weights: [axes, weight("lowest", [], [-Infinity]), weight("column", [2], [-1, 1], "int64")],
    before: "z",
    said: "ReduceSum",
  },
  "shifted by adding the negative maximum": {
    nodes: [
      node("ReduceMax", ["z"], ["m0"], { axes: ints(-1), keepdims: int(1) }),
      node("Neg", ["m0"], ["n"]),
      node("Add", ["n", "z"], ["s"]),
      node("Exp", ["s"], ["e"]),
      sum("e", "t"),
      node("Div", ["e", "t"], ["y"]),
    ],
    weights: [axes],
    before: "z",
    said: "ReduceSum",
  },
  "Exp times the Reciprocal of its sum": {
    nodes: [node("Exp", ["z"], ["e"]), sum("e", "t"), node("Reciprocal", ["t"], ["r"]), node("Mul", ["r", "e"], ["y"])],
    weights: [axes],
    before: "z",
    said: "ReduceSum",
  },
  "Exp of LogSoftmax": {
    nodes: [node("LogSoftmax", ["z"], ["l"], { axis: int(-1) }), node("Exp", ["l"], ["y"])],
    before: "z",
    said: "Exp of LogSoftmax",
  },
  "Exp of x − ReduceLogSumExp": {
    nodes: [
      node("ReduceLogSumExp", ["z"], ["t"], { axes: ints(-1), keepdims: int(1) }),
      node("Sub", ["z", "t"], ["l"]),
      node("Exp", ["l"], ["y"]),
    ],
    before: "z",
    said: "log-softmax",
  },
};

describe("probabilities are never put through a softmax again", () => {
  it.each(Object.keys(spelled))("%s", async (form) => {
    const { nodes, weights, before, said } = spelled[form];
    const path = model(nodes, { weights });
    expectClose(byIndex(await run(path, "predictions")), softmax(LOGITS));
    // The gradient of a logit by the input is its column of W, whatever the softmax is written as.
    const saliency = await run(path, "saliency", { target: { index: [1] }, params: { absolute: false } });
    expectClose(
      saliency.arrays[0].values,
      [0, 1, 2, 3].map((row) => W[3 * row + 1]),
    );
    expect(saliency.notes.join(" ")).toMatch(new RegExp(`before .*${said}.*"${before}"`));
    // −log p of the class by the input: Σ p W − W.
    const p = softmax(LOGITS);
    const loss = await run(path, "saliency", { target: { index: [1] }, params: { absolute: false, score: "loss" } });
    expectClose(
      loss.arrays[0].values,
      [0, 1, 2, 3].map((row) => p.reduce((total, share, k) => total + share * W[3 * row + k], 0) - W[3 * row + 1]),
    );
  });

  it("the mean of two softmaxes: its own values, and what is explained is the output, said", async () => {
    const path = model(
      [
        node("Softmax", ["z"], ["a"], { axis: int(-1) }),
        node("Mul", ["z", "two"], ["z2"]),
        node("Softmax", ["z2"], ["b"], { axis: int(-1) }),
        node("Add", ["a", "b"], ["c"]),
        node("Mul", ["c", "half"], ["y"]),
      ],
      { weights: [weight("two", [], [2]), weight("half", [], [0.5])] },
    );
    const twice = softmax(LOGITS.map((logit) => 2 * logit));
    const expected = softmax(LOGITS).map((p, k) => (p + twice[k]) / 2);
    const result = await run(path, "predictions");
    expectClose(byIndex(result), expected);
    expect(bars(result)).toMatchObject({ share: true, caption: "its values are from 0 to 1 and sum to 1" });
    const saliency = await run(path, "saliency");
    expect(saliency.notes.join(" ")).toContain("no logits were found");
    // The loss of probabilities is −log of them.
    const index = expected.indexOf(Math.max(...expected));
    const [score, loss] = await Promise.all(
      ["output", "loss"].map((kind) =>
        run(path, "saliency", { target: { index: [index] }, params: { absolute: false, score: kind } }),
      ),
    );
    expectClose(
      loss.arrays[0].values,
      Array.from(score.arrays[0].values, (gradient) => -gradient / expected[index]),
      4,
    );
  });

  it("log-probabilities, as LogSoftmax or by their values alone", async () => {
    expectClose(
      byIndex(await run(model([node("LogSoftmax", ["z"], ["y"], { axis: int(-1) })]), "predictions")),
      softmax(LOGITS),
    );
    const byValue = model(
      [node("Softmax", ["z"], ["p"], { axis: int(-1) }), node("Log", ["p"], ["l"]), node("Mul", ["l", "one"], ["y"])],
      { weights: [one] },
    );
    const result = await run(byValue, "predictions");
    expectClose(byIndex(result), softmax(LOGITS));
    expect(result.provenance.output).toMatchObject({
      kind: "log-probabilities",
      why: "The exponentials of its values sum to 1.",
    });
  });

  it("code for PyTorch takes them as the output has them", async () => {
    const code = async (nodes: readonly Node[], recipes?: Recipe): Promise<string> => {
      const made = pythonFor((await run(model(nodes), "predictions", recipes ? { recipe: recipes } : {})).provenance);
      return "code" in made ? made.code : made.reason;
    };
    expect(await code([node("Softmax", ["z"], ["y"])])).toContain("raw = output.numpy()");
    expect(await code([node("LogSoftmax", ["z"], ["y"])])).toContain("raw = torch.exp(output).numpy()");
    expect(await code([node("Identity", ["z"], ["y"])])).toContain("raw = torch.softmax(output, -1).numpy()");
    expect(await code([node("Identity", ["z"], ["y"])], recipe({ y: { kind: "regression" } }))).toContain(
      "raw = output.numpy()",
    );
  });

  it("RISE and insertion and deletion follow the output's own probabilities", async () => {
    const path = model(spelled["Exp over ReduceSum, shifted by the maximum"].nodes, { weights: [axes] });
    const deletion = await run(path, "insertion-deletion", {
      target: { index: [1] },
      params: { method: "input-x-gradient", steps: 4 },
    });
    // Deletion begins with the input as it is: rows are insertion, deletion.
    expect(deletion.arrays[0].values[5]).toBeCloseTo(softmax(LOGITS)[1], 5);
    const rise = await run(path, "rise", { target: { index: [1] }, params: { masks: 4, probability: 0.99, seed: 1 } });
    expect(rise.notes.join(" ")).toContain("The score is the probability of 1");
    expect(Math.max(...rise.arrays[0].values)).toBeLessThanOrEqual(1.02);
  });
});

describe("independent scores", () => {
  it.each([
    ["Sigmoid", [node("Sigmoid", ["z"], ["y"])], LOGITS.map(sigmoid)],
    [
      "HardSigmoid",
      [
        node("HardSigmoid", ["z"], ["y"], {
          alpha: { type: "float", value: 0.2 },
          beta: { type: "float", value: 0.5 },
        }),
      ],
      LOGITS.map((z) => Math.min(1, Math.max(0, 0.2 * z + 0.5))),
    ],
    [
      "1 / (1 + Exp(−x))",
      [
        node("Neg", ["z"], ["n"]),
        node("Exp", ["n"], ["e"]),
        node("Add", ["e", "one"], ["a"]),
        node("Div", ["one", "a"], ["y"]),
      ],
      LOGITS.map(sigmoid),
    ],
  ] as const)("%s: each as it is", async (_, nodes, expected) => {
    const path = model(nodes, { weights: [one] });
    const result = await run(path, "predictions");
    expectClose(byIndex(result), expected);
    expect(result.provenance.output).toMatchObject({ kind: "independent" });
    const saliency = await run(path, "saliency", { target: { index: [2] }, params: { absolute: false } });
    expectClose(
      saliency.arrays[0].values,
      [0, 1, 2, 3].map((row) => W[3 * row + 2]),
    );
  });
});

describe("what is computed of probabilities is shown as it is", () => {
  it("a softmax in percent", async () => {
    const path = model([node("Softmax", ["z"], ["p"], { axis: int(-1) }), node("Mul", ["p", "hundred"], ["y"])], {
      weights: [weight("hundred", [], [100])],
    });
    expectClose(
      byIndex(await run(path, "predictions")),
      softmax(LOGITS).map((p) => 100 * p),
      3,
    );
  });

  it("the logarithm of a sigmoid: each score by itself", async () => {
    const path = model([node("Sigmoid", ["z"], ["s"]), node("Log", ["s"], ["y"])]);
    const result = await run(path, "predictions");
    expectClose(byIndex(result), LOGITS.map(sigmoid));
    expect(result.provenance.output).toMatchObject({ kind: "independent" });
    // −log σ(z) by the input: (σ − 1) W.
    const loss = await run(path, "saliency", { target: { index: [1] }, params: { absolute: false, score: "loss" } });
    expectClose(
      loss.arrays[0].values,
      [0, 1, 2, 3].map((row) => (sigmoid(LOGITS[1]) - 1) * W[3 * row + 1]),
    );
  });

  it("two classes as 1 − p and p are probabilities", async () => {
    const path = model(
      [
        node("MatMul", ["x", "v"], ["s"]),
        node("Neg", ["s"], ["n"]),
        node("Concat", ["n", "s"], ["both"], { axis: int(1) }),
        node("Sigmoid", ["both"], ["y"]),
      ],
      { weights: [weight("v", [4, 1], [0.1, 0.2, -0.3, 0.05])] },
    );
    expect((await run(path, "predictions")).provenance.output).toMatchObject({ kind: "probabilities" });
  });

  it("yes or no for each element: the scores that are compared", async () => {
    const path = model([node("Greater", ["z", "zero"], ["y"])], { weights: [weight("zero", [], [0])] });
    const result = await run(path, "predictions");
    expectClose(byIndex(result), LOGITS);
    expect(bars(result).share).toBe(false);
  });

  it("a label among floats is a label", async () => {
    const path = model(
      [
        node("ArgMax", ["z"], ["a"], { axis: int(1), keepdims: int(0) }),
        node("Cast", ["a"], ["label"], { to: int(1) }),
        node("Softmax", ["z"], ["p"]),
      ],
      { outputs: ["label", "p"] },
    );
    const result = await run(path, "predictions");
    expect(result.provenance.output).toMatchObject({ name: "p" });
    expect(result.notes.join(" ")).toMatch(/"label" \(\w+\) is a label/);
  });

  it("a list of logits as long as the input's is no reconstruction", async () => {
    const path = model([node("MatMul", ["x", "square"], ["logits"])], {
      outputs: ["logits"],
      weights: [
        weight(
          "square",
          [4, 4],
          Array.from({ length: 16 }, (_, i) => Math.sin(i)),
        ),
      ],
    });
    expect((await run(path, "predictions")).provenance.output).toMatchObject({ kind: "logits" });
  });
});

describe("what a list of predictions leaves out is said", () => {
  it("other entries of a batch, other outputs, class names that do not fit", async () => {
    const path = model([node("Softmax", ["z"], ["y"]), node("Sigmoid", ["z"], ["tags"])], { outputs: ["y", "tags"] });
    const notes = (
      await run(
        path,
        "predictions",
        { recipe: recipe({}, ["a", "b"]) },
        writeArray(folder, "two.npy", [2, 4], [...X, ...X]),
      )
    ).notes.join(" ");
    expect(notes).toContain("first of 2 batch entries");
    expect(notes).toContain('The model also has "tags".');
    expect(notes).toContain('There are 2 class names for the output "y", which has 3 values');
  });
});

describe("one number that tells two classes apart", () => {
  const w = weight("v", [4, 1], [0.1, 0.2, -0.3, 0.05]);
  const logit = 0.1 + 0.4 - 0.9 + 0.2;
  const single = (nodes: readonly Node[]): string =>
    model([node("MatMul", ["x", "v"], ["s"]), ...nodes], { weights: [w] });

  it("predictions list both, with what --target takes for each", async () => {
    const path = single([node("Sigmoid", ["s"], ["y"])]);
    const items = bars(await run(path, "predictions")).items;
    expect(items.map(({ label, target }) => [label, target])).toEqual([
      ["negative", "not:0"],
      ["positive", "0"],
    ]);
    expectClose(
      items.map(({ value }) => value),
      [1 - sigmoid(logit), sigmoid(logit)],
    );
    const named = bars(await run(path, "predictions", { recipe: recipe({}, ["ham", "spam"]) })).items;
    expect(named.map(({ label }) => label)).toEqual(["ham", "spam"]);
  });

  it("the negative class is explained as −logit, 1 − p, and its own loss", async () => {
    const path = single([node("Sigmoid", ["s"], ["y"])]);
    const at = async (not: boolean, score: string): Promise<number[]> => [
      ...(
        await run(path, "saliency", {
          target: { index: [0], ...(not ? { not } : {}) },
          params: { absolute: false, score },
        })
      ).arrays[0].values,
    ];
    const v = [0.1, 0.2, -0.3, 0.05];
    const p = sigmoid(logit);
    expectClose(await at(false, "logit"), v);
    expectClose(
      await at(true, "logit"),
      v.map((x) => -x),
    );
    expectClose(
      await at(true, "output"),
      v.map((x) => -x * p * (1 - p)),
    );
    // −log(1 − p) by the logit is p, −log p is p − 1.
    expectClose(
      await at(true, "loss"),
      v.map((x) => x * p),
    );
    expectClose(
      await at(false, "loss"),
      v.map((x) => x * (p - 1)),
    );
    // Occlusion of x₀ changes 1 − p by what it says.
    const ablation = await run(path, "feature-ablation", {
      target: { index: [0], not: true },
      params: { score: "output" },
    });
    expect(ablation.arrays[0].values[0]).toBeCloseTo(1 - p - (1 - sigmoid(logit - 0.1)), 5);
  });

  it("is refused where an output has more than one number", async () => {
    await expect(
      run(model([node("Softmax", ["z"], ["y"])]), "saliency", { target: { index: [0], not: true } }),
    ).rejects.toThrow(/not: applies to one score/);
  });

  it("a plain number is a value, unless the recipe or two class names say that it is a logit", async () => {
    const path = single([node("Identity", ["s"], ["y"])]);
    const plain = await run(path, "predictions");
    expect(plain.provenance.output).toMatchObject({ kind: "regression" });
    expect(bars(plain)).toMatchObject({ share: false });
    expectClose(byIndex(plain), [logit]);
    for (const said of [recipe({ y: { kind: "logits" } }), recipe({}, ["no", "yes"])]) {
      const result = await run(path, "predictions", { recipe: said });
      expect(bars(result).items.find(({ target }) => target === "0")!.value).toBeCloseTo(sigmoid(logit), 5);
    }
  });
});

describe("the recipe's word on outputs", () => {
  it("overrules the guess, by kind", async () => {
    const path = model([node("Identity", ["z"], ["y"])]);
    const kinds: [NonNullable<Recipe["outputs"]>[string]["kind"], number[]][] = [
      ["logits", softmax(LOGITS)],
      ["independent", LOGITS.map(sigmoid)],
      ["regression", LOGITS],
      ["embedding", LOGITS],
      ["log-probabilities", LOGITS.map(Math.exp)],
      ["probabilities", LOGITS],
    ];
    for (const [kind, expected] of kinds) {
      const result = await run(path, "predictions", { recipe: recipe({ y: { kind } }) });
      expectClose(byIndex(result), expected);
      expect(result.provenance.output).toMatchObject({ kind, why: "Set in the recipe." });
    }
    await expect(run(path, "saliency", { recipe: recipe({ y: { kind: "label" } }) })).rejects.toThrow(/is a label/);
  });

  it("gives each output its own class names, from a file, too", async () => {
    writeFileSync(join(folder, "names.txt"), "red\ngreen\nblue\n");
    const path = model([node("Softmax", ["z"], ["y"]), node("Softmax", ["z"], ["other"])], { outputs: ["y", "other"] });
    const said: Recipe = {
      version: 1,
      inputs: {},
      classes: ["a", "b", "c"],
      outputs: { other: { classes: "names.txt" } },
    };
    const labels = async (output?: string): Promise<string[]> =>
      [...bars(await run(path, "predictions", { recipe: said, target: output ? { output } : {} })).items]
        .sort((a, b) => a.index - b.index)
        .map(({ label }) => label);
    expect(await labels()).toEqual(["a", "b", "c"]);
    expect(await labels("other")).toEqual(["red", "green", "blue"]);
  });

  it("says which of its words could not be used: names that are not there, files that are missing or malformed", async () => {
    writeFileSync(join(folder, "bad.json"), "{");
    const path = model([node("Softmax", ["z"], ["y"])]);
    const notes = (
      await run(path, "predictions", {
        recipe: {
          version: 1,
          inputs: {},
          classes: "nowhere.json",
          outputs: { y: { classes: "bad.json" }, strange: { kind: "logits" } },
        },
      })
    ).notes.join("\n");
    expect(notes).toContain('"nowhere.json" is not beside the model');
    expect(notes).toContain('"bad.json" could not be used');
    expect(notes).toContain('the output "strange", which the model does not have; its outputs are y');
  });

  it("what is only assumed is said", async () => {
    const result = await run(model([node("Identity", ["z"], ["y"])]), "predictions");
    expect(result.notes.join(" ")).toMatch(/is read as logits.*recipe can override this/);
    expect((await run(model([node("Softmax", ["z"], ["y"])]), "predictions")).notes).toEqual([]);
  });
});

describe("values that are no classes", () => {
  it("an embedding by its name, or by its length of 1", async () => {
    const named = model([node("Identity", ["z"], ["sentence_embedding"])], { outputs: ["sentence_embedding"] });
    expect((await run(named, "predictions")).provenance.output).toMatchObject({ kind: "embedding" });
    const wide = model(
      [node("MatMul", ["x", "wide"], ["a"]), node("LpNormalization", ["a"], ["y"], { axis: int(-1), p: int(2) })],
      {
        weights: [
          weight(
            "wide",
            [4, 16],
            Array.from({ length: 64 }, (_, i) => Math.sin(i)),
          ),
        ],
      },
    );
    expect((await run(wide, "predictions")).provenance.output).toMatchObject({
      kind: "embedding",
      why: "Its vector has length 1.",
    });
  });

  it("a reconstruction of the input", async () => {
    const path = model([node("MatMul", ["x", "square"], ["y"])], {
      weights: [
        weight(
          "square",
          [4, 4],
          Array.from({ length: 16 }, (_, i) => i / 10),
        ),
      ],
    });
    expect((await run(path, "predictions")).provenance.output).toMatchObject({ kind: "regression" });
  });

  it("has no loss", async () => {
    const path = model([node("MatMul", ["x", "square"], ["y"])], {
      weights: [
        weight(
          "square",
          [4, 4],
          Array.from({ length: 16 }, (_, i) => i / 10),
        ),
      ],
    });
    await expect(run(path, "saliency", { params: { score: "loss" } })).rejects.toThrow(/no classes/);
  });

  it("places come after scores: the output looked at by itself is the scores'", async () => {
    const path = model(
      [
        node("Concat", ["z", "one"], ["four"], { axis: int(1) }),
        node("Identity", ["four"], ["boxes"]),
        node("Sigmoid", ["z"], ["scores"]),
      ],
      { inputs: { x: ["float32", 1, 4] }, outputs: ["boxes", "scores"], weights: [weight("one", [1, 1], [1])] },
    );
    const result = await run(path, "predictions");
    expect(result.provenance.output).toMatchObject({ name: "scores" });
    expect((await run(path, "predictions", { target: { output: "boxes" } })).provenance.output).toMatchObject({
      kind: "boxes",
    });
  });

  it("labels come after scores: the first output with scores is looked at, and said", async () => {
    const path = model(
      [node("Softmax", ["z"], ["p"]), node("ArgMax", ["z"], ["label"], { axis: int(1), keepdims: int(0) })],
      { outputs: ["label", "p"] },
    );
    const result = await run(path, "predictions");
    expectClose(byIndex(result), softmax(LOGITS));
    expect(result.notes.join(" ")).toContain('The output is "p"');
    const label = bars(
      await run(path, "predictions", {
        target: { output: "label" },
        recipe: recipe({ label: { classes: ["a", "b", "c"] } }),
      }),
    );
    expect(label.items[0]).toMatchObject({ label: ["a", "b", "c"][LOGITS.indexOf(Math.max(...LOGITS))] });
    await expect(run(path, "saliency", { target: { output: "label" } })).rejects.toThrow(/is a label/);
  });
});

describe("the batch axis is the input's, not the first", () => {
  it("a squeezed vector is shown whole, and every element can be explained", async () => {
    const path = model([node("Softmax", ["z"], ["p"], { axis: int(-1) }), node("Squeeze", ["p", "zero"], ["y"])], {
      inputs: { x: ["float32", 1, 4] },
      weights: [weight("zero", [1], [0], "int64")],
    });
    const result = await run(path, "predictions");
    expectClose(byIndex(result), softmax(LOGITS));
    expect(result.arrays[0].dims).toEqual([3]);
    for (const index of [0, 1, 2]) {
      const saliency = await run(path, "saliency", { target: { index: [index] }, params: { absolute: false } });
      expectClose(
        saliency.arrays[0].values,
        [0, 1, 2, 3].map((row) => W[3 * row + index]),
      );
    }
  });

  it("rows that the graph counts out [K, 4] are no batch", async () => {
    const nodes = [
      node("Reshape", ["z", "rows"], ["r"]),
      node("Greater", ["r", "zero"], ["g"]),
      node("NonZero", ["g"], ["places"]),
      node("Gather", ["places", "first"], ["at"], { axis: int(0) }),
      node("Gather", ["r", "at"], ["v"], { axis: int(0) }),
      node("Concat", ["v", "v"], ["y"], { axis: int(1) }),
    ];
    const path = model(nodes, {
      inputs: { x: ["float32", 1, 4] },
      weights: [weight("rows", [2], [3, 1], "int64"), weight("zero", [], [-100]), weight("first", [], [0], "int64")],
    });
    const result = await run(path, "predictions");
    expect(result.arrays[0].dims).toEqual([3, 2]);
    expect(bars(result).items).toHaveLength(6);
    const saliency = await run(path, "saliency", { target: { index: [2, 1] }, params: { absolute: false } });
    expectClose(
      saliency.arrays[0].values,
      [0, 1, 2, 3].map((row) => W[3 * row + 2]),
    );
  });

  it("all of a short list are shown, not the twenty largest", async () => {
    const nodes = [node("MatMul", ["x", "wide"], ["v"]), node("Squeeze", ["v", "zero"], ["y"])];
    const path = model(nodes, {
      inputs: { x: ["float32", 1, 4] },
      weights: [
        weight(
          "wide",
          [4, 60],
          Array.from({ length: 240 }, (_, i) => i / 100),
        ),
        weight("zero", [1], [0], "int64"),
      ],
    });
    const result = await run(path, "predictions");
    expect(bars(result).items).toHaveLength(60);
    // The picture of them stops at fifty.
    expect(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "svg"))).toContain("and 10 more");
  });

  it("an output without elements says so", async () => {
    const nodes = [
      node("Reshape", ["z", "rows"], ["r"]),
      node("Greater", ["r", "much"], ["g"]),
      node("NonZero", ["g"], ["places"]),
      node("Gather", ["places", "first"], ["at"], { axis: int(0) }),
      node("Gather", ["r", "at"], ["y"], { axis: int(0) }),
    ];
    const path = model(nodes, {
      inputs: { x: ["float32", 1, 4] },
      weights: [weight("rows", [2], [3, 1], "int64"), weight("much", [], [1e6]), weight("first", [], [0], "int64")],
    });
    expect(bars(await run(path, "predictions")).items).toEqual([]);
    await expect(run(path, "saliency")).rejects.toThrow(/is empty for this input/);
  });

  it("a batch stays one", async () => {
    const path = model([node("Softmax", ["z"], ["y"], { axis: int(-1) })]);
    const result = await run(
      path,
      "saliency",
      { target: { index: [1] }, params: { absolute: false } },
      writeArray(folder, "batch.npy", [2, 4], [...X, ...X]),
    );
    expect(result.arrays[0].dims).toEqual([2, 4]);
    expectClose(
      result.arrays[0].values.subarray(4),
      [0, 1, 2, 3].map((row) => W[3 * row + 1]),
    );
  });

  it("axes of length 1 may be left out of a target: [1, 3, 1, 1]", async () => {
    const path = model([node("Reshape", ["z", "shape"], ["y"])], {
      weights: [weight("shape", [4], [-1, 3, 1, 1], "int64")],
    });
    expectClose(byIndex(await run(path, "predictions")), softmax(LOGITS));
    const [short, long] = await Promise.all(
      [[1], [1, 0, 0]].map((index) => run(path, "saliency", { target: { index } })),
    );
    expect(short.arrays[0].values).toEqual(long.arrays[0].values);
  });
});

describe("outputs that are pictures", () => {
  const picture = (result: WholeResult) => result.views.find((one) => one.kind === "output-image");
  const pixelModel = (nodes: readonly Node[], weights: SmallModel["weights"] = []): string =>
    writeSmallModel(folder, `m${made++}.onnx`, {
      opset: 13,
      inputs: { x: ["float32", 1, 1, 2, 2] },
      outputs: ["y"],
      nodes,
      weights,
    });
  const square = (): string => writeArray(folder, "square.npy", [1, 1, 2, 2], [0, 0.25, 0.5, 1]);
  const asPicture: Recipe = {
    version: 1,
    inputs: { x: plainPicture([2, 2], { interpolation: "nearest", channels: "gray" }) },
  };

  it("an autoencoder's is drawn in the input's colours", async () => {
    const path = pixelModel([node("Mul", ["x", "one"], ["y"])], [weight("one", [], [1])]);
    const result = await run(path, "predictions", { recipe: asPicture }, square());
    expect(result.provenance.output).toMatchObject({ kind: "image" });
    expect(
      Array.from(picture(result)!.kind === "output-image" ? (picture(result) as { pixels: Uint8Array }).pixels : []),
    ).toEqual([0, 64, 128, 255].flatMap((byte) => [byte, byte, byte]));
  });

  it("a map of classes shows which is largest where, and says how much of it there is", async () => {
    const path = pixelModel(
      [node("Conv", ["x", "k", "b"], ["y"])],
      [weight("k", [3, 1, 1, 1], [0, 1, 2]), weight("b", [3], [0.4, 0, -0.6])],
    );
    const result = await run(
      path,
      "predictions",
      { recipe: { ...asPicture, classes: ["none", "cat", "dog"] } },
      square(),
    );
    // At 0 and 0.25 the first is largest (0.4), at 0.5 the second (0.5), at 1 the third (1.4).
    expect(result.provenance.output).toMatchObject({ kind: "mask" });
    const mask = result.views[0] as MaskArtifact;
    expect(mask.classes.map(({ label, count }) => [label, count])).toEqual([
      ["none", 2],
      ["cat", 1],
      ["dog", 1],
    ]);
    expect(Array.from(mask.values)).toEqual([0, 0, 1, 2]);
    expect(bars(result).items[0]).toMatchObject({ label: "dog at 1, 1", target: "2,1,1" });
  });
});
