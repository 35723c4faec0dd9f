import { describe, expect, test } from "vitest";
import { Lane } from "./lane.ts";

describe("the engine's lane", () => {
  test("work starts in order and only when the one before has ended", async () => {
    const lane = new Lane();
    const events: string[] = [];
    const work = (name: string, delay: number) =>
      lane.run(new AbortController().signal, async () => {
        events.push(`${name} starts`);
        await new Promise((resolve) => setTimeout(resolve, delay));
        events.push(`${name} ends`);
        return name;
      });
    expect(await Promise.all([work("a", 20), work("b", 0)])).toEqual(["a", "b"]);
    expect(events).toEqual(["a starts", "a ends", "b starts", "b ends"]);
  });

  test("what fails does not stop what follows", async () => {
    const lane = new Lane();
    const { signal } = new AbortController();
    const failing = lane.run(signal, async () => {
      throw new Error("no");
    });
    const next = lane.run(signal, async () => 1);
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe(1);
  });

  test("what was cancelled while waiting never starts", async () => {
    const lane = new Lane();
    const abort = new AbortController();
    let started = false;
    const first = lane.run(new AbortController().signal, () => new Promise((resolve) => setTimeout(resolve, 10)));
    const second = lane.run(abort.signal, async () => {
      started = true;
    });
    abort.abort();
    await first;
    await expect(second).rejects.toMatchObject({ name: "AbortError" });
    expect(started).toBe(false);
  });
});
