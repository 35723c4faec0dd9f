/** What lines say, in words and numbers. */
import { channelName, placeText } from "../../src/draw/kinds/line.ts";
import type { LineArtifact, LineAxis } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { Drawing } from "./map-values.ts";

/** The axis by the places of a line, which may have more than the values. */
function axisOfLines({ x, dims, axes }: LineArtifact, width: number): LineAxis {
  const step = (x.step * dims[axes.along]) / width;
  return { ...x, start: x.start - x.step / 2 + step / 2, step };
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
  /** Whether the lines are the values themselves. */
  areValues = false,
): Reading {
  const line = lines.values[channel * lines.width + step];
  const column = Math.min(map.width - 1, Math.floor(((step + 0.5) / lines.width) * map.width));
  const value = map.values[Math.min(channel, map.height - 1) * map.width + column];
  return {
    value,
    line,
    text: [
      placeText(axisOfLines(artifact, lines.width), step),
      channelName(artifact, channel),
      artifact.signal && !areValues ? `${artifact.signal.title} ${formatValue(line)}` : "",
      `${artifact.quantity} ${formatValue(value)}`,
      artifact.x.unit === "s" ? `${artifact.signal && !areValues ? "sample" : "step"} ${step}` : "",
    ]
      .filter(Boolean)
      .join(" · "),
  };
}

/** The lines in a sentence, for those who do not see them. */
export function summary(artifact: LineArtifact, { map, peak, sorted }: Drawing, lines: number): string {
  const { title, quantity, x } = artifact;
  const values = sorted();
  const size = `${title}, ${lines === 1 ? "one line" : `${lines} lines`} of ${map.width} values of ${quantity}`;
  if (!values.length) return `${size}: none is finite.`;
  return (
    `${size} from ${formatValue(values[0])} to ${formatValue(values[values.length - 1])}. ` +
    `Strongest, ${formatValue(map.values[peak.row * map.width + peak.column])}, at ${placeText(x, peak.column)}` +
    `${map.height > 1 ? ` of ${channelName(artifact, peak.row)}` : ""}.`
  );
}
