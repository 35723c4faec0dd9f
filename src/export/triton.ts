import type { ExportedValue, ExportReport } from "../protocol/export.ts";
import { UsageError } from "../model/errors.ts";

/** Triton's names for element types (model_config.proto). */
const TYPES: Readonly<Record<string, string>> = {
  float32: "TYPE_FP32",
  float16: "TYPE_FP16",
  float64: "TYPE_FP64",
  bfloat16: "TYPE_BF16",
  bool: "TYPE_BOOL",
  string: "TYPE_STRING",
  int8: "TYPE_INT8",
  int16: "TYPE_INT16",
  int32: "TYPE_INT32",
  int64: "TYPE_INT64",
  uint8: "TYPE_UINT8",
  uint16: "TYPE_UINT16",
  uint32: "TYPE_UINT32",
  uint64: "TYPE_UINT64",
};

/** Samples that Triton may put into one batch: few, for an explanation takes the memory of a training step. */
const MOST_SAMPLES = 8;

/**
 * The config.pbtxt that Triton's ONNX Runtime backend wants beside an exported model. Where any batch goes, Triton
 * batches: every input and output must then have the batch as its first axis, which `dims` leaves out.
 */
export function tritonConfig(
  { inputs, outputs, batch }: Pick<ExportReport, "inputs" | "outputs" | "batch">,
  name: string,
): string {
  // Whether the model's path was the same is one answer for the whole batch, which Triton could not share out.
  const shared = batch === "any" ? outputs.filter(({ dims }) => dims.length > 0) : outputs;
  const batched = batch === "any" && [...inputs, ...shared].every(hasBatch);
  const kept = batched ? shared : outputs;
  const list = (kind: "input" | "output", values: readonly ExportedValue[]): string =>
    `${kind} [\n${values.map((value) => entry(value, batched)).join(",\n")}\n]`;
  return [
    `name: ${quoted(name)}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${batched ? MOST_SAMPLES : 0}`,
    list("input", inputs),
    list("output", kept),
    ...(batched ? ["dynamic_batching { }"] : []),
  ]
    .join("\n")
    .concat("\n");
}

function hasBatch({ dims }: ExportedValue): boolean {
  return dims.length > 0 && typeof dims[0] === "string" && dims[0] !== "?";
}

function entry({ name, dataType, dims, optional }: ExportedValue, batched: boolean): string {
  const type = TYPES[dataType];
  if (!type) throw new UsageError(`Triton has no data type for "${name}", which is ${dataType}.`, name);
  const inner = (batched ? dims.slice(1) : dims).map((dim) => (typeof dim === "number" ? dim : -1));
  // Triton has no empty shape: one number for each sample is [ 1 ] outside and [ ] in the model.
  const shape =
    inner.length > 0 ? [`    dims: [ ${inner.join(", ")} ]`] : ["    dims: [ 1 ]", "    reshape: { shape: [ ] }"];
  return [
    "  {",
    `    name: ${quoted(name)}`,
    `    data_type: ${type}`,
    ...shape,
    ...(optional ? ["    optional: true"] : []),
    "  }",
  ].join("\n");
}

/** A string as protobuf's text format has it. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}
