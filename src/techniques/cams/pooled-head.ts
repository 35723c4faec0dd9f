import { nodeLabel, type Dim, type Graph, type Node } from "../../model/graph.ts";
import { hasSubgraph } from "../../model/inner-names.ts";
import { makersOf } from "../../model/makers.ts";
import { keepsElements } from "../../model/operators.ts";

/** A global average pooling followed by one dense layer that makes the score. */
export interface PooledHead {
  readonly pooling: Node;
  readonly dense: Node;
}

/** Why a graph has no such head, and the node that says so. */
export interface NoHead {
  readonly reason: string;
  readonly where?: string;
}

const DENSE: ReadonlySet<string> = new Set(["Gemm", "MatMul", "Conv"]);

/**
 * Walks from the score back to the pooling.
 * @param dimsOf A value's shape, as far as it is known; undefined where its rank is not.
 * @returns The head, why there is none, or undefined where only shapes of a run can tell.
 */
export function findPooledHead(
  graph: Graph,
  dimsOf: (value: string) => readonly Dim[] | undefined,
  score: string,
): PooledHead | NoHead | undefined {
  const makers = makersOf(graph);
  const constant = constants(graph);
  let dense: Node | undefined;
  let value = score;
  for (let node = makers.get(value); node; node = makers.get(value)) {
    if (hasSubgraph(node)) return undefined;
    const isPooling = isGlobalAveragePool(node, dimsOf);
    if (isPooling === undefined) return undefined;
    if (isPooling) {
      if (dense) return { pooling: node, dense };
      return { reason: "the pooling comes last, with no dense layer after it", where: nodeLabel(node) };
    }
    const data = node.inputs.findIndex((input) => input !== "" && !constant.has(input));
    if (
      node.opType === "Add" &&
      !dense &&
      node.inputs.length === 2 &&
      node.inputs.some((input) => constant.has(input))
    ) {
      value = node.inputs[data];
    } else if (DENSE.has(node.opType) && node.domain === "" && !dense && data === 0) {
      const space = node.opType === "Conv" ? places(dimsOf(node.inputs[0])) : 1;
      if (space === undefined) return undefined;
      if (space !== 1) {
        const reason = "its last convolution is applied to feature maps, not to pooled channels";
        return { reason, where: nodeLabel(node) };
      }
      dense = node;
      value = node.inputs[0];
    } else if (keepsElements(node)) {
      value = node.inputs[0];
    } else {
      const reason = dense
        ? `${node.opType} lies between the pooling and the dense layer`
        : `${node.opType} produces the score`;
      return { reason, where: nodeLabel(node) };
    }
  }
  return { reason: "no pooling was found before the score" };
}

export function noHeadText({ reason }: NoHead): string {
  return `CAM needs a model that ends in global average pooling and one dense layer, and this one does not: ${reason}.`;
}

function constants(graph: Graph): Set<string> {
  const known = new Set(graph.initializers.map(({ name }) => name));
  for (const node of graph.nodes)
    if (node.inputs.length > 0 && node.inputs.every((input) => input === "" || known.has(input)))
      for (const output of node.outputs) known.add(output);
  return known;
}

/**
 * GlobalAveragePool, ReduceMean over all of space, or an AveragePool whose window is the whole map; undefined where
 * shapes that are not known decide.
 */
function isGlobalAveragePool(node: Node, dimsOf: (value: string) => readonly Dim[] | undefined): boolean | undefined {
  if (node.opType === "GlobalAveragePool") return true;
  if (node.opType !== "ReduceMean" && node.opType !== "AveragePool") return false;
  const [from, to] = [node.inputs[0], node.outputs[0]].map((value) => ofOneSample(dimsOf(value)));
  if (from === undefined || to === undefined) return undefined;
  if (from.length < 3) return false;
  const [before, after, space] = [elements(from), elements(to), places(from)];
  if (before === undefined || after === undefined || space === undefined) return undefined;
  return after * space === before || after === (from[0] as number) * (from[from.length - 1] as number);
}

/** How many places a map [N, C, ...] has. */
function places(dims: readonly Dim[] | undefined): number | undefined {
  return dims && elements(dims.slice(2));
}

/** A batch whose length is left open, as one sample. */
function ofOneSample(dims: readonly Dim[] | undefined): readonly Dim[] | undefined {
  return dims?.map((dim, axis) => (axis === 0 && typeof dim === "string" ? 1 : dim));
}

function elements(dims: readonly Dim[]): number | undefined {
  return dims.every((dim) => typeof dim === "number")
    ? dims.reduce<number>((product, dim) => product * dim, 1)
    : undefined;
}
