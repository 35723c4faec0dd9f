import { DataError } from "../model/errors.ts";
import { floatToHalf, halfToFloat } from "../model/small-floats.ts";

/** Element types that a sample can have. */
export type ElementType =
  | "float32"
  | "float64"
  | "float16"
  | "int64"
  | "uint64"
  | "int32"
  | "uint32"
  | "int16"
  | "uint16"
  | "int8"
  | "uint8"
  | "bool";

/** What ONNX Runtime takes: float16 as its bits in a Uint16Array, bool as bytes. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

interface ElementInfo {
  /** Bytes. */
  readonly size: number;
  readonly view: (buffer: ArrayBuffer) => TensorData;
  readonly isFloat: boolean;
}

export const elementTypes: Readonly<Record<ElementType, ElementInfo>> = {
  float32: { size: 4, view: (buffer) => new Float32Array(buffer), isFloat: true },
  float64: { size: 8, view: (buffer) => new Float64Array(buffer), isFloat: true },
  float16: { size: 2, view: (buffer) => new Uint16Array(buffer), isFloat: true },
  int64: { size: 8, view: (buffer) => new BigInt64Array(buffer), isFloat: false },
  uint64: { size: 8, view: (buffer) => new BigUint64Array(buffer), isFloat: false },
  int32: { size: 4, view: (buffer) => new Int32Array(buffer), isFloat: false },
  uint32: { size: 4, view: (buffer) => new Uint32Array(buffer), isFloat: false },
  int16: { size: 2, view: (buffer) => new Int16Array(buffer), isFloat: false },
  uint16: { size: 2, view: (buffer) => new Uint16Array(buffer), isFloat: false },
  int8: { size: 1, view: (buffer) => new Int8Array(buffer), isFloat: false },
  uint8: { size: 1, view: (buffer) => new Uint8Array(buffer), isFloat: false },
  bool: { size: 1, view: (buffer) => new Uint8Array(buffer), isFloat: false },
};

const largestFloat: Readonly<Partial<Record<ElementType, string>>> = {
  float16: "65504",
  float32: "3.4028e38",
  float64: "1.7977e308",
};

/**
 * A model input's element type, of numbers. Throws a DataError for one that no sample can have (maps, sequences, 4-bit
 * numbers ...).
 */
export function elementTypeOf(type: string, input: string): ElementType {
  if (type in elementTypes) return type as ElementType;
  if (type === "string")
    throw new DataError(
      `The input "${input}" takes text, not numbers.`,
      undefined,
      "Give a table row (.csv), one text (.txt) or a list (.json).",
    );
  if (/^(map|sequence|optional)\(/.test(type)) {
    throw new DataError(
      `The input "${input}" is a ${type}, which ONNX Runtime for Node.js does not accept.`,
      undefined,
      "Convert the model to take tensors, and move the step that builds lists or maps to the calling program.",
    );
  }
  if (/^(bfloat16|float8|u?int4|float4|u?int2)/.test(type)) {
    throw new DataError(
      `The input "${input}" takes ${type}, which ONNX Runtime for Node.js does not accept.`,
      undefined,
      `Export the model with float32 inputs, followed by a Cast to ${type}.`,
    );
  }
  throw new DataError(
    `The input "${input}" takes ${type}, which cannot be made from a file.`,
    undefined,
    `Supported input types: ${Object.keys(elementTypes).join(", ")}, string.`,
  );
}

/** Numbers as elements of another type; integers are rounded and held to their range, floats rounded to nearest. */
export function fromNumbers(values: ArrayLike<number>, type: ElementType): TensorData {
  const data = elementTypes[type].view(new ArrayBuffer(values.length * elementTypes[type].size));
  if (type === "float16") for (let i = 0; i < values.length; i++) data[i] = floatToHalf(values[i]);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) data[i] = BigInt(Math.round(values[i]) || 0);
  } else if (elementTypes[type].isFloat) (data as Float32Array).set(values);
  else {
    const [least, most] = type === "bool" ? [0, 1] : integerRange(type);
    for (let i = 0; i < values.length; i++) data[i] = Math.max(least, Math.min(most, Math.round(values[i]) || 0));
  }
  return data;
}

/** Elements as numbers; int64 beyond 2^53 are rounded. */
export function toNumbers(data: TensorData, type: ElementType): ArrayLike<number> {
  if (type === "float16") return Float32Array.from(data as Uint16Array, halfToFloat);
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data;
}

/**
 * An array in the model's type. Between floats values are rounded (float64 to float32), otherwise every value must come
 * out as it was: integers that fit, floats that are whole numbers. Throws a DataError that names the first value that
 * does not.
 */
export function convertElements(
  data: TensorData,
  from: ElementType,
  to: ElementType,
  where: string | undefined,
): TensorData {
  if (from === to) return data;
  const bothFloat = elementTypes[from].isFloat && elementTypes[to].isFloat;
  const fail = (value: number | bigint, i: number): DataError =>
    bothFloat
      ? new DataError(
          `The array is ${from} but the model takes ${to}, whose largest value is ${largestFloat[to]}: the value ${value} at position ${i} would be infinite.`,
          where,
          "Scale the values as in training.",
        )
      : new DataError(
          `The array is ${from} but the model takes ${to}, which cannot represent the value ${value} at position ${i} exactly.`,
          where,
          `Save it as ${to}, for example: numpy.save(file, array.astype('${to}')).`,
        );
  const wide = elementTypes[to].view(new ArrayBuffer(0));
  if ([data, wide].some((one) => one instanceof BigInt64Array || one instanceof BigUint64Array)) {
    return convertThroughBigInt(data, from, to, fail);
  }
  const numbers = toNumbers(data, from);
  const converted = fromNumbers(numbers, to);
  const back = toNumbers(converted, to);
  const rounds = elementTypes[from].isFloat && elementTypes[to].isFloat;
  for (let i = 0; i < numbers.length; i++) {
    const kept = rounds
      ? Number.isFinite(back[i]) || !Number.isFinite(numbers[i])
      : Object.is(back[i] + 0, numbers[i] + 0);
    if (!kept) throw fail(numbers[i], i);
  }
  return converted;
}

function convertThroughBigInt(
  data: TensorData,
  from: ElementType,
  to: ElementType,
  fail: (value: number | bigint, i: number) => DataError,
): TensorData {
  const source = data instanceof BigInt64Array || data instanceof BigUint64Array ? data : toNumbers(data, from);
  const target = elementTypes[to].view(new ArrayBuffer(data.length * elementTypes[to].size));
  for (let i = 0; i < data.length; i++) {
    const value = source[i];
    if (typeof value === "number" && !Number.isInteger(value)) throw fail(value, i);
    if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
      target[i] = BigInt(value);
      if (target[i] !== BigInt(value)) throw fail(value, i);
    } else {
      const single = fromNumbers([Number(value)], to);
      if (BigInt(Math.trunc(finite(toNumbers(single, to)[0]))) !== value) throw fail(value, i);
      target[i] = single[0] as number;
    }
  }
  return target;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0.5;
}

function integerRange(type: ElementType): readonly [number, number] {
  const bits = 8 * elementTypes[type].size;
  return type.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
