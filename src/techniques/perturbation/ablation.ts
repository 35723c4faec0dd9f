import { elementCount } from "../../model/graph.ts";
import { batchFor } from "../../runtime/batch.ts";
import { openPartialModel } from "../../runtime/partial-model.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import type { SampleContext, PartEffects } from "../framework/technique.ts";

/** Sets of the input's elements that are hidden one set after another. */
export interface Parts {
  readonly count: number;
  /** What one is called: "Box". */
  readonly name: string;
  /** Flat indices of a part's elements. */
  elements(part: number): ArrayLike<number>;
  /** "0:16, 16:32" along the axes that parts divide, or a label's number. */
  label(part: number): string;
}

/** A box that moves over the input: sizes and steps per axis, batch axis included. */
export interface Sliding {
  readonly window: readonly number[];
  readonly stride: readonly number[];
}

/**
 * Effects of parts. `values`: in the input's shape, each element the mean over the parts that it belongs to, as Captum
 * gives them.
 */
export interface Ablated extends PartEffects {
  readonly values: Float32Array;
}

/**
 * By how much the score falls when each part of the input is set to what `baseline` has there. Runs several copies at
 * once where the model's batch axis is open. Stops between runs when cancelled.
 */
export async function ablate(context: SampleContext, parts: Parts, baseline: Float32Array): Promise<Ablated> {
  const { name, values: input } = context.input;
  const { value: to } = await context.score();
  const tail = await openPartialModel(context.model, context.feeds, {
    from: name,
    to,
    batch: batchFor(input.length, parts.count),
  });
  if (!tail) throw context.independent(name);
  try {
    const whole = context.scoreIn((await tail.run([input]))[0]);
    const effects = new Float64Array(parts.count);
    for (let done = 0; done < parts.count; done += tail.batch) {
      context.signal.throwIfAborted();
      context.progress(done / parts.count, `${parts.name} ${done + 1} of ${parts.count}`);
      const hidden = Array.from({ length: Math.min(tail.batch, parts.count - done) }, (_, i) =>
        parts.elements(done + i),
      );
      const scores = await tail.run(hidden.map((elements) => withHidden(input, baseline, elements)));
      hidden.forEach((_, i) => {
        effects[done + i] = whole - context.scoreIn(scores[i]);
      });
      await yieldToEventLoop();
    }
    const lay = (all: ArrayLike<number>): Pick<Ablated, "values" | "shares"> => laid(parts, all, input.length);
    const { values, shares } = lay(effects);
    context.checkFinite(values, name);
    if (values.every((value) => value === 0)) {
      const equal = input.every((value, i) => value === baseline[i]);
      const what = Object.keys(context.feeds).length > 1 ? `input "${name}"` : "input";
      context.note(
        equal
          ? `The ${what} equals the baseline everywhere, so hiding parts of it changes nothing.`
          : `The score stays the same whatever part of the ${what} is hidden.`,
      );
    }
    return { values, parts: Float32Array.from(effects), shares, lay };
  } finally {
    await tail.release();
  }
}

/** Each element with the mean over the parts that it belongs to, of their effects and of its shares in them. */
function laid(parts: Parts, effects: ArrayLike<number>, count: number): Pick<Ablated, "values" | "shares"> {
  const [sum, shared, covered] = [new Float64Array(count), new Float64Array(count), new Uint32Array(count)];
  for (let part = 0; part < parts.count; part++) {
    const elements = parts.elements(part);
    for (let at = 0; at < elements.length; at++) {
      sum[elements[at]] += effects[part];
      shared[elements[at]] += effects[part] / elements.length;
      covered[elements[at]]++;
    }
  }
  const overParts = (total: number, element: number): number => total / Math.max(1, covered[element]);
  return { values: Float32Array.from(sum, overParts), shares: Float32Array.from(shared, overParts) };
}

function withHidden(input: Float32Array, baseline: Float32Array, elements: ArrayLike<number>): Float32Array {
  const copy = input.slice();
  for (let at = 0; at < elements.length; at++) copy[elements[at]] = baseline[elements[at]];
  return copy;
}

/** The boxes under a sliding window. As in Captum, the last along an axis may reach over the edge. */
export function boxes(dims: readonly number[], { window, stride }: Sliding, name: string): Parts {
  const counts = placesOf(dims, { window, stride });
  const rangesOf = (part: number): [from: number, before: number][] =>
    coordinates(part, counts).map((index, axis) => {
      const start = index * stride[axis];
      return [start, Math.min(start + window[axis], dims[axis])];
    });
  return {
    count: elementCount(counts),
    name,
    elements(part) {
      const ranges = rangesOf(part);
      return elementsIn(
        dims,
        ranges.map(([from]) => from),
        ranges.map(([, before]) => before),
      );
    },
    label: (part) =>
      rangesOf(part)
        .filter((_, axis) => counts[axis] > 1)
        .map(([from, before]) => (before === from + 1 ? String(from) : `${from}:${before}`))
        .join(", "),
  };
}

/** The sets of elements that share a label, called as `nameOf` has them. Labels without elements are left out. */
export function labelled(labels: Int32Array, name: string, nameOf: (label: number) => string = String): Parts {
  const sets = new Map<number, number[]>();
  labels.forEach((label, element) => {
    const set = sets.get(label);
    if (set) set.push(element);
    else sets.set(label, [element]);
  });
  const [numbers, parts] = [[...sets.keys()], [...sets.values()]];
  return { count: parts.length, name, elements: (part) => parts[part], label: (part) => nameOf(numbers[part]) };
}

/** Parts of an input's integers as parts of the vectors that are looked up for them. */
export function throughPlaces(parts: Parts, places: Int32Array): Parts {
  const elements = new Map<number, number[]>();
  places.forEach((integer, element) => {
    const own = elements.get(integer);
    if (own) own.push(element);
    else elements.set(integer, [element]);
  });
  return {
    ...parts,
    elements: (part) => Array.from(parts.elements(part)).flatMap((integer) => elements.get(integer) ?? []),
  };
}

/** How many places a window has along each axis: enough to reach the end. */
function placesOf(dims: readonly number[], { window, stride }: Sliding): number[] {
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
  return dims.reduce<number[]>(
    (flat, size, axis) =>
      flat.flatMap((index) => {
        const inside: number[] = [];
        for (let at = starts[axis]; at < ends[axis]; at++) inside.push(index * size + at);
        return inside;
      }),
    [0],
  );
}
