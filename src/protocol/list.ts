/**
 * Lists by commas, as a `baseline` is one. A part that holds a comma (a file's path) stands in double quotes, a double
 * quote in it twice: `"a, b.png", 0`. Spaces around parts do not count, empty parts neither.
 */
export function splitList(text: string): string[] {
  return [...text.matchAll(/\s*("(?:[^"]|"")*"|[^,]*)\s*(?:,|$)/g)]
    .map(([, part]) => (/^".*"$/s.test(part) ? part.slice(1, -1).replaceAll('""', '"') : part.trim()))
    .filter((part) => part !== "");
}

/** The list that `splitList` takes apart. */
export function joinList(parts: readonly string[]): string {
  return parts.map((part) => (/[",]|^\s|\s$/.test(part) ? `"${part.replaceAll('"', '""')}"` : part)).join(",");
}
