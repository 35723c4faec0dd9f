import type { Artifact, HeatmapArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { colorTable, resolveColorMap } from "../scene/colormap.ts";
import { comparisonOf } from "../kinds/index.ts";
import { heatmapDrawing } from "../kinds/heatmap.ts";
import type { HeatmapDrawing } from "../kinds/heatmap.ts";

/** What of an artifact is compared value by value, as a map; undefined for what has no such values. */
export function valuesOf(artifact: Artifact | undefined): HeatmapArtifact | undefined {
  return artifact && comparisonOf(artifact)?.values(artifact);
}

/** A map of a comparison; maps with the same `group` have one scale. */
export interface GroupedMap {
  readonly artifact: HeatmapArtifact;
  readonly group: string;
}

/**
 * What each map is drawn with, where some share a scale: its range reaches from the least to the largest of its maps'
 * own ranges (each clipped as the looks say), and lies around zero when any of them is signed, so that equal colours
 * are equal values.
 */
export function sharedDrawings(maps: readonly GroupedMap[], looks: Looks): HeatmapDrawing[] {
  const own = maps.map(({ artifact }) => heatmapDrawing(artifact, looks));
  const groups = new Map<string, number[]>();
  maps.forEach(({ group }, index) => groups.set(group, [...(groups.get(group) ?? []), index]));
  const drawings = [...own];
  for (const members of groups.values()) {
    if (members.length < 2) continue;
    const signed = members.some((index) => own[index].signed);
    const min = Math.min(...members.map((index) => own[index].range.min));
    const max = Math.max(...members.map((index) => own[index].range.max));
    const bound = Math.max(-min, max);
    const shared = {
      signed,
      range: signed ? { min: -bound, max: bound } : { min, max },
      table: colorTable(resolveColorMap(looks.colorMap, signed)),
    };
    for (const index of members) drawings[index] = { ...own[index], ...shared };
  }
  return drawings;
}
