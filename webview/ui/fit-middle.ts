/** At most so many letters at the end stay before the head has more than one: names of layers differ there. */
const TAIL = 24;
const MARK = "…";

/**
 * A text, or as much of its head and tail as fits beside "…" into a width, cut between letters as people see them
 * (grapheme clusters). `measure` gives a text's width, in the same unit.
 */
export function fitMiddle(text: string, width: number, measure: (text: string) => number): string {
  // A fraction of a pixel is rounding, not a letter.
  if (measure(text) <= width + 0.5) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  const keeping = (count: number): string => {
    const head = count < 2 ? 0 : Math.max(1, count - TAIL);
    return letters.slice(0, head).join("") + MARK + letters.slice(letters.length - (count - head)).join("");
  };
  let [fits, tooMany] = [0, letters.length];
  while (tooMany - fits > 1) {
    const count = (fits + tooMany) >> 1;
    if (measure(keeping(count)) <= width) fits = count;
    else tooMany = count;
  }
  return keeping(fits);
}
