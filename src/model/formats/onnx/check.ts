import {
  nodeLabel,
  subgraphsOf,
  type Attribute,
  type Graph,
  type Node,
  type Problem,
  type TensorRef,
} from "../../graph.ts";

/** Names that can be used at a place. */
interface Scope {
  has(name: string): boolean;
}
const NOTHING: Scope = new Set();

/** More problems of one kind than this are summed up in one. */
const SHOWN_EACH = 20;

/**
 * Checks what ONNX asks of a graph and its subgraphs (names defined once and before they are used, no cycle) and sorts
 * nodes that are out of order, keeping the file's order wherever it can. What is wrong goes into `problems`. `outer`:
 * names that the graphs around define. With `incomplete`, missing producers are not reported: the file was cut.
 */
export function checkGraph(graph: Graph, problems: Problem[], outer: Scope = NOTHING, incomplete = false): Graph {
  const found = new Findings(problems);
  const defined = new Set<string>();
  const define = (name: string, what: string): void => {
    if (name === "") return;
    if (defined.has(name))
      found.add("twice", {
        severity: "error",
        message: `The value "${name}" is defined twice (the second time by ${what}); every value must have a unique name.`,
        where: name,
      });
    defined.add(name);
  };
  for (const input of graph.inputs) define(input.name, "a graph input");
  for (const tensor of graph.initializers) define(tensor.name, "an initializer");
  for (const tensor of graph.sparseInitializers) define(tensor.name, "a sparse initializer");
  for (const node of graph.nodes) for (const output of node.outputs) define(output, `node "${nodeLabel(node)}"`);

  const visible: Scope = { has: (name) => defined.has(name) || outer.has(name) };
  if (!incomplete) {
    for (const node of graph.nodes) {
      for (const input of node.inputs) {
        if (input !== "" && !visible.has(input)) {
          found.add("missing", {
            severity: "error",
            message: `Node "${nodeLabel(node)}" (${node.opType}) uses the value "${input}", which nothing produces.`,
            where: nodeLabel(node),
          });
        }
      }
    }
    for (const output of graph.outputs) {
      if (!visible.has(output.name))
        found.add("missing", {
          severity: "error",
          message: `Nothing produces the graph's output "${output.name}".`,
          where: output.name,
        });
    }
  }

  const nodes = sortNodes(graph, found).map((node) => checkSubgraphs(node, problems, visible, incomplete));
  const sparse = graph.sparseInitializers.flatMap(({ values, indices }) => [values, indices]);
  for (const tensor of [...graph.initializers, ...sparse]) found.addTensor(tensor);
  found.finish();
  return { ...graph, nodes };
}

/** Problems by kind, the many of one kind summed up. */
class Findings {
  private readonly counts = new Map<string, { count: number; shown: number; what: string }>();
  constructor(private readonly problems: Problem[]) {}

  add(kind: "twice" | "missing" | "cycle" | "order", problem: Problem): void {
    this.count(kind, problem, SHOWN_EACH, kind === "twice" ? "value* defined twice" : "value* that nothing produces");
  }

  /**
   * A tensor's own problem, if it has one. Where a data file is missing, that is one problem, not one for each tensor.
   */
  addTensor({ name, problem }: TensorRef): void {
    if (problem === undefined) return;
    const reason = problem.replace(`"${name}"`, "");
    this.count(
      `tensor ${reason}`,
      { severity: "error", message: problem, where: name },
      1,
      "tensor* cannot be read for the same reason",
    );
  }

  finish(): void {
    for (const { count, shown, what } of this.counts.values()) {
      if (count > shown)
        this.problems.push({
          severity: "error",
          message: `${count - shown} more ${what.replace("*", count - shown === 1 ? "" : "s")}.`,
        });
    }
  }

  private count(kind: string, problem: Problem, limit: number, what: string): void {
    const entry = this.counts.get(kind) ?? { count: 0, shown: 0, what };
    entry.count++;
    if (entry.shown < limit) {
      entry.shown++;
      this.problems.push(problem);
    }
    this.counts.set(kind, entry);
  }
}

