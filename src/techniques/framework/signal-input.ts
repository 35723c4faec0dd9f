import type { Recipe } from "../../protocol/recipe.ts";
import type { Layout } from "../../runtime/layout.ts";

/** An input with one axis of time or place: what it is drawn by. */
export interface SignalInput {
  /** Axes of the input: along the line, and one line for each. */
  readonly along: number;
  readonly channel: number;
  /** Samples a second, where the recipe says so. */
  readonly rate?: number;
  /** What its channels are called, where the recipe says so. */
  readonly names?: readonly string[];
}

/** Whether a value has one dimension of space, and is no text: a signal, a series, recurrent steps. */
export function isSignal(layout: Layout | undefined): boolean {
  return layout?.spatial.length === 1 && layout.tokens === undefined;
}

/**
 * How an input of floats is a signal: by its layout ([N, C, T], [N, T, C]), or, of one sample [1, T], by the recipe's
 * sampling rate. Undefined where it is none.
 */
export function signalInput(
  recipe: Recipe,
  name: string,
  dims: readonly number[],
  layout: Layout | undefined,
): SignalInput | undefined {
  const own = Object.hasOwn(recipe.inputs, name) ? recipe.inputs[name] : undefined;
  const { rate, channels } = own?.kind === "array" ? own : {};
  const axes =
    isSignal(layout) && layout?.channel !== undefined
      ? { along: layout.spatial[0], channel: layout.channel }
      : rate !== undefined && dims.length === 2 && dims[0] === 1
        ? { along: 1, channel: 0 }
        : undefined;
  if (!axes) return undefined;
  return {
    ...axes,
    ...(rate === undefined ? {} : { rate }),
    ...(channels?.length === dims[axes.channel] ? { names: channels } : {}),
  };
}
