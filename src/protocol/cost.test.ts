import { describe, expect, it } from "vitest";
import { catalogue } from "../techniques/catalogue.ts";
import { estimate, formatEstimate, passesOf, readSpeeds, withRun } from "./cost.ts";
import type { Params } from "./technique.ts";

const info = (id: string) => catalogue.find((one) => one.id === id)!;
const time = (id: string, params: Params, speeds: Parameters<typeof estimate>[2]) =>
  estimate(info(id), params, speeds, catalogue);

describe("what a run will take", () => {
  it("passes are the product of what the parameters count", () => {
    expect(passesOf(info("saliency"), {})).toBe(1);
    expect(passesOf(info("saliency"), { samples: 20 })).toBe(20);
    expect(passesOf(info("integrated-gradients"), {})).toBe(50);
    expect(passesOf(info("integrated-gradients"), { steps: 10, samples: 4 })).toBe(40);
    expect(passesOf(info("rise"), {})).toBe(4000);
    expect(passesOf(info("rise"), { masks: "many" })).toBe(4000);
  });

  it("is what the last run took, by the number of passes", () => {
    const speeds = withRun({}, info("rise"), { masks: 1000 }, 4000);
    expect(time("rise", { masks: 1000 }, speeds)).toBe(4000);
    expect(time("rise", {}, speeds)).toBe(16_000);
    expect(time("rise", { samples: 2 }, speeds)).toBe(32_000);
  });

  it("of a method that never ran follows from one that makes the same passes; of windows and channels nothing does", () => {
    const speeds = withRun(withRun({}, info("saliency"), {}, 30), info("integrated-gradients"), {}, 1000);
    expect(time("input-x-gradient", { samples: 100 }, speeds)).toBe(2000);
    expect(time("grad-cam", {}, speeds)).toBe(20);
    expect(time("rise", {}, speeds)).toBeUndefined();
    expect(time("rise", {}, withRun(speeds, info("predictions"), {}, 5))).toBe(20_000);
    expect(time("score-cam", {}, withRun(speeds, info("predictions"), {}, 5))).toBeUndefined();
    expect(time("score-cam", { samples: 3 }, withRun(speeds, info("score-cam"), {}, 9000))).toBe(27_000);
    expect(time("road", {}, withRun(speeds, info("predictions"), {}, 5))).toBeUndefined();
    // A check's runs are not one method's, and say nothing of others.
    expect(time("rise", {}, withRun({}, info("road"), {}, 5000))).toBeUndefined();
  });

  it("of a check is told by its runs with the same method", () => {
    const speeds = withRun({}, info("road"), { method: "grad-cam" }, 9000);
    expect(time("road", { method: "grad-cam" }, speeds)).toBe(9000);
    expect(time("road", { method: "rise" }, speeds)).toBeUndefined();
    expect(readSpeeds(speeds, catalogue)).toEqual(speeds);
    expect(readSpeeds({ "road gone": { milliseconds: 1, passes: 1 } }, catalogue)).toEqual({});
  });

  it("is said from two seconds on", () => {
    expect(formatEstimate(undefined)).toBeUndefined();
    expect(formatEstimate(1999)).toBeUndefined();
    expect(formatEstimate(2000)).toBe("about 2 s");
    expect(formatEstimate(8600)).toBe("about 9 s");
    expect(formatEstimate(59_600)).toBe("about 1 min 0 s");
    expect(formatEstimate(125_000)).toBe("about 2 min 10 s");
    expect(formatEstimate(3_700_000)).toBe("about 62 min");
  });

  it("kept speeds are read with care", () => {
    const kept = {
      saliency: { milliseconds: 3, passes: 1 },
      rise: { milliseconds: -1, passes: 2 },
      gone: 1,
      cam: null,
    };
    expect(readSpeeds(kept, catalogue)).toEqual({ saliency: { milliseconds: 3, passes: 1 } });
    for (const other of [
      null,
      7,
      "x",
      [],
      { saliency: { milliseconds: Infinity, passes: 1 } },
      { rise: { passes: 0 } },
    ])
      expect(readSpeeds(other, catalogue)).toEqual({});
  });
});
