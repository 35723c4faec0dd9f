import type { VNode } from "preact";
import { useCallback, useMemo, useRef } from "preact/hooks";
import { lineAt } from "../../src/draw/kinds/line-strokes.ts";
import { mapOf, placeText } from "../../src/draw/kinds/line.ts";
import {
  comparedWave,
  sampleTarget,
  samplesOfTarget,
  waveChannel,
  waveLines,
  waveRange,
} from "../../src/draw/kinds/wave.ts";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import type { LineArtifact, WaveArtifact } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { useWidth } from "../ui/hooks.ts";
import { ValuesTable } from "./data-table.tsx";
import { Difference } from "./difference.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { TargetSpan } from "./line-marks.tsx";
import { LineStage } from "./line-stage.tsx";
import { Axis, Lines } from "./line-view.tsx";
import { linkedPointer } from "./linked.tsx";
import { Plot } from "./track.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";
import { spanOf, type Span } from "./zoom.ts";

export const wave: KindView<WaveArtifact> = { Full };
export const waveCell: KindCell<WaveArtifact> = { Small, zooms: true };

const EXPLAIN = "Click a sample to explain it, drag for a span; by keys Enter, and S where a span begins.";

/** The model's wave over the input's, and below them the difference. A sample or a span of it is explained by a click or a drag. */
function Full({ artifact, result, page, withoutOptions }: FullProps<WaveArtifact>): VNode {
  const { looks, target, canExplain } = page;
  const { output, input } = waveLines(artifact);
  const order = useMemo(() => Array.from({ length: output.height }, (_, channel) => channel), [output]);
  const ends = useRanges(artifact, looks.tileScale === "shared");
  const peak = useMemo(() => peakOf(output), [output]);
  const difference = result.views.find(
    (view): view is LineArtifact => view.kind === "line" && view.id === "difference",
  );
  const compared = comparedWave(artifact);
  const height = output.height > 4 ? 56 : output.height > 1 ? 96 : 170;
  const several = output.height > 1;
  return (
    <div class="line-stage wave" data-testid="wave">
      <LineStage
        subject={artifact}
        steps={output.width}
        order={order}
        form="tracks"
        plotHeight={height}
        label={`${artifact.title}, ${several ? `${output.height} channels of ` : ""}${output.width} samples.`}
        keysHelp={`Arrow keys read values, M goes to the strongest, plus and minus zoom.${canExplain ? ` ${EXPLAIN}` : ""}`}
        role="wave"
        name={(channel) => waveChannel(artifact, channel)}
        ends={ends}
        plot={(channel, span) => (
          <WavePlot artifact={artifact} channel={channel} range={ends(channel)} span={span} height={height} />
        )}
        axis={(span) => <Axis axis={artifact.x} length={output.width} span={span} />}
        peak={peak}
        read={(channel, step) => readingAt(artifact, channel, step)}
        target={(channel) => {
          const samples = samplesOfTarget(artifact, target, channel);
          return samples && { from: samples[0] / output.width, to: samples[1] / output.width };
        }}
        onPick={
          canExplain
            ? (channel, from, before) => page.explain(sampleTarget(artifact, channel, from, before))
            : undefined
        }
      >
        <p class="caption">
          {[artifact.title, artifact.caption].join(" · ")}
          {input && artifact.madeOf ? (
            <>
              {" · "}
              <i class="wave-key" aria-hidden="true" /> {artifact.source.output}{" "}
              <i class="wave-key made-of" aria-hidden="true" /> {artifact.madeOf.title}
            </>
          ) : null}
        </p>
        {canExplain ? <p class="caption">{EXPLAIN}</p> : null}
        {withoutOptions || !several ? null : (
          <DisplayOptions options={["tileScale"]} looks={looks} onChange={page.setLooks} />
        )}
      </LineStage>
      {difference ? (
        <Difference compared={compared}>
          <Lines artifact={difference} frame={0} map={mapOf(difference)} looks={looks} drawn="lines" />
        </Difference>
      ) : null}
      <ValuesTable artifact={artifact} testid="wave-table" />
    </div>
  );
}

