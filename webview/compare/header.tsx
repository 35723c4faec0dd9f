import type { VNode } from "preact";
import type { AxisKind, CompareBoot, CompareState } from "../../src/protocol/compare.ts";
import { Button } from "../ui/controls.tsx";
import { InputPick } from "../ui/input-pick.tsx";
import { ExplainedInputs } from "../explain/explained-inputs.tsx";
import { Icon, IconButton, Select } from "../ui/fields.tsx";
import type { CompareController, Side, Snapshot } from "./controller.ts";
import { figureOf } from "./figure.ts";
import { entryLabel, kindNames, modelName } from "./labels.ts";
import { SaveMenu } from "./save.tsx";

/** What all cells have in common, and at its end how far the runs are. What stands along an axis is not here. */
export function Header({
  snapshot,
  boot,
  state,
  controller,
  onEdit,
}: {
  readonly snapshot: Snapshot;
  readonly boot: CompareBoot;
  readonly state: CompareState;
  readonly controller: CompareController;
  readonly onEdit: () => void;
}): VNode {
  const has = (kind: AxisKind): boolean => state.columns.kind === kind || state.rows?.kind === kind;
  const blocked = boot.blocked !== undefined;
  const { base } = state;
  const asked = snapshot.places.filter(({ removed }) => !removed);
  const results = asked.flatMap(({ job }) => {
    const cell = snapshot.cells.get(job);
    return cell?.kind === "done" ? [cell.result] : [];
  });
  return (
    <header class="header">
      <InputPick name={boot.inputName} disabled={blocked} onPick={() => void controller.pickInput()} />
      {has("method") ? null : (
        <>
          <Select
            label="Method"
            value={base.technique}
            testid="method"
            disabled={blocked}
            choices={boot.techniques.map(({ id, title }) => ({ value: id, label: title }))}
            onChange={(technique) => controller.setBase({ technique })}
          />
          <IconButton icon="settings" label="Options of this method" testid="method-options" onClick={onEdit} />
        </>
      )}
      {has("target") ? null : (
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
            <span class="pick-text">
              {entryLabel(
                {
                  kind: "target",
                  target: base.target,
                  label: boot.recipe.classes[base.target.index?.length === 1 ? base.target.index[0] : -1] ?? "",
                },
                { techniques: boot.techniques, params: {}, models: [], results },
              )}
            </span>
            <Icon name="chevron-down" />
          </button>
        </>
      )}
      {has("model") ? null : (
        <span class="muted when-wide" title={base.model}>
          {modelName(base.model, [])}
        </span>
      )}
      {!has("layer") && base.layer !== undefined ? (
        <span class="common-layer muted" title={base.layer}>
          at <span class="mono">{base.layer}</span>
          {base.moreLayers?.length ? ` and ${base.moreLayers.length} more` : ""}
          <IconButton
            icon="close"
            label="Choose the layer automatically for each method"
            testid="any-layer"
            onClick={() => controller.setBase({ layer: undefined, moreLayers: undefined })}
          />
        </span>
      ) : null}
      <ExplainedInputs
        inputs={boot.recipe.explainable ?? []}
        chosen={base.explain}
        disabled={blocked}
        onChange={(explain) => controller.setBase({ explain })}
      />
      <div class="header-end">
        <Progress snapshot={snapshot} controller={controller} />
        <SaveMenu
          figure={() => figureOf(snapshot, boot, state)}
          inputName={boot.inputName}
          disabled={results.length === 0}
          controller={controller}
        />
      </div>
    </header>
  );
}

function Progress({
  snapshot: { places, cells, boot },
  controller,
}: {
  readonly snapshot: Snapshot;
  readonly controller: CompareController;
}): VNode | null {
  const jobs = [...new Set(places.filter(({ removed }) => !removed).map(({ job }) => job))];
  const kinds = jobs.map((job) => cells.get(job)?.kind);
  const left = kinds.filter((kind) => kind === "waiting" || kind === "running").length;
  const stopped = kinds.filter((kind) => kind === "stopped").length;
  if (boot?.blocked !== undefined) return null;
  if (left) {
    return (
      <>
        <span class="muted progress-text" data-testid="progress">
          {jobs.length - left} of {jobs.length}
        </span>
        <Button onClick={() => controller.cancelAll()} testid="cancel">
          Cancel
        </Button>
      </>
    );
  }
  return stopped ? (
    <Button onClick={() => controller.runAll()} testid="run-all">
      Run {stopped === jobs.length ? "all" : `the other ${stopped}`}
    </Button>
  ) : null;
}

/** What stands along the columns and the rows. Choosing a kind asks for its entries. */
export function Axes({
  state,
  blocked,
  controller,
}: {
  readonly state: CompareState;
  readonly blocked: boolean;
  readonly controller: CompareController;
}): VNode {
  return (
    <div class="axes" role="group" aria-label="What is compared">
      <AxisPart side="columns" state={state} blocked={blocked} controller={controller} />
      <AxisPart side="rows" state={state} blocked={blocked} controller={controller} />
    </div>
  );
}

function AxisPart({
  side,
  state,
  blocked,
  controller,
}: {
  readonly side: Side;
  readonly state: CompareState;
  readonly blocked: boolean;
  readonly controller: CompareController;
}): VNode {
  const axis = state[side];
  const kinds = (Object.keys(kindNames) as AxisKind[]).map((kind) => ({ value: kind, label: kindNames[kind].many }));
  return (
    <span class="axis">
      <Select
        label={side === "columns" ? "Columns" : "Rows"}
        shown
        value={axis?.kind ?? "none"}
        testid={`${side}-kind`}
        disabled={blocked}
        choices={side === "rows" ? [{ value: "none", label: "None" }, ...kinds] : kinds}
        title={side === "columns" ? "What varies across columns" : "What varies across rows"}
        onChange={(kind) => {
          if (kind === "none") controller.removeRows();
          else void controller.chooseEntries(side, kind as AxisKind);
        }}
      />
      {axis ? (
        <button
          type="button"
          class="pick"
          data-testid={`${side}-choose`}
          disabled={blocked}
          title={`Add or remove ${kindNames[axis.kind].many.toLowerCase()}`}
          onClick={() => void controller.chooseEntries(side, axis.kind)}
        >
          <Icon name="add" />
          {kindNames[axis.kind].many}…
        </button>
      ) : null}
    </span>
  );
}
