/**
 * Messages with long arrays, in pieces: whoever gets one may do other things between them, and no array is serialised
 * with all that is around it. An array that stands in a message twice goes once, and stands there twice again.
 */

/** Shorter arrays go along in the message. */
const LONG = 2 ** 20;
/** The most bytes that a piece holds. */
export const PIECE = 4 * 2 ** 20;

const KINDS = {
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};
type Kind = keyof typeof KINDS;

/** An array that was taken out of a message. */
export interface LongArray {
  readonly kind: Kind;
  /** In bytes. */
  readonly length: number;
}

/** Plain data without its long arrays (each replaced by its number), and those. */
export function takeArrays(data: unknown): {
  readonly rest: unknown;
  readonly arrays: readonly ArrayBufferView[];
  readonly kinds: readonly LongArray[];
} {
  const numbers = new Map<ArrayBufferView, number>();
  const rest = changed(data, (value) => {
    if (!ArrayBuffer.isView(value) || value.byteLength < LONG) return value;
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return { [KEY]: numbers.get(value) };
  });
  const arrays = [...numbers.keys()];
  return { rest, arrays, kinds: arrays.map((array) => ({ kind: kindOf(array), length: array.byteLength })) };
}

/** The data again. Each buffer becomes the array's own. */
export function putArrays(rest: unknown, kinds: readonly LongArray[], buffers: readonly ArrayBuffer[]): unknown {
  const arrays = buffers.map((buffer, index) => new KINDS[kinds[index].kind](buffer));
  return changed(rest, (value) => (isNumbered(value) ? arrays[value[KEY]] : value));
}

type Part =
  | {
      readonly piece: number;
      readonly array: number;
      readonly at: number;
      readonly length: number;
      readonly bytes: Uint8Array;
    }
  | { readonly pieces: number; readonly kinds: readonly LongArray[]; readonly rest: unknown };

let sent = 0;

/** What is to be posted for a message, in order: itself where it has no long arrays. */
export function* partsOf(message: unknown): Generator<unknown> {
  const { rest, arrays, kinds } = takeArrays(message);
  if (arrays.length === 0) return void (yield message);
  const id = sent++;
  for (const [array, { buffer, byteOffset, byteLength }] of arrays.entries()) {
    for (let at = 0; at < byteLength; at += PIECE) {
      yield {
        piece: id,
        array,
        at,
        length: byteLength,
        bytes: new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at)),
      } satisfies Part;
    }
  }
  yield { pieces: id, kinds, rest } satisfies Part;
}

/** Puts messages together again. */
export class Assembly {
  private readonly buffers = new Map<number, ArrayBuffer[]>();

  constructor(private readonly receive: (message: unknown) => void) {}

  /** A part, or a message that came whole. */
  take(part: unknown): void {
    if (!isPart(part)) return this.receive(part);
    if ("pieces" in part) {
      const buffers = this.buffers.get(part.pieces) ?? [];
      this.buffers.delete(part.pieces);
      return this.receive(putArrays(part.rest, part.kinds, buffers));
    }
    const buffers = this.buffers.get(part.piece) ?? [];
    this.buffers.set(part.piece, buffers);
    buffers[part.array] ??= new ArrayBuffer(part.length);
    new Uint8Array(buffers[part.array]).set(part.bytes, part.at);
  }
}

const KEY = "$array";

function isNumbered(value: unknown): value is { readonly [KEY]: number } {
  return (
    typeof value === "object" &&
    value !== null &&
    KEY in value &&
    typeof (value as Record<string, unknown>)[KEY] === "number"
  );
}

function isPart(data: unknown): data is Part {
  if (typeof data !== "object" || data === null) return false;
  const { piece, pieces, bytes, kinds } = data as Record<string, unknown>;
  return (
    (typeof piece === "number" && bytes instanceof Uint8Array) || (typeof pieces === "number" && Array.isArray(kinds))
  );
}

function kindOf(array: ArrayBufferView): Kind {
  // Node's Buffer comes out as the bytes it is.
  const found = (Object.keys(KINDS) as Kind[]).find((kind) => array instanceof KINDS[kind]);
  if (!found) throw new TypeError("This type of array cannot be sent.");
  return found;
}

/**
 * Plain data with `change` applied to each part; parts that it changes are not looked into. What has nothing to change
 * stays the very same object.
 */
function changed(data: unknown, change: (value: unknown) => unknown): unknown {
  const own = change(data);
  if (own !== data) return own;
  if (Array.isArray(data)) {
    let same = true;
    const items = data.map((item: unknown) => {
      const next = changed(item, change);
      if (next !== item) same = false;
      return next;
    });
    return same ? data : items;
  }
  if (typeof data !== "object" || data === null || Object.getPrototypeOf(data) !== Object.prototype) return data;
  let same = true;
  const entries = Object.entries(data).map(([key, item]) => {
    const next = changed(item, change);
    if (next !== item) same = false;
    return [key, next] as const;
  });
  return same ? data : Object.fromEntries(entries);
}
