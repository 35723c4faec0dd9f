import { neededFor } from "../../autodiff/differentiate.ts";
import type { Specialised } from "../../autodiff/specialise.ts";
import { elementCount, nodeLabel, type Attribute, type Node } from "../../model/graph.ts";
import { makersAmong } from "../../model/makers.ts";
import { hasTrait } from "../../model/operators.ts";

/** A constant array, and its shape within the value it is added to: as many axes, 1 where it is repeated. */
export interface BiasTerm {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** A value of the graph to which a bias is added, and how the bias comes from constants of the graph. */
interface BiasPlace {
  readonly node: string;
  /** The value whose gradient is the bias's. */
  readonly value: string;
  readonly dims: readonly number[];
  /** The constants that it is made of. */
  readonly constants: readonly string[];
  readonly term: (constants: readonly Float32Array[]) => BiasTerm;
  /** Of an activation fused with the sum: its slope, by its result. The bias's gradient is this times the value's. */
  readonly slope?: (result: number) => number;
}

/** A Clip (ReLU6): at a bound its result is a bias of its own, with no gradient to its input. */
interface ClipBound {
  readonly value: string;
  readonly input: string;
  /** Constants; "" where there is none. */
  readonly low: string;
  readonly high: string;
}

export interface Biases {
  readonly places: readonly BiasPlace[];
  readonly clipBounds: readonly ClipBound[];
  /** Operators between input and score that are not piecewise linear: what they add is in no bias. */
  readonly curved: readonly string[];
  /** Operators that put constants beside or in place of what depends on the input: these are in no bias either. */
  readonly placing: readonly string[];
}

/**
 * The biases between input and `score`, as they are in the graph: of convolutions, dense layers and normalisations, and
 * constants that are added.
 */
export function findBiases(specialised: Specialised, score: string): Biases {
  const { g, tainted, forward } = specialised;
  const places: BiasPlace[] = [];
  const clipBounds: ClipBound[] = [];
  const curved = new Map<string, number>();
  const placing = new Set<string>();
  const nodes = neededFor([score], forward);
  const inFormulas = formulaSums(nodes, (value) => elementCount(g.shape(value)) === 1);
  for (const node of nodes) {
    if (!node.outputs.some((output) => tainted.has(output))) continue;
    const constant = (index: number): boolean => (node.inputs[index] ?? "") !== "" && !tainted.has(node.inputs[index]);
    if (!inFormulas.has(node)) places.push(...placesOf(node, { constant, dims: (value) => g.shape(value) }));
    const bound = (index: number): string => (constant(index) ? node.inputs[index] : "");
    if (node.opType === "Clip")
      clipBounds.push({ value: node.outputs[0], input: node.inputs[0], low: bound(1), high: bound(2) });
    const fused = slopeOf(node);
    const straight =
      node.domain === ""
        ? isStraight(node) && !multiplies(node, tainted)
        : FUSED.has(node.opType) && fused !== undefined && !/^(Tanh|Sigmoid)$/.test(activationOf(node));
    if ((DATA_INPUTS[node.opType]?.(node) ?? []).some(constant)) placing.add(node.opType);
    if (!straight) curved.set(node.opType, (curved.get(node.opType) ?? 0) + 1);
  }
  return {
    places,
    clipBounds,
    curved: [...curved].map(([opType, count]) => (count > 1 ? `${opType} (${count})` : opType)),
    placing: [...placing],
  };
}

const all = ({ inputs }: Node): number[] => inputs.map((_, index) => index);
/** Which inputs' elements may become the output's, of operators that choose among several. */
const DATA_INPUTS: Readonly<Record<string, (node: Node) => readonly number[]>> = {
  Concat: all,
  Max: all,
  Min: all,
  Where: () => [1, 2],
  Pad: () => [2],
  Scatter: () => [0, 2],
  ScatterElements: () => [0, 2],
  ScatterND: () => [0, 2],
};

/** Whether values that both depend on the input are multiplied, or something is divided by one that does. */
function multiplies(node: Node, tainted: ReadonlySet<string>): boolean {
  const { opType, attributes, inputs } = node;
  if (opType === "Div" && tainted.has(inputs[1])) return true;
  // What Gemm adds is no factor; PRelu's is its slope, and scattering multiplies where it is told to.
  const factors = opType === "Gemm" ? inputs.slice(0, 2) : inputs;
  const { reduction } = attributes;
  const product =
    hasTrait(node, "product") ||
    opType === "PRelu" ||
    (opType.startsWith("Scatter") && reduction?.type === "string" && reduction.value === "mul");
  return product && factors.filter((input) => tainted.has(input)).length > 1;
}

/** Whether an operator is piecewise linear, where what is multiplied is constant. */
function isStraight(node: Node): boolean {
  return (
    // A condition chooses between pieces.
    (hasTrait(node, "linear", "product", "piecewise-linear", "gives-bool") || node.opType === "Clip") &&
    !hasTrait(node, "quantised")
  );
}

/**
 * Sums with a single number that are part of how an exporter writes an activation or a normalisation (1 + erf x of
 * GELU, x + 3 of hard-swish, variance + ε), and no bias of the network's.
 */
function formulaSums(nodes: readonly Node[], single: (value: string) => boolean): ReadonlySet<Node> {
  const makers = makersAmong(nodes);
  const takers = new Map<string, string[]>();
  for (const { inputs, opType } of nodes)
    for (const input of inputs) takers.set(input, [...(takers.get(input) ?? []), opType]);
  return new Set(
    nodes.filter(
      ({ opType, inputs, outputs }) =>
        opType === "Add" &&
        inputs.some(single) &&
        (inputs.some((input) => /^(Erf|Tanh)$/.test(makers.get(input)?.opType ?? "")) ||
          (takers.get(outputs[0]) ?? []).some((taker) => /^(Sqrt|Clip|Pow|Reciprocal)$/.test(taker))),
    ),
  );
}

interface Known {
  /** Whether input `index` is there and constant. */
  readonly constant: (index: number) => boolean;
  readonly dims: (value: string) => readonly number[];
}

const FUSED: ReadonlySet<string> = new Set(["FusedConv", "FusedGemm"]);

function placesOf(node: Node, { constant, dims }: Known): BiasPlace[] {
  const [value] = node.outputs;
  const out = dims(value);
  const slope = slopeOf(node);
  const place = (indices: readonly number[], term: BiasPlace["term"]): BiasPlace => ({
    node: nodeLabel(node),
    value,
    dims: out,
    constants: indices.map((index) => node.inputs[index]),
    term,
    ...(slope ? { slope } : {}),
  });
  const byChannel = out.map((dim, axis) => (axis === 1 ? dim : 1));
  // A bias may be left out (Gemm, LayerNormalization).
  const fromTheBack = (index: number): readonly number[] =>
    !constant(index)
      ? []
      : [
          ...new Array<number>(Math.max(0, out.length - dims(node.inputs[index]).length)).fill(1),
          ...dims(node.inputs[index]),
        ];
  const scaled = (index: number, shape: readonly number[], factor = 1): BiasPlace[] =>
    constant(index)
      ? [
          place([index], ([bias]) => ({
            dims: shape,
            values: factor === 1 ? bias : bias.map((number) => factor * number),
          })),
        ]
      : [];
  // A constant added to a value, wherever it stands; both constant is no bias of the network's.
  const added = (factors: readonly number[]): BiasPlace[] =>
    factors.flatMap((factor, index) => scaled(index, fromTheBack(index), factor));
  switch (node.opType) {
    case "Conv":
    case "ConvTranspose":
    case "InstanceNormalization":
    case "GroupNormalization":
      return scaled(2, byChannel);
    case "FusedConv":
      return slope ? scaled(2, byChannel) : [];
    case "Gemm":
      return scaled(2, fromTheBack(2), numberOf(node.attributes.beta, 1));
    case "FusedGemm":
      return slope ? scaled(2, fromTheBack(2), numberOf(node.attributes.beta, 1)) : [];
    case "LayerNormalization":
      return scaled(2, fromTheBack(2));
    case "Add":
    case "Sum":
      return added(node.inputs.map(() => 1));
    case "Mean":
      return added(node.inputs.map(() => 1 / node.inputs.length));
    case "Sub":
      return added([1, -1]);
    case "BatchNormalization": {
      if (![1, 2, 3, 4].every(constant)) return [];
      const epsilon = numberOf(node.attributes.epsilon, 1e-5);
      // scale·(x − mean)/√(var + ε) + B
      return [
        place([1, 2, 3, 4], ([scale, bias, mean, variance]) => ({
          dims: byChannel,
          values: bias.map((number, i) => number - (scale[i] * mean[i]) / Math.sqrt(variance[i] + epsilon)),
        })),
      ];
    }
    default:
      return [];
  }
}

function activationOf(node: Node): string {
  return node.attributes.activation?.type === "string" ? node.attributes.activation.value : "";
}

/**
 * The slope of a fused activation by its result; undefined where it does not follow from it, and for nodes without one.
 */
function slopeOf(node: Node): BiasPlace["slope"] {
  if (!FUSED.has(node.opType) || (node.inputs[3] ?? "") !== "") return undefined;
  const listed = node.attributes.activation_params;
  const parameters =
    listed?.type === "floats"
      ? listed.value
      : ["activation_alpha", "activation_beta"].map((name) => numberOf(node.attributes[name], NaN));
  switch (activationOf(node)) {
    case "":
      return () => 1;
    case "Relu":
      return (result) => (result > 0 ? 1 : 0);
    case "LeakyRelu":
      return (result) => (result > 0 ? 1 : parameters[0]);
    case "Clip":
      return (result) => (result > parameters[0] && result < parameters[1] ? 1 : 0);
    case "Tanh":
      return (result) => 1 - result * result;
    case "Sigmoid":
      return (result) => result * (1 - result);
    default:
      return undefined;
  }
}

function numberOf(attribute: Attribute | undefined, fallback: number): number {
  return attribute?.type === "float" ? attribute.value : fallback;
}

/** gradient ⊙ bias, the bias repeated over the value: in the value's shape `dims`. */
export function timesBias(gradient: Float32Array, dims: readonly number[], bias: BiasTerm): Float32Array {
  const out = new Float32Array(gradient.length);
  const strides = bias.dims.map((dim, axis) => (dim === 1 ? 0 : elementCount(bias.dims.slice(axis + 1))));
  const fill = (axis: number, at: number, from: number): void => {
    if (axis === dims.length) {
      out[at] = gradient[at] * bias.values[from];
      return;
    }
    const inner = elementCount(dims.slice(axis + 1));
    if (strides.slice(axis).every((stride) => stride === 0)) {
      const factor = bias.values[from];
      for (let i = at; i < at + inner * dims[axis]; i++) out[i] = gradient[i] * factor;
      return;
    }
    for (let index = 0; index < dims[axis]; index++) fill(axis + 1, at + index * inner, from + index * strides[axis]);
  };
  fill(0, 0, 0);
  return out;
}
