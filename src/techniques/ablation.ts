import { elementCount } from "../model/graph.ts";
import { scoreAt, withInput } from "./input-gradient.ts";
import { breathe } from "./noise.ts";
import type { Context } from "./technique.ts";

/** A box that moves over the input: sizes and steps per axis, batch axis included. */
export interface Sliding {
  readonly window: readonly number[];
  readonly stride: readonly number[];
}

/**
 * By how much the score falls when the box under each place of a sliding window is set to what `baseline` has there: in the input's shape, each element
 * the mean over the boxes that cover it. As in Captum, the last box along an axis may reach over the edge. Stops between boxes when cancelled.
 */
export async function ablate(context: Context, { window, stride }: Sliding, baseline: Float32Array): Promise<Float32Array> {
  const { dims, values: input } = context.input;
  const counts = placesOf(dims, { window, stride });
  const places = elementCount(counts);
  const whole = await scoreAt(context, context.feeds);
  const sum = new Float64Array(input.length);
  const covered = new Uint32Array(input.length);
  for (let place = 0; place < places; place++) {
    context.signal.throwIfAborted();
    context.progress(place / places, `Box ${place + 1} of ${places}`);
    const starts = coordinates(place, counts).map((index, axis) => index * stride[axis]);
    const box = elementsIn(dims, starts, starts.map((start, axis) => Math.min(start + window[axis], dims[axis])));
    const hidden = Float32Array.from(input);
    for (const element of box) hidden[element] = baseline[element];
    const fall = whole - (await scoreAt(context, withInput(context, hidden)));
    for (const element of box) {
      sum[element] += fall;
      covered[element]++;
    }
    await breathe();
  }
  const values = Float32Array.from(sum, (total, element) => total / Math.max(1, covered[element]));
  if (values.every((value) => value === 0)) context.note("The score stays the same whatever part of the input is hidden.");
  else context.checkGradient(values, context.input.name);
  return values;
}

/** How many places a window has along each axis: enough to reach the end. */
export function placesOf(dims: readonly number[], { window, stride }: Sliding): number[] {
  return dims.map((size, axis) => Math.ceil((size - window[axis]) / stride[axis]) + 1);
}

function coordinates(flat: number, counts: readonly number[]): number[] {
  const at: number[] = [];
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    at.unshift(flat % counts[axis]);
    flat = Math.floor(flat / counts[axis]);
  }
  return at;
}

/** Flat indices of the elements from `starts` to before `ends`. */
function elementsIn(dims: readonly number[], starts: readonly number[], ends: readonly number[]): number[] {
  return dims.reduce<number[]>((flat, size, axis) => flat.flatMap((index) => {
    const inside: number[] = [];
    for (let at = starts[axis]; at < ends[axis]; at++) inside.push(index * size + at);
    return inside;
  }), [0]);
}
