/** Cells whose result is no map: a text's tokens, a table row's features; and what has no small form. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { paintMap } from "../../src/draw/scene/paint.ts";
import { formatValue } from "../../src/draw/scene/ticks.ts";
import { tokenText } from "../../src/draw/kinds/tokens.ts";
import type { Artifact, BarsArtifact, TokensArtifact } from "../../src/protocol/artifacts.ts";
import type { Drawing, Reading } from "../explain/heatmap-values.ts";
import { ScaleBar } from "./map-cell.tsx";
import type { Linked } from "./map-cell.tsx";

const mostBars = 10;

interface Props<A extends Artifact> {
  readonly artifact: A;
  readonly drawing: Drawing | undefined;
  readonly reading: Reading | undefined;
  readonly bar: boolean;
  readonly linked: Linked;
}

/** Any artifact but a heat map, as small as a cell. */
export function OtherPicture({ artifact, ...rest }: Props<Artifact>): VNode {
  switch (artifact.kind) {
    case "bars":
      return <BarsPicture artifact={artifact} {...rest} />;
    case "tokens":
      return <TokensPicture artifact={artifact} {...rest} />;
    default:
      return (
        <p class="cell-words muted" data-testid="other">
          {artifact.title} has no small form. Open it in its own panel.
        </p>
      );
  }
}

/** What a place in a row of tokens or features is called. */
export function wordAt(artifact: Artifact | undefined, index: number): string | undefined {
  if (artifact?.kind === "tokens")
    return artifact.tokens[index] === undefined ? undefined : tokenText(artifact.tokens[index]);
  return artifact?.kind === "bars" ? artifact.items.find((item) => item.index === index)?.label : undefined;
}

/**
 * The strongest features; the one under the cursor in any cell is marked in all, and stands here even where it is weak.
 */
function BarsPicture({
  artifact: { items, title, quantity, values },
  drawing,
  reading,
  linked,
}: Props<BarsArtifact>): VNode {
  const marked = reading?.cell.column;
  const strongest = items.slice(0, mostBars);
  const further =
    marked === undefined || strongest.some(({ index }) => index === marked)
      ? undefined
      : items.find(({ index }) => index === marked);
  const shown = further ? [...strongest.slice(0, -1), further] : strongest;
  const range = drawing?.range ?? { min: -1, max: 1 };
  const largest = Math.max(-range.min, range.max, Number.MIN_VALUE);
  return (
    <div
      class="cell-bars"
      role="img"
      aria-label={`${title}: ${strongest.map(({ label, value }) => `${label} ${formatValue(value)}`).join(", ")}`}
      data-testid="bars"
      onPointerLeave={() => linked.onCursor(undefined)}
    >
      {shown.map(({ label, value, index }) => (
        <div
          key={index}
          class={`cell-bar ${index === marked ? "marked" : ""}`}
          title={`${label}: ${quantity} ${formatValue(value)}`}
          data-index={index}
          onPointerEnter={() => linked.onCursor(cursorAt(index, values.length))}
        >
          <span class="cell-bar-label">{label}</span>
          <span class="number">{formatValue(value)}</span>
          <span class="cell-bar-track">
            <i
              class={value < 0 ? "negative" : ""}
              style={{ width: `${Math.min(1, Math.abs(value) / largest) * 50}%` }}
            />
          </span>
        </div>
      ))}
      {items.length > shown.length ? <span class="muted">and {items.length - shown.length} more</span> : null}
    </div>
  );
}

/** The text, each token on its colour's line; the one under the cursor in any cell is marked in all. */
function TokensPicture({ artifact, drawing, reading, bar, linked }: Props<TokensArtifact>): VNode {
  const colors = useMemo(() => drawing && paintMap(drawing.map, drawing.range, drawing.table), [drawing]);
  return (
    <>
      <p class="cell-tokens" data-testid="tokens" onPointerLeave={() => linked.onCursor(undefined)}>
        {artifact.tokens.map((token, index) => (
          <span
            key={index}
            class={`cell-token ${index === reading?.cell.column ? "marked" : ""}`}
            data-index={index}
            title={`${tokenText(token)}: ${artifact.quantity} ${formatValue(artifact.values[index])}`}
            style={
              colors ? { borderBottomColor: `rgb(${colors.subarray(index * 4, index * 4 + 3).join(", ")})` } : undefined
            }
            onPointerEnter={() => linked.onCursor(cursorAt(index, artifact.tokens.length))}
          >
            {tokenText(token)}
          </span>
        ))}
      </p>
      {bar && drawing ? <ScaleBar drawing={drawing} mark={reading?.value} /> : null}
    </>
  );
}

function cursorAt(index: number, count: number): { readonly u: number; readonly v: number; readonly by: "pointer" } {
  return { u: (index + 0.5) / count, v: 0.5, by: "pointer" };
}
