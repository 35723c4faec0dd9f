import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Rule, RuleTable } from "./rule.ts";
import { gradientRules } from "./rules/index.ts";
import type { GradientRequest } from "../runtime/gradient.ts";
import { LoadedModel } from "../runtime/models.ts";
import { openModel } from "../model/open.ts";
import type { Feeds, TensorValue } from "../runtime/ort.ts";
import { loadCases, type CaseArray, type OperatorCase } from "../../test/reference/operators/load.ts";

/** float32 throughout, against float64: relative to the largest gradient of the case. */
const TOLERANCE = 2e-4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-operators-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cases = loadCases();

describe("the gradient of each operator equals its float64 reference", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const model = await load(one);
    expect(await worstError(model, one)).toBeLessThan(TOLERANCE);
    // The check is checked: with the operator's rule one percent off, the same comparison must fail.
    const rule = scaledRule(one);
    if (rule) expect(await worstError(model, one, rule)).toBeGreaterThan(5e-3);
    await model.release();
  });
});

async function load(one: OperatorCase): Promise<LoadedModel> {
  const path = join(folder, "model.onnx");
  writeFileSync(path, one.model);
  return new LoadedModel(await openModel(path), 1);
}

/**
 * The largest difference over all inputs, relative to the largest expected gradient (or absolute where all are zero).
 */
async function worstError(model: LoadedModel, one: OperatorCase, rules?: GradientRequest["rules"]): Promise<number> {
  const feeds: Feeds = Object.fromEntries(one.inputs.map((input) => [input.name, toTensor(input)]));
  const wrt = one.gradients.map(({ name }) => name);
  const sums = new Map(one.gradients.map(({ name, data }) => [name, new Float64Array(data.length)]));
  for (const { name, data } of one.seeds) {
    const { gradients } = await model.gradients(feeds, { of: name, seed: data, wrt, rules });
    for (const [input, gradient] of gradients) {
      const sum = sums.get(input)!;
      if (gradient)
        (gradient.data as Float32Array).forEach((value, index) => {
          sum[index] += value;
        });
    }
  }
  let worst = 0;
  const largest = Math.max(
    ...one.gradients.map(({ data }) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)),
  );
  for (const { name, data } of one.gradients) {
    const ours = sums.get(name)!;
    expect(ours.length).toBe(data.length);
    data.forEach((value, index) => {
      const error = Math.abs(value - ours[index]);
      worst = Number.isNaN(error) ? Infinity : Math.max(worst, error / (largest || 1));
    });
  }
  return worst;
}

function toTensor({ dataType, dims, data }: CaseArray): TensorValue {
  return { dataType, dims, data };
}

/** The rules with the case's own one scaled by 1.01, where the expected gradient is not zero everywhere. */
function scaledRule(one: OperatorCase): GradientRequest["rules"] | undefined {
  if (one.gradients.every(({ data }) => data.every((value) => value === 0))) return undefined;
  const table: RuleTable = Object.fromEntries(
    Object.entries(gradientRules).map(([name, rule]) => [name, scaled(rule)]),
  );
  return { name: "scaled", table };
}

function scaled(rule: Rule): Rule {
  return (r) => rule(r).map((gradient) => (gradient === undefined ? undefined : r.g.scale(gradient, 1.01)));
}
