import { checksOf, checkState } from "../../src/protocol/checks.ts";
import type { Progress } from "../../src/protocol/engine.ts";
import { stateKey } from "../../src/protocol/panel-job.ts";
import type { PanelHost, PanelState } from "../../src/protocol/panel.ts";
import { madeFrom, type Result } from "../../src/protocol/result.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { isAbort, toFailure, type Failure } from "../ui/host.ts";
import { Observed } from "../ui/observed.ts";
import type { HostLink } from "../ui/store.ts";
import type { Snapshot } from "./controller.ts";

/** What a check has come to. */
export interface Outcome {
  readonly result?: Result;
  /** It was on disk: nothing was run. */
  readonly cached?: boolean;
  readonly failure?: Failure;
}

interface ChecksSnapshot {
  /** By check id. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly running?: { readonly id: string; readonly progress: Progress };
  /** Checks that run after that one. */
  readonly waiting: readonly string[];
  /** Numbers of an explanation that was shown before are no longer here. */
  readonly dropped: boolean;
}

const NOTHING: ChecksSnapshot = { outcomes: {}, waiting: [], dropped: false };

/**
 * The checks of the result that the panel shows: run when asked for, one after another, always with the method, options,
 * target, layer and input that the result has. What was found stays as long as that result is shown; of another one
 * what is on disk is here at once.
 */
export class CheckRuns extends Observed<ChecksSnapshot> {
  /** The result that this is about. */
  private shown: Snapshot["shown"];
  private panel: Snapshot = {};
  private key: string | undefined;
  /** Whether it is known what is on disk of it. */
  private loaded = false;
  private abort: AbortController | undefined;
  /** Asked for before there is a result. */
  private wanted: string | undefined;

  constructor(
    private readonly link: HostLink<PanelHost>,
    private readonly onRun: (checked: PanelState, result: Result) => void,
  ) {
    super(NOTHING);
  }

  /** The panel shows this now. */
  follow(panel: Snapshot): void {
    this.panel = panel;
    // What the person asked the panel for comes first: the engine runs one thing at a time.
    if (panel.running) this.cancelAll();
    if (panel.shown !== this.shown) {
      this.shown = panel.shown;
      const key = this.keyOf(panel.shown);
      if (key !== this.key) this.begin(key);
    }
    this.runWanted();
  }

  /** Another result is shown, or none. */
  private begin(key: string | undefined): void {
    this.key = key;
    this.loaded = false;
    this.cancelAll();
    const had = Object.values(this.snapshot.outcomes).some(({ result }) => result);
    this.set({ ...NOTHING, dropped: had || (this.snapshot.dropped && key === undefined) });
    if (key !== undefined) void this.load(key);
  }

  /** Runs a check as soon as the result is there. */
  want(id: string | undefined): void {
    this.wanted = id;
    this.runWanted();
  }

  /** The state whose job is this check of the result that is shown; undefined where there is none. */
  stateOf(id: string): PanelState | undefined {
    const { shown, boot } = this.panel;
    return shown && boot && checkState(this.requestState(shown.state), id, boot.techniques);
  }

  /** One after another; what runs already is stopped. */
  async run(ids: readonly string[]): Promise<void> {
    this.cancelAll();
    const { key } = this;
    let waiting = [...ids];
    for (;;) {
      const [id, ...rest] = waiting;
      if (id === undefined) break;
      const mine = (this.abort = new AbortController());
      this.set({ running: { id, progress: { text: "Waiting" } }, waiting: rest });
      const outcome = await this.one(id, mine);
      if (this.abort !== mine || this.key !== key) return;
      this.set({ outcomes: outcome ? { ...this.snapshot.outcomes, [id]: outcome } : this.snapshot.outcomes });
      waiting = [...this.snapshot.waiting];
    }
    this.abort = undefined;
    this.set({ running: undefined, waiting: [] });
  }

  /** Stops the check that runs, and goes on with the next. */
  cancel(): void {
    this.abort?.abort();
  }

  cancelAll(): void {
    const { abort } = this;
    this.abort = undefined;
    if (this.snapshot.running) this.set({ running: undefined, waiting: [] });
    abort?.abort();
  }

  /** Its options are others now: what was found with the former ones goes. */
  optionsChanged(id: string): void {
    if (this.snapshot.running?.id === id) this.cancel();
    const { [id]: _, ...outcomes } = this.snapshot.outcomes;
    this.set({ outcomes });
    if (this.key !== undefined) void this.load(this.key);
  }

  private async one(id: string, { signal }: AbortController): Promise<Outcome | undefined> {
    const { shown } = this;
    const state = this.stateOf(id);
    if (!shown || !state) return undefined;
    try {
      const reply = await this.link.call(
        "check",
        { state: this.requestState(shown.state), check: id },
        {
          signal,
          onProgress: ({ text, fraction }) => {
            if (!signal.aborted && this.snapshot.running?.id === id)
              this.set({ running: { id, progress: { text, ...(fraction === undefined ? {} : { fraction }) } } });
          },
        },
      );
      if (!reply.cached) this.onRun(state, reply.result);
      return reply;
    } catch (error) {
      return isAbort(error) ? undefined : { failure: toFailure(error) };
    }
  }

  /** What is on disk of the result. */
  private async load(key: string): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    const known = await this.link.call("knownChecks", { state: this.requestState(shown.state) }).catch(() => ({}));
    if (this.key !== key) return;
    this.loaded = true;
    const found = Object.entries(known).map(([id, result]) => [id, { result, cached: true }] as const);
    this.set({ outcomes: { ...Object.fromEntries(found), ...this.snapshot.outcomes } });
    this.runWanted();
  }

  private runWanted(): void {
    const id = this.wanted;
    if (id === undefined || !this.loaded || this.panel.running) return;
    this.wanted = undefined;
    const refused = this.shown?.result.context.unfitChecks?.[id] ?? this.panel.boot?.unfit[id];
    if (refused === undefined && !this.snapshot.outcomes[id]?.result) void this.run([id]);
  }

  /** The shown result's state, with the checks' options as they are now. */
  requestState(state: PanelState): PanelState {
    const now = this.panel.state?.params ?? {};
    const own = this.checks.flatMap(({ id }) => (now[id] ? [[id, now[id]] as const] : []));
    return { ...state, params: { ...state.params, ...Object.fromEntries(own) } };
  }

  private get checks(): readonly TechniqueInfo[] {
    const { boot, shown } = this.panel;
    const method = boot?.techniques.find(({ id }) => id === shown?.state.technique);
    return boot && method ? checksOf(method, boot.techniques) : [];
  }

  private keyOf(shown: Snapshot["shown"]): string | undefined {
    const info = this.panel.boot?.techniques.find(({ id }) => id === shown?.state.technique);
    if (!shown || !info || this.checks.length === 0) return undefined;
    return `${stateKey(shown.state, info)} ${madeFrom(shown.result.provenance)}`;
  }

  private set(part: Partial<ChecksSnapshot>): void {
    this.replace({ ...this.snapshot, ...part });
  }
}
