/**
 * One message class for every border: extension and webview, extension and engine. A border is a TypeScript interface
 * of methods that take one request and give one reply; both sides are checked against it, and a handler left out fails
 * the build.
 */
import type { Progress } from "./engine.ts";

/** Methods of a border: one request in, one reply out. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the constraint must accept every interface of methods
export type Methods<T> = { [K in keyof T]: (request: any) => unknown };

/** What carries messages. `post` must not keep a reference to what it was given. */
export interface Wire {
  post(message: unknown): void;
  /** Calls `receive` with every message; returns how to stop. */
  listen(receive: (message: unknown) => void): () => void;
}

export interface CallContext {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

/** The handlers for one side of a border. */
export type Handlers<Api extends Methods<Api>> = {
  [K in keyof Api]: (
    request: Parameters<Api[K]>[0],
    context: CallContext,
  ) => ReturnType<Api[K]> | Promise<ReturnType<Api[K]>>;
};

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told once when the other side has really answered or is gone: after an abort that is later than the rejection. */
  readonly onAnswered?: () => void;
}

/** An error that crossed a border: its name, message and what else helps a person. */
export class RemoteError extends Error {
  constructor(
    override readonly name: string,
    message: string,
    readonly where?: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

type Message =
  | { readonly link: "call"; readonly id: number; readonly method: string; readonly request: unknown }
  | { readonly link: "abort"; readonly id: number }
  | ({ readonly link: "progress"; readonly id: number } & Progress)
  | { readonly link: "ok"; readonly id: number; readonly reply: unknown }
  | {
      readonly link: "err";
      readonly id: number;
      readonly name: string;
      readonly message: string;
      readonly where?: string;
      readonly hint?: string;
    };

export class Link<Local extends Methods<Local>, Remote extends Methods<Remote>> {
  /** Starts anywhere, so that a page that was loaded again does not take the answers meant for the page before it. */
  private next = Math.floor(Math.random() * 2 ** 40);
  private closed: RemoteError | undefined;
  private readonly pending = new Map<
    number,
    { resolve(reply: unknown): void; reject(error: Error): void; onProgress?: CallOptions["onProgress"]; stop(): void }
  >();
  private readonly running = new Map<number, AbortController>();
  private readonly unanswered = new Map<number, () => void>();
  private readonly stopListening: () => void;

  constructor(
    private readonly wire: Wire,
    private readonly handlers: Handlers<Local>,
  ) {
    this.stopListening = wire.listen((message) => this.receive(message));
  }

  /**
   * Calls the other side. Rejects with a RemoteError; with "AbortError" when `signal` fires (the other side is told).
   */
  call<K extends keyof Remote & string>(
    method: K,
    request: Parameters<Remote[K]>[0],
    options: CallOptions = {},
  ): Promise<ReturnType<Remote[K]>> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(this.closed);
      if (options.signal?.aborted) return reject(aborted());
      const id = this.next++;
      const onAbort = (): void => {
        this.wire.post({ link: "abort", id } satisfies Message);
        this.settle(id)?.reject(aborted());
      };
      options.signal?.addEventListener("abort", onAbort, { once: true });
      if (options.onAnswered) this.unanswered.set(id, options.onAnswered);
      this.pending.set(id, {
        resolve: (reply) => resolve(reply as ReturnType<Remote[K]>),
        reject,
        onProgress: options.onProgress,
        stop: () => options.signal?.removeEventListener("abort", onAbort),
      });
      try {
        this.wire.post({ link: "call", id, method, request } satisfies Message);
      } catch (error) {
        this.settle(id)?.reject(error instanceof Error ? error : new Error(String(error)));
        this.answered(id);
      }
    });
  }

  /** The other side is gone: everything pending is rejected with `reason`, what runs here for it is aborted. */
  close(reason: string): void {
    if (this.closed) return;
    this.closed = new RemoteError("LinkClosedError", reason);
    this.stopListening();
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(this.closed);
    for (const id of [...this.unanswered.keys()]) this.answered(id);
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
  }

  private settle(id: number): { resolve(reply: unknown): void; reject(error: Error): void } | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    call?.stop();
    return call;
  }

  private answered(id: number): void {
    const tell = this.unanswered.get(id);
    this.unanswered.delete(id);
    tell?.();
  }

  private receive(data: unknown): void {
    if (!isMessage(data)) return;
    switch (data.link) {
      case "call":
        void this.handle(data.id, data.method, data.request);
        break;
      case "abort":
        this.running.get(data.id)?.abort();
        break;
      case "progress":
        this.pending.get(data.id)?.onProgress?.(progressOf(data));
        break;
      case "ok":
        this.settle(data.id)?.resolve(data.reply);
        this.answered(data.id);
        break;
      case "err":
        this.settle(data.id)?.reject(new RemoteError(data.name, data.message, data.where, data.hint));
        this.answered(data.id);
        break;
    }
  }

  private async handle(id: number, method: string, request: unknown): Promise<void> {
    const controller = new AbortController();
    this.running.set(id, controller);
    const send = (message: Message): void => {
      if (!this.closed) this.wire.post(message);
    };
    try {
      if (!Object.hasOwn(this.handlers, method))
        throw new RemoteError("UnknownMethodError", `There is no method "${method}" here.`);
      const handler = this.handlers[method as keyof Local];
      const reply = await handler(request as never, {
        signal: controller.signal,
        progress: (progress) => {
          if (!controller.signal.aborted) send({ link: "progress", id, ...progressOf(progress) });
        },
      });
      send({ link: "ok", id, reply });
    } catch (error) {
      send({ link: "err", id, ...describeError(error) });
    } finally {
      this.running.delete(id);
    }
  }
}

function progressOf({ fraction, text, partial }: Progress): Progress {
  return { fraction, text, ...(partial ? { partial } : {}) };
}

/** The parts of an error that cross a border. */
export function describeError(error: unknown): { name: string; message: string; where?: string; hint?: string } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const extra = error as Error & { where?: unknown; hint?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof extra.where === "string" ? { where: extra.where } : {}),
    ...(typeof extra.hint === "string" ? { hint: extra.hint } : {}),
  };
}

function aborted(): RemoteError {
  return new RemoteError("AbortError", "Cancelled.");
}

function isMessage(data: unknown): data is Message {
  if (typeof data !== "object" || data === null) return false;
  const { link, id, method, message, name, text } = data as Record<string, unknown>;
  if (typeof id !== "number") return false;
  switch (link) {
    case "call":
      return typeof method === "string";
    case "progress":
      return typeof text === "string";
    case "err":
      return typeof message === "string" && typeof name === "string";
    case "abort":
    case "ok":
      return true;
    default:
      return false;
  }
}
