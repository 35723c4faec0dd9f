import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { frameCount, frameIndex, framesIn, pictureUnder } from "../../src/draw/kinds/frames.ts";
import { heatmapDrawing } from "../../src/draw/kinds/heatmap.ts";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import type { HeatmapArtifact } from "../../src/protocol/artifacts.ts";
import { FrameStepper } from "../ui/frames.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { AreaMark } from "./area-mark.tsx";
import { MapPicture } from "./linked.tsx";
import { Heatmap } from "./map-view.tsx";
import type { FullProps, KindCell, KindView } from "./view.ts";

export const heatmap: KindView<HeatmapArtifact> = { Full };

export const heatmapCell: KindCell<HeatmapArtifact> = {
  Small: ({ drawing, result, ...rest }) => (
    <MapPicture drawing={drawing} picture={pictureUnder(drawing.artifact, picturesOf(result))} {...rest}>
      <TargetOutline artifact={drawing.artifact} result={result} />
    </MapPicture>
  ),
  zooms: true,
};

/** Where the target lies, on maps over the input's picture. */
function TargetOutline({ artifact, result }: Pick<FullProps<HeatmapArtifact>, "artifact" | "result">): VNode | null {
  const { target } = result.context;
  if (!target || artifact.over === undefined) return null;
  const { left, top, right, bottom } = target;
  return <AreaMark area={{ rows: [top, bottom], columns: [left, right] }} grid={{ width: 1, height: 1 }} />;
}

/** A map, or one of its frames, with what it is drawn by. */
function Full({ artifact, result, page, withoutOptions }: FullProps<HeatmapArtifact>): VNode {
  const { looks } = page;
  const frame = frameIndex(artifact, looks.frame);
  const shown = framesIn(artifact)[frame];
  const picture = shown.over === undefined ? undefined : pictureUnder(shown, picturesOf(result));
  // Frames have one range: equal colours are equal values in all of them.
  const range = useMemo(
    () => (frameCount(artifact) > 1 ? heatmapDrawing(artifact, looks).range : undefined),
    [artifact, looks.reduce, looks.clip],
  );
  const channels = artifact.axes.channel === undefined ? 1 : artifact.dims[artifact.axes.channel];
  return (
    <Heatmap
      artifact={shown}
      picture={picture}
      looks={looks}
      range={range}
      channelNames={page.channelNames(channels)}
      over={<TargetOutline artifact={artifact} result={result} />}
    >
      {artifact.frames ? (
        <FrameStepper names={artifact.frames.names} frame={frame} onFrame={(next) => page.setLooks({ frame: next })} />
      ) : null}
      {withoutOptions ? null : (
        <DisplayOptions
          options={kindOf(artifact).options}
          looks={looks}
          hasPicture={picture !== undefined}
          hasChannels={channels > 1}
          onChange={page.setLooks}
        />
      )}
    </Heatmap>
  );
}
