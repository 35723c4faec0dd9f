import type { SpatialAxes } from "../protocol/artifacts.ts";
import type { InputRecipe } from "../protocol/recipe.ts";
import { unprepare } from "./preprocess.ts";

/**
 * Which axes of an array are a picture's: one or three channels over height and width above one. Undefined where it is
 * none.
 */
export function imageAxes(dims: readonly number[], recipe: InputRecipe): SpatialAxes | undefined {
  if (dims.length !== 3 && dims.length !== 4) return undefined;
  const first = dims.length - 3;
  const nchw = { channel: first, height: first + 1, width: first + 2 };
  const nhwc = { channel: first + 2, height: first, width: first + 1 };
  const fits = (axes: Required<Omit<SpatialAxes, "frame">>): boolean =>
    [1, 3].includes(dims[axes.channel]) && dims[axes.height] > 1 && dims[axes.width] > 1;
  const order = recipe.kind === "image" && recipe.layout === "nhwc" ? [nhwc, nchw] : [nchw, nhwc];
  // Without a batch axis, one channel is as likely a batch of sequences: only a recipe for pictures settles that.
  return order.find((axes) => fits(axes) && (dims.length === 4 || recipe.kind === "image" || dims[axes.channel] === 3));
}

/**
 * The first picture of an array in display colours: by undoing the recipe where the values fit it, else from the least
 * (black) to the largest finite value (white), or what `ends` says is black and white.
 */
export function displayArray(
  values: ArrayLike<number>,
  dims: readonly number[],
  axes: SpatialAxes,
  recipe: InputRecipe,
  ends?: { readonly least: number; readonly most: number },
): { width: number; height: number; pixels: Uint8Array } {
  const [height, width] = [dims[axes.height], dims[axes.width]];
  const channels = axes.channel === undefined ? 1 : dims[axes.channel];
  const size = height * width * channels;
  if (recipe.kind === "image") {
    const first = Float64Array.from({ length: size }, (_, i) => values[i]);
    const sameLayout = (recipe.layout === "nhwc") === (axes.channel === dims.length - 1);
    const matches = sameLayout && recipe.size[0] === height && recipe.size[1] === width;
    const pixels = matches ? unprepare(first, recipe) : undefined;
    if (pixels) return { width, height, pixels };
  }
  const { least, most } = ends ?? finiteEnds(values, size);
  const scale = most > least ? 255 / (most - least) : 0;
  const last = axes.channel === dims.length - 1;
  const pixels = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    for (let shown = 0; shown < 3; shown++) {
      const c = channels === 1 ? 0 : shown;
      const value = values[last ? i * channels + c : c * height * width + i];
      pixels[3 * i + shown] = Number.isFinite(value) ? Math.round((value - least) * scale) : 0;
    }
  }
  return { width, height, pixels };
}

/** The least and the largest finite of the first `count` values. */
export function finiteEnds(values: ArrayLike<number>, count: number): { least: number; most: number } {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(values[i])) continue;
    least = Math.min(least, values[i]);
    most = Math.max(most, values[i]);
  }
  return { least, most };
}
