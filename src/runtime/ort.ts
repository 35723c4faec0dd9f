import type * as OnnxRuntime from "onnxruntime-node";
import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-node";
import { ModelError } from "../model/errors.ts";
import type { DataType, ValueInfo } from "../model/graph.ts";
import { writeModel, type WritableModel } from "../model/formats/onnx/writer.ts";
import type { OpenModel } from "../model/open.ts";
import { faultyOptimizers, inCommonLocale, withoutMaps } from "./runnable.ts";
import { floatToHalf, halfToFloat } from "../model/small-floats.ts";
import { type TypedData } from "../model/tensor.ts";

/**
 * A tensor as the runtime takes and gives it. Data owns its memory; float16 is Uint16Array bits, bool is Uint8Array.
 */
export interface TensorValue {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: Exclude<TypedData, string[]> | readonly string[];
}

export type Feeds = Readonly<Record<string, TensorValue>>;

/** The newest ai.onnx opset that this ONNX Runtime runs. */
export const NEWEST_OPSET = 26;

export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** About what it takes while it does not run. */
  readonly bytes: number;
  /** About what a run takes beside that, where it was estimated. */
  readonly runBytes?: number;
  /** Runs the graph; `fetch` defaults to all outputs. Blocks the thread while ONNX Runtime works. */
  run(feeds: Feeds, fetch?: readonly string[]): Promise<Map<string, TensorValue>>;
  release(): Promise<void>;
}

export interface SessionOptions {
  readonly threads?: number;
  /** "disabled" makes a session quickly for a graph that runs once. */
  readonly optimization?: "disabled" | "basic" | "extended" | "all";
}

type Ort = typeof OnnxRuntime;
let loaded: Promise<Ort> | undefined;

/** onnxruntime-node, loaded when first needed. */
export async function loadOrt(): Promise<Ort> {
  loaded ??= import("onnxruntime-node").then((module) =>
    "default" in module ? (module as unknown as { default: Ort }).default : module,
  );
  return loaded;
}

export async function ortVersion(): Promise<string> {
  return (await loadOrt()).env.versions.node ?? "unknown";
}

/** Makes a session for a graph; large weights stay in the buffers that `open` keeps. */
export async function createSession(
  model: WritableModel,
  open: OpenModel,
  options: SessionOptions = {},
): Promise<Session> {
  const opset = model.opsets[""] ?? 1;
  if (opset > NEWEST_OPSET) {
    throw new ModelError(
      `The model uses opset ${opset}; the built-in ONNX Runtime (${await ortVersion()}) supports up to ${NEWEST_OPSET}. The model can be inspected but not run.`,
      open.path,
      `Export it with opset ${NEWEST_OPSET} or lower.`,
    );
  }
  const runnable = { ...model, graph: withoutMaps(model.graph) };
  try {
    return await sessionOf(runnable, open, options);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const graph = MISSING_LOCALE.test(messageOf(error)) ? inCommonLocale(runnable.graph) : undefined;
    if (!graph) throw runtimeError(error, "ONNX Runtime rejects the model");
    return sessionOf({ ...runnable, graph }, open, options).catch((second: unknown) => {
      throw runtimeError(second, "ONNX Runtime rejects the model");
    });
  }
}

/**
 * An input of which the rank is known, and no axis's length. Where ONNX Runtime (1.30) knows that two values have the
 * same shape, the later may take over the earlier's memory, which is then held from the first to the last of them,
 * however long it lies idle between. Where it does not know, it frees.
 */
export function withoutLengths(input: ValueInfo): ValueInfo {
  return input.type.kind === "tensor" && input.type.dims
    ? { ...input, type: { ...input.type, dims: input.type.dims.map(() => null) } }
    : input;
}

const MISSING_LOCALE = /Failed to construct locale with name:\s*(\S+?):/;

