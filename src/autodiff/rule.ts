import type { DataType, Node } from "../model/graph.ts";
import { NoGradientError } from "../model/errors.ts";
import { nodeLabel } from "../model/graph.ts";
import { NodeReader } from "../model/node-reader.ts";
import type { Builder, Dims } from "./builder.ts";
import { operatorOf } from "../model/operators.ts";

/**
 * How gradients go back through one operator: from the node and the gradients of its outputs to the gradients of its
 * inputs (undefined: none flows, or none is asked for). A rule emits its nodes through `r.g`.
 */
export type Rule = (r: RuleContext) => readonly (string | undefined)[];

/**
 * Rules by operator: "Conv", or "com.microsoft.Gelu" outside ai.onnx. Other tables over the same walk make other
 * methods.
 */
export type RuleTable = Readonly<Record<string, Rule>>;

/** What a table of rules may know of the graph that is walked: all that stands before the backward walk. */
export interface WalkedGraph {
  readonly g: Builder;
  /** The forward nodes, in order. */
  readonly nodes: readonly Node[];
  /** Values that depend on what the model is fed. */
  readonly tainted: ReadonlySet<string>;
  /** The value that the walk starts from. */
  readonly of: string;
  /** The elements of small constants. */
  readonly known: (value: string) => readonly number[] | undefined;
}

/** Rules that make another method of the walk; the name tells sessions apart, so it holds every parameter. */
export interface RuleSet {
  readonly name: string;
  /** A table, or what makes one for a graph. */
  readonly table: RuleTable | ((graph: WalkedGraph) => RuleTable);
  /** The walk starts with the seed times the value that is explained (relevance), not with the seed (a gradient). */
  readonly startsWithValue?: boolean;
}

/** Reverse mode over `nodes` by the rules at work: from gradients by value to those of `wrt`. */
export type Walk = (
  nodes: readonly Node[],
  seeds: ReadonlyMap<string, string>,
  wrt: readonly string[],
) => Map<string, string | undefined>;

/** A rule for an operator that other operators can stand for: see RuleContext.through. */
export function expanding(expand: (r: RuleContext) => readonly (string | undefined)[]): Rule {
  return (r) => r.through(() => expand(r));
}

export class RuleContext extends NodeReader {
  constructor(
    node: Node,
    readonly g: Builder,
    private readonly outputGrads: readonly (string | undefined)[],
    private readonly wanted: readonly boolean[],
    private readonly knownValues: (name: string) => readonly number[] | undefined,
    private readonly walk: Walk,
    private readonly types: (name: string) => DataType | undefined = () => undefined,
  ) {
    super(node);
  }

  /**
   * Gradients by way of other nodes that compute what this one does: `expand` emits them from the node's inputs and
   * gives a value for each output (undefined for one that no gradient comes back to). They are differentiated by the
   * same rules.
   */
  through(expand: () => readonly (string | undefined)[]): (string | undefined)[] {
    const start = this.g.nodes.length;
    const made = expand();
    const seeds = new Map<string, string>();
    made.forEach((value, index) => {
      if (value === undefined || !this.flows(index)) return;
      const sum = seeds.get(value);
      seeds.set(value, sum === undefined ? this.dy(index) : this.g.plus(sum, this.dy(index)));
    });
    const { inputs } = this.node;
    const wanted = inputs.filter((input, index) => this.needs(index) && inputs.indexOf(input) === index);
    const gradients = this.walk(this.g.nodes.slice(start), seeds, wanted);
    // A value that is several inputs gets its whole gradient by the first of them.
    return inputs.map((input, index) =>
      this.needs(index) && inputs.indexOf(input) === index ? gradients.get(input) : undefined,
    );
  }

  /**
   * The same node over other values of the same shapes: rules that compare two runs of a graph look at either by it.
   */
  seen(inputs: readonly string[], outputs: readonly string[] = this.node.outputs): RuleContext {
    return new RuleContext(
      { ...this.node, inputs, outputs },
      this.g,
      this.outputGrads,
      this.wanted,
      this.knownValues,
      this.walk,
      this.types,
    );
  }

  /**
   * The same place in the walk with another node, other gradients of its outputs, other inputs asked for: to ask
   * another rule.
   */
  variant(node: Node, outputGrads: readonly (string | undefined)[], wanted: readonly boolean[]): RuleContext {
    return new RuleContext(node, this.g, outputGrads, wanted, this.knownValues, this.walk, this.types);
  }

  y(index = 0): string {
    return this.node.outputs[index];
  }
  /** The gradient of output `index`; zeros where nothing flows back into it. */
  dy(index = 0): string {
    return this.outputGrads[index] ?? this.g.zeros(this.g.shape(this.y(index)));
  }
  /** Whether anything flows back into output `index`. */
  flows(index: number): boolean {
    return this.outputGrads[index] !== undefined;
  }
  /** Whether the gradient of input `index` is asked for: rules need not emit others. */
  needs(index: number): boolean {
    return this.wanted[index] ?? false;
  }
  dims(index = 0): Dims {
    return this.g.shape(this.x(index));
  }
  outDims(index = 0): Dims {
    return this.g.shape(this.y(index));
  }
  /** The element type of input `index`, where it is known. */
  typeOf(index: number): DataType | undefined {
    return this.g.typeOf(this.x(index)) ?? this.types(this.x(index));
  }
  typeOfOutput(index: number): DataType | undefined {
    return this.g.typeOf(this.y(index)) ?? this.types(this.y(index));
  }
  /**
   * The elements of an input that the graph was specialised on: integers and conditions, and the floats that shape an
   * operator.
   */
  known(index: number): readonly number[] | undefined {
    return this.has(index) ? this.knownValues(this.x(index)) : undefined;
  }

  /** An axis attribute, counted from the front. */
  axis(name: string, fallback: number, rank = this.dims().length): number {
    const axis = this.int(name, fallback);
    return axis < 0 ? axis + rank : axis;
  }
  /** Refuses: this use of the operator has no gradient here, and why. */
  refuse(reason: string): NoGradientError {
    return new NoGradientError(operatorOf(this.node), nodeLabel(this.node), reason);
  }
}
