import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { frameCount, frameIndex, framesIn } from "../../src/draw/kinds/frames.ts";
import { heatmapDrawing } from "../../src/draw/kinds/heatmap.ts";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { lineRange } from "../../src/draw/kinds/line-plot.ts";
import { channelName, countOf, drawnAs, lineOrder, lineSort, linesOf, mapOf } from "../../src/draw/kinds/line.ts";
import type { LineArtifact } from "../../src/protocol/artifacts.ts";
import { FrameStepper } from "../ui/frames.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { Lines } from "./line-view.tsx";
import { MapPicture, ScaleBar } from "./linked.tsx";
import { Heatmap } from "./map-view.tsx";
import { Track, WHOLE_SPAN } from "./track.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const line: KindView<LineArtifact> = { Full };
export const lineCell: KindCell<LineArtifact> = { Small, zooms: false };

/** Lines over one axis with the colours of the values, or where there are many a map; what is chosen below it. */
function Full({ artifact, page, withoutOptions }: FullProps<LineArtifact>): VNode {
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
            (option) => !["tileSort", "tileScale"].includes(option) || (drawn === "lines" && several),
          )}
          looks={{ ...looks, lines: drawn, tileSort: lineSort(artifact, looks.tileSort) }}
          onChange={page.setLooks}
        />
      )}
    </>
  );
  return drawn === "map" ? (
    <Heatmap artifact={shown} values={artifact} looks={looks} range={range}>
      {controls}
    </Heatmap>
  ) : (
    <Lines artifact={artifact} frame={frame} map={shown} looks={looks} range={range}>
      {controls}
    </Lines>
  );
}

/** In a cell: the strongest lines, one below the other. */
const MOST_SMALL = 3;

function Small({ artifact, drawing, reading, bar, looks, linked }: SmallProps<LineArtifact>): VNode {
  const lines = useMemo(() => linesOf(artifact, frameIndex(mapOf(artifact), looks.frame)), [artifact, looks.frame]);
  const shown = useMemo(
    () =>
      lineOrder(lines, "strength")
        .slice(0, MOST_SMALL)
        .sort((a, b) => a - b),
    [lines],
  );
  const ranges = useMemo(() => shown.map((channel) => lineRange(lines, [channel])), [lines, shown]);
  if (drawnAs(artifact, looks) === "map")
    return <MapPicture drawing={drawing} reading={reading} looks={looks} linked={linked} bar={bar} />;
  const { map } = drawing;
  return (
    <>
      <div
        class="cell-lines"
        role="img"
        aria-label={`${artifact.title}: ${lines.width} steps${lines.height > 1 ? ` of ${lines.height} channels` : ""}`}
        data-testid="lines"
        onPointerLeave={() => linked.onCursor(undefined)}
      >
        {shown.map((channel, place) => (
          <div
            key={channel}
            class="cell-line"
            title={channelName(artifact, channel)}
            onPointerMove={(event) => {
              const box = event.currentTarget.getBoundingClientRect();
              const row = Math.min(channel, map.height - 1);
              linked.onCursor({
                u: Math.min(0.999999, Math.max(0, (event.clientX - box.left) / box.width)),
                v: (row + 0.5) / map.height,
                by: "pointer",
              });
            }}
          >
            <Track
              lines={lines}
              channel={channel}
              range={ranges[place]}
              drawing={drawing}
              span={WHOLE_SPAN}
              height={shown.length > 1 ? 34 : 72}
            />
            {reading ? (
              <div class="line-cross" style={{ left: `${((reading.cell.column + 0.5) / map.width) * 100}%` }} />
            ) : null}
          </div>
        ))}
        {lines.height > shown.length ? (
          <span class="muted">
            the strongest {shown.length} of {lines.height} channels
          </span>
        ) : null}
      </div>
      {bar ? <ScaleBar drawing={drawing} mark={reading?.value} /> : null}
    </>
  );
}
