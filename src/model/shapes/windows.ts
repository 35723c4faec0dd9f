import type { Dim } from "../graph.ts";
import { unknown, type NodeView } from "./node-view.ts";

/** [N, C, spatial...] and weights [M, C / group, kernel...] -> [N, M, spatial...] (Conv, opset 1 to 22). */
export function convShape(node: NodeView, input: readonly Dim[], weights: readonly Dim[]): Dim[] {
  const kernel = node.ints("kernel_shape") ?? weights.slice(2);
  return [input[0], weights[0], ...slide(node, input, kernel, false)];
}

/** [N, C, spatial...] -> [N, C, spatial...] (MaxPool, AveragePool, LpPool). */
export function poolShape(node: NodeView): Dim[] {
  const input = node.dims(0);
  return [
    input[0],
    input[1],
    ...slide(node, input, node.ints("kernel_shape") ?? unknown(), node.int("ceil_mode", 0) === 1),
  ];
}

/** [N, C, spatial...] and weights [C, M / group, kernel...] -> [N, M, spatial...] (ConvTranspose, opset 1 to 22). */
export function convTransposeShape(node: NodeView): Dim[] {
  const [input, weights] = [node.dims(0), node.dims(1)];
  const perGroup = weights[1];
  const channels = typeof perGroup === "number" ? perGroup * node.int("group", 1) : null;
  const kernel = node.ints("kernel_shape") ?? weights.slice(2);
  const given = node.ints("output_shape");
  const { strides, dilations, pads, autoPad } = settings(node, kernel.length);
  const extra = node.ints("output_padding") ?? kernel.map(() => 0);
  const spatial = kernel.map((size, i) => {
    if (given !== undefined) return given[given.length - kernel.length + i];
    const from = input[i + 2];
    if (typeof from !== "number" || typeof size !== "number") return null;
    if (autoPad.startsWith("SAME")) return from * strides[i];
    const padding = autoPad === "NOTSET" ? pads[i] + pads[i + kernel.length] : 0;
    return strides[i] * (from - 1) + extra[i] + (size - 1) * dilations[i] + 1 - padding;
  });
  return [input[0], channels, ...spatial];
}

function settings(
  node: NodeView,
  rank: number,
): { strides: readonly number[]; dilations: readonly number[]; pads: readonly number[]; autoPad: string } {
  return {
    strides: node.ints("strides") ?? new Array<number>(rank).fill(1),
    dilations: node.ints("dilations") ?? new Array<number>(rank).fill(1),
    pads: node.ints("pads") ?? new Array<number>(2 * rank).fill(0),
    autoPad: node.string("auto_pad", "NOTSET"),
  };
}

function slide(node: NodeView, input: readonly Dim[], kernel: readonly Dim[], ceil: boolean): Dim[] {
  const { strides, dilations, pads, autoPad } = settings(node, kernel.length);
  return kernel.map((size, i) => {
    const from = input[i + 2];
    if (typeof from !== "number" || typeof size !== "number") return null;
    if (autoPad.startsWith("SAME")) return Math.ceil(from / strides[i]);
    const [before, after] = autoPad === "NOTSET" ? [pads[i], pads[i + kernel.length]] : [0, 0];
    const steps = (from + before + after - (dilations[i] * (size - 1) + 1)) / strides[i];
    if (!ceil) return Math.floor(steps) + 1;
    const count = Math.ceil(steps) + 1;
    // A window that would start in the padding behind the input is left out.
    return (count - 1) * strides[i] >= from + before ? count - 1 : count;
  });
}
