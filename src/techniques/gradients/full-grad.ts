import { overCopies } from "../framework/over-copies.ts";
import { resizeLinear } from "../../math/resize-linear.ts";
import { elementCount } from "../../model/graph.ts";
import { framesOf, isSpatial, spatialSize, type Layout } from "../../runtime/layout.ts";
import { floatsOf, type Feeds, type TensorValue } from "../../runtime/ort.ts";
import type { Artifact } from "../../protocol/artifacts.ts";
import { frameViews, stackedMaps, type ChannelView } from "../framework/channels.ts";
import { batchOf, inputFrames } from "../framework/frames.ts";
import { findBiases, timesBias, type Biases } from "./full-grad-biases.ts";
import { inputOf } from "../framework/input-gradient.ts";
import { formatNumber } from "../../protocol/format.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { activationMap, inputAttribution } from "../framework/pictures.ts";
import { noiseCaption } from "../framework/smoothgrad.ts";
import { technique, type SampleContext, type TechniqueOutput } from "../framework/technique.ts";

/** Keeps a map that is level from being divided by its rounding, as pytorch-grad-cam. */
const LEAST = 1e-7;

/**
 * ψ(∇x ⊙ x) + Σ ψ(b ⊙ ∂y/∂b) over all channels of all biases with a place in space, ψ: magnitude, rescaled to [0, 1] in
 * each channel, brought to the input's size (Srinivas & Fleuret 2019, equation 8). Raw: a map in the size of the
 * input's space, [H, W]; of a table row ψ(∇x ⊙ x) alone.
 */
export const fullGrad = technique({
  info: {
    id: "full-grad",
    title: "FullGrad",
    command: "Visualize FullGrad",
    group: "gradients",
    summary: "Decomposes the score completely into the contributions of the input and of all biases in all layers.",
    cite: "Srinivas & Fleuret 2019",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    inputs: "each",
    params: [SCORE, ...NOISE],
  },
  async run(context) {
    const { input } = context;
    const { specialised } = await context.traced();
    const biases = findBiases(specialised, (await context.score()).value);
    const space =
      input.layout && isSpatial(input.layout, input.dims) ? spatialSize(input.layout, input.dims) : undefined;
    const frames = space && (inputFrames(context) ?? { axis: 0, count: 1, stride: 1 });
    const size = space && frames && frames.count > 1 ? [frames.count, ...space] : space;
    const alone = context.params.samples === 0;
    const draw = (values: Float32Array): TechniqueOutput => ({
      raw: { dims: size ?? input.dims, values },
      views: [picture(context, values, size, frames?.count)],
    });
    return overCopies(context, { value: input.name, about: { what: "The map" }, draw }, async (feeds) => {
      const parts = await decompose(context, feeds, biases, frames?.count ?? 1);
      if (alone) noteSum(context, biases, parts);
      return space && frames
        ? mapOf(
            parts.maps,
            frameViews(parts.products, {
              dims: input.dims,
              layout: input.layout as Layout & { channel: number },
              frames,
            }),
            space,
          )
        : rescaled({ channels: 1, size: [parts.products.length], area: parts.products.length, values: parts.products });
    });
  },
});

interface Parts {
  /** ∇x ⊙ x, in the input's shape. */
  readonly products: Float32Array;
  /** b ⊙ ∂y/∂b of each bias with a place in space, by channel; of each of the input's frames. */
  readonly maps: readonly (readonly ChannelView[])[];
  /** Σ b·∂y/∂b over all biases; of those alone that have no place; and what clipping at bounds adds. */
  readonly biases: number;
  readonly placeless: number;
  readonly atClipBounds: number;
  /** Biases that the score depends on. */
  readonly count: number;
  readonly score: number;
}

/** The score's terms: one run gives the gradients at the input and at every bias. */
async function decompose(
  context: SampleContext,
  feeds: Feeds,
  { places, clipBounds }: Biases,
  frameCount: number,
): Promise<Parts> {
  const { name } = context.input;
  const score = (await context.score()).value;
  const layouts = await context.layouts();
  const fused = places.filter(({ slope }) => slope).map(({ value }) => value);
  const clipped = clipBounds.flatMap(({ input, low, high }) => [input, low, high].filter((one) => one !== ""));
  const wrt = [...new Set([name, ...places.map(({ value }) => value), ...clipBounds.map(({ value }) => value)])];
  const fetch = [...new Set([score, ...places.flatMap(({ constants }) => constants), ...fused, ...clipped])];
  const { gradients, values } = await context.gradients({ wrt, fetch }, feeds);
  const gradient = gradients.get(name);
  if (!gradient) throw context.independent(name);
  const floats = (value: string): Float32Array => floatsOf(values.get(value)!);
  const input = inputOf(context, feeds);
  const maps: ChannelView[][] = [];
  let [sum, placeless, count] = [0, 0, 0];
  for (const { value, dims, constants, term, slope } of places) {
    const slopes = gradientOf(gradients.get(value), slope && { slope, results: floats(value) });
    if (!slopes) continue;
    const part = timesBias(slopes, dims, term(constants.map(floats)));
    const total = sumOf(part);
    const layout = layouts.get(value);
    const frames = framesOf(layout, dims, batchOf(context));
    // What mixes the frames has no place in one of them.
    if (isSpatial(layout, dims) && frames.count === frameCount) maps.push(frameViews(part, { dims, layout, frames }));
    else placeless += total;
    sum += total;
    count++;
  }
  const atClipBounds = clipBounds.reduce((total, { value, input, low, high }) => {
    const slopes = gradients.get(value);
    const bound = (name: string, none: number): number => (name === "" ? none : floats(name)[0]);
    return slopes
      ? total + clippedPart(floatsOf(slopes), floats(input), bound(low, -Infinity), bound(high, Infinity))
      : total;
  }, 0);
  return {
    products: floatsOf(gradient).map((number, i) => number * input[i]),
    maps,
    biases: sum,
    placeless,
    atClipBounds,
    count,
    score: context.scoreIn(floats(score)),
  };
}

