import { elementCount } from "../../../model/graph.ts";
import { formatNumber } from "../../../protocol/format.ts";
import type { Along, LineArtifact, LineAxis, WaveArtifact } from "../../../protocol/artifacts.ts";
import type { InputInfo, SampleContext } from "../../framework/technique.ts";
import type { Guess, Reader } from "./reader.ts";
import { waveOutput, type WaveOutput } from "./wave-output.ts";

/** Names that say that a model makes sound. */
const NAMES = /wave|audio|speech|pcm/i;
/** A wave that nothing but its name says to be one has so many samples at the least. */
const LEAST = 64;

/** A signal that the model makes, and its difference to the input's. */
export const wave: Reader = {
  as: "wave",
  problem: ({ output, input }) =>
    waveOutput(output, input) ? undefined : "it is no signal [N, C, T], [N, T, C] or [N, T]",
  guess: guessWave,
  views(context) {
    const { output, input } = context;
    const found = waveOutput(output, input)!;
    const values = output.values.subarray(0, elementCount(output.dims.slice(1)));
    const difference = differenceOf(input, values, output.dims, found);
    if (typeof difference === "string" && difference !== "") context.note(difference);
    const artifact = waveArtifact(context, found, values, typeof difference === "string" ? undefined : difference);
    return [artifact, ...(typeof difference === "string" ? [] : [differenceLines(artifact, difference)])];
  },
};

/** Whether an output is taken for a wave where nobody says what it is, and why. */
function guessWave({ output, input, classes }: Pick<SampleContext, "output" | "input" | "classes">): Guess | undefined {
  const { meaning, name } = output;
  const found = waveOutput(output, input);
  const isPlain = meaning.form === undefined && (meaning.kind === "regression" || meaning.assumed);
  if (!found || !isPlain || (classes.length > 1 && classes.length === found.channels)) return undefined;
  const { signal, dims } = input;
  const isAsLong = signal && dims[signal.along] === found.length && [1, dims[signal.channel]].includes(found.channels);
  if (isAsLong) return { why: `It has a value for each of the input's ${found.length} samples.`, assumed: true };
  return NAMES.test(name) && found.length >= LEAST
    ? { why: `Its name says so, and it has ${found.length} samples.`, assumed: true }
    : undefined;
}

/** Whether predictions show the output as a wave: by the recipe's word, else by a guess. */
export function isWave(context: Pick<SampleContext, "output" | "input" | "classes">): boolean {
  const { as } = context.output;
  return as === undefined
    ? guessWave(context) !== undefined
    : as === "wave" && waveOutput(context.output, context.input) !== undefined;
}

function waveArtifact(
  { output, input }: Pick<SampleContext, "output" | "input">,
  { axes, channels, length }: WaveOutput,
  values: Float32Array,
  difference: Difference | undefined,
): WaveArtifact {
  const rate = rateOf(input, length);
  const x: LineAxis =
    rate === undefined
      ? { label: "sample", start: 0, step: 1 }
      : { label: "time", unit: "s", start: 0, step: 1 / rate };
  const names = input.signal?.names?.length === channels ? input.signal.names : undefined;
  return {
    kind: "wave",
    id: "output",
    title: `Output ${output.name}`,
    values,
    dims: [1, ...output.dims.slice(1)],
    axes: { along: axes.along, channel: axes.channel ?? 0 },
    x,
    ...(names ? { channels: names } : {}),
    source: { output: output.name, dims: output.dims },
    ...(difference
      ? {
          madeOf: { ...difference.input, title: input.of ?? input.name },
          compared: { meanAbsolute: difference.meanAbsolute, rms: difference.rms },
        }
      : {}),
    caption: [
      `${length} samples`,
      ...(rate === undefined ? [] : [`${formatNumber(length / rate)} s at ${formatNumber(rate)} Hz`]),
    ].join(", "),
  };
}

/** As the input's, where the output lies along it: of fewer or more samples in the same time. */
function rateOf({ signal, dims }: InputInfo, length: number): number | undefined {
  return signal?.rate === undefined ? undefined : (signal.rate * length) / dims[signal.along];
}

interface Difference {
  /** Output less input, as the output lies. */
  readonly values: Float32Array;
  readonly input: Along;
  readonly meanAbsolute: number;
  readonly rms: number;
}

/** Where the two cannot be compared, why; an empty text where the input is no signal at all. */
function differenceOf(
  input: InputInfo,
  values: Float32Array,
  dims: readonly number[],
  { axes, channels, length }: WaveOutput,
): Difference | string {
  const { signal } = input;
  if (!signal) return "";
  const [own, ownLength] = [input.dims[signal.channel], input.dims[signal.along]];
  if (own !== channels || ownLength !== length)
    return `The output has ${length} samples of ${channels} ${channels === 1 ? "channel" : "channels"}, the input ${ownLength} of ${own}: there is no difference to show.`;
  const stride = (of: readonly number[], axis: number | undefined): number =>
    axis === undefined ? 0 : elementCount(of.slice(axis + 1));
  const given = input.given ?? input.values;
  const difference = new Float32Array(values.length);
  let [sum, squares] = [0, 0];
  for (let channel = 0; channel < channels; channel++)
    for (let step = 0; step < length; step++) {
      const at = channel * stride(dims, axes.channel) + step * stride(dims, axes.along);
      const from = channel * stride(input.dims, signal.channel) + step * stride(input.dims, signal.along);
      const one = values[at] - given[from];
      difference[at] = one;
      sum += Math.abs(one);
      squares += one * one;
    }
  return {
    values: difference,
    // Of a batch the first sample.
    input: {
      values: given.subarray(0, elementCount(input.dims) / (signal.channel === 0 ? 1 : input.dims[0])),
      dims: signal.channel === 0 ? input.dims : [1, ...input.dims.slice(1)],
      axes: { along: signal.along, channel: signal.channel },
    },
    meanAbsolute: sum / difference.length,
    rms: Math.sqrt(squares / difference.length),
  };
}

function differenceLines({ dims, axes, x, channels }: WaveArtifact, { values }: Difference): LineArtifact {
  return {
    kind: "line",
    id: "difference",
    title: "Output − input",
    values,
    dims,
    axes,
    x,
    ...(channels ? { channels } : {}),
    quantity: "output − input",
    signed: true,
    smooth: false,
    caption: "in the signal's own unit",
  };
}
