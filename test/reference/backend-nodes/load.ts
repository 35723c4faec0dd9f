import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { TensorValue } from "../../../src/runtime/ort.ts";

/** A node test of the ONNX standard with the derivatives of a weighted sum of its float outputs. */
export interface NodeCase {
  readonly name: string;
  /** The operator that it is about; of an expanded function, the function. */
  readonly operator: string;
  /** Why there are no numbers: a kink, no reference, or types that cannot be fed. */
  readonly skip: string | undefined;
  readonly model: Uint8Array;
  /** How many single derivatives were left out because they lie on a kink. */
  readonly kinks: number;
  /** The weighted sum of the float outputs, by onnx.reference. */
  readonly score: number;
  readonly inputs: readonly (TensorValue & { readonly name: string })[];
  readonly seeds: readonly { readonly output: string; readonly data: Float32Array }[];
  readonly gradients: readonly {
    readonly input: string;
    /** Flat indices along which the derivative was taken; then whole directions, in 64ths. */
    readonly coordinates: readonly number[];
    readonly directions: readonly Int8Array[];
    readonly derivatives: readonly number[];
  }[];
}

const VIEWS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

interface Place {
  readonly offset: number;
  readonly length: number;
}
interface StoredArray extends Place {
  readonly dataType: keyof typeof VIEWS;
  readonly dims: readonly number[];
}
interface StoredCase {
  readonly name: string;
  readonly operator: string;
  readonly skip?: string;
  readonly score?: number;
  readonly kinks?: number;
  readonly model: Place;
  readonly inputs?: readonly (StoredArray & { readonly name: string })[];
  readonly seeds?: readonly (StoredArray & { readonly output: string })[];
  readonly gradients?: readonly {
    readonly input: string;
    readonly coordinates: readonly number[];
    readonly derivatives: readonly number[];
    readonly directions: readonly StoredArray[];
  }[];
}

/** All cases that make.py packed. */
export function loadNodeCases(folder = dirname(fileURLToPath(import.meta.url))): NodeCase[] {
  const packed = gunzipSync(readFileSync(join(folder, "backend-nodes.bin.gz")));
  const stored = JSON.parse(
    gunzipSync(readFileSync(join(folder, "cases.json.gz"))).toString("utf8"),
  ) as readonly StoredCase[];
  const bytes = ({ offset, length }: Place): Uint8Array => Uint8Array.from(packed.subarray(offset, offset + length));
  const array = (place: StoredArray): TensorValue => ({
    dataType: place.dataType,
    dims: place.dims,
    data: new VIEWS[place.dataType](bytes(place).buffer as ArrayBuffer),
  });
  return stored.map((one) => ({
    name: one.name,
    operator: one.operator,
    skip: one.skip,
    score: one.score ?? NaN,
    kinks: one.kinks ?? 0,
    model: bytes(one.model),
    inputs: (one.inputs ?? []).map((input) => ({ name: input.name, ...array(input) })),
    seeds: (one.seeds ?? []).map((seed) => ({ output: seed.output, data: array(seed).data as Float32Array })),
    gradients: (one.gradients ?? []).map(({ directions, ...rest }) => ({
      ...rest,
      directions: directions.map((direction) => array(direction).data as Int8Array),
    })),
  }));
}
