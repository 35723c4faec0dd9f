import type { Along, LineArtifact, SpatialAxes } from "../../protocol/artifacts.ts";
import type { Layout } from "../../runtime/layout.ts";
import { framesFor, inputFrames } from "./frames.ts";
import type { AttributionLooks, Picturing } from "./pictures.ts";

/** Whether a value has one dimension of space, and is no text: a signal, a series, recurrent steps. */
export function isSignal(layout: Layout | undefined): boolean {
  return layout?.spatial.length === 1 && layout.tokens === undefined;
}

/**
 * Values with steps and channels as lines. `axes`: as a map has them, steps from left to right. `over`: whether they are
 * about the input as a whole, which is then drawn above their colours.
 */
export function linesOf(
  context: Pick<Picturing, "input" | "output">,
  values: Float32Array,
  dims: readonly number[],
  { frame, height, width }: SpatialAxes,
  looks: AttributionLooks,
  over: boolean,
): LineArtifact {
  const signal = over ? signalOf(context) : undefined;
  const axes = { along: width, channel: height, ...(frame === undefined ? {} : { frame }) };
  const step = signal ? signal.dims[signal.axes.along] / dims[width] : 1;
  return {
    kind: "line",
    ...looks,
    values,
    dims,
    axes,
    // Values of a coarser layer lie in the middle of the steps that they are about.
    x: { label: "step", start: (step - 1) / 2, step },
    ...(signal ? { signal } : {}),
    ...framesFor(context, { frame, height, width }, dims),
    smooth: false,
  };
}

/** The explained input, where it is a signal. */
function signalOf(context: Pick<Picturing, "input" | "output">): (Along & { title: string }) | undefined {
  const { name, of, layout, dims, values, given, tokensOf } = context.input;
  if (tokensOf !== undefined || !isSignal(layout) || layout?.channel === undefined) return undefined;
  const frames = inputFrames(context);
  const frame = frames?.stride === 1 ? { frame: frames.axis } : {};
  return {
    title: of ?? name,
    values: given ?? values,
    dims,
    axes: { along: layout.spatial[0], channel: layout.channel, ...frame },
  };
}
