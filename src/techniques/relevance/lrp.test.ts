import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../data/index.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { lrp } from "./lrp.ts";
import { visibleParams } from "../../../webview/explain/state.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { loadArchitectures } from "../../../test/reference/architectures/load.ts";
import { materialise } from "../../../test/reference/architectures/materialise.ts";
import { runOn, writeArray } from "../../../test/support/models.ts";

interface ReferenceCase {
  readonly network: string;
  readonly exporter: string;
  readonly technique: "lrp" | "layer-lrp";
  readonly target: number;
  readonly params: Readonly<Record<string, string | number>>;
  readonly layer?: string;
  readonly file: string;
  readonly stride?: number;
  readonly largest?: number;
  readonly reference: "zennit" | "captum" | "lxt";
}

/** zennit's, Captum's and LXT's numbers in float64, made by make.py there. */
const references = resolve("test/reference/lrp");
const cases = JSON.parse(readFileSync(join(references, "index.json"), "utf8")) as ReferenceCase[];
/** Of the largest value: float32 against float64. */
const TOLERANCE = 1e-3;

const models = new ModelCache({ most: 8 });
const paths = new Map<string, { model: string; input: string | Readonly<Record<string, string>> }>();
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "loupe-lrp-"));
  const known = loadArchitectures();
  for (const { network, exporter } of cases) {
    const name = `${network}-${exporter}`;
    if (paths.has(name)) continue;
    if (network === "efficientnet-lite0") {
      paths.set(name, {
        model: resolve("samples/efficientnet-lite0.onnx"),
        input: resolve("test/reference/efficientnet-cat/input.npy"),
      });
      continue;
    }
    if (network === "bert") {
      const beside = resolve("test/reference/bert");
      paths.set(name, {
        model: join(beside, `bert-${exporter}.onnx`),
        input: { input_ids: join(beside, "ids.npy"), attention_mask: join(beside, "mask.npy") },
      });
      continue;
    }
    const { dims, data } = known.find((one) => one.network === network)!.input;
    paths.set(name, {
      model: await materialise(name, folder),
      input: writeArray(folder, `${network}.npy`, dims, data),
    });
  }
}, 120_000);
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function npy(file: string): Float32Array {
  const path = join(references, file);
  return Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
}

/** Largest difference over the largest expected value; every `stride`-th element is kept of large arrays. */
function difference(ours: Float32Array, { file, stride = 1, largest }: ReferenceCase): number {
  const expected = npy(file);
  expect(Math.ceil(ours.length / stride)).toBe(expected.length);
  const most = largest ?? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(most).toBeGreaterThan(0);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(ours[i * stride] - value)), 0) / most;
}

function run({ network, exporter, technique, target, params, layer }: ReferenceCase): Promise<WholeResult> {
  const { model, input } = paths.get(`${network}-${exporter}`)!;
  return runOn(models, model, input, technique, {
    target: { index: [target] },
    params,
    ...(layer === undefined ? {} : { layer }),
  });
}

function title({ network, exporter, technique, params, layer, reference }: ReferenceCase): string {
  const { rule, ...others } = params;
  return [
    `${network} (${exporter})`,
    `${technique} by ${rule}`,
    ...Object.entries(others).map(([name, value]) => `${name} ${value}`),
    ...(layer === undefined ? [] : [layer]),
    `against ${reference}`,
  ].join(", ");
}

describe("layer-wise relevance propagation against its references", () => {
  it.each(cases.map((one) => [title(one), one] as const))("%s", { timeout: 60_000 }, async (_, one) => {
    const {
      arrays: [raw],
      views: artifacts,
      notes,
    } = await run(one);
    const error = difference(raw.values, one);
    if (process.env.LRP_ERRORS) console.log(error.toExponential(1), title(one));
    expect(error).toBeLessThan(TOLERANCE);
    expect(artifacts[0]).toMatchObject({ id: one.technique, signed: true });
    expect(notes.join(" ")).toMatch(/Relevance sums to/);
  });
});

describe("layer-wise relevance propagation says", () => {
  const notes = async (network: string, rule: string): Promise<string> =>
    (await run(cases.find((one) => one.network === network && one.params.rule === rule)!)).notes.join(" ");

  it("which BatchNormalizations follow no weights, and nothing of those that do", async () => {
    expect(await notes("densenet-small", "epsilon")).toMatch(
      /\d+ BatchNormalizations follow no weights to be merged into/,
    );
    expect(await notes("vgg-bn", "epsilon")).not.toContain("BatchNormalization");
  });

  it("how attention was treated", async () => {
    expect(await notes("vision-transformer", "epsilon")).toContain("AttnLRP");
    expect(await notes("vgg", "epsilon")).not.toContain("AttnLRP");
  });
});

describe("the form", () => {
  const shown = (rule: string): string[] =>
    visibleParams(lrp.info, { rule })
      .map(({ name }) => name)
      .filter((name) => !["rule", "score", "samples"].includes(name));

  it("shows the options that the chosen rule has", () => {
    expect(shown("epsilon")).toEqual(["epsilon"]);
    expect(shown("alpha_beta")).toEqual(["alpha", "beta"]);
    expect(shown("zplus")).toEqual([]);
    expect(shown("epsilon_gamma_box")).toEqual(["epsilon", "gamma", "low", "high"]);
  });
});
