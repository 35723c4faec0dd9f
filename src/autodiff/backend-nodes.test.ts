import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Rule, RuleTable } from "./rule.ts";
import { gradientRules } from "./rules/index.ts";
import { openModel } from "../model/open.ts";
import type { GradientRequest } from "../runtime/gradient.ts";
import { LoadedModel } from "../runtime/models.ts";
import { floatsOf, type Feeds } from "../runtime/ort.ts";
import { loadNodeCases, type NodeCase } from "../../test/reference/backend-nodes/load.ts";
import { OTHER_RESULT, operatorsPage, type CaseResult } from "../../test/reference/backend-nodes/page.ts";

/**
 * float32 against central differences in float64, relative to the largest derivative of the case; and float32's own
 * noise.
 */
const TOLERANCE = 5e-4;
const NOISE = 2e-6;
const PAGE = join(dirname(fileURLToPath(import.meta.url)), "../../docs/operators.md");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-nodes-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cases = loadNodeCases();
const results: CaseResult[] = [];

describe("the ONNX standard's node tests: our gradient is the derivative of onnx.reference", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const result = await check(one);
    const compared = result.outcome === "right" || result.outcome === "wrong";
    const derivatives = compared ? one.gradients.reduce((sum, gradient) => sum + gradient.derivatives.length, 0) : 0;
    results.push({ name: one.name, operator: one.operator, derivatives, kinks: compared ? one.kinks : 0, ...result });
    if (result.outcome === "wrong") expect.fail(result.reason);
  });
});

describe("the table of operators", () => {
  it("at least 95 % of the standard's differentiable operators have a gradient that is right", () => {
    const { share } = operatorsPage(results);
    expect(share).toBeGreaterThanOrEqual(0.95);
  });
  it("is the one in docs/operators.md", () => {
    const { text } = operatorsPage(results);
    if (process.env.UPDATE_DOCS) writeFileSync(PAGE, text);
    expect(existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "").toBe(text);
  });
});

type Outcome = Pick<CaseResult, "outcome" | "reason">;

async function check(one: NodeCase): Promise<Outcome> {
  if (one.skip !== undefined)
    return {
      outcome: one.skip.startsWith("kink")
        ? "kink"
        : one.skip.startsWith("random")
          ? "random"
          : one.skip.startsWith("no reference")
            ? "no reference"
            : "no kernel",
      reason: one.skip,
    };
  const path = join(folder, "model.onnx");
  writeFileSync(path, one.model);
  const model = new LoadedModel(await openModel(path), 1);
  try {
    const feeds: Feeds = Object.fromEntries(one.inputs.map(({ name, ...tensor }) => [name, tensor]));
    try {
      const values = await model.forward(
        feeds,
        one.seeds.map(({ output }) => output),
      );
      const terms = one.seeds.flatMap(({ output, data }) => {
        const value = floatsOf(values.get(output)!);
        return Array.from(data, (weight, index) => (weight === 0 ? 0 : weight * value[index]));
      });
      const [score, size] = [terms.reduce((a, b) => a + b, 0), terms.reduce((a, b) => a + Math.abs(b), 0)];
      // Where its kernel computes another function than the standard's, there is nothing to compare.
      if (!(Math.abs(score - one.score) <= 2e-3 * Math.max(1, size)))
        return { outcome: "no kernel", reason: OTHER_RESULT };
    } catch (error) {
      return { outcome: "no kernel", reason: (error as Error).message };
    }
    let error: number;
    try {
      error = await worstError(model, one, feeds);
    } catch (problem) {
      return { outcome: "wrong", reason: `${(problem as Error).name}: ${(problem as Error).message}` };
    }
    if (!(error < 1)) return { outcome: "wrong", reason: `${error.toPrecision(2)} times the allowed difference` };
    // With every rule one percent off the same comparison must fail, where one percent is more than noise.
    if (one.gradients.some(({ derivatives }) => derivatives.some((value) => Math.abs(value) > 1e-3))) {
      const scaled = await worstError(model, one, feeds, { name: "scaled", table: SCALED });
      if (!(scaled > 1)) return { outcome: "wrong", reason: "a rule that is one percent off passes as well" };
    }
    return { outcome: "right", reason: "" };
  } finally {
    await model.release();
  }
}

/** The largest difference over all derivatives, in units of what is allowed. */
async function worstError(
  model: LoadedModel,
  one: NodeCase,
  feeds: Feeds,
  rules?: GradientRequest["rules"],
): Promise<number> {
  const sums = new Map(one.gradients.map(({ input }) => [input, new Float64Array(feeds[input].data.length)]));
  for (const { output, data } of one.seeds) {
    const { gradients } = await model.gradients(feeds, { of: output, seed: data, wrt: [...sums.keys()], rules });
    for (const [input, gradient] of gradients)
      if (gradient)
        floatsOf(gradient).forEach((value, index) => {
          sums.get(input)![index] += value;
        });
  }
  const largest = Math.max(...one.gradients.flatMap(({ derivatives }) => derivatives.map(Math.abs)));
  let worst = 0;
  for (const { input, coordinates, directions, derivatives } of one.gradients) {
    const ours = sums.get(input)!;
    const along = [
      ...coordinates.map((index) => ours[index]),
      ...directions.map((direction) => ours.reduce((sum, value, index) => sum + (value * direction[index]) / 64, 0)),
    ];
    along.forEach((value, index) => {
      const difference = Math.abs(value - derivatives[index]) / (TOLERANCE * largest + NOISE);
      worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
    });
  }
  return worst;
}

const SCALED: RuleTable = Object.fromEntries(Object.entries(gradientRules).map(([name, rule]) => [name, scaled(rule)]));

function scaled(rule: Rule): Rule {
  return (r) => rule(r).map((gradient) => (gradient === undefined ? undefined : r.g.scale(gradient, 1.01)));
}
