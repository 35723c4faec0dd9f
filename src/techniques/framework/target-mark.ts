import type { TargetMark } from "../../protocol/result.ts";
import { denseOutput } from "../predictions/readers/dense.ts";
import { boxOfTarget } from "./detections.ts";
import { waveOutput } from "../predictions/readers/wave-output.ts";
import type { SampleContext } from "./technique.ts";

/**
 * Where the target lies along the input's signal: samples of an output that covers it, as long or coarser; downward its
 * channels, where the output has the input's.
 */
function signalMark({
  input,
  output,
  target,
}: Pick<SampleContext, "input" | "output" | "target">): TargetMark | undefined {
  const { signal, dims } = input;
  const found = signal && waveOutput(output, input);
  const ranges = target.region ?? target.index.map((at) => [at, at + 1] as const);
  if (!found || ranges.length !== output.dims.length - 1) return undefined;
  const { axes, length, channels } = found;
  const isAlong = dims[signal.along] === length || (output.dims.length === 3 && dims[signal.along] % length === 0);
  if (!isAlong) return undefined;
  const [from, before] = ranges[axes.along - 1];
  const own =
    axes.channel !== undefined && channels === dims[signal.channel] ? ranges[axes.channel - 1] : [0, channels];
  return visible({ left: from / length, right: before / length, top: own[0] / channels, bottom: own[1] / channels });
}

/**
 * Where the target lies on the input's picture: the box whose class score it is, or the places of a map. Undefined where
 * it lies nowhere (a class), or all over the picture.
 */
export function targetMark({
  detections,
  input,
  output,
  target,
}: Pick<SampleContext, "detections" | "input" | "output" | "target">): TargetMark | undefined {
  const along = signalMark({ input, output, target });
  if (along) return along;
  if (!input.axes || input.picture === undefined || target.index.length === 0) return undefined;
  if (detections && !("undecided" in detections)) {
    const box = target.region ? undefined : boxOfTarget(detections, output.name, target.index);
    if (!box) return undefined;
    const [width, height] = [input.dims[input.axes.width], input.dims[input.axes.height]];
    const { left, top, scaleX, scaleY } = input.geometry ?? { left: 0, top: 0, scaleX: 1, scaleY: 1 };
    const within = (part: number): number => Math.min(1, Math.max(0, part));
    return visible({
      left: within((box.x0 - left) / scaleX / width),
      top: within((box.y0 - top) / scaleY / height),
      right: within((box.x1 - left) / scaleX / width),
      bottom: within((box.y1 - top) / scaleY / height),
    });
  }
  const dense = denseOutput(output, input);
  const ranges = target.region ?? target.index.map((at) => [at, at + 1] as const);
  if (!dense || ranges.length !== output.dims.length - 1) return undefined;
  const { axes } = dense.source;
  const [rows, columns] = [ranges[axes.height - 1], ranges[axes.width - 1]];
  return visible({
    left: columns[0] / dense.width,
    top: rows[0] / dense.height,
    right: columns[1] / dense.width,
    bottom: rows[1] / dense.height,
  });
}

function visible(mark: TargetMark): TargetMark | undefined {
  const { left, top, right, bottom } = mark;
  const whole = left <= 0 && top <= 0 && right >= 1 && bottom >= 1;
  return right > left && bottom > top && !whole ? mark : undefined;
}
