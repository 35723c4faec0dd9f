import { RuledOutError, UsageError } from "../../model/errors.ts";
import { elementCount, isFloat, type Node } from "../../model/graph.ts";
import { makersOf } from "../../model/makers.ts";
import { isSpatial, type Layout, type Layouts } from "../../runtime/layout.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import { channelView } from "./channels.ts";
import type { LayerInfo, LayerKind } from "./technique.ts";
import { hasTrait, keepsElements } from "../../model/operators.ts";
import { firstConvolution } from "./first-layer.ts";
import { picked, valuesBefore } from "./layers-before.ts";

export const NO_SPATIAL_LAYER = "No layer between the input and the score has height and width larger than 1×1.";

/** The last value before the score. */
function lastLayer(traced: Traced, layouts: Layouts, score: string): LayerInfo {
  const { value } = valuesBefore(traced, score).next();
  if (value === undefined)
    throw new UsageError("There is no value between the input and the score.", score, "Choose a layer.");
  return picked(traced, layouts, value, "the last before the score");
}

/** Whether any value before the score has channels and space. */
function hasSpatialLayer(traced: Traced, layouts: Layouts, score: string): boolean {
  for (const value of valuesBefore(traced, score))
    if (isSpatial(layouts.get(value), traced.trace.dims.get(value)!)) return true;
  return false;
}

/**
 * The last value before the score that is not the scores themselves and has two axes longer than one, batch apart
 * (steps and channels); else the last hidden vector.
 */
function lastWithAxes(traced: Traced, layouts: Layouts, score: string): LayerInfo {
  const scores = scoresThemselves(traced, score);
  let hidden: string | undefined;
  for (const value of valuesBefore(traced, score, true)) {
    const dims = traced.trace.dims.get(value)!;
    if (scores.has(value) || elementCount(dims) < 2) continue;
    if (dims.slice(1).filter((size) => size > 1).length + (dims[0] > 1 ? 1 : 0) >= 2)
      return picked(traced, layouts, value, "the last with steps and channels");
    hidden ??= value;
  }
  return hidden === undefined
    ? lastLayer(traced, layouts, score)
    : picked(traced, layouts, hidden, "the last before the scores");
}

/** Gradients that are asked for at once: a session's outputs, of which a large model has hundreds. */
const MOST_CANDIDATES = 48;
const MOST_ELEMENTS = 1 << 24;
/** Candidates looked at in all: past these a score that no place has a say in is taken for what it is. */
const MOST_LOOKED_AT = 240;

/** The score's gradients by values, undefined for those it does not depend on; it fails where a gradient has no rule. */
export type LayerSlopes = (
  score: string,
  values: readonly string[],
  dims: (value: string) => readonly number[],
) => Promise<ReadonlyMap<string, Float32Array | undefined>>;

/** The layer that a technique takes where none is named. UsageError where there is none of this kind. */
export async function pickLayer(
  kind: LayerKind,
  of: { readonly traced: Traced; readonly layouts: Layouts; readonly score: string; readonly gradients: LayerSlopes },
): Promise<LayerInfo> {
  const { traced, layouts, score, gradients } = of;
  if (kind === "any") return lastLayer(traced, layouts, score);
  const first = kind === "first" ? firstConvolution(traced, layouts, score) : undefined;
  if (first) return first;
  if (kind !== "spatial" && !hasSpatialLayer(traced, layouts, score)) return lastWithAxes(traced, layouts, score);
  const dims = (value: string): readonly number[] => traced.trace.dims.get(value)!;
  return pickSpatialLayer(traced, layouts, score, (values) => gradients(score, values, dims));
}

/**
 * The last value before the score that has height and width over 1×1 and where the score's gradient is not zero. Where
 * a vision transformer reads its class token alone, the last block's patch tokens have none; then it is what goes into
 * the last attention, not its projections (pytorch-grad-cam's advice: blocks[-1].norm1); so, too, where of a text the
 * first token alone is read. UsageError where nothing has height and width.
 * @param gradientsOf The score's gradients by values, undefined for those it does not depend on; it fails where a
 * gradient has no rule.
 */
async function pickSpatialLayer(
  traced: Traced,
  layouts: Layouts,
  score: string,
  gradientsOf: (values: readonly string[]) => Promise<ReadonlyMap<string, Float32Array | undefined>>,
): Promise<LayerInfo> {
  const { trace } = traced;
  const scores = scoresThemselves(traced, score);
  const found: string[] = [];
  for (const value of valuesBefore(traced, score)) {
    if (isSpatial(layouts.get(value), trace.dims.get(value)!)) found.push(value);
    if (found.length >= MOST_LOOKED_AT) break;
  }
  // The scores are a layer only where the model has no other, and attention's weights say how much is taken of each
  // step, not what.
  const layers = found.filter((value) => !scores.has(value) && !isAttention(traced, layouts, value));
  const all = layers.length > 0 ? layers : found;
  if (all.length === 0) {
    throw new RuledOutError(
      NO_SPATIAL_LAYER,
      undefined,
      ["spatial layer"],
      "This method needs a convolutional layer, or a transformer's tokens on a grid.",
    );
  }
  const sizeOf = (value: string): number => elementCount(trace.dims.get(value)!);
  const lastWith = (value: string, why: string): LayerInfo =>
    picked(traced, layouts, value, `the last with ${placesIn(layouts.get(value))}${why}`);
  let alone: string | undefined;
  // The last one alone first: it is the one in all but transformers, and its session serves the method, too.
  for (let from = 0, count = 1; from < all.length; from += count, count = MOST_CANDIDATES) {
    while (count > 1 && all.slice(from, from + count).reduce((sum, value) => sum + sizeOf(value), 0) > MOST_ELEMENTS)
      count = Math.ceil(count / 2);
    const values = all.slice(from, from + count);
    const gradients = await gradientsOf(values);
    const places = values.map((value) =>
      placesWithGradient(gradients.get(value), trace.dims.get(value)!, layouts.get(value)),
    );
    const last = values[places.findIndex((count, index) => count >= (isSequence(layouts.get(values[index])) ? 2 : 1))];
    if (last !== undefined) {
      const value = beforeProjection(traced, layouts, last);
      return lastWith(
        value,
        ` that the target depends on${value === last ? "" : `, before its projection ("${last}")`}`,
      );
    }
    alone ??= values[places.findIndex((count) => count > 0)];
  }
  return alone === undefined
    ? lastWith(all[0], ": none has a gradient at any position")
    : lastWith(alone, " where the target depends on one position");
}

