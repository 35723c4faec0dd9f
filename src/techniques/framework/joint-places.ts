import { elementCount } from "../../model/graph.ts";
import { placesOf } from "./channels.ts";
import type { InputInfo } from "./technique.ts";

/** What several inputs at once are made of: columns, tokens, places in space, one input's after another's. */
export interface JointPlaces {
  /** For each element of the joint input its place; −1 for what belongs to none. */
  readonly places: Int32Array;
  readonly count: number;
  /** Whose places they are: from and before which, and what each input's are in its own shape. */
  readonly parts: readonly {
    readonly input: string;
    readonly shown: InputInfo;
    readonly dims: readonly number[];
    readonly from: number;
    readonly before: number;
  }[];
}

/** Undefined for an input that is alone. Of a batch that is not taken apart, each entry has places of its own. */
export function jointPlaces({ dims, values, parts = [] }: InputInfo): JointPlaces | undefined {
  if (parts.length < 2) return undefined;
  const total = dims[1];
  const entries = values.length / total;
  const places = new Int32Array(values.length);
  const found: JointPlaces["parts"][number][] = [];
  let from = 0;
  for (const { input, shown, from: start, before: end, places: integers } of parts) {
    const { layout } = shown;
    const own = integers ?? (layout ? placesOf(shown.dims, layout.spatial) : undefined);
    const count = integers
      ? shown.values.length / entries
      : layout
        ? elementCount(layout.spatial.map((axis) => shown.dims[axis]))
        : end - start;
    for (let entry = 0; entry < entries; entry++) {
      for (let at = start; at < end; at++) {
        const place = own ? own[at - start] : at - start;
        places[entry * total + at] = place < 0 ? -1 : from + entry * count + place;
      }
    }
    const isWhole = count * entries === elementCount(shown.dims);
    found.push({ input, shown, dims: isWhole ? shown.dims : [entries, count], from, before: from + count * entries });
    from += count * entries;
  }
  return { places, count: from, parts: found };
}
