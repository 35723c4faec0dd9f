/**
 * A copy of plain data in which every typed array has a buffer of its own. VS Code posts a view's whole buffer, and
 * what comes from the engine or from the cache are views over one large message: without this each picture would carry
 * all the others.
 */
export function withOwnBuffers<T>(value: T, copies = new Map<ArrayBufferView, ArrayBufferView>()): T {
  if (ArrayBuffer.isView(value)) {
    if (isWhole(value)) return value;
    // What stands there twice is copied once.
    const copy = copies.get(value) ?? copyOf(value);
    copies.set(value, copy);
    return copy as T;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => withOwnBuffers(item, copies)) as T;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withOwnBuffers(item, copies)])) as T;
  }
  return value;
}

function isWhole(view: ArrayBufferView): boolean {
  return view.byteOffset === 0 && view.byteLength === view.buffer.byteLength;
}

function copyOf(view: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  if (view instanceof DataView) return new DataView(bytes.buffer);
  // Node's Buffer would come out of a Buffer constructor as a view over a pool again.
  const Kind = (view instanceof Uint8Array ? Uint8Array : view.constructor) as new (
    buffer: ArrayBuffer,
  ) => ArrayBufferView;
  return new Kind(bytes.buffer);
}
