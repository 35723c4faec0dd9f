import type { VNode } from "preact";
import { randomText } from "../../src/draw/kinds/curves.ts";
import type { CurveNumber } from "../../src/protocol/artifacts.ts";
import { standing } from "../../src/protocol/checks.ts";
import type { Progress } from "../../src/protocol/engine.ts";
import { formatDuration, formatPercent, formatValue } from "../../src/protocol/format.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { Button } from "../ui/controls.tsx";
import { FailureText } from "../ui/feedback.tsx";
import { Icon } from "../ui/fields.tsx";
import { ArtifactView } from "../results/index.tsx";
import type { Page } from "../results/view.ts";
import type { Outcome } from "./checks-runs.ts";
import { numbersOf } from "./checks-table.ts";
import type { PanelController, Snapshot } from "./controller.ts";
import { Options } from "./options.tsx";
import { SaveMenu } from "./save.tsx";

interface RowProps {
  readonly check: TechniqueInfo;
  readonly outcome: Outcome | undefined;
  readonly progress: Progress | undefined;
  /** Behind the one that runs. */
  readonly waits: boolean;
  readonly canRun: boolean;
  /** Why it cannot judge the result. */
  readonly refused: string | undefined;
  /** "about 12 s". */
  readonly cost: string | undefined;
  readonly open: boolean;
  readonly shown: NonNullable<Snapshot["shown"]>;
  readonly name: string;
  readonly page: Page;
  readonly controller: PanelController;
}

/** A check's part of the table: what it is, its numbers, and once opened its options and its picture. */
export function CheckRows(props: RowProps): VNode {
  const { check, outcome, progress, canRun, refused, open, controller } = props;
  const numbers = numbersOf(outcome ?? {});
  return (
    <tbody data-testid={`check-${check.id}`} aria-busy={progress !== undefined}>
      <tr class={refused === undefined ? "check-head" : "check-head refused"}>
        <th scope="rowgroup" colSpan={2}>
          <button
            type="button"
            class="check-name"
            aria-expanded={open}
            title={check.cite}
            data-testid={`open-${check.id}`}
            onClick={() => controller.openCheck(check.id, !open)}
          >
            <Icon name={open ? "chevron-down" : "chevron-right"} />
            {check.title}
          </button>
          <p class="muted check-summary">{check.summary}</p>
          <Status {...props} />
        </th>
        <td colSpan={2} class="check-actions">
          <span class={progress ? "cancel-place" : "cancel-place unused"}>
            <Button
              onClick={() => controller.checks.cancel()}
              title={`Cancel ${check.title}`}
              testid={`cancel-${check.id}`}
            >
              Cancel
            </Button>
          </span>
          <span class={outcome?.result ? "unused" : ""}>
            <Button
              onClick={() => void controller.checks.run([check.id])}
              disabled={!canRun || refused !== undefined || outcome?.result !== undefined}
              title={refused ?? `Run ${check.title}`}
              testid={`run-${check.id}`}
            >
              Run
            </Button>
          </span>
        </td>
      </tr>
      {numbers.map((number) => (
        <NumberRow key={`${number.id} ${number.label}`} number={number} />
      ))}
      {open ? (
        <tr class="check-more">
          <td colSpan={4}>
            <More {...props} />
          </td>
        </tr>
      ) : null}
    </tbody>
  );
}

/** One line: how far it is, what it costs, or why there are no numbers. */
function Status({ check, outcome, progress, waits, refused, cost }: RowProps): VNode {
  const { result, cached, failure } = outcome ?? {};
  if (progress)
    return (
      <p class="muted number check-status" data-testid="check-progress" title={progress.text}>
        {progress.text}
        {progress.fraction === undefined ? "…" : ` · ${formatPercent(progress.fraction)}`}
        {cost ? ` · ${cost}` : ""}
      </p>
    );
  if (failure)
    return (
      <p class="check-failure" role="alert">
        <FailureText failure={failure} />
      </p>
    );
  if (refused !== undefined)
    return (
      <p class="muted" data-testid={`refused-${check.id}`}>
        Not for this explanation: {refused}
      </p>
    );
  return (
    <p class="muted number check-status">
      {waits ? "Waiting" : result ? `${formatDuration(result.time.total)}${cached ? ", from the cache" : ""}` : cost}
    </p>
  );
}

const WORDS = { better: "Better", worse: "Worse", mixed: "Mixed" } as const;

function NumberRow({ number }: { readonly number: CurveNumber }): VNode {
  const { id, label, value, help, better, random } = number;
  const found = standing(number);
  return (
    <tr class="check-number" data-testid={`row-${id}`}>
      <th scope="row" title={help}>
        {label}
        {better ? <span class="muted">{better === "higher" ? "Higher is better" : "Lower is better"}</span> : null}
      </th>
      <td class="number" data-testid={`check-number-${id}`} data-value={value} title={String(value)}>
        {formatValue(value)}
      </td>
      <td
        class="number"
        data-testid={`random-${id}`}
        data-value={random?.mean}
        title={random ? `${random.values.length} random maps: ${random.values.join(", ")}` : undefined}
      >
        {randomText(number) ?? "–"}
      </td>
      <td data-testid={`standing-${id}`}>
        {found ? (
          <>
            {WORDS[found.word]}
            <span class="muted">
              than {found.better} of {found.of}
            </span>
          </>
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}

/** The check's own options, and what it found, drawn. */
function More({ check, outcome, shown, name, page, controller }: RowProps): VNode {
  const own = { ...check, params: check.params.filter((spec) => spec.name !== "method" && spec.name !== "options") };
  const result = outcome?.result;
  const { params, looks } = controller.snapshot.state ?? shown.state;
  return (
    <div class="check-more-content">
      <Options
        technique={own}
        params={params[check.id]}
        controller={{
          setParam: (option, value) => controller.setCheckParam(check.id, option, value),
          resetParams: () => controller.resetCheck(check.id),
        }}
      />
      {result ? (
        <>
          <div class="check-save">
            <SaveMenu
              shown={{
                result,
                state: controller.checks.requestState(shown.state),
                cached: outcome?.cached === true,
                check: check.id,
              }}
              looks={looks}
              name={name}
              controller={controller}
              testid={`save-${check.id}`}
            />
          </div>
          {result.views.map((view) => (
            <ArtifactView
              key={`${view.id} ${"input" in view ? view.input : ""}`}
              artifact={view}
              result={result}
              page={page}
              compact
            />
          ))}
          {result.notes.map((note, place) => (
            <p key={place} class="note">
              {note}
            </p>
          ))}
        </>
      ) : (
        <p class="muted">No result yet.</p>
      )}
    </div>
  );
}
