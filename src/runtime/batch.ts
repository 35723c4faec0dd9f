import { ModelError } from "../model/errors.ts";
import { elementCount } from "../model/graph.ts";
import type { LoadedModel } from "./models.ts";
import { floatsOf, type Feeds, type TensorValue } from "./ort.ts";

/** About so many elements of an input are given to a model at once: more gains nothing, and takes memory. */
const ELEMENTS = 2 ** 20;
const MOST = 32;

/** How many copies of an input of `elements` elements run best at once, of `count` that there are: a power of two. */
export function batchFor(elements: number, count: number): number {
  let batch = 1;
  while (2 * batch <= Math.min(MOST, count, ELEMENTS / elements)) batch *= 2;
  return batch;
}

/** Whether the model says that its first axes are open, and the sample is one. */
export function hasOpenBatch(model: LoadedModel, feeds: Feeds): boolean {
  return model.description.inputs.every(
    ({ name, dims = [] }) => dims.length > 0 && typeof dims[0] !== "number" && feeds[name]?.dims[0] === 1,
  );
}

/** A tensor `times` over along its first axis. */
export function repeat(value: TensorValue, times: number): TensorValue {
  const dims = [value.dims[0] * times, ...value.dims.slice(1)];
  if (Array.isArray(value.data))
    return { ...value, dims, data: Array.from({ length: times }, () => value.data as readonly string[]).flat() };
  const source = value.data as Exclude<TensorValue["data"], readonly string[]>;
  const data = new (source.constructor as new (length: number) => typeof source)(source.length * times);
  for (let i = 0; i < times; i++) data.set(source as never, i * source.length);
  return { ...value, dims, data };
}

/** Whether two results are the same but for rounding, measured by the first's largest value. */
export function alike(one: Float32Array, other: Float32Array): boolean {
  const largest = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return one.length === other.length && one.every((value, i) => !(Math.abs(value - other[i]) > 1e-4 * largest));
}

/** Copies end to end, in one array of `places` copies; the last is repeated where there are fewer. */
export function joined(copies: readonly Float32Array[], places: number): Float32Array {
  const size = copies[0].length;
  const data = new Float32Array(size * places);
  for (let i = 0; i < places; i++) data.set(copies[Math.min(i, copies.length - 1)], i * size);
  return data;
}

/** The value `name` of several batch entries, one array for each. ModelError where its first axis is not theirs. */
export function parted(name: string, { dims, ...value }: TensorValue, entries: number): Float32Array[] {
  if (entries > 1 && (dims.length === 0 || dims[0] % entries !== 0))
    throw new ModelError(`"${name}" [${dims.join(", ")}] has no batch axis of ${entries}.`);
  const values = floatsOf({ dims, ...value });
  const each = elementCount(dims) / entries;
  return Array.from({ length: entries }, (_, i) => values.slice(i * each, (i + 1) * each));
}
