import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Attribute, DataType, Node, TensorRef } from "../../src/model/graph.ts";
import { writeModel } from "../../src/model/formats/onnx/index.ts";
import { tensorFromArray } from "../../src/model/tensor.ts";
import { sourceOf, type Job, type Source } from "../../src/protocol/job.ts";
import { NO_RECIPE } from "../../src/protocol/recipe.ts";
import type { Progress } from "../../src/protocol/engine.ts";
import type { WholeResult } from "../../src/protocol/result.ts";
import { encodeNpyArray } from "../../src/draw/encode/npy.ts";
import type { ModelCache } from "../../src/runtime/model-cache.ts";
import { takesInput } from "../../src/protocol/technique.ts";
import { findTechnique, runJob } from "../../src/techniques/framework/run.ts";

export interface SmallModel {
  readonly opset?: number;
  readonly domains?: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, readonly [DataType, ...(number | string)[]]>>;
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly weights?: readonly TensorRef[];
}

/** Writes a model made of a few nodes; its path. */
export function writeSmallModel(folder: string, name: string, model: SmallModel): string {
  const { bytes } = writeModel(
    {
      irVersion: 9,
      producer: "test",
      opsets: { "": model.opset ?? 17, ...model.domains },
      graph: {
        name: "small",
        nodes: model.nodes,
        initializers: model.weights ?? [],
        sparseInitializers: [],
        valueInfo: [],
        inputs: Object.entries(model.inputs).map(([input, [dataType, ...dims]]) => ({
          name: input,
          type: { kind: "tensor", dataType, dims },
        })),
        outputs: model.outputs.map((output) => ({ name: output, type: { kind: "unknown" } })),
      },
    },
    { bytesOf: ({ storage }) => (storage.kind === "bytes" ? storage.bytes : new Uint8Array()) },
  );
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = "",
): Node {
  return {
    name: outputs[0] === undefined ? "" : `${opType}_${outputs[0]}`,
    opType,
    domain,
    inputs,
    outputs,
    attributes,
  };
}

/** Attributes. */
export const int = (value: number): { type: "int"; value: number } => ({ type: "int", value });
export const ints = (...value: number[]): { type: "ints"; value: number[] } => ({ type: "ints", value });

export function weight(
  name: string,
  dims: readonly number[],
  numbers: ArrayLike<number>,
  dataType: DataType = "float32",
): TensorRef {
  return tensorFromArray(name, dataType, dims, numbers);
}

/** Writes an array as .npy; its path. */
export function writeArray(
  folder: string,
  name: string,
  dims: readonly number[],
  numbers: ArrayLike<number>,
  type: "float32" | "int64" = "float32",
): string {
  const data = type === "float32" ? Float32Array.from(numbers) : BigInt64Array.from(Array.from(numbers, BigInt));
  const path = join(folder, name);
  writeFileSync(path, encodeNpyArray(dims, type, new Uint8Array(data.buffer)));
  return path;
}

/** Runs a technique on arrays, with no recipe; one of the model alone on none. */
export async function runOn(
  models: ModelCache,
  model: string,
  input: string | Readonly<Record<string, string>>,
  technique: string,
  { more = [], ...rest }: Partial<Job> & { readonly more?: readonly Readonly<Record<string, string>>[] } = {},
  progress: (progress: Progress) => void = () => undefined,
): Promise<WholeResult> {
  const inputs = typeof input === "string" ? { "": input } : input;
  const source: Source = takesInput(findTechnique(technique).info) ? sourceOf([inputs, ...more]) : { kind: "none" };
  return runJob(
    { technique, model, source, recipe: NO_RECIPE, params: {}, ...rest },
    { models, progress, signal: new AbortController().signal },
  );
}
