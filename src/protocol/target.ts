import type { TargetSpec } from "./engine.ts";

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
 * A target as a person types it: "285", "3,17,20", or a region "15,10:20,:" (FROM:BEFORE along an axis; open ends by `dims`, the output's with
 * its batch axis). A string says what is wrong.
 */
export function parseTarget(text: string, dims?: readonly (number | string | null)[]): Pick<TargetSpec, "index" | "region"> | string {
  const ranges: [number, number][] = [];
  for (const [axis, part] of text.split(",").entries()) {
    const match = /^\s*(?:(\d+)|(\d*)\s*:\s*(\d*))\s*$/.exec(part);
    if (!match) return `is an index such as 285 or 3,17,20, or a region such as 15,10:20,5:9, not "${text}"`;
    const end = dims?.[axis + 1];
    if (match[1] !== undefined) ranges.push([Number(match[1]), Number(match[1]) + 1]);
    else if (match[3] !== "") ranges.push([Number(match[2] || 0), Number(match[3])]);
    else if (typeof end === "number") ranges.push([Number(match[2] || 0), end]);
    else return `${text}: the model does not say how long axis ${axis + 1} is; give the end: FROM:BEFORE`;
  }
  return text.includes(":") ? { region: ranges } : { index: ranges.map(([from]) => from) };
}

/** "15, 10:20, 5:9", or "3, 17, 20". */
export function regionText(region: NonNullable<TargetSpec["region"]>): string {
  return region.map(([from, before]) => (before === from + 1 ? String(from) : `${from}:${before}`)).join(", ");
}
