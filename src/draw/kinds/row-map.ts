import type { HeatmapArtifact } from "../../protocol/artifacts.ts";

/** Values in a list as a map of one row: what comparisons read and scale. */
export function rowMap(
  { id, title, quantity, values, caption }: Pick<HeatmapArtifact, "id" | "title" | "quantity" | "values" | "caption">,
  signed: boolean,
): HeatmapArtifact {
  return {
    kind: "heatmap",
    id,
    title,
    values,
    dims: [1, values.length],
    axes: { height: 0, width: 1 },
    quantity,
    signed,
    smooth: false,
    caption,
  };
}
