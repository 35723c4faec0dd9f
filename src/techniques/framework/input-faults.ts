import { isFloat, type DataType } from "../../model/graph.ts";
import { floatsOf, type TensorValue } from "../../runtime/ort.ts";

/**
 * A sentence on an input that is not finite itself: which, what it holds, where first, how often. Undefined where all
 * are finite. Nothing that a model makes of such an input says anything of its weights.
 */
export function inputFault(
  samples: Readonly<
    Record<
      string,
      {
        readonly dataType: string;
        readonly dims: readonly number[];
        readonly data: TensorValue["data"];
        readonly labels?: readonly string[];
      }
    >
  >,
): string | undefined {
  for (const [name, { dataType, dims, data, labels }] of Object.entries(samples)) {
    if (!isFloat(dataType as DataType)) continue;
    const numbers = floatsOf({ dataType: dataType as DataType, dims, data });
    const at = numbers.findIndex((number) => !Number.isFinite(number));
    if (at < 0) continue;
    const what = Number.isNaN(numbers[at]) ? "NaN" : numbers[at] > 0 ? "infinity" : "minus infinity";
    const more = numbers.reduce((count, number) => count + (Number.isFinite(number) ? 0 : 1), 0) - 1;
    const label = labels?.length === numbers.length ? `, column "${labels[at]}"` : "";
    return `The input "${name}" has ${what} at [${placeIn(at, dims).join(", ")}]${label}${more > 0 ? `, and ${more} more values that are NaN or infinite` : ""}.`;
  }
  return undefined;
}

/** A flat index as one per axis. */
function placeIn(flat: number, dims: readonly number[]): number[] {
  return dims.reduceRight<{ rest: number; place: number[] }>(
    ({ rest, place }, size) => ({ rest: Math.floor(rest / size), place: [rest % size, ...place] }),
    { rest: flat, place: [] },
  ).place;
}
