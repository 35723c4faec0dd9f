import { elementCount, type DataType, type Graph } from "../../model/graph.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { Sample } from "../../data/index.ts";
import { inputLayout, type InputLayout } from "../../runtime/input-layout.ts";
import { spatialAxes, type Layout } from "../../runtime/layout.ts";
import { placesOfLookups } from "../../runtime/lookup-places.ts";
import type { Lookup } from "../../runtime/lookups.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import { floatsOf, numbersOf, type Feeds, type TensorValue } from "../../runtime/ort.ts";
import type { InputChoice } from "./input-choices.ts";
import { signalInput } from "./signal-input.ts";
import type { InputInfo } from "./technique.ts";

/** One of the model's inputs that is explained. */
export interface ExplainedInput {
  /** The model's input. */
  readonly input: string;
  /**
   * floats: the input itself. vectors: what its integers are looked up as, in one value. tokens: integers with several
   * vectors each. categories: columns that are looked up each by itself. integers: numbers that are not looked up
   * anywhere, without a gradient.
   */
  readonly kind: "floats" | "vectors" | "tokens" | "categories" | "integers";
  /** In its own shape; of vectors in theirs, of tokens, categories and integers in the integers'. */
  readonly shown: InputInfo;
  /** The floats that have gradients: inputs of the model that runs. */
  readonly segments: readonly Segment[];
  /** Of tokens and categories for each element of each segment the integer that it was made of; −1 for none. */
  readonly places?: readonly Int32Array[];
}

export interface Segment {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: DataType;
  readonly values: Float32Array;
  readonly layout?: Layout;
}

export interface Given {
  /** The file's model, and what it is fed. */
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly samples: Readonly<Record<string, Sample>>;
  readonly recipe: Recipe;
  /** The values of all look-ups. */
  readonly looked: ReadonlyMap<string, TensorValue>;
}

/** What is explained of a chosen input. `picture`: the id of its picture. */
export async function explainedInput(
  { name, kind, lookups, reason }: InputChoice,
  given: Given,
  picture: string | undefined,
): Promise<ExplainedInput> {
  const { feeds, samples, recipe, looked } = given;
  const [tensor, sample] = [feeds[name], samples[name]];
  const { graph } = given.model.model;
  if (kind === "floats") {
    const own = { ...floatInput(graph, name, tensor, sample, picture), ...pixelRange(recipe, name) };
    const shown = asSignal(own, recipe, name);
    return { input: name, kind, shown, segments: [segmentOf(name, tensor, shown.layout)] };
  }
  const whole: InputInfo = {
    name,
    dims: tensor.dims,
    values: floatsOf(tensor),
    discrete: true,
    ...(sample.labels ? { labels: sample.labels } : {}),
  };
  if (kind !== "lookups")
    return {
      input: name,
      kind: "integers",
      shown: { ...asTokens(whole, tensor), ...(reason === undefined ? {} : { noGradient: reason }) },
      segments: [],
    };
  const values = lookups.map(({ value }) => looked.get(value)!);
  const [only] = lookups;
  if (lookups.length === 1 && !only.selects && isPlain(only, values[0], elementCount(tensor.dims))) {
    const shown =
      only.kind === "number"
        ? asSignal({ ...floatInput(graph, only.value, values[0], sample, picture), of: name }, recipe, name)
        : vectorsInput(only, values[0], tensor, sample, await placesIn(name, values[0].dims, given));
    return { input: name, kind: "vectors", shown, segments: [segmentOf(only.value, values[0], shown.layout)] };
  }
  const places = await placesOfLookups(
    given.model,
    feeds,
    lookups,
    values.map(({ dims }) => dims),
  );
  if (!places)
    return {
      input: name,
      kind: "integers",
      shown: { ...whole, noGradient: "it has too many elements to trace" },
      segments: [],
    };
  const segments = lookups.map(({ value, kind: how }, which) =>
    segmentOf(
      value,
      values[which],
      how === "table" && values[which].dims.length === 3 ? { channel: 2, spatial: [1] } : undefined,
    ),
  );
  // One table for all is a vocabulary, and so are several of which each has all integers; a column with a table of its
  // own is a category.
  const areTokens =
    (only.table !== undefined && lookups.every(({ table }) => table === only.table)) ||
    places.every((one) => new Set(one).size >= elementCount(tensor.dims));
  return {
    input: name,
    kind: areTokens ? "tokens" : "categories",
    shown: areTokens ? asTokens(whole, tensor) : whole,
    segments,
    places,
  };
}

/** Vectors [..., C] one after another, a vector for each integer in order. */
function isPlain({ kind, axis }: Lookup, { dims }: TensorValue, integers: number): boolean {
  if (kind === "number") return elementCount(dims) === integers;
  return (
    (kind === "table" ? axis === 0 : axis === -1 || axis === dims.length - 1) &&
    elementCount(dims.slice(0, -1)) === integers
  );
}

/** Integers shown as tokens: by their texts, or the numbers. */
function asTokens(whole: InputInfo, tensor: TensorValue): InputInfo {
  return { ...whole, labels: whole.labels ?? numbersOf(tensor).map(String), tokensOf: whole.name };
}

