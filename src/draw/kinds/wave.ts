import type { LineArtifact, WaveArtifact } from "../../protocol/artifacts.ts";
import { formatValue } from "../../protocol/format.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { rangesOf, regionAlong } from "../../protocol/target.ts";
import type { Looks } from "../../protocol/looks.ts";
import { paragraph, stack } from "../scene/parts.ts";
import type { Block } from "../scene/parts.ts";
import type { ValueRange } from "../scene/range.ts";
import type { ValueMap } from "../scene/reduce.ts";
import { column } from "../scene/table.ts";
import { firstStands, onceFor } from "./kind.ts";
import type { Kind } from "./kind.ts";
import { axisBlock, leftOf, plotOf, plotWidth } from "./line-plot.ts";
import { lineAt, lineRange } from "./line-strokes.ts";
import { channelName, linesOf, mapOf, placeText } from "./line.ts";

export const wave: Kind<WaveArtifact> = {
  layout: (artifact, { looks }) => layoutWave(artifact, looks, true),
  table(artifact) {
    const { output, input } = waveLines(artifact);
    const { start, step, label, unit } = artifact.x;
    const { width } = output;
    return {
      rows: output.height * width,
      columns: [
        column("channel", "integer", (row) => Math.floor(row / width)),
        column("x", "integer", (row) => row % width),
        ...(unit === undefined ? [] : [column(label, "number", (row) => start + (row % width) * step, unit)]),
        column("value", "number", (row) => output.values[row]),
        ...(input
          ? [
              column("input", "number", (row) => input.values[row]),
              column("difference", "number", (row) => output.values[row] - input.values[row]),
            ]
          : []),
      ],
    };
  },
  numbers: ({ dims, values }) => ({ dims, values }),
  jsonTop: ({ x, compared }) => ({ wave: { ...(x.unit === "s" ? { rate: 1 / x.step } : {}), ...compared } }),
  ...firstStands(),
  compare: {
    values: onceFor((artifact) => mapOf(asLine(artifact))),
    label: (artifact, { row, column: place }) =>
      [placeText(artifact.x, place), waveChannel(artifact, row)].filter(Boolean).join(", "),
    colored: false,
    options: ["tileScale"],
    layout: (artifact, { looks }) => layoutWave(artifact, looks, false),
  },
  options: ["tileScale"],
};

/** More channels than these are not drawn in files. */
const MOST_DRAWN = 16;
const [oneHeight, manyHeight, differenceHeight] = [160, 64, 48];

/** A line artifact of the same values. */
const asLine = onceFor(({ kind: _, source, madeOf: __, compared: ___, ...rest }: WaveArtifact): LineArtifact => ({
  ...rest,
  kind: "line",
  quantity: source.output,
  signed: true,
  smooth: false,
}));

/** The lines of a wave, and of the signal that it was made of: [channels, samples]; and their difference. */
export const waveLines = onceFor(
  (artifact: WaveArtifact): { output: ValueMap; input?: ValueMap; difference?: Float32Array } => {
    const output = linesOf(asLine(artifact), 0);
    if (!artifact.madeOf) return { output };
    const input = linesOf({ ...asLine(artifact), ...artifact.madeOf }, 0);
    return { output, input, difference: output.values.map((value, i) => value - input.values[i]) };
  },
);

/** What a channel is called; "" where it is the only one. */
export function waveChannel(artifact: WaveArtifact, channel: number): string {
  return channelName(asLine(artifact), channel);
}

/** "mean absolute difference 0.031, RMS 0.05"; undefined where there is nothing to compare with. */
export function comparedWave({ compared }: WaveArtifact): string | undefined {
  return compared && `mean absolute difference ${formatValue(compared.meanAbsolute)}, RMS ${formatValue(compared.rms)}`;
}

/** Samples of a channel as a target: one as its index, several as a region whose sum is explained. */
export function sampleTarget(
  { source: { output, dims }, axes }: WaveArtifact,
  channel: number,
  from: number,
  before: number,
): TargetSpec {
  const region = regionAlong(
    dims,
    new Map([
      [axes.channel, [channel, channel + 1]],
      [axes.along, [from, before]],
    ]),
  );
  return before === from + 1 ? { output, index: region.map(([at]) => at) } : { output, region };
}

/** The part of a channel that a target is, in samples; undefined where it is none of it. */
export function samplesOfTarget(
  { source, axes }: WaveArtifact,
  target: TargetSpec,
  channel: number,
): readonly [from: number, before: number] | undefined {
  const ranges = rangesOf(source, target);
  if (!ranges) return undefined;
  const channels = axes.channel === 0 ? ([0, 1] as const) : ranges[axes.channel - 1];
  return channel >= channels[0] && channel < channels[1] ? ranges[axes.along - 1] : undefined;
}

/** The range of some channels, the input's among them. */
export function waveRange(artifact: WaveArtifact, channels: readonly number[]): ValueRange {
  const { output, input } = waveLines(artifact);
  const ranges = [output, ...(input ? [input] : [])].map((map) => lineRange(map, channels));
  return { min: Math.min(...ranges.map(({ min }) => min)), max: Math.max(...ranges.map(({ max }) => max)) };
}

/** Each channel over the input's, and below them their difference. */
function layoutWave(artifact: WaveArtifact, looks: Looks, words: boolean): Block {
  const { output, input, difference } = waveLines(artifact);
  const channels = Array.from({ length: Math.min(MOST_DRAWN, output.height) }, (_, channel) => channel);
  const maps = [output, ...(input ? [input] : [])];
  const shared = looks.tileScale === "shared" ? waveRange(artifact, channels) : undefined;
  const differences = difference && { ...output, values: difference };
  const ranges = channels.map((channel) => shared ?? waveRange(artifact, [channel]));
  const left = leftOf([
    ...ranges,
    ...(differences ? channels.map((channel) => lineRange(differences, [channel])) : []),
  ]);
  const height = channels.length > 1 ? manyHeight : oneHeight;
  const tracks = channels.flatMap((channel, place) => {
    const name = waveChannel(artifact, channel);
    const lines = maps.map(({ values, width }) => lineAt(values, width, channel));
    return [
      plotOf({ lines, range: ranges[place], name, left, height }),
      ...(differences
        ? [
            plotOf({
              lines: [lineAt(differences.values, differences.width, channel)],
              range: lineRange(differences, [channel]),
              name: [name, "output − input"].filter(Boolean).join(", "),
              left,
              height: differenceHeight,
            }),
          ]
        : []),
    ];
  });
  const text = [
    artifact.madeOf ? `blue: ${artifact.source.output}, grey: ${artifact.madeOf.title}` : "",
    comparedWave(artifact) ?? "",
    output.height > channels.length ? `the first ${channels.length} of ${output.height} channels` : "",
  ];
  return stack(
    [
      ...tracks,
      axisBlock(artifact.x, output.width, left),
      ...(words ? text.map((line) => paragraph(line, 2, "muted", left + plotWidth)) : []),
    ],
    7,
  );
}
