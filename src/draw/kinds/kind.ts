import type { Artifact, HeatmapArtifact, ImageArtifact, PartRow } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import type { TargetMark } from "../../protocol/result.ts";
import type { Block } from "../scene/parts.ts";
import type { Table } from "../scene/table.ts";
import type { HeatmapDrawing } from "./heatmap.ts";

/** What is known of one kind of artifact, but for its views in the window (webview/results). */
export interface Kind<A extends Artifact> {
  /** Its picture in files, without title and caption, at (0, 0). */
  layout(artifact: A, setting: Setting): Block;
  /** Its numbers as rows: what a .csv holds, and what a person reads as a table. */
  table(artifact: A): Table;
  /** Its numbers as one array: what a .npy of it holds. */
  numbers(artifact: A): { readonly dims: readonly number[]; readonly values: Float32Array };
  /** What a .json holds in its place, where that is not the artifact itself. */
  json?(artifact: A): object;
  /** What it adds at the top of a .json. */
  jsonTop?(artifact: A): object;
  /** Results of one technique as one: each number is what `combine` makes of those in its place. */
  combine(artifacts: readonly A[], combine: Combine): A;
  /** What is said of it, and left out, where it is a mean over several samples: it lies over none of their pictures. */
  overSamples(artifact: A, count: number): A;
  /** How it stands beside others in a comparison, or why it does not. */
  readonly compare: Comparison<A> | { readonly reason: string };
  /** The display options that change how it looks. */
  readonly options: readonly (keyof Looks)[];
}

/** What artifacts are drawn with. */
interface Setting {
  /** The input's pictures. */
  readonly pictures: readonly ImageArtifact[];
  readonly looks: Looks;
  /** Where the target lies on them. */
  readonly target?: TargetMark;
}

/** One number of those in the same place: their mean, their variance. */
export type Combine = (values: readonly number[]) => number;

export interface Comparison<A extends Artifact> {
  /** What is compared value by value, as a map; of a list a map of one row. The same artifact gives the same map. */
  values(artifact: A): HeatmapArtifact;
  /** What a place of that map is called, where it is not told by x and y. */
  label?(artifact: A, cell: { readonly row: number; readonly column: number }): string | undefined;
  /** Whether values are told by colours (lengths of bars are not), and so need a colour bar. */
  readonly colored: boolean;
  /** The display options that change how it looks in a cell. */
  readonly options: readonly (keyof Looks)[];
  /** Its picture in a cell of a figure, in the colours that the cells share. */
  layout(artifact: A, setting: Setting, drawing: HeatmapDrawing): Block;
}

/** For kinds whose results have no mean: the first one stands for all. */
export function firstStands<A extends Artifact>(): Pick<Kind<A>, "combine" | "overSamples"> {
  return { combine: ([first]) => first, overSamples: (artifact) => artifact };
}

/** The values of several arrays in each place, combined. */
export function combineEach(arrays: readonly Float32Array[], combine: Combine): Float32Array {
  const column = new Array<number>(arrays.length);
  return Float32Array.from(arrays[0], (_, i) => {
    for (let k = 0; k < arrays.length; k++) column[k] = arrays[k][i];
    return combine(column);
  });
}

interface WithParts {
  readonly values: Float32Array;
  readonly parts?: readonly PartRow[];
}

/** Values and parts' effects, combined; no parts where samples have other ones (segments of other pictures). */
export function combineValues<A extends WithParts>(artifacts: readonly A[], combine: Combine): A {
  const { parts: _, ...first } = artifacts[0];
  const parts = combineParts(artifacts, combine);
  return {
    ...first,
    values: combineEach(
      artifacts.map(({ values }) => values),
      combine,
    ),
    ...(parts ? { parts } : {}),
  } as A;
}

export function combineParts(artifacts: readonly WithParts[], combine: Combine): readonly PartRow[] | undefined {
  const all = artifacts.map(({ parts = [] }) => new Map(parts.map((row) => [row.index, row])));
  const first = artifacts[0].parts ?? [];
  const alike =
    first.length > 0 &&
    all.every(
      (rows) => rows.size === first.length && first.every(({ index, label }) => rows.get(index)?.label === label),
    );
  return alike
    ? first.map((row) => ({ ...row, value: combine(all.map((rows) => rows.get(row.index)!.value)) }))
    : undefined;
}

/** What is made of an artifact, made once: comparisons tell what changed by identity. */
export function onceFor<A extends object, B extends object>(make: (artifact: A) => B): (artifact: A) => B {
  const known = new WeakMap<A, B>();
  return (artifact) => {
    let made = known.get(artifact);
    if (!made) known.set(artifact, (made = make(artifact)));
    return made;
  };
}
