import { elementCount, isFloat, type Graph, type Node } from "../model/graph.ts";
import { hasSubgraph } from "../model/inner-names.ts";
import { makersOf } from "../model/makers.ts";
import { isSoftsign, isUnderSigmoid, spelledLogSigmoid, spelledSigmoid, type GraphLook } from "./spelled-sigmoid.ts";
import { hasTrait, operatorOf } from "../model/operators.ts";

/** What is explained: a value of the graph whose elements, in order, stand for the output's. */
export interface Score {
  readonly value: string;
  readonly kind: "logit" | "output" | "loss";
  /** The operator that was left out: "Softmax". */
  readonly before?: string;
}

/** How a graph's end turns scores into what it gives out. */
export interface End {
  readonly form: "softmax" | "log-softmax" | "sigmoid" | "log-sigmoid";
  /** The value that goes in, whose elements are the output's in order. */
  readonly logits: string;
  /** As a person would name it: "Softmax", "Exp of LogSoftmax", "HardSigmoid". */
  readonly said: string;
  /** The class axis in the shape of the logits, where one operator says it. */
  readonly axis?: number;
  /** Whether the shape changes between there and the output. */
  readonly reshaped: boolean;
}

/** What is known of a graph's values besides the graph. */
export interface ValueFacts {
  /** A value's shape, where it was run or is declared. */
  readonly dims?: (value: string) => readonly number[] | undefined;
  /** The number that all elements of a constant are, where they are one. */
  readonly number?: (constant: string) => number | undefined;
}

/**
 * The value to explain for an output: where the graph ends in a softmax or a sigmoid, in whatever form, what goes into
 * it.
 */
export function scoreOf(graph: Graph, output: string, kind: "logit" | "output", facts: ValueFacts = {}): Score {
  if (kind === "output") return { value: output, kind };
  const end = endOf(graph, output, facts);
  return end ? { value: end.logits, kind: "logit", before: end.said } : { value: output, kind: "output" };
}

/**
 * The softmax, sigmoid or the like that an output is an element-wise function of: such values are no logits. Undefined
 * where there is none.
 */
export function madeOf(graph: Graph, output: string, facts: ValueFacts = {}): string | undefined {
  const makers = makersOf(graph);
  const look = new Look(graph, facts);
  let value = output;
  for (let node = makers.get(value); node?.domain === ""; node = makers.get(value)) {
    if (hasTrait(node, "squashing")) return node.opType;
    if (isSoftsign(look, value)) return "Softsign";
    if (isUnderSigmoid(look, value)) return "sigmoid";
    const [next, ...others] = node.inputs.filter((input) => makers.has(input));
    if (next === undefined || others.length > 0 || !hasTrait(node, "elementwise", "moves")) return undefined;
    value = next;
  }
  return undefined;
}

/** Whether an output of floats only says which element was the largest or smallest. */
export function isPlaceOfLargest(graph: Graph, output: string): boolean {
  const makers = makersOf(graph);
  let node = makers.get(output);
  while (node && keepsOrder(node)) node = makers.get(node.inputs[0]);
  return node?.domain === "" && (node.opType === "ArgMax" || node.opType === "ArgMin");
}

/**
 * The softmax, log-softmax or sigmoid that an output's elements come from, if one does: a single operator, or spelt out
 * (Exp over its ReduceSum, Exp of a LogSoftmax, 1 / (1 + Exp(−x)) ...). Operators behind it may change the shape and
 * the type, not the elements' order.
 */
export function endOf(graph: Graph, output: string, facts: ValueFacts = {}): End | undefined {
  const look = new Look(graph, facts);
  const { value, reshaped } = look.through(output);
  const end = look.end(value);
  return end && look.canBeExplained(end.logits) ? { ...end, reshaped } : undefined;
}

/**
 * The sigmoid whose scores an output is the mean, the largest or the smallest of: such a value is a score as well.
 * Undefined where it is of anything else.
 */
export function combinedSigmoid(
  graph: Graph,
  output: string,
  facts: ValueFacts = {},
): { readonly by: string; readonly said: string } | undefined {
  const look = new Look(graph, facts);
  const makers = makersOf(graph);
  let { value } = look.through(output);
  let by: string | undefined;
  for (let node = makers.get(value); node && hasTrait(node, "within-range"); node = makers.get(value)) {
    by ??= node.opType;
    ({ value } = look.through(node.inputs[0]));
  }
  const end = by === undefined ? undefined : look.end(value);
  return by !== undefined && end?.form === "sigmoid" ? { by, said: end.said } : undefined;
}

/**
 * Whether only a run can say what a graph ends in: branches and loops at its end, or reductions that may be of one
 * element.
 */
