import { captured } from "../../differentiate.ts";
import type { Node } from "../../../model/graph.ts";
import type { WalkedGraph } from "../../rule.ts";
import { hasTrait } from "../../../model/operators.ts";

/** A weighted layer: one operand is data, the other (`weight`, an index into the node's inputs) a constant. */
export interface Layer {
  readonly node: Node;
  readonly kind: "convolution" | "dense";
  readonly data: number;
  readonly weight: number;
  /** What follows and can be seen as part of the layer: a bias, BatchNormalization, constant factors. In order. */
  readonly tail: readonly Node[];
  /** The value that leaves the layer with its tail. */
  readonly output: string;
}

const CONVOLUTIONS: ReadonlySet<string> = new Set(["Conv", "ConvTranspose"]);
const DENSE: ReadonlySet<string> = new Set(["Gemm", "MatMul", "Einsum"]);

/** Ranks of factors that count as fixed (`gateRanks`). */
const [GATE, INVERSE] = [3, 4];

/**
 * What relevance propagation asks of a graph: which values are data (depend on what the model is fed) and which
 * constants, what the weighted layers are with their biases and normalizations, which of them meet the input first,
 * which factor of a product is a gate. Nodes that rules add as they expand an operator are seen as well.
 */
export class RelevanceGraph {
  private readonly data: Set<string>;
  private readonly weighted = new Set<string>();
  private readonly makers = new Map<string, Node>();
  private readonly layers = new Map<Node, Layer>();
  private readonly tails = new Set<Node>();
  private readonly positive = new Map<string, boolean>();
  private nodeCount = 0;

  constructor(readonly graph: WalkedGraph) {
    this.data = new Set(graph.tainted);
  }

  /** Whether a value depends on what the model is fed. */
  isData(value: string): boolean {
    this.update();
    return this.data.has(value);
  }

  /** Whether a weighted layer stands between the model's inputs and this value. */
  isBehindLayer(value: string): boolean {
    this.update();
    return this.weighted.has(value);
  }

  maker(value: string): Node | undefined {
    this.update();
    return this.makers.get(value);
  }

  /** The weighted layer that a node is; undefined where both operands are data, or none is. */
  layer(node: Node): Layer | undefined {
    this.update();
    return this.layers.get(node);
  }

  /** Whether a node was taken into the layer before it: relevance passes. */
  isTail(node: Node): boolean {
    this.update();
    return this.tails.has(node);
  }

  isFirst(layer: Layer): boolean {
    return !this.isBehindLayer(layer.node.inputs[layer.data]);
  }

  /** Whether a value is known to be nowhere below zero: then half of a rule's work falls away. */
  isPositive(value: string, depth = 0): boolean {
    const known = this.positive.get(value);
    if (known !== undefined) return known;
    const node = this.maker(value);
    const result = node !== undefined && depth < 50 && this.makesPositive(node, depth);
    this.positive.set(value, result);
    return result;
  }

  /**
   * How much each of two factors looks like what counts as fixed: what divides (INVERSE, as in a norm that is written
   * as a product), a gate (a sigmoid, a scale), and 0 for what is gated. One number for all elements is a scale, where
   * the other has more.
   */
  gateRanks(a: string, b: string): readonly [number, number] {
    const [single, otherSingle] = [a, b].map((value) => this.graph.g.shape(value).every((dim) => dim === 1));
    const rank = (value: string, scale: boolean): number =>
      scale ? Math.max(this.gateRank(value), GATE) : this.gateRank(value);
    return [rank(a, single && !otherSingle), rank(b, otherSingle && !single)];
  }

  private gateRank(value: string, depth = 0): number {
    let [scaled, shifted] = [false, false];
    for (let node = this.maker(value), steps = 0; node && node.domain === "" && steps < 20; steps++) {
      const inner = node.inputs.filter((input) => this.isData(input));
      switch (node.opType) {
        case "Reciprocal":
          return INVERSE;
        case "Sigmoid":
        case "HardSigmoid":
        case "Erf":
          return GATE;
        case "Softmax":
          return 2;
        case "Clip":
          if (this.isInverse(inner[0], depth)) return INVERSE;
          return scaled ? GATE : 2;
        case "Tanh":
          return shifted ? GATE : 1;
        case "Pow":
          return inner.length === 1 &&
            (this.isInverse(inner[0], depth) || this.graph.known(node.inputs[1])?.every((power) => power < 0))
            ? INVERSE
            : 0;
        case "Mul":
          // Two norms, as of a cosine.
          if (inner.length === 2) return inner.every((input) => this.isInverse(input, depth)) ? INVERSE : 0;
          scaled = true;
          break;
        case "Div":
          if (!this.isData(node.inputs[0])) return INVERSE;
          scaled = true;
          break;
        case "Add":
        case "Sub":
        case "Neg":
          shifted = true;
          break;
        // 1/√v may be √(1/v), and within bounds.
        case "Sqrt":
        case "Max":
        case "Min":
          return inner.length === 1 && this.isInverse(inner[0], depth) ? INVERSE : 0;
        default:
          if (!hasTrait(node, "moves", "pass")) return 0;
      }
      if (inner.length !== 1) return 0;
      node = this.maker(inner[0]);
    }
    return 0;
  }

