import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { dimensionOf, targetOfDimension, vectorBars, vectorRange, vectorText } from "../../src/draw/kinds/vector.ts";
import type { VectorArtifact } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { Announce } from "../ui/feedback.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import { ValuesTable } from "./data-table.tsx";
import { cursorAt } from "./linked.tsx";
import { cellAtPointer } from "./pointer.ts";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const vector: KindView<VectorArtifact> = { Full: Vector };

export const vectorCell: KindCell<VectorArtifact> = { Small: SmallVector, zooms: false };

/** More bars than these are narrower than a pixel. */
const [MOST_BARS, MOST_SMALL] = [1024, 200];

/** A step by an arrow key; ten with Shift. */
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

/**
 * Bars over the dimension. Pointer and arrow keys read a dimension (ten with Shift, Home and End the first and last, M
 * the largest); a click or Enter explains it.
 */
function Vector({ artifact, page }: FullProps<VectorArtifact>): VNode {
  const { values, title, caption, quantity } = artifact;
  const { target, canExplain } = page;
  const [cursor, setCursor] = useState<{ readonly at: number; readonly by: "pointer" | "keys" } | undefined>(undefined);
  const at = cursor && cursor.at < values.length ? cursor.at : undefined;
  const chosen = useMemo(() => dimensionOf(artifact, target), [artifact, target]);
  const explain = (dimension: number): void => {
    if (canExplain && dimension !== chosen) page.explain(targetOfDimension(artifact, dimension));
  };
  const under = (event: MouseEvent): number | undefined =>
    values.length === 0 ? undefined : cellAtPointer(event, { height: 1, width: values.length })?.column;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (values.length === 0) return;
    if ((event.key === "Enter" || event.key === " ") && at !== undefined) explain(at);
    else if (event.key === "Escape" && cursor) setCursor(undefined);
    else {
      const next = nextDimension(event, at, values);
      if (next === undefined) return;
      setCursor({ at: next, by: "keys" });
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const text = at === undefined ? "" : `dimension ${at}, ${quantity} ${formatValue(values[at])}`;
  return (
    <div class="vector-stage">
      <div
        class="vector-plot"
        tabIndex={0}
        role="application"
        aria-roledescription="bars"
        aria-label={`${title}: ${vectorText(artifact)}. Arrow keys read dimensions${canExplain ? ", Enter explains one" : ""}.`}
        data-testid="vector"
        onKeyDown={onKeyDown}
        onBlur={() => setCursor((before) => (before?.by === "keys" ? undefined : before))}
        onPointerMove={(event) => {
          const next = under(event);
          if (next !== undefined) setCursor({ at: next, by: "pointer" });
        }}
        onPointerLeave={() => setCursor((before) => (before?.by === "pointer" ? undefined : before))}
        onClick={(event) => {
          const next = under(event);
          if (next !== undefined) explain(next);
        }}
      >
        <Bars artifact={artifact} most={MOST_BARS} marks={[chosen, at]} />
        {at === undefined ? null : (
          <Tooltip
            u={(at + 0.5) / values.length}
            v={0.4}
            testid="vector-tip"
            data={{ dimension: at, value: values[at] }}
            rows={[
              { label: "dimension", text: String(at) },
              { label: quantity, text: formatValue(values[at]) },
            ]}
          />
        )}
      </div>
      <div class="vector-ends number" aria-hidden="true">
        <span>0</span>
        <span>dimension</span>
        <span>{Math.max(0, values.length - 1)}</span>
      </div>
      <p data-testid="vector-numbers">{vectorText(artifact)}</p>
      <p class="caption">
        {[title, caption].filter(Boolean).join(" · ")}
        {chosen === undefined ? "" : ` · explained: dimension ${chosen}`}
      </p>
      <ValuesTable artifact={artifact} testid="vector-table" />
      <Announce testid="vector-live" text={cursor?.by === "keys" ? text : ""} />
    </div>
  );
}

function nextDimension(
  { key, shiftKey }: KeyboardEvent,
  at: number | undefined,
  values: Float32Array,
): number | undefined {
  const last = values.length - 1;
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "m" || key === "M")
    return values.reduce((best, value, place) => (Math.abs(value) > Math.abs(values[best]) ? place : best), 0);
  const step = STEPS[key];
  if (step === undefined) return undefined;
  return at === undefined ? 0 : Math.min(last, Math.max(0, at + step * (shiftKey ? 10 : 1)));
}

function Bars({
  artifact,
  most,
  marks,
}: {
  readonly artifact: VectorArtifact;
  readonly most: number;
  readonly marks: readonly (number | undefined)[];
}): VNode {
  const { values } = artifact;
  const bars = useMemo(() => vectorBars(values, most), [values, most]);
  const { low, high } = vectorRange(artifact);
  const y = (value: number): number => (high - value) / (high - low);
  const count = Math.max(1, values.length);
  return (
    <svg class="vector-bars" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      {marks.map((mark, place) =>
        mark === undefined ? null : (
          <rect
            key={`m${place}`}
            class={place === 0 ? "chosen" : "under"}
            x={mark / count}
            y={0}
            width={1 / count}
            height={1}
          />
        ),
      )}
      <path
        d={bars
          .map(({ from, before, low: least, high: largest }) => {
            const room = before - from === 1 && count < 200 ? 0.85 : 1;
            const width = ((before - from) / count) * room;
            return `M${from / count} ${y(largest)}h${width}V${y(least)}h${-width}z`;
          })
          .join("")}
      />
      <line x1={0} x2={1} y1={y(0)} y2={y(0)} />
    </svg>
  );
}

function SmallVector({ artifact, reading, linked }: SmallProps<VectorArtifact>): VNode {
  const { values, title } = artifact;
  return (
    <>
      <div
        class="vector-plot small"
        role="img"
        aria-label={`${title}: ${vectorText(artifact)}`}
        data-testid="vector"
        onPointerMove={(event) => {
          const cell = cellAtPointer(event, { height: 1, width: values.length });
          if (cell && values.length > 0) linked.onCursor(cursorAt(cell.column, values.length));
        }}
        onPointerLeave={() => linked.onCursor(undefined)}
      >
        <Bars artifact={artifact} most={MOST_SMALL} marks={[undefined, reading?.cell.column]} />
      </div>
      <p class="cell-legend">
        {reading
          ? `dimension ${reading.cell.column}: ${formatValue(reading.value)}`
          : `norm ${formatValue(artifact.norm)}`}
      </p>
    </>
  );
}
