import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../protocol/job.ts";

/**
 * Lets a test make this process behave badly, as native code can: the option "test" of a job is "block" (keeps the
 * thread for 30 s), "wait" (30 s that can be cancelled) or "crash" (aborts natively). Without NEURAL_LOUPE_TEST=1 in
 * the environment it does nothing.
 */
export async function testHook(job: Job, signal: AbortSignal): Promise<void> {
  if (process.env.NEURAL_LOUPE_TEST !== "1") return;
  switch (job.params.test) {
    case "block":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000);
      break;
    case "wait":
      await sleep(30_000, undefined, { signal });
      break;
    case "crash":
      process.abort();
  }
}
