import { isFloat, nodeLabel, type Graph, type Node } from "../model/graph.ts";
import { inferTypes, type ValueTypes } from "../model/types.ts";
import { hasTrait, operatorOf } from "../model/operators.ts";

/** Where a model makes floats of an integer input: attributions are about these. */
export interface Lookup {
  /** The model's input of integers: token, category or pixel numbers. */
  readonly input: string;
  /** The float value: looked up vectors, one-hot vectors, or the numbers themselves as floats. */
  readonly value: string;
  /** The value that holds the numbers which are looked up. */
  readonly index: string;
  /**
   * Each number's floats: a row of a table, a vector that is 1 at the number (along `axis`), or the number as it is.
   */
  readonly kind: "table" | "one-hot" | "number";
  /**
   * Of a table the axis of `value` at which the index's axes begin; of one-hot vectors the axis of the classes, −1 the
   * last.
   */
  readonly axis: number;
  /** The table's name: the same one for all of a text's tokens, and others for categories. */
  readonly table?: string;
  /** Whether only a part of the input's integers is looked up here (single columns), or in another order. */
  readonly selects: boolean;
}

/** A value whose elements are the input's integers, moved about or changed by constants (an offset, a limit). */
interface Carried {
  readonly input: string;
  readonly selects: boolean;
}

/** All look-ups of the given integer inputs, in the graph's order. */
export function findLookups(graph: Graph, inputs: readonly string[]): Lookup[] {
  return new Search(graph, inputs).lookups;
}

/**
 * The operators that take an integer input's numbers as what they are, such as "/Equal (Equal)": why there is no
 * look-up.
 */
export function takersOf(graph: Graph, input: string): string[] {
  return [...new Set(new Search(graph, [input]).takers)];
}

/**
 * For each node that hands the input's integers on, changed by constants: the operand that holds them. Nodes that only
 * move them are left out.
 */
export function changersOf(graph: Graph, input: string): ReadonlyMap<Node, string> {
  return new Search(graph, [input]).changers;
}

class Search {
  readonly lookups: Lookup[] = [];
  readonly takers: string[] = [];
  readonly changers = new Map<Node, string>();
  private readonly types: ValueTypes;
  private readonly constants: Set<string>;
  /** Constants whose last axis is longer than one, as far as it is known. */
  private readonly lists = new Set<string>();
  private readonly from = new Map<string, Carried>();
  private readonly consumers = new Map<string, Node[]>();

  constructor(graph: Graph, inputs: readonly string[]) {
    this.types = inferTypes(graph);
    this.constants = new Set(graph.initializers.map(({ name }) => name));
    for (const { name, dims } of graph.initializers) if ((dims[dims.length - 1] ?? 1) > 1) this.lists.add(name);
    for (const name of inputs) this.from.set(name, { input: name, selects: false });
    for (const node of graph.nodes)
      for (const input of new Set(node.inputs))
        if (input !== "") this.consumers.set(input, [...(this.consumers.get(input) ?? []), node]);
    for (const node of graph.nodes) this.visit(node);
  }

  private visit(node: Node): void {
    const given = node.inputs.filter((input) => input !== "");
    if (
      given.every((input) => this.constants.has(input)) &&
      !hasTrait(node, "random") &&
      node.opType !== "Dropout" &&
      !Object.values(node.attributes).some(({ type }) => type === "graph" || type === "graphs")
    ) {
      for (const output of node.outputs) this.constants.add(output);
      if (node.opType === "Range" || given.some((input) => this.lists.has(input)))
        for (const output of node.outputs) this.lists.add(output);
      return;
    }
    if (!given.some((input) => this.from.has(input))) return;
    const operator = operatorOf(node);
    const rule = Object.hasOwn(this.rules, operator) ? this.rules[operator] : undefined;
    if (rule?.(node) === true || this.carry(node)) return;
    this.takers.push(`${nodeLabel(node)} (${node.opType})`);
  }

  /** What looks up; true where the node is dealt with. */
  private readonly rules: Readonly<Record<string, (node: Node) => boolean>> = {
    Gather: (node) => this.table(node, node.inputs[0], node.inputs[1], int(node, "axis", 0)),
    "com.microsoft.GatherBlockQuantized": (node) =>
      this.table(node, node.inputs[0], node.inputs[1], int(node, "gather_axis", 0)),
    OneHot: (node) =>
      this.constants.has(node.inputs[1]) &&
      this.constants.has(node.inputs[2]) &&
      this.oneHot(node, node.inputs[0], int(node, "axis", -1)),
    // A vector that is 1 at the number, by comparison with all numbers there are: [..., 1] with [V].
    Equal: (node) => {
      const [index, all] = this.from.has(node.inputs[0]) ? node.inputs : [node.inputs[1], node.inputs[0]];
      return this.lists.has(all) && this.oneHot(node, index, -1);
    },
    "ai.onnx.ml.OneHotEncoder": (node) => this.oneHot(node, node.inputs[0], -1),
    ScatterElements: (node) =>
      this.constants.has(node.inputs[0]) &&
      this.constants.has(node.inputs[2]) &&
      this.oneHot(node, node.inputs[1], int(node, "axis", 0)),
    Cast: (node) => this.number(node),
    DequantizeLinear: (node) => this.number(node),
    ConvInteger: (node) => this.takesPixels(node),
    MatMulInteger: (node) => this.takesPixels(node),
    QLinearConv: (node) => this.takesPixels(node),
    QLinearMatMul: (node) => this.takesPixels(node),
  };

  private table(node: Node, table: string, index: string, axis: number): boolean {
    const carried = this.from.get(index);
    if (!carried || !this.constants.has(table)) return false;
    const [output] = node.outputs;
    const float = this.asFloats(output);
    if (float !== undefined) return this.found({ ...carried, value: float, index, kind: "table", table, axis });
    // Numbers for other numbers: a table of whole ones, whose elements are looked up in another.
    this.from.set(output, carried);
    this.changers.set(node, index);
    return true;
  }

