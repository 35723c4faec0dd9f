import { Random } from "../../math/random.ts";
import {
  elementCount,
  isFloat,
  nodeLabel,
  type Graph,
  type Model,
  type Node,
  type TensorRef,
} from "../../model/graph.ts";
import { makersOf } from "../../model/makers.ts";
import { tensorFromArray } from "../../model/tensor.ts";

/** A layer with weights of its own, and how each of them begins before training. */
export interface WeightLayer {
  /** The node's name, for people. */
  readonly name: string;
  readonly tensors: readonly Initial[];
}

/** How a weight begins: evenly drawn from −bound to bound, standard normal, or the same everywhere. */
interface Initial {
  readonly tensor: TensorRef;
  readonly start:
    | { readonly kind: "uniform"; readonly bound: number }
    | { readonly kind: "normal" }
    | { readonly kind: "constant"; readonly value: number };
}

type Start = Initial["start"];

const CONVOLUTIONS: ReadonlySet<string> = new Set(["Conv", "FusedConv", "ConvTranspose"]);
const PRODUCTS: ReadonlySet<string> = new Set(["Gemm", "MatMul", "FusedGemm", "FusedMatMul"]);
const RECURRENT: ReadonlySet<string> = new Set(["LSTM", "GRU", "RNN"]);
/** What PyTorch's normalizations begin with, by their inputs after the first. */
const NORMALISATIONS: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [1, 0, 0, 1],
  LayerNormalization: [1, 0],
  InstanceNormalization: [1, 0],
  GroupNormalization: [1, 0],
  SimplifiedLayerNormalization: [1],
  RMSNormalization: [1],
};

/**
 * The layers with float weights that `value` is computed from, in the graph's order, with PyTorch's beginnings
 * (reset_parameters, which Quantus uses): convolutions and dense layers evenly from ±1/√fan-in, bias too; embeddings
 * normal; normalizations 1 and 0. A weight that several layers share belongs to the last. Weights that are quantised,
 * or computed from several others, are left as they are.
 */
export function weightLayers(graph: Graph, value: string): WeightLayer[] {
  const constants = new Constants(graph);
  const taken = new Set<string>();
  const layers: WeightLayer[] = [];
  const before = new Set([value]);
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => before.has(output))) continue;
    for (const input of node.inputs) before.add(input);
    const tensors = startsOf(node, graph, constants).filter(({ tensor }) => !taken.has(tensor.name));
    for (const { tensor } of tensors) taken.add(tensor.name);
    if (tensors.length > 0) layers.unshift({ name: nodeLabel(node), tensors });
  }
  return layers;
}

function startsOf(node: Node, graph: Graph, constants: Constants): Initial[] {
  const { opType, inputs } = node;
  const seen = (index: number): Seen | undefined => (inputs[index] ? constants.at(inputs[index]) : undefined);
  const all = (start: Start, ...found: (Seen | undefined)[]): Initial[] =>
    found.flatMap((one) => (one ? [{ tensor: one.tensor, start }] : []));
  const uniform = (fanIn: number): Start => ({ kind: "uniform", bound: 1 / Math.sqrt(Math.max(1, fanIn)) });
  if (CONVOLUTIONS.has(opType)) {
    const weight = seen(1);
    return weight ? all(uniform(elementCount(weight.dims.slice(1))), weight, seen(2)) : [];
  }
  if (PRODUCTS.has(opType)) {
    const weight = seen(1);
    if (!weight || weight.dims.length < 2) return [];
    const turned = node.attributes.transB?.type === "int" && node.attributes.transB.value === 1;
    const fanIn = weight.dims[weight.dims.length - (turned ? 1 : 2)];
    return all(uniform(fanIn), weight, opType.endsWith("MatMul") ? biasAfter(node, graph, constants) : seen(2));
  }
  if (RECURRENT.has(opType)) return all(uniform(seen(2)?.dims[2] ?? 1), seen(1), seen(2), seen(3));
  if (opType === "Gather" && seen(0)?.dims.length === 2) return all({ kind: "normal" }, seen(0));
  return (NORMALISATIONS[opType] ?? []).flatMap((start, i) => all({ kind: "constant", value: start }, seen(i + 1)));
}

/** What an Add right after a product adds to it, where that is a constant vector: the dense layer's bias. */
function biasAfter(node: Node, graph: Graph, constants: Constants): Seen | undefined {
  const adding = graph.nodes.find(({ opType, inputs }) => opType === "Add" && inputs.includes(node.outputs[0]));
  const other = adding?.inputs.find((input) => input !== node.outputs[0]);
  const bias = other === undefined ? undefined : constants.at(other);
  return bias?.dims.length === 1 ? bias : undefined;
}

/** A float initializer as a node sees it: through Transpose, Identity and Cast. */
interface Seen {
  readonly tensor: TensorRef;
  readonly dims: readonly number[];
}

class Constants {
  private readonly tensors: ReadonlyMap<string, TensorRef>;
  private readonly makers: ReadonlyMap<string, Node>;

  constructor(graph: Graph) {
    this.tensors = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
    this.makers = makersOf(graph);
  }

  at(name: string): Seen | undefined {
    const tensor = this.tensors.get(name);
    if (tensor)
      return isFloat(tensor.dataType) && tensor.problem === undefined ? { tensor, dims: tensor.dims } : undefined;
    const maker = this.makers.get(name);
    if (!maker || !["Transpose", "Identity", "Cast"].includes(maker.opType)) return undefined;
    const from = this.at(maker.inputs[0]);
    if (!from || maker.opType !== "Transpose") return from;
    const perm =
      maker.attributes.perm?.type === "ints"
        ? maker.attributes.perm.value
        : from.dims.map((_, axis) => from.dims.length - 1 - axis);
    return { tensor: from.tensor, dims: perm.map((axis) => from.dims[axis]) };
  }
}

/** Draws weights by seed and name, each once: what is drawn for a layer stays while more layers are drawn. */
export class WeightDraws {
  private readonly drawn = new Map<string, TensorRef>();

  constructor(private readonly seed: number) {}

  /** The model with these layers' weights drawn anew. */
  randomised(model: Model, layers: readonly WeightLayer[]): Model {
    const anew = new Map(
      layers.flatMap(({ tensors }) => tensors.map((one) => [one.tensor.name, this.draw(one)] as const)),
    );
    return {
      ...model,
      graph: {
        ...model.graph,
        initializers: model.graph.initializers.map((tensor) => anew.get(tensor.name) ?? tensor),
      },
    };
  }

  private draw({ tensor, start }: Initial): TensorRef {
    let drawn = this.drawn.get(tensor.name);
    if (!drawn) {
      const random = new Random(seedFor(this.seed, tensor.name));
      const next = {
        uniform: () => (start as { bound: number }).bound * (2 * random.uniform() - 1),
        normal: () => random.normal(),
        constant: () => (start as { value: number }).value,
      }[start.kind];
      drawn = tensorFromArray(
        tensor.name,
        tensor.dataType,
        tensor.dims,
        Float32Array.from({ length: elementCount(tensor.dims) }, next),
      );
      this.drawn.set(tensor.name, drawn);
    }
    return drawn;
  }
}

/** FNV-1a over the seed and the name, 32 bits. */
function seedFor(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed} ${name}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
