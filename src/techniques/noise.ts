import { UsageError } from "../model/errors.ts";
import { Random } from "../math/random.ts";
import type { Feeds } from "../runtime/ort.ts";
import { fromFloat32 } from "../runtime/ort.ts";
import type { Context } from "./technique.ts";

/**
 * Wraps an attribution in SmoothGrad's noise: `attribute` is asked for each noisy copy of the input, and its results become their mean,
 * mean of squares, or variance. With 0 samples it is asked once for the input itself. Stops between copies when cancelled.
 */
export async function withNoise(context: Context, attribute: (feeds: Feeds) => Promise<Float32Array>): Promise<Float32Array> {
  const samples = Number(context.params.samples);
  if (samples === 0) return attribute(context.feeds);
  const random = new Random(Number(context.params.seed));
  const { input } = context;
  const deviation = Number(context.params.noise) * spread(input.values);
  let sum: Float64Array | undefined;
  let squares: Float64Array | undefined;
  for (let sample = 0; sample < samples; sample++) {
    context.signal.throwIfAborted();
    context.progress(sample / samples, `Noisy copy ${sample + 1} of ${samples}`);
    const noisy = input.values.map((value) => value + deviation * random.normal());
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
    case "smoothgrad_sq": return Float32Array.from(totalSquares, (value) => value / samples);
    case "vargrad": return Float32Array.from(totalSquares, (value, i) => Math.max(0, value / samples - (total[i] / samples) ** 2));
    default: return Float32Array.from(total, (value) => value / samples);
  }
}

/** Lets messages in (a cancel among them) between runs that block the thread. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An array's max − min. UsageError where that is zero. */
export function spread(values: Float32Array): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) throw new UsageError("The input has the same value everywhere, so a noise level as a fraction of its range is zero.", undefined, "Set samples to 0.");
  return high - low;
}
