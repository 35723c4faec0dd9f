import type { ModelOutput } from "../../../runtime/outputs.ts";
import type { InputInfo } from "../../framework/technique.ts";

/** An output with a value, or several, for each place along a signal; of a batch the first entry. */
export interface WaveOutput {
  /** Indices into the output's dims, batch axis first; absent channel means one channel. */
  readonly axes: { readonly along: number; readonly channel?: number };
  readonly channels: number;
  readonly length: number;
}

/**
 * How an output lies along a signal: [N, T], [N, C, T] or [N, T, C]. Of two axes the one that is as long as the input's
 * signal, else the longer one. Undefined where it has other axes.
 */
export function waveOutput(
  { dims }: Pick<ModelOutput, "dims">,
  { signal, dims: inputDims }: Pick<InputInfo, "signal" | "dims">,
): WaveOutput | undefined {
  if (dims.length === 2) return dims[1] > 1 ? { axes: { along: 1 }, channels: 1, length: dims[1] } : undefined;
  if (dims.length !== 3) return undefined;
  const length = signal && inputDims[signal.along];
  const fits = [2, 1].filter((axis) => dims[axis] === length);
  const along = fits.length === 1 ? fits[0] : dims[1] > dims[2] ? 1 : 2;
  const channel = 3 - along;
  return dims[along] > 1 ? { axes: { along, channel }, channels: dims[channel], length: dims[along] } : undefined;
}
