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
    // Random maps are no part of the references, and each costs as much as the check.
    params: { ...one.params, ...more, ...(one.folder === "trust" ? { random_maps: 0 } : {}) },
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
  expect(error).toBeLessThan(2);
  if (one.folder === "attributions" && one.draws! >= 4000) {
    // One seed's draws go together across elements, so their mean square is near one only roughly.
    expect(error ** 2).toBeGreaterThan(0.05);
    expect(error ** 2).toBeLessThan(3);
    expect(errors.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0)).toBeLessThan(5);
    // The same numbers moved by a tenth of their size would not pass.
    expect(rootMeanSquare(mean.map((expected, i) => values[i] - expected))).toBeLessThan(0.25 * rootMeanSquare(mean));
  }
  return { ...one, outcome: "agrees", error };
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

/** A class activation map's case. */
const isMap = ({ folder, technique }: AgreementCase): boolean => folder === "cams" && technique !== "guided-gradcam";

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
    // Every pair of class activation maps meets on some network.
    const maps = [...new Set(cases.filter(isMap).map(({ technique }) => technique))].sort();
    for (const [i, a] of maps.entries())
      for (const b of maps.slice(0, i)) expect([...alike.keys()]).toContain(`${b}, ${a}`);
    // Feature maps are the layer's activation, drawn otherwise.
    expect([...alike].filter(([, same]) => same).map(([pair]) => pair)).toEqual(["feature-maps, layer-activation"]);
  });

  it("cover class activation maps of convolutional networks and transformers by both exporters", () => {
    const maps = cases.filter(isMap);
    for (const network of ["vgg", "resnet18", "mobilenet-v2-small", "vision-transformer", "efficientnet-lite0"])
      expect(new Set(maps.filter((one) => one.network === network).map(({ technique }) => technique)).size).toBe(13);
    for (const network of ["swin", "deit", "vit-registers", "cnn-3d", "bert"])
      expect(maps.some((one) => one.network === network)).toBe(true);
    expect(new Set(maps.map(({ exporter }) => exporter))).toEqual(new Set(["torchscript", "dynamo"]));
  });

  it("say where pytorch-grad-cam is not what its methods' papers are, or Captum gives nothing", () => {
    const maps = cases.filter(({ folder }) => folder === "cams");
    expect(new Set(maps.filter(({ deviates }) => deviates).map(({ technique }) => technique))).toEqual(
      new Set(["ablation-cam", "shapley-cam"]),
    );
    expect(maps.filter((one) => one.undefined).map(({ network, technique }) => `${network} ${technique}`)).toEqual(
      Array.from({ length: 4 }, () => "vision-transformer guided-gradcam"),
    );
  });

  it("cover pictures, signals, volumes, rows and tokens by what hides parts of the input", () => {
    const of = (technique: string): Set<string> =>
      new Set(
        cases
          .filter((one) => one.folder === "perturbation" && one.technique === technique)
          .map(({ network }) => network),
      );
    const networks = ["vgg", "resnet18", "mobilenet-v2-small", "vision-transformer", "cnn-1d", "cnn-3d", "mlp", "bert"];
    for (const technique of ["rise", "feature-ablation"])
      for (const network of networks) expect(of(technique)).toContain(network);
    expect(of("rise")).toContain("efficientnet-lite0");
    expect(cases.some(({ network, params }) => network === "efficientnet-lite0" && params.segments)).toBe(true);
  });

  it("cover layers and neurons of six networks by two exporters, no two of them with the same numbers", () => {
    const layers = cases.filter(({ folder }) => folder === "layers");
    expect(new Set(layers.map(({ network }) => network))).toEqual(
      new Set(["vgg", "resnet18", "mobilenet-v2-small", "vision-transformer", "bert", "efficientnet-lite0"]),
    );
    expect(new Set(layers.map(({ exporter }) => exporter))).toEqual(new Set(["torchscript", "dynamo", undefined]));
    for (const one of layers) {
      // After the last Relu the score is linear in the layer: there, methods that differ elsewhere agree.
      if (/fc|_bn1|classifier/.test(one.file!)) continue;
      for (const other of layers) {
        if (one.network !== other.network || one.file! >= other.file!) continue;
        expect(errorOf(expectedOf(other), { ...one, stride: undefined, largest: undefined })).toBeGreaterThan(1e-6);
      }
    }
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
