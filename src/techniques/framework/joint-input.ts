import { elementCount } from "../../model/graph.ts";
import { JOINT, sizeIn, withJointInput } from "../../runtime/joint.ts";
import type { ExplainedInput, Segment } from "./explained-input.ts";
import { aboutInput, type PreparedInput } from "./prepared-input.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import type { InputInfo, InputPart } from "./technique.ts";

/** Inputs whose values have gradients. */
export function withGradients(explained: readonly ExplainedInput[]): ExplainedInput[] {
  return explained.filter(({ segments }) => segments.length > 0);
}

/**
 * One of the explained inputs alone, the others held: the vectors of its integers, or those that are looked up nowhere.
 */
export function alone(prepared: PreparedInput, explained: ExplainedInput): PreparedInput {
  return explained.places ? together(prepared, [explained]) : aboutInput(prepared, explained);
}

/**
 * Several inputs as one, so that whatever moves the input moves all of them. One input that is a single value stays as
 * it is; one without a gradient, too, so that it is said why.
 */
export function together(
  prepared: PreparedInput,
  explained: readonly ExplainedInput[] = withGradients(prepared.explained),
): PreparedInput {
  if (explained.length === 0) return prepared;
  const segments = explained.flatMap((one) => one.segments);
  if (segments.length === 1 && explained[0].kind !== "tokens" && explained[0].kind !== "categories")
    return aboutInput(prepared, explained[0]);
  const batch = sharedBatch(prepared, explained);
  const inputs = prepared.cut.model.description.inputs;
  const open =
    batch !== undefined &&
    segments.every(({ name }) => typeof inputs.find((input) => input.name === name)?.dims?.[0] !== "number");
  const joined = segments.map(({ name, dims, dataType }) => ({
    name,
    dims: batch === undefined || !open ? dims : [1, ...dims.slice(1)],
    dataType,
    declared: inputs.find((one) => one.name === name)?.dims?.map((dim) => (typeof dim === "number" ? dim : null)),
  }));
  const model = prepared.cut.model.derive(
    `joint:${JSON.stringify([joined, batch === undefined ? 0 : open ? "open" : batch])}`,
    (whole) => withJointInput(whole, joined, batch, open),
  );
  const values = joinedValues(
    segments,
    segments.map((segment) => segment.values),
    batch,
  );
  const input: InputInfo = {
    name: JOINT,
    dims: [batch ?? 1, values.length / (batch ?? 1)],
    values,
    parts: partsOf(explained, batch),
  };
  const names = new Set(model.description.inputs.map(({ name }) => name));
  const feeds = Object.fromEntries(Object.entries(prepared.cut.feeds).filter(([name]) => names.has(name)));
  return {
    ...prepared,
    model,
    input,
    feeds: { ...feeds, [JOINT]: { dataType: "float32", dims: input.dims, data: values } },
    async baseline(text, note) {
      const each = await Promise.all(explained.map((one) => prepared.baselines.segments(one, text, note)));
      return joinedValues(segments, each.flat(), batch);
    },
  };
}

/** The batch size that all share along their first axes; undefined where they have none in common. */
function sharedBatch({ whole }: PreparedInput, explained: readonly ExplainedInput[]): number | undefined {
  const [batch] = explained[0].segments[0].dims;
  if (batch === undefined) return undefined;
  const shared = explained.every(({ input, segments, places, shown }) => {
    const perEntry = shown.values.length / batch;
    return (
      whole.feeds[input].dims[0] === batch &&
      segments.every(
        ({ dims, values }, which) =>
          dims[0] === batch &&
          (!places || places[which].subarray(0, values.length / batch).every((place) => place < perEntry)),
      )
    );
  });
  return shared ? batch : undefined;
}

function partsOf(explained: readonly ExplainedInput[], batch: number | undefined): InputPart[] {
  let from = 0;
  return explained.map(({ input, shown, segments, places }) => {
    const start = from;
    from += segments.reduce((sum, { dims }) => sum + sizeIn(dims, batch), 0);
    const entry = places && joinedPlaces(segments, places, batch);
    return {
      input,
      shown,
      from: start,
      before: from,
      segments: segments.map(({ name, layout }) => ({ name, ...(layout ? { layout } : {}) })),
      ...(entry ? { places: entry } : {}),
    };
  });
}

function joinedPlaces(
  segments: readonly Segment[],
  places: readonly Int32Array[],
  batch: number | undefined,
): Int32Array {
  return Int32Array.from(
    segments.flatMap(({ dims }, which) => Array.from(places[which].subarray(0, sizeIn(dims, batch)))),
  );
}

/** Values of the segments as the joint input has them. */
function joinedValues(segments: readonly Segment[], values: readonly Float32Array[], batch = 1): Float32Array {
  const sizes = values.map(({ length }) => length / batch);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const all = new Float32Array(total * batch);
  let from = 0;
  segments.forEach((_, which) => {
    for (let entry = 0; entry < batch; entry++)
      all.set(values[which].subarray(entry * sizes[which], (entry + 1) * sizes[which]), entry * total + from);
    from += sizes[which];
  });
  return all;
}

/**
 * How methods of a group take several inputs: at once, one after another with the others held, or the leading one
 * alone.
 */
const BY_GROUP: Readonly<Record<TechniqueInfo["group"], "together" | "each" | "leading">> = {
  predictions: "leading",
  activations: "leading",
  cams: "leading",
  gradients: "together",
  relevance: "together",
  layers: "together",
  neurons: "together",
  perturbation: "each",
  checks: "each",
};

export function severalInputs({ group, inputs }: TechniqueInfo): "together" | "each" | "leading" {
  return inputs ?? BY_GROUP[group];
}

/**
 * Which inputs go at once where a technique goes input by input, by their places in `explained`. What compares an
 * input's places has nothing to compare in an input of one number: where a table comes as an input for each column,
 * rows, categories and tokens are one table.
 */
export function inputGroups({ group, id }: TechniqueInfo, { explained, whole }: PreparedInput): number[][] {
  const each = explained.map((_, which) => [which]);
  if (group !== "checks" && id !== "rise") return each;
  const batch = Math.min(...explained.map(({ input }) => whole.feeds[input].dims[0] ?? 1));
  const isSingle = ({ input, shown }: ExplainedInput): boolean => {
    const { dims } = whole.feeds[input];
    return !inSpace(shown) && elementCount(dims) / (dims[0] === batch ? batch : 1) === 1;
  };
  const table = explained.flatMap((one, which) => (one.segments.length > 0 && !inSpace(one.shown) ? [which] : []));
  if (table.length < 2 || !table.some((which) => isSingle(explained[which]))) return each;
  return each.flatMap(([which]) => (which === table[0] ? [table] : table.includes(which) ? [] : [[which]]));
}

function inSpace({ layout, tokensOf }: InputInfo): boolean {
  return layout !== undefined && tokensOf === undefined;
}

/** What a technique that runs once is about. */
export function preparedFor(prepared: PreparedInput, info: TechniqueInfo): PreparedInput {
  const leading = prepared.explained.find(({ shown }) => shown === prepared.input);
  return severalInputs(info) === "together" ? together(prepared) : leading ? alone(prepared, leading) : prepared;
}
