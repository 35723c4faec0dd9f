import type { Attribute, Dim, Node } from "../graph.ts";
import { toNumbers } from "../tensor.ts";

/** Elements of a small tensor: numbers, symbols that came from a shape, or null where not known. */
export interface SmallValue {
  readonly dims: readonly number[];
  readonly data: readonly Dim[];
}

/** What is known of values so far, by name. */
export interface Known {
  readonly shapes: Map<string, readonly Dim[]>;
  readonly values: Map<string, SmallValue>;
  readonly opset: number;
}

/** What a rule sees of a node. Whatever is asked for and not known ends the rule. */
export class NodeView {
  constructor(
    private readonly node: Node,
    private readonly known: Known,
  ) {}

  get opset(): number {
    return this.known.opset;
  }

  get outputs(): number {
    return this.node.outputs.length;
  }

  get inputs(): number {
    return this.node.inputs.length;
  }

  has(index: number): boolean {
    return (this.node.inputs[index] ?? "") !== "";
  }

  dims(index: number): readonly Dim[] {
    return this.known.shapes.get(this.name(index)) ?? unknown();
  }

  /** As `dims`, but undefined where it is not known. */
  dimsIfKnown(index: number): readonly Dim[] | undefined {
    return this.known.shapes.get(this.node.inputs[index] ?? "");
  }

  value(index: number): SmallValue {
    return this.known.values.get(this.name(index)) ?? unknown();
  }

  /** A constant input's elements, all of them known numbers. */
  numbers(index: number): number[] {
    return this.value(index).data.map((entry) => (typeof entry === "number" ? entry : unknown()));
  }

  int(name: string, otherwise: number): number {
    const attribute = this.attribute(name);
    return attribute?.type === "int" ? attribute.value : otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.attribute(name);
    return attribute?.type === "ints" ? attribute.value : undefined;
  }

  floats(name: string): readonly number[] | undefined {
    const attribute = this.attribute(name);
    return attribute?.type === "floats" ? attribute.value : undefined;
  }

  /** How many elements a list attribute has; 0 where it is absent. */
  count(name: string): number {
    const attribute = this.attribute(name);
    return attribute?.type === "floats" || attribute?.type === "ints" || attribute?.type === "strings"
      ? attribute.value.length
      : 0;
  }

  string(name: string, otherwise: string): string {
    const attribute = this.attribute(name);
    return attribute?.type === "string" ? attribute.value : otherwise;
  }

  /** The single number in a tensor attribute. */
  tensorNumber(name: string, otherwise: number): number {
    const attribute = this.attribute(name);
    if (attribute?.type !== "tensor") return otherwise;
    const { storage, problem } = attribute.value;
    return storage.kind === "bytes" && problem === undefined ? toNumbers(attribute.value, storage.bytes)[0] : unknown();
  }

  /**
   * Integers that an operator takes as an attribute in older opsets and as an input in newer ones; undefined where
   * absent.
   */
  intsOrInput(name: string, index: number): readonly number[] | undefined {
    return this.ints(name) ?? (this.has(index) ? this.numbers(index) : undefined);
  }

  /** An axis counted from the front; ends the rule where it is outside. */
  axis(axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    return positive >= 0 && positive < rank ? positive : unknown();
  }

  private attribute(name: string): Attribute | undefined {
    const attribute = this.node.attributes[name];
    return attribute?.type === "reference" ? unknown() : attribute;
  }

  private name(index: number): string {
    const name = this.node.inputs[index] ?? "";
    return name === "" ? unknown() : name;
  }
}

/** Thrown where a rule needs what is not known; the rule then says nothing. */
export class NotKnown extends Error {}

const notKnown = new NotKnown("a rule needs an unknown shape or value");

/**
 * Ends a rule. Always the same error: making one with its stack for every unknown shape would take most of the time.
 */
export function unknown(): never {
  throw notKnown;
}
