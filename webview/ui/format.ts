/** Bytes for people, in decimal units as file managers show them: "18.6 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[unit]}`;
}

/** A count, short above ten thousand: "163", "4.65 M". */
export function formatCount(count: number): string {
  if (count < 10_000) return group(count);
  const units = ["k", "M", "G", "T"];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[unit]}`;
}

/** All digits, grouped with thin spaces: "4 652 008". */
export function group(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** Milliseconds for people: "27 ms", "1.3 s", "2 min 5 s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1) return "under 1 ms";
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A shape: "N×3×224×224", "scalar" for no dims, "unknown shape" where there is none. */
export function formatShape(dims: readonly (number | string | null)[] | undefined): string {
  if (!dims) return "unknown shape";
  if (!dims.length) return "scalar";
  return dims.map((dim) => dim ?? "?").join("×");
}

/** "1 node", "163 nodes". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${group(count)} ${count === 1 ? one : many}`;
}
