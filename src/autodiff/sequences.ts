import type { Attribute, Graph, Node, TensorRef } from "../model/graph.ts";
import { freeName, namesIn } from "../model/names.ts";
import { int64List, scalar } from "../model/tensor.ts";
import { renamed, renaming, type Straightened } from "./branches.ts";
import type { Trace } from "./specialise.ts";
import { hasTrait } from "../model/operators.ts";

/**
 * Follows lists of tensors (SequenceConstruct, SequenceInsert, SplitToSequence ...) and optionals by the names of what
 * is in them, and replaces what takes tensors out of them by plain nodes. Lists that come in from outside stay.
 */
export function unpackSequences(graph: Graph, trace: Trace): Straightened {
  const unpacker = new Unpacker(graph, trace);
  const nodes = graph.nodes.flatMap((node) => unpacker.node(node));
  const { initializers, conditions, changed } = unpacker;
  return {
    graph: changed ? { ...graph, nodes, initializers: [...graph.initializers, ...initializers] } : graph,
    conditions,
    changed,
  };
}

class Unpacker {
  readonly initializers: TensorRef[] = [];
  readonly conditions: string[] = [];
  changed = false;
  private readonly lists = new Map<string, readonly string[]>();
  private readonly taken: Set<string>;

  constructor(
    graph: Graph,
    private readonly trace: Trace,
  ) {
    this.taken = namesIn(graph);
  }

  node(original: Node): Node[] {
    const node = this.withoutOptionals(original);
    if (node.domain !== "" || !Object.hasOwn(STEPS, node.opType)) return [node];
    if (hasTrait(node, "gives-sequence")) this.made.add(node.outputs[0]);
    const nodes = STEPS[node.opType](node, this);
    if (nodes === undefined) return [node];
    this.changed = true;
    return nodes;
  }

  /** Values that are lists for certain, known or not: an optional that holds one is full. */
  readonly made = new Set<string>();

  /** Branches that take a list out of what was an optional outside: there it is the list itself now. */
  private withoutOptionals(node: Node): Node {
    const entries = Object.entries(node.attributes);
    if (!entries.some(([, attribute]) => attribute.type === "graph")) return node;
    const inside = (inner: Node): Node => {
      const unneeded = inner.domain === "" && inner.opType === "OptionalGetElement" && this.made.has(inner.inputs[0]);
      return unneeded ? plain("Identity", inner.inputs, inner.outputs) : this.withoutOptionals(inner);
    };
    return {
      ...node,
      attributes: Object.fromEntries(
        entries.map(([name, attribute]) => [
          name,
          attribute.type === "graph"
            ? { ...attribute, value: { ...attribute.value, nodes: attribute.value.nodes.map(inside) } }
            : attribute,
        ]),
      ),
    };
  }

  list(value: string): readonly string[] | undefined {
    return this.lists.get(value);
  }
  /** Says what is in a list; the node that makes it stays. */
  is(value: string, items: readonly string[]): undefined {
    this.lists.set(value, items);
    return undefined;
  }
  /** An index into a list of `length`, which the result then depends on. */
  index(value: string | undefined, length: number, otherwise?: number): number | undefined {
    if (!value) return otherwise;
    const number = this.trace.known.get(value)?.[0];
    if (number === undefined) return undefined;
    this.conditions.push(value);
    return number < 0 ? number + length : number;
  }
  known(value: string): readonly number[] | undefined {
    const numbers = this.trace.known.get(value);
    if (numbers) this.conditions.push(value);
    return numbers;
  }
  dims(value: string): readonly number[] | undefined {
    return this.trace.dims.get(value);
  }
  get opset(): number {
    return this.trace.opset;
  }
  constant(make: (name: string) => TensorRef): string {
    const name = this.fresh("loupe.list");
    this.initializers.push(make(name));
    return name;
  }
  fresh(hint: string): string {
    return freeName(hint, this.taken);
  }
  /** The body of a SequenceMap once, for one element. */
  body(graph: Graph, inputs: readonly string[]): { nodes: Node[]; outputs: string[] } {
    const rename = renaming(graph, this.taken, new Map(graph.inputs.map(({ name }, index) => [name, inputs[index]])));
    this.initializers.push(...graph.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })));
    return {
      nodes: graph.nodes.map((inner) => renamed(inner, rename)),
      outputs: graph.outputs.map(({ name }) => rename(name)),
    };
  }
}

type Step = (node: Node, u: Unpacker) => Node[] | undefined;

const plain = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, Attribute> = {},
): Node => ({ name: "", opType, domain: "", inputs, outputs, attributes });
const int = (node: Node, name: string, otherwise: number): number => {
  const value = node.attributes[name];
  return value?.type === "int" ? value.value : otherwise;
};

