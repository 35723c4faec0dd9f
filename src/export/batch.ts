import { isDeepStrictEqual } from "node:util";
import type { Attribute, Graph, Node, TensorRef } from "../model/graph.ts";
import { decodeTensor, tensorFromArray } from "../model/tensor.ts";
import { dynamicConstant, type BatchSizes } from "./dynamic-constant.ts";

/** Nodes and constants of a graph that was specialised to a batch size. */
export interface Part {
  readonly nodes: readonly Node[];
  readonly initializers: readonly TensorRef[];
}

export interface TwoParts {
  readonly first: Part;
  readonly second: Part;
  readonly sizes: BatchSizes;
  /** An input whose first axis is the batch: its size is read as the graph runs. */
  readonly batchOf: string;
  bytesOf(tensor: TensorRef): Uint8Array;
}

/**
 * One graph for any batch size from the same graph specialised to two of them: where their constants differ, they
 * follow from the batch size as the graph runs. A sentence that says why where the two differ in more than that.
 */
export function generalise(parts: TwoParts): Part | string {
  try {
    return new Generalisation(parts).run();
  } catch (error) {
    if (error instanceof Differs) return error.message;
    throw error;
  }
}

class Differs extends Error {}

class Generalisation {
  private readonly constants: readonly [Map<string, TensorRef>, Map<string, TensorRef>];
  /** Values of the second graph by what the first calls them. */
  private readonly same = new Map<string, string>();
  private readonly made = new Map<string, string>();
  private readonly kept = new Map<string, TensorRef>();
  private readonly front: Node[] = [];
  private size: string | undefined;
  private count = 0;

  constructor(private readonly parts: TwoParts) {
    const byName = ({ initializers }: Part): Map<string, TensorRef> =>
      new Map(initializers.map((tensor) => [tensor.name, tensor]));
    this.constants = [byName(parts.first), byName(parts.second)];
  }

  run(): Part {
    const nodes = this.pair(this.parts.first.nodes, this.parts.second.nodes);
    return { nodes: [...this.front, ...nodes], initializers: [...this.kept.values()] };
  }

  private pair(first: readonly Node[], second: readonly Node[]): Node[] {
    if (first.length !== second.length)
      throw new Differs(
        `it needs ${first.length} operators for a batch of ${this.parts.sizes[0]} and ${second.length} for one of ${this.parts.sizes[1]}`,
      );
    return first.map((node, index) => this.node(node, second[index]));
  }

  private node(a: Node, b: Node): Node {
    const label = `${a.opType}${a.name === "" ? "" : ` "${a.name}"`}`;
    if (
      a.opType !== b.opType ||
      a.domain !== b.domain ||
      a.inputs.length !== b.inputs.length ||
      a.outputs.length !== b.outputs.length
    ) {
      throw new Differs(`its operators change with the batch: ${label} becomes ${b.opType}`);
    }
    const inputs = a.inputs.map((input, index) => this.value(input, b.inputs[index], label));
    const attributes = this.attributes(a, b, label);
    a.outputs.forEach((output, index) => this.same.set(b.outputs[index], output));
    return { ...a, inputs, attributes };
  }

  private attributes(a: Node, b: Node, label: string): Node["attributes"] {
    const names = Object.keys(a.attributes);
    if (names.length !== Object.keys(b.attributes).length)
      throw new Differs(`attributes of ${label} change with the batch`);
    return Object.fromEntries(
      names.map((name): [string, Attribute] => {
        const [one, other] = [a.attributes[name], b.attributes[name]];
        if (one.type === "graph" && other?.type === "graph")
          return [name, { type: "graph", value: this.graph(one.value, other.value) }];
        if (!isDeepStrictEqual(one, other)) throw new Differs(`"${name}" of ${label} changes with the batch`);
        return [name, one];
      }),
    );
  }

  private graph(a: Graph, b: Graph): Graph {
    if (a.initializers.length > 0 || b.initializers.length > 0 || a.inputs.length !== b.inputs.length)
      throw new Differs("a subgraph changes with the batch");
    a.inputs.forEach(({ name }, index) => this.same.set(b.inputs[index].name, name));
    const nodes = this.pair(a.nodes, b.nodes);
    return {
      ...a,
      nodes,
      outputs: a.outputs.map((output, index) => ({
        ...output,
        name: this.value(output.name, b.outputs[index].name, "a subgraph"),
      })),
    };
  }

  private value(a: string, b: string, user: string): string {
    const [one, other] = [this.constants[0].get(a), this.constants[1].get(b)];
    if (!one && !other) {
      if (a !== (this.same.get(b) ?? b)) throw new Differs(`the operands of ${user} change with the batch`);
      return a;
    }
    if (!one || !other) throw new Differs(`the operands of ${user} change with the batch`);
    if (sameTensor(one, other, this.parts.bytesOf)) return this.keep(one);
    // One constant of the first may stand for several of the second, where their numbers happen to be the same.
    const key = JSON.stringify([a, b]);
    let made = this.made.get(key);
    if (made === undefined) {
      made = this.dynamic(one, other, `${a}.batch${this.made.size}`, user);
      this.made.set(key, made);
    }
    return made;
  }

  private keep(tensor: TensorRef): string {
    this.kept.set(tensor.name, tensor);
    return tensor.name;
  }

  private dynamic(one: TensorRef, other: TensorRef, name: string, user: string): string {
    const decoded = [one, other].map((tensor) => decodeTensor(tensor, this.parts.bytesOf(tensor)));
    const formula = dynamicConstant(decoded[0], decoded[1], this.parts.sizes);
    if (!formula)
      throw new Differs(
        `a constant of ${user} changes with the batch in an unknown way (${one.dataType} [${one.dims.join(", ")}], [${other.dims.join(", ")}])`,
      );
    return formula({
      name,
      batch: this.batchSize(),
      ints: (values, dims) => this.keep(tensorFromArray(this.fresh(name), "int64", dims, values)),
      tensor: (dataType, dims, data) => this.keep(tensorFromArray(this.fresh(name), dataType, dims, data)),
      node: (opType, inputs, attributes = {}) => this.emit(opType, inputs, attributes, this.fresh(name)),
    });
  }

  /** The batch size, int64 [1], read from the input. */
  private batchSize(): string {
    this.size ??= this.emit(
      "Shape",
      [this.parts.batchOf],
      { start: { type: "int", value: 0 }, end: { type: "int", value: 1 } },
      "loupe.batch.size",
    );
    return this.size;
  }

  private fresh(name: string): string {
    return `${name}.${this.count++}`;
  }

  private emit(opType: string, inputs: readonly string[], attributes: Node["attributes"], output: string): string {
    this.front.push({ name: "", opType, domain: "", inputs, outputs: [output], attributes });
    return output;
  }
}

function sameTensor(a: TensorRef, b: TensorRef, bytesOf: TwoParts["bytesOf"]): boolean {
  if (a === b || (a.storage === b.storage && a.dataType === b.dataType)) return isDeepStrictEqual(a.dims, b.dims);
  if (a.dataType !== b.dataType || !isDeepStrictEqual(a.dims, b.dims)) return false;
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}
