import { constantOf } from "./constants.ts";
import { elementCount, isFloat, type DataType, type Graph, type Model, type Node, type TensorRef } from "./graph.ts";
import { quantisedInputs } from "./quantised-weights.ts";
import { hasTrait } from "./operators.ts";

export interface Parameters {
  /** Elements of weights in initializers and Constants, subgraphs and functions included. */
  readonly total: number;
  /** The same by type, most first. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
  /** Of the main graph's constants and those of its subgraphs: how many of their elements are parameters. */
  readonly of: ReadonlyMap<string, number>;
}

/**
 * A model's parameters. Float constants are, unless all that takes them reads quantised weights with them (scales);
 * integers are where a node takes them as quantised weights, directly or after a look-up or a change of shape. Shapes,
 * axes, indices and zero points are none.
 */
export function parametersOf(model: Model): Parameters {
  const functions = new Map(
    model.functions.map((definition) => [`${definition.domain}.${definition.name}.${definition.overload}`, definition]),
  );
  const uses = new Map<readonly Node[], Scope>();
  const scopeOf = (nodes: readonly Node[], outputs: readonly string[], constants: readonly TensorRef[]): Scope => {
    let scope = uses.get(nodes);
    if (!scope) {
      scope = new Scope(
        nodes,
        outputs,
        new Set(constants.filter(({ dataType }) => NARROW.has(dataType)).map(({ name }) => name)),
        (node) => {
          const definition = functions.get(`${node.domain}.${node.opType}.${node.overload ?? ""}`);
          return (
            definition && {
              inputs: definition.inputs,
              scope: scopeOf(definition.nodes, definition.outputs, constantsInNodes(definition.nodes)),
            }
          );
        },
      );
      uses.set(nodes, scope);
    }
    return scope;
  };
  const constants = constantsIn(model.graph);
  const main = scopeOf(
    model.graph.nodes,
    model.graph.outputs.map(({ name }) => name),
    constants,
  );
  const counted = new Map<string, number>();
  const byType = new Map<string, number>();
  const add = (type: string, count: number): void =>
    void (count > 0 && byType.set(type, (byType.get(type) ?? 0) + count));
  for (const tensor of constants) {
    const { count, type } = main.weightsIn(tensor);
    if (count > 0) counted.set(tensor.name, count);
    add(type, count);
  }
  for (const definition of model.functions) {
    const inside = constantsInNodes(definition.nodes);
    const scope = scopeOf(definition.nodes, definition.outputs, inside);
    for (const tensor of inside) {
      const { count, type } = scope.weightsIn(tensor);
      add(type, count);
    }
  }
  const types = [...byType]
    .map(([type, count]) => ({ type, count }))
    .sort((a, b) => b.count - a.count || a.type.localeCompare(b.type));
  return { total: types.reduce((sum, { count }) => sum + count, 0), types, of: counted };
}

/** What a value is taken for: "reader" is a scale or a zero point. */
type Role =
  | {
      readonly kind: "weight";
      readonly node: Node;
      readonly packed?: NonNullable<ReturnType<typeof quantisedInputs>>["packed"];
    }
  | { readonly kind: "reader" | "other" };

/** Integers too narrow for shapes and indices: what is cast from them to floats is a weight. */
const NARROW: ReadonlySet<DataType> = new Set(["int8", "uint8", "int4", "uint4", "int2", "uint2"]);

/** Operators that give sums of products of integers. */
const INTEGER_PRODUCTS: ReadonlySet<string> = new Set(["ConvInteger", "MatMulInteger"]);

interface Use {
  readonly node: Node;
  readonly index: number;
}

/** A value, and the scope that its name is of. */
interface Place {
  readonly scope: Scope;
  readonly name: string;
}

/**
 * Nodes whose names are of one scope: a graph with its subgraphs (ONNX gives values in them names of their own), or a
 * function.
 */
class Scope {
  private readonly uses = new Map<string, Use[]>();
  private readonly outputs: ReadonlySet<string>;

  /** Nodes by what they make; narrow integer constants' names. */
  private readonly makers = new Map<string, Node>();

  constructor(
    nodes: readonly Node[],
    outputs: readonly string[],
    private readonly narrow: ReadonlySet<string>,
    private readonly functionOf: (
      node: Node,
    ) => { readonly inputs: readonly string[]; readonly scope: Scope } | undefined,
  ) {
    this.outputs = new Set(outputs);
    for (const node of withInner(nodes)) {
      for (const output of node.outputs) this.makers.set(output, node);
      node.inputs.forEach((name, index) => {
        const uses = this.uses.get(name);
        if (uses) uses.push({ node, index });
        else this.uses.set(name, [{ node, index }]);
      });
    }
  }

  /** How many of a constant's elements are parameters, and of what type they are. */
  weightsIn(tensor: TensorRef): { count: number; type: string } {
    const { dims, dataType } = tensor;
    const none = { count: 0, type: dataType };
    if (dims.some((dim) => dim < 0)) return none;
    const roles = this.roles(tensor.name, NARROW.has(dataType));
    const weight = roles.find((role) => role.kind === "weight");
    const reads = roles.length > 0 && roles.every(({ kind }) => kind === "reader");
    if (weight && (!isFloat(dataType) || weight.packed))
      return weight.packed?.(weight.node, tensor) ?? { count: elementCount(dims), type: dataType };
    return isFloat(dataType) && !reads ? { count: elementCount(dims), type: dataType } : none;
  }

