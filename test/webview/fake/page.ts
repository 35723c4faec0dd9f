/**
 * What stands in for VS Code inside a test's page: acquireVsCodeApi over the same Link class as the real one. Messages are
 * cloned as VS Code clones them; every call is noted in `fake.calls` for the test to read.
 */
import { Link } from "../../../src/protocol/link.ts";
import type { Handlers, Wire } from "../../../src/protocol/link.ts";

export interface Fake {
  readonly calls: { readonly method: string; readonly request: unknown }[];
  readonly aborted: string[];
  /** How many calls of a method came in. */
  count(method: string): number;
  [extra: string]: unknown;
}

interface Page {
  acquireVsCodeApi(): { postMessage(message: unknown): void; getState(): unknown; setState(state: unknown): void };
  fake: Fake;
  scenario?: Record<string, unknown>;
  catPixels: string;
  dispatchEvent(event: unknown): boolean;
  sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  MessageEvent: new (type: string, init: { data: unknown }) => unknown;
}

export const page = globalThis as unknown as Page;
export const scenario: Record<string, unknown> = page.scenario ?? {};

type Methods<T> = { [K in keyof T]: (request: never) => unknown };

/** Installs the fake: `handlers` answer what the webview asks; gives the link to call the webview. */
export function install<Host extends Methods<Host>, View extends Methods<View>>(handlers: Handlers<Host>): Link<Host, View> {
  const receivers = new Set<(message: unknown) => void>();
  const wire: Wire = {
    post: (message) => {
      const data = structuredClone(message);
      setTimeout(() => page.dispatchEvent(new page.MessageEvent("message", { data })), 0);
    },
    listen: (receive) => {
      receivers.add(receive);
      return () => { receivers.delete(receive); };
    },
  };
  const fake: Fake = page.fake = { calls: [], aborted: [], count: (method) => fake.calls.filter((call) => call.method === method).length };
  page.acquireVsCodeApi = () => ({
    postMessage: (message) => {
      const data = structuredClone(message);
      setTimeout(() => { for (const receive of receivers) receive(data); }, 0);
    },
    getState: () => JSON.parse(page.sessionStorage.getItem("state") ?? "null") as unknown ?? undefined,
    setState: (state) => page.sessionStorage.setItem("state", JSON.stringify(state)),
  });
  const noted = Object.fromEntries(Object.entries(handlers as Record<string, (request: unknown, context: { signal: AbortSignal }) => unknown>).map(([method, handle]) => [
    method, (request: unknown, context: { signal: AbortSignal }) => {
      fake.calls.push({ method, request });
      context.signal.addEventListener("abort", () => fake.aborted.push(method));
      return handle(request, context);
    },
  ])) as unknown as Handlers<Host>;
  return new Link<Host, View>(wire, noted);
}

/** The sample cat as the model sees it: RGB bytes [224, 224, 3], put into the page by the test's server. */
export function catPixels(): Uint8Array {
  const binary = atob(page.catPixels);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The same numbers each time (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