export function endsInRun(graph: Graph, output: string): boolean {
  const node = makersOf(graph).get(new Look(graph, {}).through(output).value);
  return (
    node !== undefined && (hasSubgraph(node) || (hasTrait(node, "keeps-one") && combinedSigmoidOrBranch(graph, node)))
  );
}

/** Whether behind reductions there is an end, or what only a run shows. */
function combinedSigmoidOrBranch(graph: Graph, from: Node): boolean {
  const look = new Look(graph, {});
  const makers = makersOf(graph);
  let { value } = look.through(from.inputs[0]);
  for (let node = makers.get(value); node && hasTrait(node, "keeps-one"); node = makers.get(value))
    ({ value } = look.through(node.inputs[0]));
  const node = makers.get(value);
  return look.end(value) !== undefined || (node !== undefined && hasSubgraph(node));
}

/** Whether an operator keeps the elements and their order. */
function keepsOrder(node: Node): boolean {
  return hasTrait(node, "reshape") || keepsShape(node);
}

/** Whether an operator keeps the elements, their order and their shape; what it clips or rounds counts as kept. */
function keepsShape(node: Node): boolean {
  return hasTrait(node, "pass") || ["Clip", "QuantizeLinear", "DequantizeLinear"].includes(operatorOf(node));
}

/** Operators that give the largest of elements. */
const MAXIMA: ReadonlySet<string> = new Set(["ReduceMax", "TopK", "Max"]);

type Found = Omit<End, "reshaped">;

/** A graph read backwards. */
class Look implements GraphLook {
  private readonly makers: ReadonlyMap<string, Node>;
  private readonly integers: ReadonlySet<string>;

  constructor(
    graph: Graph,
    private readonly facts: ValueFacts,
  ) {
    this.makers = makersOf(graph);
    this.integers = new Set(
      [...graph.valueInfo, ...graph.inputs]
        .filter(({ type }) => type.kind === "tensor" && !isFloat(type.dataType))
        .map(({ name }) => name),
    );
  }

  /** Quantised scores are integers, which nothing is differentiated by. */
  canBeExplained(value: string): boolean {
    return !this.integers.has(value) && this.node(value, "QuantizeLinear") === undefined;
  }

  /** Back over operators that keep the elements and their order. */
  through(value: string, reshaping = true): { value: string; reshaped: boolean } {
    let reshaped = false;
    for (
      let node = this.makers.get(value);
      node?.domain === "" && node.outputs[0] === value;
      node = this.makers.get(value)
    ) {
      if (reshaping && (hasTrait(node, "reshape") || this.isOfOne(node))) reshaped = true;
      else if (!keepsShape(node)) break;
      value = node.inputs[0];
    }
    return { value, reshaped };
  }

  end(value: string): Found | undefined {
    return this.softmax(value) ?? this.logSoftmax(value) ?? this.sigmoid(value) ?? this.logSigmoid(value);
  }

  private softmax(value: string): Found | undefined {
    const plain = this.node(value, "Softmax");
    if (plain) return { form: "softmax", logits: plain.inputs[0], said: "Softmax", ...axisOf(plain) };
    const exp = this.node(value, "Exp");
    if (exp) {
      const log = this.logSoftmax(this.through(exp.inputs[0], false).value);
      return log && { ...log, form: "softmax", said: `Exp of ${log.said}` };
    }
    const quotient = this.quotient(value);
    if (!quotient) return undefined;
    const over = this.through(quotient.over, false).value;
    const sum = this.summed(quotient.under);
    const top = this.node(over, "Exp");
    if (!top || sum === undefined || this.through(sum, false).value !== over) return undefined;
    return { form: "softmax", logits: this.unshifted(top.inputs[0]), said: "Exp over ReduceSum (a softmax)" };
  }

  private logSoftmax(value: string): Found | undefined {
    const plain = this.node(value, "LogSoftmax");
    if (plain) return { form: "log-softmax", logits: plain.inputs[0], said: "LogSoftmax", ...axisOf(plain) };
    const log = this.node(value, "Log");
    if (log) {
      const inner = this.softmax(this.through(log.inputs[0], false).value);
      return inner && { ...inner, form: "log-softmax", said: `Log of ${inner.said}` };
    }
    const minus = this.node(value, "Sub");
    if (!minus) return undefined;
    const [from, total] = minus.inputs;
    const over = this.through(from, false).value;
    if (this.logSummed(total) !== over) return undefined;
    return { form: "log-softmax", logits: this.unshifted(over), said: "x − log Σ exp x (a log-softmax)" };
  }

  /** What `value` is the log-sum-exp of. */
  private logSummed(value: string): string | undefined {
    const behind = this.throughExpand(value);
    const one = this.node(behind, "ReduceLogSumExp");
    if (one) return this.through(one.inputs[0], false).value;
    const log = this.node(behind, "Log");
    const sum = log && this.summed(log.inputs[0]);
    const exp = sum === undefined ? undefined : this.node(this.through(sum, false).value, "Exp");
    return exp && this.through(exp.inputs[0], false).value;
  }

