/** The numbers of random maps beside a check's own: by hand, and what many independent values must have. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { runCommand } from "../../cli/options.ts";
import { commandOf } from "../../cli/commands.ts";
import { Random } from "../../math/random.ts";
import { kindOf } from "../../draw/kinds/index.ts";
import { randomNumbers, standing } from "../../protocol/checks.ts";
import type { CurveNumber, CurvesArtifact, RandomNumbers } from "../../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import type { Job } from "../../protocol/job.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { writeLeftHalf } from "../../../test/support/left-half.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";
import { randomMap } from "./random-map.ts";

const { folder, models, of, run } = referenceNetworks();

function numberOf({ views: [view] }: Pick<WholeResult, "views">, id: string): CurveNumber {
  const found = view.kind === "curves" ? view.numbers.find((one) => one.id === id) : undefined;
  if (!found) throw new Error(`there is no number "${id}"`);
  return found;
}

function randomOf(result: WholeResult, id: string): RandomNumbers {
  const { random } = numberOf(result, id);
  if (!random) throw new Error(`"${id}" has no random map's number`);
  return random;
}

const near = (found: number, expected: number, within: number): void =>
  expect(Math.abs(found - expected), `${found} instead of ${expected}`).toBeLessThan(within);

const left = (): string => writeLeftHalf(folder, "left.onnx");
const ones = (): string => writeArray(folder, "ones.npy", [1, 1, 8, 8], new Array(64).fill(1));

/** The order in which a random map of so many values, none below zero, names them. */
function randomOrder(seed: number, count: number): number[] {
  const random = new Random(seed);
  const map = Array.from({ length: count }, () => Math.abs(random.normal()));
  return [...map.keys()].sort((a, b) => map[b] - map[a]);
}

describe("a random map", () => {
  const raw = { dims: [4], values: Float32Array.of(3, -4, 0, 0) };

  it("is as large as the explanation, and has its sign", () => {
    const many = { dims: [10_000], values: new Float32Array(10_000).map((_, i) => (i % 2 === 0 ? 3 : -4)) };
    const size = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    // A standard deviation of the mean square: √(2 / 10,000).
    near(size(randomMap(many, new Random(0)).values), Math.sqrt(12.5), 0.15);
    expect(randomMap(many, new Random(0)).values.some((value) => value < 0)).toBe(true);
    const positive = { ...many, values: many.values.map(Math.abs) };
    expect(randomMap(positive, new Random(0)).values.every((value) => value >= 0)).toBe(true);
    expect(randomMap(raw, new Random(3))).toEqual(randomMap(raw, new Random(3)));
    expect(randomMap(raw, new Random(4))).not.toEqual(randomMap(raw, new Random(3)));
  });

  it("has one value for each part, where the explanation has effects of parts", async () => {
    // Occlusion by boxes of 4×4 on 8×8: four parts, whose effects are in 1.6 and 0.
    const params = { method: "occlusion", options: "window=1,4,4; stride=1,4,4", steps: 4, start: "baseline" };
    const result = await runOn(models, left(), ones(), "insertion-deletion", {
      target: { index: [0] },
      params: { ...params, random_maps: 2 },
    });
    const random = randomOf(result, "deletion_auc");
    // A step takes one part: after each, the score is 0.1 times the left half's pixels that are left. Parts 0 and 2 are
    // the left ones (rows first).
    const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
    for (const seed of [0, 1]) {
      let score = 3.2;
      const curve = [score, ...randomOrder(seed, 4).map((part) => (score -= part % 2 === 0 ? 1.6 : 0))].map(sigmoid);
      near(random.values[seed], (curve[0] / 2 + curve[1] + curve[2] + curve[3] + curve[4] / 2) / 4, 1e-5);
    }
  });
});

