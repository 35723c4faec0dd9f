import type { Node } from "../../../model/graph.ts";
import { neededFor } from "../../differentiate.ts";
import { range, type Builder, type Dims } from "../../builder.ts";
import type { RuleContext, WalkedGraph } from "../../rule.ts";
import { gradientRules } from "../index.ts";
import type { Layer, RelevanceGraph } from "./graph.ts";

/** What keeps denominators away from zero, everywhere but in the epsilon rule, which has its own (zennit's). */
const STABILIZER = 1e-6;

/**
 * Where input values lie: one number for all, or one for each entry of `axis`; undefined: the input's own smallest and
 * largest.
 */
export interface Box {
  readonly input: string;
  readonly low?: readonly number[];
  readonly high?: readonly number[];
  readonly axis?: number;
}

/** How a weighted layer shares its output's relevance out to its input. */
export type LayerRule =
  /** In proportion to x·w; `epsilon` takes a part where the output is small (Bach et al. 2015, equation 58). */
  | { readonly kind: "epsilon"; readonly epsilon: number }
  /**
   * As epsilon, with what has the output's sign strengthened by γ (Montavon et al. 2019; for inputs of both signs
   * Andéol et al. 2021).
   */
  | { readonly kind: "gamma"; readonly gamma: number }
  /** What adds to the output gets α, what takes from it −β, with α − β = 1 (Bach et al. 2015, equation 60). */
  | { readonly kind: "alpha_beta"; readonly alpha: number; readonly beta: number }
  /** Only what adds to the output: α = 1, β = 0 (Montavon et al. 2017). */
  | { readonly kind: "zplus" }
  /** In proportion to w², whatever the input (Montavon et al. 2017). */
  | { readonly kind: "wsquare" }
  /** To all inputs of a unit alike (Lapuschkin et al. 2019). */
  | { readonly kind: "flat" }
  /** In proportion to x·w − l·w⁺ − h·w⁻ for inputs between l and h (Montavon et al. 2017). */
  | { readonly kind: "zbox"; readonly box: Box };

/** The relevance of a layer's data from that of its output, `relevance`. Reference: zennit's rules. */
export function layerRelevance(
  r: RuleContext,
  view: RelevanceGraph,
  layer: Layer,
  rule: LayerRule,
  relevance: string,
): string {
  const affine = new Affine(r, layer);
  const { g } = r;
  const x = affine.x;
  switch (rule.kind) {
    case "epsilon":
      return g.times(x, affine.back(shared(g, relevance, layer.output, rule.epsilon), affine.weight));
    case "zplus":
      return signed(affine, view, relevance, { alpha: 1, beta: 0 });
    case "alpha_beta":
      return signed(affine, view, relevance, rule);
    case "gamma":
      return strengthened(affine, view, relevance, rule.gamma);
    case "wsquare":
      return flat(
        affine,
        view,
        relevance,
        g.times(affine.weight, affine.weight),
        affine.bias && g.times(affine.bias, affine.bias),
      );
    case "flat":
      return flat(affine, view, relevance, g.expand(g.scalar(1), g.shape(affine.weight)), undefined);
    case "zbox":
      return boxed(affine, view.graph, relevance, rule.box);
  }
}

/** relevance / (z ± ε), the sign being that of z; 0 where the denominator is. */
export function shared(g: Builder, relevance: string, z: string, epsilon = STABILIZER): string {
  if (epsilon === 0) return g.where(g.binary("Equal", z, g.scalar(0)), g.scalar(0), g.over(relevance, z));
  return g.over(relevance, g.plus(z, g.where(g.binary("Less", z, g.scalar(0)), g.scalar(-epsilon), g.scalar(epsilon))));
}

/** A layer as x ↦ W·x + b, its tail taken into W and b. */
class Affine {
  readonly g: Builder;
  readonly x: string;
  readonly weight: string;
  /** Broadcasts to the output; undefined for none. */
  readonly bias: string | undefined;
  private readonly node: Node;

  constructor(
    private readonly r: RuleContext,
    readonly layer: Layer,
  ) {
    const { g } = r;
    const { node, data, weight } = layer;
    this.g = g;
    this.x = node.inputs[data];
    const { alpha: _, beta: __, ...attributes } = node.attributes;
    this.node = { ...node, attributes };
    const alpha = node.opType === "Gemm" ? r.float("alpha", 1) : 1;
    const folded = fold(r, layer);
    const scaled =
      folded.scale === undefined ? node.inputs[weight] : byOutput(r, node, node.inputs[weight], folded.scale);
    this.weight = g.scale(scaled, alpha);
    this.bias = folded.bias;
  }

  /** W·x without the bias. */
  forward(x: string, weight: string): string {
    return this.g.op(this.node.opType, this.operands(x, weight), this.r.outDims(), this.node.attributes);
  }

