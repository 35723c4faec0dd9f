import { describe, expect, test } from "vitest";
import type { Progress } from "../../protocol/engine.ts";
import { SharedRun } from "./shared-run.ts";

interface Job {
  readonly signal: AbortSignal;
  tell(text: string): void;
  end(value: string): void;
}

/** A piece of work that ends when the test says so, or when it is cancelled. */
function work(
  jobs: Job[],
): (options: { signal: AbortSignal; onProgress: (progress: { text: string }) => void }) => Promise<string> {
  return ({ signal, onProgress }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("cancelled")));
      jobs.push({ signal, tell: (text) => onProgress({ text }), end: resolve });
    });
}

function caller(): {
  context: { signal: AbortSignal; progress(progress: { text: string }): void };
  heard: string[];
  abort: AbortController;
} {
  const abort = new AbortController();
  const heard: string[] = [];
  return { abort, heard, context: { signal: abort.signal, progress: ({ text }) => heard.push(text) } };
}

describe("the one run of a panel", () => {
  test("a page that is loaded again joins the job that runs, and hears how far it is", async () => {
    const run = new SharedRun<string>();
    const jobs: Job[] = [];
    const [before, after] = [caller(), caller()];
    const first = run.join("a", before.context, work(jobs));
    jobs[0].tell("one");
    const second = run.join("a", after.context, work(jobs));
    jobs[0].tell("two");
    jobs[0].end("done");
    expect(await Promise.all([first, second])).toEqual(["done", "done"]);
    expect(jobs).toHaveLength(1);
    expect([before.heard, after.heard]).toEqual([["one"], ["one", "two"]]);
  });

  test("who joins sees what the job showed last, however long ago", async () => {
    const run = new SharedRun<string>();
    const partial = { views: [], context: { pictures: [] } };
    let tell: (progress: Progress) => void = () => undefined;
    const job = ({ onProgress }: { onProgress: (progress: Progress) => void }): Promise<string> => {
      tell = onProgress;
      return new Promise(() => undefined);
    };
    void run.join("a", caller().context, job);
    tell({ fraction: 0.2, text: "two", partial });
    tell({ fraction: 0.3, text: "three" });
    const heard: Progress[] = [];
    void run.join("a", { signal: new AbortController().signal, progress: (one) => heard.push(one) }, job);
    expect(heard).toEqual([{ fraction: 0.3, text: "three", partial }]);
  });

  test("another job takes its place: what ran is cancelled", async () => {
    const run = new SharedRun<string>();
    const jobs: Job[] = [];
    const first = run.join("a", caller().context, work(jobs));
    const second = run.join("b", caller().context, work(jobs));
    await expect(first).rejects.toThrow("cancelled");
    jobs[1].end("b");
    expect(await second).toBe("b");
  });

  test("a caller's cancel cancels the work, and the same may be asked again", async () => {
    const run = new SharedRun<string>();
    const jobs: Job[] = [];
    const one = caller();
    const first = run.join("a", one.context, work(jobs));
    one.abort.abort();
    await expect(first).rejects.toThrow("cancelled");
    const again = run.join("a", caller().context, work(jobs));
    jobs[1].end("again");
    expect(await again).toBe("again");
  });

  test("asked again in the moment of the cancel, it starts anew", async () => {
    const run = new SharedRun<string>();
    const jobs: Job[] = [];
    const one = caller();
    const first = run.join("a", one.context, work(jobs));
    one.abort.abort();
    const again = run.join("a", caller().context, work(jobs));
    jobs[1].end("again");
    await expect(first).rejects.toThrow("cancelled");
    expect(await again).toBe("again");
  });

  test("abort() when the panel closes", async () => {
    const run = new SharedRun<string>();
    const jobs: Job[] = [];
    const first = run.join("a", caller().context, work(jobs));
    run.abort();
    await expect(first).rejects.toThrow("cancelled");
  });
});
