import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { frameCount, frameIndex, framesIn } from "../../src/draw/kinds/frames.ts";
import { heatmapDrawing } from "../../src/draw/kinds/heatmap.ts";
import { picturesOfInputs } from "../../src/draw/scene/inputs.ts";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import type { Artifact, ImageArtifact } from "../../src/protocol/artifacts.ts";
import type { Result } from "../../src/protocol/result.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import type { Recipe } from "../../src/protocol/recipe.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { Curves } from "../ui/curves.tsx";
import { Boxes } from "./boxes.tsx";
import { FrameStepper } from "../ui/frames.tsx";
import type { PanelController } from "./controller.ts";
import { FeatureMaps } from "./feature-maps.tsx";
import { FeatureBars } from "./feature-bars.tsx";
import { Heatmap } from "./heatmap.tsx";
import { HeatmapLooks } from "./looks-bar.tsx";
import { Predictions } from "./predictions.tsx";
import { Tokens } from "./tokens.tsx";

interface StageProps {
  readonly result: Result;
  /** The state that the result answers: what more of it is asked for, is asked with this. */
  readonly shownState: PanelState;
  readonly state: PanelState;
  readonly boot: PanelBoot;
  readonly controller: PanelController;
}

interface ViewProps extends StageProps {
  /** Whether the controls of looks stand at another picture of this result already. */
  readonly withoutLooks?: boolean;
}

type View<K extends Artifact["kind"]> = (
  props: ViewProps & { readonly artifact: Extract<Artifact, { kind: K }> },
) => VNode;

/** The result's own picture, with the controls of its looks right under it. One view for each kind of artifact. */
export function Stage(props: StageProps): VNode {
  const artifact = props.result.views[0];
  if (!artifact) return <p class="empty">This method produced no output.</p>;
  const inputs = picturesOfInputs(props.result);
  if (inputs.length < 2) return <Shown {...props} artifact={artifact} />;
  return (
    <>
      {inputs.map((one, place) => (
        <section key={one.id} class="explained-input" aria-label={`Input ${one.input}`} data-testid="explained-input">
          <h2>{one.input}</h2>
          <Shown
            {...props}
            artifact={one}
            withoutLooks={inputs.slice(0, place).some(({ kind }) => kind === one.kind)}
          />
        </section>
      ))}
    </>
  );
}

function Shown({ artifact, ...props }: ViewProps & { readonly artifact: Artifact }): VNode {
  const Drawn = views[artifact.kind] as View<Artifact["kind"]>;
  return <Drawn {...props} artifact={artifact} />;
}

const views: { readonly [K in Artifact["kind"]]: View<K> } = {
  heatmap: ({ artifact, result, state, boot, controller, withoutLooks }) => {
    const frame = frameIndex(artifact, state.looks.frame);
    const shown = framesIn(artifact)[frame];
    const picture = pictureUnder(result, shown.over);
    // Frames have one range: equal colours are equal values in all of them.
    const range = useMemo(
      () => (frameCount(artifact) > 1 ? heatmapDrawing(artifact, state.looks).range : undefined),
      [artifact, state.looks.reduce, state.looks.clip],
    );
    const channels = artifact.axes.channel === undefined ? 1 : artifact.dims[artifact.axes.channel];
    const names = useMemo(
      () => channelNames(state.recipe ?? boot.recipe.recipe, channels),
      [state.recipe, boot.recipe, channels],
    );
    return (
      <Heatmap artifact={shown} picture={picture} looks={state.looks} range={range} channelNames={names}>
        {artifact.frames ? (
          <FrameStepper
            names={artifact.frames.names}
            frame={frame}
            onFrame={(next) => controller.setLooks({ frame: next })}
          />
        ) : null}
        {withoutLooks ? null : (
          <HeatmapLooks
            looks={state.looks}
            hasPicture={picture !== undefined}
            hasChannels={channels > 1}
            onChange={(looks) => controller.setLooks(looks)}
          />
        )}
      </Heatmap>
    );
  },
  tiles: ({ artifact, result, shownState, state, controller }) => (
    <FeatureMaps
      all={artifact}
      pictures={(over) => pictureUnder(result, over)}
      shownState={shownState}
      looks={state.looks}
      controller={controller}
    />
  ),
  bars: ({ artifact, result, state, boot, controller }) =>
    artifact.id !== "predictions" ? (
      <FeatureBars bars={artifact} />
    ) : (
      <div class="bars-stage">
        {result.views
          .filter((one) => one.kind === "image")
          .map((image) => (
            <Picture key={image.id} image={image} />
          ))}
        <Predictions
          bars={artifact}
          target={state.target}
          label={result.provenance.target?.label}
          canExplain={boot.blocked === undefined}
          most={Infinity}
          large
          onExplain={(target) =>
            controller.explain({
              ...(state.target.output === undefined ? {} : { output: state.target.output }),
              ...target,
            })
          }
          onAny={() => void controller.pickTarget()}
        />
      </div>
    ),
  tokens: ({ artifact, state, controller }) => (
    <Tokens artifact={artifact} looks={state.looks} onLooks={(looks) => controller.setLooks(looks)} />
  ),
  curves: ({ artifact }) => <Curves artifact={artifact} />,
  boxes: ({ artifact, result, state, boot, controller }) => (
    <Boxes
      artifact={artifact}
      picture={pictureUnder(result, artifact.over)}
      target={state.target}
      canExplain={boot.blocked === undefined}
      onExplain={(target) => controller.explain(target)}
    />
  ),
  image: ({ artifact }) => <Picture image={artifact} />,
};

/** A picture with its caption. */
export function Picture({ image }: { readonly image: ImageArtifact }): VNode {
  const rgba = useMemo(() => withAlpha(image.pixels), [image]);
  return (
    <figure class="picture">
      <PixelCanvas
        width={image.width}
        height={image.height}
        rgba={rgba}
        smooth
        label={`${image.title}, ${image.width} by ${image.height} pixels`}
        testid="picture"
      />
      <figcaption>{image.caption || image.title}</figcaption>
    </figure>
  );
}

/** The picture that an artifact lies over, if the result has it. */
export function pictureUnder(result: Result, over: string | undefined): ImageArtifact | undefined {
  return result.views.find((one): one is ImageArtifact => one.kind === "image" && one.id === over);
}

/** What the channels of the model's picture are called, where the recipe says so. */
function channelNames(recipe: Recipe, channels: number): readonly string[] | undefined {
  const image = Object.values(recipe.inputs).find((input) => input.kind === "image");
  if (!image || channels !== 3) return undefined;
  return image.channels === "bgr" ? ["B", "G", "R"] : image.channels === "rgb" ? ["R", "G", "B"] : undefined;
}