  private oneHot(node: Node, index: string, axis: number): boolean {
    const carried = this.from.get(index);
    const float = carried && this.asFloats(node.outputs[0]);
    if (!carried || float === undefined) return false;
    const value = axis === -1 ? this.timesTable(float) : float;
    return this.found({ ...carried, value, index, kind: "one-hot", axis });
  }

  /** Integers as floats that meet weights next: pixels, numeric columns. A mask or a length meets none. */
  private number(node: Node): boolean {
    const [value] = node.outputs;
    const [index] = node.inputs;
    const carried = this.from.get(index);
    if (!carried || !this.isFloat(value) || this.isFloat(index) || !this.meetsWeights(value)) return false;
    return this.found({ ...carried, value, index, kind: "number", axis: 0 });
  }

  /** Integer weights on integer pixels: nothing to cut at, but said by name. */
  private takesPixels(node: Node): boolean {
    this.takers.push(`${nodeLabel(node)} (${node.opType})`);
    return true;
  }

  private found(lookup: Lookup): true {
    if (!this.lookups.some(({ value }) => value === lookup.value)) this.lookups.push(lookup);
    return true;
  }

  /**
   * Marks what a node makes as the input's integers, moved, picked or changed by constants; false where it does
   * something else.
   */
  private carry(node: Node): boolean {
    if (node.domain !== "") return false;
    const { opType, inputs } = node;
    const branches =
      opType === "Where"
        ? inputs.slice(1)
        : changes(node) || opType === "Concat"
          ? inputs
          : hasTrait(node, "moves")
            ? inputs.slice(0, 1)
            : [];
    const carriers = branches.filter((input) => this.from.has(input));
    const carried = carriers.map((input) => this.from.get(input)!);
    const others = branches.filter((input) => input !== "" && !this.from.has(input));
    if (
      carried.length === 0 ||
      carried.some(({ input }) => input !== carried[0].input) ||
      !others.every((input) => this.constants.has(input))
    )
      return false;
    const selects = hasTrait(node, "reorders") || carried.some((one) => one.selects);
    for (const output of node.outputs) if (output !== "") this.from.set(output, { input: carried[0].input, selects });
    if (opType === "Where" || (changes(node) && !hasTrait(node, "pass"))) this.changers.set(node, carriers[0]);
    return true;
  }

  private isFloat(value: string): boolean {
    return isFloat(this.types.get(value) ?? "undefined");
  }

  /**
   * The floats that a look-up's result becomes: itself, or what dequantises it. Undefined where it stays of integers.
   */
  private asFloats(value: string): string | undefined {
    if (this.isFloat(value)) return value;
    for (const node of this.consumers.get(value) ?? []) {
      const [output] = node.outputs;
      if (
        node.inputs[0] !== value ||
        !(node.opType === "DequantizeLinear" || (node.opType === "Cast" && this.isFloat(output)))
      )
        continue;
      return node.opType === "Cast" ? this.scaled(output) : output;
    }
    return undefined;
  }

  /**
   * Dequantised by hand: the only thing that is done with it is to take a zero point away and to multiply by a scale.
   */
  private scaled(value: string): string {
    for (;;) {
      const following = this.consumers.get(value) ?? [];
      const [only] = following;
      if (
        following.length !== 1 ||
        !["Sub", "Mul", "Div"].includes(only.opType) ||
        !only.inputs.every((input) => input === value || this.constants.has(input))
      )
        return value;
      [value] = only.outputs;
    }
  }

  /** One-hot vectors times a table are the table's rows: the vectors of a look-up. */
  private timesTable(value: string): string {
    const following = this.consumers.get(value) ?? [];
    const [only] = following;
    if (following.length !== 1) return value;
    if (only.opType === "MatMul" && only.inputs[0] === value && this.constants.has(only.inputs[1]))
      return only.outputs[0];
    return only.opType === "Identity" || (only.opType === "Cast" && this.isFloat(only.outputs[0]))
      ? this.timesTable(only.outputs[0])
      : value;
  }

  /** Whether a value meets weights before anything else that depends on the input: then it is data, and no mask. */
  private meetsWeights(value: string, depth = 0): boolean {
    if (depth > 40) return false;
    return (this.consumers.get(value) ?? []).some((node) => {
      const at = node.inputs.indexOf(value);
      if (node.domain === "ai.onnx.ml") return true;
      if (hasTrait(node, "convolution", "dense", "recurrent", "normalization"))
        return at === 0 || (node.opType === "MatMul" && this.constants.has(node.inputs[0]));
      const others = node.inputs.filter((input) => input !== "" && input !== value);
      const passes = handsOn(node)
        ? at === 0 || node.opType === "Concat"
        : hasTrait(node, "elementwise") && others.every((input) => this.constants.has(input));
      return passes && node.outputs.some((output) => output !== "" && this.meetsWeights(output, depth + 1));
    });
  }
}

/** Whether an operator hands numbers on as they are, means of them, or quantised. */
function handsOn(node: Node): boolean {
  return (
    hasTrait(node, "moves", "pass", "pool") || ["Resize", "Upsample", "DynamicQuantizeLinear"].includes(node.opType)
  );
}

/** Whether an operator changes numbers one by one: by constants, what is looked up is still the input's. */
function changes(node: Node): boolean {
  return hasTrait(node, "elementwise") && !hasTrait(node, "quantised");
}

function int({ attributes }: Node, name: string, fallback: number): number {
  const attribute = attributes[name];
  return attribute?.type === "int" ? attribute.value : fallback;
}
