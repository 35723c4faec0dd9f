import type { DataType, Node } from "../../../model/graph.ts";
import { NoGradientError } from "../../../model/errors.ts";
import { nodeLabel } from "../../../model/graph.ts";
import type { Builder } from "../../builder.ts";
import { captured } from "../../differentiate.ts";
import type { Rule, RuleTable } from "../../rule.ts";

/** Rules that compare what a graph computes with what it computes for a baseline. */
export interface ComparingRules {
  /** Tells sessions apart. */
  readonly name: string;
  readonly table: (reference: Reference) => RuleTable;
}

/**
 * A second run of a graph inside it: every value that depends on an input with a baseline has a twin, the same value
 * for the baseline. Weights and all else are shared, so a model with a fixed batch of one can be compared with itself.
 */
export class Reference {
  private readonly twins = new Map<string, string>();
  private readonly differences = new Map<string, string>();
  private readonly means = new Map<string, string>();
  private met = 0;
  /**
   * How often each operator multiplied values that both depend on the input, and how often one kept its plain gradient.
   */
  readonly products = new Map<string, number>();
  readonly kept = new Map<string, number>();
  /** Whether the Softmax that is explained had Captum's rule. */
  explainedSoftmax = false;

  /** `explained`: the value that the walk starts from. */
  constructor(
    private readonly g: Builder,
    readonly explained: string,
    private readonly types: (value: string) => DataType | undefined,
  ) {}

  /** Declares the twin of an input: a new input of the graph, in its shape. */
  addInput(name: string): string {
    const twin = this.g.fresh("baseline");
    this.g.declare(twin, this.g.shape(name));
    this.twins.set(name, twin);
    return twin;
  }

  /** Adds the twins of nodes that depend on a value with one. */
  readonly meet = (nodes: readonly Node[]): void => {
    this.met++;
    for (const node of nodes)
      if ([...node.inputs, ...captured(node)].some((input) => this.twins.has(input))) this.addTwin(node);
  };

  private addTwin(node: Node): void {
    if (captured(node).some((value) => this.twins.has(value)))
      throw new NoGradientError(node.opType, nodeLabel(node), "its body cannot be compared with a run on the baseline");
    const outputs = node.outputs.map((output) => {
      if (output === "" || !this.g.has(output)) return "";
      const twin = this.g.fresh("reference");
      this.g.declare(twin, this.g.shape(output));
      const type = this.g.typeOf(output) ?? this.types(output);
      if (type !== undefined && type !== "float32") this.g.declareType(twin, type);
      this.twins.set(output, twin);
      return twin;
    });
    this.g.add({ ...node, name: "", inputs: node.inputs.map((input) => this.of(input)), outputs });
  }

  /** The value for the baseline: the value itself where it does not depend on the input. */
  of(value: string): string {
    return this.twins.get(value) ?? value;
  }
  differs(value: string): boolean {
    return this.twins.has(value);
  }
  /** x − x′ */
  difference(value: string): string {
    return this.once(this.differences, value, () => this.g.minus(value, this.of(value)));
  }
  /** (x + x′)/2 */
  mean(value: string): string {
    return this.differs(value)
      ? this.once(this.means, value, () => this.g.scale(this.g.plus(value, this.of(value)), 0.5))
      : value;
  }

  private once(made: Map<string, string>, value: string, make: () => string): string {
    const known = made.get(value) ?? make();
    made.set(value, known);
    return known;
  }

  /** A rule that is not exact for differences: counted, unless it went through other nodes, whose rules were asked. */
  keeping(operator: string, rule: Rule): Rule {
    return (r) => {
      const before = this.met;
      const gradients = rule(r);
      if (this.met === before) count(this.kept, operator);
      return gradients;
    };
  }

  countProduct(operator: string): void {
    count(this.products, operator);
  }
}

function count(counts: Map<string, number>, operator: string): void {
  counts.set(operator, (counts.get(operator) ?? 0) + 1);
}
