import type { Node } from "../model/graph.ts";

/** What a look at a graph's end can ask: see `Look` in score.ts. */
export interface GraphLook {
  /** Back over operators that keep the elements, their order and, without `reshaping`, their shape. */
  through(value: string, reshaping?: boolean): { readonly value: string };
  /** The node of this operator that makes a value. */
  node(value: string, opType: string): Node | undefined;
  /** The number that all elements of a constant are; undefined where it is none, or where that is not known. */
  number(value: string): number | undefined;
  isConstant(value: string): boolean;
}

export interface SpelledSigmoid {
  readonly logits: string;
  readonly said: string;
}

/**
 * A sigmoid written as other operators: 1 / (1 + exp(−x)), exp x / (1 + exp x), ½ tanh(x/2) + ½, exp(−softplus(−x)).
 * Constants that are other numbers make it none.
 */
export function spelledSigmoid(look: GraphLook, value: string): SpelledSigmoid | undefined {
  return ofExp(look, value) ?? ofQuotient(look, value) ?? ofTanh(look, value) ?? ofSoftplus(look, value);
}

/** log σ(x) as −softplus(−x). */
export function spelledLogSigmoid(look: GraphLook, value: string): SpelledSigmoid | undefined {
  const positive = negated(look, value);
  const softplus = positive === undefined ? undefined : at(look, positive, "Softplus");
  const x = softplus && negated(look, softplus.inputs[0]);
  return x === undefined ? undefined : { logits: x, said: "−Softplus(−x) (the logarithm of a sigmoid)" };
}

/** 1 + exp(x), which a sigmoid spelt out divides by: whatever is computed of it is no linear score. */
export function isUnderSigmoid(look: GraphLook, value: string): boolean {
  const power = plus(look, value, 1);
  return power !== undefined && at(look, power, "Exp") !== undefined;
}

/** x / (1 + |x|): from −1 to 1 as tanh, and like it no sigmoid. */
export function isSoftsign(look: GraphLook, value: string): boolean {
  const div = at(look, value, "Div");
  const sum = div && plus(look, div.inputs[1], 1);
  const size = sum === undefined ? undefined : at(look, sum, "Abs");
  return size !== undefined && same(look, size.inputs[0], div!.inputs[0]);
}

function ofExp(look: GraphLook, value: string): SpelledSigmoid | undefined {
  const under = at(look, value, "Reciprocal")?.inputs[0] ?? overOne(look, value) ?? toMinusOne(look, value);
  const power = under === undefined ? undefined : plus(look, under, 1);
  const exp = power === undefined ? undefined : at(look, power, "Exp");
  const x = exp && negated(look, exp.inputs[0]);
  return x === undefined ? undefined : { logits: x, said: "1 / (1 + Exp(−x)) (a sigmoid)" };
}

function ofQuotient(look: GraphLook, value: string): SpelledSigmoid | undefined {
  const div = at(look, value, "Div");
  const exp = div && at(look, div.inputs[0], "Exp");
  const sum = exp && plus(look, div.inputs[1], 1);
  return sum !== undefined && same(look, sum, div!.inputs[0])
    ? { logits: exp!.inputs[0], said: "Exp(x) / (1 + Exp(x)) (a sigmoid)" }
    : undefined;
}

/** ½ · (tanh(x/2) + 1) and ½ · tanh(x/2) + ½; tanh(z) for x/2 where the half is in the weights before. */
function ofTanh(look: GraphLook, value: string): SpelledSigmoid | undefined {
  const inner = scaled(look, value, 0.5);
  const shifted = inner === undefined ? undefined : plus(look, inner, 1);
  const half = plus(look, value, 0.5);
  const tanhOf = shifted ?? (half === undefined ? undefined : scaled(look, half, 0.5));
  const tanh = tanhOf === undefined ? undefined : at(look, tanhOf, "Tanh");
  if (!tanh) return undefined;
  const x = scaled(look, tanh.inputs[0], 0.5);
  return x === undefined
    ? { logits: tanh.inputs[0], said: "½ Tanh(x) + ½ (the sigmoid of 2x)" }
    : { logits: x, said: "½ Tanh(x/2) + ½ (a sigmoid)" };
}

function ofSoftplus(look: GraphLook, value: string): SpelledSigmoid | undefined {
  const exp = at(look, value, "Exp");
  const inner = exp && spelledLogSigmoid(look, exp.inputs[0]);
  return inner && { ...inner, said: "Exp(−Softplus(−x)) (a sigmoid)" };
}

// ── what a value is of another ───────────────────────────────────────────────────────────────────

function at(look: GraphLook, value: string, opType: string): Node | undefined {
  return look.node(look.through(value, false).value, opType);
}

function same(look: GraphLook, a: string, b: string): boolean {
  return look.through(a, false).value === look.through(b, false).value;
}

/** Whether a constant is this number. */
function is(look: GraphLook, value: string, number: number): boolean {
  return look.isConstant(value) && Math.abs((look.number(value) ?? NaN) - number) < 1e-6;
}

/** x of x + number; also as x − (−number). */
function plus(look: GraphLook, value: string, number: number): string | undefined {
  const add = at(look, value, "Add");
  if (add) return other(look, add.inputs, number);
  const sub = at(look, value, "Sub");
  return sub && is(look, sub.inputs[1], -number) ? sub.inputs[0] : undefined;
}

/** x of number · x; also as x / (1 / number). */
function scaled(look: GraphLook, value: string, number: number): string | undefined {
  const mul = at(look, value, "Mul");
  if (mul) return other(look, mul.inputs, number);
  const div = at(look, value, "Div");
  return div && is(look, div.inputs[1], 1 / number) ? div.inputs[0] : undefined;
}

function other(look: GraphLook, [a, b]: readonly string[], number: number): string | undefined {
  return is(look, b, number) ? a : is(look, a, number) ? b : undefined;
}

/** x of −x: Neg, −1 · x, 0 − x. */
function negated(look: GraphLook, value: string): string | undefined {
  const sub = at(look, value, "Sub");
  return (
    at(look, value, "Neg")?.inputs[0] ??
    scaled(look, value, -1) ??
    (sub && is(look, sub.inputs[0], 0) ? sub.inputs[1] : undefined)
  );
}

/** x of 1 / x. */
function overOne(look: GraphLook, value: string): string | undefined {
  const div = at(look, value, "Div");
  return div && is(look, div.inputs[0], 1) ? div.inputs[1] : undefined;
}

/** x of x to the power of −1. */
function toMinusOne(look: GraphLook, value: string): string | undefined {
  const pow = at(look, value, "Pow");
  return pow && is(look, pow.inputs[1], -1) ? pow.inputs[0] : undefined;
}
