import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { tilesIn } from "../../src/draw/kinds/frames.ts";
import { tileRange, tilesSigned, valuesRange } from "../../src/draw/kinds/tiles.ts";
import type { HeatmapArtifact, ImageArtifact, TilesArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import { IconButton } from "../ui/fields.tsx";
import { FrameStepper } from "../ui/frames.tsx";
import { isAbort } from "../ui/host.ts";
import type { PanelController } from "./controller.ts";
import { Heatmap } from "./heatmap.tsx";
import { HeatmapLooks, TilesLooks } from "./looks-bar.tsx";
import { TileGrid } from "./tile-grid.tsx";

/**
 * A layer's channels as tiles, of one frame where it holds several; one of them enlarged over the picture, at full
 * resolution, with its values.
 */
export function FeatureMaps({
  all,
  pictures,
  shownState,
  looks,
  controller,
}: {
  readonly all: TilesArtifact;
  readonly pictures: (over: string | undefined) => ImageArtifact | undefined;
  readonly shownState: PanelState;
  readonly looks: Looks;
  readonly controller: PanelController;
}): VNode {
  const frames = tilesIn(all);
  const frame = Math.max(0, Math.min(frames.length - 1, looks.frame ?? 0));
  const artifact = frames[frame];
  const first = frame * artifact.count;
  const picture = pictures(artifact.over);
  const channel = looks.channel !== undefined && looks.channel < artifact.count ? looks.channel : undefined;
  const enlarged = useChannel(artifact, first, shownState, channel, controller);
  const range = useMemo(
    () =>
      enlarged &&
      (looks.tileScale === "shared"
        ? tileRange(artifact, enlarged.channel, looks)
        : valuesRange(enlarged.map.values, looks.clip, enlarged.map.signed)),
    [artifact, enlarged, looks.tileScale, looks.clip],
  );
  const close = (): void => controller.setLooks({ channel: undefined });
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
              label="Channel before"
              disabled={channel === 0}
              onClick={() => controller.setLooks({ channel: channel - 1 })}
              testid="channel-before"
            />
            <IconButton
              icon="chevron-right"
              label="Next channel"
              disabled={channel === artifact.count - 1}
              onClick={() => controller.setLooks({ channel: channel + 1 })}
              testid="channel-next"
            />
            <IconButton icon="close" label="Close the channel" onClick={close} testid="close-channel" />
          </div>
          <Heatmap artifact={enlarged.map} picture={picture} looks={looks} range={range}>
            <HeatmapLooks
              looks={looks}
              hasPicture={picture !== undefined}
              hasChannels={false}
              onChange={(change) => controller.setLooks(change)}
            />
          </Heatmap>
        </section>
      ) : null}
      {all.frames ? (
        <FrameStepper names={all.frames.names} frame={frame} onFrame={(next) => controller.setLooks({ frame: next })} />
      ) : null}
      <TilesLooks looks={looks} withColors={!enlarged} onChange={(change) => controller.setLooks(change)} />
      <div class="tiles-box">
        <TileGrid
          artifact={artifact}
          first={first}
          shownState={shownState}
          looks={looks}
          chosen={channel}
          controller={controller}
        />
      </div>
      <p class="caption">
        {[artifact.title, `${artifact.count} channels`, artifact.caption].filter(Boolean).join(" · ")}
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
  state: PanelState,
  channel: number | undefined,
  controller: PanelController,
): Enlarged | undefined {
  const [enlarged, setEnlarged] = useState<(Enlarged & { readonly of: TilesArtifact }) | undefined>(undefined);
  useEffect(() => {
    if (channel === undefined) {
      setEnlarged(undefined);
      return undefined;
    }
    const abort = new AbortController();
    controller.link.call("channel", { state, channel: first + channel }, { signal: abort.signal }).then(
      ({ height, width, values }) =>
        setEnlarged({ of: artifact, channel, map: channelMap(artifact, channel, height, width, values) }),
      (error: unknown) => {
        if (!isAbort(error)) controller.fail(error);
      },
    );
    return () => abort.abort();
  }, [artifact, channel]);
  return enlarged?.of === artifact ? enlarged : undefined;
}

/** A channel as a heat map over the picture. */
export function channelMap(
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
