import type { VNode } from "preact";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import { Banner } from "../ui/feedback.tsx";
import { IconButton } from "../ui/fields.tsx";
import type { PanelController, Snapshot } from "./controller.ts";
import { targetName } from "./header.tsx";
import { sameJob } from "./state.ts";

/** Keeps the result that is shown: the panel stays what it is, and the next result opens in a new tab. */
export function PinButton({
  snapshot,
  boot,
  state,
  controller,
}: {
  readonly snapshot: Snapshot;
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
}): VNode {
  const pinned = state.pinned !== undefined;
  const { shown, partial, running, predictions } = snapshot;
  const ready = !partial && !running && shown !== undefined && sameJob(shown.state, state, controller.technique);
  const { technique } = controller;
  return (
    <IconButton
      icon={pinned ? "pinned" : "pin"}
      label="Pin"
      title={
        pinned
          ? "Unpin: take this result off the list of results, and let this panel change"
          : ready
            ? "Pin: keep this result, and open the next one in a new tab"
            : "Pin: there is no finished result to keep yet"
      }
      pressed={pinned}
      disabled={!pinned && !ready}
      testid="pin"
      onClick={() =>
        void controller.togglePin(
          technique?.needs.target ? targetName(state.target, predictions, boot.recipe.classes) : undefined,
        )
      }
    />
  );
}

/** Says that the model's other views show something else, and offers to show it here. */
export function Elsewhere({
  boot,
  state,
  controller,
}: {
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
}): VNode | null {
  const { elsewhere } = boot;
  if (!elsewhere || state.pinned !== undefined) return null;
  return (
    <Banner
      kind="info"
      testid="elsewhere"
      actions={[{ label: "Show It Here", run: () => controller.followElsewhere(), testid: "follow" }]}
      onClose={() => controller.dismissElsewhere()}
    >
      {`In another view of this model ${differences(boot, state).join(" and ")}.`}
    </Banner>
  );
}

function differences({ elsewhere, recipe }: PanelBoot, state: PanelState): readonly string[] {
  if (!elsewhere) return [];
  const { state: other, inputName } = elsewhere;
  const differ = (...keys: readonly (keyof PanelState)[]): boolean =>
    keys.some((key) => JSON.stringify(other[key]) !== JSON.stringify(state[key]));
  const isTop = other.target.index === undefined && other.target.region === undefined;
  return [
    ...(differ("input", "more") ? [`the input is ${inputName ?? "another"}`] : []),
    ...(differ("target")
      ? [`the target is ${isTop ? "the top prediction" : targetName(other.target, undefined, recipe.classes)}`]
      : []),
    ...(differ("layer", "moreLayers") ? [`the layer is ${other.layer ?? "the automatic one"}`] : []),
  ];
}
