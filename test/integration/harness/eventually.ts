import { setTimeout as sleep } from "node:timers/promises";

/**
 * Milliseconds until what was waited for counts as never coming. It ends tests that hang and measures nothing: a
 * machine that does eight things at once takes many times as long as an idle one. So no flow has limits of its own.
 */
export const patience = 180_000;

/**
 * Calls `check` until it gives a value without throwing, and gives that value; when patience ends throws what it threw
 * last. For what becomes true by itself: `await eventually(() => assert.equal(await title(), "cat"))`. Steps that a
 * busy program may miss belong into it as well, where doing them again does no harm.
 */
export async function eventually<T>(check: () => T | Promise<T>, { timeout = patience, every = 100 } = {}): Promise<T> {
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

/** What the work gives; an error where it takes longer than `limit` milliseconds. For work that hangs where no wait does. */
export async function within<T>(limit: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Took longer than ${limit / 60_000} minutes: ${what}.`)), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
