/** What lines say, in words and numbers. */
import { channelName } from "../../src/draw/kinds/line.ts";
import type { LineArtifact } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { Drawing } from "./map-values.ts";

/** Where the first value begins and the last one ends. */
export function endsOf({ x: { start, step }, dims, axes }: LineArtifact): { first: number; last: number } {
  return { first: start - step / 2, last: start + (dims[axes.along] - 0.5) * step };
}

export interface Reading {
  readonly text: string;
  readonly value: number;
  /** Of the line at that step. */
  readonly line: number;
}

export function readingAt(
  artifact: LineArtifact,
  lines: { readonly width: number; readonly values: Float32Array },
  { map }: Drawing,
  channel: number,
  step: number,
): Reading {
  const { first, last } = endsOf(artifact);
  const line = lines.values[channel * lines.width + step];
  const column = Math.min(map.width - 1, Math.floor(((step + 0.5) / lines.width) * map.width));
  const value = map.values[Math.min(channel, map.height - 1) * map.width + column];
  const position = first + ((step + 0.5) / lines.width) * (last - first);
  const { label, unit } = artifact.x;
  return {
    value,
    line,
    text: [
      `${label} ${formatValue(Number(position.toPrecision(6)))}${unit === undefined ? "" : ` ${unit}`}`,
      channelName(artifact, channel),
      artifact.signal ? `${artifact.signal.title} ${formatValue(line)}` : "",
      `${artifact.quantity} ${formatValue(value)}`,
    ]
      .filter(Boolean)
      .join(" · "),
  };
}

/** The lines in a sentence, for those who do not see them. */
export function summary({ title, quantity, x }: LineArtifact, { map, peak, sorted }: Drawing, lines: number): string {
  const values = sorted();
  const size = `${title}, ${lines === 1 ? "one line" : `${lines} lines`} of ${map.width} values of ${quantity}`;
  if (!values.length) return `${size}: none is finite.`;
  return (
    `${size} from ${formatValue(values[0])} to ${formatValue(values[values.length - 1])}. ` +
    `Strongest, ${formatValue(map.values[peak.row * map.width + peak.column])}, at ${x.label} ${formatValue(x.start + peak.column * x.step)}` +
    `${map.height > 1 ? ` of channel ${peak.row}` : ""}.`
  );
}
