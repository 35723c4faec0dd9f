import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { checksOf } from "../../src/protocol/checks.ts";
import type { TableArtifact } from "../../src/protocol/artifacts.ts";
import type { Result } from "../../src/protocol/result.ts";
import type { Progress } from "../../src/protocol/engine.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { Button } from "../ui/controls.tsx";
import { Announce, FailureText, ProgressLine } from "../ui/feedback.tsx";
import { Disclosure } from "../ui/fields.tsx";
import { ArtifactView } from "../results/index.tsx";
import type { Page } from "../results/view.ts";
import { isAbort, toFailure } from "../ui/host.ts";
import type { Failure } from "../ui/host.ts";
import type { PanelController } from "./controller.ts";
import { SaveMenu } from "./save.tsx";
import { formatPercent } from "../../src/protocol/format.ts";

interface Outcome {
  readonly result?: Result;
  readonly cached?: boolean;
  readonly failure?: Failure;
}

/**
 * "How reliable is this explanation?": checks of the result that is shown, run when asked for, one after another. Give
 * it a `key` of the result's question: what was found for another one goes. `busy`: the panel itself runs, and checks
 * give way.
 */
export function Trust({
  technique,
  techniques,
  shownState,
  name,
  busy,
  canRun,
  page,
  controller,
}: {
  readonly technique: TechniqueInfo;
  readonly techniques: readonly TechniqueInfo[];
  readonly shownState: PanelState;
  readonly name: string;
  readonly busy: boolean;
  readonly canRun: boolean;
  readonly page: Page;
  readonly controller: PanelController;
}): VNode | null {
  const checks = checksOf(technique, techniques);
  const [open, setOpen] = useState(false);
  const { outcomes, running, run, cancel } = useChecks(shownState, busy, controller);
  if (!checks.length) return null;
  const left = checks.filter(({ id }) => !outcomes[id]?.result);
  return (
    <div class="trust">
      <Disclosure title="How reliable is this explanation?" open={open} onToggle={setOpen} testid="trust">
        {() => (
          <div class="trust-content">
            <div class="trust-bar">
              <span class="muted">
                Checks of this {technique.title} map: its important pixels are removed, the input is perturbed, the
                model is randomised. Each check explains how to read it.
              </span>
              {running ? (
                <Button onClick={cancel} testid="trust-cancel">
                  Cancel
                </Button>
              ) : left.length ? (
                <Button kind="primary" onClick={() => void run(left)} disabled={!canRun} testid="trust-all">
                  {left.length < checks.length ? "Run remaining checks" : "Run all checks"}
                </Button>
              ) : null}
            </div>
            <div class="progress-place">
              {running ? <ProgressLine fraction={running.progress.fraction} text={running.progress.text} /> : null}
            </div>
            {checks.map((check) => (
              <Check
                key={check.id}
                check={check}
                outcome={outcomes[check.id]}
                progress={running?.id === check.id ? running.progress : undefined}
                waits={running !== undefined}
                canRun={canRun}
                shownState={shownState}
                name={name}
                page={page}
                controller={controller}
                onRun={() => void run([check])}
              />
            ))}
            <CheckNumbers checks={checks} outcomes={outcomes} page={page} />
            <Announce
              testid="trust-live"
              text={
                running
                  ? running.progress.text
                  : left.length < checks.length
                    ? `${checks.length - left.length} of ${checks.length} checks done.`
                    : ""
              }
            />
          </div>
        )}
      </Disclosure>
    </div>
  );
}

/** What all checks that ran came to, as one table. */
function CheckNumbers({
  checks,
  outcomes,
  page,
}: {
  readonly checks: readonly TechniqueInfo[];
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly page: Page;
}): VNode | null {
  const [open, setOpen] = useState(false);
  const results = checks.flatMap(({ id }) => outcomes[id]?.result ?? []);
  const artifact = useMemo(() => numbersOf(checks, outcomes), [outcomes]);
  if (!results.length || !artifact) return null;
  return (
    <Disclosure title="All numbers as a table" open={open} onToggle={setOpen} testid="trust-numbers">
      {() => <ArtifactView artifact={artifact} result={results[0]} page={page} compact />}
    </Disclosure>
  );
}

