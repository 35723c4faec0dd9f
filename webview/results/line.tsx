import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { frameCount, frameIndex, framesIn } from "../../src/draw/kinds/frames.ts";
import { heatmapDrawing } from "../../src/draw/kinds/heatmap.ts";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { isMarked } from "../../src/draw/kinds/line-plot.ts";
import { lineRange } from "../../src/draw/kinds/line-strokes.ts";
import {
  channelName,
  countOf,
  drawnAs,
  lineOrder,
  lineSort,
  linesOf,
  lineStyle,
  mapOf,
} from "../../src/draw/kinds/line.ts";
import type { LineArtifact } from "../../src/protocol/artifacts.ts";
import { FrameStepper } from "../ui/frames.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { Lines } from "./line-view.tsx";
import { linkedPointer, ScaleBar } from "./linked.tsx";
import { TargetSpan } from "./line-marks.tsx";
import { Rows, Track } from "./track.tsx";
import { spanOf } from "./zoom.ts";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const line: KindView<LineArtifact> = { Full };
export const lineCell: KindCell<LineArtifact> = { Small, zooms: true };

/** Lines over one axis with the colours of the values, or where there are many a map; what is chosen below it. */
function Full({ artifact, result, page, withoutOptions }: FullProps<LineArtifact>): VNode {
  const { looks } = page;
  const map = mapOf(artifact);
  const frame = frameIndex(map, looks.frame);
  const shown = framesIn(map)[frame];
  // Frames have one range: equal colours are equal values in all of them.
  const range = useMemo(() => (frameCount(map) > 1 ? heatmapDrawing(map, looks).range : undefined), [map, looks.clip]);
  const drawn = drawnAs(artifact, looks);
  const several = countOf(artifact) > 1;
  const controls = (
    <>
      {artifact.frames ? (
        <FrameStepper names={artifact.frames.names} frame={frame} onFrame={(next) => page.setLooks({ frame: next })} />
      ) : null}
      {withoutOptions ? null : (
        <DisplayOptions
          options={kindOf(artifact).options.filter(
            (option) =>
              (option !== "tileSort" || several) && (option !== "tileScale" || (several && drawn === "lines")),
          )}
          looks={{ ...looks, lines: drawn, tileSort: lineSort(artifact, looks.tileSort) }}
          onChange={page.setLooks}
        />
      )}
    </>
  );
  return (
    <Lines
      artifact={artifact}
      frame={frame}
      map={shown}
      looks={looks}
      drawn={drawn}
      range={range}
      target={result.context.target}
    >
      {controls}
    </Lines>
  );
}

/** In a cell: the strongest lines, one below the other. */
const MOST_SMALL = 3;

function Small({ artifact, result, drawing, reading, bar, looks, linked }: SmallProps<LineArtifact>): VNode {
  const lines = useMemo(() => linesOf(artifact, frameIndex(mapOf(artifact), looks.frame)), [artifact, looks.frame]);
  const shown = useMemo(
    () =>
      lineOrder(lines, "strength")
        .slice(0, MOST_SMALL)
        .sort((a, b) => a - b),
    [lines],
  );
  const ranges = useMemo(() => shown.map((channel) => lineRange(lines, [channel])), [lines, shown]);
  const { map } = drawing;
  const span = spanOf(linked.zoom);
  const cross = reading && ((reading.cell.column + 0.5) / map.width - span.from) / (span.to - span.from);
  const mark =
    cross !== undefined && cross >= 0 && cross <= 1 ? (
      <div class="line-cross" style={{ left: `${cross * 100}%` }} />
    ) : null;
  const isMap = drawnAs(artifact, looks) === "map";
  const style = lineStyle(artifact);
  const { target } = result.context;
  return (
    <>
      <div
        class={`cell-lines ${linked.zoom.scale > 1 ? "zoomed-in" : ""}`}
        role="img"
        aria-label={`${artifact.title}: ${lines.width} steps${lines.height > 1 ? ` of ${lines.height} channels` : ""}`}
        data-testid="lines"
        onPointerLeave={() => linked.onCursor(undefined)}
      >
        {isMap ? (
          <div class="cell-line" {...linkedPointer(linked, (down) => down)}>
            <Rows
              map={map}
              rows={allRows(map.height)}
              drawing={drawing}
              span={span}
              height={CELL_MAP}
              testid="heatmap"
            />
            {mark}
          </div>
        ) : (
          shown.map((channel, place) => (
            <div
              key={channel}
              class="cell-line"
              title={channelName(artifact, channel)}
              {...linkedPointer(linked, () => (Math.min(channel, map.height - 1) + 0.5) / map.height)}
            >
              <Track
                lines={lines}
                channel={channel}
                range={ranges[place]}
                drawing={drawing}
                span={span}
                height={shown.length > 1 ? 34 : 72}
                style={style}
              />
              {target && artifact.signal && isMarked(target, channel, lines.height) ? (
                <TargetSpan target={{ from: target.left, to: target.right }} span={span} />
              ) : null}
              {mark}
            </div>
          ))
        )}
        {style === "band" && !isMap ? (
          <div class="cell-line" {...linkedPointer(linked, () => 0.5 / map.height)}>
            <Rows map={map} rows={[0]} drawing={drawing} span={span} height={16} testid="line-band" />
            {mark}
          </div>
        ) : null}
        {!isMap && lines.height > shown.length ? (
          <span class="muted">
            the strongest {shown.length} of {lines.height} channels
          </span>
        ) : null}
      </div>
      {bar ? <ScaleBar drawing={drawing} mark={reading?.value} /> : null}
    </>
  );
}

const CELL_MAP = 120;

function allRows(count: number): number[] {
  return Array.from({ length: count }, (_, row) => row);
}
