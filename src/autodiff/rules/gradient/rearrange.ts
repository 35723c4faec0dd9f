import { elementCount } from "../../../model/graph.ts";
import { range, type Builder } from "../../builder.ts";
import { MOST_UNROLLED } from "../../loops.ts";
import { expanding, type RuleTable } from "../../rule.ts";

/** Further operators that place, count and multiply along axes (ai.onnx 10 to 26). */
export const rearrangeRules: RuleTable = {
  CenterCropPad: (r) => {
    const { g } = r;
    const rank = r.dims().length;
    const axes = (r.intList("axes") ?? range(0, rank)).map((axis) => (axis < 0 ? axis + rank : axis));
    // Cut or filled on both sides, the odd one at the end (the start when cutting: floor of half).
    const before = r.dims().map((size, axis) => (axes.includes(axis) ? centred(r.outDims()[axis] - size) : 0));
    const after = r.dims().map((size, axis) => r.outDims()[axis] - size - before[axis]);
    return [
      g.pad(
        r.dy(),
        before.map((amount) => -amount),
        after.map((amount) => -amount),
      ),
      undefined,
    ];
  },
  ReverseSequence: (r) => [
    r.g.op("ReverseSequence", [r.dy(), r.x(1)], r.dims(), {
      batch_axis: r.int("batch_axis", 1),
      time_axis: r.int("time_axis", 0),
    }),
    undefined,
  ],
  // y is the first value where the index is not, the second where it is.
  OneHot: (r) => {
    const { g } = r;
    const mask = g.op("OneHot", [r.x(0), r.x(1), g.floats([0, 1], [2])], r.outDims(), { axis: r.int("axis", -1) });
    const all = range(0, r.outDims().length);
    const on = g.sum(g.times(r.dy(), mask), all, false);
    const off = g.minus(g.sum(r.dy(), all, false), on);
    return [
      undefined,
      undefined,
      g.concat(
        [off, on].map((value) => g.reshape(value, [1])),
        0,
      ),
    ];
  },
  // start + i·delta
  Range: (r) => {
    const { g } = r;
    const [count] = r.outDims();
    const steps = g.floats(range(0, count), [count]);
    return [
      g.reshape(g.sum(r.dy(), [0], false), r.dims(0)),
      undefined,
      g.reshape(g.sum(g.times(r.dy(), steps), [0], false), r.dims(2)),
    ];
  },
  // Each kept value is that of the first place it occurs in.
  Unique: (r) => {
    if (!r.flows(0)) return [undefined];
    const { g } = r;
    const [count] = r.dims();
    const axis = r.node.attributes.axis ? r.axis("axis", 0) : undefined;
    const size = axis === undefined ? elementCount(r.dims()) : r.dims()[axis];
    const kept = axis === undefined ? r.outDims()[0] : r.outDims()[axis];
    const sorted = r.node.attributes.sorted ? r.int("sorted", 1) : 1;
    const attributes = { sorted, ...(axis === undefined ? {} : { axis }) };
    const [, first] = g.ops("Unique", [r.x()], [r.outDims(), [kept]], attributes);
    const at = axis ?? 0;
    const dims = axis === undefined ? [size] : r.dims();
    const updates = g.shape(r.dy());
    const indices = g.expand(
      g.reshape(
        first,
        updates.map((_, other) => (other === at ? kept : 1)),
      ),
      updates,
    );
    const placed = g.op("ScatterElements", [g.expand(g.scalar(0), dims), indices, r.dy()], dims, {
      axis: at,
      reduction: "add",
    });
    return [count === undefined ? placed : g.reshape(placed, r.dims())];
  },
  CumProd: expanding((r) => {
    const { g } = r;
    const given = r.known(1)?.[0];
    if (given === undefined) throw r.refuse("its axis is not known");
    const rank = r.dims().length;
    const axis = given < 0 ? given + rank : given;
    return [runningProduct(g, r.x(), axis, r.int("reverse", 0) !== 0, r.int("exclusive", 0) !== 0)];
  }),
  // Opset 24: writes `update` into `past` at each sample's index, turning around at the end where circular.
  TensorScatter: expanding((r) => {
    const { g } = r;
    const dims = r.dims(0);
    const updates = r.dims(1);
    const axis = r.axis("axis", -2);
    const steps = g.intTensor(
      range(0, updates[axis]),
      updates.map((dim, other) => (other === axis ? dim : 1)),
    );
    const start = r.has(2)
      ? g.reshape(
          r.x(2),
          updates.map((dim, other) => (other === 0 ? dim : 1)),
        )
      : g.intTensor([0], []);
    const places = g.binary("Add", steps, start);
    const wrapped =
      r.string("mode", "linear") === "circular" ? g.binary("Mod", places, g.intTensor([dims[axis]], [])) : places;
    return [g.op("ScatterElements", [r.x(0), g.expand(wrapped, updates), r.x(1)], dims, { axis })];
  }),
  // Whatever could be unrolled has been, before rules are asked.
  Loop: (r) => {
    throw r.refuse(`it cannot be unrolled: its steps are unknown, or need more than ${MOST_UNROLLED} nodes`);
  },
  Scan: (r) => {
    throw r.refuse(`it cannot be unrolled: its steps are unknown, or need more than ${MOST_UNROLLED} nodes`);
  },
  MelWeightMatrix: (r) => r.node.inputs.map(() => undefined),
  EyeLike: () => [undefined],
  ConstantOfShape: () => [undefined],
  Shape: () => [undefined],
};

/** Cutting takes floor(half) from the start; filling puts floor(half) there. */
function centred(difference: number): number {
  return difference < 0 ? -Math.floor(-difference / 2) : Math.floor(difference / 2);
}

/** By doubling: after step k each place holds the product of up to 2^k places up to its own. */
function runningProduct(g: Builder, x: string, axis: number, reverse: boolean, exclusive: boolean): string {
  const size = g.shape(x)[axis];
  const shifted = (value: string, by: number): string => {
    const amount = Math.min(by, size);
    const ones = g.expand(
      g.scalar(1),
      g.shape(value).map((dim, other) => (other === axis ? amount : dim)),
    );
    if (amount === size) return ones;
    return reverse
      ? g.concat([g.slice(value, axis, amount, size), ones], axis)
      : g.concat([ones, g.slice(value, axis, 0, size - amount)], axis);
  };
  let product = exclusive ? shifted(x, 1) : x;
  for (let step = 1; step < size; step *= 2) product = g.times(product, shifted(product, step));
  return product;
}
