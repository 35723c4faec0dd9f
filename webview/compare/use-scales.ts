import { useMemo, useRef } from "preact/hooks";
import { frameIndex, framesIn } from "../../src/draw/kinds/frames.ts";
import type { HeatmapDrawing } from "../../src/draw/kinds/heatmap.ts";
import { sharedDrawings } from "../../src/draw/figure/scales.ts";
import { comparisonOf } from "../../src/draw/kinds/index.ts";
import type { HeatmapArtifact } from "../../src/protocol/artifacts.ts";
import type { ScaleSharing } from "../../src/protocol/compare.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { drawingOf } from "../results/map-values.ts";
import type { Drawing } from "../results/map-values.ts";
import { shownIn } from "./controller.ts";
import type { Snapshot } from "./controller.ts";
import { scaleGroup } from "./figure.ts";
import type { Place } from "./jobs.ts";

export interface Scales {
  /** What each cell's values are drawn with, by Place.key: maps, and tokens and features as maps of one row. */
  readonly drawings: ReadonlyMap<string, Drawing>;
  /** The one scale, where all maps share it and there are several. */
  readonly shared:
    | {
        readonly range: Drawing["range"];
        readonly table: Uint8Array;
        readonly quantity: string;
        readonly clipped: Drawing["clipped"];
      }
    | undefined;
}

/** The drawing of each map in the grid, on its own scale, its method's, or that of all. */
export function useScales(
  places: readonly Place[],
  cells: Snapshot["cells"],
  looks: Looks,
  sharing: ScaleSharing,
): Scales {
  const maps = useStable(
    places.flatMap((place) => {
      const first = place.removed ? undefined : shownIn(cells.get(place.job))?.views[0];
      const comparison = comparisonOf(first);
      return first && comparison
        ? [
            {
              key: place.key,
              artifact: comparison.values(first),
              group: scaleGroup(place, sharing),
              colored: comparison.colored,
            },
          ]
        : [];
    }),
  );
  const known = useRef(new WeakMap<HeatmapArtifact, { readonly made: string; readonly drawing: Drawing }>());
  const { reduce, clip, colorMap, frame } = looks;
  return useMemo(() => {
    // Lengths of bars are not clipped: they would lie.
    const scales = sharedDrawings(maps, maps.every(({ colored }) => !colored) ? { ...looks, clip: 100 } : looks);
    const drawings = maps.map(({ artifact }, index) =>
      drawn(known.current, framesIn(artifact)[frameIndex(artifact, frame)], looks, scales[index]),
    );
    const [first] = drawings;
    const quantities = new Set(maps.map(({ artifact }) => artifact.quantity));
    return {
      drawings: new Map(maps.map(({ key }, index) => [key, drawings[index]])),
      shared:
        sharing !== "all" || drawings.length < 2 || !maps.some(({ colored }) => colored)
          ? undefined
          : {
              range: first.range,
              table: first.table,
              quantity: quantities.size === 1 ? first.artifact.quantity : "all methods",
              clipped: {
                low: drawings.some(({ clipped }) => clipped.low),
                high: drawings.some(({ clipped }) => clipped.high),
              },
            },
    };
  }, [maps, reduce, clip, colorMap, frame, sharing]);
}

/** A map that is drawn as before has the drawing it had: only what differs is painted again. */
function drawn(
  known: WeakMap<HeatmapArtifact, { readonly made: string; readonly drawing: Drawing }>,
  artifact: HeatmapArtifact,
  looks: Looks,
  { range, table, signed }: HeatmapDrawing,
): Drawing {
  const made = JSON.stringify([looks.reduce, looks.clip, looks.colorMap, range, signed]);
  const before = known.get(artifact);
  if (before?.made === made) return before.drawing;
  const drawing = { ...drawingOf(artifact, looks, range), table, signed };
  known.set(artifact, { made, drawing });
  return drawing;
}

interface GroupedPlace {
  readonly key: string;
  readonly artifact: HeatmapArtifact;
  readonly group: string;
  /** Bars have lengths instead. */ readonly colored: boolean;
}

/** The same list as long as the same maps are in it: scales are worked out anew only for other ones. */
function useStable(maps: readonly GroupedPlace[]): readonly GroupedPlace[] {
  const kept = useRef(maps);
  const same =
    kept.current.length === maps.length &&
    maps.every(({ key, artifact, group }, index) => {
      const before = kept.current[index];
      return before.key === key && before.artifact === artifact && before.group === group;
    });
  if (!same) kept.current = maps;
  return kept.current;
}
