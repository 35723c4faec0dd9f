/**
 * VS Code passes messages to webviews as JSON, typed arrays apart: NaN and infinities would arrive as null. The sender
 * packs them, the receiver unpacks them; everything else stays as it is.
 */
export function packNumbers(data: unknown): unknown {
  return mapData(data, (value) =>
    typeof value === "number" && !Number.isFinite(value) ? { [key]: String(value) } : value,
  );
}

export function unpackNumbers(data: unknown): unknown {
  return mapData(data, (value) => (isPacked(value) ? Number(value[key]) : value));
}

const key = "$number";

function isPacked(value: unknown): value is { readonly [key]: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    key in value &&
    typeof (value as Record<string, unknown>)[key] === "string"
  );
}

/** Plain data with `change` applied to each part; parts that it changes are not looked into. */
function mapData(data: unknown, change: (value: unknown) => unknown): unknown {
  const changed = change(data);
  if (changed !== data) return changed;
  if (Array.isArray(data)) return data.map((item) => mapData(item, change));
  if (typeof data === "object" && data !== null && Object.getPrototypeOf(data) === Object.prototype) {
    return Object.fromEntries(Object.entries(data).map(([name, item]) => [name, mapData(item, change)]));
  }
  return data;
}
