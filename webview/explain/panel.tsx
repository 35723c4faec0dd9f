import { takesInput, type TechniqueInfo } from "../../src/protocol/technique.ts";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { picturesOf } from "../../src/protocol/result.ts";
import { Button } from "../ui/controls.tsx";
import { Announce, ProgressLine } from "../ui/feedback.tsx";
import { Disclosure } from "../ui/fields.tsx";
import { Messages, type Staleness } from "../ui/messages.tsx";
import { useStore } from "../ui/store.ts";
import { Checks } from "./checks.tsx";
import type { PanelController, Snapshot } from "./controller.ts";
import { ExplainedInputs } from "./explained-inputs.tsx";
import { Header, targetName } from "./header.tsx";
import { InputForm } from "./input-form.tsx";
import { Methods } from "./methods.tsx";
import { Options } from "./options.tsx";
import { Elsewhere } from "./pin.tsx";
import { Predictions } from "../results/predictions.tsx";
import { Provenance } from "./provenance.tsx";
import { RunStatus } from "./run-status.tsx";
import { RecipePart } from "./recipe.tsx";
import { denseAxes, RegionForm } from "./region.tsx";
import { pageOf, Stage } from "./stage.tsx";
import { sameJob, subjectName, withoutGrid } from "./state.ts";
import { LayerStrip, LayerStripPlace } from "./strip.tsx";
import { formatPercent } from "../../src/protocol/format.ts";

/** The whole panel, drawn from the controller's snapshot. */
export function Panel({ controller }: { readonly controller: PanelController }): VNode {
  const snapshot = useStore(controller);
  const messages = (
    <Messages
      snapshot={snapshot}
      stale={snapshot.stale && !snapshot.running ? staleness[snapshot.stale] : undefined}
      controller={controller}
      onAgain={() => void controller.run()}
    />
  );
  const [regionOpen, setRegionOpen] = useState(false);
  const { boot, state, shown, partial, running, predictions } = snapshot;
  if (!boot || !state) return <main class="panel">{messages}</main>;
  const technique = controller.technique;
  const inputMatters = !technique || takesInput(technique);
  const needs: Pick<TechniqueInfo["needs"], "layer" | "several" | "firstLayer"> = technique?.needs ?? { layer: "none" };
  const shownTechnique = boot.techniques.find(({ id }) => id === shown?.state.technique);
  const complete = partial ? undefined : shown?.result;
  const result = partial?.result ?? complete;
  const page = pageOf(controller, state, (partial ?? shown)?.state ?? state, boot);
  const inProgress = partial !== undefined && !partial.ended;
  const awaited = running !== undefined || snapshot.due === true;
  const seen = (partial ?? shown)?.state;
  // At once where it is the answer to another question; where the same is asked again, once that takes a while.
  const old = awaited && seen !== undefined && !sameJob(seen, state, technique);
  return (
    <main class="panel">
      <h1 class="visually-hidden">
        {technique ? `${technique.title}: ` : ""}
        {boot.modelName}
      </h1>
      <Header snapshot={snapshot} boot={boot} state={state} controller={controller} />
      {state.form && inputMatters ? (
        <InputForm boot={boot} state={state} rows={state.form} controller={controller} />
      ) : null}
      <div class="methods-part">
        <Methods boot={boot} state={state} controller={controller} />
        <RunStatus snapshot={snapshot} boot={boot} state={state} controller={controller} />
      </div>
      <div class="progress-place">
        {running?.visible ? <ProgressLine fraction={running.progress.fraction} text={running.progress.text} /> : null}
      </div>
      {technique ? (
        <Options
          technique={withoutGrid(technique, snapshot.layers?.layers, state.params[technique.id])}
          params={state.params[technique.id]}
          controller={controller}
        />
      ) : null}
      {technique?.needs.target ? (
        <ExplainedInputs
          inputs={boot.recipe.explainable ?? []}
          chosen={state.explain}
          disabled={boot.blocked !== undefined}
          onChange={(names) => controller.setExplained(names)}
        />
      ) : null}
      {needs.layer === "none" || !inputMatters ? null : !snapshot.layers ? (
        // Its place is kept: what stands below does not move when the layers are there.
        boot.blocked === undefined && !controller.lacksInput ? (
          <LayerStripPlace />
        ) : null
      ) : (
        <LayerStrip
          layers={snapshot.layers}
          defaultLayer={needs.firstLayer ? snapshot.layers.firstLayer : snapshot.layers.defaultLayer}
          spatialOnly={needs.layer === "spatial"}
          several={needs.several === true}
          chosen={state.layer === undefined ? [] : [state.layer, ...(needs.several ? (state.moreLayers ?? []) : [])]}
          used={shown && sameJob(shown.state, state, technique) ? shown.result.provenance.layer : undefined}
          onChoose={(layers) => controller.chooseLayers(layers)}
        />
      )}
      {messages}
      <Elsewhere boot={boot} state={state} controller={controller} />
      <div class="layout">
        <div class="main-column">
          <ShownNote snapshot={snapshot} controller={controller} />
          <div
            class={old || (running?.visible && !inProgress) ? "stage waiting" : "stage"}
            aria-busy={awaited}
            data-testid="stage"
          >
            {inProgress ? (
              <p class="visually-hidden" data-testid="in-progress">
                In progress: this is a partial result.
              </p>
            ) : null}
            {result ? (
              <Stage key={state.model} result={result} page={page} />
            ) : (
              <p class="empty" data-testid="empty">
                {emptyText(snapshot, controller)}
              </p>
            )}
          </div>
          {complete && shown && shownTechnique ? (
            <Checks
              technique={shownTechnique}
              shown={shown}
              boot={boot}
              open={state.reliability}
              name={subjectName(boot, shownTechnique)}
              canRun={boot.blocked === undefined && snapshot.stale === undefined && !running}
              page={page}
              controller={controller}
            />
          ) : null}
        </div>
        {predictions && !result?.views.some(({ id }) => id === "predictions") && inputMatters ? (
          <aside class="side" aria-label="Predictions">
            <Predictions
              bars={predictions}
              target={state.target}
              label={complete?.provenance.target?.label}
              canExplain={boot.blocked === undefined}
              limit={5}
              onExplain={page.explain}
              onAny={page.pickTarget}
            />
            {denseAxes(predictions.dims) && boot.blocked === undefined ? (
              <Disclosure title="Explain a region" open={regionOpen} onToggle={setRegionOpen} testid="region-open">
                {() => (
                  <RegionForm
                    output={predictions}
                    picture={result && picturesOf(result).find(({ id }) => id === "input")}
                    target={state.target}
                    onExplain={(target) => controller.explain(target)}
                  />
                )}
              </Disclosure>
            ) : null}
          </aside>
        ) : null}
      </div>
      <footer class="footer">
        {complete?.notes.map((note, place) => (
          <p key={place} class="note" data-testid="note">
            {note}
          </p>
        ))}
        {inputMatters ? (
          <RecipePart
            boot={boot}
            state={state}
            controller={controller}
            output={shown?.result.provenance.output}
            open={snapshot.recipeOpen === true}
          />
        ) : null}
        {complete ? <Provenance result={complete} cached={shown?.cached === true} /> : null}
      </footer>
      <Announce
        testid="status-live"
        text={
          running?.visible
            ? running.progress.text
            : (snapshot.notice ??
              (partial?.ended ? partialText(partial) : undefined) ??
              (complete && !running ? `${complete.views[0]?.title ?? "Result"} ready.` : ""))
        }
      />
    </main>
  );
}