  /** Wᵀ·s: to the data's shape. */
  back(s: string, weight: string): string {
    const { r, layer, node } = this;
    const inputs = this.operands(this.x, weight);
    const asked = r.variant(
      { ...node, inputs },
      [s],
      inputs.map((_, index) => index === layer.data),
    );
    return gradientRules[node.opType](asked)[layer.data]!;
  }

  private operands(x: string, weight: string): string[] {
    return this.layer.data === 0 ? [x, weight] : [weight, x];
  }
}

/** What adds to the output and what takes from it, each distributed by itself. */
function signed(
  affine: Affine,
  view: RelevanceGraph,
  relevance: string,
  { alpha, beta }: { alpha: number; beta: number },
): string {
  const { g, weight, bias } = affine;
  const [up, down] = [positive(g, weight), negative(g, weight)];
  const part = bySign(affine, view);
  const adding = g.scale(part(up, down, bias && positive(g, bias), relevance), alpha);
  return beta === 0 ? adding : g.minus(adding, g.scale(part(down, up, bias && negative(g, bias), relevance), beta));
}

/** The gamma rule for inputs and outputs of either sign. */
function strengthened(affine: Affine, view: RelevanceGraph, relevance: string, gamma: number): string {
  const { g, layer, weight, bias } = affine;
  const more = (value: string, part: (g: Builder, value: string) => string): string =>
    g.plus(value, g.scale(part(g, value), gamma));
  const [up, down] = [more(weight, positive), more(weight, negative)];
  const part = bySign(affine, view);
  const zero = g.scalar(0);
  const where = (comparison: string): string => g.where(g.binary(comparison, layer.output, zero), relevance, zero);
  return g.plus(
    part(up, down, bias && more(bias, positive), where("Greater")),
    part(down, up, bias && more(bias, negative), where("Less")),
  );
}

/** Shares relevance out by weights for positive data, others for negative data, and a bias. */
function bySign(
  affine: Affine,
  view: RelevanceGraph,
): (forAbove: string, forBelow: string, bias: string | undefined, relevance: string) => string {
  const { g, x } = affine;
  const [above, below] = view.isPositive(x) ? [x, undefined] : [positive(g, x), negative(g, x)];
  return (forAbove, forBelow, bias, relevance) => {
    const z = sumOf(g, [affine.forward(above, forAbove), below && affine.forward(below, forBelow), bias]);
    const s = shared(g, relevance, z);
    return sumOf(g, [g.times(above, affine.back(s, forAbove)), below && g.times(below, affine.back(s, forBelow))]);
  };
}

/** Whatever the input: as if it were one everywhere, but for padding, whether the layer's own or a node's before it. */
function flat(
  affine: Affine,
  view: RelevanceGraph,
  relevance: string,
  weight: string,
  bias: string | undefined,
): string {
  const { g, x } = affine;
  const pad = view.maker(x);
  const ones =
    pad?.domain === "" && pad.opType === "Pad"
      ? replayed(g, [pad], pad.inputs[0], g.expand(g.scalar(1), g.shape(pad.inputs[0])), x)
      : g.expand(g.scalar(1), g.shape(x));
  return affine.back(shared(g, relevance, sumOf(g, [affine.forward(ones, weight), bias])), weight);
}

function boxed(affine: Affine, graph: WalkedGraph, relevance: string, box: Box): string {
  const { g, x, weight } = affine;
  const [up, down] = [positive(g, weight), negative(g, weight)];
  const [low, high] = boxAt(graph, x, box);
  const z = g.minus(affine.forward(x, weight), g.plus(affine.forward(low, up), affine.forward(high, down)));
  const s = shared(g, relevance, z);
  return g.minus(
    g.times(x, affine.back(s, weight)),
    g.plus(g.times(low, affine.back(s, up)), g.times(high, affine.back(s, down))),
  );
}

/**
 * The box at a layer's data: what stands before the layer (a normalization, a Transpose) is applied to the input's box.
 */
function boxAt(graph: WalkedGraph, x: string, box: Box): [low: string, high: string] {
  const { g } = graph;
  const extreme = (value: string, opType: "ReduceMin" | "ReduceMax"): string =>
    g.expand(g.reduce(opType, value, range(0, g.shape(value).length)), g.shape(value));
  const between = nodesBetween(graph.nodes, box.input, x);
  if (x !== box.input && between.length === 0) return [extreme(x, "ReduceMin"), extreme(x, "ReduceMax")];
  const dims = g.shape(box.input);
  const at = (given: readonly number[] | undefined, opType: "ReduceMin" | "ReduceMax"): string => {
    const ends =
      given === undefined
        ? extreme(box.input, opType)
        : g.expand(
            g.floats(given, given.length === 1 ? [] : dims.map((_, axis) => (axis === box.axis ? given.length : 1))),
            dims,
          );
    return replayed(g, between, box.input, ends, x);
  };
  const [a, b] = [at(box.low, "ReduceMin"), at(box.high, "ReduceMax")];
  if (between.length === 0) return [a, b];
  return [g.op("Min", [a, b], g.shape(x)), g.op("Max", [a, b], g.shape(x))];
}

