import type { TilesArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy } from "../made.ts";
import type { KindStates } from "./kind-states.ts";

const channels = madeBy("feature-maps", "tiles");

const first = (count: number): TilesArtifact => {
  const all = channels();
  const [min, max, mean, strength] = [all.min, all.max, all.mean, all.strength].map((one) => one.slice(0, count));
  const tiles = all.tiles.slice(0, count * all.tileHeight * all.tileWidth);
  return { ...all, count, sent: count, min, max, mean, strength, tiles, dims: [1, count, ...all.dims.slice(2)] };
};

export const tiles: KindStates<TilesArtifact> = {
  typical: () => first(24),
  one: () => first(1),
  none: "A layer has a channel at least.",
};
