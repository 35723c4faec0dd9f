import type { Node } from "../model/graph.ts";
import {
  axisOf,
  concatenated,
  holdsSpace,
  reshaped,
  resized,
  sliced,
  unknownAxis,
  type Axes,
  type Axis,
} from "./axes.ts";

/** The elements of a small integer value; undefined where they are not known. */
export type KnownValues = (value: string) => readonly number[] | undefined;

type Dims = readonly number[];

/** What a rule sees of a node: only values whose axes are known have them. */
interface Seen {
  readonly node: Node;
  axes(input: number): Axes | undefined;
  dims(input: number): Dims;
  readonly outputs: readonly (Dims | undefined)[];
  /** An integer attribute, or the input that replaced it in later opsets. */
  ints(attribute: string, input?: number): readonly number[] | undefined;
}

type Rule = (seen: Seen) => readonly (Axes | undefined)[];

/** What the axes of a node's outputs are made of; undefined where that is not known. */
export function axesOfOutputs(
  node: Node,
  axes: ReadonlyMap<string, Axes>,
  dims: ReadonlyMap<string, Dims>,
  known: KnownValues,
): readonly (Axes | undefined)[] {
  const seen: Seen = {
    node,
    outputs: node.outputs.map((output) => dims.get(output)),
    axes: (input) => axes.get(node.inputs[input] ?? ""),
    dims: (input) => dims.get(node.inputs[input] ?? "") ?? [],
    ints(attribute, input) {
      const given = node.attributes[attribute];
      if (given?.type === "ints") return given.value;
      if (given?.type === "int") return [given.value];
      return input !== undefined && node.inputs[input] ? known(node.inputs[input]) : undefined;
    },
  };
  const rule = Object.hasOwn(RULES, node.opType) ? RULES[node.opType] : passed;
  return rule(seen).map((found, index) => (found && found.length === seen.outputs[index]?.length ? found : undefined));
}

/**
 * Operators that work on [N, C, ...space], whatever their input was taken for: of their first axis alone is known what
 * it was, samples and frames.
 */
const channelsFirst: Rule = ({ axes, dims, outputs }) =>
  outputs.map((shape) => {
    if (!shape || shape.length < 3) return undefined;
    const first = axes(0)?.[0];
    const kept =
      first &&
      dims(0)[0] === shape[0] &&
      first.before + first.after === 0 &&
      first.parts.every(({ of }) => of === "batch" || of === "frame")
        ? first
        : axisOf("batch", shape[0]);
    return shape.map((size, axis) => (axis === 0 ? kept : axisOf(axis === 1 ? "channel" : axis - 2, size)));
  });

/** Elementwise operators, normalisations, resizing, attention …: axes stay, at the output's sizes. */
const passed: Rule = ({ node, axes, dims, outputs }) =>
  outputs.map((shape) => {
    const sources = node.inputs.flatMap((_, input) =>
      axes(input) && shape && dims(input).length === shape.length ? [{ axes: axes(input)!, dims: dims(input) }] : [],
    );
    const source = sources.find((one) => one.dims.every((size, axis) => size === shape![axis])) ?? sources[0];
    return (
      source &&
      shape!.map((size, axis) => {
        if (source.dims[axis] === size) return source.axes[axis];
        return sources.find((one) => one.dims[axis] === size)?.axes[axis] ?? resized(source.axes[axis], size);
      })
    );
  });

const orChannelsFirst: Rule = (seen) => (seen.axes(0) ? passed(seen) : channelsFirst(seen));

const reshape: Rule = ({ axes, dims, outputs }) => [axes(0) && outputs[0] && reshaped(axes(0)!, dims(0), outputs[0])];

