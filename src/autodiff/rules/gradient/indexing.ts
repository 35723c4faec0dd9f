import { elementCount } from "../../../model/graph.ts";
import { range } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";
import { axisAdjoint } from "./axis-map.ts";

/** Operators that pick and place by integer indices (ai.onnx, opset 18). Repeated indices add up, as in PyTorch. */
export const indexingRules: RuleTable = {
  Gather: gather,
  GatherElements: (r) => [
    r.needs(0) ? scatterAdd(r, "ScatterElements", r.x(1), r.dy(), { axis: r.axis("axis", 0) }) : undefined,
    undefined,
  ],
  GatherND: (r) => {
    const { g } = r;
    const batch = r.int("batch_dims", 0);
    if (batch === 0) return [scatterAdd(r, "ScatterND", r.x(1), r.dy(), {}), undefined];
    // With batch axes: say them as leading indices.
    const lead = r.dims().slice(0, batch);
    const indices = r.dims(1);
    const grid = g.intTensor(grids(lead).flat(), [...lead, ...indices.slice(batch, -1).map(() => 1), batch]);
    const wide = g.expand(grid, [...indices.slice(0, -1), batch]);
    return [scatterAdd(r, "ScatterND", g.concat([wide, r.x(1)], indices.length - 1), r.dy(), {}), undefined];
  },
  ScatterElements: (r) => {
    const axis = r.axis("axis", 0);
    return scattered(r, "ScatterElements", { axis }, (value) =>
      r.g.op("GatherElements", [value, r.x(1)], r.dims(2), { axis }),
    );
  },
  ScatterND: (r) => scattered(r, "ScatterND", {}, (value) => r.g.op("GatherND", [value, r.x(1)], r.dims(2))),
  TopK: (r) => {
    const axis = r.axis("axis", -1);
    return [r.flows(0) ? scatterAdd(r, "ScatterElements", r.y(1), r.dy(0), { axis }) : undefined, undefined];
  },
  Compress: (r) => {
    const picks = r.known(1);
    if (!picks) throw r.refuse("its condition is not known");
    const taken = picks.flatMap((pick, index) => (pick ? [index] : []));
    const axis = r.node.attributes.axis ? r.axis("axis", 0) : undefined;
    if (axis !== undefined) return [axisAdjoint(r.g, r.dy(), axis, taken, r.dims()[axis])];
    return [r.g.reshape(axisAdjoint(r.g, r.dy(), 0, taken, elementCount(r.dims())), r.dims())];
  },
};

function gather(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const [dims, indexDims] = [r.dims(), r.dims(1)];
  const axis = r.axis("axis", 0);
  const size = dims[axis];
  const indices = r.known(1);
  if (indices && indices.length <= 65536) {
    const flat = g.reshape(r.dy(), [...dims.slice(0, axis), indices.length, ...dims.slice(axis + 1)]);
    return [
      axisAdjoint(
        g,
        flat,
        axis,
        indices.map((index) => (index < 0 ? index + size : index)),
        size,
      ),
    ];
  }
  // The gathered axis to the front, so that rows are added.
  const count = elementCount(indexDims);
  const rest = dims.filter((_, index) => index !== axis);
  const flat = g.reshape(r.dy(), [...dims.slice(0, axis), count, ...dims.slice(axis + 1)]);
  const rank = dims.length;
  const front = [axis, ...range(0, rank).filter((index) => index !== axis)];
  const rows = g.op(
    "ScatterND",
    [g.expand(g.scalar(0), [size, ...rest]), g.reshape(r.x(1), [count, 1]), g.transpose(flat, front)],
    [size, ...rest],
    { reduction: "add" },
  );
  return [
    g.transpose(
      rows,
      range(0, rank).map((index) => front.indexOf(index)),
    ),
    undefined,
  ];
}

/** Adds dy at the indices into zeros of input 0's shape. */
function scatterAdd(
  r: RuleContext,
  opType: string,
  indices: string,
  dy: string,
  attributes: Readonly<Record<string, number>>,
): string {
  const { g } = r;
  return g.op(opType, [g.expand(g.scalar(0), r.dims()), indices, dy], r.dims(), { ...attributes, reduction: "add" });
}

/** ScatterElements and ScatterND, with every reduction. */
function scattered(
  r: RuleContext,
  opType: string,
  attributes: Readonly<Record<string, number>>,
  gather: (value: string) => string,
): (string | undefined)[] {
  const { g } = r;
  const reduction = r.string("reduction", "none");
  const into = (base: string, updates: string, how: string): string =>
    g.op(opType, [base, r.x(1), updates], r.dims(), { ...attributes, reduction: how });
  if (reduction === "none")
    return [
      r.needs(0) ? into(r.dy(), g.zeros(r.dims(2)), "none") : undefined,
      undefined,
      r.needs(2) ? gather(r.dy()) : undefined,
    ];
  if (reduction === "add") return [r.dy(), undefined, r.needs(2) ? gather(r.dy()) : undefined];
  if (reduction === "mul") return productScattered(r, into, gather);
  // max and min: those that tie share.
  const kept = g.indicator("Equal", r.x(0), r.y());
  const placed = g.indicator("Equal", r.x(2), gather(r.y()));
  const share = g.over(r.dy(), g.op("Max", [into(kept, placed, "add"), g.scalar(1)], r.dims()));
  return [g.times(share, kept), undefined, g.times(gather(share), placed)];
}

/** Each factor's gradient is dy times the product of the others in its place, zeros counted apart. */
function productScattered(
  r: RuleContext,
  into: (base: string, updates: string, how: string) => string,
  gather: (value: string) => string,
): (string | undefined)[] {
  const { g } = r;
  const zero = g.scalar(0);
  const isZero = (value: string): string => g.binary("Equal", value, zero);
  const filled = (value: string): string => g.where(isZero(value), g.scalar(1), value);
  const [data, updates] = [r.x(0), r.x(2)];
  const zeros = into(g.indicator("Equal", data, zero), g.indicator("Equal", updates, zero), "add");
  const product = into(filled(data), filled(updates), "mul");
  const whole = g.where(isZero(zeros), g.times(r.dy(), product), zero);
  const onlyZero = g.where(g.binary("Equal", zeros, g.scalar(1)), g.times(r.dy(), product), zero);
  return [
    g.where(isZero(data), onlyZero, g.over(whole, filled(data))),
    undefined,
    g.where(isZero(updates), gather(onlyZero), g.over(gather(whole), filled(updates))),
  ];
}

/** All index tuples of a shape, in row-major order. */
function grids(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (tuples, dim) => tuples.flatMap((tuple) => range(0, dim).map((index) => [...tuple, index])),
    [[]],
  );
}
