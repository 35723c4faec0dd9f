import type { Body } from "./body.ts";
import type { StandIn } from "./fused.ts";

/**
 * The largest and the smaller number of channels that ONNX Runtime lays side by side (16 with AVX-512 and on ARM, else
 * 8).
 */
const BLOCKS = [16, 8] as const;

function conv(b: Body, x: string, weight: string, sum: string, domain = ""): void {
  const y = b.op("Conv", [x, weight, b.x(2)], b.without("activation", "activation_params"), domain);
  b.activated(sum === "" ? y : b.op("Add", [y, sum]));
}

/** An operator whose first input has its channels last: the standard one between two Transposes. */
function between(
  opType: string,
  {
    rank = () => 4,
    domain = "",
    dropped = [] as readonly string[],
  }: { rank?: (b: Body) => number; domain?: string; dropped?: readonly string[] } = {},
): StandIn {
  return (b) => {
    if (b.node.outputs[1]) return false;
    const [, ...others] = b.node.inputs;
    const own = rank(b);
    b.last("Transpose", [b.op(opType, [b.channelsFirst(b.x(0), own), ...others], b.without(...dropped), domain)], {
      perm: b.channelsLast(own),
    });
    return true;
  };
}

const byWeight =
  (index: number) =>
  (b: Body): number =>
    b.dims(index)?.length ?? 4;
const byInput = (b: Body): number => b.dims(0)?.length ?? 4;

/** com.ms.internal.nhwc: channels last, weights as in the standard operators. */
export const CHANNELS_LAST: Readonly<Record<string, StandIn>> = {
  Conv: between("Conv", { rank: byWeight(1) }),
  ConvTranspose: between("ConvTranspose", { rank: byWeight(1) }),
  QLinearConv: between("QLinearConv", { rank: byWeight(3) }),
  QLinearAveragePool: between("QLinearAveragePool", {
    rank: byInput,
    domain: "com.microsoft",
    dropped: ["channels_last"],
  }),
  ...Object.fromEntries(
    [
      "MaxPool",
      "AveragePool",
      "GlobalAveragePool",
      "GlobalMaxPool",
      "LpPool",
      "GlobalLpPool",
      "BatchNormalization",
      "InstanceNormalization",
      "LRN",
      "DepthToSpace",
      "SpaceToDepth",
      "GridSample",
    ].map((opType) => [opType, between(opType, { rank: byInput })]),
  ),
  // Its sizes are in the order of the axes, whatever that is.
  Resize: (b) => {
    b.last("Resize", b.node.inputs, b.node.attributes);
    return true;
  },
};

/** com.microsoft's operators with channels last. */
export const NHWC: Readonly<Record<string, StandIn>> = {
  // The weights' channels are last, too: [outputs, height, width, inputs].
  NhwcConv: (b) => {
    const y = b.op("Conv", [b.channelsFirst(b.x(0)), b.channelsFirst(b.x(1)), b.x(2)], b.node.attributes);
    b.last("Transpose", [y], { perm: b.channelsLast() });
    return true;
  },
  NhwcFusedConv: (b) => {
    const rank = byWeight(1)(b);
    const y = b.op(
      "Conv",
      [b.channelsFirst(b.x(0), rank), b.x(1), b.x(2)],
      b.without("activation", "activation_params"),
    );
    const back = b.op("Transpose", [y], { perm: b.channelsLast(rank) });
    b.activated(b.has(3) ? b.op("Add", [back, b.x(3)]) : back);
    return true;
  },
  QLinearConv: (b) => {
    if (b.int("channels_last", 0) !== 0)
      return between("QLinearConv", { rank: byWeight(3), dropped: ["channels_last"] })(b);
    b.last("QLinearConv", b.node.inputs, b.without("channels_last"));
    return true;
  },
  // Before opset 12 MaxPool knows no integers.
  NhwcMaxPool: (b) => b.around.opset >= 12 && between("MaxPool", { rank: byInput })(b),
};

/** How many channels lie side by side: known, or a value that the model computes. */
export interface Block {
  /** A list of one number. */
  readonly value: string;
  readonly known: number | undefined;
}

