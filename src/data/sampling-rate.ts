import type { ModelDescription, ValueDescription } from "../protocol/model.ts";
import { SAMPLING_RATES } from "../protocol/recipe.ts";
import type { FilesBeside } from "./beside.ts";

/** Names under which exporters write a sampling rate into a model's metadata. */
const KEYS = ["sampling_rate", "sample_rate", "samplerate", "sampling_frequency", "sfreq", "fs"] as const;

/**
 * How many samples a second a signal has, where the model's metadata says so ("16000", "125 Hz", "44.1 kHz"; for one
 * input also as "NAME.sampling_rate"), or the preprocessor_config.json beside it. `from`: where, in words.
 */
export function guessSamplingRate(
  input: ValueDescription,
  metadata: ModelDescription["metadata"],
  beside: Pick<FilesBeside, "preprocessor" | "nameOf">,
): { readonly rate: number; readonly from: string } | undefined {
  if (!/^float(16|32|64)$/.test(input.type) || ![2, 3].includes(input.dims?.length ?? 0)) return undefined;
  for (const key of [...KEYS.map((name) => `${input.name}.${name}`), ...KEYS]) {
    const rate = Object.hasOwn(metadata, key) ? inHertz(metadata[key]) : undefined;
    if (rate !== undefined) return { rate, from: `the model's metadata ("${key}")` };
  }
  // A feature of one number is the wave itself; others are spectra, which have fewer steps.
  const { sampling_rate: given, feature_size: features = 1 } = beside.preprocessor ?? {};
  const rate = features === 1 ? inHertz(String(given)) : undefined;
  return rate === undefined
    ? undefined
    : { rate, from: `${beside.nameOf("preprocessor_config.json")} (sampling_rate)` };
}

function inHertz(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(k?)(?:hz)?\s*$/i.exec(text);
  const rate = match ? Number(match[1]) * (match[2] ? 1000 : 1) : NaN;
  return rate >= SAMPLING_RATES.min && rate <= SAMPLING_RATES.max ? rate : undefined;
}
