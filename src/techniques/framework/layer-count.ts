import { elementCount, isFloat, type Node } from "../../model/graph.ts";
import { plural } from "../../protocol/format.ts";
import type { LayerChoice } from "../../protocol/engine.ts";
import type { Traced } from "../../runtime/kept-traces.ts";

/**
 * Why a model has another number of nodes than there are layers to choose from, in a sentence; undefined where both are
 * the same.
 * @param nodes How many nodes the file's main graph has, Constant nodes apart.
 */
export function layerCountNote(
  { graph, trace, specialised }: Traced,
  layers: readonly LayerChoice[],
  nodes: number,
): string | undefined {
  if (layers.length === nodes) return undefined;
  const listed = new Set(layers.map(({ value }) => value));
  const left = graph.nodes.filter(({ outputs }) => !outputs.some((output) => listed.has(output)));
  const isFixed = ({ outputs }: Node): boolean => !outputs.some((output) => specialised.tainted.has(output));
  const isSingle = ({ outputs }: Node): boolean =>
    outputs.some((output) => {
      const dims = trace.dims.get(output);
      return dims !== undefined && isFloat(trace.types.get(output) ?? "float32") && elementCount(dims) < 2;
    });
  const fixed = left.filter(isFixed).length;
  const single = left.filter((node) => !isFixed(node) && isSingle(node)).length;
  const others = left.length - fixed - single;
  const further = layers.length - (graph.nodes.length - left.length);
  const verb = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
  const parts = [
    ...(graph.nodes.length === nodes ? [] : [`written out for this input they are ${graph.nodes.length}`]),
    ...(fixed > 0 ? [verb(fixed, "only computes shapes or constants", "only compute shapes or constants")] : []),
    ...(others > 0 ? [verb(others, "gives no floating-point values", "give no floating-point values")] : []),
    ...(single > 0 ? [verb(single, "gives a single number", "give a single number")] : []),
    ...(further > 0 ? [`some give several values (${further} more)`] : []),
  ];
  return `${plural(layers.length, "layer")} of ${plural(nodes, "node")}: ${parts.join(", ")}.`;
}
