import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Params } from "../../protocol/technique.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { engineHandlers } from "../../engine/handlers.ts";
import { runOn } from "../../../test/support/models.ts";

/** Captum's numbers for several inputs at once, by make.py in test/reference/several-inputs. */
interface Case {
  readonly network: string;
  readonly technique: string;
  readonly params: Params;
  readonly baseline?: string;
  readonly file?: string;
  readonly layer?: string;
  readonly explain?: readonly string[];
  /**
   * Only the first input's are compared: `params` are about it alone, or the reference does something else in the
   * others.
   */
  readonly only?: boolean;
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
  readonly raw?: readonly number[];
  readonly deviation?: Readonly<Record<string, readonly number[]>>;
  readonly draws?: number;
}

const folder = resolve("test/reference/several-inputs");
const cases = JSON.parse(readFileSync(join(folder, "reference.json"), "utf8")) as Case[];
const TARGET = 1;
/** Relative to the largest value: float32 against Captum's float64. */
const TOLERANCE = 1e-4;
const models = new ModelCache();
afterAll(() => models.dispose());

function error(found: ArrayLike<number>, expected: readonly number[], largest: number): number {
  expect(found.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0) / largest;
}

const withFiles = ({ params, baseline }: Case): Params => {
  const named = baseline ?? params.baseline;
  return {
    ...params,
    ...(typeof named === "string" ? { baseline: named.endsWith(".npz") ? join(folder, named) : named } : {}),
  };
};

describe("Captum's numbers, all inputs at once", () => {
  it.each(
    cases.map(
      (one) =>
        [
          `${one.network}: ${one.technique} ${JSON.stringify(one.params)}${one.layer ?? ""}${one.baseline ?? ""}${one.file ?? ""}`,
          one,
        ] as const,
    ),
  )("%s", async (_, one) => {
    const draws: Params = one.draws === undefined ? {} : { samples: 4000 };
    // A window is for one input's axes.
    const explain =
      one.explain ?? (one.only && one.technique === "occlusion" ? [Object.keys(one.inputs!)[0]] : undefined);
    const result = await runOn(
      models,
      join(folder, `${one.network}.onnx`),
      join(folder, one.file ?? `${one.network}.npz`),
      one.technique,
      {
        target: { index: [TARGET] },
        params: { ...withFiles(one), ...draws },
        ...(one.layer === undefined ? {} : { layer: one.layer }),
        ...(explain ? { explain } : {}),
      },
    );
    if (one.raw) {
      expect(error(result.arrays[0].values, one.raw, Math.max(...one.raw.map(Math.abs)) || 1)).toBeLessThan(TOLERANCE);
      return;
    }
    const expected = explain ? { [explain[0]]: one.inputs![explain[0]] } : one.inputs!;
    const found = new Map((result.arrays ?? [result.arrays[0]]).map(({ name, values }) => [name, values]));
    expect([...found.keys()]).toEqual(Object.keys(expected));
    const largest = Math.max(...Object.values(expected).flat().map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    for (const [input, values] of Object.entries(expected).slice(0, one.only ? 1 : undefined)) {
      if (one.deviation) {
        // Both are means of random draws: within five standard errors.
        const bound = (i: number): number => 5 * one.deviation![input][i] * Math.sqrt(1 / one.draws! + 1 / 4000) + 1e-6;
        values.forEach((value, i) => expect(Math.abs(value - found.get(input)![i])).toBeLessThan(bound(i)));
      } else expect(error(found.get(input)!, values, largest)).toBeLessThan(TOLERANCE);
    }
  });

  it("covers gradient, path, rule and perturbation methods on pictures, rows, categories and tokens", () => {
    for (const network of ["two", "mixed", "text"]) {
      for (const technique of [
        "saliency",
        "input-x-gradient",
        "integrated-gradients",
        "expected-gradients",
        "deeplift",
        "guided-backprop",
        "feature-ablation",
      ]) {
        expect(cases.some((one) => one.network === network && one.technique === technique)).toBe(true);
      }
    }
  });
});

describe("checks and maps go input by input", () => {
  const on = (network: string, technique: string, params: Params = {}) =>
    runOn(models, join(folder, `${network}.onnx`), join(folder, `${network}.npz`), technique, {
      target: { index: [TARGET] },
      params,
    });

  it.each(["insertion-deletion", "infidelity", "sensitivity", "sparseness", "randomisation", "full-grad", "rise"])(
    "%s of each, categories by the vectors they are looked up as",
    async (technique) => {
      const { arrays: inputs, notExplained } = await on("mixed", technique, technique === "rise" ? { masks: 20 } : {});
      expect(inputs!.map(({ name }) => name)).toEqual(["x_cat", "x_cont"]);
      expect(notExplained).toEqual([]);
    },
  );

  it("what cannot be done for one input is done for the others, and said", async () => {
    const {
      arrays: [raw],
      arrays: inputs,
      notExplained,
    } = await on("two", "road", { percentages: "20, 60" });
    expect(inputs?.map(({ name }) => name) ?? [raw.name]).toEqual(["picture"]);
    expect(notExplained).toMatchObject(
      [{ input: "row", reason: /neighbours/ }].map(({ input, reason }) => ({
        input,
        reason: expect.stringMatching(reason) as string,
      })),
    );
  });

  it("class activation maps lie over the picture", async () => {
    const { notExplained } = await on("two", "grad-cam");
    expect(notExplained).toEqual([{ input: "row", reason: 'the map belongs to "picture"' }]);
  });
});

describe("what a person can choose among", () => {
  const choices = async (model: string) =>
    (await engineHandlers().recipe({ model }, { signal: new AbortController().signal, progress: () => undefined }))
      .explainable;

  it("is each input that can be explained, by name, with whether it usually is", async () => {
    expect(await choices(join(folder, "two.onnx"))).toEqual([
      { name: "picture", byDefault: true },
      { name: "row", byDefault: true },
    ]);
  });

  it("companions of tokens are among them, with the reason why they usually are not", async () => {
    expect(await choices(resolve("test/reference/bert/bert-dynamo.onnx"))).toEqual([
      { name: "input_ids", byDefault: true },
      { name: "attention_mask", byDefault: false, reason: "it is a mask of tokens" },
    ]);
  });
});
