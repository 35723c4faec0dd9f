import { ModelError } from "./errors.ts";
import { nodeLabel, type Attribute, type FunctionDef, type Graph, type Model, type Node } from "./graph.ts";
import { sinceVersion } from "./formats/onnx/operator-versions.ts";

export { liftConstants } from "./constants.ts";

/** Functions that call functions that call ... multiply; no real model comes near this. */
const MOST_NODES = 250_000;

/**
 * Replaces every call of a model-local function (FunctionProto) by the function's body, in the main graph and in
 * subgraphs: attribute references take the caller's value or the function's default, inner names get the calling node's
 * label in front. The result has no functions. ModelError where a function calls itself, or where its body means
 * another version of an operator than the model (by opset_import).
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const inliner = new Inliner(model);
  const graph = inliner.graph(model.graph, []);
  return { ...model, graph, functions: [], opsets: remainingOpsets(model, inliner.opsets, graph) };
}

/** Functions' own domains end with them; a domain that a node still uses stays. */
function remainingOpsets(model: Model, opsets: Readonly<Record<string, number>>, graph: Graph): Record<string, number> {
  const used = new Set([""]);
  const visit = (inner: Graph): void => {
    for (const node of inner.nodes) {
      used.add(node.domain);
      for (const attribute of Object.values(node.attributes)) {
        if (attribute.type === "graph") visit(attribute.value);
        else if (attribute.type === "graphs") attribute.value.forEach(visit);
      }
    }
  };
  visit(graph);
  const defined = new Set(model.functions.map((definition) => definition.domain));
  return Object.fromEntries(Object.entries(opsets).filter(([domain]) => used.has(domain) || !defined.has(domain)));
}

function functionKey(domain: string, name: string, overload = ""): string {
  return JSON.stringify([domain, name, overload]);
}

class Inliner {
  readonly opsets: Record<string, number>;
  private readonly functions: ReadonlyMap<string, FunctionDef>;
  private readonly names = new Set<string>();
  private count = 0;

  constructor(model: Model) {
    this.opsets = { ...model.opsets };
    this.functions = new Map(
      model.functions.map((definition) => [
        functionKey(definition.domain, definition.name, definition.overload),
        definition,
      ]),
    );
    collectNames(model.graph, this.names);
  }

  graph(graph: Graph, calls: readonly string[]): Graph {
    return { ...graph, nodes: graph.nodes.flatMap((node) => this.node(node, calls)) };
  }

  /**
   * A node with its subgraphs inlined, or the nodes that its function stands for. `calls`: the functions it is inside
   * of.
   */
  private node(node: Node, calls: readonly string[]): Node[] {
    if (++this.count > MOST_NODES)
      throw new ModelError(`The model's functions expand to more than ${MOST_NODES} nodes.`, nodeLabel(node));
    const attributes = mapGraphs(node.attributes, (graph) => this.graph(graph, calls));
    const key = functionKey(node.domain, node.opType, node.overload);
    const definition = this.functions.get(key);
    if (definition === undefined) return [{ ...node, attributes }];
    if (calls.includes(key))
      throw new ModelError(
        `The function "${definition.name}" calls itself, which ONNX does not allow.`,
        nodeLabel(node),
      );
    this.mergeOpsets(definition);
    return this.expand({ ...node, attributes }, definition).flatMap((inner) => this.node(inner, [...calls, key]));
  }

  private expand(call: Node, definition: FunctionDef): Node[] {
    const prefix = nodeLabel(call);
    const renamed = new Map<string, string>([["", ""]]);
    definition.inputs.forEach((name, index) => renamed.set(name, call.inputs[index] ?? ""));
    const copies: Node[] = [];
    definition.outputs.forEach((name, index) => {
      const output = call.outputs[index] ?? "";
      if (!renamed.has(name)) renamed.set(name, output === "" ? this.unique(`${prefix}/${name}`) : output);
      // An input that is an output too, or one value given out twice, needs a node of its own.
      else if (output !== "")
        copies.push({
          name: this.unique(`${prefix}/${name}`),
          opType: "Identity",
          domain: "",
          inputs: [renamed.get(name) ?? ""],
          outputs: [output],
          attributes: {},
        });
    });
    const rename = (name: string): string => {
      let fresh = renamed.get(name);
      if (fresh === undefined) {
        fresh = this.unique(`${prefix}/${name}`);
        renamed.set(name, fresh);
      }
      return fresh;
    };
    const values = { ...definition.attributeDefaults, ...call.attributes };
    const body = new Body(rename, values, { definition: definition.name, by: prefix });
    return [...definition.nodes.map((node) => body.node(node)), ...copies];
  }