/** [..., rows, inner] × [..., inner, columns]: rows stay, columns are a dense layer's channels or the other's. */
const product: Rule = ({ axes, dims, outputs }) => {
  const shape = outputs[0];
  const [left, right] = [axes(0), axes(1)];
  if (!shape || shape.length < 2) return [undefined];
  const columns = shape[shape.length - 1];
  // Weights over the places of a map mix them.
  const made = right
    ? right[right.length - 1]
    : left && holdsSpace(left[left.length - 1])
      ? unknownAxis(columns)
      : axisOf("channel", columns);
  if (left && left.length === shape.length) return [[...left.slice(0, -1), made]];
  if (right && right.length === shape.length && dims(0).length >= 2)
    return [[...right.slice(0, -2), unknownAxis(shape[shape.length - 2]), made]];
  return [undefined];
};

const gemm: Rule = ({ axes, outputs, ints }) => {
  const left = axes(0);
  const rows = left && left[ints("transA")?.[0] ? 1 : 0];
  return [rows && outputs[0] && [rows, axisOf("channel", outputs[0][1])]];
};

const concat: Rule = ({ node, axes, dims, outputs, ints }) => {
  const shape = outputs[0];
  const inputs = node.inputs.map((_, input) => ({ axes: axes(input), dims: dims(input) }));
  if (!shape) return [undefined];
  const along = from(ints("axis")?.[0] ?? 0, shape.length);
  const base =
    inputs.find((input) => input.axes && holdsSpace(input.axes[along])) ?? inputs.find((input) => input.axes);
  if (!base || inputs.some((input) => input.dims.length !== shape.length)) return [undefined];
  const joined = concatenated(inputs.map((input) => ({ axis: input.axes?.[along], size: input.dims[along] })));
  return [base.axes!.map((axis, index) => (index === along ? joined : axis))];
};

const slice: Rule = ({ axes, dims, outputs, ints }) => {
  const [source, shape, starts] = [axes(0), outputs[0], ints("starts", 1)];
  if (!source || !shape || !starts) return [undefined];
  const which = (ints("axes", 3) ?? starts.map((_, index) => index)).map((axis) => from(axis, shape.length));
  const steps = ints("steps", 4);
  return [
    source.map((axis, index) => {
      const at = which.indexOf(index);
      if (at < 0) return axis;
      const size = dims(0)[index];
      const step = steps?.[at] ?? 1;
      const start = Math.min(Math.max(starts[at] < 0 ? starts[at] + size : starts[at], 0), step < 0 ? size - 1 : size);
      return sliced(axis, size, start, step, shape[index]);
    }),
  ];
};

const split: Rule = ({ axes, dims, outputs, ints }) => {
  const source = axes(0);
  const along = from(ints("axis")?.[0] ?? 0, dims(0).length);
  let start = 0;
  return outputs.map((shape) => {
    if (!source || !shape) return undefined;
    const part = sliced(source[along], dims(0)[along], start, 1, shape[along]);
    start += shape[along];
    return source.map((axis, index) => (index === along ? part : axis));
  });
};

/** One entry of an axis, and it is gone; a run of entries, and it is cut. */
const gather: Rule = ({ axes, dims, outputs, ints }) => {
  const [source, shape, indices] = [axes(0), outputs[0], ints("", 1)];
  if (!source || !shape) return [undefined];
  const along = from(ints("axis")?.[0] ?? 0, source.length);
  if (shape.length === source.length - 1) return [source.filter((_, axis) => axis !== along)];
  if (shape.length !== source.length) return [undefined];
  const [size, count] = [dims(0)[along], shape[along]];
  const first = indices && from(indices[0], size);
  const isRun = first !== undefined && indices!.every((index, place) => from(index, size) === first + place);
  const cut = isRun
    ? sliced(source[along], size, first, 1, count)
    : holdsSpace(source[along])
      ? unknownAxis(count)
      : resized(source[along], count);
  return [source.map((axis, index) => (index === along ? cut : axis))];
};

