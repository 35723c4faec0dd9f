import type { Node } from "./graph.ts";
import { MACHINE_LEARNING } from "./operators/ml.ts";
import { MICROSOFT } from "./operators/microsoft.ts";
import { STANDARD } from "./operators/standard.ts";

/** What kind of work an operator does: how it is coloured and grouped. */
export const FAMILIES = [
  "convolution",
  "linear",
  "activation",
  "pooling",
  "normalization",
  "attention",
  "recurrent",
  "elementwise",
  "reduction",
  "shape",
  "indexing",
  "quantisation",
  "control flow",
  "sequence",
  "random",
  "ml",
  "other",
] as const;
type OperatorFamily = (typeof FAMILIES)[number];

/** Facts about operators, each with the facts that follow from it. */
const TRAITS = {
  /** Each element stays what and where it is; its type may change. Dropout as it runs in inference. */
  pass: ["unary", "linear", "keeps-sign"],
  /** The same elements, in order, in another shape. */
  reshape: ["moves"],
  /** Some of the elements, or all in another order. */
  reorders: ["moves"],
  /** Elements are moved, chosen or repeated, maybe among constants; none is computed. */
  moves: ["selects", "linear"],
  /** Each element of the output is one of the inputs', or a constant. */
  selects: [],
  /** Linear in its data where all else that it takes is constant (affine, for BatchNormalization). */
  linear: [],
  /** Linear in each of several operands (Div: in the first). */
  product: [],
  /** Made of straight pieces. */
  "straight-pieces": [],
  /** Made of straight pieces through the origin. */
  "piecewise-linear": ["straight-pieces"],
  /** The same, and no piece is level. */
  "never-level": ["piecewise-linear"],
  /** Constant between steps, so that its gradient is zero. */
  steps: ["straight-pieces"],
  /** Weighted sums over windows. */
  convolution: ["product", "multiply-adds", "channels-first"],
  /** Matrix products. */
  dense: ["product", "multiply-adds"],
  recurrent: ["multiply-adds"],
  /** Its work is counted in multiply-adds. */
  "multiply-adds": [],
  pool: ["channels-first"],
  "max-pool": ["selects", "keeps-sign", "within-range", "piecewise-linear"],
  /** Takes [N, C, ...]: places behind the channels. */
  "channels-first": [],
  normalization: [],
  /** Its input, divided by a norm. */
  "norm-division": [],
  /** Numbers from numbers, element by element (with broadcasting). */
  elementwise: [],
  /** A function of one value; further inputs are settings or parameters. */
  unary: ["elementwise"],
  /** A nonlinearity between layers. */
  activation: ["unary"],
  /** Sums, differences, products, quotients, signs. */
  arithmetic: ["elementwise"],
  /** Maps scores to a fixed range, or to the logarithm of one. */
  squashing: [],
  /** Gives no negative numbers. */
  "non-negative": [],
  /** Gives no negative numbers where it is given none. */
  "keeps-sign": [],
  /** Further inputs are data like the first; of other operators only the first is. */
  operands: [],
  /** Reduces along axes that are an attribute in older opsets and an input in newer ones. */
  reduce: [],
  /** A reduction that gives a single element as it is. */
  "keeps-one": [],
  /** Each element lies between the smallest and the largest of what it is made of. */
  "within-range": [],
  /** Compares two numbers by their order. */
  comparison: ["gives-bool"],
  "gives-bool": [],
  "gives-int64": [],
  "gives-sequence": [],
  /** The shape of its input, whatever the elements are. */
  "shape-of": ["gives-int64"],
  /** The elements decide how many entries come out. */
  counts: [],
  random: [],
  /** Works on integers that stand for real numbers. */
  quantised: [],
  /** Its first output holds such integers. */
  "gives-quantised": ["quantised"],
  /** Its outputs are those of graphs inside it. */
  body: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type OperatorTrait = keyof typeof TRAITS;

export interface OperatorFacts {
  readonly family: OperatorFamily;
  readonly traits: ReadonlySet<OperatorTrait>;
  /** What it computes, in a sentence or a formula. */
  readonly line: string;
}

/** Operators by name, "com.microsoft.Gelu" outside ai.onnx. */
export const OPERATORS: ReadonlyMap<string, OperatorFacts> = new Map(
  [STANDARD, MACHINE_LEARNING, MICROSOFT].flatMap((table) => table.split("\n").flatMap((row) => factsIn(row))),
);

/** Layouts that ONNX Runtime's optimizers give standard operators: what they compute is the same. */
const LAYOUTS = /^com\.(?:ms\.internal\.nhwc|microsoft\.nchwc)\./;

export function operatorOf({ domain, opType }: Pick<Node, "domain" | "opType">): string {
  return domain === "" ? opType : `${domain}.${opType}`;
}

/** What is known of an operator; undefined for one that is not in the table. */
export function factsOf(operator: string | Pick<Node, "domain" | "opType">): OperatorFacts | undefined {
  const name = typeof operator === "string" ? operator : operatorOf(operator);
  return OPERATORS.get(name) ?? OPERATORS.get(standardOf(name));
}

/** The standard operator that one is, laid out differently; any other as it is. */
export function standardOf(operator: string): string {
  return operator.replace(LAYOUTS, "");
}

/** Whether an operator has one of these traits. */
export function hasTrait(
  operator: string | Pick<Node, "domain" | "opType"> | undefined,
  ...traits: readonly OperatorTrait[]
): boolean {
  const facts = operator === undefined ? undefined : factsOf(operator);
  return facts !== undefined && traits.some((trait) => facts.traits.has(trait));
}

/** Whether an operator keeps its first input's elements and their order; type and shape may change. */
export function keepsElements(operator: string | Pick<Node, "domain" | "opType"> | undefined): boolean {
  return hasTrait(operator, "pass", "reshape");
}

/** The operators of a domain that have one of these traits. */
export function operatorsWith(domain: string, ...traits: readonly OperatorTrait[]): string[] {
  return [...OPERATORS.keys()].filter(
    (name) => name.slice(0, Math.max(0, name.lastIndexOf("."))) === domain && hasTrait(name, ...traits),
  );
}

/** A table's row: name | family | traits | what it computes. */
function factsIn(row: string): [string, OperatorFacts][] {
  const cells = /^(.*?) \| (.*?) \| (.*?)\| (.*)$/.exec(row);
  if (!cells) return [];
  const [, name, family, traits, line] = cells;
  const all = new Set<OperatorTrait>();
  const add = (trait: OperatorTrait): void => {
    all.add(trait);
    TRAITS[trait].forEach(add);
  };
  for (const trait of traits.trim().split(" ")) if (trait !== "") add(trait as OperatorTrait);
  return [[name, { family: family as OperatorFamily, traits: all, line }]];
}
