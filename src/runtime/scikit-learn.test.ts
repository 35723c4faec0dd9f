import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openModel } from "../model/open.ts";
import type { BarsArtifact } from "../protocol/artifacts.ts";
import type { WholeResult } from "../protocol/result.ts";
import { LoadedModel } from "./models.ts";
import { ModelCache } from "./model-cache.ts";
import { floatsOf } from "./ort.ts";
import { runOn, writeArray } from "../../test/support/models.ts";
import { rowTensor, SKLEARN, sklearn, type SklearnModel } from "../../test/support/scikit-learn.ts";

const load = async (name: string): Promise<LoadedModel> =>
  new LoadedModel(await openModel(join(SKLEARN, `${name}.onnx`)), 1);

/** ∂values[k]/∂features of the tensor that stands for the output, for each k. */
async function gradients(model: LoadedModel, { value }: SklearnModel): Promise<number[][]> {
  const input = model.description.inputs[0].name;
  const feeds = { [input]: rowTensor(model) };
  const count = floatsOf((await model.forward(feeds, [value])).get(value)!).length;
  const rows: number[][] = [];
  for (let k = 0; k < count; k++) {
    const seed = Float32Array.from({ length: count }, (_, i) => Number(i === k));
    const { gradients } = await model.gradients(feeds, { of: value, seed, wrt: [input] });
    rows.push(Array.from(floatsOf(gradients.get(input)!)));
  }
  return rows;
}

describe("gradients of scikit-learn's models are those of what scikit-learn computes", () => {
  const smooth = sklearn.models.filter(({ gradient }) => gradient);
  it.each(smooth.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const model = await load(name);
    if (name === "svc-rbf-3-probability") {
      await expect(gradients(model, one)).rejects.toThrow(
        /SVMClassifier at node ".*": the probabilities of more than two classes are coupled by iteration/,
      );
      return;
    }
    const expected = one.gradient!;
    const given = await gradients(model, one);
    // A binary SVC's two scores are its decision value with both signs.
    const wanted =
      given.length === 2 && expected.length === 1 ? [expected[0], expected[0].map((slope) => -slope)] : expected;
    const largest = Math.max(...wanted.flat().map(Math.abs));
    expect(given).toHaveLength(wanted.length);
    given
      .flat()
      .forEach((slope, index) =>
        expect(Math.abs(slope - wanted.flat()[index]) / largest, `${name} ${index}`).toBeLessThan(2e-5),
      );
    await model.release();
  });
});

const models = new ModelCache({ threads: 1 });
const row = writeArray(mkdtempSync(join(tmpdir(), "scikit-learn-")), "row.npy", [1, sklearn.row.length], sklearn.row);
afterAll(() => models.dispose());

const run = (name: string, technique: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, join(SKLEARN, `${name}.onnx`), row, technique, more);
const reference = (name: string): SklearnModel => sklearn.models.find((one) => one.name === name)!;
const bars = ({ views: artifacts }: WholeResult): BarsArtifact =>
  artifacts.find((artifact): artifact is BarsArtifact => artifact.kind === "bars")!;

