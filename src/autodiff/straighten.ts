import type { Graph } from "../model/graph.ts";
import { takeBranches, type Straightened } from "./branches.ts";
import { unrollLoops } from "./loops.ts";
import { unpackSequences } from "./sequences.ts";
import type { Trace } from "./specialise.ts";

/**
 * One round towards a straight line: the taken branches of If, the steps that Loop and Scan ran, and lists of tensors
 * whose lengths the trace shows become plain nodes. What was inside is not traced yet, so rounds follow until nothing
 * changes.
 */
export function straighten(graph: Graph, trace: Trace): Straightened {
  const branches = takeBranches(graph, (value) => trace.known.get(value));
  const loops = unrollLoops(branches.graph, trace);
  const sequences = unpackSequences(loops.graph, trace);
  return {
    graph: uniquelyNamed(sequences.graph),
    conditions: [...branches.conditions, ...loops.conditions, ...sequences.conditions],
    changed: branches.changed || loops.changed || sequences.changed,
  };
}

export { countTrips } from "./loops.ts";

/** ONNX Runtime wants node names unique; copies of a loop's body have the same ones. */
function uniquelyNamed(graph: Graph): Graph {
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const nodes = graph.nodes.map((node) => {
    let name = node.name;
    while (name !== "" && seen.has(name)) {
      const count = (counts.get(node.name) ?? 1) + 1;
      counts.set(node.name, count);
      name = `${node.name}_${count}`;
    }
    seen.add(name);
    return name === node.name ? node : { ...node, name };
  });
  return { ...graph, nodes };
}
