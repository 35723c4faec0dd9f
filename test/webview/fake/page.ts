/**
 * What stands in for VS Code inside a test's page: acquireVsCodeApi over the same Link class as the real one. Messages
 * are cloned as VS Code clones them; every call is noted in `fake.calls` for the test to read.
 */
import { RemoteError } from "../../../src/protocol/link.ts";
import type { CallContext, Wire } from "../../../src/protocol/link.ts";
import { packNumbers } from "../../../src/protocol/numbers.ts";
import type { PartialResult } from "../../../src/protocol/result.ts";

export interface Fake {
  readonly calls: { readonly method: string; readonly request: unknown }[];
  readonly aborted: string[];
  /** How many calls are not answered yet, but for those that never are. */
  pending: number;
  /** How many calls of a method came in. */
  count(method: string): number;
  [extra: string]: unknown;
}

interface Page {
  acquireVsCodeApi(): { postMessage(message: unknown): void; getState(): unknown; setState(state: unknown): void };
  fake: Fake;
  scenario?: Record<string, unknown>;
  catPixels?: string;
  location?: { readonly search: string };
  dispatchEvent(event: unknown): boolean;
  sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  document: { querySelector(selector: string): { click(): void } | null };
  MutationObserver: new (changed: () => void) => {
    observe(node: unknown, what: { readonly childList: true; readonly subtree: true }): void;
    disconnect(): void;
  };
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
  pending: 0,
  count: (method) => fake.calls.filter((call) => call.method === method).length,
});

/** The gallery's pages have one memory each, though they are in one window. */
const scene = new URLSearchParams(page.location?.search).get("scene");
const memory = scene === null ? "state" : `state ${scene}`;

page.acquireVsCodeApi = () => ({
  postMessage: (message) => {
    const data = structuredClone(message);
    setTimeout(() => {
      for (const receive of receivers) receive(data);
    }, 0);
  },
  getState: () => (JSON.parse(page.sessionStorage.getItem(memory) ?? "null") as unknown) ?? undefined,
  setState: (state) => page.sessionStorage.setItem(memory, JSON.stringify(state)),
});

/** Methods of the host that are never answered, in this scenario: what waits for them is seen waiting. */
const silent = new Set((scenario.silent as string[] | undefined) ?? []);

/** The handlers, each call and each abort noted. */
export function noted<H extends object>(handlers: H): H {
  const plain = handlers as Record<string, (request: unknown, context: CallContext) => unknown>;
  return Object.fromEntries(
    Object.entries(plain).map(([method, handle]) => [
      method,
      (request: unknown, context: CallContext) => {
        fake.calls.push({ method, request });
        context.signal.addEventListener("abort", () => fake.aborted.push(method));
        if (silent.has(method)) return untilAborted(context);
        fake.pending++;
        return Promise.resolve()
          .then(() => handle(request, context))
          .finally(() => fake.pending--);
      },
    ]),
  ) as H;
}

/** A scene in which something was pressed first: what has this test id, as soon as it is there. */
if (typeof scenario.press === "string") {
  const selector = `[data-testid="${scenario.press}"]`;
  const watcher = new page.MutationObserver(() => {
    const wanted = page.document.querySelector(selector);
    if (!wanted) return;
    watcher.disconnect();
    wanted.click();
  });
  watcher.observe(page.document, { childList: true, subtree: true });
}

function untilAborted({ signal }: CallContext): Promise<never> {
  return new Promise((_, fail) =>
    signal.addEventListener("abort", () => fail(new RemoteError("AbortError", "Cancelled."))),
  );
}

/**
 * The sample cat as the model sees it: RGB bytes [224, 224, 3], put into the page by its server. Black where there is
 * no page.
 */
export function catPixels(): Uint8Array {
  const binary = page.catPixels === undefined ? "" : atob(page.catPixels);
  const bytes = new Uint8Array(224 * 224 * 3);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
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

/** What a job has to show when this part of it is done: as much of its maps. */
function partialOf({ views, context }: PartialResult, fraction: number): PartialResult {
  return {
    views: views.map((view) =>
      view.kind === "heatmap"
        ? { ...view, values: view.values.map((value, index) => (index < fraction * view.values.length ? value : 0)) }
        : view,
    ),
    context,
  };
}

/**
 * Takes its time, says how far it is, and stops when told to. In the scenario "partial" it shows a part of `result` at
 * each tenth; with `hold` it comes as far as that, shows its part, and stays there.
 */
export async function work(
  delay: number,
  text: string,
  context: CallContext,
  result?: () => PartialResult,
): Promise<void> {
  const { signal, progress } = context;
  if (typeof scenario.hold === "number") {
    const fraction = scenario.hold;
    progress({ fraction, text, ...(scenario.partial && result ? { partial: partialOf(result(), fraction) } : {}) });
    fake.pending--;
    await untilAborted(context).finally(() => fake.pending++);
  }
  const start = performance.now();
  let shown = 0;
  while (performance.now() - start < delay) {
    if (signal.aborted) throw new RemoteError("AbortError", "Cancelled.");
    const fraction = (performance.now() - start) / delay;
    const show = scenario.partial && result && fraction >= shown + 0.1;
    if (show) shown = Math.floor(fraction * 10) / 10;
    progress({ fraction, text, ...(show ? { partial: partialOf(result(), fraction) } : {}) });
    await new Promise((done) => setTimeout(done, 20));
  }
}
