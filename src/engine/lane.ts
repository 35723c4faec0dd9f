import { RemoteError } from "../protocol/link.ts";

/** Runs what it is given one after another, in order; what is cancelled while it waits never starts. */
export class Lane {
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `work` does; rejects with "AbortError" when `signal` fired before its turn came. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(async () => {
      // A macrotask between jobs lets messages in: a cancel, or a small call that waited behind the last job.
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) throw new RemoteError("AbortError", "Cancelled.");
      return work();
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
