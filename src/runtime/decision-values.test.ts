import { readFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { BarsArtifact } from "../protocol/artifacts.ts";
import { predictionsOf, type WholeResult } from "../protocol/result.ts";
import type { Node } from "../model/graph.ts";
import { ModelCache } from "./model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../test/reference/decision-values");
/** scikit-learn's own decision_function and predict of one row (make.py). */
const reference = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
  readonly row: readonly number[];
  readonly models: readonly {
    readonly name: string;
    readonly classes: readonly string[];
    readonly values: readonly number[];
    readonly label: string;
  }[];
};
const models = new ModelCache();
afterAll(() => {
  models.dispose();
});
const scratch = mkdtempSync(join(tmpdir(), "decisions-"));
const row = writeArray(scratch, "row.npy", [1, 4], reference.row);
const bars = (result: WholeResult): BarsArtifact => predictionsOf(result)!;

describe("decision values are shown as scikit-learn gives them, and are no probabilities", () => {
  it.each(reference.models.map((one) => [one.name, one] as const))("%s", async (name, { classes, values, label }) => {
    const result = await runOn(models, join(folder, `${name}.onnx`), row, "predictions");
    const { items, share } = bars(result);
    expect(share).toBe(false);
    const given = [...items].sort((a, b) => a.index - b.index);
    expect(given.map((item) => item.label)).toEqual(classes);
    // skl2onnx gives a linear model's one decision value as [−d, d]; ONNX Runtime a support vector machine's as [d,
    // −d].
    const own = name.includes("svc-2");
    const expected = values.length > 1 ? values : own ? [values[0], -values[0]] : [-values[0], values[0]];
    expected.forEach((value, at) => expect(given[at].value / value).toBeCloseTo(1, 5));
    // Where the largest is not the label's, that is said.
    const note = `The model's own label, "${name === "nu-svc-2" ? "label" : "output_label"}", is ${label}, though the largest of "probabilities" is ${classes[0]}'s`;
    if (own) expect(result.notes.join(" ")).toContain(note);
    else {
      expect(items[0].label).toBe(label);
      expect(result.notes.join(" ")).not.toContain("own label");
    }
  });

  it("the reason is the label's maker", async () => {
    const { provenance } = await runOn(models, join(folder, "one-vs-one.onnx"), row, "predictions");
    expect(provenance.output).toMatchObject({
      kind: "logits",
      why: "The graph's label is the largest of them (ArgMax), without a softmax: decision values, not probabilities.",
    });
  });
});

describe("scores beside the label that they are chosen by", () => {
  const write = (name: string, nodes: readonly Node[], outputs: readonly string[]): string =>
    writeSmallModel(scratch, `${name}.onnx`, {
      opset: 13,
      inputs: { x: ["float32", "N", 4] },
      outputs,
      domains: { "ai.onnx.ml": 3 },
      nodes,
      weights: [weight("w", [4, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.5])],
    });
  const scores = (to: string): Node => node("MatMul", ["x", "w"], [to]);

  it("of a neural network stay logits", async () => {
    const path = write(
      "network",
      [scores("y"), node("ArgMax", ["y"], ["label"], { axis: { type: "int", value: 1 } })],
      ["y", "label"],
    );
    expect(
      bars(
        await runOn(models, path, row, "predictions", { recipe: { version: 1, inputs: {}, classes: ["a", "b", "c"] } }),
      ).share,
    ).toBe(true);
  });

  it("are logits where the recipe says so", async () => {
    const recipe = { version: 1, inputs: {}, outputs: { output_probability: { kind: "logits" as const } } } as const;
    expect(bars(await runOn(models, join(folder, "perceptron.onnx"), row, "predictions", { recipe })).share).toBe(true);
  });
});