/** In a cell: the first channels, one below the other. */
const MOST_SMALL = 3;

function Small({ artifact, result, drawing, reading, linked }: SmallProps<WaveArtifact>): VNode {
  const { output } = waveLines(artifact);
  const ends = useRanges(artifact, false);
  const span = spanOf(linked.zoom);
  const shown = Array.from({ length: Math.min(MOST_SMALL, output.height) }, (_, channel) => channel);
  const cross = reading && ((reading.cell.column + 0.5) / output.width - span.from) / (span.to - span.from);
  const { target } = result.context;
  return (
    <>
      <div
        class={`cell-lines ${linked.zoom.scale > 1 ? "zoomed-in" : ""}`}
        role="img"
        aria-label={`${artifact.title}: ${output.width} samples${output.height > 1 ? ` of ${output.height} channels` : ""}`}
        data-testid="cell-wave"
      >
        {shown.map((channel) => (
          <div
            key={channel}
            class="cell-line"
            title={waveChannel(artifact, channel)}
            {...linkedPointer(linked, () => (channel + 0.5) / drawing.map.height)}
          >
            <WavePlot
              artifact={artifact}
              channel={channel}
              range={ends(channel)}
              span={span}
              height={shown.length > 1 ? 40 : 84}
            />
            {target ? <TargetSpan target={{ from: target.left, to: target.right }} span={span} /> : null}
            {cross !== undefined && cross >= 0 && cross <= 1 ? (
              <div class="line-cross" style={{ left: `${cross * 100}%` }} />
            ) : null}
          </div>
        ))}
        {output.height > shown.length ? (
          <span class="muted">
            the first {shown.length} of {output.height} channels
          </span>
        ) : null}
      </div>
      <p class="cell-legend">{comparedWave(artifact) ?? artifact.caption}</p>
    </>
  );
}

/** The output in front of the input. */
function WavePlot({
  artifact,
  channel,
  range,
  span,
  height,
}: {
  readonly artifact: WaveArtifact;
  readonly channel: number;
  readonly range: ValueRange;
  readonly span: Span;
  readonly height: number;
}): VNode {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const { output, input } = waveLines(artifact);
  const lines = [output, ...(input ? [input] : [])].map((map) => lineAt(map.values, map.width, channel));
  return (
    <div class="track-plot" ref={place}>
      <Plot lines={lines} range={range} span={span} width={width} height={height} testid={`wave-${channel}`} />
    </div>
  );
}

/** The range of a channel's output and input, or of all channels'. */
function useRanges(artifact: WaveArtifact, isShared: boolean): (channel: number) => ValueRange {
  const { output } = waveLines(artifact);
  const shared = useMemo(
    () =>
      isShared
        ? waveRange(
            artifact,
            Array.from({ length: output.height }, (_, channel) => channel),
          )
        : undefined,
    [artifact, isShared],
  );
  return useCallback((channel) => shared ?? waveRange(artifact, [channel]), [shared, artifact]);
}

function readingAt(
  artifact: WaveArtifact,
  channel: number,
  step: number,
): { text: string; data: Record<`data-${string}`, number | undefined> } {
  const { output, input } = waveLines(artifact);
  const value = output.values[channel * output.width + step];
  const before = input?.values[channel * output.width + step];
  const text = [
    placeText(artifact.x, step),
    waveChannel(artifact, channel),
    `${artifact.source.output} ${formatValue(value)}`,
    ...(before === undefined
      ? []
      : [`${artifact.madeOf?.title ?? "input"} ${formatValue(before)}`, `difference ${formatValue(value - before)}`]),
    artifact.x.unit === "s" ? `sample ${step}` : "",
  ];
  return { text: text.filter(Boolean).join(" · "), data: { "data-value": value, "data-line": before } };
}

function peakOf({ values, width }: { readonly values: Float32Array; readonly width: number }): {
  channel: number;
  step: number;
} {
  let [peak, most] = [0, -1];
  for (let i = 0; i < values.length; i++)
    if (Math.abs(values[i]) > most && Number.isFinite(values[i])) [peak, most] = [i, Math.abs(values[i])];
  return { channel: Math.floor(peak / width), step: peak % width };
}