  private unique(name: string): string {
    let fresh = name;
    for (let i = 2; this.names.has(fresh); i++) fresh = `${name}_${i}`;
    this.names.add(fresh);
    return fresh;
  }

  private mergeOpsets(definition: FunctionDef): void {
    for (const [domain, version] of Object.entries(definition.opsets)) {
      const has = this.opsets[domain];
      if (has === undefined) this.opsets[domain] = version;
      else if (has !== version) checkSameOperators(definition, definition.nodes, domain, version, has);
    }
  }
}

/** Another opset in the body is fine as long as the operators in it did not change between the two. */
function checkSameOperators(
  definition: FunctionDef,
  nodes: readonly Node[],
  domain: string,
  inner: number,
  outer: number,
): void {
  for (const node of nodes) {
    if (node.domain === domain) {
      const versions =
        domain === "" ? [sinceVersion(node.opType, inner), sinceVersion(node.opType, outer)] : [inner, outer];
      if (versions[0] !== versions[1]) {
        throw new ModelError(
          `The function "${definition.name}" uses ${node.opType} of opset ${inner}, but the model uses opset ${outer}, where ${node.opType} is defined differently.`,
          nodeLabel(node),
          "Convert the model to a single opset in Python: onnx.inliner.inline_local_functions(model, convert_version=True).",
        );
      }
    }
    mapGraphs(node.attributes, (graph) => {
      checkSameOperators(definition, graph.nodes, domain, inner, outer);
      return graph;
    });
  }
}

/** One instance of a function's body: names renamed, attribute references resolved. */
class Body {
  constructor(
    private readonly rename: (name: string) => string,
    private readonly values: Readonly<Record<string, Attribute>>,
    private readonly call: NonNullable<Node["call"]>,
  ) {}

  node(node: Node): Node {
    const attributes: Record<string, Attribute> = {};
    for (const [name, attribute] of Object.entries(node.attributes)) {
      const value = this.attribute(attribute);
      if (value !== undefined) attributes[name] = value;
    }
    return {
      ...node,
      name: node.name === "" ? "" : `${this.call.by}/${node.name}`,
      call: this.call,
      inputs: node.inputs.map(this.rename),
      outputs: node.outputs.map(this.rename),
      attributes,
    };
  }

  /** undefined where it refers to an attribute that the caller did not give and that has no default. */
  private attribute(attribute: Attribute): Attribute | undefined {
    if (attribute.type === "reference") return this.values[attribute.name];
    return mapAttribute(attribute, (graph) => this.graph(graph));
  }

  private graph(graph: Graph): Graph {
    const renameNamed = <T extends { readonly name: string }>(named: T): T => ({
      ...named,
      name: this.rename(named.name),
    });
    return {
      ...graph,
      inputs: graph.inputs.map(renameNamed),
      outputs: graph.outputs.map(renameNamed),
      initializers: graph.initializers.map(renameNamed),
      sparseInitializers: graph.sparseInitializers.map(renameNamed),
      valueInfo: graph.valueInfo.map(renameNamed),
      nodes: graph.nodes.map((node) => this.node(node)),
    };
  }
}

function mapAttribute(attribute: Attribute, map: (graph: Graph) => Graph): Attribute {
  if (attribute.type === "graph") return { type: "graph", value: map(attribute.value) };
  if (attribute.type === "graphs") return { type: "graphs", value: attribute.value.map(map) };
  return attribute;
}

function mapGraphs(
  attributes: Readonly<Record<string, Attribute>>,
  map: (graph: Graph) => Graph,
): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [name, mapAttribute(attribute, map)]),
  );
}

function collectNames(graph: Graph, into: Set<string>): void {
  for (const { name } of [...graph.inputs, ...graph.initializers, ...graph.sparseInitializers]) into.add(name);
  for (const node of graph.nodes) {
    into.add(node.name);
    for (const output of node.outputs) into.add(output);
    mapGraphs(node.attributes, (inner) => {
      collectNames(inner, into);
      return inner;
    });
  }
}