  private isInverse(value: string, depth: number): boolean {
    return depth < 5 && this.gateRank(value, depth + 1) === INVERSE;
  }

  private makesPositive(node: Node, depth: number): boolean {
    if (node.domain !== "") return false;
    if (hasTrait(node, "non-negative")) return true;
    if (node.opType === "Clip") return (this.graph.known(node.inputs[1] ?? "")?.[0] ?? -1) >= 0;
    // What is around a padded value may be negative.
    if (!hasTrait(node, "keeps-sign", "moves") || node.opType === "Pad") return false;
    const operands = hasTrait(node, "operands") ? node.inputs : node.inputs.slice(0, 1);
    return operands.every((input) => this.isPositive(input, depth + 1));
  }

  /** Takes in the nodes that were added since: at first the graph's, later what a node was expanded to. */
  private update(): void {
    const { nodes } = this.graph.g;
    if (this.nodeCount === nodes.length) return;
    const added = nodes.slice(this.nodeCount);
    this.nodeCount = nodes.length;
    this.follow(added);
    const consumers = consumersOf(added);
    for (const node of added) {
      const layer = this.layerOf(node, consumers);
      if (!layer) continue;
      this.layers.set(node, layer);
      for (const part of layer.tail) this.tails.add(part);
    }
  }

  private follow(nodes: readonly Node[]): void {
    for (const node of nodes) {
      for (const output of node.outputs) this.makers.set(output, node);
      const inputs = [...node.inputs, ...captured(node)];
      if (hasTrait(node, "shape-of") || !inputs.some((input) => this.data.has(input))) continue;
      const behind = hasTrait(node, "multiply-adds") || inputs.some((input) => this.weighted.has(input));
      for (const output of node.outputs) {
        this.data.add(output);
        if (behind) this.weighted.add(output);
      }
    }
  }

  private layerOf(node: Node, consumers: ReadonlyMap<string, readonly Node[]>): Layer | undefined {
    const convolution = CONVOLUTIONS.has(node.opType);
    if (
      node.domain !== "" ||
      (!convolution && !DENSE.has(node.opType)) ||
      (node.opType === "Einsum" && node.inputs.length !== 2)
    )
      return undefined;
    const [first, second] = [this.isData(node.inputs[0]), this.isData(node.inputs[1])];
    if (first === second || (convolution && !first)) return undefined;
    const tail = this.tailOf(node, consumers, first);
    return {
      node,
      kind: convolution ? "convolution" : "dense",
      data: first ? 0 : 1,
      weight: first ? 1 : 0,
      tail,
      output: (tail.at(-1) ?? node).outputs[0],
    };
  }

  private tailOf(node: Node, consumers: ReadonlyMap<string, readonly Node[]>, byOutput: boolean): Node[] {
    const { g, of } = this.graph;
    const scalable = byOutput && node.opType !== "Einsum" && g.shape(node.inputs[1]).length > 1;
    const channel = CONVOLUTIONS.has(node.opType) ? 1 : g.shape(node.outputs[0]).length - 1;
    const tail: Node[] = [];
    for (let value = node.outputs[0]; value !== of;) {
      const users = consumers.get(value) ?? [];
      const [next] = users;
      if (users.length !== 1 || next.domain !== "" || !this.continues(next, value, channel, scalable)) break;
      tail.push(next);
      value = next.outputs[0];
    }
    return tail;
  }

  private continues(node: Node, value: string, channel: number, scalable: boolean): boolean {
    const { g } = this.graph;
    const dims = g.shape(value);
    switch (node.opType) {
      case "Identity":
        return true;
      case "BatchNormalization":
        return (
          scalable &&
          channel === 1 &&
          node.inputs[0] === value &&
          !trains(node) &&
          node.inputs.slice(1).every((input) => !this.isData(input))
        );
      case "Add":
      case "Sub":
      case "Mul":
      case "Div": {
        const at = node.inputs.indexOf(value);
        const other = node.inputs[1 - at];
        if (other === value || this.isData(other) || (at === 1 && (node.opType === "Sub" || node.opType === "Div")))
          return false;
        const same =
          g.shape(node.outputs[0]).length === dims.length &&
          g.shape(node.outputs[0]).every((dim, axis) => dim === dims[axis]);
        return (
          same &&
          (node.opType === "Add" ||
            node.opType === "Sub" ||
            (scalable && alongChannel(g.shape(other), dims.length, channel)))
        );
      }
      default:
        return false;
    }
  }
}

/** Whether a constant is the same everywhere but along one axis of a value of this rank. */
export function alongChannel(constant: readonly number[], rank: number, channel: number): boolean {
  return constant.every((dim, axis) => dim === 1 || axis + rank - constant.length === channel);
}

function trains({ attributes }: Node): boolean {
  return attributes.training_mode?.type === "int" && attributes.training_mode.value !== 0;
}

function consumersOf(nodes: readonly Node[]): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of [...node.inputs, ...captured(node)])
      consumers.set(input, [...(consumers.get(input) ?? []), node]);
  }
  return consumers;
}
