import type { DenseSource } from "../../../protocol/artifacts.ts";
import type { ModelOutput } from "../../../runtime/outputs.ts";
import type { InputInfo } from "../../framework/technique.ts";

/** An output with a value, or several, for each place of the input's picture; of a batch the first entry. */
export interface DenseOutput {
  readonly source: DenseSource;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** One channel's value. */
  at(channel: number, row: number, column: number): number;
}

/**
 * How an output lies over the input's picture: [N, K, H, W], [N, H, W, K] or [N, H, W]. Of four axes those two are
 * height and width that have the picture's proportions; where both orders do, those of the input's own layout.
 * Undefined where it is no map.
 */
export function denseOutput(
  { name, dims, values }: Pick<ModelOutput, "name" | "dims" | "values">,
  input: Pick<InputInfo, "axes" | "dims" | "layout">,
): DenseOutput | undefined {
  if (!input.axes || input.layout?.spatial.length !== 2) return undefined;
  const axes = mapAxes(dims, input.axes, input.dims);
  if (!axes) return undefined;
  const stride = (axis: number | undefined): number =>
    axis === undefined ? 0 : dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const [sc, sy, sx] = [stride(axes.channel), stride(axes.height), stride(axes.width)];
  return {
    source: { output: name, dims, axes },
    channels: axes.channel === undefined ? 1 : dims[axes.channel],
    height: dims[axes.height],
    width: dims[axes.width],
    at: (channel, row, column) => values[channel * sc + row * sy + column * sx],
  };
}

function mapAxes(
  dims: readonly number[],
  axes: NonNullable<InputInfo["axes"]>,
  inputDims: readonly number[],
): DenseSource["axes"] | undefined {
  const picture = { height: inputDims[axes.height], width: inputDims[axes.width] };
  const fits = (height: number, width: number): boolean =>
    dims[height] > 1 && dims[width] > 1 && sameShape(dims[height], dims[width], picture);
  if (dims.length === 3) return fits(1, 2) ? { height: 1, width: 2 } : undefined;
  if (dims.length !== 4) return undefined;
  const first = { channel: 1, height: 2, width: 3 };
  const last = { height: 1, width: 2, channel: 3 };
  const [isFirst, isLast] = [fits(2, 3), fits(1, 2)];
  if (isFirst !== isLast) return isFirst ? first : last;
  if (isFirst) return axes.channel === inputDims.length - 1 ? last : first;
  // A map of other proportions: a model may cut its borders.
  return axes.channel !== inputDims.length - 1 && dims[2] > 1 && dims[3] > 1 ? first : undefined;
}

/** Equal proportions but for what strides round off: 5 % of a side, or a place. */
function sameShape(
  height: number,
  width: number,
  picture: { readonly height: number; readonly width: number },
): boolean {
  const expected = (width * picture.height) / picture.width;
  return Math.abs(height - expected) <= Math.max(1, 0.05 * expected);
}
