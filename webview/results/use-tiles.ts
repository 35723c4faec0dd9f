import { useEffect, useRef, useState } from "preact/hooks";
import type { TilesArtifact } from "../../src/protocol/artifacts.ts";
import { isAbort } from "../ui/host.ts";
import type { Page } from "./view.ts";

/** Channels are fetched by this many at once, in fixed ranges, so that no channel is fetched twice. */
const chunk = 64;

/**
 * The tiles of an artifact: those that came along, and others as they are wanted. Gives a function from channel to its
 * values [tileHeight, tileWidth], undefined until they are here. `first`: what the engine calls channel 0.
 */
export function useTiles(
  artifact: TilesArtifact,
  first: number,
  wanted: readonly number[],
  page: Page,
): (channel: number) => Float32Array | undefined {
  const chunks = useRef(new Map<number, Float32Array | "coming" | "failed">());
  const [, setVersion] = useState(0);
  const size = artifact.tileHeight * artifact.tileWidth;
  const of = useRef(artifact);
  const abort = useRef(new AbortController());
  if (of.current !== artifact) {
    of.current = artifact;
    chunks.current = new Map();
    abort.current.abort();
    abort.current = new AbortController();
  }
  useEffect(() => () => abort.current.abort(), []);

  const missing = [
    ...new Set(wanted.filter((channel) => channel >= artifact.sent).map((channel) => Math.floor(channel / chunk))),
  ];
  useEffect(() => {
    for (const place of missing) {
      const mine = chunks.current;
      if (mine.has(place)) continue;
      mine.set(place, "coming");
      const [from, to] = [first + place * chunk, first + Math.min(artifact.count, (place + 1) * chunk)];
      page.tiles(from, to, abort.current.signal).then(
        (tiles) => {
          mine.set(place, tiles);
          setVersion((version) => version + 1);
        },
        (error: unknown) => {
          mine.set(place, "failed");
          if (!isAbort(error)) page.fail(error);
        },
      );
    }
  }, [artifact, missing.join()]);

  return (channel) => {
    if (channel < artifact.sent) return cut(artifact, channel);
    const tiles = chunks.current.get(Math.floor(channel / chunk));
    if (!(tiles instanceof Float32Array)) return undefined;
    return memo(tiles, channel % chunk, size);
  };
}

/** One view per tile and array, so that a tile is painted again only when its values are others. */
const views = new WeakMap<Float32Array, Map<number, Float32Array>>();

function cut({ tiles, tileHeight, tileWidth }: TilesArtifact, channel: number): Float32Array {
  return memo(tiles, channel, tileHeight * tileWidth);
}

function memo(tiles: Float32Array, place: number, size: number): Float32Array {
  let known = views.get(tiles);
  if (!known) views.set(tiles, (known = new Map()));
  let view = known.get(place);
  if (!view) known.set(place, (view = tiles.subarray(place * size, (place + 1) * size)));
  return view;
}