function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

function gradientOf(
  gradient: TensorValue | undefined,
  fused: { slope: (result: number) => number; results: Float32Array } | undefined,
): Float32Array | undefined {
  const slopes = gradient && floatsOf(gradient);
  return slopes && fused ? slopes.map((number, i) => number * fused.slope(fused.results[i])) : slopes;
}

/** What is clipped stays at its bound whatever comes in: a bias. */
function clippedPart(gradient: Float32Array, inputs: Float32Array, low: number, high: number): number {
  let total = 0;
  for (let i = 0; i < inputs.length; i++)
    total += gradient[i] * (inputs[i] >= high ? high : inputs[i] <= low ? low : 0);
  return total;
}

/**
 * Of each frame the sums of rescaled channels, each layer's brought to the input's size. Resizing is linear, so that
 * the sum may come first.
 */
function mapOf(
  maps: readonly (readonly ChannelView[])[],
  products: readonly ChannelView[],
  size: readonly number[],
): Float32Array {
  return stackedMaps(
    products.map((product, frame) => {
      const out = new Float64Array(elementCount(size));
      for (const view of [product, ...maps.map((views) => views[frame])])
        resizeLinear(rescaled(view), view.size, size).forEach((value, i) => {
          out[i] += value;
        });
      return Float32Array.from(out);
    }),
  );
}

/** Σ over channels of the magnitudes, each channel's brought to [0, 1]. */
function rescaled({ channels, area, values }: ChannelView): Float32Array {
  const sum = new Float64Array(area);
  for (let channel = 0; channel < channels; channel++) {
    let [least, most] = [Infinity, -Infinity];
    for (let at = channel * area; at < (channel + 1) * area; at++) {
      const magnitude = Math.abs(values[at]);
      if (magnitude < least) least = magnitude;
      if (magnitude > most) most = magnitude;
    }
    const scale = 1 / (LEAST + most - least);
    for (let i = 0; i < area; i++) sum[i] += (Math.abs(values[channel * area + i]) - least) * scale;
  }
  return Float32Array.from(sum);
}

/** Of the score: what float32 does not explain. */
const UNEQUAL = 1e-3;

/** Says what the parts sum to, which for piecewise linear networks is the score (proposition 1). */
function noteSum(
  context: SampleContext,
  { curved, placing, clipBounds: clips }: Biases,
  { products, biases, placeless, atClipBounds, count, score }: Parts,
): void {
  const fromInput = sumOf(products);
  const together = fromInput + biases + atClipBounds;
  const atBounds =
    clips.length > 0
      ? `, clipping at an upper bound (as in ReLU6: an implicit bias, not in the map) adds ${formatNumber(atClipBounds)}`
      : "";
  context.note(
    `Full gradient: input × gradient sums to ${formatNumber(fromInput)}, bias × gradient over ${count === 1 ? "one layer" : `${count} layers`} to ${formatNumber(biases)}${atBounds}; together ${formatNumber(together)}, the score is ${formatNumber(score)}.`,
  );
  if (curved.length > 0)
    context.note(
      `They add up to the score in piecewise linear networks; this one has ${curved.join(", ")}, whose implicit biases are omitted.`,
    );
  else if (Math.abs(together - score) > UNEQUAL * Math.max(Math.abs(score), Math.abs(together)))
    context.note(
      placing.length > 0
        ? `They do not add up to the score here: constants that ${placing.join(", ")} put beside the input's values are in no bias.`
        : "They do not add up to the score here: a part of the model adds something that is in no bias.",
    );
  if (placeless !== 0)
    context.note(
      `Biases without a position in the input (dense layers) are not in the map: ${formatNumber(placeless)} of the sum.`,
    );
  context.note(
    "Biases are those of the graph: if the exporter folded BatchNormalization into a convolution, the convolution's bias includes its shift.",
  );
}

function picture(
  context: SampleContext,
  values: Float32Array,
  size: readonly number[] | undefined,
  frames: number | undefined,
): Artifact {
  const looks = {
    id: "full-grad",
    title: "FullGrad",
    quantity: size ? "ψ(∇x·x) + Σ ψ(b·∂y/∂b)" : "ψ(∇x·x)",
    signed: false,
    caption: noiseCaption(context.params, "contributions of the input and of all biases"),
  };
  if (!size) return inputAttribution(context, values, looks);
  const { labels } = context.input;
  if (context.input.tokensOf !== undefined)
    return {
      kind: "tokens",
      ...looks,
      tokens: Array.from(values, (_, token) => labels?.[token] ?? String(token)),
      values,
      dims: size,
    };
  return activationMap(context, values, size, looks, frames);
}