const STEPS: Readonly<Record<string, Step>> = {
  SequenceConstruct: (node, u) => u.is(node.outputs[0], node.inputs),
  SequenceEmpty: (node, u) => u.is(node.outputs[0], []),
  Identity: passOn,
  Optional: passOn,
  OptionalGetElement: (node, u) => {
    const items = u.list(node.inputs[0]);
    if (items?.length === 1 && u.list(`optional ${node.inputs[0]}`)) return [plain("Identity", items, node.outputs)];
    if (items) return u.is(node.outputs[0], items);
    if (u.made.has(node.inputs[0])) return [plain("Identity", node.inputs, node.outputs)];
    // Since opset 18 a tensor may stand for the optional.
    return u.dims(node.inputs[0]) ? [plain("Identity", node.inputs, node.outputs)] : undefined;
  },
  OptionalHasElement: (node, u) => {
    const full = u.list(node.inputs[0] ?? "") !== undefined || u.made.has(node.inputs[0] ?? "");
    return full ? [plain("Identity", [u.constant((name) => scalar(name, "bool", 1))], node.outputs)] : undefined;
  },
  SequenceInsert: (node, u) => {
    const items = u.list(node.inputs[0]);
    const at = items && u.index(node.inputs[2], items.length, items.length);
    return items && at !== undefined
      ? u.is(node.outputs[0], [...items.slice(0, at), node.inputs[1], ...items.slice(at)])
      : undefined;
  },
  SequenceErase: (node, u) => {
    const items = u.list(node.inputs[0]);
    const at = items && u.index(node.inputs[1], items.length, items.length - 1);
    return items && at !== undefined
      ? u.is(
          node.outputs[0],
          items.filter((_, index) => index !== at),
        )
      : undefined;
  },
  SequenceAt: (node, u) => {
    const items = u.list(node.inputs[0]);
    const at = items && u.index(node.inputs[1], items.length);
    return items && at !== undefined && items[at] !== undefined
      ? [plain("Identity", [items[at]], node.outputs)]
      : undefined;
  },
  SequenceLength: (node, u) => {
    const items = u.list(node.inputs[0]);
    return items && [plain("Identity", [u.constant((name) => scalar(name, "int64", items.length))], node.outputs)];
  },
  ConcatFromSequence: (node, u) => {
    const items = u.list(node.inputs[0]);
    if (!items || items.length === 0) return undefined;
    const stacked = int(node, "new_axis", 0) !== 0;
    const rank = u.dims(node.outputs[0])?.length;
    const given = int(node, "axis", 0);
    if (rank === undefined) return undefined;
    const axis = given < 0 ? given + rank : given;
    const parts: Node[] = [];
    const values = !stacked
      ? items
      : items.map((item) => {
          const row = u.fresh(`${item}.row`);
          parts.push(
            u.opset < 13
              ? plain("Unsqueeze", [item], [row], { axes: { type: "ints", value: [axis] } })
              : plain("Unsqueeze", [item, u.constant((name) => int64List(name, [axis]))], [row]),
          );
          return row;
        });
    return [...parts, plain("Concat", values, node.outputs, { axis: { type: "int", value: axis } })];
  },
  SplitToSequence: (node, u) => {
    const dims = u.dims(node.inputs[0]);
    if (!dims) return undefined;
    const given = int(node, "axis", 0);
    const axis = given < 0 ? given + dims.length : given;
    const sizes = partSizes(node, u, dims[axis]);
    if (!sizes) return undefined;
    const items = sizes.map(() => u.fresh(`${node.outputs[0]}.part`));
    const squeezed = !node.inputs[1] && int(node, "keepdims", 1) === 0;
    const nodes: Node[] = [];
    const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((a, b) => a + b, 0));
    const list = (value: number): string => u.constant((name) => int64List(name, [value]));
    items.forEach((item, index) => {
      if (squeezed)
        nodes.push(
          plain("Gather", [node.inputs[0], u.constant((name) => scalar(name, "int64", index))], [item], {
            axis: { type: "int", value: axis },
          }),
        );
      else
        nodes.push(
          plain("Slice", [node.inputs[0], list(starts[index]), list(starts[index] + sizes[index]), list(axis)], [item]),
        );
    });
    return [...nodes, plain("SequenceConstruct", items, node.outputs)];
  },
  SequenceMap: (node, u) => {
    const body = node.attributes.body;
    const first = u.list(node.inputs[0]);
    if (body?.type !== "graph" || !first) return undefined;
    const inputs = node.inputs.map((input) => u.list(input));
    const nodes: Node[] = [];
    const collected: string[][] = node.outputs.map(() => []);
    first.forEach((_, index) => {
      // An element of each list, and the tensors as they are.
      const { nodes: inner, outputs } = u.body(
        body.value,
        node.inputs.map((input, place) => inputs[place]?.[index] ?? input),
      );
      nodes.push(...inner);
      outputs.forEach((output, place) => collected[place]?.push(output));
    });
    return [...nodes, ...node.outputs.map((output, place) => plain("SequenceConstruct", collected[place], [output]))];
  },
};

/** Identity and Optional pass lists on; an Optional of a tensor is a list of one. */
function passOn(node: Node, u: Unpacker): Node[] | undefined {
  const items = u.list(node.inputs[0] ?? "");
  if (items) {
    if (u.list(`optional ${node.inputs[0]}`)) u.is(`optional ${node.outputs[0]}`, []);
    return u.is(node.outputs[0], items);
  }
  if (node.opType === "Optional" && node.inputs[0] && u.dims(node.inputs[0])) {
    u.is(`optional ${node.outputs[0]}`, []);
    return u.is(node.outputs[0], [node.inputs[0]]);
  }
  return undefined;
}

function partSizes(node: Node, u: Unpacker, size: number): readonly number[] | undefined {
  if (!node.inputs[1]) return Array.from({ length: size }, () => 1);
  const split = u.known(node.inputs[1]);
  if (!split) return undefined;
  if (u.dims(node.inputs[1])?.length !== 0) return split;
  // A single number: parts of that length, the last one shorter.
  return Array.from({ length: Math.ceil(size / split[0]) }, (_, index) => Math.min(split[0], size - index * split[0]));
}
