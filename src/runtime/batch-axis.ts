import type { Graph } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { hasTrait } from "../model/operators.ts";

export interface BatchFacts {
  /** The output's shape as it came out. */
  readonly shape: readonly number[];
  /** What the file says of its first axis: a number, a symbol, or nothing. */
  readonly declared?: number | string | null;
  /** The input's batch axis: its length here and what the file says of it; undefined where the input has none. */
  readonly batch?: { readonly length: number; readonly declared?: number | string | null };
}

/**
 * Whether an output's first axis is the input's batch: as long as that one, and not counted out by the graph
 * (detections, tokens that are left). One entry is a batch of one whatever it stands for, but where the graph counts:
 * then nothing is lost.
 */
export function hasBatchAxis(graph: Graph, value: string, { shape, declared, batch }: BatchFacts): boolean {
  if (shape.length === 0 || (shape[0] !== 1 && shape[0] !== batch?.length)) return false;
  if (shape[0] === 1 && (shape.length === 1 || declared === 1)) return true;
  if (typeof declared === "string" && declared !== "" && declared === batch?.declared) return true;
  return !counted(graph, value);
}

/** How many rows a model that reads K things gives may be known only when it runs: some operators decide K. */
function counted(graph: Graph, name: string): boolean {
  const makers = makersOf(graph);
  const seen = new Set<string>();
  const open = [name];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = makers.get(value);
    if (!node || seen.has(value)) continue;
    seen.add(value);
    if (hasTrait(node, "counts")) return true;
    open.push(...node.inputs);
  }
  return false;
}
