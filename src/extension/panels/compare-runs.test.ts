import { describe, expect, test } from "vitest";
import { SharedRuns } from "./shared-run.ts";

interface Job {
  readonly key: string;
  end(value: string): void;
}

function setUp() {
  const runs = new SharedRuns<string>();
  const jobs: Job[] = [];
  const ask = (key: string, abort = new AbortController()): Promise<string> =>
    runs.join(
      key,
      { signal: abort.signal, progress: () => undefined },
      ({ signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error(`${key} cancelled`)));
          jobs.push({ key, end: resolve });
        }),
    );
  return { jobs, ask };
}

describe("the runs of a comparison", () => {
  test("different cells run beside each other; a page that is loaded again joins what runs", async () => {
    const { jobs, ask } = setUp();
    const answers = [ask("a"), ask("b"), ask("a")];
    expect(jobs.map(({ key }) => key)).toEqual(["a", "b"]);
    jobs[1].end("B");
    jobs[0].end("A");
    expect(await Promise.all(answers)).toEqual(["A", "B", "A"]);
  });

  test("one is cancelled alone, and may be asked again", async () => {
    const { jobs, ask } = setUp();
    const abort = new AbortController();
    const [a, b] = [ask("a", abort), ask("b")];
    abort.abort();
    await expect(a).rejects.toThrow("a cancelled");
    const again = ask("a");
    expect(jobs.map(({ key }) => key)).toEqual(["a", "b", "a"]);
    jobs[2].end("A");
    jobs[1].end("B");
    expect(await Promise.all([again, b])).toEqual(["A", "B"]);
  });

  test("what was answered is asked anew: answers are kept on disk, not here", async () => {
    const { jobs, ask } = setUp();
    const first = ask("a");
    jobs[0].end("A");
    await first;
    const second = ask("a");
    expect(jobs).toHaveLength(2);
    jobs[1].end("A2");
    expect(await second).toBe("A2");
  });
});
