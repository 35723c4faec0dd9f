import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { tileRange, tilesSigned, valuesRange } from "../../src/draw/tiles.ts";
import type { HeatmapArtifact, ImageArtifact, TilesArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks, PanelState } from "../../src/protocol/panel.ts";
import { IconButton } from "../ui/fields.tsx";
import { isAbort } from "../ui/host.ts";
import type { PanelController } from "./controller.ts";
import { Heatmap } from "./heatmap.tsx";
import { HeatmapLooks, TilesLooks } from "./looks-bar.tsx";
import { TileGrid } from "./tile-grid.tsx";

/** A layer's channels as tiles; one of them enlarged over the picture, at full resolution, with its values. */
export function FeatureMaps({ artifact, picture, shownState, looks, controller }: {
  readonly artifact: TilesArtifact; readonly picture?: ImageArtifact; readonly shownState: PanelState; readonly looks: Looks; readonly controller: PanelController;
}): VNode {
  const channel = looks.channel !== undefined && looks.channel < artifact.count ? looks.channel : undefined;
  const enlarged = useChannel(artifact, shownState, channel, controller);
  const range = useMemo(() => enlarged && (looks.tileScale === "shared"
    ? tileRange(artifact, enlarged.channel, looks) : valuesRange(enlarged.map.values, looks.clip, enlarged.map.signed)), [artifact, enlarged, looks.tileScale, looks.clip]);
  const close = (): void => controller.setLooks({ channel: undefined });
  return (
    <div class="feature-maps" onKeyDown={(event) => { if (event.key === "Escape" && channel !== undefined) close(); }}>
      {enlarged && channel !== undefined ? (
        <section class="enlarged" aria-label={`Channel ${channel}`} data-testid="enlarged">
          <div class="enlarged-head">
            <h2>Channel <span class="number">{enlarged.channel}</span></h2>
            <IconButton icon="chevron-left" label="Channel before" disabled={channel === 0} onClick={() => controller.setLooks({ channel: channel - 1 })} testid="channel-before" />
            <IconButton icon="chevron-right" label="Next channel" disabled={channel === artifact.count - 1} onClick={() => controller.setLooks({ channel: channel + 1 })} testid="channel-next" />
            <IconButton icon="close" label="Close the channel" onClick={close} testid="close-channel" />
          </div>
          <Heatmap artifact={enlarged.map} picture={picture} looks={looks} range={range}>
            <HeatmapLooks looks={looks} hasPicture={picture !== undefined} hasChannels={false} onChange={(change) => controller.setLooks(change)} />
          </Heatmap>
        </section>
      ) : null}
      <TilesLooks looks={looks} withColors={!enlarged} onChange={(change) => controller.setLooks(change)} />
      <div class="tiles-box">
        <TileGrid artifact={artifact} shownState={shownState} looks={looks} chosen={channel} controller={controller} />
      </div>
      <p class="caption">{[artifact.title, `${artifact.count} channels`, artifact.caption].filter(Boolean).join(" · ")}</p>
    </div>
  );
}

interface Enlarged { readonly channel: number; readonly map: HeatmapArtifact }

/** One channel at full resolution; the one before stays while the next is fetched. */
function useChannel(artifact: TilesArtifact, state: PanelState, channel: number | undefined, controller: PanelController): Enlarged | undefined {
  const [enlarged, setEnlarged] = useState<(Enlarged & { readonly of: TilesArtifact }) | undefined>(undefined);
  useEffect(() => {
    if (channel === undefined) {
      setEnlarged(undefined);
      return undefined;
    }
    const abort = new AbortController();
    controller.link.call("channel", { state, channel }, { signal: abort.signal }).then(
      ({ height, width, values }) => setEnlarged({ of: artifact, channel, map: channelMap(artifact, channel, height, width, values) }),
      (error: unknown) => { if (!isAbort(error)) controller.fail(error); },
    );
    return () => abort.abort();
  }, [artifact, channel]);
  return enlarged?.of === artifact ? enlarged : undefined;
}

/** A channel as a heat map over the picture. */
export function channelMap(artifact: TilesArtifact, channel: number, height: number, width: number, values: Float32Array): HeatmapArtifact {
  return {
    kind: "heatmap", id: `${artifact.id}-${channel}`, title: `Channel ${channel}`, values, dims: [height, width], axes: { height: 0, width: 1 },
    quantity: "activation", signed: tilesSigned(artifact), over: artifact.over, smooth: false, caption: artifact.value,
  };
}