/**
 * Whether an operator chooses among numbers, moves them or changes each by itself: what it is given are the scores, in
 * another shape.
 */
function choosesScores(node: Node): boolean {
  return hasTrait(node, "moves", "elementwise") || ["TopK", "ScatterND", "Where"].includes(node.opType);
}

/**
 * Values that nothing mixes any more on the way to the score, such as a detection head's [N, boxes, classes]: a map of
 * one would show the score's own place.
 */
function scoresThemselves({ graph, specialised }: Traced, score: string): ReadonlySet<string> {
  const scores = new Set([score]);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (!choosesScores(node) || !node.outputs.some((output) => scores.has(output))) continue;
    for (const input of node.inputs) if (specialised.tainted.has(input)) scores.add(input);
  }
  return scores;
}

/** What the places of a layer are, for people. */
function placesIn(layout: Layout | undefined): string {
  if (layout?.tokens && layout.tokens.grid.length > 1) return "tokens on a grid";
  return layout?.spatial.length === 1
    ? "steps"
    : layout?.spatial.length === 3
      ? "depth, height and width"
      : "height and width";
}

/** Whether attention's scores may go through an operator on their way to being weights. */
function weighs(node: Node): boolean {
  return (
    keepsElements(node) ||
    hasTrait(node, "arithmetic") ||
    ["Softmax", "Where", "Transpose", "Clip"].includes(node.opType)
  );
}

/** Whether a value of one channel is the product of a query and keys, or the weights made of it. */
function isAttention({ graph, trace, specialised }: Traced, layouts: Layouts, value: string): boolean {
  const layout = layouts.get(value);
  if (layout?.channel === undefined || trace.dims.get(value)![layout.channel] !== 1) return false;
  const makers = makersOf(graph);
  const data = (node: Node): string[] =>
    node.inputs.filter((input) => specialised.tainted.has(input) && isFloat(trace.types.get(input) ?? "float32"));
  let node = makers.get(value);
  while (node && weighs(node) && data(node).length === 1) node = makers.get(data(node)[0]);
  return node !== undefined && isDense(node) && data(node).length > 1;
}

/** At how many places any channel has a gradient. */
function placesWithGradient(
  gradient: Float32Array | undefined,
  dims: readonly number[],
  layout: Layout | undefined,
): number {
  if (gradient === undefined || !isSpatial(layout, dims)) return 0;
  const { area, values } = channelView(gradient, dims, layout);
  const places = new Set<number>();
  values.forEach((value, at) => {
    if (value !== 0) places.add(at % area);
  });
  return places.size;
}

/** Whether places are a text's tokens, whose first one is often read alone, as a class token is. */
function isSequence(layout: Layout | undefined): boolean {
  return (
    layout !== undefined &&
    !layout.tokens &&
    layout.spatial.length === 1 &&
    layout.channel !== undefined &&
    layout.channel > layout.spatial[0]
  );
}

/** Whether an operator carries a dense layer's result on: bias, scale, the parts that are queries, keys and values. */
function carriesOn(node: Node): boolean {
  return hasTrait(node, "moves", "arithmetic") || node.opType === "Cast";
}

/** Whether an operator keeps each place's numbers together. */
function keepsPlaces(node: Node): boolean {
  return keepsElements(node) || node.opType === "Transpose";
}

function isDense(node: Node): boolean {
  return hasTrait(node, "dense");
}

/** Of tokens that a dense layer made: what went into it, where that has space, too. */
function beforeProjection({ graph, trace, specialised }: Traced, layouts: Layouts, value: string): string {
  if (!layouts.get(value)?.tokens && !isSequence(layouts.get(value))) return value;
  const makers = makersOf(graph);
  const source = (node: Node | undefined, passes: (node: Node) => boolean): string | undefined => {
    const data = node && passes(node) ? node.inputs.filter((input) => specialised.tainted.has(input)) : [];
    return data.length === 1 ? data[0] : undefined;
  };
  const spatial = (name: string | undefined): name is string =>
    name !== undefined && isSpatial(layouts.get(name), trace.dims.get(name) ?? []);
  let dense = makers.get(value);
  while (dense && !isDense(dense)) dense = makers.get(source(dense, carriesOn) ?? "");
  let input = source(dense, isDense);
  if (!spatial(input)) return value;
  for (
    let moved = source(makers.get(input), keepsPlaces);
    spatial(moved);
    moved = source(makers.get(input), keepsPlaces)
  )
    input = moved;
  return input;
}
