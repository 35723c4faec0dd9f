/** A Python string literal. JSON's escapes are all Python's, too. */
export function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Words for a comment or a docstring: on one line, and no end of the docstring, whatever a model's names hold. */
export function comment(value: string): string {
  return value
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .replace(/"""/g, "'''")
    .replace(/\\/g, "/")
    .trim()
    .slice(0, 300);
}

export function boolean(value: unknown): string {
  return value === true || value === "true" ? "True" : "False";
}

export function number(value: unknown): string {
  const found = Number(value);
  return Number.isFinite(found) ? String(found) : "0";
}

/** "(3, 17)", "(3,)": a Python tuple of numbers. */
export function tuple(values: readonly unknown[]): string {
  return `(${values.map(number).join(", ")}${values.length === 1 ? "," : ""})`;
}

export function list(values: readonly unknown[]): string {
  return `[${values.map(number).join(", ")}]`;
}

/** Numbers in a text, by commas. */
export function numbersIn(value: unknown): number[] {
  return String(value ?? "")
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number)
    .filter(Number.isFinite);
}
