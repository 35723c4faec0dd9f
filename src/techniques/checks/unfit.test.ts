/** Which checks cannot judge a result is known with the result: exactly those whose run refuses it. */
import { describe, expect, it } from "vitest";
import { UsageError } from "../../model/errors.ts";
import type { Job } from "../../protocol/job.ts";
import { techniques } from "../index.ts";
import { node, runOn, writeArray, writeSmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";

const { folder, models, run } = referenceNetworks();

const checks = techniques.map(({ info }) => info).filter(({ group }) => group === "checks");

/** As few passes as a check can do with. */
const QUICK: Job["params"] = { random_maps: 0, samples: 2, steps: 2, percentages: "50", stops: 1 };

async function refusals(of: (technique: string, more: Partial<Job>) => ReturnType<typeof run>, method: string) {
  const found: Record<string, string> = {};
  for (const { id, params } of checks) {
    const quick = Object.entries(QUICK).filter(([name]) => params.some((spec) => spec.name === name));
    try {
      await of(id, { params: { ...Object.fromEntries(quick), method } });
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      found[id] = (error as Error).message;
    }
  }
  return found;
}

describe.each([
  ["vgg", "saliency", []],
  ["vgg", "grad-cam", []],
  ["mlp", "saliency", ["road"]],
  ["mlp", "layer-gradient-x-activation", ["insertion-deletion", "road", "infidelity"]],
  ["bert", "saliency", ["road"]],
  ["cnn-1d", "saliency", []],
] as const)("%s, %s", (network, method, expected) => {
  it(`is refused by ${expected.join(", ") || "none"}`, async () => {
    const result = await run(network, method);
    expect(Object.keys(result.context.unfitChecks ?? { missing: "" })).toEqual(expected);
    expect(result.context.unfitChecks).toEqual(
      await refusals((technique, more) => run(network, technique, more), method),
    );
  });
});

describe("a model of one number without weights", () => {
  it("is refused by what compares elements, and what draws weights", async () => {
    const model = writeSmallModel(folder, "square.onnx", {
      inputs: { x: ["float32", 1, 1] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["y"])],
    });
    const input = writeArray(folder, "one.npy", [1, 1], [3]);
    const result = await runOn(models, model, input, "saliency");
    expect(Object.keys(result.context.unfitChecks!)).toEqual(["insertion-deletion", "road", "randomisation"]);
    expect(result.context.unfitChecks).toEqual(
      await refusals((technique, more) => runOn(models, model, input, technique, more), "saliency"),
    );
  });
});

it("is not said of what no check judges", async () => {
  expect((await run("mlp", "predictions")).context.unfitChecks).toBeUndefined();
  expect((await run("vgg", "feature-maps")).context.unfitChecks).toBeUndefined();
});
