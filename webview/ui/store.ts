import { useEffect, useState } from "preact/hooks";
import type { Handlers, Link } from "../../src/protocol/link.ts";
import type { SessionView } from "../../src/protocol/session.ts";
import { isAbort, toFailure } from "./host.ts";
import type { Failure } from "./host.ts";

/** What the snapshot of every page has. */
export interface PageSnapshot<Boot, State> {
  /** All that the extension said when it was asked last. */
  readonly boot?: Boot;
  /** What the page is about, and how it shows that: kept over reloads. */
  readonly state?: State;
  readonly failure?: { readonly failure: Failure; readonly retry?: () => unknown };
  /** One quiet line about what just happened: "Saved to ...", "Cancelled". */
  readonly notice?: string;
}

/** What VS Code keeps for a view over a reload. */
export interface Memory {
  read(): unknown;
  write(state: unknown): void;
}

/** `remember` is told to the extension when the state has stayed the same for this many milliseconds. */
const settle = 400;

/** A host's methods, of which each takes one request. */
type Host<H> = { [K in keyof H]: (request: never) => unknown };

/**
 * What a page shows, as one snapshot that every change replaces, and its way to the extension. A page's controller is a
 * store with the page's own actions. Knows nothing of the page itself.
 */
export abstract class Store<Api extends Host<Api>, Snapshot extends PageSnapshot<unknown, unknown>> {
  private readonly listeners = new Set<() => void>();
  private rememberTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly link: Pick<Link<SessionView, Api>, "call">,
    protected readonly memory: Memory,
    private current: Snapshot,
  ) {}

  /** Asks the extension for everything and shows it. Does not reject: failures are shown. */
  abstract start(): Promise<void>;

  /** The extension says that something else holds now. */
  abstract changed(reason: Parameters<SessionView["changed"]>[0]["reason"]): Promise<void>;

  get snapshot(): Snapshot {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }
}
