import { UsageError } from "../../model/errors.ts";
import type { Artifact, BarsArtifact, CurvesArtifact, PartRow } from "../../protocol/artifacts.ts";
import { floatsOf, type TensorValue } from "../../runtime/ort.ts";
import type { ModelOutput } from "../../runtime/outputs.ts";
import { combinedCurves } from "./combined-curves.ts";
import type { PreparedInput } from "./prepared-input.ts";
import type { InputInfo, PartEffects, TechniqueOutput } from "./technique.ts";

/**
 * The mean of a technique's results over several samples: of the raw numbers, and of its picture. UsageError where
 * their shapes differ.
 */
export function meanOutput(outputs: readonly TechniqueOutput[]): TechniqueOutput {
  const { views: artifacts, ...numbers } = combineOutputs(outputs, mean);
  return { ...numbers, views: artifacts.map((artifact) => overSamples(artifact, outputs.length)) };
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
      `Sample ${odd + 1}'s result is [${outputs[odd].raw.dims.join(", ")}], the first one's [${first.raw.dims.join(", ")}]: they have no mean.`,
      undefined,
      "Choose samples of one shape.",
    );
  }
  const artifacts = first.views.map(
    (artifact, index) =>
      combined(
        outputs.map(({ views: artifacts }) => artifacts[index]),
        combine,
      ) ?? artifact,
  );
  const effects = combinedEffects(
    outputs.flatMap(({ raw }) => raw.effects ?? []),
    outputs.length,
    combine,
  );
  const inputs = first.inputs?.map((one, which) => ({
    ...one,
    values: each(
      outputs.map(({ inputs: of = [] }) => of[which].values),
      combine,
    ),
  }));
  return {
    raw: {
      dims: first.raw.dims,
      values: each(
        outputs.map(({ raw }) => raw.values),
        combine,
      ),
      ...(effects ? { effects } : {}),
    },
    ...(inputs ? { inputs } : {}),
    views: artifacts,
  };
}

/** Undefined where samples have other parts (segments of other pictures). */
function combinedEffects(all: readonly PartEffects[], count: number, combine: Combine): PartEffects | undefined {
  if (all.length !== count || all.some(({ parts }) => parts.length !== all[0].parts.length)) return undefined;
  return {
    parts: each(
      all.map(({ parts }) => parts),
      combine,
    ),
    shares: each(
      all.map(({ shares }) => shares),
      combine,
    ),
  };
}

export type Combine = (values: readonly number[]) => number;

const mean: Combine = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A picture of several samples lies over none of theirs. */
function overSamples(artifact: Artifact, count: number): Artifact {
  switch (artifact.kind) {
    case "heatmap": {
      const { over: _, frames, ...map } = artifact;
      return {
        ...map,
        ...(frames ? { frames: { names: frames.names } } : {}),
        caption: `${artifact.caption}; mean over ${count} samples`,
      };
    }
    case "tokens":
      return { ...artifact, caption: `${artifact.caption}; mean over ${count} samples, tokens by place` };
    case "bars":
    case "curves":
      return { ...artifact, caption: `${artifact.caption}; mean over ${count} samples` };
    default:
      return artifact;
  }
}

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

function combined(parts: readonly Artifact[], combine: Combine): Artifact | undefined {
  const [first] = parts;
  if (parts.some(({ kind }) => kind !== first.kind)) return undefined;
  switch (first.kind) {
    case "heatmap":
    case "tokens": {
      const { parts: _, ...picture } = first;
      return {
        ...picture,
        values: each(
          parts.map((part) => (part as typeof first).values),
          combine,
        ),
        ...combinedRows(parts as readonly (typeof first)[], combine),
      };
    }
    case "bars":
      return combinedBars(parts as readonly BarsArtifact[], combine);
    case "curves":
      return combinedCurves(parts as readonly CurvesArtifact[], combine);
    default:
      return undefined;
  }
}

/** Parts of the same names in their places; none where samples have other parts. */
function combinedRows(
  artifacts: readonly { readonly parts?: readonly PartRow[] }[],
  combine: Combine,
): { parts?: readonly PartRow[] } {
  const all = artifacts.map(({ parts = [] }) => new Map(parts.map((row) => [row.index, row])));
  const first = artifacts[0].parts ?? [];
  const alike =
    first.length > 0 &&
    all.every(
      (rows) => rows.size === first.length && first.every(({ index, label }) => rows.get(index)?.label === label),
    );
  return alike
    ? { parts: first.map((row) => ({ ...row, value: combine(all.map((rows) => rows.get(row.index)!.value)) })) }
    : {};
}

function combinedBars(parts: readonly BarsArtifact[], combine: Combine): BarsArtifact {
  const [{ parts: rows, ...first }] = parts;
  const values = each(
    parts.map((part) => part.values),
    combine,
  );
  if (rows) {
    const all = [...(combinedRows(parts, combine).parts ?? [])].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    return { ...first, values, items: all.slice(0, first.items.length), parts: all };
  }
  const labels = new Map(parts.flatMap(({ items }) => items.map(({ index, label }) => [index, label] as const)));
  const order = [...labels.keys()]
    .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]))
    .slice(0, first.items.length);
  return {
    ...first,
    values,
    items: order.map((index) => ({ index, label: labels.get(index)!, value: values[index] })),
  };
}

function each(arrays: readonly Float32Array[], combine: Combine): Float32Array {
  const column = new Array<number>(arrays.length);
  return Float32Array.from(arrays[0], (_, i) => {
    for (let k = 0; k < arrays.length; k++) column[k] = arrays[k][i];
    return combine(column);
  });
}

/**
 * A batch's entries, each fed alone. Undefined where there is one, where the model's batch axis is fixed, or where
 * entries depend on each other (`output` has another value for the first one alone). /
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
