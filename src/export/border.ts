import type { DataType, Dim } from "../model/graph.ts";
import type { Result } from "../protocol/result.ts";
import type { ValueDescription } from "../protocol/model.ts";
import type { Traced } from "../runtime/kept-traces.ts";
import type { Feeds, TensorValue } from "../runtime/ort.ts";
import type { Built, Plan } from "./build.ts";
import type { Border } from "./finish.ts";

/** How many samples the exported model takes. */
export type Batch = { readonly any: true } | { readonly any: false; readonly size: number; readonly why: string };

/**
 * The inputs whose first axis is the batch: open in the model, and as long as the explained input's. Empty where that
 * one's is not open.
 */
export function batchedInputs(inputs: readonly ValueDescription[], feeds: Feeds, main: string): Set<string> {
  const open = inputs.filter(
    ({ name, dims }) =>
      feeds[name] &&
      feeds[name].dims.length > 0 &&
      typeof dims?.[0] !== "number" &&
      feeds[name].dims[0] === feeds[main].dims[0],
  );
  return new Set(open.some(({ name }) => name === main) ? open.map(({ name }) => name) : []);
}

/** The first sample of each batched input, `size` times. */
export function batchFeeds(feeds: Feeds, batched: ReadonlySet<string>, size: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]): [string, TensorValue] => [
      name,
      batched.has(name) ? repeatFirst(value, size) : value,
    ]),
  );
}

function repeatFirst(value: TensorValue, size: number): TensorValue {
  const dims = [size, ...value.dims.slice(1)];
  if (Array.isArray(value.data)) {
    const first = (value.data as readonly string[]).slice(0, value.data.length / value.dims[0]);
    return { ...value, dims, data: Array.from({ length: size }, () => first).flat() };
  }
  const source = value.data as Exclude<TensorValue["data"], readonly string[]>;
  const one = source.length / value.dims[0];
  const data = new (source.constructor as new (length: number) => typeof source)(one * size);
  for (let i = 0; i < size; i++) data.set(source.subarray(0, one) as never, i * one);
  return { ...value, dims, data };
}

/** What goes in and out of the exported model, in the original's types; and what of its open axes had to be fixed. */
export function borders({
  built,
  traced,
  batch,
  plan,
  feeds,
  batched,
  inputs,
}: {
  readonly built: readonly Built[];
  readonly traced: Traced;
  readonly batch: Batch;
  readonly plan: Plan;
  readonly feeds: Feeds;
  readonly batched: ReadonlySet<string>;
  readonly inputs: readonly ValueDescription[];
}): {
  readonly inputs: readonly Border[];
  readonly outputs: readonly Border[];
  readonly attribution: string;
  readonly notes: readonly string[];
} {
  const symbol =
    inputs
      .map(({ name, dims }) => (batched.has(name) ? dims?.[0] : undefined))
      .find((dim) => typeof dim === "string") ?? "batch";
  const fed = inputs.filter(({ name }) => feeds[name]);
  const fixed = fed.flatMap(({ name, dims }) =>
    (dims ?? []).flatMap((dim, axis) =>
      typeof dim !== "number" && !(axis === 0 && batched.has(name))
        ? [`axis ${axis} of "${name}" at ${feeds[name].dims[axis]}`]
        : [],
    ),
  );
  const taken = new Set([...inputs.map(({ name }) => name), ...plan.outputs]);
  const free = (wanted: string): string => (taken.has(wanted) ? `loupe_${wanted}` : wanted);
  // What is made here may be called otherwise in the second graph.
  const dimsOf = (called: (graph: Built) => string): Dim[] => {
    const [one, other] = [built[0].dims.get(called(built[0]))!, built[1]?.dims.get(called(built[1]))];
    if (!batch.any || !other) return [...one];
    return one.map((dim, axis) =>
      dim === other[axis] ? dim : axis === 0 && batchRatio(dim, other[axis]) ? symbol : null,
    );
  };
  const attribution = free("attribution");
  return {
    attribution,
    notes: fixed.length > 0 ? [`Fixed to the sample's sizes: ${fixed.join(", ")}.`] : [],
    inputs: fed.map(({ name }) => ({
      name,
      inside: name,
      dataType: feeds[name].dataType,
      dims: feeds[name].dims.map((dim, axis): Dim => (axis === 0 && batch.any && batched.has(name) ? symbol : dim)),
    })),
    outputs: [
      {
        name: attribution,
        inside: built[0].attribution,
        dataType: "float32",
        dims: dimsOf((graph) => graph.attribution),
      },
      ...plan.outputs.map((name): Border => ({
        name,
        inside: name,
        dataType: traced.trace.types.get(name) as DataType,
        dims: dimsOf(() => name),
      })),
      ...(built[0].samePath === undefined
        ? []
        : [{ name: free("same_path"), inside: built[0].samePath, dataType: "bool" as const, dims: [] }]),
    ],
  };
}

/** Whether an axis is the batch, one for one: 2 and 3, or 5 and 7. */
function batchRatio(one: number, other: number): boolean {
  return (one === 2 && other === 3) || (one === 5 && other === 7);
}

/** What made it, for who finds the file: metadata_props. */
export function metadata({ provenance }: Result, notes: readonly string[], batch: Batch): Record<string, string> {
  const { technique, model, input, target, score, layer, params, recipe, versions } = provenance;
  const entries: Record<string, unknown> = {
    technique,
    params,
    target,
    score,
    layer,
    model,
    sample: input,
    recipe,
    versions,
    batch: batch.any ? "any" : `${batch.size}: ${batch.why}`,
    notes,
  };
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [`neural_loupe.${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
