import type { VNode } from "preact";
import { comparisonOf } from "../../src/draw/kinds/index.ts";
import { formatDuration, formatPercent, formatValue } from "../../src/protocol/format.ts";
import type { PartialResult, Result } from "../../src/protocol/result.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { summarise } from "../results/map-values.ts";
import type { Drawing, Reading } from "../results/map-values.ts";
import { Button } from "../ui/controls.tsx";
import { FailureText, ProgressLine } from "../ui/feedback.tsx";
import { IconButton } from "../ui/fields.tsx";
import type { Cell as CellNow, CompareController } from "./controller.ts";
import type { Place } from "./jobs.ts";
import type { Linked } from "../results/linked.tsx";
import { SmallView } from "../results/cells.tsx";

export interface CellProps {
  readonly place: Place;
  readonly label: string;
  readonly cell: CellNow | undefined;
  /** Of a map that is there, and what it says at the linked cursor. */
  readonly drawing: Drawing | undefined;
  readonly reading: Reading | undefined;
  /** Whether the scale is this cell's alone, and so shown below it. */
  readonly bar: boolean;
  readonly looks: Looks;
  readonly linked: Linked;
  readonly blocked: boolean;
  /** The cell that the Tab key comes to: its buttons are stops too. */
  readonly active: boolean;
  readonly controller: CompareController;
  readonly onRemove: (() => void) | undefined;
}

/** What stands in a cell, whatever state its job is in. */
export function CellContent(props: CellProps): VNode {
  const { place, cell, blocked, controller, active } = props;
  switch (cell?.kind) {
    case "done":
      return <Done {...props} result={cell.result} cached={cell.cached} />;
    case "failed":
      return (
        <div class="cell-state failed" role="alert" data-testid="cell-error">
          <FailureText failure={cell.failure} />
          <Row {...props}>
            <Button onClick={() => controller.retry(place.job)} testid="cell-retry">
              Retry
            </Button>
          </Row>
        </div>
      );
    case "running":
      return (
        <div class={cell.progress.partial ? "cell-partial" : "cell-state"} data-testid="cell-running">
          {cell.progress.partial ? <PartialView {...props} result={cell.progress.partial} /> : null}
          <ProgressLine fraction={cell.progress.fraction} text={cell.progress.text} />
          <span class="muted progress-text">
            {cell.progress.text}
            {cell.progress.fraction === undefined ? "…" : ` · ${formatPercent(cell.progress.fraction)}`}
          </span>
          <Row {...props}>
            <Button onClick={() => controller.cancel(place.job)} testid="cell-cancel">
              Cancel
            </Button>
          </Row>
        </div>
      );
    case "stopped":
      return (
        <div class="cell-state" data-testid="cell-stopped">
          <span class="muted">Cancelled.</span>
          <Row {...props}>
            <Button onClick={() => controller.retry(place.job)} testid="cell-run">
              Run
            </Button>
          </Row>
        </div>
      );
    default:
      return (
        <div class="cell-state" data-testid="cell-waiting">
          <span class="muted">{blocked ? "Not computed yet." : "Waiting…"}</span>
          <Row {...props}>
            {blocked || !active ? null : <Button onClick={() => controller.cancel(place.job)}>Cancel</Button>}
          </Row>
        </div>
      );
  }
}

function Row({ children, ...props }: CellProps & { readonly children: VNode | null }): VNode {
  return (
    <div class="cell-actions">
      {children}
      <Actions {...props} />
    </div>
  );
}

function Actions({ place, active, controller, onRemove, cell }: CellProps): VNode {
  return (
    <span class={`cell-buttons ${active ? "active" : ""}`}>
      {cell?.kind === "done" ? (
        <IconButton
          icon="open-preview"
          label="Open in its own panel"
          testid="cell-open"
          onClick={() => controller.openPanel(place.state)}
        />
      ) : null}
      {onRemove ? (
        <IconButton icon="close" label="Remove from the comparison" testid="cell-remove" onClick={onRemove} />
      ) : null}
    </span>
  );
}

/** What a job that runs has to show so far. */
function PartialView(props: CellProps & { readonly result: PartialResult }): VNode | null {
  const artifact = props.result.views[0];
  if (!artifact) return null;
  return (
    <>
      <p class="visually-hidden">In progress: this is a partial result.</p>
      <SmallView {...props} artifact={artifact} />
    </>
  );
}

function Done(props: CellProps & { readonly result: Result; readonly cached: boolean }): VNode {
  const { place, result, cached, drawing, reading } = props;
  const artifact = result.views[0];
  const comparison = comparisonOf(artifact);
  const word = artifact && reading && comparison?.label?.(artifact, reading.cell);
  return (
    <>
      {artifact ? (
        <SmallView {...props} artifact={artifact} />
      ) : (
        <p class="cell-words muted">This method produced no output.</p>
      )}
      <div class="cell-foot">
        {reading ? (
          <span
            class="cell-value number"
            data-testid="value"
            data-value={reading.value}
            data-row={reading.cell.row}
            data-column={reading.cell.column}
          >
            {word === undefined ? null : <span>{word} </span>}
            <b>{formatValue(reading.value)}</b>
            {Number.isNaN(reading.percentile) ? null : (
              <span class="muted"> percentile {reading.percentile.toFixed(1)}</span>
            )}
          </span>
        ) : (
          <span
            class="muted cell-facts"
            title={[...result.notes, cached ? "From the cache." : ""].filter(Boolean).join("\n")}
          >
            {facts(result, place)}
          </span>
        )}
        <Actions {...props} />
      </div>
      {comparison?.colored && drawing?.notFinite ? (
        <p class="note">{drawing.notFinite} NaN or infinite: magenta.</p>
      ) : null}
    </>
  );
}

/** "24 ms · /_conv_head/Conv"; a layer that stands along an axis is not said again. */
function facts({ provenance, time }: Result, { entries }: Place): string {
  const said = entries.some((entry) => entry?.kind === "layer" && entry.layer !== undefined);
  return [formatDuration(time.run), said ? undefined : provenance.layer].filter(Boolean).join(" · ");
}

/** The cell in a sentence, for those who do not see it. */
export function cellSentence(label: string, cell: CellNow | undefined, drawing: Drawing | undefined): string {
  switch (cell?.kind) {
    case "done":
      return `${label}. ${drawing ? `${summarise(drawing)} Enter reads values.` : (cell.result.views[0]?.title ?? "")}`;
    case "failed":
      return `${label}. Failed: ${cell.failure.message}`;
    case "running":
      return `${label}. Running.`;
    case "stopped":
      return `${label}. Cancelled.`;
    default:
      return `${label}. Waiting.`;
  }
}
