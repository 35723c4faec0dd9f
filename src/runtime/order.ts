import type { Node } from "../model/graph.ts";
import { usesOf, type Sizes } from "./live.ts";

/**
 * The order in which ONNX Runtime (1.30, sequential) runs a graph's nodes: depth first from the graph's ends, of which
 * the last in the list comes first; of a node's inputs, what stands last in the list comes first
 * (Graph::ReverseDFSFrom). The list need not be in topological order.
 */
export function executionOrder(nodes: readonly Node[]): Node[] {
  const makers = new Map<string, number>();
  nodes.forEach(({ outputs }, index) => {
    for (const output of outputs) if (output !== "") makers.set(output, index);
  });
  const sources = nodes.map((node) =>
    [...new Set(usesOf(node).flatMap((input) => makers.get(input) ?? []))].sort((a, b) => a - b),
  );
  const consumed = new Set(sources.flat());
  const stack = nodes.flatMap((_, index) => (consumed.has(index) ? [] : [{ index, leaving: false }]));
  const entered = new Set<number>();
  const order: Node[] = [];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { index, leaving } = next;
    if (leaving) order.push(nodes[index]);
    else if (!entered.has(index)) {
      entered.add(index);
      stack.push({ index, leaving: true });
      for (const source of sources[index]) if (!entered.has(source)) stack.push({ index: source, leaving: false });
    }
  }
  return order;
}

/** What decides when the parts of a gradient graph are best made. */
export interface ToOrder {
  /** The model's own nodes. */
  readonly forward: ReadonlySet<Node>;
  /** Values that depend on what the way back starts from. */
  readonly backward: ReadonlySet<string>;
  /** Values that are given out. */
  readonly results: readonly string[];
  /** Whose memory a value is. */
  readonly owner: (value: string) => string;
  readonly size: Sizes;
}

/** What only the way back needs and the way forth decides: a mask, a derivative, the places of maxima. */
interface Side {
  readonly nodes: readonly Node[];
  /** Of other values. */
  readonly takes: readonly string[];
  /** To the way back. */
  readonly gives: readonly string[];
}

/**
 * What lies beside the way back, by when it is best made. `early`: values, in the order in which they can be made, that
 * take less room than the activations that they let go. `late`: nodes over activations that are kept anyway: made when
 * the way back gets to them.
 */
export function earlyAndLate(
  nodes: readonly Node[],
  graph: ToOrder,
): { readonly early: readonly string[]; readonly late: readonly Node[] } {
  const { owner, size, results, backward } = graph;
  const sides = sidesOf(nodes, graph);
  const made = new Set(sides.flatMap(({ gives }) => gives.map(owner)));
  const kept = new Set([...results, ...takenBack(nodes, backward)].map(owner).filter((value) => !made.has(value)));
  const bytes = (values: readonly string[]): number =>
    [...new Set(values.map(owner))].reduce((sum, value) => sum + (kept.has(value) ? 0 : size(value)), 0);

  const late: Side[] = [];
  let early: readonly Side[] = sides;
  for (let settled = false; !settled;) {
    const losing = early.filter(({ takes, gives }) => bytes(takes) <= bytes(gives));
    // What is made late keeps what it takes, which others may have let go.
    for (const { takes } of losing) for (const value of takes) kept.add(owner(value));
    late.push(...losing);
    const left = new Set(losing);
    early = early.filter((side) => !left.has(side));
    settled = losing.length === 0;
  }
  const place = placesOf(nodes);
  const ready = new Map(
    early.map((side) => [side, side.takes.reduce((latest, value) => Math.max(latest, place.get(value) ?? -1), -1)]),
  );
  return {
    early: [...early].sort((a, b) => ready.get(a)! - ready.get(b)!).flatMap(({ gives }) => gives),
    late: late.flatMap((side) => side.nodes),
  };
}

function sidesOf(nodes: readonly Node[], { forward, backward, results, size }: ToOrder): Side[] {
  const beside = nodes.filter(
    (node) =>
      !forward.has(node) &&
      node.outputs.some((output) => size(output) > 0) &&
      !node.outputs.some((output) => backward.has(output)),
  );
  const group = groupsOf(beside);
  const members = new Map<number, Node[]>(group.map((number) => [number, []]));
  beside.forEach((node, index) => members.get(group[index])!.push(node));
  const wanted = new Set([...results, ...takenBack(nodes, backward)]);
  return [...members.values()].map((part) => {
    const outputs = new Set(part.flatMap((node) => node.outputs));
    return {
      nodes: part,
      takes: [...new Set(part.flatMap(usesOf))].filter((value) => !outputs.has(value) && size(value) > 0),
      gives: [...outputs].filter((value) => wanted.has(value)),
    };
  });
}

/** At which place of the list each value is made. */
function placesOf(nodes: readonly Node[]): ReadonlyMap<string, number> {
  return new Map(nodes.flatMap(({ outputs }, index) => outputs.map((output) => [output, index] as const)));
}

/** For each node a number that it shares with those that it hangs together with. */
function groupsOf(nodes: readonly Node[]): number[] {
  const parent = nodes.map((_, index) => index);
  const root = (index: number): number => {
    while (parent[index] !== index) index = parent[index] = parent[parent[index]];
    return index;
  };
  const makers = placesOf(nodes);
  nodes.forEach((node, index) => {
    for (const input of usesOf(node)) {
      const maker = makers.get(input);
      if (maker !== undefined) parent[root(index)] = root(maker);
    }
  });
  return parent.map((_, index) => root(index));
}

/** Values that the nodes of the way back take. */
function takenBack(nodes: readonly Node[], backward: ReadonlySet<string>): string[] {
  return nodes.flatMap((node) =>
    node.outputs.some((output) => backward.has(output)) ? usesOf(node).filter((value) => !backward.has(value)) : [],
  );
}
