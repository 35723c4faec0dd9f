import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** An array of a case, in the order of its dims (row-major). */
export interface CaseArray {
  readonly name: string;
  readonly dataType: CaseDataType;
  readonly dims: readonly number[];
  readonly data: CaseData;
}

/** One operator with inputs, expected outputs and expected gradients. */
export interface OperatorCase {
  readonly name: string;
  /** The operator under test; the model's node of this case is called "the_node". */
  readonly operator: string;
  readonly opset: number;
  /** Where the numbers come from: "onnx.reference central differences", "torch float64" or "by hand". */
  readonly how: string;
  /** Inputs lie on a kink: the expected gradient is a convention, which `note` states. */
  readonly kink: boolean;
  readonly note: string;
  /** An .onnx file, float32. */
  readonly model: Uint8Array;
  /** All graph inputs, integer and boolean ones included. */
  readonly inputs: readonly CaseArray[];
  /** All graph outputs: float64 for float outputs. */
  readonly outputs: readonly CaseArray[];
  /** For each float output (`name` is the output's): the gradient that arrives there, float32. */
  readonly seeds: readonly (CaseArray & { readonly data: Float32Array })[];
  /** For each float32 input (`name` is the input's): the gradient of sum(seed * output) over all seeds, float64. */
  readonly gradients: readonly (CaseArray & { readonly data: Float64Array })[];
}

export type CaseData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Int8Array | Uint16Array;
/** numpy's names; bool is one byte per element, float16 its bits. */
export type CaseDataType = keyof typeof VIEWS;

const VIEWS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  float16: Uint16Array,
} as const;

interface StoredPlace {
  readonly offset: number;
  readonly length: number;
}

interface StoredArray extends StoredPlace {
  readonly dataType: CaseDataType;
  readonly dims: readonly number[];
}

interface StoredCase {
  readonly name: string;
  readonly operator: string;
  readonly opset: number;
  readonly how: string;
  readonly kink?: true;
  readonly note?: string;
  readonly model: StoredPlace;
  readonly inputs: readonly (StoredArray & { readonly name: string })[];
  readonly outputs: readonly (StoredArray & { readonly name: string })[];
  readonly seeds: readonly (StoredArray & { readonly output: string })[];
  readonly gradients: readonly (StoredArray & { readonly input: string })[];
}

/** All operator cases that make.py wrote. Arrays are copies: a test may change them. */
export function loadCases(): OperatorCase[] {
  const folder = dirname(fileURLToPath(import.meta.url));
  const packed = readFileSync(join(folder, "operators.bin"));
  const stored = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as readonly StoredCase[];

  const bytes = ({ offset, length }: StoredPlace): Uint8Array =>
    Uint8Array.from(packed.subarray(offset, offset + length));
  const array = (name: string, place: StoredArray): CaseArray => {
    const data = new VIEWS[place.dataType](bytes(place).buffer as ArrayBuffer);
    return { name, dataType: place.dataType, dims: place.dims, data };
  };
  const typed = <T extends CaseData>(name: string, place: StoredArray): CaseArray & { readonly data: T } =>
    array(name, place) as CaseArray & { readonly data: T };

  return stored.map((one) => ({
    name: one.name,
    operator: one.operator,
    opset: one.opset,
    how: one.how,
    kink: one.kink ?? false,
    note: one.note ?? "",
    model: bytes(one.model),
    inputs: one.inputs.map((input) => array(input.name, input)),
    outputs: one.outputs.map((output) => array(output.name, output)),
    seeds: one.seeds.map((seed) => typed<Float32Array>(seed.output, seed)),
    gradients: one.gradients.map((gradient) => typed<Float64Array>(gradient.input, gradient)),
  }));
}
