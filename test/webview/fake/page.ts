/**
 * What stands in for VS Code inside a test's page: acquireVsCodeApi over the same Link class as the real one. Messages
 * are cloned as VS Code clones them; every call is noted in `fake.calls` for the test to read. /
 */
import type { CallContext, Wire } from "../../../src/protocol/link.ts";
import { packNumbers } from "../../../src/protocol/numbers.ts";

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

const receivers = new Set<(message: unknown) => void>();

/** The host's end: what it posts reaches the webview as a window message, packed as the extension packs it. */
export const wire: Wire = {
  post: (message) => {
    const data = packNumbers(structuredClone(message));
    setTimeout(() => page.dispatchEvent(new page.MessageEvent("message", { data })), 0);
  },
  listen: (receive) => {
    receivers.add(receive);
    return () => {
      receivers.delete(receive);
    };
  },
};

const fake: Fake = (page.fake = {
  calls: [],
  aborted: [],
  count: (method) => fake.calls.filter((call) => call.method === method).length,
});

page.acquireVsCodeApi = () => ({
  postMessage: (message) => {
    const data = structuredClone(message);
    setTimeout(() => {
      for (const receive of receivers) receive(data);
    }, 0);
  },
  getState: () => (JSON.parse(page.sessionStorage.getItem("state") ?? "null") as unknown) ?? undefined,
  setState: (state) => page.sessionStorage.setItem("state", JSON.stringify(state)),
});

/** The handlers, each call and each abort noted. */
export function noted<H extends object>(handlers: H): H {
  const plain = handlers as Record<string, (request: unknown, context: CallContext) => unknown>;
  return Object.fromEntries(
    Object.entries(plain).map(([method, handle]) => [
      method,
      (request: unknown, context: CallContext) => {
        fake.calls.push({ method, request });
        context.signal.addEventListener("abort", () => fake.aborted.push(method));
        return handle(request, context);
      },
    ]),
  ) as H;
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