describe("methods on scikit-learn's models, with the output that is chosen by itself", () => {
  const probable = sklearn.models.filter(
    ({ values }) => values.length > 1 && Math.abs(values.reduce((a, b) => a + b, 0) - 1) < 1e-6,
  );

  it.each(probable.map((one) => [one.name, one] as const))(
    "%s: predictions are predict_proba, by class name",
    async (name, { values, classes }) => {
      const shown = bars(await run(name, "predictions"));
      expect(shown.share).toBe(true);
      expect(shown.items.map(({ label }) => label)).toEqual(
        [...classes!].sort((a, b) => values[classes!.indexOf(b)] - values[classes!.indexOf(a)]),
      );
      for (const { index, value } of shown.items) expect(value).toBeCloseTo(values[index!], 3);
    },
  );

  it.each([
    "linear-regression",
    "linear-svc-2",
    "linear-svc-3",
    "svc-rbf",
    "k-means",
    "isolation-forest",
    "one-class-svm",
    "svr-rbf",
    "lightgbm-regression",
  ])("%s: values that are no probabilities stay as they are", async (name) => {
    const shown = bars(await run(name, "predictions"));
    expect(shown.share).toBe(false);
    for (const { index, value } of shown.items) expect(value).toBeCloseTo(reference(name).values[index!], 3);
  });

  // For each class: the score at the row less the score with a feature at 0, by scikit-learn's own functions.
  it.each(sklearn.models.filter(({ gradient }) => !gradient).map((one) => [one.name, one] as const))(
    "%s, made of steps: feature ablation is scikit-learn's, a gradient is refused with the node's name",
    async (name, one) => {
      for (const [target, effects] of one.ablation.entries()) {
        const {
          arrays: [raw],
        } = await run(name, "feature-ablation", { target: { index: [target] }, params: { score: "output" } });
        Array.from(raw.values).forEach((value, index) => expect(value).toBeCloseTo(effects[index], 4));
      }
      if (name === "binarizer") return;
      for (const technique of ["saliency", "integrated-gradients", "lrp", "deeplift"]) {
        await expect(run(name, technique), technique).rejects.toThrow(
          /Cannot differentiate through .* at node ".+": (decision trees are piecewise constant|"probabilities" depends on "X" only through int64 values)/,
        );
      }
    },
  );

  it("a binarizer's gradient is zero, and the result says so", async () => {
    const {
      arrays: [raw],
      notes,
    } = await run("binarizer", "saliency");
    expect(Array.from(raw.values)).toEqual([0, 0, 0, 0]);
    expect(notes.join(" ")).toMatch(/zero/);
  });

  // Piecewise linear functions and libsvm's iterated probabilities are met less closely, by 50 steps and by its own
  // tolerance.
  it.each([
    ["logistic-3"],
    ["logistic-2"],
    ["one-vs-rest"],
    ["svc-rbf-2-probability", 3e-3],
    ["svr-poly"],
    ["pipeline-normalizer-l2"],
    ["pipeline-normalizer-max"],
    ["pipeline-mlp", 1e-2],
    ["ridge"],
    ["pls"],
    ["k-means"],
    ["gaussian-nb"],
  ] as [string, number?][])(
    "%s: Integrated Gradients and DeepLIFT sum to the score less that of the baseline",
    async (name, tolerance = 1e-4) => {
      const halves = sklearn.row.map((value) => value / 2);
      const baseline = writeArray(mkdtempSync(join(tmpdir(), "scikit-learn-")), "half.npy", [1, 4], halves);
      const model = await load(name);
      const [{ name: input }] = model.description.inputs;
      const { value } = reference(name);
      const score = async (x: readonly number[]): Promise<number> =>
        floatsOf((await model.forward({ [input]: rowTensor(model, x) }, [value])).get(value)!)[0];
      const difference = (await score(sklearn.row)) - (await score(halves));
      for (const technique of ["integrated-gradients", "deeplift"]) {
        const {
          arrays: [raw],
        } = await run(name, technique, { target: { index: [0] }, params: { score: "output", baseline } });
        expect(Math.abs(Array.from(raw.values).reduce((a, b) => a + b, 0) - difference), technique).toBeLessThan(
          tolerance,
        );
      }
      await model.release();
    },
  );

  it("LRP of a linear model is each feature's term, weight times value", async () => {
    const { gradient } = reference("ridge");
    const {
      arrays: [raw],
    } = await run("ridge", "lrp", { params: { rule: "epsilon", epsilon: 1e-9 } });
    // The intercept takes its part, as a bias does in the epsilon rule: terms are in proportion.
    const terms = sklearn.row.map((value, index) => value * gradient![0][index]);
    const factor = raw.values[0] / terms[0];
    terms.forEach((term, index) => expect(raw.values[index]).toBeCloseTo(term * factor, 4));
  });

  it("the score before a classifier's Softmax is its logit", async () => {
    const { provenance } = await run("logistic-3-strings", "saliency");
    expect(provenance.score).toEqual({ kind: "logit", value: "probability_tensor.logits" });
    expect(provenance.target).toMatchObject({ output: "output_probability", label: "versicolor" });
  });

  it("rows of a table are explained each for itself, through ZipMap as well", async () => {
    const other = [5, 3.4, 1.5, 0.2];
    const folder = mkdtempSync(join(tmpdir(), "scikit-learn-"));
    const both = writeArray(folder, "both.npy", [2, 4], [...sklearn.row, ...other]);
    const alone = writeArray(folder, "alone.npy", [1, 4], other);
    const path = join(SKLEARN, "logistic-3.onnx");
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, path, both, "saliency");
    expect(raw.dims).toEqual([2, 4]);
    expect(Array.from(raw.values.subarray(0, 4))).toEqual(
      Array.from((await run("logistic-3", "saliency")).arrays[0].values),
    );
    expect(Array.from(raw.values.subarray(4))).toEqual(
      Array.from((await runOn(models, path, alone, "saliency")).arrays[0].values),
    );
    expect(notes.join(" ")).toContain("The input is a batch of 2");
  });

  it("the loss is the cross-entropy of the model's own probabilities", async () => {
    const { values, gradient } = reference("logistic-3");
    const {
      arrays: [raw],
    } = await run("logistic-3", "saliency", { target: { index: [2] }, params: { score: "loss", absolute: false } });
    gradient![2].forEach((slope, index) => expect(raw.values[index]).toBeCloseTo(-slope / values[2], 4));
  });
});
