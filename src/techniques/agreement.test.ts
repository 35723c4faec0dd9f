import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WholeResult } from "../protocol/result.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { techniques } from "./index.ts";
import {
  deviationOf,
  errorOf,
  expectedOf,
  loadAgreementCases,
  networkOf,
  type AgreementCase,
  type Fed,
} from "../../test/support/agreement.ts";
import { agreementPage, type Compared } from "../../test/support/agreement-page.ts";
import { runOn } from "../../test/support/models.ts";

/** Of the largest value: float32 against float64. */
const TOLERANCE = 1e-3;
/** Draws of ours for a random method. */
const DRAWS = 300;
const PAGE = resolve("docs/agreement.md");

/** Methods whose reference has a form of its own, and the test that reads it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  predictions: "src/techniques/efficientnet.test.ts",
  "feature-maps": "src/techniques/architectures.test.ts",
};

const models = new ModelCache({ most: 3 });
const networks = new Map<string, Promise<Fed>>();
const results: Compared[] = [];
let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-agreement-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

// By network, so that each is loaded once.
const cases = loadAgreementCases().sort((a, b) =>
  (a.network + (a.exporter ?? "")).localeCompare(b.network + (b.exporter ?? "")),
);

async function run(one: AgreementCase, more: AgreementCase["params"] = {}): Promise<WholeResult> {
  const key = `${one.network} ${one.exporter ?? ""}`;
  if (!networks.has(key)) networks.set(key, networkOf(one, scratch));
  const { model, inputs } = await networks.get(key)!;
  return runOn(models, model, inputs, one.technique, {
    target: { index: [one.target] },
    params: { ...one.params, ...more },
    ...(one.layer === undefined ? {} : { layer: one.layer as string }),
  });
}

describe("every method's numbers are its reference's", () => {
  it.each(
    cases.map(
      (one) =>
        [
          `${one.network}: ${one.technique} ${JSON.stringify(one.params)}${one.layer === undefined ? "" : ` at ${String(one.layer)}`}`,
          one,
        ] as const,
    ),
  )(
    "%s",
    async (_, one) => {
      if (one.undefined !== undefined) {
        results.push({ ...one, outcome: "undefined", reason: one.undefined });
        return;
      }
      if (one.deviates !== undefined) {
        const { values } = (await run(one)).arrays[0];
        // Its numbers are not ours, or the note would be wrong.
        if (one.file !== one.corrected) expect(errorOf(values, one)).toBeGreaterThan(TOLERANCE);
        const error = one.corrected === undefined ? undefined : errorOf(values, { ...one, file: one.corrected });
        results.push({ ...one, outcome: "deviates", reason: one.deviates, ...(error === undefined ? {} : { error }) });
        if (error !== undefined) expect(error).toBeLessThan(TOLERANCE);
        return;
      }
      const error = one.deviation ? await standardErrors(one) : errorOf((await run(one)).arrays[0].values, one);
      results.push({ ...one, outcome: error < (one.deviation ? 3 : TOLERANCE) ? "agrees" : "differs", error });
      expect(error).toBeLessThan(one.deviation ? 3 : TOLERANCE);
    },
    300_000,
  );
});

/** A random method's mean against the reference's: the root mean square of the difference in standard errors. */
async function standardErrors(one: AgreementCase): Promise<number> {
  const {
    arrays: [raw],
  } = await run(one, { samples: DRAWS, seed: 3 });
  const [mean, deviation] = [expectedOf(one), deviationOf(one)];
  const errors = Array.from(
    mean,
    (expected, i) => (raw.values[i] - expected) / ((deviation[i] || Infinity) * Math.sqrt(1 / DRAWS + 1 / one.draws!)),
  );
  return Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
}

describe("the table of methods and networks", () => {
  it("names methods that there are", () => {
    const known = new Set(techniques.map(({ info }) => info.id));
    expect([...new Set(cases.map(({ technique }) => technique))].filter((id) => !known.has(id))).toEqual([]);
  });

  it.each(techniques.map(({ info }) => info.id))("has a reference for %s", (id) => {
    const compared = cases.some((one) => one.technique === id && one.undefined === undefined);
    const elsewhere = ELSEWHERE[id];
    expect(compared || (elsewhere !== undefined && readFileSync(elsewhere, "utf8").includes(`"${id}"`))).toBe(true);
  });

  it("is the one in docs/agreement.md, but for the size of the errors", () => {
    const text = agreementPage(
      results,
      techniques.map(({ info }) => info),
    );
    if (process.env.UPDATE_DOCS) writeFileSync(PAGE, text);
    const plain = (page: string): string => page.replace(/\d(\.\d)?e[+-]\d+|\d+\.\d+ σ/g, "#");
    expect(plain(existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "")).toBe(plain(text));
  });
});
