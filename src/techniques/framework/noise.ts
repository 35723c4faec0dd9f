import { UsageError } from "../../model/errors.ts";
import { Random } from "../../math/random.ts";
import type { Feeds } from "../../runtime/ort.ts";
import { fromFloat32 } from "../../runtime/ort.ts";
import { inputName } from "./input-name.ts";
import type { SampleContext, InputInfo } from "./technique.ts";

/**
 * Wraps an attribution in SmoothGrad's noise: `attribute` is asked for each noisy copy of the input, and its results
 * become their mean, mean of squares, or variance. With 0 samples it is asked once for the input itself. Stops between
 * copies when cancelled. /
 */
export async function withNoise(
  context: SampleContext,
  attribute: (feeds: Feeds) => Promise<Float32Array>,
): Promise<Float32Array> {
  const samples = Number(context.params.samples);
  if (samples === 0) return attribute(context.feeds);
  const random = new Random(Number(context.params.seed));
  const { input } = context;
  const noisyCopy = noiseOn(input, Number(context.params.noise), random);
  let sum: Float64Array | undefined;
  let squares: Float64Array | undefined;
  for (let sample = 0; sample < samples; sample++) {
    context.signal.throwIfAborted();
    context.progress(sample / samples, `Noisy copy ${sample + 1} of ${samples}`);
    const noisy = noisyCopy();
    const feed = context.feeds[input.name];
    const values = await attribute({ ...context.feeds, [input.name]: fromFloat32(feed.dataType, feed.dims, noisy) });
    sum ??= new Float64Array(values.length);
    squares ??= new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      sum[i] += values[i];
      squares[i] += values[i] * values[i];
    }
    await breathe();
  }
  const [total, totalSquares] = [sum!, squares!];
  switch (context.params.noise_type) {
    case "smoothgrad_sq":
      return Float32Array.from(totalSquares, (value) => value / samples);
    case "vargrad":
      return Float32Array.from(totalSquares, (value, i) => Math.max(0, value / samples - (total[i] / samples) ** 2));
    default:
      return Float32Array.from(total, (value) => value / samples);
  }
}

/** Lets messages in (a cancel among them) between runs that block the thread. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Makes noisy copies of an input: normal noise with `fraction` of the input's max − min as deviation, of several inputs
 * each one's own. UsageError for whole numbers, which cannot be moved, and where all ranges are zero. /
 */
export function noiseOn(input: InputInfo, fraction: number, random: Random): () => Float32Array {
  requireContinuous(input, "noise");
  const ranges = rangesOf(input);
  if (!ranges.some(({ range }) => range > 0))
    throw new UsageError(
      "The input has the same value everywhere, so a noise level as a fraction of its range is zero.",
      undefined,
      "Set samples to 0.",
    );
  if (ranges.length === 1)
    return () => input.values.map((value) => value + fraction * ranges[0].range * random.normal());
  const total = input.dims[1];
  const deviations = Float64Array.from(
    { length: total },
    (_, at) => fraction * ranges.find(({ from, before }) => at >= from && at < before)!.range,
  );
  return () => input.values.map((value, at) => value + deviations[at % total] * random.normal());
}

/** max − min of an input, of several of each; 0 where an input has one value everywhere. */
function rangesOf({ parts, values, dims }: InputInfo): { from: number; before: number; range: number }[] {
  const total = parts ? dims[1] : values.length;
  return (parts ?? [{ from: 0, before: values.length }]).map(({ from, before }) => {
    let [low, high] = [Infinity, -Infinity];
    for (let start = 0; start < values.length; start += total) {
      for (let at = start + from; at < start + before; at++) {
        if (values[at] < low) low = values[at];
        if (values[at] > high) high = values[at];
      }
    }
    return { from, before, range: high > low ? high - low : 0 };
  });
}

/** UsageError for token and category numbers, which can be replaced and not moved a little. */
export function requireContinuous(input: InputInfo, what: string): void {
  if (input.discrete)
    throw new UsageError(
      `The input "${inputName(input)}" takes integers, which ${what} would change to other integers.`,
      inputName(input),
      "Choose a method or a setting that replaces parts with a baseline.",
    );
}