function checkSubgraphs(node: Node, problems: Problem[], visible: Scope, incomplete: boolean): Node {
  let changed = false;
  const check = (graph: Graph): Graph => {
    const checked = checkGraph(graph, problems, visible, incomplete);
    changed = true;
    return checked;
  };
  const attributes: Record<string, Attribute> = {};
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute.type === "graph") attributes[name] = { type: "graph", value: check(attribute.value) };
    else if (attribute.type === "graphs") attributes[name] = { type: "graphs", value: attribute.value.map(check) };
    else {
      if (attribute.type === "tensor" && attribute.value.problem !== undefined) {
        problems.push({ severity: "error", message: attribute.value.problem, where: nodeLabel(node) });
      }
      attributes[name] = attribute;
    }
  }
  return changed ? { ...node, attributes } : node;
}

/** Every name that a node's subgraphs take from outside, its own inputs not included. */
function capturedValues(node: Node): Set<string> {
  const captured = new Set<string>();
  for (const graph of subgraphsOf(node)) for (const name of freeValues(graph)) captured.add(name);
  return captured;
}

/** Names that a graph uses and does not define. */
function freeValues(graph: Graph): Set<string> {
  const defined = new Set([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.map((tensor) => tensor.name),
    ...graph.sparseInitializers.map((tensor) => tensor.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const free = new Set<string>();
  const use = (name: string): void => {
    if (name !== "" && !defined.has(name)) free.add(name);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach(use);
    for (const name of capturedValues(node)) use(name);
  }
  for (const output of graph.outputs) use(output.name);
  return free;
}

function sortNodes(graph: Graph, found: Findings): readonly Node[] {
  const { nodes } = graph;
  const producer = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const output of node.outputs) if (output !== "" && !producer.has(output)) producer.set(output, index);
  });
  const producersOf = nodes.map((node) => {
    const captured = capturedValues(node);
    const names = captured.size === 0 ? node.inputs : [...node.inputs, ...captured];
    return names.map((name) => producer.get(name)).filter((index) => index !== undefined);
  });
  if (producersOf.every((producers, index) => producers.every((other) => other < index))) return nodes;

  const { order, cycle } = depthFirst(producersOf);
  if (cycle !== undefined) {
    const labels = cycle.map((index) => `"${nodeLabel(nodes[index])}"`);
    const shown = labels.length > 12 ? [...labels.slice(0, 12), `... (${labels.length} nodes)`] : labels;
    found.add("cycle", {
      severity: "error",
      message: `The graph has a cycle: ${[...shown, labels[0]].join(" -> ")}. It cannot be run.`,
      where: nodeLabel(nodes[cycle[0]]),
    });
    return nodes;
  }
  found.add("order", {
    severity: "info",
    message: "The nodes in the file are not in execution order; they are shown sorted.",
  });
  return order.map((index) => nodes[index]);
}

/** Producers first, otherwise the given order; or the first cycle found, in the direction the data flows. */
function depthFirst(producersOf: readonly (readonly number[])[]): { order: number[]; cycle?: number[] } {
  const order: number[] = [];
  const state = new Uint8Array(producersOf.length); // 0 untouched, 1 on the path, 2 done
  for (let root = 0; root < producersOf.length; root++) {
    if (state[root] !== 0) continue;
    state[root] = 1;
    const path = [{ index: root, next: 0 }];
    while (path.length > 0) {
      const top = path[path.length - 1];
      const producers = producersOf[top.index];
      if (top.next === producers.length) {
        state[top.index] = 2;
        order.push(top.index);
        path.pop();
        continue;
      }
      const producer = producers[top.next++];
      if (state[producer] === 1) {
        const from = path.findIndex((step) => step.index === producer);
        return {
          order,
          cycle: fromFirst(
            path
              .slice(from)
              .map((step) => step.index)
              .reverse(),
          ),
        };
      }
      if (state[producer] === 0) {
        state[producer] = 1;
        path.push({ index: producer, next: 0 });
      }
    }
  }
  return { order };
}

/** A cycle, told from the node that comes first in the file. */
function fromFirst(cycle: readonly number[]): number[] {
  const at = cycle.indexOf(cycle.reduce((a, b) => Math.min(a, b)));
  return [...cycle.slice(at), ...cycle.slice(0, at)];
}
