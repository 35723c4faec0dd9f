/**
 * How VS Code's command palette finds and sorts what was typed, without history: a title matches where it contains the
 * text, or where the text is made of beginnings of its words, in order; matches are sorted alphabetically, and an exact
 * one is not preferred.
 */
export function paletteMatches(typed: string, titles: readonly string[]): string[] {
  return titles.filter((title) => isMatch(typed, title)).sort((a, b) => a.localeCompare(b));
}

function isMatch(typed: string, title: string): boolean {
  const text = typed.toLowerCase();
  const found = title.toLowerCase();
  return found.includes(text) || isOfWords(text, found);
}

/** After each typed character, all places where the next one may stand: right behind it, or where a later word begins. */
function isOfWords(text: string, title: string): boolean {
  const starts = [...title].flatMap((_, at) =>
    at === 0 || separates(title[at]) || separates(title[at - 1]) ? [at] : [],
  );
  let places = new Set(starts);
  for (const character of text) {
    const behind = [...places].filter((at) => at < title.length && isSame(character, title[at])).map((at) => at + 1);
    if (behind.length === 0) return false;
    places = new Set([...behind, ...starts.filter((start) => start > Math.min(...behind))]);
  }
  return true;
}

function isSame(a: string, b: string): boolean {
  return a === b || (separates(a) && separates(b));
}

function separates(character: string): boolean {
  return /[\s()[\]{}<>`'"\-/;:,.?!]/.test(character);
}