/**
 * @param spatial The axes of `vectors` along which its places lie: those of the integers, but for the batch. None where
 * there is one integer.
 */
function vectorsInput(
  { value, input }: Lookup,
  vectors: TensorValue,
  tokens: TensorValue,
  { labels }: Sample,
  spatial: readonly number[],
): InputInfo & { readonly layout: Layout } {
  return {
    name: value,
    dims: vectors.dims,
    values: floatsOf(vectors),
    labels: labels ?? numbersOf(tokens).map(String),
    tokensOf: input,
    layout: { channel: vectors.dims.length - 1, spatial },
  };
}

/**
 * The axes of looked up vectors `dims` that hold one sample's integers: all but the vectors' own, the last, and the
 * batch.
 */
async function placesIn(name: string, dims: readonly number[], given: Given): Promise<readonly number[]> {
  const { dims: integers } = given.feeds[name];
  const axes = Array.from({ length: dims.length - 1 }, (_, axis) => axis);
  if (axes.length === 0) return [];
  if (tokensFirst(name, given)) return axes.filter((axis) => axis !== 1);
  // [L, C] of [1, L] or of a list of tokens: a batch is as long as the input's, and an output's.
  const isBatch =
    axes.length > 1 ||
    dims[0] === 1 ||
    (dims[0] === integers[0] && (integers.length > 1 || (await isLengthOfBatch(dims[0], name, given))));
  return isBatch ? axes.slice(1) : axes;
}

/**
 * Whether the length of a list of integers is the batch's: no other input has a batch of 1, and an output is as long,
 * as far as that can be seen.
 */
async function isLengthOfBatch(length: number, name: string, { model, feeds }: Given): Promise<boolean> {
  if (Object.entries(feeds).some(([other, { dims }]) => other !== name && dims.length > 1 && dims[0] === 1))
    return false;
  const tensors = model.model.graph.outputs
    .filter(({ type }) => type.kind === "tensor" || type.kind === "unknown")
    .map((output) => output.name);
  const outputs = tensors.length > 0 ? await model.forward(feeds, tensors) : new Map<string, TensorValue>();
  return tensors.length === 0 || [...outputs.values()].some(({ dims }) => dims[0] === length);
}

/**
 * Whether [L, 1] are one text's L tokens, not a batch of L: another input has a batch of 1, or the model's outputs have
 * the second axis for theirs.
 */
function tokensFirst(name: string, { model: { description }, feeds }: Given): boolean {
  const { dims } = feeds[name];
  if (dims.length !== 2 || dims[0] < 2 || dims[1] !== 1) return false;
  const [first, second] = description.inputs.find((input) => input.name === name)?.dims ?? [];
  const named = (axis: number | string | null | undefined): boolean =>
    typeof axis === "string" && description.outputs.some((output) => output.dims?.[0] === axis);
  return (
    (named(second) && !named(first)) ||
    Object.entries(feeds).some(([other, feed]) => other !== name && feed.dims.length > 1 && feed.dims[0] === 1)
  );
}

export function tensorOf(sample: Sample): TensorValue {
  return { dataType: sample.dataType as DataType, dims: sample.dims, data: sample.data };
}

function segmentOf(name: string, { dims, dataType, ...value }: TensorValue, layout: Layout | undefined): Segment {
  return { name, dims, dataType, values: floatsOf({ dims, dataType, ...value }), ...(layout ? { layout } : {}) };
}

function floatInput(
  graph: Graph,
  name: string,
  value: TensorValue,
  sample: Sample,
  picture: string | undefined,
): InputInfo & { readonly layout?: Layout } {
  const { layout, assumed }: InputLayout = sample.axes
    ? { layout: layoutOf(sample.axes) }
    : inputLayout(graph, name, value.dims);
  const axes = sample.axes ?? (layout && spatialAxes(layout));
  return {
    name,
    dims: value.dims,
    values: floatsOf(value),
    labels: sample.labels,
    picture,
    ...(sample.geometry ? { geometry: sample.geometry } : {}),
    ...(layout ? { layout } : {}),
    ...(axes ? { axes } : {}),
    ...(assumed === undefined ? {} : { assumed }),
  };
}

function asSignal<I extends InputInfo>(input: I, recipe: Recipe, name: string): I {
  const signal = signalInput(recipe, name, input.dims, input.layout);
  return signal ? { ...input, signal } : input;
}

/** What a recipe for pictures makes of black and of white. */
function pixelRange(recipe: Recipe, name: string): Pick<InputInfo, "range"> {
  const one = Object.hasOwn(recipe.inputs, name) ? recipe.inputs[name] : undefined;
  if (one?.kind !== "image") return {};
  const of = (byte: number): number[] =>
    one.mean.map((mean, channel) => (byte * one.scale - mean) / (one.std[channel] ?? one.std[0] ?? 1));
  return { range: { low: of(0), high: of(255), axis: one.layout === "nchw" ? 1 : 3 } };
}

function layoutOf({ channel, height, width }: NonNullable<Sample["axes"]>): Layout {
  return { channel, spatial: [height, width] };
}
