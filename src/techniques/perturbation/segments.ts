import { wholeNumberParam } from "../framework/params.ts";
import type { ParamsOf } from "../../protocol/technique.ts";
import { UsageError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import { slic } from "../../math/slic.ts";
import type { Mask } from "../../data/mask.ts";
import { plural } from "../../protocol/format.ts";
import { splitList } from "../../protocol/list.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { boxes, labelled, throughPlaces, type Parts } from "./ablation.ts";
import { placesOf } from "../framework/channels.ts";
import { inputName, inputSaid } from "../framework/input-name.ts";
import { integersOf } from "../framework/input-numbers.ts";
import { jointPlaces } from "../framework/joint-places.ts";
import type { SampleContext, InputInfo } from "../framework/technique.ts";

/** How an input is cut into parts. */
export const SEGMENTS = [
  wholeNumberParam(
    "grid",
    "Cell",
    { default: 16, min: 1, max: 4096, unit: "px" },
    "Size of the grid cells along each spatial axis (over all channels), if neither segments nor a mask is given. In a table row each column is a part, in text each token.",
  ),
  wholeNumberParam(
    "segments",
    "Segments",
    { default: 0, min: 0, max: 10_000, step: 10 },
    "Approximate number of superpixels (SLIC) to use as parts; 0 uses grid cells.",
  ),
  {
    type: "text",
    name: "mask",
    label: "Mask",
    default: "",
    pattern: String.raw`[^,"]*|"(?:[^"]|"")*"`,
    files: true,
    problem: "One file: an integer array (.npy), or an image.",
    help: "A file that assigns elements to parts: an integer array (.npy) of a shape that fits the input, or an image of its size with one colour per part.",
  },
] as const satisfies readonly ParamSpec[];

/** What parts are made of. */
type PartsContext = Pick<
  SampleContext<ParamsOf<typeof SEGMENTS>>,
  "params" | "input" | "picture" | "note" | "progress" | "mask"
>;

function restOf(context: PartsContext): Omit<PartsContext, "input"> {
  return {
    params: context.params,
    note: (text) => context.note(text),
    progress: (fraction, text) => context.progress(fraction, text),
    mask: (file) => context.mask(file),
  };
}

/**
 * The input's parts, and what they are for a caption: "cells of 16×16". UsageError where a mask or segments do not fit
 * the input.
 */
export async function partsOf(context: PartsContext): Promise<{ parts: Parts; caption: string }> {
  const { params } = context;
  const integers = integersOf(context.input);
  if (integers) {
    const { parts, caption } = await partsOf({ ...restOf(context), input: integers.shown });
    return { parts: throughPlaces(parts, integers.places), caption };
  }
  const joint = jointParts(context.input);
  if (joint) return { parts: joint, caption: "one feature at a time" };
  const { input } = context;
  const [[mask = ""], segments] = [splitList(params.mask), params.segments];
  if (mask !== "" && segments > 0)
    throw new UsageError(
      "Both segments and a mask were given; only one of them can define the parts.",
      "mask",
      "Set segments to 0, or give no mask.",
    );
  if (mask !== "") return maskParts(context, await context.mask(mask));
  if (segments > 0) return slicParts(context, segments);
  const { dims, layout, tokensOf } = input;
  const grid = tokensOf === undefined ? params.grid : 1;
  const cell = dims.map((size, axis) =>
    axis === 0 && dims.length > 1 && !layout?.spatial.includes(0)
      ? size
      : axis === layout?.frames?.axis
        ? 1
        : layout
          ? layout.spatial.includes(axis)
            ? Math.min(grid, size)
            : size
          : 1,
  );
  const caption =
    tokensOf !== undefined
      ? "one token at a time"
      : layout
        ? `cells of ${layout.spatial.map((axis) => cell[axis]).join("×")}`
        : "one feature at a time";
  return { parts: boxes(dims, { window: cell, stride: cell }, "Cell"), caption };
}

/** Of several inputs at once each place; undefined for one input. */
export function jointParts(input: InputInfo): Parts | undefined {
  const joint = jointPlaces(input);
  if (!joint) return undefined;
  const elements: number[][] = Array.from({ length: joint.count }, () => []);
  joint.places.forEach((place, element) => {
    if (place >= 0) elements[place].push(element);
  });
  const labels = joint.parts.flatMap(({ input: name, shown, from, before }) =>
    Array.from({ length: before - from }, (_, place) => shown.labels?.[place] ?? `${name}[${place}]`),
  );
  return { count: joint.count, name: "Feature", elements: (part) => elements[part], label: (part) => labels[part] };
}

function maskParts(context: PartsContext, mask: Mask): { parts: Parts; caption: string } {
  const parts = labelled(fanOut(mask, context.input), "Part", (label) => mask.names[label]);
  context.note(`The mask ${mask.name} has ${parts.count} parts.`);
  return { parts, caption: `${parts.count} parts of ${mask.name}` };
}

/**
 * A label for each of the input's elements. A mask over space alone is for all channels; else axes of length 1, and
 * missing ones in front, are for all.
 */
function fanOut({ name, dims, labels }: Mask, input: InputInfo): Int32Array {
  const { dims: to, layout } = input;
  const inner = dims.slice(dims.findIndex((dim) => dim !== 1) < 0 ? dims.length : dims.findIndex((dim) => dim !== 1));
  if (layout && inner.length === layout.spatial.length && layout.spatial.every((axis, i) => to[axis] === inner[i])) {
    return placesOf(to, layout.spatial).map((place) => labels[place]);
  }
  const offset = to.length - dims.length;
  if (offset < 0 || dims.some((dim, axis) => dim !== 1 && dim !== to[axis + offset])) {
    const space = layout ? `, or [${layout.spatial.map((axis) => to[axis]).join(", ")}] for all channels` : "";
    throw new UsageError(
      `The mask ${name} is [${dims.join(", ")}], the input "${inputName(input)}" is [${to.join(", ")}].`,
      "mask",
      `A mask must have the input's shape${space}. It is not resized.`,
    );
  }
  const strides = to.map((_, axis) =>
    axis < offset || dims[axis - offset] === 1 ? 0 : elementCount(dims.slice(axis - offset + 1)),
  );
  return Int32Array.from({ length: elementCount(to) }, (_, element) => {
    let at = 0;
    for (let axis = to.length - 1, rest = element; axis >= 0; axis--) {
      at += (rest % to[axis]) * strides[axis];
      rest = Math.floor(rest / to[axis]);
    }
    return labels[at];
  });
}

function slicParts(context: PartsContext, segments: number): { parts: Parts; caption: string } {
  const { input } = context;
  const { layout } = input;
  const picture = context.picture ?? pictureOf(input);
  if (
    !layout ||
    layout.spatial.length !== 2 ||
    !picture ||
    picture.height !== input.dims[layout.spatial[0]] ||
    picture.width !== input.dims[layout.spatial[1]]
  ) {
    throw new UsageError(
      `${inputSaid(input)} is not an image, so it has no segments.`,
      "segments",
      "Use a grid or a mask.",
    );
  }
  context.progress(undefined, "Computing segments");
  const { labels, count } = slic(picture.pixels, picture.height, picture.width, segments);
  const parts = labelled(
    placesOf(input.dims, layout.spatial).map((place) => labels[place]),
    "Segment",
  );
  context.note(`SLIC found ${plural(count, "segment")} in the image.`);
  return { parts, caption: `${count} segments (SLIC)` };
}

/** One or three channels as grey or colour, from the least to the largest value. */
function pictureOf({
  dims,
  values,
  layout,
}: InputInfo): { width: number; height: number; pixels: Uint8Array } | undefined {
  if (!layout || layout.spatial.length !== 2) return undefined;
  const channels = layout.channel === undefined ? 1 : dims[layout.channel];
  if (channels !== 1 && channels !== 3) return undefined;
  const [height, width] = layout.spatial.map((axis) => dims[axis]);
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const strides = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
  const pixels = new Uint8Array(height * width * 3);
  placesOf(dims, layout.spatial).forEach((place, element) => {
    const byte = high > low ? Math.round(((values[element] - low) / (high - low)) * 255) : 0;
    const channel = layout.channel === undefined ? 0 : Math.floor(element / strides[layout.channel]) % channels;
    if (channels === 1) pixels.fill(byte, 3 * place, 3 * place + 3);
    else pixels[3 * place + channel] = byte;
  });
  return { width, height, pixels };
}