describe("beside a check's numbers", () => {
  it("stand the areas of a random order: insertion and deletion by hand", async () => {
    const result = await runOn(models, left(), ones(), "insertion-deletion", {
      target: { index: [0] },
      params: { method: "input-x-gradient", steps: 4, start: "baseline", random_maps: 2, random_seed: 7 },
    });
    const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
    for (const which of [0, 1]) {
      const order = randomOrder(7 + which, 64);
      const taken = [0, 16, 32, 48, 64].map((count) => order.slice(0, count).filter((at) => at % 8 < 4).length);
      const area = (curve: number[]): number => (curve[0] / 2 + curve[1] + curve[2] + curve[3] + curve[4] / 2) / 4;
      near(randomOf(result, "insertion_auc").values[which], area(taken.map((n) => sigmoid(0.1 * n))), 1e-5);
      near(randomOf(result, "deletion_auc").values[which], area(taken.map((n) => sigmoid(3.2 - 0.1 * n))), 1e-5);
    }
    // The map itself is better than either: it names the left half first.
    expect(standing(numberOf(result, "deletion_auc"))).toEqual({ word: "better", better: 2, of: 2 });
    expect(result.provenance.params).toMatchObject({ random_maps: 2, random_seed: 7 });
  });

  it("stand those of removal and imputation: nothing, where the picture is the same everywhere", async () => {
    const result = await runOn(models, left(), ones(), "road", {
      target: { index: [0] },
      params: { method: "input-x-gradient", noise: 0, measure: "score" },
    });
    near(randomOf(result, "morf_mean").mean, 3.2, 1e-4);
    near(randomOf(result, "road").mean, 0, 1e-4);
    expect(randomOf(result, "road").values).toHaveLength(3);
  });

  it("stands (σ‖r − w‖)² for infidelity on a linear model", async () => {
    const weights = [1, -2, 0.5, 3];
    const linear = writeSmallModel(folder, "dot.onnx", {
      inputs: { x: ["float32", 1, 4] },
      outputs: ["y"],
      weights: [weight("w", [4, 1], weights)],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
    });
    const input = writeArray(folder, "four.npy", [1, 4], [0, 1, 2, 5]);
    const samples = 20_000;
    const result = await runOn(models, linear, input, "infidelity", {
      target: { index: [0] },
      params: { method: "saliency", options: "absolute=false", noise: 0.2, samples, random_maps: 3 },
    });
    near(numberOf(result, "infidelity").value, 0, 1e-6);
    // Noise of 0.2 · (5 − 0) = 1 on each element.
    for (const seed of [0, 1, 2]) {
      const map = randomMap({ dims: [1, 4], values: Float32Array.from(weights) }, new Random(seed)).values;
      const expected = weights.reduce((sum, w, i) => sum + (map[i] - w) ** 2, 0);
      // The mean of squares of normal numbers deviates by √(2 / samples): 1 %.
      near(randomOf(result, "infidelity").values[seed] / expected, 1, 0.05);
    }
    expect(standing(numberOf(result, "infidelity"))?.word).toBe("better");
  });

  it("stand √2 − 1 for the Gini index, and 25.9 % of the magnitude in the largest tenth", async () => {
    const result = await run("vgg", "sparseness", { params: { method: "saliency", options: "absolute=false" } });
    const count = result.views[0].kind === "curves" ? Number(/^\d+/.exec(result.views[0].caption)![0]) : 0;
    expect(count).toBeGreaterThan(1000);
    // Of |N(0, 1)|: the Gini index is √2 − 1, the share above the 90th percentile exp(−1.6449² / 2).
    near(randomOf(result, "gini").mean, Math.SQRT2 - 1, 2 / Math.sqrt(count));
    near(randomOf(result, "top_tenth").mean, 0.2585, 2 / Math.sqrt(count));
    // Sparse is neither good nor bad.
    expect(standing(numberOf(result, "gini"))).toBeUndefined();
  });

  it.each([
    ["signed values", "absolute=false", Math.SQRT2],
    ["magnitudes", "absolute=true", Math.sqrt(2 - 4 / Math.PI)],
  ])("stands what unrelated maps have for sensitivity: %s", async (_, options, expected) => {
    const result = await run("vgg", "sensitivity", { params: { method: "saliency", options, samples: 3 } });
    near(randomOf(result, "mean_sensitivity").mean, expected, 0.03);
    expect(standing(numberOf(result, "max_sensitivity"))).toEqual({ word: "better", better: 10, of: 10 });
  });

  it("stand correlations about zero for randomised weights", async () => {
    const result = await run("vgg", "randomisation", { params: { method: "saliency", stops: 1 } });
    const { values, deviation } = randomOf(result, "last_correlation");
    expect(values).toHaveLength(5);
    // n − 1 degrees of freedom: 1/√n for thousands of values.
    for (const value of values) near(value, 0, 0.1);
    expect(deviation).toBeGreaterThan(0);
    expect(numberOf(result, "last_correlation").better).toBeUndefined();
  });

  it("stands nothing where none are asked for, and the numbers themselves stay", async () => {
    const params = { method: "input-x-gradient", samples: 5 };
    const [without, beside] = await Promise.all(
      [0, 4].map((random_maps) => run("mlp", "infidelity", { params: { ...params, random_maps } })),
    );
    expect(numberOf(without, "infidelity").random).toBeUndefined();
    expect(randomOf(beside, "infidelity").values).toHaveLength(4);
    expect(numberOf(without, "infidelity").value).toBe(numberOf(beside, "infidelity").value);
    expect([...without.arrays[0].values]).toEqual([...beside.arrays[0].values]);
  });

  it("are the means over several samples, map by map", async () => {
    const { model, inputs } = await of("mlp");
    const other = writeArray(
      folder,
      "other.npy",
      [1, 20],
      Array.from({ length: 20 }, (_, i) => Math.cos(i)),
    );
    const job: Partial<Job> = { params: { method: "input-x-gradient", steps: 5 }, target: { index: [1] } };
    const [one, two, both] = await Promise.all([
      runOn(models, model, inputs[""], "insertion-deletion", job),
      runOn(models, model, other, "insertion-deletion", job),
      runOn(models, model, inputs[""], "insertion-deletion", { ...job, more: [{ "": other }] }),
    ]);
    const [first, second, mean] = [one, two, both].map((result) => randomOf(result, "deletion_auc"));
    mean.values.forEach((value, map) => near(value, (first.values[map] + second.values[map]) / 2, 1e-6));
    near(mean.mean, (first.mean + second.mean) / 2, 1e-6);
  });
});

