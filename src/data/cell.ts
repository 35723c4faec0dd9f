/** A cell as a number, or undefined. "nan" and "inf" are numbers, as NumPy writes them. */
export function parseNumber(cell: string, decimal: "." | ","): number | undefined {
  const text = cell.trim();
  if (/^[-+]?(nan|inf(inity)?)$/i.test(text))
    return /nan/i.test(text) ? NaN : text.startsWith("-") ? -Infinity : Infinity;
  const plain = decimal === "," ? (text.includes(".") ? "" : text.replace(",", ".")) : text;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : undefined;
}

/** "1,5", as a good part of the world writes it. */
export function decimalComma(cell: string): boolean {
  return /^\s*[-+]?\d+,\d+(e[-+]?\d+)?\s*$/i.test(cell);
}
