import { elementCount } from "../../model/graph.ts";
import type {
  Artifact,
  BarsArtifact,
  HeatmapArtifact,
  LineArtifact,
  TokensArtifact,
} from "../../protocol/artifacts.ts";
import { frameNames, framesFor, inputFrames } from "./frames.ts";
import { numbersByInput } from "./input-numbers.ts";
import { linesOf } from "./signals.ts";
import { isSignal } from "./signal-input.ts";
import type { SampleContext, InputInfo, InputPart, TechniqueOutput } from "./technique.ts";

/** So many columns of a table row are shown as bars, the strongest. */
export const MOST_BARS = 50;

export interface AttributionLooks {
  readonly id: string;
  readonly title: string;
  /** What a value is: "∂y/∂x". */
  readonly quantity: string;
  readonly signed: boolean;
  readonly caption: string;
}

/**
 * A technique's result in the shape of the input: its numbers, and a picture of each of the model's inputs that it is
 * about.
 */
export function inputOutput(context: SampleContext, values: Float32Array, looks: AttributionLooks): TechniqueOutput {
  const { input } = context;
  const raw = { dims: input.dims, values };
  if (!input.parts) return { raw, views: [inputAttribution(context, values, looks)] };
  const inputs = numbersByInput(input, values, looks.signed);
  return {
    raw,
    inputs,
    views: ofInputs(
      inputs.map((one, which) => ({
        input: one.name,
        artifacts: [partPicture(context, input.parts![which], one.values, looks)],
      })),
    ),
  };
}

/** What a picture of an input is made with. */
export type Picturing = Pick<SampleContext, "input" | "output" | "note">;

/** The same about another input: one of several. */
export function aboutInput(context: Picturing, input: InputInfo): Picturing {
  return { input, output: context.output, note: (text) => context.note(text) };
}

function partPicture(
  context: SampleContext,
  { shown, places }: InputPart,
  values: Float32Array,
  looks: AttributionLooks,
): Artifact {
  if (!places) return inputAttribution(aboutInput(context, shown), values, looks);
  const summed = {
    ...looks,
    quantity: looks.signed ? `Σ ${looks.quantity}` : `‖${looks.quantity}‖`,
    caption: `${looks.caption}; ${looks.signed ? "sum" : "L2 norm"} of each embedding vector`,
  };
  return inputAttribution(aboutInput(context, shown), values, summed);
}

/** Pictures of several inputs: each says which it is about, and none has another's id. */
export function ofInputs(
  all: readonly { readonly input: string; readonly artifacts: readonly Artifact[] }[],
): Artifact[] {
  if (all.length === 1) return [...all[0].artifacts];
  return all.flatMap(({ input, artifacts }, which) =>
    artifacts.map((artifact) => ({
      ...artifact,
      input: "input" in artifact && artifact.input !== undefined ? artifact.input : input,
      ...(which > 0 ? { id: `${artifact.id}:${input}` } : {}),
    })),
  );
}

/**
 * The picture of an attribution in the shape of the input: a heat map over space, lines for a signal, bars for a table
 * row.
 */
export function inputAttribution(context: Picturing, values: Float32Array, looks: AttributionLooks): Artifact {
  const { input } = context;
  if (input.tokensOf !== undefined) return tokenAttribution(input, values, looks);
  if (input.axes) {
    const frame = inputFrames(context);
    const axes = { ...input.axes, ...(frame ? { frame: frame.axis } : {}) };
    if (input.assumed !== undefined) context.note(input.assumed);
    if (isSignal(input.layout)) return linesOf(context, values, input.dims, axes, looks, "input");
    return {
      kind: "heatmap",
      ...looks,
      values,
      dims: input.dims,
      axes,
      ...framesFor(context, axes, input.dims, frame ? "frame" : "slice"),
      ...(input.picture ? { over: input.picture } : {}),
      smooth: false,
    };
  }
  if (input.signal)
    return linesOf(
      context,
      values,
      input.dims,
      { height: input.signal.channel, width: input.signal.along },
      looks,
      "input",
    );
  return featureBars(context, values, looks);
}

