import { elementCount, isFloat, type DataType, type Node } from "../model/graph.ts";
import { NoGradientError } from "../model/errors.ts";
import { nodeLabel } from "../model/graph.ts";
import type { Builder } from "./builder.ts";
import { carryingIntegers } from "./quantised.ts";
import { RuleContext, type RuleTable } from "./rule.ts";
import { operatorOf } from "../model/operators.ts";

export interface DifferentiateOptions {
  /** Value whose gradient starts the walk. */
  readonly of: string;
  /** The value that holds ∂score/∂of, of the same shape. */
  readonly seed: string;
  /** Values whose gradients are asked for. */
  readonly wrt: readonly string[];
  readonly rules: RuleTable;
  readonly types: (value: string) => DataType | undefined;
  /** The elements of small values that the graph was specialised on. */
  readonly known: (value: string) => readonly number[] | undefined;
  /** Told of nodes before their rules are asked: the graph's, and those that other nodes are expanded to. */
  readonly meet?: (nodes: readonly Node[]) => void;
}

/**
 * Reverse mode over a straight line of nodes: appends to `g` what computes the gradients, and gives for each value of
 * `wrt` the name of its gradient, or undefined where the score does not depend on it. Only nodes between `wrt` and `of`
 * are visited.
 */
export function differentiate(
  g: Builder,
  nodes: readonly Node[],
  options: DifferentiateOptions,
): Map<string, string | undefined> {
  return walk(g, nodes, new Map([[options.of, options.seed]]), options.wrt, options);
}

function walk(
  g: Builder,
  nodes: readonly Node[],
  seeds: ReadonlyMap<string, string>,
  wrt: readonly string[],
  options: WalkOptions,
): Map<string, string | undefined> {
  const { rules, types, known } = options;
  options.meet?.(nodes);
  const typeOf = (value: string): DataType => g.typeOf(value) ?? types(value) ?? "float32";
  const carriers = options.carriers ?? carryingIntegers(nodes, (value) => isFloat(typeOf(value)));
  const flows = (value: string): boolean => value !== "" && (isFloat(typeOf(value)) || carriers.has(value));
  const dependent = reachedFrom(wrt, nodes, flows);
  if (![...seeds.keys()].some((value) => dependent.has(value))) return new Map(wrt.map((value) => [value, undefined]));

  const gradients = new Map<string, string>(seeds);
  const accumulate = (value: string, gradient: string): void => {
    const sum = gradients.get(value);
    gradients.set(value, sum === undefined ? gradient : g.plus(sum, gradient));
  };
  const inner = { ...options, carriers };
  // What comes of a value without elements (a pyramid level without regions) adds zero to what it was made from: rules
  // need not know how.
  const empty: Node[] = [];
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    const outputGrads = node.outputs.map((output) => (output === "" ? undefined : gradients.get(output)));
    if (outputGrads.every((gradient) => gradient === undefined)) continue;
    const wanted = node.inputs.map((input) => dependent.has(input) && flows(input));
    if (!wanted.some(Boolean) && !captured(node).some((value) => dependent.has(value) && flows(value))) continue;
    if (outputGrads.every((gradient) => gradient === undefined || elementCount(g.shape(gradient)) === 0)) {
      empty.push(node);
      continue;
    }
    const operator = operatorOf(node);
    const rule = Object.hasOwn(rules, operator) ? rules[operator] : undefined;
    if (!rule) throw new NoGradientError(operator, nodeLabel(node));
    const context = new RuleContext(
      node,
      g,
      outputGrads,
      wanted,
      (value) => g.known(value) ?? known(value),
      (expanded, grads, sources) => walk(g, expanded, grads, sources, inner),
      types,
    );
    rule(context).forEach((gradient, input) => {
      if (gradient !== undefined && wanted[input]) accumulate(node.inputs[input], gradient);
    });
  }
  const emptied = (value: string): boolean => {
    const after = reachedFrom([value], nodes, flows);
    return empty.some((node) => [...node.inputs, ...captured(node)].some((input) => after.has(input)));
  };
  return new Map(
    wrt.map((value) => [
      value,
      gradients.get(value) ?? (empty.length > 0 && emptied(value) ? g.zeros(g.shape(value)) : undefined),
    ]),
  );
}

type WalkOptions = Pick<DifferentiateOptions, "rules" | "types" | "known" | "meet"> & {
  readonly carriers?: ReadonlySet<string>;
};

/** All values that depend on one of `sources` through values that gradients can flow through. */
export function reachedFrom(
  sources: readonly string[],
  nodes: readonly Node[],
  flows: (value: string) => boolean,
): Set<string> {
  const reached = new Set(sources);
  for (const node of nodes) {
    if ([...node.inputs, ...captured(node)].some((input) => reached.has(input) && flows(input))) {
      for (const output of node.outputs) if (flows(output)) reached.add(output);
    }
  }
  return reached;
}

/** Values that a node's subgraphs name: those of the graph around it among them are inputs as well. */
export function captured(node: Node): readonly string[] {
  const names: string[] = [];
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.type !== "graph") continue;
    names.push(
      ...attribute.value.nodes.flatMap((inner) => [...inner.inputs, ...captured(inner)]),
      ...attribute.value.outputs.map(({ name }) => name),
    );
  }
  return names;
}

/** The nodes that `values` depend on, in order. */
export function neededFor(values: readonly string[], nodes: readonly Node[]): Node[] {
  const needed = new Set(values);
  const kept: Node[] = [];
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of [...node.inputs, ...captured(node)]) if (input !== "") needed.add(input);
    kept.push(node);
  }
  return kept.reverse();
}
