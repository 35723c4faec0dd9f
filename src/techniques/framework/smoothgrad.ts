import { UsageError } from "../../model/errors.ts";
import { Random } from "../../math/random.ts";
import type { Artifact } from "../../protocol/artifacts.ts";
import type { ParamsOf } from "../../protocol/technique.ts";
import { fromFloat32, type Feeds } from "../../runtime/ort.ts";
import { yieldToEventLoop } from "./event-loop.ts";
import { inputName } from "./input-name.ts";
import { NOISE } from "./params.ts";
import { combineOutputs } from "./samples.ts";
import type { InputInfo, SampleContext, SampleTechnique, TechniqueOutput } from "./technique.ts";

export type NoiseParams = ParamsOf<typeof NOISE>;
type NoiseKind = NoiseParams["noise_type"];

/** What the values of noisy copies become, from their sum, the sum of their squares and their number; and what it is called. */
const STATISTICS: Record<
  NoiseKind,
  { readonly called: string; of(sum: number, squares: number, count: number): number }
> = {
  smoothgrad: { called: "mean", of: (sum, _, count) => sum / count },
  smoothgrad_sq: { called: "mean of squares", of: (_, squares, count) => squares / count },
  vargrad: { called: "variance", of: (sum, squares, count) => Math.max(0, squares / count - (sum / count) ** 2) },
};

/**
 * SmoothGrad (Smilkov et al. 2017) and its kin (VarGrad: Adebayo et al. 2018): `attribute` is asked for each noisy copy of the
 * input, and its results become their mean, mean of squares, or variance. With 0 samples it is asked once for the input
 * itself. `draw` gives the views of the result so far. Stops between copies when cancelled.
 */
export async function withNoise(
  context: SampleContext<NoiseParams>,
  attribute: (feeds: Feeds) => Promise<Float32Array>,
  draw?: (soFar: Float32Array) => readonly Artifact[],
): Promise<Float32Array> {
  const { samples, noise_type } = context.params;
  if (samples === 0) return attribute(context.feeds);
  const { name } = context.input;
  const { dataType, dims } = context.feeds[name];
  let [sum, squares] = [new Float64Array(), new Float64Array()];
  const statistic = (count: number): Float32Array =>
    Float32Array.from(sum, (total, i) => STATISTICS[noise_type].of(total, squares[i], count));
  for await (const { index, copy } of noisyCopies(context)) {
    context.progress(index / samples, `Noisy copy ${index + 1} of ${samples}`);
    const values = await attribute({ ...context.feeds, [name]: fromFloat32(dataType, dims, copy) });
    if (index === 0) [sum, squares] = [new Float64Array(values.length), new Float64Array(values.length)];
    for (let i = 0; i < values.length; i++) {
      sum[i] += values[i];
      squares[i] += values[i] * values[i];
    }
    if (!draw || index + 1 === samples) continue;
    context.progress((index + 1) / samples, `Noisy copy ${index + 1} of ${samples}`);
    context.show(() => draw(statistic(index + 1)));
  }
  return statistic(samples);
}

/**
 * Any technique with SmoothGrad's options: where noisy copies are asked for, it runs on each of them, at the first one's
 * layer, and its numbers and views are combined. (Gradient methods use `withNoise`, and draw once.)
 */
export function noisy(technique: SampleTechnique): SampleTechnique {
  const { info } = technique;
  const taken = new Set(info.params.map(({ name }) => name));
  return {
    info: { ...info, params: [...info.params, ...NOISE.filter(({ name }) => !taken.has(name))] },
    async run(general): Promise<TechniqueOutput> {
      // All of SmoothGrad's parameters are among this technique's.
      const context = general as SampleContext<NoiseParams>;
      const { samples, noise_type } = context.params;
      if (samples === 0) return technique.run(general);
      const layer = info.needs.layer === "none" ? undefined : (await context.layers(info.needs.layer))[0].value;
      const outputs: TechniqueOutput[] = [];
      for await (const { index, copy: values } of noisyCopies(context)) {
        const progress = (fraction: number | undefined, text: string): void =>
          context.progress((index + (fraction ?? 0)) / samples, `Noisy copy ${index + 1} of ${samples}: ${text}`);
        const varied = context.vary({ values, progress, ...(layer === undefined ? {} : { layer }) });
        outputs.push(await technique.run(varied));
        if (index === 0) for (const note of varied.notes) context.note(note);
        if (index + 1 === samples) continue;
        context.progress((index + 1) / samples, `Noisy copy ${index + 1} of ${samples}`);
        context.show(() => combinedCopies(outputs, noise_type).views);
      }
      return combinedCopies(outputs, noise_type);
    },
  };
}

function combinedCopies(outputs: readonly TechniqueOutput[], kind: NoiseKind): TechniqueOutput {
  const { called, of } = STATISTICS[kind];
  const combined = combineOutputs(outputs, (values) => {
    const [sum, squares] = [values.reduce((a, b) => a + b, 0), values.reduce((a, b) => a + b * b, 0)];
    return of(sum, squares, values.length);
  });
  const [first, ...rest] = combined.views;
  const unsigned = kind !== "smoothgrad" && "signed" in first ? { signed: false } : {};
  const caption = `${first.caption}, ${called} of ${outputs.length} noisy copies`;
  return { ...combined, views: [{ ...first, ...unsigned, caption } as Artifact, ...rest] };
}

/** The copies that a technique's parameters ask for, with room for messages (a cancel among them) between them. */
async function* noisyCopies(
  context: SampleContext<NoiseParams>,
): AsyncGenerator<{ readonly index: number; readonly copy: Float32Array }> {
  const { samples, noise, seed } = context.params;
  const noisyCopy = noiseOn(context.input, noise, new Random(seed));
  for (let index = 0; index < samples; index++) {
    context.signal.throwIfAborted();
    yield { index, copy: noisyCopy() };
    await yieldToEventLoop();
  }
}

/** "gradient", or "gradient, mean of 50 noisy copies". */
export function noiseCaption({ samples = 0, noise_type = "smoothgrad" }: Partial<NoiseParams>, what: string): string {
  return samples === 0 ? what : `${what}, ${STATISTICS[noise_type].called} of ${samples} noisy copies`;
}

/** Whether values below zero mean something: squares and variances of noisy copies have none. */
export function isSigned({ samples = 0, noise_type = "smoothgrad" }: Partial<NoiseParams>): boolean {
  return samples === 0 || noise_type === "smoothgrad";
}

/**
 * Makes noisy copies of an input: normal noise with `fraction` of the input's max − min as deviation, of several inputs
 * each one's own. UsageError for whole numbers, which cannot be moved, and where all ranges are zero.
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
