import { allNodes, subgraphsOf, type Attribute, type Graph, type Model, type Node, type TensorRef } from "../graph.ts";
import { inferShapes } from "../shapes/infer.ts";
import { freeName } from "../names.ts";
import { inferTypes } from "../types.ts";
import { Body, type Surroundings } from "./body.ts";
import { EMBEDDING } from "./embedding.ts";
import { EXPERTS } from "./experts.ts";
import { FUSED, type StandIn } from "./fused.ts";
import { blockedStandIn, blockOf, CHANNELS_LAST, NHWC, probedBlock, type Block } from "./layouts.ts";
import { operatorOf } from "../operators.ts";

const BLOCKED = "com.microsoft.nchwc";
const TABLES: Readonly<Record<string, Readonly<Record<string, StandIn>>>> = {
  "com.microsoft": { ...FUSED, ...EMBEDDING, ...NHWC, ...EXPERTS },
  "com.ms.internal.nhwc": CHANNELS_LAST,
};
/** What the oldest of the operators that stand in needs. */
const OLDEST_OPSET = 10;

/**
 * The model with standard operators, and others that run everywhere, in the place of what ONNX Runtime's optimizers
 * write for one kind of machine: fused operators of GPUs, and layouts with channels last or in blocks. Values keep
 * their names and are the same; those in such a layout have the usual one. Its remarks say what was replaced.
 */
export function withStandIns(model: Model): Model {
  if (!hasAny(model.graph) || (model.opsets[""] ?? 0) < OLDEST_OPSET) return model;
  return new Replacement(model).made();
}

/** Whether operators of this name are replaced, most of them or all. */
export function hasStandIn(domain: string, opType: string): boolean {
  return domain === BLOCKED || (Object.hasOwn(TABLES, domain) && Object.hasOwn(TABLES[domain], opType));
}

function hasAny(graph: Graph): boolean {
  return graph.nodes.some((node) => hasStandIn(node.domain, node.opType) || subgraphsOf(node).some(hasAny));
}

class Replacement {
  private readonly taken = new Set<string>();
  private readonly constants: TensorRef[] = [];
  private readonly counts = new Map<string, number>();
  private readonly around: Surroundings;
  private readonly first: Node[] = [];
  private readonly block: Block | undefined;

  constructor(private readonly model: Model) {
    const { graph, opsets } = model;
    collectNames(graph, this.taken);
    const shapes = inferShapes({ graph, opsets });
    const weights = new Map<string, readonly number[]>();
    collectWeights(graph, weights);
    this.around = {
      opset: opsets[""] ?? 1,
      types: inferTypes(graph),
      constants: this.constants,
      dims: (value) => weights.get(value) ?? shapes.get(value),
      fresh: (hint) => freeName(hint, this.taken),
    };
    this.block = this.blocks(graph, weights);
  }

  made(): Model {
    const graph = this.graph(this.model.graph, new Set());
    if (this.counts.size === 0) return this.model;
    const list = [...this.counts]
      .map(([operator, count]) => (count === 1 ? operator : `${operator} (${count})`))
      .join(", ");
    return {
      ...this.model,
      opsets: { ...this.model.opsets, "com.microsoft": this.model.opsets["com.microsoft"] ?? 1 },
      graph: {
        ...graph,
        nodes: [...this.first, ...graph.nodes],
        initializers: [...graph.initializers, ...this.constants],
      },
      remarks: [
        `Operators that ONNX Runtime's optimiser adds for specific hardware were replaced by equivalent ones: ${list}.`,
      ],
    };
  }

  private graph(graph: Graph, outer: ReadonlySet<string>): Graph {
    const blocked = new Set(outer);
    const nodes = graph.nodes.flatMap((original) => {
      const node = { ...original, attributes: mapGraphs(original.attributes, (inner) => this.graph(inner, blocked)) };
      if (node.domain === BLOCKED ? node.opType !== "ReorderOutput" : node.inputs.some((input) => blocked.has(input)))
        for (const output of node.outputs) blocked.add(output);
      return this.replaced(node, blocked);
    });
    return { ...graph, nodes };
  }

  private replaced(node: Node, blocked: ReadonlySet<string>): readonly Node[] {
    if (!hasStandIn(node.domain, node.opType)) return [node];
    const body = new Body(node, this.around);
    const done =
      node.domain === BLOCKED
        ? this.block !== undefined && blockedStandIn(body, this.block, blocked)
        : TABLES[node.domain][node.opType](body);
    if (!done) return [node];
    const operator = operatorOf(node);
    this.counts.set(operator, (this.counts.get(operator) ?? 0) + 1);
    return body.nodes;
  }

  /** How large the blocks are, where there are any. All must be replaced or none, as blocks fit blocks only. */
  private blocks(graph: Graph, weights: ReadonlyMap<string, readonly number[]>): Block | undefined {
    const nodes = allNodes(graph).filter(({ domain }) => domain === BLOCKED);
    if (nodes.length === 0) return undefined;
    const convolutions = nodes.filter(({ opType }) => opType === "Conv");
    if (
      !convolutions.every(({ inputs }) => weights.get(inputs[1])?.length === 4) ||
      nodes.some(({ opType }) => opType === "Upsample" && this.around.opset < 11)
    )
      return undefined;
    const body = new Body(
      { name: "blocks", opType: "blocks", domain: BLOCKED, inputs: [], outputs: [], attributes: {} },
      this.around,
    );
    const known = blockOf(convolutions.map(({ inputs }) => weights.get(inputs[1])![0]));
    const value = known === undefined ? probedBlock(body) : body.ints(known);
    this.first.push(...body.nodes);
    return { value, known };
  }
}

function mapGraphs(attributes: Node["attributes"], map: (graph: Graph) => Graph): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]): [string, Attribute] => [
      name,
      attribute.type === "graph"
        ? { type: "graph", value: map(attribute.value) }
        : attribute.type === "graphs"
          ? { type: "graphs", value: attribute.value.map(map) }
          : attribute,
    ]),
  );
}

function collectNames(graph: Graph, into: Set<string>): void {
  for (const { name } of [...graph.inputs, ...graph.initializers, ...graph.sparseInitializers]) into.add(name);
  for (const node of graph.nodes) {
    into.add(node.name);
    for (const output of node.outputs) into.add(output);
    for (const inner of subgraphsOf(node)) collectNames(inner, into);
  }
}

function collectWeights(graph: Graph, into: Map<string, readonly number[]>): void {
  for (const { name, dims } of graph.initializers) into.set(name, dims);
  for (const node of graph.nodes) for (const inner of subgraphsOf(node)) collectWeights(inner, into);
}