function numbersOf(
  checks: readonly TechniqueInfo[],
  outcomes: Readonly<Record<string, Outcome>>,
): TableArtifact | undefined {
  const rows = checks.flatMap(({ id, title }) =>
    (outcomes[id]?.result?.views ?? []).flatMap((view) =>
      "numbers" in view ? view.numbers.map((number) => ({ check: title, ...number })) : [],
    ),
  );
  if (rows.length === 0) return undefined;
  return {
    kind: "table",
    id: "check-numbers",
    title: "Numbers of the checks",
    columns: [
      { name: "check", type: "text", values: rows.map(({ check }) => check) },
      { name: "number", type: "text", values: rows.map(({ label }) => label) },
      { name: "value", type: "number", values: Float64Array.from(rows, ({ value }) => value) },
      { name: "what it says", type: "text", values: rows.map(({ help }) => help) },
    ],
    caption: "",
  };
}

/** One check: what it is, and what it found. */
function Check({
  check,
  outcome,
  progress,
  waits,
  canRun,
  shownState,
  name,
  page,
  controller,
  onRun,
}: {
  readonly check: TechniqueInfo;
  readonly outcome?: Outcome;
  readonly progress?: Progress;
  readonly waits: boolean;
  readonly canRun: boolean;
  readonly shownState: PanelState;
  readonly name: string;
  readonly page: Page;
  readonly controller: PanelController;
  readonly onRun: () => void;
}): VNode {
  const artifact = outcome?.result?.views[0];
  return (
    <section class="check" aria-label={check.title} data-testid={`check-${check.id}`}>
      <div class="check-head">
        <h2>{check.title}</h2>
        {progress ? (
          <span class="muted number" data-testid="check-progress">
            {progress.text}
            {progress.fraction === undefined ? "…" : ` · ${formatPercent(progress.fraction)}`}
          </span>
        ) : (
          <>
            {outcome?.result ? null : (
              <Button onClick={onRun} disabled={!canRun || waits} testid={`run-${check.id}`} title={check.cite}>
                Run
              </Button>
            )}
            {outcome?.result ? (
              <SaveMenu
                shown={{ result: outcome.result, state: shownState, cached: outcome.cached === true }}
                looks={shownState.looks}
                name={name}
                controller={controller}
                testid={`save-${check.id}`}
              />
            ) : null}
            <button
              type="button"
              class="link-button"
              data-testid={`open-${check.id}`}
              title="Open this check with all options"
              onClick={() => controller.openCheck(check.id)}
            >
              Options…
            </button>
          </>
        )}
      </div>
      {outcome?.failure ? (
        <p class="check-failure" role="alert">
          <FailureText failure={outcome.failure} />
        </p>
      ) : null}
      {outcome?.result && artifact ? (
        <ArtifactView artifact={artifact} result={outcome.result} page={page} compact />
      ) : (
        <p class="muted">{check.summary}</p>
      )}
      {outcome?.result?.notes.map((note, place) => (
        <p key={place} class="note">
          {note}
        </p>
      ))}
    </section>
  );
}

/** Runs checks one after another; what was found stays until the question is another. */
function useChecks(
  state: PanelState,
  busy: boolean,
  controller: PanelController,
): {
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly running?: { readonly id: string; readonly progress: Progress };
  readonly run: (checks: readonly TechniqueInfo[]) => Promise<void>;
  readonly cancel: () => void;
} {
  const [outcomes, setOutcomes] = useState<Readonly<Record<string, Outcome>>>({});
  const [running, setRunning] = useState<{ readonly id: string; readonly progress: Progress } | undefined>(undefined);
  const abort = useRef<AbortController>(undefined);
  const cancel = (): void => abort.current?.abort();
  useEffect(() => cancel, []);
  // What the person asked the panel for comes first: the engine runs one thing at a time.
  useEffect(() => {
    if (busy) cancel();
  }, [busy]);
  const run = async (checks: readonly TechniqueInfo[]): Promise<void> => {
    cancel();
    const mine = (abort.current = new AbortController());
    for (const { id, title } of checks) {
      if (mine.signal.aborted) break;
      const show = (progress: Progress): void => {
        if (abort.current === mine) setRunning({ id, progress });
      };
      show({ text: title });
      const outcome: Outcome = await controller.link
        .call("check", { state, check: id }, { signal: mine.signal, onProgress: show })
        .catch((error: unknown): Outcome => (isAbort(error) ? {} : { failure: toFailure(error) }));
      if (abort.current === mine && (outcome.result || outcome.failure))
        setOutcomes((before) => ({ ...before, [id]: outcome }));
    }
    if (abort.current === mine) setRunning(undefined);
  };
  return { outcomes, running, run, cancel };
}