function nodesBetween(nodes: readonly Node[], from: string, to: string): Node[] {
  const reached = new Set([from]);
  return neededFor([to], nodes).filter((node) => {
    if (!node.inputs.some((input) => reached.has(input))) return false;
    for (const output of node.outputs) reached.add(output);
    return true;
  });
}

/** `to` as the nodes make it of `value` in place of `from`. */
function replayed(g: Builder, nodes: readonly Node[], from: string, value: string, to: string): string {
  const names = new Map([[from, value]]);
  for (const node of nodes) {
    const outputs = node.outputs.map((output) => {
      if (output === "") return "";
      const name = g.fresh("box");
      g.declare(name, g.shape(output));
      names.set(output, name);
      return name;
    });
    g.add({ ...node, name: "", inputs: node.inputs.map((input) => names.get(input) ?? input), outputs });
  }
  return names.get(to) ?? to;
}

/** The tail's factors [output channels] and all that is added, as values that broadcast to the output. */
function fold(r: RuleContext, { node, tail }: Layer): { scale: string | undefined; bias: string | undefined } {
  const { g } = r;
  const convolution = node.opType === "Conv" || node.opType === "ConvTranspose";
  const rank = r.outDims().length;
  const channel = convolution ? 1 : rank - 1;
  const channels = r.outDims()[channel];
  const alongChannel = range(0, rank).map((axis) => (axis === channel ? channels : 1));
  const inPlace = (perChannel: string): string => g.reshape(perChannel, alongChannel);
  let scale: string | undefined;
  let bias = node.opType === "Gemm" || convolution ? node.inputs[2] || undefined : undefined;
  if (bias !== undefined) bias = convolution ? inPlace(bias) : g.scale(bias, r.float("beta", 1));
  let value = node.outputs[0];
  const times = (factor: string): void => {
    const perChannel = g.reshape(g.expand(factor, alongChannel), [channels]);
    scale = scale === undefined ? perChannel : g.times(scale, perChannel);
    bias = bias === undefined ? undefined : g.times(bias, factor);
  };
  const plus = (term: string): void => {
    bias = bias === undefined ? term : g.plus(bias, term);
  };
  for (const part of tail) {
    const other = part.inputs[0] === value ? part.inputs[1] : part.inputs[0];
    switch (part.opType) {
      case "Add":
        plus(other);
        break;
      case "Sub":
        plus(g.scale(other, -1));
        break;
      case "Mul":
        times(other);
        break;
      case "Div":
        times(g.over(g.scalar(1), other));
        break;
      case "BatchNormalization": {
        const [, gain, shift, mean, variance] = part.inputs;
        const epsilon = part.attributes.epsilon?.type === "float" ? part.attributes.epsilon.value : 1e-5;
        const slope = g.over(gain, g.unary("Sqrt", g.offset(variance, epsilon)));
        times(inPlace(slope));
        plus(inPlace(g.minus(shift, g.times(mean, slope))));
        break;
      }
    }
    value = part.outputs[0];
  }
  return { scale, bias };
}

/** Weights times a factor for each output channel. */
function byOutput(r: RuleContext, node: Node, weight: string, scale: string): string {
  const { g } = r;
  const dims = g.shape(weight);
  const [count] = g.shape(scale);
  const along = (axis: number): Dims => dims.map((_, other) => (other === axis ? count : 1));
  switch (node.opType) {
    case "Conv":
      return g.times(weight, g.reshape(scale, along(0)));
    case "ConvTranspose": {
      // [groups · inputs, outputs, ...]: the factors of a group's outputs belong to its inputs.
      const group = r.int("group", 1);
      const [inputs, outputs, ...kernel] = dims;
      const split = g.reshape(weight, [group, inputs / group, outputs, ...kernel]);
      return g.reshape(g.times(split, g.reshape(scale, [group, 1, outputs, ...kernel.map(() => 1)])), dims);
    }
    case "Gemm":
      return g.times(weight, g.reshape(scale, along(r.int("transB", 0) !== 0 ? 0 : 1)));
    default:
      return g.times(weight, g.reshape(scale, along(dims.length - 1)));
  }
}

function positive(g: Builder, value: string): string {
  return g.unary("Relu", value);
}

function negative(g: Builder, value: string): string {
  return g.binary("Min", value, g.scalar(0));
}

function sumOf(g: Builder, parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).reduce((a, b) => g.plus(a, b));
}
