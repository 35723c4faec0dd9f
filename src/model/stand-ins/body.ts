import type { Attribute, DataType, Node, TensorRef } from "../graph.ts";
import { nodeLabel } from "../graph.ts";
import { NodeReader } from "../node-reader.ts";
import { tensorFromArray } from "../tensor.ts";

/** What is known of the graph around a node that is replaced. */
export interface Surroundings {
  /** The version of ai.onnx. */
  readonly opset: number;
  readonly types: ReadonlyMap<string, DataType>;
  /** Shapes that are known before the model runs, and of constants. */
  readonly dims: (value: string) => readonly (number | string | null)[] | undefined;
  readonly fresh: (hint: string) => string;
  readonly constants: TensorRef[];
}

/** Attribute values as one writes them: numbers are integers, lists of numbers lists of integers. */
export type Value = number | string | readonly number[] | Attribute;

/** Nodes that do what `node` does, as they are written down. */
export class Body extends NodeReader {
  readonly nodes: Node[] = [];
  private readonly label: string;

  constructor(
    node: Node,
    readonly around: Surroundings,
  ) {
    super(node);
    this.label = nodeLabel(node);
  }

  /** Adds a node of one output; its name. */
  op(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, Value>> = {}, domain = ""): string {
    return this.ops(opType, inputs, 1, attributes, domain)[0];
  }

  ops(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Value>> = {},
    domain = "",
  ): string[] {
    const outputs = Array.from({ length: count }, () => this.around.fresh(`${this.label}.${opType}`));
    this.nodes.push({
      name: outputs[0],
      opType,
      domain,
      inputs: trimmed(inputs),
      outputs,
      attributes: typed(attributes),
    });
    return outputs;
  }

  /** The last node: it has the replaced one's name and outputs. */
  last(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, Value>> = {}, domain = ""): void {
    this.nodes.push({
      ...this.node,
      opType,
      domain,
      inputs: trimmed(inputs),
      outputs: this.node.outputs.slice(0, 1),
      attributes: typed(attributes),
    });
  }

  /** Gives a value made before the name of output `index`, where the node has that one. */
  gives(index: number, value: string): void {
    const output = this.node.outputs[index];
    if (output)
      this.nodes.push({
        name: index === 0 ? this.node.name : "",
        opType: "Identity",
        domain: "",
        inputs: [value],
        outputs: [output],
        attributes: {},
      });
  }

  dims(index: number): ReturnType<Surroundings["dims"]> {
    return this.has(index) ? this.around.dims(this.x(index)) : undefined;
  }
  typeOf(index: number): DataType {
    return this.around.types.get(this.x(index)) ?? "float32";
  }
  /** The node's attributes but for some. */
  without(...names: readonly string[]): Record<string, Attribute> {
    return Object.fromEntries(Object.entries(this.node.attributes).filter(([name]) => !names.includes(name)));
  }

  ints(...values: readonly number[]): string {
    return this.constant("int64", [values.length], values);
  }
  int32(value: number): string {
    return this.constant("int32", [], [value]);
  }
  /** A constant of the type of input `like`. */
  floats(values: readonly number[], dims: readonly number[], like = 0): string {
    return this.constant(this.typeOf(like), dims, values);
  }
  private constant(type: DataType, dims: readonly number[], values: readonly number[]): string {
    const name = this.around.fresh(`${this.label}.constant`);
    this.around.constants.push(tensorFromArray(name, type, dims, values));
    return name;
  }

  /** Channels last to channels first, and back. */
  channelsFirst(value: string, rank = 4): string {
    return this.op("Transpose", [value], {
      perm: [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)],
    });
  }
  channelsLast(rank = 4): readonly number[] {
    return [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1];
  }

  /** [start, end) along an axis. */
  slice(value: string, axis: number, start: string, end: string): string {
    return this.op("Slice", [value, start, end, this.ints(axis)]);
  }

  /** x·sigmoid(x) */
  silu(value: string): string {
    return this.op("Mul", [value, this.op("Sigmoid", [value])]);
  }

  /** Adds a fused activation to `value` as the last node. */
  activated(value: string, parameters: readonly number[] = this.floatList("activation_params") ?? []): void {
    const name = this.string("activation", "");
    const [first, second] = parameters;
    const number = (value: number | undefined, otherwise: number): Attribute => ({
      type: "float",
      value: value ?? otherwise,
    });
    switch (name) {
      case "":
        return this.gives(0, value);
      case "LeakyRelu":
        return this.last(name, [value], { alpha: number(first, 0.01) });
      case "Elu":
      case "ThresholdedRelu":
        return this.last(name, [value], { alpha: number(first, 1) });
      case "HardSigmoid":
        return this.last(name, [value], { alpha: number(first, 0.2), beta: number(second, 0.5) });
      case "Clip":
        return this.around.opset >= 11
          ? this.last(name, [value, this.floats([first ?? -Infinity], []), this.floats([second ?? Infinity], [])])
          : this.last(name, [value], { min: number(first, -3.4e38), max: number(second, 3.4e38) });
      default:
        return this.last(name, [value]);
    }
  }
}

function trimmed(inputs: readonly string[]): readonly string[] {
  return inputs.slice(0, inputs.findLastIndex((input) => input !== "") + 1);
}

function typed(attributes: Readonly<Record<string, Value>>): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]): [string, Attribute] => {
      if (typeof value === "number") return [name, { type: "int", value }];
      if (typeof value === "string") return [name, { type: "string", value }];
      return [name, Array.isArray(value) ? { type: "ints", value: value as readonly number[] } : (value as Attribute)];
    }),
  );
}
