import { range } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";
import { axisAdjoint } from "./axis-map.ts";

const reshaped = (r: RuleContext): string[] => [r.g.reshape(r.dy(), r.dims())];

/** Operators that move values without changing them (ai.onnx, opset 21). */
export const shapeRules: RuleTable = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: (r) => {
    const rank = r.dims().length;
    const perm = r.intList("perm") ?? range(0, rank).reverse();
    return [
      r.g.transpose(
        r.dy(),
        range(0, rank).map((axis) => perm.indexOf(axis)),
      ),
    ];
  },
  Expand: (r) => [r.g.sumTo(r.dy(), r.dims())],
  Tile: (r) => {
    const { g } = r;
    const [dims, out] = [r.dims(), r.outDims()];
    const split = g.reshape(
      r.dy(),
      dims.flatMap((dim, axis) => [out[axis] / Math.max(1, dim), dim]),
    );
    return [
      g.reshape(
        g.sum(
          split,
          range(0, dims.length).map((axis) => 2 * axis),
        ),
        dims,
      ),
    ];
  },
  Concat: (r) => {
    const axis = r.axis("axis", 0);
    let start = 0;
    return r.node.inputs.map((_, index) => {
      const end = start + r.dims(index)[axis];
      const part = r.needs(index) ? r.g.slice(r.dy(), axis, start, end) : undefined;
      start = end;
      return part;
    });
  },
  Split: (r) => [
    r.g.concat(
      r.node.outputs.map((_, index) => r.dy(index)),
      r.axis("axis", 0),
    ),
  ],
  Slice: slice,
  Pad: pad,
  DepthToSpace: (r) => {
    const { g } = r;
    const block = r.int("blocksize", 1);
    if (r.string("mode", "DCR") === "DCR") return [g.op("SpaceToDepth", [r.dy()], r.dims(), { blocksize: block })];
    const [batch, channels, height, width] = r.dims();
    const split = g.reshape(r.dy(), [batch, channels / (block * block), height, block, width, block]);
    return [g.reshape(g.transpose(split, [0, 1, 3, 5, 2, 4]), r.dims())];
  },
  SpaceToDepth: (r) => [r.g.op("DepthToSpace", [r.dy()], r.dims(), { blocksize: r.int("blocksize", 1), mode: "DCR" })],
  Trilu: (r) => [
    r.g.op("Trilu", [r.dy(), ...(r.has(1) ? [r.x(1)] : [])], r.dims(), { upper: r.int("upper", 1) }),
    undefined,
  ],
};

/** Contiguous parts go back by padding with zeros; other steps by the positions that each axis took. */
function slice(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const [dims, out] = [r.dims(), r.outDims()];
  const [starts, ends] = [r.known(1), r.known(2)];
  if (!starts || !ends) throw r.refuse("its bounds are not known");
  const axes = (r.known(3) ?? range(0, starts.length)).map((axis) => (axis < 0 ? axis + dims.length : axis));
  const steps = r.known(4) ?? starts.map(() => 1);
  const before = new Array<number>(dims.length).fill(0);
  const after = new Array<number>(dims.length).fill(0);
  let grad = r.dy();
  axes.forEach((axis, index) => {
    const first = firstTaken(starts[index], steps[index], dims[axis]);
    if (steps[index] === 1) {
      before[axis] = first;
      after[axis] = dims[axis] - first - out[axis];
    } else {
      grad = axisAdjoint(
        g,
        grad,
        axis,
        range(0, out[axis]).map((position) => first + position * steps[index]),
        dims[axis],
      );
    }
  });
  if (out.some((dim) => dim === 0)) return [g.zeros(dims)];
  return [g.pad(grad, before, after)];
}

/** Slice's start, negative ones counted from the end, clamped into the axis (ONNX Slice-13). */
function firstTaken(start: number, step: number, size: number): number {
  const from = start < 0 ? start + size : start;
  return step > 0 ? Math.min(Math.max(from, 0), size) : Math.min(Math.max(from, 0), size - 1);
}

/** What was added falls away; what was repeated (reflect, edge, wrap) comes back to where it was taken from. */
function pad(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const dims = r.dims();
  const pads = r.known(1);
  if (!pads) throw r.refuse("its pads are not known");
  const axes = (r.known(3) ?? range(0, dims.length)).map((axis) => (axis < 0 ? axis + dims.length : axis));
  const before = new Array<number>(dims.length).fill(0);
  const after = new Array<number>(dims.length).fill(0);
  axes.forEach((axis, index) => {
    before[axis] = pads[index];
    after[axis] = pads[index + axes.length];
  });
  const mode = r.string("mode", "constant");
  if (mode === "constant") {
    const inner = g.pad(
      r.dy(),
      before.map((amount) => -amount),
      after.map((amount) => -amount),
    );
    if (!r.needs(2)) return [inner];
    return [
      r.needs(0) ? inner : undefined,
      undefined,
      g.reshape(g.minus(total(r, r.dy()), total(r, inner)), r.dims(2)),
    ];
  }
  let grad = r.dy();
  dims.forEach((dim, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return;
    const sources = range(-before[axis], dim + after[axis]).map((position) => padSource(position, dim, mode));
    grad = axisAdjoint(g, grad, axis, sources, dim);
  });
  return [grad];
}

function total(r: RuleContext, value: string): string {
  return r.g.sum(value, range(0, r.g.shape(value).length), false);
}

function padSource(position: number, size: number, mode: string): number {
  if (mode === "edge") return Math.min(Math.max(position, 0), size - 1);
  if (mode === "wrap") return ((position % size) + size) % size;
  if (size === 1) return 0;
  const period: number = 2 * (size - 1);
  const at = ((position % period) + period) % period;
  return at < size ? at : period - at;
}