/** The blocks' size, as far as the sizes of what is blocked tell; undefined: ask ONNX Runtime. */
export function blockOf(channels: readonly number[]): number | undefined {
  return channels.every((count) => count % BLOCKS[0] === 0) ? undefined : BLOCKS[1];
}

/** What ONNX Runtime pads four channels to, the fewest it takes, on this machine. */
export function probedBlock(b: Body): string {
  const padded = b.op(
    "ReorderInput",
    [b.floats([1, 1, 1, 1], [1, 4, 1, 1])],
    { channels_last: 0 },
    "com.microsoft.nchwc",
  );
  return b.op("Gather", [b.op("Shape", [padded]), b.ints(1)]);
}

/**
 * com.microsoft.nchwc, what ONNX Runtime writes at its highest level of optimization: channels in blocks, the last one
 * filled up with zeros. Here they lie as usual, filled up all the same.
 */
export function blockedStandIn(b: Body, block: Block, blocked: ReadonlySet<string>): boolean {
  const { node } = b;
  switch (node.opType) {
    case "ReorderInput": {
      const x = b.int("channels_last", 0) !== 0 ? b.channelsFirst(b.x(0)) : b.x(0);
      const shape = b.op("Shape", [x]);
      const channels = b.op("Gather", [shape, b.ints(1)]);
      const up = b.op("Mul", [
        b.op("Div", [b.op("Sub", [b.op("Add", [channels, block.value]), b.ints(1)]), block.value]),
        block.value,
      ]);
      const at = (axis: number): string => b.op("Gather", [shape, b.ints(axis)]);
      const zeros = b.op("Expand", [
        b.floats([0], [1]),
        b.op("Concat", [at(0), b.op("Sub", [up, channels]), at(2), at(3)], { axis: 0 }),
      ]);
      b.last("Concat", [x, zeros], { axis: 1 });
      return true;
    }
    case "ReorderOutput": {
      const kept = b.slice(b.x(0), 1, b.ints(0), b.ints(b.int("channels", 0)));
      if (b.int("channels_last", 0) !== 0) b.last("Transpose", [kept], { perm: b.channelsLast() });
      else b.gives(0, kept);
      return true;
    }
    case "Conv": {
      const weight = plainWeight(b, block, blocked.has(b.x(0)));
      if (weight === undefined) return false;
      conv(b, b.x(0), weight, b.x(3));
      return true;
    }
    case "Upsample": {
      const scales = node.attributes.scales?.type === "ints" ? node.attributes.scales.value : undefined;
      if (!scales || b.around.opset < 11) return false;
      b.last("Resize", [b.x(0), "", b.floats(scales, [scales.length])], {
        mode: b.string("mode", "nearest"),
        coordinate_transformation_mode: b.string("coordinate_transformation_mode", "asymmetric"),
        nearest_mode: "floor",
      });
      return true;
    }
    case "MaxPool":
    case "AveragePool":
    case "GlobalAveragePool":
    case "GlobalMaxPool":
      b.last(node.opType, node.inputs, node.attributes);
      return true;
    default:
      return false;
  }
}

/**
 * A convolution's weights [outputs, inputs, height, width], which lie as [outputs / block, (inputs / block,) height,
 * width, (block,) block].
 */
function plainWeight(b: Body, { value: block, known }: Block, blockedInput: boolean): string | undefined {
  const dims = b.dims(1);
  if (dims?.length !== 4 || !dims.every((dim) => typeof dim === "number")) return undefined;
  const [outputs, inputs, height, width] = dims;
  // Those of the first layer, and one filter for each channel, have the outputs in blocks alone.
  const both = blockedInput && inputs > 1 && inputs % (known ?? BLOCKS[1]) === 0;
  const parts = (count: number): string => b.op("Div", [b.ints(count), block]);
  const shape = b.op(
    "Concat",
    both
      ? [parts(outputs), parts(inputs), b.ints(height, width), block, block]
      : [parts(outputs), b.ints(inputs, height, width), block],
    { axis: 0 },
  );
  const turned = b.op("Transpose", [b.op("Reshape", [b.x(1), shape])], {
    perm: both ? [0, 5, 1, 4, 2, 3] : [0, 4, 1, 2, 3],
  });
  return b.op("Reshape", [turned, b.ints(outputs, inputs, height, width)]);
}
