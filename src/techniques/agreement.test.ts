/**
 * Every method's numbers against those that a trusted implementation gave for real networks: all of test/reference
 * that a technique's run can be held to, each case run once. What is particular to a method is in its own tests.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
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
import { expectParticulars, TOLERANCE } from "../../test/support/agreement-particulars.ts";
import { runOn } from "../../test/support/models.ts";

/** Where a reference departs from the paper, ours must differ from it by this much, or the note would be wrong. */
const APART = 0.01;
/** Draws of ours for a random method. */
const DRAWS = 400;
/** Folders whose layers are given as values, not as the nodes that make them. */
const BY_VALUE: ReadonlySet<string> = new Set(["layers", "deeplift"]);
const PAGE = resolve("docs/agreement.md");

const results: Compared[] = [];

// By network, so that each is made and loaded once.
const subjectOf = ({ network, exporter }: AgreementCase): string => `${network} ${exporter ?? ""}`;
const cases = loadAgreementCases().sort((a, b) => subjectOf(a).localeCompare(subjectOf(b)));

/** The network at hand, in a folder of its own. */
let current: { readonly subject: string; readonly fed: Fed; readonly models: ModelCache; readonly folder: string };
function close(): void {
  current?.models.dispose();
  if (current) rmSync(current.folder, { recursive: true, force: true });
}
afterAll(close);

async function run(one: AgreementCase, more: AgreementCase["params"] = {}): Promise<WholeResult> {
  if (current?.subject !== subjectOf(one)) {
    close();
    const folder = mkdtempSync(join(tmpdir(), "loupe-agreement-"));
    current = { subject: subjectOf(one), fed: await networkOf(one, folder), models: new ModelCache(), folder };
  }
  const { fed, models } = current;
  return runOn(models, fed.model, fed.inputs, one.technique, {
    target: { index: [one.target] },
    params: { ...one.params, ...more },
    ...(one.layer === undefined ? {} : { layer: BY_VALUE.has(one.folder) ? `value:${one.layer}` : one.layer }),
  });
}

describe("every method's numbers are its reference's", () => {
  it.each(cases.map((one) => [title(one), one] as const))(
    "%s",
    async (_, one) => {
      results.push(await compare(one));
    },
    300_000,
  );
});

function title({ network, exporter, technique, params, layer, channel }: AgreementCase): string {
  const place = layer === undefined ? "" : ` at ${String(layer)}${channel === undefined ? "" : `, channel ${channel}`}`;
  return `${network}${exporter ? ` (${exporter})` : ""}: ${technique} ${JSON.stringify(params)}${place}`;
}

async function compare(one: AgreementCase): Promise<Compared> {
  if (one.deviation) return randomly(one);
  const result = await run(one);
  const { values } = result.arrays[0];
  if (one.undefined !== undefined) {
    expect(values.every(Number.isFinite)).toBe(true);
    return { ...one, outcome: "undefined", reason: one.undefined };
  }
  expectParticulars(result, one);
  if (one.deviates === undefined) {
    const error = errorOf(values, one);
    expect(error).toBeLessThan(TOLERANCE);
    return { ...one, outcome: "agrees", error };
  }
  const said = { ...one, outcome: "deviates" as const, reason: one.deviates };
  if (one.file !== one.corrected) expect(errorOf(values, one)).toBeGreaterThan(APART);
  if (one.corrected === undefined) return said;
  const error = errorOf(values, { ...one, file: one.corrected });
  expect(error).toBeLessThan(TOLERANCE);
  return { ...said, error };
}

/** A random method's mean against the reference's, in standard errors. */
async function randomly(one: AgreementCase): Promise<Compared> {
  const { values } = (await run(one, { samples: DRAWS, seed: 7 })).arrays[0];
  const [mean, deviation] = [expectedOf(one), deviationOf(one)];
  expect(values.length).toBe(mean.length);
  const errors = mean.map(
    (expected, i) => (values[i] - expected) / ((deviation[i] || Infinity) * Math.sqrt(1 / DRAWS + 1 / one.draws!)),
  );
  const error = rootMeanSquare(errors);
  // One seed's draws go together across elements, so their mean square is near one only roughly.
  expect(error).toBeGreaterThan(0.2);
  expect(error).toBeLessThan(2);
  expect(errors.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0)).toBeLessThan(6);
  return { ...one, outcome: "agrees", error };
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

describe("the references", () => {
  it("stand for no two methods at once", () => {
    const places = new Map<string, AgreementCase[]>();
    for (const one of cases) {
      if (one.undefined !== undefined || one.deviates !== undefined || one.deviation !== undefined) continue;
      const place = [subjectOf(one), one.layer, one.target].join(" ");
      places.set(place, [...(places.get(place) ?? []), one]);
    }
    // On one network two may agree: where pooling makes gradients the same everywhere, HiResCAM is Grad-CAM.
    const alike = new Map<string, boolean>();
    for (const group of places.values()) {
      group.forEach((a, i) => {
        for (const b of group.slice(0, i)) {
          if (a.technique === b.technique || a.stride !== b.stride) continue;
          const values = expectedOf(b);
          if (values.length !== expectedOf(a).length) continue;
          const pair = [a.technique, b.technique].sort().join(", ");
          alike.set(pair, errorOf(values, { ...a, stride: undefined }) < 10 * TOLERANCE && (alike.get(pair) ?? true));
        }
      });
    }
    expect(alike.get("grad-cam, grad-cam++")).toBe(false);
    // Feature maps are the layer's activation, drawn otherwise.
    expect([...alike].filter(([, same]) => same).map(([pair]) => pair)).toEqual(["feature-maps, layer-activation"]);
  });

  it("cover class activation maps of convolutional networks and transformers by both exporters", () => {
    const maps = cases.filter(({ folder, technique }) => folder === "cams" && technique !== "guided-gradcam");
    for (const network of ["vgg", "resnet18", "mobilenet-v2-small", "vision-transformer", "efficientnet-lite0"])
      expect(new Set(maps.filter((one) => one.network === network).map(({ technique }) => technique)).size).toBe(13);
    for (const network of ["swin", "deit", "vit-registers", "cnn-3d", "bert"])
      expect(maps.some((one) => one.network === network)).toBe(true);
    expect(new Set(maps.map(({ exporter }) => exporter))).toEqual(new Set(["torchscript", "dynamo"]));
  });

  it("are of methods that there are", () => {
    const known = new Set(techniques.map(({ info }) => info.id));
    expect([...new Set(cases.map(({ technique }) => technique))].filter((id) => !known.has(id))).toEqual([]);
  });

  it.each(techniques.map(({ info }) => info.id))("there is one for %s", (id) => {
    expect(cases.some((one) => one.technique === id && one.undefined === undefined)).toBe(true);
  });
});

describe("the table of methods and networks", () => {
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
