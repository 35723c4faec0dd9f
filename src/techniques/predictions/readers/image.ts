import { UsageError } from "../../../model/errors.ts";
import { elementCount } from "../../../model/graph.ts";
import type { HeatmapArtifact, OutputImageArtifact } from "../../../protocol/artifacts.ts";
import type { ModelOutput } from "../../../runtime/outputs.ts";
import type { InputInfo, SampleContext } from "../../framework/technique.ts";
import { denseOutput, type DenseOutput } from "./dense.ts";
import type { Reader } from "./reader.ts";
import { displayRange, type DisplayRange, type ValueRangeWord } from "./value-range.ts";

/** A picture that the model makes, and its difference to the input's. */
export const image: Reader = {
  as: "image",
  problem({ output, input }) {
    const dense = pictureOutput(output, input);
    if (!dense) return "it has no height and width";
    return dense.channels === 1 || dense.channels === 3 ? undefined : `it has ${dense.channels} channels, not 1 or 3`;
  },
  guess({ output, input, classes }) {
    const { meaning } = output;
    if (meaning.kind === "image") return { why: meaning.why, ...(meaning.assumed ? { assumed: true } : {}) };
    if (meaning.kind !== "mask" || !meaning.assumed || meaning.form) return undefined;
    const { channels } = pictureOutput(output, input)!;
    if (classes.length === channels && channels > 1) return undefined;
    if (!isPicture(input))
      return {
        why: `It has ${channels === 1 ? "one channel" : "three channels"} and the input is no image.`,
        assumed: true,
      };
    const own = input.axes?.channel === undefined ? 1 : input.dims[input.axes.channel];
    return own === channels && channels === 3
      ? { why: "It has as many channels as the input image.", assumed: true }
      : undefined;
  },
  views(context) {
    const dense = pictureOutput(context.output, context.input)!;
    const values = context.output.values.subarray(0, elementCount(context.output.dims.slice(1)));
    const asked = String(context.params.value_range) as ValueRangeWord;
    const range = displayRange(asked, context.input, values);
    if (!range)
      throw new UsageError(
        "The input has no recipe that says which of its values are black and white.",
        "value_range",
        "Choose another range for the output's values.",
      );
    const difference = differenceOf(context.input, dense, range);
    if ("reason" in difference && difference.reason) context.note(difference.reason);
    return [
      imageArtifact(context, dense, values, range, "reason" in difference ? undefined : difference),
      ...("reason" in difference ? [] : [difference.map]),
    ];
  },
};

function isPicture({ layout, axes }: Pick<InputInfo, "layout" | "axes">): boolean {
  return axes !== undefined && layout?.spatial.length === 2;
}

/** As over the input's picture; where the input is none, by the axis that has one or three entries. */
function pictureOutput(output: ModelOutput, input: InputInfo): DenseOutput | undefined {
  const over = denseOutput(output, input);
  if (over || isPicture(input)) return over;
  const { dims } = output;
  const [first, last] = [
    { channel: 1, height: 2, width: 3 },
    { channel: 3, height: 1, width: 2 },
  ];
  const axes = [first, last].find(
    ({ channel, height, width }) =>
      dims.length === 4 && [1, 3].includes(dims[channel]) && dims[height] > 1 && dims[width] > 1,
  );
  return axes && denseOutput(output, { axes, dims, layout: { spatial: [axes.height, axes.width] } });
}

function imageArtifact(
  { output, input }: Pick<SampleContext, "output" | "input">,
  dense: DenseOutput,
  values: Float32Array,
  { scale, how }: DisplayRange,
  difference: Difference | undefined,
): OutputImageArtifact {
  const { width, height, channels } = dense;
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const place = Math.floor(i / 3);
    const channel = channels === 1 ? 0 : i % 3;
    const value = scale(dense.at(channel, Math.floor(place / width), place % width), channel);
    pixels[i] = Math.round(255 * Math.min(1, Math.max(0, value || 0)));
  }
  return {
    kind: "output-image",
    id: "output",
    title: `Output ${output.name}`,
    width,
    height,
    pixels,
    values,
    dims: [1, ...output.dims.slice(1)],
    source: dense.source,
    range: how,
    ...(difference ? { compared: { meanAbsolute: difference.meanAbsolute, psnr: difference.psnr } } : {}),
    ...(input.picture ? { input: input.picture } : {}),
    caption: `${height}×${width}, ${how}`,
  };
}

interface Difference {
  readonly map: HeatmapArtifact;
  readonly meanAbsolute: number;
  /** Of values from 0 to 1: 10 log₁₀(1 / mean squared difference), skimage's peak_signal_noise_ratio. */
  readonly psnr: number;
}

/**
 * Output less input, both from 0 (black) to 1 (white), in [1, C, H, W]. Where they cannot be compared, why; an empty
 * reason where the input is no picture at all.
 */
function differenceOf(
  input: InputInfo,
  dense: DenseOutput,
  output: DisplayRange,
): Difference | { readonly reason: string } {
  const { channels, height, width } = dense;
  const own = isPicture(input) ? denseOutput({ name: "", dims: input.dims, values: input.values }, input) : undefined;
  if (!own) return { reason: "" };
  if (own.channels !== channels || own.height !== height || own.width !== width)
    return {
      reason: `The output is ${height}×${width} with ${channels} ${channels === 1 ? "channel" : "channels"}, the input ${own.height}×${own.width} with ${own.channels}: there is no difference to show.`,
    };
  // Without a recipe both are read alike.
  const shown = displayRange("input", input, input.values) ?? output;
  const values = new Float32Array(channels * height * width);
  let [sum, squares, at] = [0, 0, 0];
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const difference =
          output.scale(dense.at(channel, row, column), channel) - shown.scale(own.at(channel, row, column), channel);
        values[at++] = difference;
        sum += Math.abs(difference);
        squares += difference * difference;
      }
  return {
    meanAbsolute: sum / values.length,
    psnr: 10 * Math.log10(values.length / squares),
    map: {
      kind: "heatmap",
      id: "difference",
      title: "Output − input",
      values,
      dims: [1, channels, height, width],
      axes: { channel: 1, height: 2, width: 3 },
      quantity: "output − input",
      signed: true,
      smooth: false,
      caption: "0 is black, 1 white",
    },
  };
}
