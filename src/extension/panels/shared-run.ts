import type { CallContext, CallOptions } from "../../protocol/link.ts";
import type { Progress } from "../../protocol/engine.ts";
import { RemoteError } from "../../protocol/link.ts";

/**
 * The one run of a panel. A webview that is loaded again while its job runs joins that job instead of starting it anew;
 * another job takes the place of the one that runs, which is cancelled.
 */
export class SharedRun<T> {
  private current:
    | {
        readonly key: string;
        readonly abort: AbortController;
        readonly reply: Promise<T>;
        tell: CallContext["progress"];
        /** With what was last shown of the result. */
        progress?: Progress;
      }
    | undefined;

  /** Starts `work`, or joins it when the same `key` runs. Cancelled when `context.signal` fires. */
  join(
    key: string,
    context: CallContext,
    work: (options: Required<Pick<CallOptions, "signal" | "onProgress">>) => Promise<T>,
  ): Promise<T> {
    if (context.signal.aborted) return Promise.reject(new RemoteError("AbortError", "Cancelled."));
    if (this.current?.key !== key || this.current.abort.signal.aborted) this.start(key, work);
    const { current } = this;
    if (!current) throw new Error("start() sets it");
    current.tell = context.progress;
    if (current.progress) current.tell(current.progress);
    const onAbort = (): void => current.abort.abort();
    context.signal.addEventListener("abort", onAbort, { once: true });
    return current.reply.finally(() => context.signal.removeEventListener("abort", onAbort));
  }

  abort(): void {
    this.current?.abort.abort();
    this.current = undefined;
  }

  private start(
    key: string,
    work: (options: Required<Pick<CallOptions, "signal" | "onProgress">>) => Promise<T>,
  ): void {
    this.abort();
    const abort = new AbortController();
    const onProgress = (progress: Progress): void => {
      current.progress = { partial: current.progress?.partial, ...progress };
      current.tell(progress);
    };
    const current: NonNullable<typeof this.current> = {
      key,
      abort,
      tell: () => undefined,
      reply: work({ signal: abort.signal, onProgress }).finally(() => {
        if (this.current === current) this.current = undefined;
      }),
    };
    this.current = current;
  }
}

/** Many runs at once, one for each key: whoever asks for what runs already joins it. */
export class SharedRuns<T> {
  private readonly current = new Map<string, { readonly run: SharedRun<T>; askers: number }>();

  /** As SharedRun's, but another key's run goes on. */
  async join(key: string, context: CallContext, work: Parameters<SharedRun<T>["join"]>[2]): Promise<T> {
    const shared = this.current.get(key) ?? { run: new SharedRun<T>(), askers: 0 };
    this.current.set(key, shared);
    shared.askers++;
    try {
      return await shared.run.join(key, context, work);
    } finally {
      shared.askers--;
      if (shared.askers === 0 && this.current.get(key) === shared) this.current.delete(key);
    }
  }
}