function emptyText({ running, boot }: Snapshot, { lacksInput, technique }: PanelController): string {
  if (running) return "Running…";
  if (boot?.blocked !== undefined) return "Nothing to show yet.";
  if (!lacksInput) return "No result yet.";
  const several = (boot?.inputs.length ?? 0) > 1;
  return `${several ? "Fill in the inputs" : "Choose an input"} to run ${technique?.title} on.`;
}

const staleness: Staleness = {
  "model-changed": { text: "The model changed on disk. Showing the previous result.", action: "Reload & run" },
  "model-deleted": { text: "The model was deleted or moved. Showing the last result." },
  recipe: { text: "The preprocessing recipe changed. Showing the previous result.", action: "Run again" },
};

/**
 * Says so where the picture is not the answer to what the controls ask: a result from before, after a cancel or a
 * failure, or a part of one.
 */
function ShownNote({
  snapshot: { shown, partial, state, running, stale, boot },
  controller,
}: {
  readonly snapshot: Snapshot;
  readonly controller: PanelController;
}): VNode | null {
  const seen = partial ?? shown;
  if (!seen || !state || !boot || running || (stale && !partial)) return null;
  const old = !sameJob(seen.state, state, controller.technique);
  if (!old && !partial) return null;
  const technique = boot.techniques.find((one) => one.id === seen.state.technique);
  const label = partial ? undefined : shown?.result.provenance.target?.label;
  const target = technique?.needs.target
    ? (label ?? targetName(seen.state.target, undefined, boot.recipe.classes))
    : undefined;
  return (
    <div class="old" data-testid={partial ? "partial" : "old-picture"}>
      <span>
        {partial ? `${partialText(partial)} ` : ""}
        {old ? `Showing the previous result: ${[technique?.title, target].filter(Boolean).join(", ")}.` : ""}
      </span>
      {boot.blocked !== undefined ? null : controller.lacksInput ? (
        <Button onClick={() => void controller.pickInput()} testid="choose-input">
          Choose an input…
        </Button>
      ) : (
        <Button onClick={() => void controller.run()} testid="run">
          Run
        </Button>
      )}
    </div>
  );
}

/** "Cancelled after 40%: this is a partial result." */
function partialText({ ended, fraction }: NonNullable<Snapshot["partial"]>): string {
  const how = ended === "failed" ? "Stopped" : "Cancelled";
  return `${how}${fraction === undefined ? "" : ` after ${formatPercent(fraction)}`}: this is a partial result.`;
}
