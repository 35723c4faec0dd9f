import { expect } from "vitest";
import { pearson } from "../../src/math/rank.ts";
import type { WholeResult } from "../../src/protocol/result.ts";
import { errorOf, expectedOf, type AgreementCase } from "./agreement.ts";

/** Of the largest value, or of the score: float32 against float64. */
export const TOLERANCE = 1e-3;

/** Expects what a result says beside its numbers to be so, too: its dims, its picture, its sums. */
export function expectParticulars(result: WholeResult, one: AgreementCase): void {
  if (one.shape) expect(result.arrays[0].dims).toEqual(one.shape);
  expect(result.views[0].id).toBe(one.technique);
  // One percent more would not do.
  if (one.channel === undefined && one.folder !== "trust" && one.deviates === undefined)
    expect(
      errorOf(
        result.arrays[0].values.map((value) => value * 1.01),
        one,
      ),
    ).toBeGreaterThan(TOLERANCE);
  PARTICULARS[one.folder]?.(result, one);
}

const PARTICULARS: Readonly<Record<string, (result: WholeResult, one: AgreementCase) => void>> = {
  attributions(result, one) {
    expectPicture(result, one);
    if (result.views[0].kind !== "bars") expect(result.views[0]).toMatchObject({ signed: true });
    // Modified rules give other numbers than the gradient.
    if (/^(guided-backprop|deconvolution)$/.test(one.technique) && one.stride === undefined) {
      const gradient = { ...one, folder: "architectures", file: `${one.network}.gradient.npy` };
      expect(errorOf(result.arrays[0].values, gradient)).toBeGreaterThan(0.01);
    }
    if (one.delta === undefined) return;
    const { delta, difference } = deltaOf(result);
    expect(Math.abs(delta - one.delta)).toBeLessThan(TOLERANCE * Math.max(Math.abs(difference), 1));
  },
  layers(result) {
    expect(["heatmap", "line", "bars", "tokens"]).toContain(result.views[0].kind);
  },
  "efficientnet-cat"(result, one) {
    if (one.technique === "saliency") expect(pearson(result.arrays[0].values, expectedOf(one))).toBeGreaterThan(0.9999);
    if (one.technique === "feature-maps" && one.channel === undefined)
      expect(result.views[0]).toMatchObject({ kind: "tiles", count: 1280 });
  },
  perturbation: expectPicture,
  deeplift(result, one) {
    const { delta, difference } = deltaOf(result);
    const score = one.deviates === undefined ? Math.abs(one.difference!) : Math.max(1, Math.abs(difference));
    expect(Math.abs(difference - one.difference!)).toBeLessThan(TOLERANCE * score);
    expect(Math.abs(delta)).toBeLessThan(TOLERANCE * Math.abs(difference));
    const notes = result.notes.join(" ");
    expect(notes).not.toContain("has no rule");
    if (one.deviates === undefined) {
      expect(notes).not.toContain("Products");
      expect(result.views[0]).toMatchObject({ kind: "heatmap", signed: true });
    } else {
      expect(notes).toMatch(
        /Products of two input-dependent values are split evenly.*Captum's DeepLift uses the gradient there/,
      );
    }
  },
  "full-grad"(result, one) {
    expect(result.views[0]).toMatchObject({ kind: "heatmap", signed: false, dims: one.shape });
    const sums = fullGradSums(result);
    // The note has four digits.
    const near = (ours: number, expected: number): void =>
      expect(Math.abs(ours - expected)).toBeLessThan(TOLERANCE * Math.max(Math.abs(expected), Math.abs(one.score!)));
    near(sums.input, one.input!);
    near(sums.biases, one.biases!);
    near(sums.lids, one.lids!);
    near(sums.score, one.score!);
    expect(sums.layers).toBeGreaterThanOrEqual(one.places!);
    // Elsewhere than in piecewise linear networks biases do not add up to the score.
    if (one.deviates === undefined) near(sums.together, sums.score);
  },
  lrp(result, one) {
    expect(result.views[0]).toMatchObject({ id: one.technique, signed: true });
    expect(result.notes.join(" ")).toMatch(/Relevance sums to/);
  },
  trust(result, one) {
    const [view] = result.views;
    if (view.kind !== "curves") throw new Error(`curves were expected, not ${view.kind}`);
    for (const [id, value] of Object.entries(one.numbers ?? {})) {
      const ours = view.numbers.find((number) => number.id === id)?.value ?? NaN;
      expect(Math.abs(ours - value), id).toBeLessThan(2 * TOLERANCE * Math.max(Math.abs(value), 0.1));
    }
  },
};

/** A picture of the input's kind. */
function expectPicture({ views }: WholeResult, { network, technique }: AgreementCase): void {
  const kind = { mlp: "bars", bert: "tokens", "cnn-1d": "line" }[network] ?? "heatmap";
  expect(views[0]).toMatchObject({ id: technique, kind });
}

/** What the note about completeness says: the score's difference, and by how much the sum misses it. */
export function deltaOf({ notes }: Pick<WholeResult, "notes">): { delta: number; difference: number } {
  const note = notes.find((text) => text.startsWith("Convergence delta"))!;
  return { delta: Number(/delta (\S+):/.exec(note)![1]), difference: Number(/by (\S+)\.$/.exec(note)![1]) };
}

/** The numbers in FullGrad's note about the sum. */
export function fullGradSums({ notes }: Pick<WholeResult, "notes">): {
  input: number;
  layers: number;
  biases: number;
  lids: number;
  together: number;
  score: number;
} {
  const note = notes.find((text) => text.startsWith("Full gradient"))!;
  const [, input, layers, biases, lids, together, score] =
    /sums to (\S+), bias × gradient over (one|\d+) layers? to ([^\s;,]+)(?:, clipping .*? adds ([-\d.e]+))?; together (\S+), the score is (\S+)\.$/.exec(
      note,
    )!;
  return {
    input: Number(input),
    layers: layers === "one" ? 1 : Number(layers),
    biases: Number(biases),
    lids: Number(lids ?? 0),
    together: Number(together),
    score: Number(score),
  };
}
