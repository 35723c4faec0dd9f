import { expect } from "vitest";
import type { Node, TensorRef } from "../../src/model/graph.ts";
import type { WholeResult } from "../../src/protocol/result.ts";
import type { Job } from "../../src/protocol/job.ts";
import type { ModelCache } from "../../src/runtime/model-cache.ts";
import { ints, node, runOn, weight, writeArray, writeSmallModel } from "./models.ts";

/** A model of a few nodes from "x" to "y" with its input. */
export interface Small {
  readonly dims: readonly number[];
  readonly x: readonly number[];
  readonly nodes: readonly Node[];
  readonly weights?: readonly TensorRef[];
}

export type SmallRun = (
  small: Small,
  params: Job["params"],
  more?: Partial<Job>,
  technique?: string,
) => Promise<WholeResult>;

/** Runs small models, written into `folder`, by LRP for their output's first entry. */
export function smallRuns(models: ModelCache, folder: () => string): SmallRun {
  let count = 0;
  return ({ dims, x, nodes, weights = [] }, params, more = {}, technique = "lrp") => {
    const name = `small-${count++}`;
    const model = writeSmallModel(folder(), `${name}.onnx`, {
      inputs: { x: ["float32", ...dims] },
      outputs: ["y"],
      nodes,
      weights,
    });
    return runOn(models, model, writeArray(folder(), `${name}.npy`, dims, x), technique, {
      target: { index: [0] },
      params,
      ...more,
    });
  };
}

export function expectClose(values: ArrayLike<number>, expected: readonly number[], digits = 5): void {
  expect(values.length).toBe(expected.length);
  expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, digits));
}

export const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);
export const float = (value: number): { type: "float"; value: number } => ({ type: "float", value });

/**
 * Two convolutions with a residual sum, pooling and a dense layer, without biases: then every rule but alpha-beta keeps
 * the sum.
 */
export function unbiased(): Small {
  const numbers = (count: number, seed: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i) * 0.8 + 0.15);
  return {
    dims: [1, 2, 6, 6],
    x: numbers(72, 3).map((value) => 2 * value),
    weights: [
      weight("a", [3, 2, 3, 3], numbers(54, 1)),
      weight("b", [3, 3, 3, 3], numbers(81, 2)),
      weight("c", [3, 2], [1, -0.5, 0.7, 1, -0.4, 0.3]),
    ],
    nodes: [
      node("Conv", ["x", "a"], ["h"], { pads: ints(1, 1, 1, 1) }),
      node("Relu", ["h"], ["r"]),
      node("Conv", ["r", "b"], ["i"], { pads: ints(1, 1, 1, 1) }),
      node("Add", ["i", "r"], ["s"]),
      node("Relu", ["s"], ["t"]),
      node("MaxPool", ["t"], ["p"], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
      node("GlobalAveragePool", ["p"], ["q"]),
      node("Flatten", ["q"], ["f"]),
      node("Gemm", ["f", "c"], ["y"]),
    ],
  };
}
