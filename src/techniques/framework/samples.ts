import { kindOf } from "../../draw/kinds/index.ts";
import { combineEach, type Combine } from "../../draw/kinds/kind.ts";
import { UsageError } from "../../model/errors.ts";
import type { Artifact } from "../../protocol/artifacts.ts";
import { floatsOf, type TensorValue } from "../../runtime/ort.ts";
import type { ModelOutput } from "../../runtime/outputs.ts";
import type { PreparedInput } from "./prepared-input.ts";
import type { InputInfo, PartEffects, TechniqueOutput } from "./technique.ts";

/**
 * The mean of a technique's results over several samples: of the raw numbers, and of its picture. UsageError where
 * their shapes differ.
 */
export function meanOutput(outputs: readonly TechniqueOutput[]): TechniqueOutput {
  const { views, ...numbers } = combineOutputs(outputs, mean);
  return { ...numbers, views: views.map((view) => kindOf(view).overSamples(view, outputs.length)) };
}

/**
 * Results of a technique in one: each number is what `combine` makes of those in its place. UsageError where their
 * shapes differ.
 */
export function combineOutputs(outputs: readonly TechniqueOutput[], combine: Combine): TechniqueOutput {
  const [first] = outputs;
  const odd = outputs.findIndex(({ raw }) => raw.dims.join() !== first.raw.dims.join());
  if (odd >= 0) {
    throw new UsageError(
      `Sample ${odd + 1}'s result has shape [${outputs[odd].raw.dims.join(", ")}], the first one's [${first.raw.dims.join(", ")}], so they cannot be averaged.`,
      undefined,
      "Choose samples of the same shape.",
    );
  }
  const views = first.views.map((_, index) =>
    combined(
      outputs.map((output) => output.views[index]),
      combine,
    ),
  );
  const effects = combinedEffects(
    outputs.flatMap(({ raw }) => raw.effects ?? []),
    outputs.length,
    combine,
  );
  const inputs = first.inputs?.map((one, which) => ({
    ...one,
    values: combineEach(
      outputs.map(({ inputs: of = [] }) => of[which].values),
      combine,
    ),
  }));
  return {
    raw: {
      dims: first.raw.dims,
      values: combineEach(
        outputs.map(({ raw }) => raw.values),
        combine,
      ),
      ...(effects ? { effects } : {}),
    },
    ...(inputs ? { inputs } : {}),
    views,
  };
}

/** Undefined where samples have other parts (segments of other pictures). */
function combinedEffects(all: readonly PartEffects[], count: number, combine: Combine): PartEffects | undefined {
  if (all.length !== count || all.some(({ parts }) => parts.length !== all[0].parts.length)) return undefined;
  return {
    parts: combineEach(
      all.map(({ parts }) => parts),
      combine,
    ),
    shares: combineEach(
      all.map(({ shares }) => shares),
      combine,
    ),
    lay: (parts) => all[0].lay(parts),
  };
}

const mean: Combine = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Results of a batch's entries in one array along the batch axis; the picture shows their mean. */
export function stackedOutput(outputs: readonly TechniqueOutput[]): TechniqueOutput {
  const { views: artifacts } = meanOutput(outputs);
  const inputs = outputs[0].inputs?.map(({ name }, which) => ({
    name,
    ...stackedNumbers(outputs.map(({ inputs: of = [] }) => of[which])),
  }));
  return { raw: stackedNumbers(outputs.map(({ raw }) => raw)), ...(inputs ? { inputs } : {}), views: artifacts };
}

function stackedNumbers(all: readonly { readonly dims: readonly number[]; readonly values: Float32Array }[]): {
  dims: number[];
  values: Float32Array;
} {
  const [{ dims, values }] = all;
  const stacked = new Float32Array(values.length * all.length);
  all.forEach((one, index) => stacked.set(one.values, index * values.length));
  // A map [H, W] has no batch axis of its own.
  return {
    dims: dims.length >= 2 && dims[0] === 1 ? [all.length, ...dims.slice(1)] : [all.length, ...dims],
    values: stacked,
  };
}

/** The artifacts that results have in one place, as one; the first one's where they are of several kinds. */
function combined(artifacts: readonly Artifact[], combine: Combine): Artifact {
  const [first] = artifacts;
  return artifacts.every(({ kind }) => kind === first.kind) ? kindOf(first).combine(artifacts, combine) : first;
}

/**
 * A batch's entries, each fed alone. Undefined where there is one, where the model's batch axis is fixed, or where
 * entries depend on each other (`output` has another value for the first one alone).
 */
export async function entriesOf(
  fed: PreparedInput,
  output: Pick<ModelOutput, "value" | "dims" | "values">,
): Promise<readonly PreparedInput[] | undefined> {
  const count = fed.input.dims[0] ?? 1;
  const open = fed.model.description.inputs.every(
    ({ name, dims = [] }) => dims.length > 0 && typeof dims[0] !== "number" && fed.feeds[name]?.dims[0] === count,
  );
  if (count < 2 || !open || output.dims[0] !== count) return undefined;
  const entries = Array.from({ length: count }, (_, index) => entryOf(fed, index));
  const alone = floatsOf((await fed.model.forward(entries[0].feeds, [output.value])).get(output.value)!);
  const largest = alone.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const alike =
    alone.length * count === output.values.length &&
    alone.every((value, i) => !(Math.abs(value - output.values[i]) > 1e-3 * largest));
  return alike ? entries : undefined;
}

function entryOf(prepared: PreparedInput, index: number): PreparedInput {
  const feeds = Object.fromEntries(Object.entries(prepared.feeds).map(([name, value]) => [name, entry(value, index)]));
  const count = prepared.input.dims[0];
  return {
    ...prepared,
    feeds,
    input: infoOf(prepared.input, index),
    async baseline(text, note) {
      const all = await prepared.baseline(text, note);
      return all.subarray((index * all.length) / count, ((index + 1) * all.length) / count);
    },
  };
}

/** An entry of a batch, with its own tokens; a row's columns are all rows'. */
function infoOf(input: InputInfo, index: number): InputInfo {
  const [count] = input.dims;
  const size = input.values.length / count;
  const { labels, parts, discrete, dims, tokensOf } = input;
  const tokens = discrete ? size : size / (dims[dims.length - 1] ?? 1);
  return {
    ...input,
    dims: [1, ...dims.slice(1)],
    values: input.values.slice(index * size, (index + 1) * size),
    ...(labels && tokensOf !== undefined && labels.length === count * tokens
      ? { labels: labels.slice(index * tokens, (index + 1) * tokens) }
      : {}),
    ...(parts ? { parts: parts.map((part) => ({ ...part, shown: infoOf(part.shown, index) })) } : {}),
  };
}

function entry(value: TensorValue, index: number): TensorValue {
  const size = value.data.length / value.dims[0];
  return {
    ...value,
    dims: [1, ...value.dims.slice(1)],
    data: value.data.slice(index * size, (index + 1) * size) as TensorValue["data"],
  };
}
