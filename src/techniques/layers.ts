import { UsageError } from "../model/errors.ts";
import { isFloat, nodeLabel, type Graph } from "../model/graph.ts";
import type { LayerChoice } from "../protocol/engine.ts";
import { isSpatial, type Layouts } from "../runtime/layout.ts";
import type { Traced } from "../runtime/models.ts";
import type { LayerInfo } from "./technique.ts";

export interface LayerRequest {
  readonly kind: "any" | "spatial";
  /** As a person names it: a node, a value, or "node:…" and "value:…". */
  readonly asked?: string;
  readonly input: string;
  /** The value that is explained. */
  readonly score: string;
}

/** The layer asked for, or the default: the last value before the score that has height and width over 1×1 (for "any", the last before the score). */
export function findLayer(traced: Traced, layouts: Layouts, request: LayerRequest): LayerInfo {
  const { graph, trace } = traced;
  if (request.asked !== undefined && request.asked !== "") {
    const value = resolveLayer(graph, request.asked);
    const dims = trace.dims.get(value);
    if (!dims) throw new UsageError(`The value "${value}" is not computed for this input.`, value);
    return { value, node: makerLabel(graph, value), dims, layout: layouts.get(value), picked: false };
  }
  const chosen = defaultLayer(traced, layouts, request);
  if (chosen === undefined) {
    throw new UsageError("No layer between input and score has height and width over 1×1.", undefined, "This method needs a convolutional layer. Saliency works on any model.");
  }
  return { value: chosen, node: makerLabel(graph, chosen), dims: trace.dims.get(chosen)!, layout: layouts.get(chosen), picked: true };
}

export function defaultLayer({ graph, trace, specialised }: Traced, layouts: Layouts, { kind, score }: LayerRequest): string | undefined {
  const before = ancestors(graph, score);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    for (const output of graph.nodes[index].outputs) {
      const dims = trace.dims.get(output);
      if (!dims || output === score || !before.has(output) || !specialised.tainted.has(output) || !isFloat(trace.types.get(output) ?? "float32")) continue;
      if (kind === "any" || isSpatial(layouts.get(output), dims)) return output;
    }
  }
  return undefined;
}

/** All float values that depend on the input, in the order the input meets them. */
export function layerChoices({ graph, trace, specialised }: Traced, layouts: Layouts): LayerChoice[] {
  return graph.nodes.flatMap((node) => node.outputs.flatMap((value): LayerChoice[] => {
    const dims = trace.dims.get(value);
    if (!dims || dims.length < 2 || !specialised.tainted.has(value) || !isFloat(trace.types.get(value) ?? "float32")) return [];
    return [{ value, node: nodeLabel(node), operator: node.opType, dims, spatial: isSpatial(layouts.get(value), dims) }];
  }));
}

/** A person's name for a layer -> the value's name: a node's stands for its first output. */
export function resolveLayer(graph: Graph, asked: string): string {
  const values = new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name).concat(graph.nodes.flatMap((node) => node.outputs)));
  if (asked.startsWith("value:") && values.has(asked.slice(6))) return asked.slice(6);
  const nodeName = asked.startsWith("node:") ? asked.slice(5) : asked;
  const nodes = graph.nodes.filter((node) => node.name !== "" && node.name === nodeName);
  const isValue = !asked.startsWith("node:") && values.has(asked);
  if (isValue && nodes.length > 0 && nodes[0].outputs[0] !== asked) {
    throw new UsageError(`"${asked}" is both a node and a value.`, asked, `Say node:${asked} or value:${asked}.`);
  }
  if (isValue) return asked;
  if (nodes.length > 1) throw new UsageError(`${nodes.length} nodes are named "${nodeName}".`, nodeName, "Name the value instead (an output of the node).");
  if (nodes.length === 1) return nodes[0].outputs[0];
  throw new UsageError(`The model has no layer "${asked}".`, asked, suggestion(graph, asked));
}

function suggestion(graph: Graph, asked: string): string {
  const wanted = asked.toLowerCase();
  const near = graph.nodes.map((node) => node.name).filter((name) => name !== "" && name.toLowerCase().includes(wanted)).slice(0, 3);
  return near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "`inspect` lists the layers.";
}

function makerLabel(graph: Graph, value: string): string {
  const node = graph.nodes.find(({ outputs }) => outputs.includes(value));
  return node ? nodeLabel(node) : value;
}

/** Values that `value` is computed from. */
function ancestors(graph: Graph, value: string): Set<string> {
  const found = new Set([value]);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (node.outputs.some((output) => found.has(output))) for (const input of node.inputs) found.add(input);
  }
  return found;
}