  private sigmoid(value: string): Found | undefined {
    const plain = this.node(value, "Sigmoid") ?? this.node(value, "HardSigmoid");
    if (plain) return { form: "sigmoid", logits: plain.inputs[0], said: plain.opType };
    const spelled = spelledSigmoid(this, value);
    return spelled && { form: "sigmoid", ...spelled };
  }

  /** Whether a reduction has one element to reduce at each place. */
  private isOfOne(node: Node): boolean {
    if (!hasTrait(node, "keeps-one")) return false;
    const [from, to] = [node.inputs[0], node.outputs[0]].map((value) => this.facts.dims?.(value));
    return from !== undefined && to !== undefined && elementCount(from) === elementCount(to);
  }

  isConstant(value: string): boolean {
    return !this.makers.has(value);
  }

  number(value: string): number | undefined {
    return this.facts.number?.(value);
  }

  /** a / b, also as a · (1 / b). */
  private quotient(value: string): { over: string; under: string } | undefined {
    const div = this.node(value, "Div");
    if (div) return { over: div.inputs[0], under: div.inputs[1] };
    const mul = this.node(value, "Mul");
    for (const [over, other] of bothOrders(mul)) {
      const one = this.node(this.throughExpand(other), "Reciprocal");
      if (one) return { over, under: one.inputs[0] };
    }
    return undefined;
  }

  /** What `value` is the sum of along an axis; a small constant may be added. */
  private summed(value: string): string | undefined {
    const behind = this.throughExpand(value);
    const sum = this.node(behind, "ReduceSum") ?? this.node(behind, "ReduceL1");
    if (sum) return sum.inputs[0];
    const add = this.node(behind, "Add");
    const part = add?.inputs.find((input) => this.makers.has(input));
    return part === undefined ? undefined : this.node(this.throughExpand(part), "ReduceSum")?.inputs[0];
  }

  private logSigmoid(value: string): Found | undefined {
    const log = this.node(value, "Log");
    const inner = log && this.sigmoid(this.through(log.inputs[0], false).value);
    if (inner) return { ...inner, form: "log-sigmoid", said: `Log of ${inner.said}` };
    const spelled = spelledLogSigmoid(this, value);
    return spelled && { form: "log-sigmoid", ...spelled };
  }

  /** x of x − max x, also as x + (−max x): a shift for the sake of rounding. */
  private unshifted(value: string): string {
    const inner = this.through(value, false).value;
    const minus = this.node(inner, "Sub");
    if (minus) return this.isMaximumOf(minus.inputs[1], minus.inputs[0]) ? minus.inputs[0] : inner;
    const plus = this.node(inner, "Add");
    for (const [x, other] of bothOrders(plus)) {
      const negative = this.node(this.throughExpand(other), "Neg");
      if (negative && this.isMaximumOf(negative.inputs[0], x)) return x;
    }
    return inner;
  }

  /**
   * Whether a value is made of x's largest elements alone: also held against a constant (Max with −∞), spread along
   * axes, picked by TopK.
   */
  private isMaximumOf(value: string, x: string): boolean {
    const from = this.through(x, false).value;
    let maximal = false;
    for (let at = this.throughExpand(value), steps = 0; steps < 20; steps++) {
      if (maximal && this.through(at, false).value === from) return true;
      const node = this.makers.get(at);
      if (node?.domain !== "" || !MAXIMA.has(node.opType)) return false;
      maximal ||= node.opType !== "Max";
      const next = node.inputs.find((input) => input === from || this.makers.has(input));
      if (next === undefined) return false;
      at = this.through(next, false).value === from ? next : this.throughExpand(next);
    }
    return false;
  }

  /** Back over what only spreads a value along axes. */
  private throughExpand(value: string): string {
    for (
      let node = this.makers.get(value);
      node?.domain === "" && (node.opType === "Expand" || keepsOrder(node));
      node = this.makers.get(value)
    )
      value = node.inputs[0];
    return value;
  }

  node(value: string, opType: string): Node | undefined {
    const node = this.makers.get(value);
    return node?.domain === "" && node.opType === opType && node.outputs[0] === value ? node : undefined;
  }
}

/** The two inputs of a sum or product, either one first. */
function bothOrders(node: Node | undefined): (readonly [string, string])[] {
  if (!node) return [];
  const [a, b] = node.inputs;
  return [
    [a, b],
    [b, a],
  ];
}

function axisOf(node: Node): { axis?: number } {
  const { axis } = node.attributes;
  return axis?.type === "int" ? { axis: axis.value } : {};
}
