/** What values and names may be like, whatever holds them: the same made of any artifact, or of any other data. */

export const derivations = [
  "huge values",
  "tiny values",
  "equal values",
  "NaN and infinite",
  "long names",
  "right to left",
] as const;

export type Derivation = (typeof derivations)[number];

/** Fields that hold one value, and those that hold many. (An axis has single ends, which stay as they are.) */
const valueFields = new Set(["value", "score"]);
const arrayFields = new Set(["values", "min", "max", "mean", "strength", "tiles", "y"]);
/** Fields that hold words for people, one or many. */
const wordFields = new Set([
  "title",
  "caption",
  "label",
  "class",
  "names",
  "name",
  "tokens",
  "channels",
  "reading",
  "help",
  "head",
  "why",
  "values",
]);

const values: Partial<Record<Derivation, (value: number, index: number) => number>> = {
  "huge values": (value) => value * 1e32,
  "tiny values": (value) => value * 1e-32,
  "equal values": () => 0,
  "NaN and infinite": (value, index) => [NaN, value, Infinity, value, -Infinity, value][index % 6],
};

const words: Partial<Record<Derivation, (word: string) => string>> = {
  "long names": (word) =>
    `${word || "unnamed"} of backbone.features.stage_3.block_11.residual_branch/conv_projection_with_a_name_that_does_not_end`,
  // "The striped cat sleeps" in Hebrew, a number in it, and the word itself.
  "right to left": (word) => `החתול המפוספס 3 ישן ${word}`.trim(),
};

/** The same data with other values, or other words. */
export function derive<T>(data: T, derivation: Derivation): T {
  const [value, word] = [values[derivation], words[derivation]];
  let count = 0;
  const visit = (part: unknown, field: string): unknown => {
    if (typeof part === "number") return value && valueFields.has(field) ? value(part, count++) : part;
    if (typeof part === "string") return word && wordFields.has(field) ? word(part) : part;
    if (part instanceof Float32Array || part instanceof Float64Array)
      return value && arrayFields.has(field) ? part.map((one, index) => value(one, index)) : part;
    if (Array.isArray(part)) return part.map((one) => visit(one, field));
    if (typeof part === "object" && part !== null && !ArrayBuffer.isView(part))
      return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, visit(inner, name)]));
    return part;
  };
  return visit(data, "") as T;
}
