import type { VNode } from "preact";
import { estimate, formatEstimate } from "../../src/protocol/cost.ts";
import { formatDuration, formatPercent } from "../../src/protocol/format.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import { Button } from "../ui/controls.tsx";
import type { PanelController, Snapshot } from "./controller.ts";

/**
 * How far the run is and the button that cancels it, or how long the last one took. It takes the same place whether
 * anything runs or not, and Cancel's place stays empty: a second click on it presses nothing else.
 */
export function RunStatus({
  snapshot: { running, shown, partial },
  boot,
  state,
  controller,
}: {
  readonly snapshot: Snapshot;
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
}): VNode {
  const { technique } = controller;
  const expected =
    technique && formatEstimate(estimate(technique, state.params[technique.id], boot.speeds, boot.techniques));
  const visible = running?.visible ? running : undefined;
  return (
    <div class="run-status">
      {visible ? (
        <span class="muted progress-text" data-testid="progress" title={visible.progress.text}>
          {visible.progress.text}
          {visible.progress.fraction === undefined ? "…" : ` · ${formatPercent(visible.progress.fraction)}`}
          {expected ? ` · ${expected}` : ""}
        </span>
      ) : shown && !partial ? (
        <span
          class="muted number"
          data-testid="time"
          title={`Model run ${formatDuration(shown.result.time.run)}, total ${formatDuration(shown.result.time.total)}${shown.cached ? "; from the cache" : ""}`}
        >
          {formatDuration(shown.result.time.run || shown.result.time.total)}
        </span>
      ) : expected && !shown ? (
        <span class="muted number" data-testid="expected" title="As long as the last run took, by what is asked now">
          {expected}
        </span>
      ) : null}
      <span class={visible ? "cancel-place" : "cancel-place unused"}>
        <Button onClick={() => controller.cancel()} testid="cancel">
          Cancel
        </Button>
      </span>
    </div>
  );
}
