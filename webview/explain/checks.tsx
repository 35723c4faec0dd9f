import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { checksOf } from "../../src/protocol/checks.ts";
import { estimate, formatEstimate } from "../../src/protocol/cost.ts";
import type { PanelBoot } from "../../src/protocol/panel.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { Button } from "../ui/controls.tsx";
import { Announce, ProgressLine } from "../ui/feedback.tsx";
import { Icon, IconButton } from "../ui/fields.tsx";
import { useStore } from "../ui/store.ts";
import type { Page } from "../results/view.ts";
import "./checks.css";
import { CheckRows } from "./checks-row.tsx";
import { csvBytesOf, tsvOf } from "./checks-table.ts";
import type { PanelController, Snapshot } from "./controller.ts";
import { fileStem } from "./save.tsx";

interface Props {
  /** Of the result. */
  readonly technique: TechniqueInfo;
  readonly shown: NonNullable<Snapshot["shown"]>;
  readonly boot: PanelBoot;
  /** The checks of which more than the numbers is shown; undefined where the section is closed. */
  readonly open: readonly string[] | undefined;
  /** What the result is about: files are called after it. */
  readonly name: string;
  readonly canRun: boolean;
  readonly page: Page;
  readonly controller: PanelController;
}

/**
 * "How reliable is this explanation?": the checks of the result that is shown, as one table of their numbers beside those
 * of random maps. Nothing of the panel changes when one runs.
 */
export function Checks(props: Props): VNode | null {
  const { technique, boot, open, controller } = props;
  const checks = checksOf(technique, boot.techniques);
  const summary = useRef<HTMLElement>(null);
  // A command asked for it.
  useEffect(() => {
    if (!boot.reliability) return;
    summary.current?.focus();
    summary.current?.scrollIntoView({ block: "start" });
    controller.reliabilityShown();
  }, [boot.reliability]);
  if (checks.length === 0) return null;
  return (
    <details
      class="reliability"
      open={open !== undefined}
      onToggle={(event) => controller.openReliability(event.currentTarget.open)}
    >
      <summary ref={summary} data-testid="reliability">
        <Icon name={open ? "chevron-down" : "chevron-right"} />
        <h2>How reliable is this explanation?</h2>
      </summary>
      {open ? <Content {...props} open={open} checks={checks} /> : null}
    </details>
  );
}

function Content({
  technique,
  shown,
  boot,
  open,
  name,
  canRun,
  page,
  controller,
  checks,
}: Props & { readonly open: readonly string[]; readonly checks: readonly TechniqueInfo[] }): VNode {
  const { outcomes, running, waiting, dropped } = useStore(controller.checks);
  const refused = (id: string): string | undefined => boot.unfit[id] ?? shown.result.context.unfitChecks?.[id];
  const left = checks.filter(({ id }) => !outcomes[id]?.result && refused(id) === undefined);
  const done = checks.filter(({ id }) => outcomes[id]?.result);
  const cost = (check: TechniqueInfo): number | undefined => {
    const params = controller.checks.stateOf(check.id)?.params[check.id];
    return estimate(check, params, boot.speeds, boot.techniques);
  };
  const costs = left.map(cost);
  const total = costs.every((one) => one !== undefined) ? costs.reduce((sum, one) => sum + one, 0) : undefined;
  const about = formatEstimate(left.length > 0 ? total : undefined);
  return (
    <div class="reliability-content">
      <p class="muted">
        Each check runs on this {technique.title} map as it is shown, and on random maps of its shape. An explanation
        that is no better than a random map says little about the model.
      </p>
      <div class="reliability-bar">
        <Button
          kind="primary"
          onClick={() => void controller.checks.run(left.map(({ id }) => id))}
          disabled={!canRun || running !== undefined || left.length === 0}
          testid="run-all"
        >
          {done.length > 0 && left.length > 0 ? "Run remaining" : "Run all"}
        </Button>
        <span class={running ? "cancel-place" : "cancel-place unused"}>
          <Button onClick={() => controller.checks.cancelAll()} testid="cancel-all">
            Cancel
          </Button>
        </span>
        <span class="muted number reliability-cost" data-testid="all-cost">
          {running ? (waiting.length > 0 ? `${waiting.length} more to run` : "") : about}
        </span>
        <IconButton
          icon="copy"
          label="Copy the table"
          disabled={done.length === 0}
          onClick={() => void controller.copyTable(tsvOf(checks, outcomes))}
          testid="copy-numbers"
        />
        <Button
          onClick={() =>
            void controller.save(`${fileStem(name)}-checks-${technique.id}.csv`, csvBytesOf(checks, outcomes))
          }
          disabled={done.length === 0}
          title="Save the table's numbers"
          testid="save-numbers"
        >
          Save as CSV
        </Button>
      </div>
      <div class="progress-place">
        {running ? <ProgressLine fraction={running.progress.fraction} text={running.progress.text} /> : null}
      </div>
      {dropped ? (
        <p class="note" data-testid="dropped">
          The explanation has changed. The numbers of the former one are no longer shown.
        </p>
      ) : null}
      <table class="checks-table" data-testid="checks-table">
        <caption class="visually-hidden">Numbers of this explanation beside those of random maps</caption>
        <colgroup>
          <col />
          <col class="checks-number" />
          <col class="checks-number" />
          <col class="checks-verdict" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Check</th>
            <th scope="col" class="number">
              This explanation
            </th>
            <th scope="col" class="number" title="Mean ± standard deviation of the random maps">
              Random map
            </th>
            <th scope="col" title="Than how many of the random maps this explanation is better">
              Than random
            </th>
          </tr>
        </thead>
        {checks.map((check) => (
          <CheckRows
            key={check.id}
            check={check}
            outcome={outcomes[check.id]}
            progress={running?.id === check.id ? running.progress : undefined}
            waits={waiting.includes(check.id)}
            canRun={canRun && running === undefined}
            refused={refused(check.id)}
            cost={formatEstimate(cost(check))}
            open={open.includes(check.id)}
            shown={shown}
            name={name}
            page={page}
            controller={controller}
          />
        ))}
      </table>
      <Announce
        testid="reliability-live"
        text={
          running ? running.progress.text : done.length > 0 ? `${done.length} of ${checks.length} checks done.` : ""
        }
      />
    </div>
  );
}
