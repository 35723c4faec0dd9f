/**
 * The small floating-point formats of ONNX, bit by bit. Formats are described by their layout, so that decoding is one
 * function: sign, exponent and mantissa bits, the exponent's bias, and what the largest exponent means.
 */

interface SmallFloat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /**
   * "ieee": the largest exponent is infinity and NaN. "all-ones": only the code with all bits set is NaN, no infinity.
   * "negative-zero": only the code of -0 is NaN. "finite": every code is a number.
   */
  readonly special: "ieee" | "all-ones" | "negative-zero" | "finite";
}

/**
 * Layouts by data type (float8: https://onnx.ai/onnx/technical/float8.html, float4 and float6: OCP Microscaling 1.0).
 */
export const SMALL_FLOATS = {
  float16: { exponentBits: 5, mantissaBits: 10, bias: 15, special: "ieee" },
  bfloat16: { exponentBits: 8, mantissaBits: 7, bias: 127, special: "ieee" },
  float8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, special: "all-ones" },
  float8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, special: "negative-zero" },
  float8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, special: "ieee" },
  float8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, special: "negative-zero" },
  float4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, special: "finite" },
  float6e2m3: { exponentBits: 2, mantissaBits: 3, bias: 1, special: "finite" },
  float6e3m2: { exponentBits: 3, mantissaBits: 2, bias: 3, special: "finite" },
} as const satisfies Readonly<Record<string, SmallFloat>>;

export type SmallFloatType = keyof typeof SMALL_FLOATS;

export function isSmallFloat(type: string): type is SmallFloatType {
  return type in SMALL_FLOATS;
}

/** The number a code (its bits as an unsigned integer) stands for. */
export function decodeSmallFloat(type: SmallFloatType, code: number): number {
  const { exponentBits, mantissaBits, bias, special } = SMALL_FLOATS[type] as SmallFloat;
  const sign = (code >>> (exponentBits + mantissaBits)) & 1 ? -1 : 1;
  const largest = (1 << exponentBits) - 1;
  const exponent = (code >>> mantissaBits) & largest;
  const mantissa = code & ((1 << mantissaBits) - 1);
  const full = 1 << mantissaBits;
  if (special === "ieee" && exponent === largest) return mantissa === 0 ? sign * Infinity : NaN;
  if (special === "all-ones" && exponent === largest && mantissa === full - 1) return NaN;
  if (special === "negative-zero" && sign < 0 && exponent === 0 && mantissa === 0) return NaN;
  return exponent === 0
    ? sign * mantissa * 2 ** (1 - bias - mantissaBits)
    : sign * (full + mantissa) * 2 ** (exponent - bias - mantissaBits);
}

/** float8e8m0, an unsigned power of two: 2^(code - 127); 255 is NaN. */
function decodeE8M0(code: number): number {
  return code === 255 ? NaN : 2 ** (code - 127);
}

/** A table of every code's number, for formats of up to 8 bits and float16. */
const tables = new Map<string, Float32Array>();

export function smallFloatTable(type: SmallFloatType | "float8e8m0"): Float32Array {
  let table = tables.get(type);
  if (table === undefined) {
    if (type === "float8e8m0") table = Float32Array.from({ length: 256 }, (_, code) => decodeE8M0(code));
    else {
      const { exponentBits, mantissaBits } = SMALL_FLOATS[type];
      table = Float32Array.from({ length: 2 ** (1 + exponentBits + mantissaBits) }, (_, code) =>
        decodeSmallFloat(type, code),
      );
    }
    tables.set(type, table);
  }
  return table;
}

/** An IEEE half's bits -> the number. */
export function halfToFloat(half: number): number {
  return smallFloatTable("float16")[half & 0xffff];
}

const scratch = new DataView(new ArrayBuffer(4));

/** A number -> the bits of the nearest IEEE half (ties to even; beyond 65504 infinity). */
export function floatToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent--;
  else if (2 ** (exponent + 1) <= size) exponent++;
  // A mantissa that rounds up to 1024 carries into the exponent, which the sum does by itself.
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024));
}

/** A number -> the bits of the nearest bfloat16 to its float32 (ties to even). */
export function floatToBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
