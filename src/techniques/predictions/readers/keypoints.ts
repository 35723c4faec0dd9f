import type { Keypoint, KeypointsArtifact } from "../../../protocol/artifacts.ts";
import { targetText } from "../../../protocol/target.ts";
import { probabilitiesOf } from "../../../runtime/outputs.ts";
import type { InputInfo, SampleContext } from "../../framework/technique.ts";
import { denseOutput, type DenseOutput } from "./dense.ts";
import type { Reader } from "./reader.ts";

const NAMED = /heat_?map|key_?point|landmark|(?:^|[_.])(?:pose|joints?|kpts?)(?:$|[_.\d])/i;
/** More channels than this are no points that anybody could tell apart. */
const MOST_POINTS = 500;

/** A heat map for each point [N, K, H, W]: where each is largest. */
export const keypoints: Reader = {
  as: "keypoints",
  problem({ output, input }) {
    const dense = denseOutput(output, input);
    if (!dense) return "it has no height and width over an input image";
    return dense.channels > MOST_POINTS
      ? `it has ${dense.channels} channels, more than ${MOST_POINTS} points`
      : undefined;
  },
  guess({ output, input, model, classes }) {
    const { channels } = denseOutput(output, input)!;
    const { task } = model.description.metadata;
    const named = NAMED.test(output.name);
    if (channels < 2 || (!named && !/^(pose|keypoints?)$/i.test(task ?? ""))) return undefined;
    const by = named ? `Its name ("${output.name}")` : `The file's task ("${task}")`;
    return {
      why: `${by} suggests a heat map for each of ${channels} points.`,
      assumed: !named || classes.length !== channels,
    };
  },
  views(context) {
    const { output, input, classes } = context;
    const dense = denseOutput(output, input)!;
    if (classes.length > 0 && classes.length !== dense.channels)
      context.note(`There are ${classes.length} names for ${dense.channels} points: points are numbered.`);
    const bad = output.skeleton?.filter((pair) => pair.some((point) => point >= dense.channels)) ?? [];
    if (bad.length > 0)
      context.note(
        `The recipe's skeleton names points that "${output.name}" does not have (0 to ${dense.channels - 1}): ${bad.map((pair) => pair.join("–")).join(", ")}.`,
      );
    return [keypointsOf(context, dense)];
  },
};

function keypointsOf(
  { output, input, classes }: Pick<SampleContext, "output" | "input" | "classes">,
  dense: DenseOutput,
): KeypointsArtifact {
  const { channels, height, width, source } = dense;
  // Independent scores only: a softmax along the points says which point a place is, not where a point is.
  const shares = output.meaning.form === "as-is" ? probabilitiesOf(output, output.values) : undefined;
  const maps = new Float32Array(channels * height * width);
  for (let point = 0; point < channels; point++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        maps[(point * height + row) * width + column] = dense.at(point, row, column);
  const points = Array.from({ length: channels }, (_, point): Keypoint => {
    const map = maps.subarray(point * height * width, (point + 1) * height * width);
    const found = decodePoint(map, height, width);
    const [u, v] = [(found.x + 0.5) / width, (found.y + 0.5) / height];
    return {
      name: (classes.length === channels ? classes[point] : undefined) ?? `point ${point}`,
      ...inPicture(input, u, v),
      u,
      v,
      score: map[found.row * width + found.column],
      row: found.row,
      column: found.column,
      target: targetText({ index: placeIndex(dense, point, found.row, found.column) }),
    };
  });
  const skeleton = (output.skeleton ?? []).filter((pair) => pair.every((point) => point < channels));
  return {
    kind: "keypoints",
    id: "keypoints",
    title: "Keypoints",
    points,
    skeleton,
    values: Float32Array.from(points.flatMap(({ x, y, score }) => [x, y, score])),
    dims: [channels, 3],
    maps,
    height,
    width,
    quantity: shares ? "probability" : output.name,
    pixels: input.geometry ? "picture file" : "model input",
    source,
    ...(input.picture ? { over: input.picture } : {}),
    caption: `${channels} points from heat maps of ${height}×${width}: the largest place, moved a quarter of a place towards its larger neighbours (${output.name})`,
  };
}

/**
 * The place of the largest value, moved by a quarter of a place towards the larger of its neighbours along each axis,
 * as in Newell et al. 2016 (stacked hourglass networks) and HRNet; at the map's edge, where a neighbour is missing, not
 * moved. Of equal values the first; NaN is none. x and y are in places, 0 in the middle of the first.
 */
function decodePoint(
  map: Float32Array,
  height: number,
  width: number,
): { readonly x: number; readonly y: number; readonly row: number; readonly column: number } {
  let best = 0;
  for (let place = 1; place < map.length; place++) if (map[place] > map[best] || Number.isNaN(map[best])) best = place;
  const [row, column] = [Math.floor(best / width), best % width];
  const inside = column > 0 && column < width - 1 && row > 0 && row < height - 1;
  const shift = (step: number): number => 0.25 * (Math.sign(map[best + step] - map[best - step]) || 0);
  return { x: column + (inside ? shift(1) : 0), y: row + (inside ? shift(width) : 0), row, column };
}

/** In pixels of the file, or of the model's input where there is none. */
function inPicture({ geometry, dims, axes }: InputInfo, u: number, v: number): { x: number; y: number } {
  const [x, y] = [u * dims[axes!.width], v * dims[axes!.height]];
  return geometry ? { x: geometry.left + x * geometry.scaleX, y: geometry.top + y * geometry.scaleY } : { x, y };
}

/** An element's index without the batch axis. */
function placeIndex({ source: { axes, dims } }: DenseOutput, channel: number, row: number, column: number): number[] {
  return dims.slice(1).map((_, place) => {
    const axis = place + 1;
    return axis === axes.height ? row : axis === axes.width ? column : axis === axes.channel ? channel : 0;
  });
}
