import { UsageError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { elementIndex, normaliseIndex, regionText } from "../../protocol/target.ts";
import { type ModelOutput } from "../../runtime/outputs.ts";
import type { TargetInfo } from "./technique.ts";

/**
 * What is explained of an output: its largest element where nothing is asked for, of distances the smallest. UsageError
 * where it is none of the output's.
 */
export function resolveTarget(output: ModelOutput, spec: TargetSpec, classes: readonly string[]): TargetInfo {
  if (output.values.length === 0)
    throw new UsageError(
      `The output "${output.name}" [${output.shape.join(", ")}] is empty for this input, so there is no score to explain.`,
      output.name,
      "Choose another input or output.",
    );
  if (spec.region) return regionTarget(output, spec.region);
  const index = spec.index ? checkedIndex(output, spec.index) : strongest(output);
  if (spec.not) return negatedTarget(output, index, classes);
  const against = spec.against && checkedIndex(output, spec.against);
  const flat = flatIndex(output, index);
  const name = (at: readonly number[]): string => classLabel(classes, output, flatIndex(output, at));
  return {
    index,
    at: [flat],
    label: against ? `${name(index)} − ${name(against)}` : name(index),
    ...(against ? { against, againstAt: flatIndex(output, against) } : {}),
  };
}

function negatedTarget(output: ModelOutput, index: readonly number[], classes: readonly string[]): TargetInfo {
  if (!output.meaning.binary) {
    throw new UsageError(
      `not: applies to one score for two classes; the output "${output.name}" [${output.shape.join(", ")}] is read as ${output.meaning.kind}.`,
      output.name,
      "--against explains the difference of two elements.",
    );
  }
  return { index, at: [flatIndex(output, index)], negated: true, label: negativeLabel(classes) };
}

function regionTarget(output: ModelOutput, asked: NonNullable<TargetSpec["region"]>): TargetInfo {
  const { dims, name } = output;
  const extra = dims.length - 1 - asked.length;
  const region =
    extra > 0 && dims.slice(1, 1 + extra).every((size) => size === 1)
      ? [...Array.from({ length: extra }, () => [0, 1] as const), ...asked]
      : asked;
  const [first, last] = [region.map(([from]) => from), region.map(([, before]) => before - 1)];
  checkIndex(output, first);
  checkIndex(output, last);
  if (region.some(([from, before]) => before <= from))
    throw new UsageError(
      `The region ${regionText(region)} is empty.`,
      name,
      "Each range is START:END (END excluded), such as 10:20.",
    );
  const count = region.reduce((product, [from, before]) => product * (before - from), 1);
  return {
    index: first,
    region,
    at: flatRegion(output, region),
    label: `sum over ${regionText(region)} (${count} values)`,
  };
}

/** Flat indices, in batch entry 0, of a region. */
function flatRegion({ dims }: ModelOutput, region: NonNullable<TargetInfo["region"]>): number[] {
  return region.reduce<number[]>(
    (flat, [from, before], axis) =>
      flat.flatMap((index) => Array.from({ length: before - from }, (_, i) => index * dims[axis + 1] + from + i)),
    [0],
  );
}

/** Index, without the batch axis, of the largest finite element of batch entry 0; of distances the smallest. */
function strongest({ dims, values, meaning }: ModelOutput): number[] {
  const count = elementCount(dims.slice(1));
  const sign = meaning.least ? -1 : 1;
  let best = 0;
  for (let i = 1; i < count; i++) if (sign * values[i] > sign * values[best] || Number.isNaN(values[best])) best = i;
  return elementIndex(dims, best);
}

function checkedIndex(output: ModelOutput, asked: readonly number[]): readonly number[] {
  const index = normaliseIndex(output.dims, asked);
  checkIndex(output, index);
  return index;
}

function checkIndex({ name, dims, shape }: ModelOutput, index: readonly number[]): void {
  const inner = dims.slice(1);
  const batch = dims.length === shape.length;
  if (index.length !== inner.length && !(inner.length === 0 && index.length <= 1)) {
    throw new UsageError(
      `The target ${index.join(",")} has ${index.length} ${index.length === 1 ? "index" : "indices"}; the output "${name}" [${shape.join(", ")}] needs ${inner.length}${batch ? ", without the batch axis" : ""}.`,
      name,
    );
  }
  inner.forEach((size, axis) => {
    if (!Number.isInteger(index[axis]) || index[axis] < 0 || index[axis] >= size) {
      throw new UsageError(
        `The target ${index.join(",")} is out of range: the output "${name}" has ${size} entries along axis ${axis + (batch ? 1 : 0)} (0 to ${size - 1}).`,
        name,
      );
    }
  });
}

export function flatIndex({ dims }: Pick<ModelOutput, "dims">, index: readonly number[]): number {
  return dims.slice(1).reduce((flat, size, axis) => flat * size + (index[axis] ?? 0), 0);
}

/** An element's name: its class, or its index ("3, 17, 20"); in a map of classes both ("cat at 17, 20"). */
export function classLabel(
  classes: readonly string[],
  { dims, meaning, texts, values, numbers }: Pick<ModelOutput, "dims" | "meaning" | "texts" | "values" | "numbers">,
  flat: number,
): string {
  if (texts) return texts[flat];
  if (meaning.kind === "label") return classes[values[flat]] ?? String(values[flat]);
  if (numbers) return classes[numbers[flat]] ?? String(numbers[flat]);
  if (meaning.binary) return positiveLabel(classes);
  const inner = dims.slice(1);
  if (inner.filter((size) => size !== 1).length <= 1) return classes[flat] ?? String(flat);
  const index = elementIndex(dims, flat);
  const axis = meaning.classAxis - 1;
  const name = classes.length > 0 && classes.length === inner[axis] ? classes[index[axis]] : undefined;
  return name === undefined ? index.join(", ") : `${name} at ${index.filter((_, at) => at !== axis).join(", ")}`;
}

/**
 * Of one number that tells two classes apart. Two names are [negative, positive], as in scikit-learn and Keras; one is
 * the positive's.
 */
function positiveLabel(classes: readonly string[]): string {
  return classes[classes.length === 2 ? 1 : 0] ?? "positive";
}

export function negativeLabel(classes: readonly string[]): string {
  if (classes.length === 2) return classes[0];
  return classes[0] === undefined ? "negative" : `not ${classes[0]}`;
}
