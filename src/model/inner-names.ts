import { nodeLabel, type Attribute, type Graph, type Model, type Node, type SparseTensorRef } from "./graph.ts";
import { inlineFunctions } from "./inline.ts";
import { freeName } from "./names.ts";

/**
 * Values and nodes inside branches (If) and bodies (Loop, Scan), by names that no other in the model has: what is
 * written out of a branch keeps these, so that a layer has one name, whichever way a run takes.
 */

/**
 * Renames what subgraphs make where another graph of the model has the name already: "y" of a second branch is "y_2".
 * The main graph keeps its names.
 */
export function withUniqueInnerNames(graph: Graph): Graph {
  return graph.nodes.some(hasSubgraph) ? new Renamer(graph).main() : graph;
}

/**
 * A node inside a branch, a body or a function, and where that is: `then branch of If_3`, `function Block, called by
 * block1`.
 */
export interface InnerNode {
  readonly node: Node;
  readonly inside: string;
}

/**
 * The layers inside a file's functions, branches and bodies, Constant nodes apart, by the names that a run knows them
 * by. ModelError where functions call each other in a circle.
 */
export function innerLayers(model: Model): InnerNode[] {
  return innerNodes(withUniqueInnerNames(inlineFunctions(model).graph)).filter(
    ({ node }) => node.opType !== "Constant" || node.domain !== "",
  );
}

/**
 * The nodes of a prepared graph (functions inlined, names unique) that the file's main graph does not have, in the
 * order they are written out.
 */
function innerNodes(graph: Graph): InnerNode[] {
  return graph.nodes.flatMap((node) => innerOf(node, undefined));
}

/**
 * Where a prepared graph has a node of this name, or one that makes a value of this name, that its main graph has not;
 * undefined where there is none.
 */
export function placeInside(graph: Graph, name: string): string | undefined {
  return innerNodes(graph).find(({ node }) => node.name === name || node.outputs.includes(name))?.inside;
}

function innerOf(node: Node, around: string | undefined): InnerNode[] {
  const inside = [
    node.call === undefined ? undefined : `function ${node.call.definition}, called by ${node.call.by}`,
    around,
  ]
    .filter(Boolean)
    .join(", ");
  const here = inside === "" ? [] : [{ node, inside }];
  return [
    ...here,
    ...subgraphs(node).flatMap(([name, graph]) =>
      graph.nodes.flatMap((inner) =>
        innerOf(inner, [`${PLACES[name] ?? name} of ${nodeLabel(node)}`, around].filter(Boolean).join(", ")),
      ),
    ),
  ];
}

const PLACES: Readonly<Record<string, string>> = {
  then_branch: "then branch",
  else_branch: "else branch",
  body: "body",
};

/** Whether a node has branches or a body. */
export function hasSubgraph(node: Node): boolean {
  return subgraphs(node).length > 0;
}

function subgraphs(node: Node): [name: string, graph: Graph][] {
  return Object.entries(node.attributes).flatMap(([name, attribute]): [string, Graph][] =>
    attribute.type === "graph"
      ? [[name, attribute.value]]
      : attribute.type === "graphs"
        ? attribute.value.map((graph) => [name, graph])
        : [],
  );
}

type Rename = (value: string) => string;

class Renamer {
  private readonly values: Set<string>;
  private readonly nodes: Set<string>;

  constructor(private readonly graph: Graph) {
    this.values = new Set(madeBy(graph).concat(graph.inputs.map(({ name }) => name)));
    this.nodes = new Set(graph.nodes.map(({ name }) => name));
  }

  main(): Graph {
    return {
      ...this.graph,
      nodes: this.graph.nodes.map((node) => ({ ...node, attributes: this.attributes(node, (value) => value) })),
    };
  }

  private attributes(node: Node, rename: Rename): Node["attributes"] {
    if (!hasSubgraph(node)) return node.attributes;
    return Object.fromEntries(
      Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
        if (attribute.type === "graph") return [name, { ...attribute, value: this.inner(attribute.value, rename) }];
        if (attribute.type === "graphs")
          return [name, { ...attribute, value: attribute.value.map((graph) => this.inner(graph, rename)) }];
        return [name, attribute];
      }),
    );
  }

  /**
   * `outer`: how the graph around calls its values now. What this one makes, or is given, hides those of the same name.
   */
  private inner(graph: Graph, outer: Rename): Graph {
    const own = new Map(graph.inputs.map(({ name }) => [name, name]));
    for (const name of madeBy(graph)) if (name !== "") own.set(name, freeName(name, this.values));
    const rename: Rename = (value) => own.get(value) ?? outer(value);
    const named = <T extends { readonly name: string }>(one: T): T => ({ ...one, name: rename(one.name) });
    return {
      ...graph,
      outputs: graph.outputs.map(named),
      initializers: graph.initializers.map(named),
      valueInfo: graph.valueInfo.map(named),
      sparseInitializers: graph.sparseInitializers.map((sparse): SparseTensorRef => named(sparse)),
      nodes: graph.nodes.map((node) => ({
        ...node,
        name: node.name === "" ? "" : freeName(node.name, this.nodes),
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
        attributes: this.attributes(node, rename),
      })),
    };
  }
}

/** What a graph holds and makes; its inputs are given to it. */
function madeBy({ initializers, sparseInitializers, nodes }: Graph): string[] {
  return [...initializers, ...sparseInitializers]
    .map(({ name }) => name)
    .concat(nodes.flatMap(({ outputs }) => outputs));
}
