import type { HeatmapArtifact } from "../../protocol/artifacts.ts";

type About = Pick<HeatmapArtifact, "id" | "title" | "quantity" | "values" | "caption">;

/** Values [height, width] as a map: what comparisons read and scale. */
export function plainMap(
  { id, title, quantity, values, caption }: About,
  dims: readonly [height: number, width: number],
  more: Partial<Pick<HeatmapArtifact, "signed" | "smooth" | "over">> = {},
): HeatmapArtifact {
  return {
    kind: "heatmap",
    id,
    title,
    values,
    dims,
    axes: { height: 0, width: 1 },
    quantity,
    signed: false,
    smooth: false,
    caption,
    ...more,
  };
}

/** Values in a list as a map of one row; signed where nothing else is said and some are below zero. */
export function rowMap(about: About, signed = about.values.some((value) => value < 0)): HeatmapArtifact {
  return plainMap(about, [1, about.values.length], { signed });
}