const reduce: Rule = ({ axes, dims, outputs, ints }) => {
  const [source, shape] = [axes(0), outputs[0]];
  if (!source || !shape) return [undefined];
  const rank = dims(0).length;
  const gone = new Set(
    (ints("axes", 1) ?? ints("axis") ?? source.map((_, axis) => axis)).map((axis) => from(axis, rank)),
  );
  const empty: Axis = { parts: [], before: 0, after: 0 };
  return [
    shape.length === rank
      ? source.map((axis, index) => (gone.has(index) ? empty : axis))
      : source.filter((_, index) => !gone.has(index)),
  ];
};

const transpose: Rule = ({ axes, outputs, ints }) => {
  const source = axes(0);
  const perm = ints("perm") ?? outputs[0]?.map((_, axis, all) => all.length - 1 - axis);
  return [source && perm?.map((axis) => source[axis])];
};

/**
 * LSTM, GRU, RNN: X [T, N, C] makes Y [T, D, N, H] (layout 1: [N, T, C] and [N, T, D, H]), of D directions with H units
 * each. Steps and samples stay, directions and units are channels; the last states Y_h and Y_c are of no step.
 */
const recurrent: Rule = ({ axes, dims, outputs, ints }) => {
  const [source, shape] = [axes(0), outputs[0]];
  if (source?.length !== 3 || shape?.length !== 4) return outputs.map(() => undefined);
  const batchFirst = ints("layout")?.[0] === 1;
  const [steps, batch] = batchFirst ? [1, 0] : [0, 1];
  // A picture's height among the features (text lines, spectrograms): its width alone is no map of it.
  if (source[2].parts.some(({ of }) => typeof of === "number")) return outputs.map(() => undefined);
  // An input that was read otherwise: what the layer goes along are its steps.
  const along = holdsSpace(source[batch]) && !holdsSpace(source[steps]) ? axisOf(0, dims(0)[steps]) : source[steps];
  const samples = holdsSpace(source[batch]) ? axisOf("batch", dims(0)[batch]) : source[batch];
  const [directions, units] = [shape[batchFirst ? 2 : 1], shape[3]];
  const full = directions * units;
  const channels: readonly Axis[] = [
    { parts: [{ of: "channel", size: directions, scale: units, full }], before: 0, after: 0 },
    { parts: [{ of: "channel", size: units, scale: 1, full }], before: 0, after: 0 },
  ];
  return [
    batchFirst ? [samples, along, ...channels] : [along, channels[0], samples, channels[1]],
    ...outputs.slice(1).map(() => undefined),
  ];
};

const unknown: Rule = ({ outputs }) => outputs.map(() => undefined);

function from(index: number, size: number): number {
  return index < 0 ? index + size : index;
}

const RULES: Readonly<Record<string, Rule>> = {
  ...rulesFor(
    channelsFirst,
    "Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool QLinearAveragePool QLinearGlobalAveragePool DepthToSpace SpaceToDepth QLinearConv ConvInteger Upsample FusedConv",
  ),
  ...rulesFor(orChannelsFirst, "BatchNormalization InstanceNormalization GroupNormalization LRN"),
  ...rulesFor(reshape, "Reshape Flatten Squeeze Unsqueeze"),
  ...rulesFor(product, "MatMul FusedMatMul MatMulInteger MatMulIntegerToFloat MatMulNBits"),
  ...rulesFor(
    reduce,
    "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare ArgMax ArgMin",
  ),
  ...rulesFor(unknown, "Einsum GatherElements GatherND Shape Size RoiAlign"),
  ...rulesFor(recurrent, "LSTM GRU RNN"),
  // Of quantised operators the second operand comes after the first one's scale and zero point.
  QLinearMatMul: (seen) =>
    product({ ...seen, axes: (input) => seen.axes(3 * input), dims: (input) => seen.dims(3 * input) }),
  Gemm: gemm,
  QGemm: gemm,
  Concat: concat,
  Slice: slice,
  Split: split,
  Gather: gather,
  Transpose: transpose,
};

function rulesFor(rule: Rule, operators: string): Record<string, Rule> {
  return Object.fromEntries(operators.split(" ").map((operator) => [operator, rule]));
}
