import type { VNode } from "preact";
import { picturesOfInputs } from "../../src/draw/scene/inputs.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import type { Recipe } from "../../src/protocol/recipe.ts";
import type { PartialResult } from "../../src/protocol/result.ts";
import { ArtifactView } from "../results/index.tsx";
import type { Page } from "../results/view.ts";
import type { PanelController } from "./controller.ts";

/** The result's own artifact, or that of each explained input, with the display options right under it. */
export function Stage({ result, page }: { readonly result: PartialResult; readonly page: Page }): VNode {
  const artifact = result.views[0];
  if (!artifact) return <p class="empty">This method produced no output.</p>;
  const inputs = picturesOfInputs(result);
  if (inputs.length < 2) return <ArtifactView artifact={artifact} result={result} page={page} />;
  return (
    <>
      {inputs.map((one, place) => (
        <section key={one.id} class="explained-input" aria-label={`Input ${one.input}`} data-testid="explained-input">
          <h2>{one.input}</h2>
          <ArtifactView
            artifact={one}
            result={result}
            page={page}
            withoutOptions={inputs.slice(0, place).some(({ kind }) => kind === one.kind)}
          />
        </section>
      ))}
    </>
  );
}

/** What results' views ask of the panel. `shown`: the state that the result answers. */
export function pageOf(controller: PanelController, state: PanelState, shown: PanelState, boot: PanelBoot): Page {
  return {
    looks: state.looks,
    setLooks: (change) => controller.setLooks(change),
    target: state.target,
    canExplain: boot.blocked === undefined,
    explain: (target) =>
      controller.explain({ ...(state.target.output === undefined ? {} : { output: state.target.output }), ...target }),
    pickTarget: () => void controller.pickTarget(),
    params: state.params[shown.technique] ?? {},
    setParam: (name, value) => controller.setParam(name, value),
    channelNames: (count) => channelNames(state.recipe ?? boot.recipe.recipe, count),
    channel: (channel, signal) => controller.link.call("channel", { state: shown, channel }, { signal }),
    tiles: async (from, to, signal) =>
      (await controller.link.call("tiles", { state: shown, from, to }, { signal })).tiles,
    fail: (error) => controller.fail(error),
  };
}

/** What the channels of the model's picture are called, where the recipe says so. */
function channelNames(recipe: Recipe, channels: number): readonly string[] | undefined {
  const image = Object.values(recipe.inputs).find((input) => input.kind === "image");
  if (!image || channels !== 3) return undefined;
  return image.channels === "bgr" ? ["B", "G", "R"] : image.channels === "rgb" ? ["R", "G", "B"] : undefined;
}
