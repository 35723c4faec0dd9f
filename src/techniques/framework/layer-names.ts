import { UsageError } from "../../model/errors.ts";
import { elementCount, isFloat, nodeLabel, type Graph } from "../../model/graph.ts";
import { makersOf } from "../../model/makers.ts";
import { placeInside } from "../../model/inner-names.ts";
import type { LayerChoice } from "../../protocol/engine.ts";
import { isSpatial, spatialSize, type Layouts } from "../../runtime/layout.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import type { LayerInfo } from "./technique.ts";
import { hasTrait } from "../../model/operators.ts";

/**
 * A layer as a person names it: a node, a value, or "node:…" and "value:…". UsageError where there is none, or it is
 * not computed.
 * @param model What was traced: names of its calls, branches and loops, which a trace has written out, stand for their
 * first outputs.
 */
export function namedLayer({ graph, trace }: Traced, layouts: Layouts, asked: string, model: LoadedModel): LayerInfo {
  const value = resolveLayer(graph, asked, model);
  const dims = trace.dims.get(value);
  if (!dims) throw new UsageError(`The value "${value}" is not computed for this input.`, value);
  return { value, node: makerLabel(graph, value), dims, layout: layouts.get(value), picked: false };
}

/** All float values that depend on the input, in the order the input meets them. */
export function layerChoices({ graph, trace, specialised }: Traced, layouts: Layouts): LayerChoice[] {
  return graph.nodes.flatMap((node) =>
    node.outputs.flatMap((value): LayerChoice[] => {
      const dims = trace.dims.get(value);
      if (
        !dims ||
        (dims.length < 2 && elementCount(dims) < 2) ||
        !specialised.tainted.has(value) ||
        !isFloat(trace.types.get(value) ?? "float32")
      )
        return [];
      const layout = layouts.get(value);
      const spatial = isSpatial(layout, dims);
      return [
        {
          value,
          node: nodeLabel(node),
          operator: node.opType,
          dims,
          ...(hasTrait(node, "moves", "pass") ? { moves: true as const } : {}),
          spatial,
          ...(spatial ? { size: spatialSize(layout, dims) } : {}),
        },
      ];
    }),
  );
}

/**
 * A person's name for a layer -> the value's name in `graph`, which is the model's own or one that was written out: a
 * node's stands for its first output.
 */
export function resolveLayer(graph: Graph, asked: string, model: LoadedModel): string {
  const values = new Set(
    [...graph.inputs, ...graph.initializers]
      .map(({ name }) => name)
      .concat(graph.nodes.flatMap((node) => node.outputs)),
  );
  if (asked.startsWith("value:") && values.has(asked.slice(6))) return asked.slice(6);
  const nodeName = asked.startsWith("node:") ? asked.slice(5) : asked;
  const nodes = graph.nodes.filter((node) => node.name !== "" && node.name === nodeName);
  const isValue = !asked.startsWith("node:") && values.has(asked);
  if (isValue && nodes.length > 0 && nodes[0].outputs[0] !== asked) {
    throw new UsageError(`"${asked}" is both a node and a value.`, asked, `Write node:${asked} or value:${asked}.`);
  }
  if (isValue) return asked;
  if (nodes.length > 1)
    throw new UsageError(
      `${nodes.length} nodes are named "${nodeName}".`,
      nodeName,
      "Give the name of a value instead (an output of the node).",
    );
  if (nodes.length === 1) return realNumbers(graph, nodes[0].outputs[0]);
  const written = [...model.model.graph.nodes, ...model.open.model.graph.nodes].find(
    (node) => node.name === nodeName && values.has(node.outputs[0]),
  );
  if (written && nodeName !== "") return written.outputs[0];
  if (placeInside(model.model.graph, nodeName) !== undefined) throw model.missing(nodeName);
  throw new UsageError(`The model has no layer "${asked}".`, asked, suggestion(graph, asked));
}

/** Of a node of quantised numbers the real ones that they stand for. */
function realNumbers(graph: Graph, value: string): string {
  return (
    graph.nodes.find(({ name, opType, inputs }) => name === "" && opType === "DequantizeLinear" && inputs[0] === value)
      ?.outputs[0] ?? value
  );
}

function suggestion(graph: Graph, asked: string): string {
  const wanted = asked.toLowerCase();
  const near = graph.nodes
    .map((node) => node.name)
    .filter((name) => name !== "" && name.toLowerCase().includes(wanted))
    .slice(0, 3);
  return near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "`inspect` lists the layers.";
}

/** The name of the node that makes a value. */
export function makerLabel(graph: Graph, value: string): string {
  const node = makersOf(graph).get(value);
  return node ? nodeLabel(node) : value;
}
