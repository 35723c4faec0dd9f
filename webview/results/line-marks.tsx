import type { VNode } from "preact";
import type { LineCursor } from "./line-keys.ts";
import type { Span } from "./zoom.ts";

/** The cursor, the target and what is being chosen, over a plot. */
export function Marks({
  span,
  steps,
  cursor,
  isHere,
  down,
  target,
  chosen,
}: {
  readonly span: Span;
  readonly steps: number;
  readonly cursor: LineCursor | undefined;
  readonly isHere: boolean;
  readonly down?: number;
  readonly target?: Span;
  readonly chosen?: readonly [number, number];
}): VNode {
  const cross = cursor && placeIn(span, (cursor.step + 0.5) / steps);
  const picked = chosen && { from: Math.min(...chosen) / steps, to: (Math.max(...chosen) + 1) / steps };
  return (
    <>
      {target ? <TargetSpan target={target} span={span} /> : null}
      {picked ? <div class="line-chosen" style={areaIn(span, picked)} data-testid="line-chosen" /> : null}
      {cross !== undefined && cross >= 0 && cross <= 100 ? (
        <div class={`line-cross ${isHere ? "here" : ""}`} style={{ left: `${cross}%` }} />
      ) : null}
      {down === undefined ? null : <div class="line-cross-down" style={{ top: `${down * 100}%` }} />}
    </>
  );
}

/** What is explained, on a plot. */
export function TargetSpan({ target, span }: { readonly target: Span; readonly span: Span }): VNode | null {
  const [from, to] = [placeIn(span, target.from), placeIn(span, target.to)];
  if (to < 0 || from > 100) return null;
  return <div class="line-target" aria-hidden="true" style={areaIn(span, target)} data-testid="line-target" />;
}

/** Where a part of the axis lies in what is seen of it, in percent. */
function placeIn({ from, to }: Span, u: number): number {
  return ((u - from) / (to - from)) * 100;
}

function areaIn(span: Span, part: Span): { left: string; width: string } {
  const [left, right] = [Math.max(0, placeIn(span, part.from)), Math.min(100, placeIn(span, part.to))];
  return { left: `${left}%`, width: `${Math.max(0, right - left)}%` };
}
