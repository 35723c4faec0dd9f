import type { VNode } from "preact";
import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import type { PanelBoot, PanelState } from "../../src/protocol/panel.ts";
import { takesInput } from "../../src/protocol/technique.ts";
import { elementIndex, regionText } from "../../src/protocol/target.ts";
import { InputPick } from "../ui/input-pick.tsx";
import { Icon, IconButton, Select } from "../ui/fields.tsx";
import { Chip } from "./chip.tsx";
import type { PanelController, Snapshot } from "./controller.ts";
import { PinButton } from "./pin.tsx";
import { SaveMenu } from "./save.tsx";
import { subjectName } from "./state.ts";

/**
 * What is explained, each part a chip that chooses another: model, input, target, of which output, how the input is
 * prepared; at its end what can be done with the result.
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
  const { shown, partial, predictions, recipeOpen } = snapshot;
  const { technique } = controller;
  const inputMatters = !technique || takesInput(technique);
  const asksTarget = technique?.needs.target === true && !controller.lacksInput;
  const blocked = boot.blocked !== undefined;
  const shownTechnique = boot.techniques.find(({ id }) => id === shown?.state.technique);
  return (
    <header class="header">
      <Chip
        what="model"
        plain
        title={`${boot.modelName}\nClick to explain another model`}
        testid="model"
        onClick={() => controller.pickModel()}
      >
        {boot.modelName.replace(/(?<=.)\.[^.]*$/, "")}
      </Chip>
      {inputMatters ? <Input boot={boot} state={state} controller={controller} /> : null}
      {asksTarget ? (
        <>
          <Target
            state={state}
            predictions={predictions}
            classes={boot.recipe.classes}
            disabled={blocked}
            controller={controller}
          />
          <Outputs boot={boot} state={state} controller={controller} disabled={blocked} />
        </>
      ) : null}
      {inputMatters ? (
        <Chip
          what="preprocessing"
          title={recipeTitle(boot, state)}
          testid="recipe-chip"
          icon={recipeOpen ? "chevron-up" : "chevron-down"}
          pressed={recipeOpen === true}
          onClick={() => controller.openRecipe(!recipeOpen)}
        >
          {isGuessed(boot, state) ? <Icon name="warning" /> : null}
          {boot.recipe.file !== undefined && !state.recipe ? "" : recipeSource(boot, state)}
        </Chip>
      ) : null}
      <div class="header-end">
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
        <SaveMenu
          shown={shown}
          looks={state.looks}
          name={subjectName(boot, shownTechnique)}
          disabled={
            !shown ? "There is nothing to save yet." : partial && "A partial result cannot be saved: run it to the end."
          }
          controller={controller}
        />
      </div>
    </header>
  );
}

/** "guessed", the recipe file's name, or "modified" where it was changed for this panel alone. */
export function recipeSource({ recipe }: PanelBoot, state: PanelState): string {
  return state.recipe ? "modified" : (recipe.file ?? "guessed");
}

function isGuessed(boot: PanelBoot, state: PanelState): boolean {
  return !state.recipe && boot.recipe.file === undefined;
}

function recipeTitle(boot: PanelBoot, state: PanelState): string {
  const { reasons } = boot.recipe;
  const head = isGuessed(boot, state)
    ? "How the input is prepared was guessed. Check it, and save it beside the model"
    : "How the input is prepared";
  return [`${head}: ${recipeSource(boot, state)}`, ...reasons].join("\n");
}

/** The input with the one before and the one after, and how many more the result is the mean over. */
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
    <span class="chip-group">
      <IconButton
        icon="chevron-left"
        label="Previous input"
        disabled={disabled || inputName === undefined}
        onClick={() => void controller.stepInput(-1)}
        testid="previous-input"
      />
      <InputPick name={inputName} disabled={disabled} onPick={() => void controller.pickInput()} />
      <IconButton
        icon="chevron-right"
        label="Next input"
        disabled={disabled || inputName === undefined}
        onClick={() => void controller.stepInput(1)}
        testid="next-input"
      />
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
    </span>
  );
}

/** What is explained: the top prediction of each input, or what a person fixed, which stays for the next input. */
function Target({
  state: { target },
  predictions,
  classes,
  disabled,
  controller,
}: {
  readonly state: PanelState;
  readonly predictions?: BarsArtifact;
  readonly classes: readonly string[];
  readonly disabled: boolean;
  readonly controller: PanelController;
}): VNode {
  const isTop = target.index === undefined && target.region === undefined;
  return (
    <span class="chip-group">
      <Chip
        what={target.against ? "difference" : isTop ? "top prediction" : "target"}
        title={
          isTop
            ? "Explains what the model predicts for each input. Click to choose a class, or the difference of two"
            : "Stays the same for other inputs. Click to choose another"
        }
        testid="target"
        disabled={disabled}
        onClick={() => void controller.pickTarget()}
      >
        <TargetText target={target} predictions={predictions} classes={classes} />
      </Chip>
      {isTop && !target.against ? null : (
        <IconButton
          icon="close"
          label={`Back to the top prediction`}
          disabled={disabled}
          onClick={() => controller.explainTop()}
          testid="target-top"
        />
      )}
    </span>
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
  if (outputs.length < 2) return null;
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
      {target.against ? <span> − {targetName({ index: target.against }, predictions, classes)}</span> : null}
    </span>
  );
}

function largestIndex(predictions: BarsArtifact | undefined): readonly number[] | undefined {
  const first = predictions?.items[0];
  return first && elementIndex(predictions.dims, first.index);
}

/** A target's class name; its index where it has none, "…" for a top prediction that is not yet known. */
export function targetName(
  target: TargetSpec,
  predictions: BarsArtifact | undefined,
  classes: readonly string[],
): string {
  if (target.region) return `sum over ${regionText(target.region)}`;
  const index = target.index ?? largestIndex(predictions);
  if (!index) return "…";
  if (index.length !== 1) {
    const named = predictions?.items.find(
      (item) => item.index >= 0 && elementIndex(predictions.dims, item.index).join() === index.join(),
    );
    return named?.label ?? index.join(", ");
  }
  if (target.not) return predictions?.items.find((item) => item.index === -1 - index[0])?.label ?? `not ${index[0]}`;
  return predictions?.items.find((item) => item.index === index[0])?.label ?? classes[index[0]] ?? String(index[0]);
}
