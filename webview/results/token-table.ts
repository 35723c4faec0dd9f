import { colorTable } from "../../src/draw/scene/colormap.ts";
import type { ColorMapName } from "../../src/protocol/looks.ts";

const diverging: ReadonlySet<ColorMapName> = new Set(["blue-red", "purple-green"]);

/**
 * A colour map for what lies on the page itself, as RGB bytes [256, 3]. Diverging maps are white in the middle, which
 * glares on a dark page: there they begin in the page's colour and grow lighter towards both ends, in the same hues.
 */
export function pageTable(name: ColorMapName, page: readonly [number, number, number]): Uint8Array {
  const table = colorTable(name);
  if (!diverging.has(name) || Math.max(...page) > 110) return table;
  const last = table.length / 3 - 1;
  return Uint8Array.from(table, (_, at) => {
    const place = (2 * Math.floor(at / 3)) / last - 1;
    // From the map's dark end to the light colours before its middle.
    const from = Math.sign(place) * (1 - 0.67 * Math.abs(place));
    const color = table[3 * Math.round(((from + 1) / 2) * last) + (at % 3)];
    const weight = Math.min(1, 2.5 * Math.abs(place));
    return Math.round(page[at % 3] * (1 - weight) + color * weight);
  });
}
