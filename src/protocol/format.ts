/** Numbers, sizes, times and shapes in words: one way to write each, for the window, the command line and messages. */

/**
 * A value in a picture or the window: at most four significant digits (whole numbers below a million are exact), a real minus sign, an
 * exponent where the number is very large or small: "0.4051", "−3", "1.25e−7", "NaN", "∞".
 */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 ? "−" : "";
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return `${sign}∞`;
  if (magnitude === 0) return "0";
  if (Number.isInteger(magnitude) && magnitude < 1e6) return sign + magnitude;
  const rounded = Number(magnitude.toPrecision(4));
  if (rounded >= 1e-4 && rounded < 1e5) return sign + rounded;
  const [digits, exponent] = rounded.toExponential().split("e");
  return `${sign}${digits}e${exponent.replace("+", "").replace("-", "−")}`;
}

/** A place or a count, all its digits and a real minus sign: "1281000". */
export function formatWhole(value: number): string {
  return Number.isInteger(value) ? `${value < 0 ? "−" : ""}${BigInt(Math.abs(value))}` : formatValue(value);
}

/** A number in a sentence, as a person may copy it: "0.4051", "-3", "1.25e-7". */
export function formatNumber(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** The shortest decimal that reads back as the same float32. */
export function decimalOfFloat32(value: number): number {
  // Six digits of a float32 always hold; a shorter decimal is what they round to, but for the smallest numbers.
  for (let digits = Math.abs(value) < 2 ** -126 ? 1 : 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return Number(value.toPrecision(9));
}

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

/** Bytes in the unit of the memory settings, 2^20 bytes: "1,240 MB". */
export function formatMemory(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MB`;
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

/** A fraction as percent, without a space as VS Code writes it: "58%"; to so many significant digits "40.51%". */
export function formatPercent(fraction: number, significant?: number): string {
  const percent = 100 * fraction;
  if (significant === undefined) return `${Math.round(percent)}%`;
  return `${formatValue(Number(percent.toPrecision(significant)))}%`;
}

/** A probability beside a name: "39.6%", "0.012%". */
export function formatShare(fraction: number): string {
  const percent = 100 * fraction;
  return percent >= 0.1 || percent === 0 ? `${percent.toFixed(1)}%` : formatPercent(fraction, 2);
}

/** How many threads run a model: "2 threads"; "automatic number of threads (4 processors)" where ONNX Runtime chooses. */
export function formatThreads({
  threads,
  processors,
}: {
  readonly threads: number;
  readonly processors?: number;
}): string {
  if (threads > 0) return plural(threads, "thread");
  return `automatic number of threads${processors === undefined ? "" : ` (${plural(processors, "processor")})`}`;
}
