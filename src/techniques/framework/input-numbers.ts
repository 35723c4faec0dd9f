import type { InputInfo, InputNumbers, InputPart } from "./technique.ts";

/**
 * What a joint input's numbers are for each of its inputs, in that one's shape; of integers with several vectors, the
 * sum over an integer's, or their length where there is no sign.
 */
export function numbersByInput({ dims, parts = [] }: InputInfo, values: Float32Array, signed: boolean): InputNumbers[] {
  const total = dims[1];
  const entries = values.length / total;
  return parts.map(({ input, shown, from, before, places }) => {
    const integers = shown.values.length / entries;
    const size = places ? integers : before - from;
    const own = new Float32Array(size * entries);
    for (let entry = 0; entry < entries; entry++) {
      const part = values.subarray(entry * total + from, entry * total + before);
      own.set(places ? overPlaces(part, places, integers, signed) : part, entry * size);
    }
    return { name: input, dims: shown.dims, values: own };
  });
}

function overPlaces(values: Float32Array, places: Int32Array, integers: number, signed: boolean): Float32Array {
  const sums = new Float64Array(integers);
  values.forEach((value, at) => {
    if (places[at] >= 0) sums[places[at]] += signed ? value : value * value;
  });
  return Float32Array.from(sums, (sum) => (signed ? sum : Math.sqrt(sum)));
}

/** Of integers with several vectors: what each one's elements hold alike, such as the effect of its part. */
export function meansOverPlaces(places: Int32Array, values: Float32Array, integers: number): Float32Array {
  const [sums, counts] = [new Float64Array(integers), new Uint32Array(integers)];
  values.forEach((value, at) => {
    if (places[at] < 0) return;
    sums[places[at]] += value;
    counts[places[at]]++;
  });
  return Float32Array.from(sums, (sum, integer) => (counts[integer] === 0 ? 0 : sum / counts[integer]));
}

/**
 * The integers that an input's vectors were looked up for, where they have several each: what is shown, and for each
 * element which one it belongs to.
 */
export function integersOf({
  parts,
}: InputInfo): (Pick<InputPart, "shown" | "input"> & { readonly places: Int32Array }) | undefined {
  const [only, ...others] = parts ?? [];
  return only?.places && others.length === 0
    ? { shown: only.shown, input: only.input, places: only.places }
    : undefined;
}
