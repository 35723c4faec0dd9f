import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { seededNumbers } from "./prng.ts";
import type { SeededNumbers } from "./prng.ts";

export interface ReferenceTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A value inside the network, by PyTorch. */
export interface ReferenceFeature {
  /** The ONNX value that equals it in this export. */
  readonly value: string;
  /** PyTorch's module whose output it is. */
  readonly module: string;
  readonly dims: readonly number[];
  /** Only where it is small enough to be kept. */
  readonly activation?: ReferenceTensor;
  /** The gradient of logit[target] with respect to it; kept together with the activation. */
  readonly gradient?: ReferenceTensor;
  /** Relu of the channels' sum, weighted by the gradient's mean over space: its spatial dims, not scaled. */
  readonly gradCam?: ReferenceTensor;
}

/** One export of one network, with PyTorch's numbers (computed in float64, kept in float32). */
export interface ArchitectureCase {
  /** NETWORK-EXPORTER: what `materialise` takes. */
  readonly name: string;
  readonly network: string;
  readonly exporter: "torchscript" | "dynamo";
  readonly opset: number;
  /** The batch axis is symbolic ("N"). */
  readonly dynamic: boolean;
  /** The graph's one input is called "input", its one output "logits". */
  readonly input: ReferenceTensor;
  readonly target: number;
  readonly logits: Float64Array;
  /** The gradient of logit[target] with respect to the input. */
  readonly gradient: ReferenceTensor;
  /** Largest difference between PyTorch's own float32 and float64 gradients, as a fraction of the largest value. */
  readonly float32Difference: number;
  readonly features: readonly ReferenceFeature[];
}

/** A run of an external weights file. */
export interface SeededWeights extends SeededNumbers {
  readonly offset: number;
  readonly count: number;
  /** The run is the transpose of a seeded matrix of these dims. */
  readonly transposedFrom?: readonly [number, number];
}

interface StoredTensor {
  readonly file: string;
  readonly dims: readonly number[];
}

interface StoredFeature {
  readonly module: string;
  readonly dims: readonly number[];
  readonly activation?: StoredTensor;
  readonly gradient?: StoredTensor;
  readonly gradCam?: { readonly dims: readonly number[]; readonly data: readonly number[] };
}

export interface StoredExport {
  readonly name: string;
  readonly exporter: "torchscript" | "dynamo";
  readonly opset: number;
  readonly dynamic: boolean;
  readonly values: Readonly<Record<string, string>>;
  readonly weights: readonly SeededWeights[];
}

interface StoredNetwork {
  readonly network: string;
  readonly input: SeededNumbers & { readonly dims: readonly number[] };
  readonly target: number;
  readonly logits: readonly number[];
  readonly gradient: StoredTensor;
  readonly float32Difference: number;
  readonly features: readonly StoredFeature[];
  readonly exports: readonly StoredExport[];
}

export const folder = dirname(fileURLToPath(import.meta.url));

let architectures: readonly ArchitectureCase[] | undefined;
let stored: readonly StoredNetwork[] | undefined;

/** All exports of all networks, by network's name. */
export function loadArchitectures(): readonly ArchitectureCase[] {
  architectures ??= readStored().flatMap((network) => network.exports.map((one) => architectureCase(network, one)));
  return architectures;
}

/** The networks' .json files as make.py wrote them. */
export function readStored(): readonly StoredNetwork[] {
  stored ??= readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as StoredNetwork);
  return stored;
}

function architectureCase(stored: StoredNetwork, one: StoredExport): ArchitectureCase {
  const { dims } = stored.input;
  const count = dims.reduce((product, dim) => product * dim, 1);
  return {
    name: one.name,
    network: stored.network,
    exporter: one.exporter,
    opset: one.opset,
    dynamic: one.dynamic,
    input: { dims, data: seededNumbers(stored.input, count) },
    target: stored.target,
    logits: Float64Array.from(stored.logits),
    gradient: readTensor(stored.gradient),
    float32Difference: stored.float32Difference,
    features: stored.features.map((feature) => ({
      value: one.values[feature.module],
      module: feature.module,
      dims: feature.dims,
      activation: feature.activation && readTensor(feature.activation),
      gradient: feature.gradient && readTensor(feature.gradient),
      gradCam: feature.gradCam && { dims: feature.gradCam.dims, data: Float32Array.from(feature.gradCam.data) },
    })),
  };
}

/**
 * A .npy file of version 1.0, float32, as numpy.save writes it: a header whose length is at byte 8, then the numbers.
 */
function readTensor({ file, dims }: StoredTensor): ReferenceTensor {
  const bytes = readFileSync(join(folder, file));
  const start = 10 + bytes.readUInt16LE(8);
  return { dims, data: new Float32Array(Uint8Array.from(bytes.subarray(start)).buffer) };
}
