/**
 * What the axes of a value are made of. A network moves space about: a vision transformer lays the rows of a map one
 * after another and puts a class token before them, Swin cuts maps into windows and joins neighbours into channels. So
 * an axis is a list of parts, outermost first, each a part of the picture's height or width, of the channels, or of the
 * batch; Reshape splits and joins parts, Transpose moves axes, and a map is found again wherever the outermost parts of
 * height and width are.
 */

/** One factor of an axis. */
export interface Part {
  /**
   * The index of a dimension of space (0: height of a picture), or what else it is: "frame" is a place in a row of
   * pictures.
   */
  readonly of: number | "channel" | "batch" | "frame" | "other";
  readonly size: number;
  /** How many places of its dimension one step is: the product of the finer parts' sizes. */
  readonly scale: number;
  /** The size of its whole dimension. */
  readonly full: number;
}

export interface Axis {
  readonly parts: readonly Part[];
  /** Entries before and after the parts: class, distillation and register tokens. */
  readonly before: number;
  readonly after: number;
}

export type Axes = readonly Axis[];

export function axisOf(of: Part["of"], size: number): Axis {
  return { parts: [{ of, size, scale: 1, full: size }], before: 0, after: 0 };
}

const EMPTY: Axis = { parts: [], before: 0, after: 0 };

export function unknownAxis(size: number): Axis {
  return size === 1 ? EMPTY : axisOf("other", size);
}

/** Whether a part of space is the outermost one: those of an axis make a (coarser) map. */
export function isOutermost({ of, size, scale, full }: Part): boolean {
  return typeof of === "number" && size * scale === full;
}

export function holdsSpace({ parts }: Axis): boolean {
  return parts.some(isOutermost);
}

function holdsOthers({ before, after }: Axis): boolean {
  return before + after > 0;
}

/** The same axis at another size: cropped, resized, padded, with other channels. */
export function resized(axis: Axis, size: number): Axis {
  if (axis.parts.length === 1 && !holdsOthers(axis)) return axisOf(axis.parts[0].of, size);
  return axis.parts.length > 1 && !holdsSpace(axis) && axis.parts.every(({ of }) => of !== "batch")
    ? axisOf("channel", size)
    : unknownAxis(size);
}

/** Entries `start`, `start + step` … of an axis of `whole` entries, `size` of them. */
export function sliced(axis: Axis, whole: number, start: number, step: number, size: number): Axis {
  if (start === 0 && size === whole && step === 1) return axis;
  // Less than half of a map, or one turned round, is no picture of the whole.
  const other = step < 0 || (step === 1 && size * 2 < whole);
  if (axis.parts.length === 1 && !holdsOthers(axis))
    return holdsSpace(axis) && other ? unknownAxis(size) : resized(axis, size);
  if (step !== 1 || !holdsSpace(axis)) return resized(axis, size);
  const after = start + size - (whole - axis.after);
  return start <= axis.before && after >= 0
    ? { parts: axis.parts, before: axis.before - start, after }
    : unknownAxis(size);
}

/** Several values after one another along an axis; undefined ones are nothing known, such as a class token. */
export function concatenated(inputs: readonly { readonly axis: Axis | undefined; readonly size: number }[]): Axis {
  const total = inputs.reduce((sum, { size }) => sum + size, 0);
  const maps = inputs.filter(({ axis }) => axis && holdsSpace(axis));
  if (maps.length === 0)
    return inputs.some(({ axis }) => axis?.parts.some(({ of }) => of === "channel"))
      ? axisOf("channel", total)
      : unknownAxis(total);
  // Halves that were rolled, or maps of several scales: no picture of the input any more.
  if (maps.length > 1) return unknownAxis(total);
  const place = inputs.indexOf(maps[0]);
  const sizes = (list: typeof inputs): number => list.reduce((sum, { size }) => sum + size, 0);
  const axis = maps[0].axis!;
  return {
    parts: axis.parts,
    before: axis.before + sizes(inputs.slice(0, place)),
    after: axis.after + sizes(inputs.slice(place + 1)),
  };
}

/** Axes after a Reshape, row-major; undefined where parts do not come apart as it asks. */
export function reshaped(axes: Axes, from: readonly number[], to: readonly number[]): Axes | undefined {
  let start = 0;
  while (start < Math.min(from.length, to.length) && from[start] === to[start]) start++;
  let end = 0;
  while (end < Math.min(from.length, to.length) - start && from[from.length - 1 - end] === to[to.length - 1 - end])
    end++;
  const middle = regrouped(
    axes.slice(start, axes.length - end),
    from.slice(start, from.length - end),
    to.slice(start, to.length - end),
  );
  return middle && [...axes.slice(0, start), ...middle, ...axes.slice(axes.length - end)];
}

function regrouped(axes: Axes, from: readonly number[], to: readonly number[]): Axis[] | undefined {
  // An axis with tokens apart does not come apart.
  const queue = axes.flatMap((axis, index): (Part | { readonly whole: Axis; readonly size: number })[] => {
    if (holdsOthers(axis)) return [{ whole: axis, size: from[index] }];
    return axis.parts.length > 0 ? axis.parts.filter(({ size }) => size > 1) : unknownAxis(from[index]).parts.slice();
  });
  const out: Axis[] = [];
  for (const size of to) {
    const parts: Part[] = [];
    let whole: Axis | undefined;
    for (let need = size; need > 1;) {
      const next = queue.shift();
      if (next === undefined) return undefined;
      if ("whole" in next) {
        if (next.size !== size) return undefined;
        whole = next.whole;
        need = 1;
      } else if (need % next.size === 0) {
        parts.push(next);
        need /= next.size;
      } else if (next.size % need === 0) {
        const rest = next.size / need;
        parts.push({ ...next, size: need, scale: next.scale * rest });
        queue.unshift({ ...next, size: rest });
        need = 1;
      } else {
        return undefined;
      }
    }
    out.push(whole ?? enlarged({ parts: joined(parts), before: 0, after: 0 }, size));
  }
  return queue.every(({ size }) => size === 1) ? out : undefined;
}

/** Neighbouring parts of one dimension, outer and inner, are one. */
function joined(parts: readonly Part[]): Part[] {
  return parts.reduce<Part[]>((list, part) => {
    const last = list.at(-1);
    if (last && last.of === part.of && last.full === part.full && last.scale === part.size * part.scale) {
      list.splice(-1, 1, { ...part, size: last.size * part.size });
    } else {
      list.push(part);
    }
    return list;
  }, []);
}

/** Channels that were laid between places (pixel shuffle) make a finer map. */
function enlarged(axis: Axis, size: number): Axis {
  const [first, ...rest] = axis.parts;
  return rest.length > 0 && isOutermost(first) && rest.every(({ of }) => of === "channel")
    ? axisOf(first.of, size)
    : axis;
}