async function sessionOf(model: WritableModel, open: OpenModel, options: SessionOptions): Promise<Session> {
  const ort = await loadOrt();
  const written = writeModel(model, open);
  const faulty = faultyOptimizers(model.graph);
  const session = await ort.InferenceSession.create(written.bytes, {
    externalData: written.files.map(({ path, file }) => ({ path, data: open.fileBytes(file) })),
    graphOptimizationLevel: options.optimization ?? "all",
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    ...(faulty.length > 0 ? { extra: { optimization: { disable_specified_optimizers: faulty.join(";") } } } : {}),
    executionProviders: ["cpu"],
    logSeverityLevel: 4,
    // Its arena keeps what a run took at most until the session ends, and grows in powers of two; without it runs take
    // as long.
    enableCpuMemArena: false,
    enableMemPattern: false,
  });
  return new OrtSession(session, ort, sessionBytes(model, written.bytes.length));
}

/**
 * Makes a session for a model file as it lies on disk, with the external data beside it: what anybody's ONNX Runtime
 * makes of it.
 */
export async function openSession(path: string, options: SessionOptions = {}): Promise<Session> {
  const ort = await loadOrt();
  try {
    const session = await ort.InferenceSession.create(path, {
      executionProviders: ["cpu"],
      logSeverityLevel: 4,
      ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    });
    return new OrtSession(session, ort);
  } catch (error) {
    throw runtimeError(error, "ONNX Runtime rejects the model");
  }
}

/** Graph, kernels and threads of a session, whatever its weights. */
const SESSION_BYTES = 8 * 2 ** 20;
/** ONNX Runtime copies weights and packs them for its kernels. */
const COPIES_OF_WEIGHTS = 2;

/** About what a session takes while it does not run. */
function sessionBytes({ graph }: WritableModel, written: number): number {
  const weights = graph.initializers.reduce(
    (sum, { storage }) => sum + (storage.kind === "file" ? storage.length : 0),
    0,
  );
  return SESSION_BYTES + COPIES_OF_WEIGHTS * (weights + written);
}

