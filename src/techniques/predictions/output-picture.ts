import type { ImageArtifact } from "../../protocol/artifacts.ts";
import { probabilitiesOf } from "../../runtime/outputs.ts";
import type { SampleContext } from "../framework/technique.ts";
import { formatNumber, formatPercent } from "../../protocol/format.ts";

/** More classes than this are told apart by number, not by colour. */
const MOST_NAMED = 6;

/**
 * The picture of an output that is one ([1, C, H, W], one or three channels) or a map over the input's picture: of one
 * channel as grey, of several the class that is largest at each place. Undefined for other outputs. The caption says
 * how numbers became colours.
 */
export function outputPicture(context: Pick<SampleContext, "output" | "input" | "classes">): ImageArtifact | undefined {
  const { output } = context;
  const { dims, meaning, values } = output;
  if (dims.length !== 4 || dims[2] < 2 || dims[3] < 2) return undefined;
  const [, channels, height, width] = dims;
  const base = { kind: "image" as const, id: "output", title: `Output ${output.name}`, width, height };
  const one = values.subarray(0, channels * height * width);
  if (meaning.kind === "image" && (channels === 1 || channels === 3)) {
    const { scale, how } = displayScale(context, one, channels);
    return {
      ...base,
      pixels: grid(height * width, (place, at) => scale(one[(channels === 1 ? 0 : at) * height * width + place], at)),
      caption: `${height}×${width}, ${how}`,
    };
  }
  if (meaning.kind !== "mask") return undefined;
  if (channels === 1) {
    const shown = probabilitiesOf(output, values)?.values ?? values;
    const [low, high] = probabilitiesOf(output, values) ? [0, 1] : rangeOf(shown.subarray(0, height * width));
    return {
      ...base,
      pixels: grid(height * width, (place) => (shown[place] - low) / (high - low || 1)),
      caption: `${height}×${width}, black ${formatNumber(low, 3)}, white ${formatNumber(high, 3)}`,
    };
  }
  const largest = Uint32Array.from({ length: height * width }, (_, place) =>
    largestAt(one, channels, height * width, place),
  );
  return { ...base, pixels: classColors(largest), caption: captionOfClasses(context.classes, largest, channels) };
}

function grid(places: number, value: (place: number, channel: number) => number): Uint8Array {
  const pixels = new Uint8Array(places * 3);
  for (let place = 0; place < places; place++)
    for (let at = 0; at < 3; at++)
      pixels[3 * place + at] = Math.round(255 * Math.min(1, Math.max(0, value(place, at) || 0)));
  return pixels;
}

type Scale = (value: number, channel: number) => number;

/**
 * By the input's own recipe where the values lie in what it makes of black and white; else by the range they lie in.
 */
function displayScale(
  { input: { range } }: Pick<SampleContext, "input">,
  values: Float32Array,
  channels: number,
): { scale: Scale; how: string } {
  const [low, high] = rangeOf(values);
  const within = (from: number, to: number): boolean =>
    low >= from - 0.1 * (to - from) && high <= to + 0.1 * (to - from);
  if (within(0, 1)) return { scale: (value) => value, how: "black 0, white 1" };
  if (
    range &&
    range.low.every((black, at) => within(Math.min(black, ...range.low), Math.max(range.high[at], ...range.high)))
  ) {
    const of = (list: readonly number[], channel: number): number => list[channels === 1 ? 0 : channel] ?? list[0];
    return {
      scale: (value, channel) => (value - of(range.low, channel)) / (of(range.high, channel) - of(range.low, channel)),
      how: "colours scaled as in the input's recipe",
    };
  }
  if (within(-1, 1)) return { scale: (value) => (value + 1) / 2, how: "black −1, white 1" };
  if (within(0, 255)) return { scale: (value) => value / 255, how: "black 0, white 255" };
  return {
    scale: (value) => (value - low) / (high - low || 1),
    how: `black ${formatNumber(low, 3)}, white ${formatNumber(high, 3)}`,
  };
}

function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Each place in its class's colour. */
function classColors(largest: Uint32Array): Uint8Array {
  const pixels = new Uint8Array(largest.length * 3);
  largest.forEach((index, place) => pixels.set(classColor(index), 3 * place));
  return pixels;
}

function largestAt(values: Float32Array, channels: number, places: number, place: number): number {
  let best = 0;
  for (let channel = 1; channel < channels; channel++)
    if (values[channel * places + place] > values[best * places + place]) best = channel;
  return best;
}

/**
 * Class 0 (the background, in most data sets) is black; others lie on the bits of their number, as in PASCAL VOC's
 * colour map.
 */
function classColor(index: number): [number, number, number] {
  const color: [number, number, number] = [0, 0, 0];
  for (let bit = 0, rest = index; bit < 8; bit++, rest >>= 3)
    for (let at = 0; at < 3; at++) color[at] |= ((rest >> at) & 1) << (7 - bit);
  return color;
}

/** "largest class at each place: background 61%, cat 32%, ...". */
function captionOfClasses(classes: readonly string[], largest: Uint32Array, channels: number): string {
  const counts = new Float64Array(channels);
  for (const index of largest) counts[index]++;
  const found = Array.from(counts.keys())
    .filter((index) => counts[index] > 0)
    .sort((a, b) => counts[b] - counts[a]);
  const name = (index: number): string => (classes.length === channels ? classes[index] : `class ${index}`);
  const named = found
    .slice(0, MOST_NAMED)
    .map((index) => `${name(index)} ${formatPercent(counts[index] / largest.length)}`);
  return `largest class at each place: ${named.join(", ")}${found.length > MOST_NAMED ? `, and ${found.length - MOST_NAMED} more` : ""}`;
}
