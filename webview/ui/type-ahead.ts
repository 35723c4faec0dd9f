/** What was typed so far, and when (milliseconds of the page). */
export interface Typed {
  readonly text: string;
  readonly at: number;
}

/** Letters that come within this many milliseconds make one word. */
const PAUSE = 700;

/**
 * Moves focus to the next item whose text begins with what is typed; the same letter again goes on to the one after it.
 * Returns what was typed by now; undefined for keys that type nothing.
 */
export function typeAhead(
  event: KeyboardEvent,
  items: readonly HTMLElement[],
  before: Typed | undefined,
): Typed | undefined {
  if (event.key.length !== 1 || event.key === " " || event.altKey || event.ctrlKey || event.metaKey) return before;
  event.preventDefault();
  const letter = event.key.toLowerCase();
  const goesOn = before !== undefined && event.timeStamp - before.at < PAUSE;
  const text = (goesOn ? before.text : "") + letter;
  const isRepeat = [...text].every((one) => one === letter);
  const at = items.indexOf(document.activeElement as HTMLElement);
  // A word may stay where it is; a letter looks further.
  const from = isRepeat ? at + 1 : Math.max(0, at);
  const wanted = isRepeat ? letter : text;
  const order = [...items.slice(from), ...items.slice(0, from)];
  order.find((item) => item.textContent?.trim().toLowerCase().startsWith(wanted))?.focus();
  return { text, at: event.timeStamp };
}