/** Of each token's vector the sum, or its length where there is no sign; of token numbers their own. */
export function tokenAttribution(
  input: Pick<InputInfo, "dims" | "labels" | "discrete">,
  values: Float32Array,
  looks: AttributionLooks,
): TokensArtifact {
  if (input.discrete)
    return {
      kind: "tokens",
      ...looks,
      tokens: Array.from(values, (_, token) => input.labels?.[token] ?? String(token)),
      values,
      dims: [values.length],
    };
  const width = input.dims[input.dims.length - 1] ?? 1;
  const amounts = Float32Array.from({ length: values.length / width }, (_, token) => {
    const vector = values.subarray(token * width, (token + 1) * width);
    return looks.signed
      ? vector.reduce((sum, value) => sum + value, 0)
      : Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  });
  return {
    kind: "tokens",
    ...looks,
    tokens: Array.from(amounts, (_, token) => input.labels?.[token] ?? String(token)),
    values: amounts,
    dims: [amounts.length],
    quantity: looks.signed ? `Σ ${looks.quantity}` : `‖${looks.quantity}‖`,
    caption: `${looks.caption}; ${looks.signed ? "sum of each token's vector" : "L2 norm of each token's vector"}`,
  };
}

/**
 * A class activation map: values over a layer's space, which covers the whole input. `frames`: how many maps there are,
 * along the first axis of `size`; a volume is shown slice by slice, and of frames that are volumes the largest along
 * their depth.
 */
export function activationMap(
  context: SampleContext,
  map: Float32Array,
  size: readonly number[],
  looks: AttributionLooks,
  frames = 1,
): HeatmapArtifact | LineArtifact {
  const space = frames > 1 ? size.slice(1) : size;
  const over = context.input.picture ? { over: context.input.picture } : {};
  if (space.length === 1) {
    const dims = [frames, space[0]];
    const axes = { height: 0, width: 1 };
    if (context.input.picture) return { kind: "heatmap", ...looks, values: map, dims, axes, ...over, smooth: true };
    return {
      ...linesOf(context, map, dims, axes, looks, "input"),
      ...(frames > 1 ? { channels: frameNames(frames) } : {}),
    };
  }
  const plane = elementCount(space.slice(-2));
  const isVolume = space.length > 2;
  const isFlattened = isVolume && frames > 1;
  if (isFlattened)
    context.note(
      `The image shows, at each pixel of a frame, the maximum over its ${elementCount(space) / plane} slices. The saved .npy has all slices.`,
    );
  const values = isFlattened ? joinedMaximum(map, frames, plane) : map;
  const dims = [...(frames > 1 ? [frames] : isVolume ? [elementCount(space) / plane] : []), ...space.slice(-2)];
  const axes = dims.length > 2 ? { frame: 0, height: 1, width: 2 } : { height: 0, width: 1 };
  return {
    kind: "heatmap",
    ...looks,
    values,
    dims,
    axes,
    ...framesFor(context, axes, dims, frames > 1 ? "frame" : "slice"),
    ...over,
    smooth: true,
  };
}

function featureBars(
  context: Pick<SampleContext, "input">,
  values: Float32Array,
  looks: AttributionLooks,
): BarsArtifact {
  const { labels } = context.input;
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  return {
    kind: "bars",
    id: looks.id,
    title: looks.title,
    quantity: looks.quantity,
    share: false,
    caption: looks.caption,
    values,
    dims: context.input.dims,
    items: order
      .slice(0, MOST_BARS)
      .map((index) => ({
        label: labels?.[index] ?? `${context.input.of ?? context.input.name}[${index}]`,
        value: values[index],
        index,
      })),
  };
}

/** Of each frame's volume the largest value along its depth. */
function joinedMaximum(map: Float32Array, frames: number, plane: number): Float32Array {
  const out = new Float32Array(frames * plane).fill(-Infinity);
  const depth = map.length / out.length;
  for (let frame = 0; frame < frames; frame++) {
    for (let d = 0; d < depth; d++)
      for (let i = 0; i < plane; i++)
        out[frame * plane + i] = Math.max(out[frame * plane + i], map[(frame * depth + d) * plane + i]);
  }
  return out;
}
