import { useEffect, useState } from "preact/hooks";
import type { Link, Methods } from "../../src/protocol/link.ts";
import type { ChangeReason, SessionView } from "../../src/protocol/session.ts";
import { isAbort, toFailure } from "./host.ts";
import type { Failure } from "./host.ts";
import { Observed } from "./observed.ts";

/** What the snapshot of every page has; absent until the extension has answered. */
export interface PageSnapshot<Boot = unknown, State = unknown> {
  /** All that the extension said when it was asked last. */
  readonly boot?: Boot;
  /** What the page is about, and how it shows that: kept over reloads. */
  readonly state?: State;
  readonly failure?: { readonly failure: Failure; readonly retry?: () => unknown };
}

/** What VS Code keeps for a view over a reload of the page or the window. */
export interface Memory {
  read(): unknown;
  write(state: unknown): void;
}

export type HostLink<Host extends Methods<Host>> = Pick<Link<SessionView, Host>, "call">;

type Bootable = { ready(request: Record<string, never>): unknown };
type StateOf<Snapshot extends PageSnapshot> = NonNullable<Snapshot["state"]>;

/**
 * What a page shows, as one snapshot that every change replaces, and its way to the extension. A page's controller is a
 * store with the page's own actions; it knows nothing of the page itself.
 */
export abstract class Store<
  Host extends Methods<Host> & Bootable,
  Snapshot extends PageSnapshot,
> extends Observed<Snapshot> {
  constructor(
    readonly link: HostLink<Host>,
    protected readonly memory: Memory,
    first: Snapshot,
  ) {
    super(first);
  }

  /** Shows what the extension answered when the page was loaded, or asked again. */
  protected abstract adopt(boot: ReturnType<Host["ready"]>, reason?: ChangeReason): void;

  /** Asks the extension for everything. Does not reject: failures are shown. */
  async start(): Promise<void> {
    await this.load();
  }

  /** The extension says that something else holds now. */
  async changed(reason: ChangeReason): Promise<void> {
    await this.load(reason);
  }

  /** One question to the extension; a failure is shown and gives undefined. */
  async ask<K extends keyof Host & string>(
    method: K,
    request: Parameters<Host[K]>[0],
  ): Promise<ReturnType<Host[K]> | undefined> {
    try {
      return await this.link.call(method, request);
    } catch (error) {
      if (!isAbort(error)) this.fail(error);
      return undefined;
    }
  }

  fail(error: unknown, retry?: () => unknown): void {
    this.set({ failure: { failure: toFailure(error), ...(retry ? { retry } : {}) } });
  }

  dismissFailure(): void {
    this.set({ failure: undefined });
  }

  /** Tells the extension what waits to be told: the page goes without notice when its tab is hidden. */
  flush(): void {}

  /** What actions work on: there is a state once the page is drawn. */
  protected get state(): StateOf<Snapshot> {
    const { state } = this.snapshot;
    if (state === undefined || state === null) throw new Error("The page has no state before it was loaded.");
    return state as StateOf<Snapshot>;
  }

  protected set(part: Partial<Snapshot> | PageSnapshot): void {
    const before = this.snapshot.state;
    const now = { ...this.snapshot, ...part } as Snapshot;
    if (now.state && now.state !== before) this.memory.write(now.state);
    this.replace(now);
  }

  protected change(part: Partial<StateOf<Snapshot>>): void {
    this.set({ state: { ...this.state, ...part } });
  }

  private async load(reason?: ChangeReason): Promise<void> {
    let boot: ReturnType<Host["ready"]>;
    try {
      boot = await this.link.call("ready", {});
    } catch (error) {
      this.fail(error, () => this.load(reason));
      return;
    }
    this.adopt(boot, reason);
  }
}

/** What a page's store shows, as it is now: every change draws again. */
export function useStore<T>(store: { readonly snapshot: T; subscribe(listener: () => void): () => void }): T {
  const [snapshot, setSnapshot] = useState(store.snapshot);
  useEffect(() => {
    const update = (): void => setSnapshot(store.snapshot);
    update();
    return store.subscribe(update);
  }, [store]);
  return snapshot;
}

/**
 * The answer to a question that is asked anew when one of `about` is another, after `delay` milliseconds. The answer
 * before stays while the next is fetched; a failure takes its place.
 */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  about: readonly unknown[],
  delay = 0,
): { readonly answer?: T; readonly failure?: Failure } {
  const [state, setState] = useState<{ readonly answer?: T; readonly failure?: Failure }>({});
  useEffect(() => {
    const abort = new AbortController();
    const fetch = (): void =>
      void ask(abort.signal).then(
        (answer) => {
          if (!abort.signal.aborted) setState({ answer });
        },
        (error: unknown) => {
          if (!isAbort(error)) setState({ failure: toFailure(error) });
        },
      );
    const timer = delay > 0 ? setTimeout(fetch, delay) : undefined;
    if (timer === undefined) fetch();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, about);
  return state;
}
