/** The keys of plots over one axis. */

export interface LineCursor {
  readonly step: number;
  /** Of the line in the order shown. */
  readonly place: number;
  readonly by: "pointer" | "keys";
}

type Place = Pick<LineCursor, "step" | "place">;

type LineAction =
  | { readonly go: Place }
  /** A factor, or 0 for the whole axis. */
  | { readonly zoom: number }
  /** By parts of what is seen. */
  | { readonly pan: number }
  | { readonly do: "away" | "anchor" | "pick" };

/** What a key does; undefined where it means nothing here. Without a cursor the first key shows it. */
export function actionOf(
  event: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">,
  { step, place }: LineCursor,
  {
    steps,
    places,
    peak,
    hasCursor,
    canPick,
  }: {
    readonly steps: number;
    readonly places: number;
    readonly peak: Place;
    readonly hasCursor: boolean;
    readonly canPick: boolean;
  },
): LineAction | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const far = event.shiftKey ? 10 : 1;
  const move = (right: number, down: number): LineAction => ({
    go: hasCursor
      ? { step: Math.min(steps - 1, Math.max(0, step + right)), place: Math.min(places - 1, Math.max(0, place + down)) }
      : { step, place },
  });
  switch (event.key) {
    case "ArrowLeft":
      return move(-far, 0);
    case "ArrowRight":
      return move(far, 0);
    case "ArrowUp":
      return move(0, -1);
    case "ArrowDown":
      return move(0, 1);
    case "Home":
      return { go: { step: 0, place } };
    case "End":
      return { go: { step: steps - 1, place } };
    case "m":
    case "M":
      return { go: peak };
    case "+":
    case "=":
      return { zoom: 1.5 };
    case "-":
      return { zoom: 1 / 1.5 };
    case "0":
      return { zoom: 0 };
    case "PageUp":
      return { pan: -0.5 };
    case "PageDown":
      return { pan: 0.5 };
    case "s":
    case "S":
      return canPick && hasCursor ? { do: "anchor" } : undefined;
    case "Enter":
    case " ":
      return canPick && hasCursor ? { do: "pick" } : undefined;
    case "Escape":
      return hasCursor ? { do: "away" } : undefined;
    default:
      return undefined;
  }
}
