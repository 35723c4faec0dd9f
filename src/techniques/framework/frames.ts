import type { Artifact, Frames, ImageArtifact, SpatialAxes } from "../../protocol/artifacts.ts";
import { displayArray, finiteEnds } from "../../data/array-picture.ts";
import type { FrameAxis } from "../../runtime/layout.ts";
import { frameViews } from "./channels.ts";
import { formatNumber } from "../../protocol/format.ts";
import type { SampleContext } from "./technique.ts";

/**
 * Pictures in a row, along an axis of the input or of a layer: what they are called, and which of the input's pictures
 * lies under each.
 */

/**
 * The frames of the explained input: along an axis of their own, or along its first where the score is one for all of
 * its entries; undefined where it has none.
 */
export function inputFrames(context: Pick<SampleContext, "input" | "output">): FrameAxis | undefined {
  const { layout, dims } = context.input;
  if (layout?.frames) return layout.frames;
  return layout && dims[0] > 1 && layout.channel !== 0 && !layout.spatial.includes(0) && batchOf(context) === 1
    ? { axis: 0, count: dims[0], stride: 1 }
    : undefined;
}

/** How many samples of the input lie in a layer's first axis: more than one only where each has its own score, too. */
export function batchOf({ input, output }: Pick<SampleContext, "input" | "output">): number {
  const [count = 1] = input.dims;
  return count > 1 && output.dims[0] === count ? count : 1;
}

/** "frame 1 of 4". */
export function frameNames(count: number, word = "frame"): string[] {
  return Array.from({ length: count }, (_, index) => `${word} ${index + 1} of ${count}`);
}

/**
 * Names and pictures for the frame axis of an array that is drawn; nothing where it has none, or one entry along it.
 * Slices of a volume have no pictures.
 */
export function framesFor(
  context: Pick<SampleContext, "input" | "output">,
  { frame }: SpatialAxes,
  dims: readonly number[],
  word = "frame",
): { frames?: Frames } {
  if (frame === undefined || dims[frame] < 2) return {};
  const own = inputFrames(context);
  const over =
    word === "frame" && own?.count === dims[frame] && arePictures(context.input)
      ? { over: frameNames(own.count, PICTURE) }
      : {};
  return { frames: { names: frameNames(dims[frame], word), ...over } };
}

/** What the ids of the input's frames begin with. */
const PICTURE = "input frame";

/** Whether an input's frames can be shown: with one channel, or three as colours. */
function arePictures({ layout, dims }: SampleContext["input"]): boolean {
  return layout?.channel !== undefined && layout.spatial.length === 2 && [1, 3].includes(dims[layout.channel]);
}

/**
 * The input's frames as pictures, from the least value of all (black) to the largest (white): those that artifacts lie
 * over.
 */
export function framePictures(
  context: Pick<SampleContext, "input" | "output">,
  artifacts: readonly Artifact[],
): ImageArtifact[] {
  const wanted = artifacts.some((one) => "frames" in one && one.frames?.over !== undefined);
  const frames = inputFrames(context);
  const { layout, dims, values } = context.input;
  if (!wanted || !frames || layout?.channel === undefined) return [];
  const views = frameViews(values, { dims, layout: { ...layout, channel: layout.channel }, frames });
  const ends = finiteEnds(values, values.length);
  const axes = { channel: 0, height: 1, width: 2 };
  return views.map((view, index): ImageArtifact => {
    const name = frameNames(frames.count)[index];
    const picture = displayArray(view.values, [view.channels, ...view.size], axes, { kind: "array" }, ends);
    return {
      kind: "image",
      id: frameNames(frames.count, PICTURE)[index],
      title: `Input, ${name}`,
      ...picture,
      caption: `${name} · ${picture.height}×${picture.width} · ${formatNumber(ends.least)} (black) to ${formatNumber(ends.most)} (white)`,
    };
  });
}
