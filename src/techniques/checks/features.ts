import { UsageError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import { resizeLinear } from "../../math/resize-linear.ts";
import { channelView } from "../framework/channels.ts";
import { inputName, inputSaid } from "../framework/input-name.ts";
import { integersOf } from "../framework/input-numbers.ts";
import { jointPlaces } from "../framework/joint-places.ts";
import type { Layout } from "../../runtime/layout.ts";
import type { SampleContext, InputInfo, TechniqueOutput } from "../framework/technique.ts";

/** What a map is called, and the layer that it is of, where it is one's. */
export interface MapOf {
  readonly title: string;
  readonly usedLayer: string | undefined;
}

/** What is removed together: pixels over all channels, a token's whole vector, single columns of a table row. */
export interface Features {
  readonly count: number;
  /** The input's space, [H, W], [L] or [D, H, W]; absent for columns. */
  readonly size?: readonly number[];
  /** For each element of the input the feature it is a part of, and which of that feature's elements it is. */
  readonly of: Int32Array;
  readonly channel: Int32Array;
  readonly channels: number;
  /** "pixels": for labels. */
  readonly word: string;
}

/**
 * UsageError for a batch of several: checks are of one sample. A first axis that the output does not have is no batch
 * (a text with its tokens first, frames that end in one score), and its places are features.
 */
export function featuresOf({ input, output }: Pick<SampleContext, "input" | "output">): Features {
  const { dims, layout, tokensOf } = input;
  const elements = elementCount(dims);
  const integers = integersOf(input);
  if (integers)
    return featuresOfPlaces(
      integers.places,
      integers.shown.values.length,
      integers.shown.tokensOf === undefined ? "columns" : "tokens",
    );
  const joint = jointPlaces(input);
  if (joint) return featuresOfPlaces(joint.places, joint.count, "columns");
  const several =
    layout !== undefined &&
    layout.channel !== 0 &&
    !layout.spatial.includes(0) &&
    elements !== elementCount(dims.slice(1));
  if (several && output.dims[0] === dims[0])
    throw new UsageError(
      `The input ${inputSaid(input)} is a batch; a check needs one sample.`,
      inputName(input),
      "Choose one of its entries.",
    );
  if (!layout) {
    const of = Int32Array.from({ length: elements }, (_, i) => i);
    return {
      count: elements,
      of,
      channel: new Int32Array(elements),
      channels: 1,
      word: tokensOf !== undefined ? "tokens" : "columns",
    };
  }
  const inSpace = [...(several ? [0] : []), ...(layout.frames ? [layout.frames.axis] : []), ...layout.spatial];
  const size = inSpace.map((axis) => dims[axis]);
  const count = elementCount(size);
  const [of, channel] = [new Int32Array(elements), new Int32Array(elements)];
  const index = new Array<number>(dims.length).fill(0);
  const others = dims.map((_, axis) => axis).filter((axis) => !inSpace.includes(axis));
  for (let at = 0; at < elements; at++) {
    for (let axis = dims.length - 1, rest = at; axis >= 0; axis--) {
      index[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    of[at] = inSpace.reduce((place, axis) => place * dims[axis] + index[axis], 0);
    channel[at] = others.reduce((place, axis) => place * dims[axis] + index[axis], 0);
  }
  return {
    count,
    size,
    of,
    channel,
    channels: elements / count,
    word: tokensOf !== undefined ? "tokens" : (["points", "pixels", "voxels"][size.length - 1] ?? "places"),
  };
}

/** Integers with several vectors each, or places of several inputs; what belongs to none is one more feature. */
function featuresOfPlaces(places: Int32Array, known: number, word: string): Features {
  const count = known + (places.includes(-1) ? 1 : 0);
  const [of, channel, met] = [
    places.map((place) => (place < 0 ? known : place)),
    new Int32Array(places.length),
    new Int32Array(count),
  ];
  of.forEach((feature, at) => {
    channel[at] = met[feature]++;
  });
  return { count, of, channel, channels: met.reduce((most, here) => Math.max(most, here), 0), word };
}

/** UsageError where there is one feature alone, for what compares them. */
export function requireSeveral(input: InputInfo, count: number, title: string): void {
  if (count > 1) return;
  throw new UsageError(
    `${title} compares elements of the input with each other, and ${inputSaid(input)} has only one.`,
    inputName(input),
    "Feature Ablation and gradient methods explain a single value.",
  );
}

/** The input as channels over its features. */
export function planesOf({ of, channel, channels, count }: Features, values: Float32Array): Float32Array[] {
  const planes = Array.from({ length: channels }, () => new Float32Array(count));
  for (let at = 0; at < values.length; at++) planes[channel[at]][of[at]] = values[at];
  return planes;
}

/** Channels over features as the input again. */
export function fromPlanes({ of, channel }: Features, planes: readonly Float32Array[]): Float32Array {
  return Float32Array.from(of, (feature, at) => planes[channel[at]][feature]);
}

/**
 * One number for each feature from a method's raw result: the sum over a feature's elements where it has the input's
 * shape (the mean, where each holds the effect of its part); a map over a layer's space is brought to the input's size,
 * a layer's value summed over its channels before. UsageError where it has no space.
 */
export async function importanceOf(
  context: SampleContext,
  features: Features,
  method: MapOf,
  raw: TechniqueOutput["raw"],
): Promise<Float32Array> {
  if (raw.effects) return meansOver(features, raw.values);
  // What belongs to none is the feature behind them.
  if (raw.byPlace) return Float32Array.from({ length: features.count }, (_, feature) => raw.values[feature] ?? 0);
  if (hasInputShape(context, raw)) {
    const sums = new Float64Array(features.count);
    raw.values.forEach((value, at) => {
      sums[features.of[at]] += value;
    });
    return Float32Array.from(sums);
  }
  const map = await mapOf(context, features, method, raw);
  return resizeLinear(map.values, map.size, features.size!);
}

function meansOver({ of, count }: Features, values: Float32Array): Float32Array {
  const [sums, elements] = [new Float64Array(count), new Uint32Array(count)];
  values.forEach((value, at) => {
    sums[of[at]] += value;
    elements[of[at]]++;
  });
  return Float32Array.from(sums, (sum, feature) => sum / elements[feature]);
}

/**
 * One number for each element of the input: of a part's effect its share, of a feature's map what it says for all of
 * the feature's elements.
 */
export async function elementsOf(
  context: SampleContext,
  features: Features,
  method: MapOf,
  raw: TechniqueOutput["raw"],
): Promise<Float32Array> {
  if (raw.effects) return raw.effects.shares;
  if (!raw.byPlace && hasInputShape(context, raw)) return raw.values;
  const map = await importanceOf(context, features, method, raw);
  return Float32Array.from(features.of, (feature) => map[feature]);
}

export function hasInputShape({ input }: SampleContext, { dims }: TechniqueOutput["raw"]): boolean {
  return dims.length === input.dims.length && dims.every((dim, axis) => dim === input.dims[axis]);
}

/** UsageError where a method's raw result has no place for each feature: see importanceOf. */
export async function requireCorrespondence(
  context: SampleContext,
  features: Features,
  method: MapOf,
  raw: TechniqueOutput["raw"],
): Promise<void> {
  if (!raw.effects && !raw.byPlace && !hasInputShape(context, raw))
    await layoutOfMap(context, features, method, raw.dims);
}

async function mapOf(
  context: SampleContext,
  features: Features,
  method: MapOf,
  { dims, values }: TechniqueOutput["raw"],
): Promise<{ values: Float32Array; size: readonly number[] }> {
  const layout = await layoutOfMap(context, features, method, dims);
  if (!layout) return { values, size: dims };
  const view = channelView(values, dims, layout);
  const sums = new Float64Array(view.area);
  view.values.forEach((value, at) => {
    sums[at % view.area] += value;
  });
  return { values: Float32Array.from(sums), size: view.size };
}

/** Which axes of a layer's value are its space; undefined for a map, which has no others. UsageError where it has none. */
async function layoutOfMap(
  context: SampleContext,
  { size }: Features,
  { title, usedLayer }: MapOf,
  dims: readonly number[],
): Promise<(Layout & { readonly channel: number }) | undefined> {
  if (size && dims.length === size.length) return undefined;
  const layout = usedLayer === undefined ? undefined : (await context.layouts()).get(usedLayer);
  if (
    size &&
    layout?.channel !== undefined &&
    layout.spatial.length === size.length &&
    layout.spatial.length + 2 === dims.length
  )
    return { ...layout, channel: layout.channel };
  throw new UsageError(
    `${title} has a result of shape [${dims.join(", ")}], which does not correspond to the input ${inputSaid(context.input)}.`,
    inputName(context.input),
    "This check removes parts of the input: choose a method that explains the input, or a layer with height and width.",
  );
}