class OrtSession implements Session {
  constructor(
    private readonly session: InferenceSession,
    private readonly ort: Ort,
    readonly bytes = SESSION_BYTES,
  ) {}

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }
  get outputs(): readonly string[] {
    return this.session.outputNames;
  }

  async run(feeds: Feeds, fetch?: readonly string[]): Promise<Map<string, TensorValue>> {
    const inputs = Object.fromEntries(
      this.inputs.filter((name) => feeds[name]).map((name) => [name, toOrt(this.ort, feeds[name])]),
    );
    let outputs: InferenceSession.OnnxValueMapType;
    try {
      outputs = fetch ? await this.session.run(inputs, [...fetch]) : await this.session.run(inputs);
    } catch (error) {
      throw runtimeError(error, "ONNX Runtime failed while it ran the model");
    }
    return new Map(Object.entries(outputs).map(([name, value]) => [name, fromOrt(value as Tensor)]));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function toOrt(ort: Ort, value: TensorValue): Tensor {
  const type = value.dataType as Tensor.Type;
  return new ort.Tensor(type, value.data as never, value.dims) as TypedTensor<Tensor.Type>;
}

function fromOrt(value: Tensor): TensorValue {
  const data = value.data as TensorValue["data"];
  // Newer Nodes have a Float16Array, and then ONNX Runtime gives one; here half floats are their bits.
  const bits =
    value.type === "float16" && ArrayBuffer.isView(data)
      ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
      : data;
  return { dataType: value.type as DataType, dims: [...value.dims], data: bits };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** ONNX Runtime's message without its own source positions; operators it does not know are said plainly. */
function runtimeError(error: unknown, what: string): ModelError {
  const text = messageOf(error);
  const locale = MISSING_LOCALE.exec(text)?.[1];
  const unknown =
    /(\S*?)\(?(-?\d+)?\)? is not a registered function\/op|No Op registered for (\S+)|Could not find an implementation for (\S+)/.exec(
      text,
    );
  const plain = text
    .replace(/\/\S+?\.(?:cc|h):\d+ \S.*?(?:\) |\n)/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const node = /[Nn]ode(?: with name)?[:\s]+\(?["']?([^"'()\s]+)/.exec(text)?.[1];
  const failure = (why: string, hint?: string): ModelError => new ModelError(`${what}: ${why}`, node, hint);
  if (unknown) {
    const known = /Could not find an implementation/.test(text);
    // A standard operator without a kernel is one of a type that few run in.
    const hint = known
      ? "The operator is standard, but not for this type: ONNX Runtime supports few float64 and bfloat16 operators on the CPU. Convert the model to float32 before exporting: model.float()."
      : "Re-export it with standard ONNX operators.";
    return failure(
      `it has no implementation of an operator (${plain}).`,
      `The model can be inspected but not run. ${hint}`,
    );
  }
  if (locale !== undefined)
    return failure(
      `StringNormalizer takes the locale ${locale}, which this machine does not have.`,
      "Install it (on Debian and Ubuntu the package locales), or export the model with another one.",
    );
  const outside = /idx=(-?\d+) must be within the inclusive range \[-?\d+,\s*(\d+)\]/.exec(text);
  if (outside)
    return failure(
      `the index ${outside[1]} is out of range for a table of ${Number(outside[2]) + 1} rows, 0 to ${outside[2]}${node ? ` (${node})` : ""}.`,
      "Token IDs, categories or indices in the input or the baseline belong to another vocabulary.",
    );
  if (/bad_alloc|Failed to allocate memory|out of memory/i.test(text))
    return failure(`there is not enough memory (${plain}).`, "Close other models, or use a smaller input.");
  if (/Non tensor type is temporarily not supported/.test(text))
    return failure(
      "a requested value is a list, a map or an optional, and ONNX Runtime for Node.js returns only tensors.",
      "Choose a tensor output; `run --fetch` unpacks lists and ZipMap's maps.",
    );
  return failure(plain);
}

/** Any numeric tensor as float32. */
export function floatsOf(value: TensorValue): Float32Array {
  const { data } = value;
  if (data instanceof Float32Array) return data;
  if (value.dataType === "float16") return Float32Array.from(data as Uint16Array, halfToFloat);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  if (Array.isArray(data))
    throw new ModelError(
      "The values are text, not numbers.",
      undefined,
      "`run --fetch` writes them as .json; methods need a numeric input and output.",
    );
  return Float32Array.from(data as Float64Array);
}

export function numbersOf(value: TensorValue): number[] {
  if (value.dataType === "float16") return Array.from(value.data as Uint16Array, halfToFloat);
  return Array.from(value.data as ArrayLike<unknown>, Number);
}

/** A float tensor as the float32 that specialised graphs take; integers and others as they are. */
export function asFloat32(value: TensorValue): TensorValue {
  return value.dataType === "float16" || value.dataType === "float64"
    ? { dataType: "float32", dims: value.dims, data: floatsOf(value) }
    : value;
}

/** Integers as the arrays that ONNX Runtime takes. */
const INTEGERS: Partial<Record<DataType, (data: Float32Array) => TensorValue["data"]>> = {
  int64: (data) => BigInt64Array.from(data, (value) => BigInt(Math.round(value))),
  uint64: (data) => BigUint64Array.from(data, (value) => BigInt(Math.round(value))),
  int32: (data) => Int32Array.from(data, Math.round),
  uint32: (data) => Uint32Array.from(data, Math.round),
  int16: (data) => Int16Array.from(data, Math.round),
  uint16: (data) => Uint16Array.from(data, Math.round),
  int8: (data) => Int8Array.from(data, Math.round),
  uint8: (data) => Uint8Array.from(data, Math.round),
  bool: (data) => Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
};

/** float32 numbers as a tensor of the type that a model's input has; for integers, whole ones. */
export function fromFloat32(dataType: DataType, dims: readonly number[], data: Float32Array): TensorValue {
  const integers = INTEGERS[dataType];
  if (integers) return { dataType, dims, data: integers(data) };
  if (dataType === "float16") return { dataType, dims, data: Uint16Array.from(data, floatToHalf) };
  if (dataType === "float64") return { dataType, dims, data: Float64Array.from(data) };
  return { dataType: "float32", dims, data };
}
