import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls `check` until it gives a value without throwing, and gives that value; after `timeout` milliseconds throws what
 * it threw last. For what becomes true by itself: `await eventually(() => assert.equal(await title(), "cat"))`.
 */
export async function eventually<T>(check: () => T | Promise<T>, { timeout = 15_000, every = 100 } = {}): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`After ${timeout / 1000} s still: ${message}`, { cause: error });
      }
      await sleep(every);
    }
  }
}
