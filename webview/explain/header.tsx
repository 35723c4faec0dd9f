import type { VNode } from "preact";
import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import { takesInput } from "../../src/protocol/technique.ts";
import { elementIndex, regionText } from "../../src/protocol/target.ts";
import { Button } from "../ui/controls.tsx";
import { InputPick } from "../ui/input-pick.tsx";
import { Icon, IconButton, Select } from "../ui/fields.tsx";
import { formatDuration, formatPercent } from "../../src/protocol/format.ts";
import type { PanelController, Snapshot } from "./controller.ts";
import { PinButton } from "./pin.tsx";
import { SaveMenu } from "./save.tsx";
import { subjectName } from "./state.ts";

/**
 * One line that says what is looked at: input, target, of which output; at its end how long it took, or how far it is.
 */
export function Header({
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
  const { shown, partial, running, predictions } = snapshot;
  const { technique } = controller;
  const asksTarget = technique?.needs.target === true && !controller.lacksInput;
  const blocked = boot.blocked !== undefined;
  const shownTechnique = boot.techniques.find(({ id }) => id === shown?.state.technique);
  return (
    <header class="header">
      {!technique || takesInput(technique) ? (
        <Input boot={boot} state={state} controller={controller} />
      ) : (
        <span class="muted pick-text">{boot.modelName}</span>
      )}
      {asksTarget ? (
        <>
          <span class="muted when-wide">target</span>
          <button
            type="button"
            class="pick target-pick"
            title="Choose another class"
            data-testid="target"
            disabled={blocked}
            onClick={() => void controller.pickTarget()}
          >
            <TargetText target={state.target} predictions={predictions} classes={boot.recipe.classes} />
            <Icon name="chevron-down" />
          </button>
          <Outputs boot={boot} state={state} controller={controller} disabled={blocked} />
        </>
      ) : null}
      <div class="header-end">
        {running?.visible ? (
          <>
            <span class="muted progress-text" data-testid="progress">
              {running.progress.text}
              {running.progress.fraction === undefined ? "…" : ` · ${formatPercent(running.progress.fraction)}`}
            </span>
            <Button onClick={() => controller.cancel()} testid="cancel">
              Cancel
            </Button>
          </>
        ) : shown && !partial ? (
          <span
            class="muted number"
            data-testid="time"
            title={`Model run ${formatDuration(shown.result.time.run)}, total ${formatDuration(shown.result.time.total)}${shown.cached ? "; from the cache" : ""}`}
          >
            {formatDuration(shown.result.time.run || shown.result.time.total)}
          </span>
        ) : null}
        <button
          type="button"
          class="pick"
          title="Compare several methods, targets, layers or models for this input, side by side"
          data-testid="compare"
          disabled={blocked}
          onClick={() => controller.compare()}
        >
          Compare…
        </button>
        <PinButton snapshot={snapshot} boot={boot} state={state} controller={controller} />
        <IconButton
          icon="go-to-file"
          label={`Open ${boot.modelName}`}
          onClick={() => controller.openModel()}
          testid="open-model"
        />
        {shown ? (
          <SaveMenu
            shown={shown}
            looks={state.looks}
            name={subjectName(boot, shownTechnique)}
            disabled={partial && "A partial result cannot be saved: run it to the end."}
            controller={controller}
          />
        ) : null}
      </div>
    </header>
  );
}

/** The input, and how many more the result is the mean over. */
function Input({
  boot: { inputName, blocked },
  state: { more = [] },
  controller,
}: {
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
}): VNode {
  const disabled = blocked !== undefined;
  return (
    <>
      <InputPick name={inputName} disabled={disabled} onPick={() => void controller.pickInput()} />
      {inputName === undefined ? null : more.length > 0 ? (
        <button
          type="button"
          class="pick"
          data-testid="fewer-samples"
          disabled={disabled}
          onClick={() => controller.setSamples(undefined)}
          title={`The mean over ${inputName} and ${more.length} more:\n${more
            .map((uri) => decodeURIComponent(uri.split("/").pop() ?? uri))
            .slice(0, 20)
            .join("\n")}\nClick to explain only ${inputName}.`}
        >
          <span class="pick-text">+ {more.length}</span>
          <Icon name="close" />
        </button>
      ) : (
        <IconButton
          icon="add"
          label="Add samples: explain the mean over several inputs"
          disabled={disabled}
          onClick={() => void controller.addSamples()}
          testid="more-samples"
        />
      )}
    </>
  );
}

function Outputs({
  boot,
  state,
  controller,
  disabled,
}: {
  readonly boot: PanelBoot;
  readonly state: PanelState;
  readonly controller: PanelController;
  readonly disabled: boolean;
}): VNode | null {
  const { outputs } = boot;
  if (!outputs.length) return null;
  if (outputs.length === 1)
    return (
      <span class="muted when-wide">
        of <span class="plain">{outputs[0]}</span>
      </span>
    );
  return (
    <>
      <span class="muted">of</span>
      <Select
        label="Output"
        value={state.target.output ?? boot.defaultOutput ?? outputs[0]}
        testid="output"
        disabled={disabled}
        choices={outputs.map((name) => ({ value: name, label: name }))}
        onChange={(output) => controller.explain({ output })}
      />
    </>
  );
}

function TargetText({
  target,
  predictions,
  classes,
}: {
  readonly target: TargetSpec;
  readonly predictions?: BarsArtifact;
  readonly classes: readonly string[];
}): VNode {
  const index = target.index ?? (target.region ? undefined : largestIndex(predictions));
  const name = targetName(target, predictions, classes);
  const number = index?.join(", ");
  return (
    <span class="pick-text">
      {name}
      {number !== undefined && number !== name ? <span class="muted number"> {number}</span> : null}
      {target.against ? <span class="muted"> − {classes[target.against[0]] ?? target.against.join(", ")}</span> : null}
    </span>
  );
}

function largestIndex(predictions: BarsArtifact | undefined): readonly number[] | undefined {
  const first = predictions?.items[0];
  return first && elementIndex(predictions.dims, first.index);
}

/** A target's class name; its index where it has none, "largest" where the largest is meant and not yet known. */
export function targetName(
  target: TargetSpec,
  predictions: BarsArtifact | undefined,
  classes: readonly string[],
): string {
  if (target.region) return `sum over ${regionText(target.region)}`;
  const index = target.index ?? largestIndex(predictions);
  if (!index) return "largest";
  if (index.length !== 1) return index.join(", ");
  if (target.not) return predictions?.items.find((item) => item.index === -1 - index[0])?.label ?? `not ${index[0]}`;
  return predictions?.items.find((item) => item.index === index[0])?.label ?? classes[index[0]] ?? String(index[0]);
}
