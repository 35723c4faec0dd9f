import type { Along, LineArtifact, LineAxis, SpatialAxes } from "../../protocol/artifacts.ts";
import { framesFor, inputFrames } from "./frames.ts";
import type { AttributionLooks, Picturing } from "./pictures.ts";
import type { InputInfo } from "./technique.ts";

/** What lines are about: the input as a whole, a layer that covers all of it, or axes of which nothing is known. */
export type LinesAbout = "input" | "layer" | "axes";

/**
 * Values with steps and channels as lines. `axes`: as a map has them, steps from left to right. About the input they are
 * the colours of its own line; of a layer they are the lines.
 */
export function linesOf(
  context: Pick<Picturing, "input" | "output">,
  values: Float32Array,
  dims: readonly number[],
  { frame, height, width }: SpatialAxes,
  looks: AttributionLooks,
  about: LinesAbout,
): LineArtifact {
  const signal = about === "input" ? signalOf(context) : undefined;
  const names = about === "input" ? context.input.signal?.names : undefined;
  const axes = { along: width, channel: height, ...(frame === undefined ? {} : { frame }) };
  return {
    kind: "line",
    ...looks,
    values,
    dims,
    axes,
    x: axisOf(about === "axes" ? undefined : signalInputOf(context), dims[width], about),
    ...(names ? { channels: names } : {}),
    ...(signal ? { signal } : {}),
    ...framesFor(context, { frame, height, width }, dims),
    smooth: false,
  };
}

/** Along `steps` values that cover a signal: in seconds where its rate is known, else in samples, or a layer's steps. */
function axisOf(input: InputInfo | undefined, steps: number, about: LinesAbout): LineAxis {
  if (!input?.signal) return { label: "step", start: 0, step: 1 };
  const { rate, along } = input.signal;
  // Values of a coarser layer lie in the middle of the samples that they are about.
  const each = input.dims[along] / steps;
  if (rate !== undefined) return { label: "time", unit: "s", start: (each - 1) / 2 / rate, step: each / rate };
  return about === "layer"
    ? { label: "step", start: 0, step: 1 }
    : { label: "sample", start: (each - 1) / 2, step: each };
}

/** The one explained input that is a signal; undefined where there are none or several. */
function signalInputOf({ input }: Pick<Picturing, "input">): InputInfo | undefined {
  const signals = (input.parts?.map(({ shown }) => shown) ?? [input]).filter((one) => one.signal !== undefined);
  return signals.length === 1 ? signals[0] : undefined;
}

/** The explained input, where it is a signal. */
function signalOf(context: Pick<Picturing, "input" | "output">): (Along & { title: string }) | undefined {
  const { name, of, dims, values, given, signal } = context.input;
  if (!signal) return undefined;
  const frames = inputFrames(context);
  const frame = frames?.stride === 1 ? { frame: frames.axis } : {};
  return {
    title: of ?? name,
    values: given ?? values,
    dims,
    axes: { along: signal.along, channel: signal.channel, ...frame },
  };
}
