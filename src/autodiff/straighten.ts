import type { Graph } from "../model/graph.ts";
import { takeBranches, type Straightened } from "./branches.ts";
import { unrollLoops } from "./loops.ts";
import { unpackSequences } from "./sequences.ts";
import type { Trace } from "./specialise.ts";

/**
 * One round towards a straight line: the taken branches of If, the steps that Loop and Scan ran, and lists of tensors whose
 * lengths the trace shows become plain nodes. What was inside is not traced yet, so rounds follow until nothing changes.
 */
export function straighten(graph: Graph, trace: Trace): Straightened {
  const branches = takeBranches(graph, (value) => trace.known.get(value));
  const loops = unrollLoops(branches.graph, trace);
  const sequences = unpackSequences(loops.graph, trace);
  return {
    graph: sequences.graph, conditions: [...branches.conditions, ...loops.conditions, ...sequences.conditions],
    changed: branches.changed || loops.changed || sequences.changed,
  };
}

export { countTrips } from "./loops.ts";
