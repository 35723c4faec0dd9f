import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { placeLabel, scoreText } from "../../src/draw/kinds/token-scores.ts";
import { tokenText } from "../../src/draw/kinds/tokens.ts";
import type { TokenPlace, TokenScore, TokenScoresArtifact } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { Select } from "../ui/fields.tsx";
import { ValuesTable } from "./data-table.tsx";
import { FeatureLabel } from "./feature-label.tsx";
import { elementTarget, isTarget } from "./is-target.ts";
import { cursorAt } from "./linked.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const tokenScores: KindView<TokenScoresArtifact> = { Full: TokenScores };

export const tokenScoresCell: KindCell<TokenScoresArtifact> = { Small: SmallTokenScores, zooms: false };

const COUNTS = [1, 3, 5, 10, 20, 50, 100];
/** Further places are made when they are asked for. */
const PLACES = 100;

interface At {
  readonly row: number;
  readonly rank: number;
}

/**
 * A row for each place: the input's token, then the most probable. A click or Enter explains one. All tokens are one stop
 * of the Tab key: arrow keys go along a place and from place to place.
 */
function TokenScores({ artifact, page }: FullProps<TokenScoresArtifact>): VNode {
  const { rows, title, caption, noun, output, dims, vocabulary } = artifact;
  const { target, canExplain } = page;
  const [shown, setShown] = useState(PLACES);
  const [focus, setFocus] = useState<At>({ row: 0, rank: 0 });
  const asked = typeof page.params.top === "number" ? page.params.top : dims[1];
  const move = (event: KeyboardEvent): void => {
    const next = nextPlace(event.key, focus, rows.slice(0, shown));
    if (!next) return;
    event.preventDefault();
    setFocus(next);
    const list = event.currentTarget as HTMLElement;
    list.querySelector<HTMLElement>(`[data-at="${next.row} ${next.rank}"]`)?.focus();
  };
  return (
    <section class="token-scores" aria-label={title}>
      <div class="looks">
        <Select
          label={`${noun === "class" ? "classes" : "tokens"} of each place`}
          shown
          value={String(asked)}
          choices={[...new Set([...COUNTS, asked])]
            .filter((count) => count <= vocabulary)
            .sort((a, b) => a - b)
            .map((count) => ({ value: String(count), label: String(count) }))}
          testid="top"
          onChange={(count) => page.setParam("top", Number(count))}
        />
      </div>
      {rows.length === 0 ? <p class="muted">No places.</p> : null}
      <ol class="token-places" aria-label={`${title}: explain a ${noun}`} data-testid="token-places" onKeyDown={move}>
        {rows.slice(0, shown).map((row, at) => (
          <li key={row.place} class="token-place" data-testid={`place-${row.place}`}>
            <span class="token-place-number number">{row.place}</span>
            <span class="token-place-input" title={row.token}>
              {row.token === undefined ? "" : tokenText(row.token)}
            </span>
            <span class="token-options">
              {row.top.map((one, rank) => (
                <Option
                  key={one.index}
                  artifact={artifact}
                  row={row}
                  one={one}
                  at={`${at} ${rank}`}
                  stop={at === focus.row && rank === focus.rank}
                  chosen={isTarget(output, one.target, target)}
                  disabled={!canExplain}
                  onFocus={() => setFocus({ row: at, rank })}
                  onPick={() => page.explain(elementTarget(output, one.target))}
                />
              ))}
            </span>
          </li>
        ))}
      </ol>
      {rows.length > shown ? (
        <button
          type="button"
          class="link-button"
          data-testid="more-places"
          onClick={() => setShown((before) => before + PLACES)}
        >
          {rows.length - shown} more places
        </button>
      ) : null}
      <p class="caption">{caption}</p>
      <ValuesTable artifact={artifact} testid="token-scores-table" />
    </section>
  );
}

function Option({
  artifact,
  row,
  one,
  at,
  stop,
  chosen,
  disabled,
  onFocus,
  onPick,
}: {
  readonly artifact: TokenScoresArtifact;
  readonly row: TokenPlace;
  readonly one: TokenScore;
  readonly at: string;
  readonly stop: boolean;
  readonly chosen: boolean;
  readonly disabled: boolean;
  readonly onFocus: () => void;
  readonly onPick: () => void;
}): VNode {
  const { noun, quantity, share } = artifact;
  const text = noun === "class" ? one.token : tokenText(one.token);
  const part = share && Number.isFinite(one.value) ? Math.min(1, Math.max(0, one.value)) : 0;
  return (
    <button
      type="button"
      class="token-option"
      data-at={at}
      data-testid={`option-${row.place}-${one.index}`}
      data-value={one.value}
      aria-pressed={chosen}
      tabIndex={stop ? 0 : -1}
      disabled={disabled}
      aria-label={`place ${row.place}${row.token === undefined ? "" : ` (${tokenText(row.token)})`}: ${text}, ${scoreText(one, artifact)}`}
      title={`${one.token} · ${noun} ${one.index} · place ${row.place}\n${quantity} ${formatValue(one.value)}`}
      style={{ "--part": `${part * 100}%` }}
      onFocus={onFocus}
      onClick={() => {
        if (!chosen) onPick();
      }}
    >
      <span class="token-option-text">{text}</span> <span class="number">{scoreText(one, artifact)}</span>
    </button>
  );
}

function nextPlace(key: string, { row, rank }: At, rows: readonly TokenPlace[]): At | undefined {
  const last = rows.length - 1;
  const within = (next: number, at: number): At => ({
    row: next,
    rank: Math.max(0, Math.min(at, (rows[next]?.top.length ?? 1) - 1)),
  });
  switch (key) {
    case "ArrowRight":
      return within(row, rank + 1);
    case "ArrowLeft":
      return within(row, rank - 1);
    case "ArrowDown":
      return within(Math.min(last, row + 1), rank);
    case "ArrowUp":
      return within(Math.max(0, row - 1), rank);
    case "Home":
      return within(0, 0);
    case "End":
      return within(Math.max(0, last), 0);
    default:
      return undefined;
  }
}

/** Each place's most probable; the place under the cursor in any cell is marked in all. */
function SmallTokenScores({ artifact, reading, linked }: SmallProps<TokenScoresArtifact>): VNode {
  const { rows, title } = artifact;
  return (
    <div
      class="cell-bars"
      role="img"
      aria-label={`${title}: ${rows
        .slice(0, 12)
        .map((row) => `${placeLabel(row)}: ${row.top[0] ? tokenText(row.top[0].token) : "none"}`)
        .join(", ")}`}
      data-testid="token-scores"
      onPointerLeave={() => linked.onCursor(undefined)}
    >
      {rows.slice(0, 12).map((row, at) => (
        <div
          key={row.place}
          class={`cell-bar ${at === reading?.cell.row ? "marked" : ""}`}
          onPointerEnter={() => linked.onCursor({ ...cursorAt(0, artifact.dims[1]), v: (at + 0.5) / artifact.dims[0] })}
        >
          <FeatureLabel label={placeLabel(row)} />
          {row.top[0] ? (
            <span class="number" title={row.top[0].token}>
              {tokenText(row.top[0].token)} {scoreText(row.top[0], artifact)}
            </span>
          ) : null}
        </div>
      ))}
      {rows.length > 12 ? <span class="muted">and {rows.length - 12} more</span> : null}
    </div>
  );
}
