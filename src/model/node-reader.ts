import type { Node } from "./graph.ts";

/** A node's inputs and attributes as one asks for them; what an attribute of another type holds counts as not given. */
export class NodeReader {
  constructor(readonly node: Node) {}

  /** Input `index`'s name; "" where it is omitted. */
  x(index = 0): string {
    return this.node.inputs[index] ?? "";
  }
  has(index: number): boolean {
    return this.x(index) !== "";
  }

  int(name: string, fallback: number): number {
    return this.attribute(name, "int") ?? fallback;
  }
  float(name: string, fallback: number): number {
    return this.attribute(name, "float") ?? fallback;
  }
  string(name: string, fallback: string): string {
    return this.attribute(name, "string") ?? fallback;
  }
  intList(name: string): readonly number[] | undefined {
    return this.attribute(name, "ints");
  }
  floatList(name: string): readonly number[] | undefined {
    return this.attribute(name, "floats");
  }
  stringList(name: string): readonly string[] | undefined {
    return this.attribute(name, "strings");
  }

  private attribute<T extends keyof Values>(name: string, type: T): Values[T] | undefined {
    const given: { readonly type: string; readonly value?: unknown } | undefined = this.node.attributes[name];
    return given?.type === type ? (given.value as Values[T]) : undefined;
  }
}

/** What attributes of each type hold. */
interface Values {
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
}
