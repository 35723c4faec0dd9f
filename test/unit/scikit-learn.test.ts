import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openModel } from "../../src/model/onnx/index.ts";
import { LoadedModel } from "../../src/runtime/models.ts";
import { floatsOf } from "../../src/runtime/ort.ts";
import { rowTensor, SKLEARN, sklearn, type SklearnModel } from "./scikit-learn.ts";

const load = async (name: string): Promise<LoadedModel> => new LoadedModel(await openModel(join(SKLEARN, `${name}.onnx`)), 1);

/** ∂values[k]/∂features of the tensor that stands for the output, for each k. */
async function gradients(model: LoadedModel, { value }: SklearnModel): Promise<number[][]> {
  const input = model.description.inputs[0].name;
  const feeds = { [input]: rowTensor() };
  const count = floatsOf((await model.forward(feeds, [value])).get(value)!).length;
  const rows: number[][] = [];
  for (let k = 0; k < count; k++) {
    const seed = Float32Array.from({ length: count }, (_, i) => Number(i === k));
    const { gradients } = await model.gradients(feeds, { of: value, seed, wrt: [input] });
    rows.push(Array.from(floatsOf(gradients.get(input)!)));
  }
  return rows;
}

describe("gradients of scikit-learn's models are those of what scikit-learn computes", () => {
  const smooth = sklearn.models.filter(({ gradient }) => gradient);
  it.each(smooth.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const model = await load(name);
    if (name === "svc-rbf-3-probability") {
      await expect(gradients(model, one)).rejects.toThrow(/SVMClassifier at node ".*": the probabilities of more than two classes are coupled by iteration/);
      return;
    }
    const expected = one.gradient!;
    const given = await gradients(model, one);
    // A binary SVC's two scores are its decision value with both signs.
    const wanted = given.length === 2 && expected.length === 1 ? [expected[0], expected[0].map((slope) => -slope)] : expected;
    const largest = Math.max(...wanted.flat().map(Math.abs));
    expect(given).toHaveLength(wanted.length);
    given.flat().forEach((slope, index) => expect(Math.abs(slope - wanted.flat()[index]) / largest, `${name} ${index}`).toBeLessThan(2e-5));
    await model.release();
  });
});