describe("how a number stands to random maps", () => {
  const number = (value: number, better: "higher" | "lower" | undefined, values: number[]): CurveNumber => ({
    id: "n",
    label: "N",
    help: "",
    value,
    random: randomNumbers(values),
    ...(better ? { better } : {}),
  });

  it("is said for all, for none, and for some", () => {
    expect(standing(number(0.9, "higher", [0.1, 0.2]))).toEqual({ word: "better", better: 2, of: 2 });
    expect(standing(number(0.9, "lower", [0.1, 0.2]))).toEqual({ word: "worse", better: 0, of: 2 });
    expect(standing(number(0.15, "higher", [0.1, 0.2]))).toEqual({ word: "mixed", better: 1, of: 2 });
    // As good as one of them is not better than it, nor worse.
    expect(standing(number(0.1, "higher", [0.1, 0.2]))).toEqual({ word: "mixed", better: 0, of: 2 });
  });

  it("is not said where no direction is better, or a number is none", () => {
    expect(standing(number(0.9, undefined, [0.1]))).toBeUndefined();
    expect(standing(number(NaN, "higher", [0.1]))).toBeUndefined();
    expect(standing(number(0.9, "higher", [0.1, NaN]))).toBeUndefined();
  });

  it("has a mean and a deviation with n − 1, none for one map", () => {
    expect(randomNumbers([1, 2, 3])).toEqual({ values: [1, 2, 3], mean: 2, deviation: 1 });
    expect(randomNumbers([5])).toEqual({ values: [5], mean: 5 });
  });
});

describe("the command line", () => {
  const command = async (...more: string[]): Promise<{ out: string; code: number }> => {
    const { model, inputs } = await of("mlp");
    const args = [model, "--input", inputs[""], "--target", "1", "--set", "method=input-x-gradient", ...more];
    const written: string[] = [];
    const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
    const code = await runCommand(commandOf("sparseness")!, args).finally(() => spy.mockRestore());
    return { out: written.join(""), code };
  };

  it("prints a check's numbers with the random maps' as a table", async () => {
    const { out, code } = await command();
    expect(code).toBe(0);
    const [header, ...rows] = out.trimEnd().split("\n");
    expect(header.split("\t").slice(0, 6)).toEqual([
      "check",
      "number",
      "explanation",
      "random map",
      "random map deviation",
      "random maps",
    ]);
    const result = await run("mlp", "sparseness", { target: { index: [1] }, params: { method: "input-x-gradient" } });
    const [, name, value, mean, deviation, count] = rows[0].split("\t");
    expect([name, count]).toEqual(["Gini index", "10"]);
    near(Number(value), numberOf(result, "gini").value, 1e-6);
    near(Number(mean), randomOf(result, "gini").mean, 1e-6);
    near(Number(deviation), randomOf(result, "gini").deviation!, 1e-6);
  });

  it("writes them into the JSON", async () => {
    const out = join(folder, "sparseness.json");
    expect((await command("--set", "random_maps=2", "--out", out)).code).toBe(0);
    const { artifacts } = JSON.parse(readFileSync(out, "utf8")) as { artifacts: CurvesArtifact[] };
    const [gini] = artifacts[0].numbers;
    expect(Object.keys(gini)).toEqual(["id", "label", "value", "help", "random"]);
    expect(gini.random!.values).toHaveLength(2);
    near(gini.random!.mean, (gini.random!.values[0] + gini.random!.values[1]) / 2, 1e-12);
  });

  it("draws them into the picture", async () => {
    const result = await run("mlp", "sparseness", { params: { method: "input-x-gradient" } });
    const { parts } = kindOf(result.views[0]).layout(result.views[0], { pictures: [], looks: DEFAULT_LOOKS });
    expect(parts.filter((part) => part.kind === "text" && part.text.startsWith("random map 0."))).toHaveLength(2);
  });
});
