import type { Builder, Dims } from "../autodiff/builder.ts";
import { elementCount } from "../model/graph.ts";
import type { TargetInfo } from "../techniques/framework/technique.ts";

export interface SeedRequest {
  /** Of the chosen output, batch axis first; or without one. */
  readonly outputDims: Dims;
  /** How many samples are in the batch; undefined where the output has no batch axis. */
  readonly batch: number | undefined;
  readonly target: TargetInfo;
  /** The value of an input that chooses the target: int64 [1 or N], or [1 or N, axes] in a dense output. */
  readonly input?: string;
}

/**
 * Emits ∂score/∂output in the output's shape, a row for each sample: 1 at the target (all over its region), −1 at the
 * one against it. A target out of range makes ONNX Runtime's ScatterND fail on the processor, rather than give zeros.
 */
export function emitSeed(g: Builder, { outputDims, batch, target, input }: SeedRequest): string {
  if (batch === undefined) return constantSeed(g, outputDims, target);
  const sign = target.negated ? -1 : 1;
  const inner = outputDims.slice(1);
  const axes = inner.length;
  if (axes === 0) return g.op("Expand", [g.scalar(sign), g.ints(outputDims)], outputDims);
  if (target.region) return regionSeed(g, outputDims, target.region);
  const chosen =
    input === undefined
      ? g.intTensor(target.index, [1, axes])
      : g.op("Reshape", [input, g.ints([-1, axes])], [batch, axes]);
  const seed = oneHot(g, outputDims, chosen);
  if (target.negated) return g.op("Neg", [seed], outputDims);
  return target.against ? g.minus(seed, oneHot(g, outputDims, g.intTensor(target.against, [1, axes]))) : seed;
}

/** 1 at each sample's index, [1 or N, axes]. */
function oneHot(g: Builder, dims: Dims, index: string): string {
  const [batch, axes] = [dims[0], dims.length - 1];
  const rows = g.intTensor(
    Array.from({ length: batch }, (_, row) => row),
    [batch, 1],
  );
  const places = g.concat([rows, g.op("Expand", [index, g.ints([batch, axes])], [batch, axes])], 1);
  const zeros = g.op("Expand", [g.scalar(0), g.ints(dims)], dims);
  return g.op("ScatterND", [zeros, places, g.op("Expand", [g.scalar(1), g.ints([batch])], [batch])], dims);
}

function regionSeed(g: Builder, dims: Dims, region: NonNullable<TargetInfo["region"]>): string {
  const inside = [dims[0], ...region.map(([from, before]) => before - from)];
  const ones = g.op("Expand", [g.scalar(1), g.ints(inside)], inside);
  return g.pad(
    ones,
    [0, ...region.map(([from]) => from)],
    [0, ...region.map(([, before], axis) => dims[axis + 1] - before)],
  );
}

/** Of an output without a batch axis: as techniques seed it. */
function constantSeed(g: Builder, dims: Dims, { at, againstAt, negated }: TargetInfo): string {
  const seed = new Float32Array(elementCount(dims));
  for (const place of at) seed[place] += negated ? -1 : 1;
  if (againstAt !== undefined) seed[againstAt] -= 1;
  return g.floats(seed, dims);
}
