import { describe, expect, it } from "vitest";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { costOf, costText, isAsked } from "./cost.ts";
import type { Place } from "./jobs.ts";

const count = (name: string, usual: number) =>
  ({ name, label: "", help: "", type: "number", default: usual, min: 0, max: 500, step: 1, integer: true }) as const;
const path: TechniqueInfo = {
  id: "ig",
  title: "Integrated Gradients",
  summary: "",
  command: "",
  group: "gradients",
  needs: { input: "one", target: true, layer: "none", gradient: true },
  params: [count("steps", 50), count("samples", 0)],
};
const place = (job: string, samples: number): Place =>
  ({ job, technique: path, state: { model: "m", params: { ig: { samples } } } }) as unknown as Place;

describe("what a comparison will take", () => {
  it("is the sum of its runs, each job once, and names what runs the model often", () => {
    // 50 passes took 100 ms: 50 × 50 take 5 s, twice.
    const speeds = { m: { ig: { milliseconds: 100, passes: 50 } } };
    const cost = costOf([place("a", 50), place("a", 50), place("b", 50)], speeds, [path])!;
    expect([cost.milliseconds, cost.unknownPasses, cost.jobs]).toEqual([10_000, 0, ["a", "b"]]);
    expect(costText(cost)).toBe("About 10 s for 2 runs. Integrated Gradients: 50 steps × 50 noisy copies.");
    expect(isAsked(cost)).toBe(false);
    expect(isAsked({ ...cost, milliseconds: 10_001 })).toBe(true);
  });

  it("of unknown length is said in passes, and asked about where they are many", () => {
    const cost = costOf([place("a", 50)], {}, [path])!;
    expect(costText(cost)).toMatch(/^2500 passes through the model of unknown length, for 1 run\. Integrated/);
    expect([isAsked(cost), isAsked(costOf([place("a", 0)], {}, [path])!)]).toEqual([true, false]);
    expect(costOf([], {}, [path])).toBeUndefined();
  });
});
