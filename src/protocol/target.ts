import type { BarsArtifact } from "./artifacts.ts";
import type { TargetSpec } from "./job.ts";
import type { ModelDescription } from "./model.ts";

/** What a target without an index is called. */
export const TOP_PREDICTION = "Top prediction";

/** The index, without the batch axis, of an element of batch entry 0 of an output. */
export function elementIndex(dims: readonly number[], flat: number): number[] {
  const index: number[] = [];
  for (let axis = dims.length - 1; axis >= 1; axis--) {
    index.unshift(flat % dims[axis]);
    flat = Math.floor(flat / dims[axis]);
  }
  return dims.length <= 1 ? [flat] : index;
}

/**
 * An index in the length that `dims` (batch axis first) asks for, where it can only mean one element: axes of length 1
 * may be left out in front, or all together.
 */
export function normaliseIndex(dims: readonly number[], index: readonly number[]): readonly number[] {
  const inner = dims.slice(1);
  if (index.length === inner.length) return index;
  const open = inner.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  if (index.length >= inner.length || index.length < open.length) return index;
  // Axes of length 1 are left out from the front.
  const missing = inner.length - index.length;
  if (inner.slice(0, missing).every((size) => size === 1)) return [...inner.slice(0, missing).map(() => 0), ...index];
  return index.length === open.length
    ? inner.map((_, axis) => (open.includes(axis) ? index[open.indexOf(axis)] : 0))
    : index;
}

/**
 * A target as a person types it: "285", "3,17,20", a region "15,10:20,:" (FROM:BEFORE along an axis; open ends by
 * `dims`, the output's), or "not:0", the other one of two classes that one number tells apart. A string says what is
 * wrong.
 */
export function parseTarget(
  text: string,
  dims?: readonly (number | string | null)[],
): Pick<TargetSpec, "index" | "region" | "not"> | string {
  const negated = /^\s*not\s*:(.*)$/.exec(text);
  if (negated) {
    const target = parseTarget(negated[1], dims);
    return typeof target === "string" || !target.index
      ? `must be not:INDEX, such as not:0, not "${text}"`
      : { index: target.index, not: true };
  }
  const ranges: [number, number][] = [];
  const parts = text.split(",");
  // As many ranges as the output has axes: it has no batch axis, or the person counts it.
  const shift = dims && parts.length === dims.length ? 0 : 1;
  for (const [axis, part] of parts.entries()) {
    const match = /^\s*(?:(\d+)|(\d*)\s*:\s*(\d*))\s*$/.exec(part);
    if (!match) return `must be an index such as 285 or 3,17,20, or a region such as 15,10:20,5:9, not "${text}"`;
    const end = dims?.[axis + shift];
    if (match[1] !== undefined) ranges.push([Number(match[1]), Number(match[1]) + 1]);
    else if (match[3] !== "") ranges.push([Number(match[2] || 0), Number(match[3])]);
    else if (typeof end === "number") ranges.push([Number(match[2] || 0), end]);
    else return `${text}: the length of axis ${axis + shift} is not known; give both ends: START:END`;
  }
  return text.includes(":") ? { region: ranges } : { index: ranges.map(([from]) => from) };
}

/** A target as `parseTarget` takes it: "285", "3,17,20", "not:0". */
export function targetText({ index, not }: { readonly index: readonly number[]; readonly not?: boolean }): string {
  return `${not ? "not:" : ""}${index.join(",")}`;
}

/** "15, 10:20, 5:9", or "3, 17, 20". */
export function regionText(region: NonNullable<TargetSpec["region"]>): string {
  return region.map(([from, before]) => (before === from + 1 ? String(from) : `${from}:${before}`)).join(", ");
}

/** What a target takes for a prediction: its own word where it has one, else its index. */
export function targetOfItem(
  dims: readonly number[],
  { index, target }: { readonly index: number; readonly target?: string },
): Pick<TargetSpec, "index" | "not"> {
  const parsed = target === undefined ? undefined : parseTarget(target);
  return parsed === undefined || typeof parsed === "string" || parsed.region
    ? { index: elementIndex(dims, index) }
    : parsed;
}

type Range = readonly [from: number, before: number];

/** A region of an output: along these axes (batch axis 0) what is given for them, along others all. */
export function regionAlong(
  dims: readonly number[],
  ranges: ReadonlyMap<number | undefined, Range>,
): NonNullable<TargetSpec["region"]> {
  return dims.slice(1).map((size, place) => ranges.get(place + 1) ?? [0, size]);
}

/** Along each axis of an output but the first what of it a target is; undefined for another output's. */
export function rangesOf(
  { output, dims }: { readonly output: string; readonly dims: readonly number[] },
  { output: asked, index, region }: TargetSpec,
): readonly Range[] | undefined {
  const ranges = region ?? index?.map((at): Range => [at, at + 1]);
  return ranges?.length === dims.length - 1 && (asked ?? output) === output ? ranges : undefined;
}

/** What an item of predictions is called: "class", "pixel". */
export function nounOf({ noun, share }: Pick<BarsArtifact, "noun" | "share">): NonNullable<BarsArtifact["noun"]> {
  return noun ?? (share ? "class" : "element");
}

/**
 * The output that is looked at unless another is asked for: the first that has a score to explain. The first of all
 * where there is none.
 */
export function usualOutput({
  explainable,
  outputs,
}: Pick<ModelDescription, "explainable" | "outputs">): string | undefined {
  return (
    explainable?.[0] ??
    (outputs.find(({ type }) => !/^(u?int|bool|string|complex|undefined)/.test(type)) ?? outputs[0])?.name
  );
}
