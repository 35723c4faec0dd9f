import { elementCount } from "../../../model/graph.ts";
import { range, type Dims } from "../../builder.ts";
import type { Rule, RuleContext, RuleTable } from "../../rule.ts";
import type { Reference } from "./reference.ts";
import { gradientRules } from "../index.ts";
import { scatterFlat } from "../gradient/pool.ts";

/**
 * The two values of each maximum, with the reduced axes as 1, and how one in their shape goes to the places of the
 * largest inputs.
 */
interface Selection {
  readonly y: string;
  readonly y0: string;
  readonly dy: string;
  /** Where the input itself is largest, and where the baseline's is. */
  readonly place: (value: string) => string;
  readonly place0: (value: string) => string;
}

/**
 * Maxima, as Captum's MaxPool: what the maximum rises over the baseline's is due to the place that is largest now, what
 * it falls to the one that was. A rise is never larger than its place's own, so slopes stay under one. Windows that
 * overlap add up (Captum keeps one of them).
 */
export function selectionRules(reference: Reference): RuleTable {
  const selected = (
    operator: string,
    select: (r: RuleContext) => Selection,
    extreme: "Max" | "Min" = "Max",
  ): [string, Rule] => [
    operator,
    (r) => {
      const { g } = r;
      const { y, y0, dy, place, place0 } = select(r);
      const extremes = g.binary(extreme, y, y0);
      const contribution = g.plus(place(g.times(dy, g.minus(extremes, y0))), place0(g.times(dy, g.minus(y, extremes))));
      const dx = reference.difference(r.x());
      const close = g.binary("Less", g.unary("Abs", dx), g.scalar(1e-10));
      return [g.where(close, gradientRules[operator](r)[0]!, g.over(contribution, g.where(close, g.scalar(1), dx)))];
    },
  ];
  return Object.fromEntries([
    selected("MaxPool", (r) => {
      const attributes = Object.fromEntries(
        Object.entries(r.node.attributes).filter(([name]) => name !== "storage_order"),
      );
      const placed = (input: string) => {
        const [, indices] = r.g.ops("MaxPool", [input], [r.outDims(), r.outDims()], attributes);
        return (value: string): string => scatterFlat(r, indices, value, r.dims());
      };
      return selection(reference, r, placed);
    }),
    selected("GlobalMaxPool", (r) => {
      const { g } = r;
      const flat = [...r.dims().slice(0, 2), elementCount(r.dims().slice(2))];
      const single = [...flat.slice(0, 2), 1];
      const placed = (input: string) => {
        const first = g.op("ArgMax", [g.reshape(input, flat)], single, { axis: 2, keepdims: 1 });
        return (value: string): string =>
          g.reshape(
            g.op("ScatterElements", [g.expand(g.scalar(0), flat), first, g.reshape(value, single)], flat, { axis: 2 }),
            r.dims(),
          );
      };
      return selection(reference, r, placed);
    }),
    selected("ReduceMax", (r) => reduced(reference, r)),
    selected("ReduceMin", (r) => reduced(reference, r), "Min"),
  ]);
}

/** The output's values as they are; `placed`: how one goes to the places of the largest elements of an input. */
function selection(reference: Reference, r: RuleContext, placed: (input: string) => Selection["place"]): Selection {
  return { y: r.y(), y0: reference.of(r.y()), dy: r.dy(), place: placed(r.x()), place0: placed(reference.of(r.x())) };
}

/** Extremes along axes: those that tie share. */
function reduced(reference: Reference, r: RuleContext): Selection {
  const { g } = r;
  const axes = reducedAxes(r);
  const kept = r.dims().map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const [y, y0, dy] = [r.y(), reference.of(r.y()), r.dy()].map((value) => g.reshape(value, kept));
  const placed = (input: string, extreme: string) => {
    const mask = g.indicator("Equal", input, extreme);
    const share = g.over(mask, g.sum(mask, axes));
    return (value: string): string => g.times(share, value);
  };
  return { y, y0, dy, place: placed(r.x(), y), place0: placed(reference.of(r.x()), y0) };
}

/** The axes of a reduction of opset 18: none given means all, unless it says otherwise. */
export function reducedAxes(r: RuleContext): Dims {
  const rank = r.dims().length;
  const given = r.known(1) ?? [];
  if (given.length > 0) return given.map((axis) => (axis < 0 ? axis + rank : axis));
  return r.int("noop_with_empty_axes", 0) !== 0 ? [] : range(0, rank);
}
