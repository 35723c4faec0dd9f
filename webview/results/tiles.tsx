import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { pictureUnder, tilesIn } from "../../src/draw/kinds/frames.ts";
import { tileRange, tilesSigned, valuesRange } from "../../src/draw/kinds/tiles.ts";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import type { HeatmapArtifact, TilesArtifact } from "../../src/protocol/artifacts.ts";
import { IconButton } from "../ui/fields.tsx";
import { FrameStepper } from "../ui/frames.tsx";
import { isAbort } from "../ui/host.ts";
import { DisplayOptions } from "./display-options.tsx";
import { Heatmap } from "./map-view.tsx";
import { TileGrid } from "./tile-grid.tsx";
import { TilesInput } from "./tiles-input.tsx";
import type { TilePlace } from "./tiles-input.tsx";
import type { FullProps, KindView, Page, Saved } from "./view.ts";

export const tiles: KindView<TilesArtifact> = {
  Full: FeatureMaps,
  saved: (artifact, looks, page) =>
    looks.channel === undefined || looks.channel >= artifact.count
      ? undefined
      : enlargedChannel(artifact, looks.channel, looks.frame ?? 0, page),
};

async function enlargedChannel(
  artifact: TilesArtifact,
  channel: number,
  asked: number,
  page: Pick<Page, "channel">,
): Promise<Saved> {
  const frames = tilesIn(artifact);
  const frame = Math.max(0, Math.min(frames.length - 1, asked));
  const { height, width, values } = await page.channel(frame * artifact.count + channel);
  return {
    artifact: channelMap(frames[frame], channel, height, width, values),
    name: `${frames.length > 1 ? `-frame-${frame + 1}` : ""}-${channel}`,
  };
}

/**
 * A layer's channels as tiles, of one frame where it holds several; one of them enlarged over the picture, at full
 * resolution, with its values.
 */
function FeatureMaps({ artifact: all, result, page }: FullProps<TilesArtifact>): VNode {
  const { looks } = page;
  const frames = tilesIn(all);
  const frame = Math.max(0, Math.min(frames.length - 1, looks.frame ?? 0));
  const artifact = frames[frame];
  const first = frame * artifact.count;
  const picture = artifact.over === undefined ? undefined : pictureUnder(artifact, picturesOf(result));
  const channel = looks.channel !== undefined && looks.channel < artifact.count ? looks.channel : undefined;
  const enlarged = useChannel(artifact, first, channel, page);
  const [place, setPlace] = useState<TilePlace | undefined>(undefined);
  useLayoutEffect(() => setPlace(undefined), [artifact]);
  const range = useMemo(
    () =>
      enlarged &&
      (looks.tileScale === "shared"
        ? tileRange(artifact, enlarged.channel, looks)
        : valuesRange(enlarged.map.values, looks.clip, enlarged.map.signed)),
    [artifact, enlarged, looks.tileScale, looks.clip],
  );
  const close = (): void => page.setLooks({ channel: undefined });
  return (
    <div
      class="feature-maps"
      onKeyDown={(event) => {
        if (event.key === "Escape" && channel !== undefined) close();
      }}
    >
      {enlarged && channel !== undefined ? (
        <section class="enlarged" aria-label={`Channel ${channel}`} data-testid="enlarged">
          <div class="enlarged-head">
            <h2>
              Channel <span class="number">{enlarged.channel}</span>
            </h2>
            <IconButton
              icon="chevron-left"
              label="Previous channel"
              disabled={channel === 0}
              onClick={() => page.setLooks({ channel: channel - 1 })}
              testid="channel-before"
            />
            <IconButton
              icon="chevron-right"
              label="Next channel"
              disabled={channel === artifact.count - 1}
              onClick={() => page.setLooks({ channel: channel + 1 })}
              testid="channel-next"
            />
            <IconButton icon="close" label="Close the channel" onClick={close} testid="close-channel" />
          </div>
          <Heatmap artifact={enlarged.map} picture={picture} looks={looks} range={range}>
            <DisplayOptions
              options={kindOf(enlarged.map).options}
              looks={looks}
              hasPicture={picture !== undefined}
              onChange={page.setLooks}
            />
          </Heatmap>
        </section>
      ) : null}
      {all.frames ? (
        <FrameStepper names={all.frames.names} frame={frame} onFrame={(next) => page.setLooks({ frame: next })} />
      ) : null}
      <DisplayOptions options={kindOf(artifact).options} looks={looks} hasColors={!enlarged} onChange={page.setLooks} />
      <div class={picture ? "tiles-beside" : ""}>
        {picture ? (
          <TilesInput
            artifact={artifact}
            picture={picture}
            place={place}
            onPlace={setPlace}
            onChannel={(next) => page.setLooks({ channel: next })}
          />
        ) : null}
        <div class="tiles-box">
          <TileGrid
            artifact={artifact}
            first={first}
            chosen={channel}
            page={page}
            {...(picture ? { place, onPlace: setPlace } : {})}
          />
        </div>
      </div>
      <p class="caption">
        {[
          artifact.title,
          `${artifact.count} ${artifact.count === 1 ? "channel" : "channels"}`,
          artifact.caption,
          looks.tileSort === "index" ? "in channel order" : "strongest first (mean absolute activation)",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </div>
  );
}

interface Enlarged {
  readonly channel: number;
  readonly map: HeatmapArtifact;
}

/** One channel at full resolution; the one before stays while the next is fetched. */
function useChannel(
  artifact: TilesArtifact,
  first: number,
  channel: number | undefined,
  page: Page,
): Enlarged | undefined {
  const [enlarged, setEnlarged] = useState<(Enlarged & { readonly of: TilesArtifact }) | undefined>(undefined);
  useEffect(() => {
    if (channel === undefined) {
      setEnlarged(undefined);
      return undefined;
    }
    const abort = new AbortController();
    page.channel(first + channel, abort.signal).then(
      ({ height, width, values }) =>
        setEnlarged({ of: artifact, channel, map: channelMap(artifact, channel, height, width, values) }),
      (error: unknown) => {
        if (!isAbort(error)) page.fail(error);
      },
    );
    return () => abort.abort();
  }, [artifact, channel]);
  return enlarged?.of === artifact ? enlarged : undefined;
}

/** A channel as a heat map over the picture. */
function channelMap(
  artifact: TilesArtifact,
  channel: number,
  height: number,
  width: number,
  values: Float32Array,
): HeatmapArtifact {
  return {
    kind: "heatmap",
    id: `${artifact.id}-${channel}`,
    title: `Channel ${channel}`,
    values,
    dims: [height, width],
    axes: { height: 0, width: 1 },
    quantity: "activation",
    signed: tilesSigned(artifact),
    over: artifact.over,
    smooth: false,
    caption: artifact.value,
  };
}
