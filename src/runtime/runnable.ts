import { allNodes, type Graph, type Node } from "../model/graph.ts";

/**
 * A graph without what ONNX Runtime for Node.js could not give out: the maps that ZipMap makes at the end, where no
 * output asks for them. So models whose ZipMap no ONNX Runtime takes (of float64, as converters write it) run as well.
 */
export function withoutMaps(graph: Graph): Graph {
  if (!graph.nodes.some(isZipMap)) return graph;
  const asked = new Set(graph.outputs.map(({ name }) => name));
  const taken = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const isIdle = (node: Node): boolean =>
    isZipMap(node) && !node.outputs.some((output) => asked.has(output) || taken.has(output));
  return { ...graph, nodes: graph.nodes.filter((node) => !isIdle(node)) };
}

function isZipMap({ domain, opType }: Node): boolean {
  return domain === "ai.onnx.ml" && opType === "ZipMap";
}

/**
 * Every system's locale in which letters have both cases; the one that StringNormalizer takes by itself (en_US.UTF-8)
 * is not on every machine.
 */
const COMMON_LOCALE = "C.UTF-8";

/** The graph with StringNormalizer in a locale that is there; undefined where it has none of it. */
export function inCommonLocale(graph: Graph): Graph | undefined {
  if (!graph.nodes.some(({ opType }) => opType === "StringNormalizer")) return undefined;
  return {
    ...graph,
    nodes: graph.nodes.map((node) =>
      node.opType === "StringNormalizer"
        ? { ...node, attributes: { ...node.attributes, locale: { type: "string", value: COMMON_LOCALE } } }
        : node,
    ),
  };
}

/**
 * ONNX Runtime's optimizers that give wrong numbers for this graph. Pad_Fusion (1.30) makes a Pad with zeros part of
 * the pool behind it, also past what other optimizers remove between them: of MaxPool the padding is −∞ then, no zero,
 * and a pool whose padding grows past its kernel is refused.
 */
export function faultyOptimizers(graph: Graph): readonly string[] {
  const nodes = allNodes(graph);
  const has = (...operators: readonly string[]): boolean =>
    nodes.some(({ domain, opType }) => domain === "" && operators.includes(opType));
  return has("Pad") && has("MaxPool", "AveragePool") ? ["Pad_Fusion"] : [];
}

/**
 * The nodes such that no ONNX Runtime makes a Pad part of a MaxPool behind it, for files that others run: one that
 * gives out where its maxima are, too, is left alone (opset 8).
 */
export function withUnfusedPads(nodes: readonly Node[], fresh: (hint: string) => string): readonly Node[] {
  if (!nodes.some(({ domain, opType }) => domain === "" && opType === "Pad")) return nodes;
  return nodes.map((node) =>
    node.domain === "" && node.opType === "MaxPool" && !node.outputs[1]
      ? { ...node, outputs: [node.outputs[0], fresh(`${node.outputs[0]}_indices`)] }
      : node,
  );
}
