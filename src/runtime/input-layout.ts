import type { Graph, Node } from "../model/graph.ts";
import { channelAxisOf3, isState } from "./input-use.ts";
import { channelsFirst, type Layout } from "./layout.ts";
import { hasTrait } from "../model/operators.ts";

/** How an input is read: its axes, and what of that is a guess, in a sentence. */
export interface InputLayout {
  readonly layout: Layout | undefined;
  readonly assumed?: string;
}

/** So many channels a picture has. */
const PICTURE: ReadonlySet<number> = new Set([1, 3, 4]);

/**
 * The axes of an input by its shape; for three by what takes it ([N, C, L] for a convolution, [N, T, C] for a dense or
 * recurrent layer), and for five axes by the first convolution that it comes to: one over two axes makes it a row of
 * pictures ([N, T, C, H, W], [N, C, T, H, W] or [N, T, H, W, C], by how many channels the convolution takes), one over
 * three a volume.
 */
export function inputLayout(graph: Graph, name: string, dims: readonly number[]): InputLayout {
  if (dims.length >= 3 && isState(graph, name)) return { layout: undefined };
  if (dims.length === 3 && channelAxisOf3(graph, name) === 2) return { layout: { channel: 2, spatial: [1] } };
  if (dims.length !== 5) return { layout: channelsFirst(dims.length) };
  const found = firstConvolution(graph, name);
  const said = `"${name}" [${dims.join(", ")}]`;
  if (!found) {
    const frames = PICTURE.has(dims[2]) && !PICTURE.has(dims[1]);
    const assumed = frames
      ? `${said} is read as ${dims[1]} frames of ${dims[2]} channels, which is assumed: neither its shape nor the graph determines it.`
      : `${said} is read as a volume with ${channelText(dims[1])}, or ${channelText(dims[1])} of ${dims[2]} frames, which is assumed: neither its shape nor the graph determines it.`;
    return { layout: frames ? videoOf(dims, 1, 2) : channelsFirst(5), assumed };
  }
  const { axes, channels } = found;
  // A kernel over three axes fits the shape as it is written, unless the channels say otherwise.
  const channel = (axes === 3 ? [1, 2, 4] : [2, 1, 4]).find((axis) => dims[axis] === channels);
  if (axes === 3) {
    const at = channel ?? 1;
    const depth = at === 1 ? 2 : 1;
    const layout = { channel: at, spatial: [1, 2, 3, 4].filter((axis) => axis !== at) };
    if (dims[depth] === 1) return { layout };
    return {
      layout,
      assumed: `Axis ${depth} of ${said} is depth or time: the model treats it like height and width, and each of its ${dims[depth]} slices is shown.`,
    };
  }
  if (channel === undefined)
    return {
      layout: channelsFirst(5),
      assumed: `${said} is read as a volume: no axis has the ${channels} channels that the first convolution takes.`,
    };
  return {
    layout: videoOf(dims, channel === 1 ? 2 : 1, channel),
    ...(ambiguous(dims, channels)
      ? {
          assumed: `Axis ${channel} of ${said} is read as channels and axis ${channel === 1 ? 2 : 1} as frames: both have ${channels} entries.`,
        }
      : {}),
  };
}

function channelText(count: number): string {
  return count === 1 ? "1 channel" : `${count} channels`;
}

function videoOf(dims: readonly number[], frame: number, channel: number): Layout {
  return {
    channel,
    spatial: [1, 2, 3, 4].filter((axis) => axis !== frame && axis !== channel),
    frames: { axis: frame, count: dims[frame], stride: 1 },
  };
}

function ambiguous(dims: readonly number[], channels: number): boolean {
  return [1, 2].every((axis) => dims[axis] === channels);
}

/**
 * Of the first convolution after an input: over how many axes it goes, and how many channels it takes. Undefined where
 * none is reached.
 */
function firstConvolution(graph: Graph, name: string): { axes: number; channels: number } | undefined {
  const weights = new Map(graph.initializers.map((tensor) => [tensor.name, tensor.dims]));
  const reached = new Set([name]);
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => reached.has(input))) continue;
    const kernel = hasTrait(node, "convolution") && reached.has(node.inputs[0]) ? kernelOf(node, weights) : undefined;
    if (kernel) return { axes: kernel.length - 2, channels: kernel[1] * groupOf(node) };
    if (leavesPlaces(node)) for (const output of node.outputs) reached.add(output);
  }
  return undefined;
}

/** Whether an operator leaves places and channels where they are, or moves them without mixing. */
function leavesPlaces(node: Node): boolean {
  return hasTrait(node, "moves", "elementwise") || node.opType === "BatchNormalization" || node.opType === "Resize";
}

function kernelOf(node: Node, weights: ReadonlyMap<string, readonly number[]>): readonly number[] | undefined {
  return node.inputs
    .slice(1)
    .map((input) => weights.get(input))
    .find((dims) => dims !== undefined && dims.length >= 3);
}

function groupOf(node: Node): number {
  const group = node.attributes.group;
  return group?.type === "int" ? group.value : 1;
}