  /** What a value is taken for, directly or through nodes that move it: one role of each kind. */
  private roles(name: string, narrow: boolean): readonly Role[] {
    const found = new Map<Role["kind"], Role>();
    // A list, not recursion: a chain of nodes may be long, and a broken graph may be a ring.
    const todo: (Role | Place)[] = [{ scope: this, name }];
    const seen = new Map<Scope, Set<string>>();
    for (let next = todo.pop(); next; next = todo.pop()) {
      if ("kind" in next) {
        if (!found.has(next.kind)) found.set(next.kind, next);
        continue;
      }
      const { scope, name } = next;
      const names = seen.get(scope) ?? new Set();
      seen.set(scope, names);
      if (names.has(name)) continue;
      names.add(name);
      if (scope.outputs.has(name)) todo.push({ kind: "other" });
      // Backwards, so that they come off the list in the order of the graph.
      const steps = (scope.uses.get(name) ?? []).flatMap((use) => scope.stepsAt(use, narrow));
      for (const step of steps.reverse()) todo.push(step);
    }
    return [...found.values()];
  }

  /** What a node takes an operand for, or the values that it goes on as. */
  private stepsAt({ node, index }: Use, narrow: boolean): readonly (Role | Place)[] {
    const called = this.functionOf(node);
    if (called) {
      const name = called.inputs[index];
      return name === undefined ? [] : [{ scope: called.scope, name }];
    }
    const inputs = quantisedInputs(node);
    if (inputs?.weights.includes(index)) return [{ kind: "weight", node, packed: inputs.packed }];
    if (inputs?.readers.includes(index)) return [{ kind: "reader" }];
    if (hasTrait(node, "moves") && (index === 0 || node.opType === "Concat"))
      return node.outputs.filter((name) => name !== "").map((name) => ({ scope: this, name }));
    if (narrow && node.domain === "" && node.opType === "Cast")
      return node.outputs.flatMap((output) => this.afterCast(output, node));
    if (this.isScale(node, index)) return [{ kind: "reader" }];
    return [{ kind: "other" }];
  }

  /**
   * Whether an operand multiplies integers that stand for real numbers, or another scale: y = Cast(MatMulInteger) ×
   * (scale of x × scale of W).
   */
  private isScale({ domain, opType, inputs }: Node, index: number): boolean {
    if (domain !== "" || opType !== "Mul") return false;
    const other = inputs[1 - index];
    const maker = this.makers.get(other);
    return (maker?.opType === "DynamicQuantizeLinear" && maker.outputs[1] === other) || this.isIntegers(other);
  }

  /** Cast integers: sums of products, or narrow ones, with their zero point taken away or not. */
  private isIntegers(value: string): boolean {
    const maker = this.makers.get(value);
    const cast = maker?.domain === "" && maker.opType === "Sub" ? this.makers.get(maker.inputs[0]) : maker;
    if (cast?.domain !== "" || cast.opType !== "Cast") return false;
    const source = cast.inputs[0];
    return this.narrow.has(source) || INTEGER_PRODUCTS.has(this.makers.get(source)?.opType ?? "");
  }

  /** (W − zero point) × scale by hand: what is taken away is no weight. */
  private afterCast(name: string, node: Node): readonly Role[] {
    return (this.uses.get(name) ?? []).map((use): Role =>
      use.node.opType === "Sub" && use.index === 1 ? { kind: "reader" } : { kind: "weight", node },
    );
  }
}

/** All nodes, those of subgraphs after the ones that hold them. */
function withInner(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...innerGraphs(node).flatMap((graph) => withInner(graph.nodes))]);
}

function innerGraphs({ attributes }: Node): readonly Graph[] {
  return Object.values(attributes).flatMap((attribute) =>
    attribute.type === "graph" ? [attribute.value] : attribute.type === "graphs" ? attribute.value : [],
  );
}

/** Initializers and Constants of a graph and of its subgraphs; of sparse ones what is stored. */
function constantsIn(graph: Graph): TensorRef[] {
  return [
    ...graph.initializers,
    ...graph.sparseInitializers.map(({ name, values }) => ({ ...values, name })),
    ...constantsInNodes(graph.nodes),
  ];
}

function constantsInNodes(nodes: readonly Node[]): TensorRef[] {
  return nodes.flatMap((node) => {
    const constant = constantOf(node);
    const sparse =
      constant === undefined
        ? Object.values(node.attributes).flatMap((attribute) =>
            attribute.type === "sparse_tensor" ? [{ ...attribute.value.values, name: node.outputs[0] ?? "" }] : [],
          )
        : [];
    return [...(constant ? [constant] : []), ...sparse, ...innerGraphs(node).flatMap(constantsIn)];
  });
}
