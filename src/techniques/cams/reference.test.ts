import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../data/index.ts";
import { resizeLinear } from "../../math/resize-linear.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { loadArchitectures } from "../../../test/reference/architectures/load.ts";
import { materialise } from "../../../test/reference/architectures/materialise.ts";
import { runOn, writeArray } from "../../../test/support/models.ts";

/** Of the largest value: float32 against pytorch-grad-cam and Captum on PyTorch's float64. */
const TOLERANCE = 1e-3;
const folder = resolve("test/reference/cams");
const CAT = "efficientnet-lite0";

interface Case {
  readonly network: string;
  readonly exporter: string;
  readonly technique: string;
  readonly target: number;
  readonly params: Readonly<Record<string, string | boolean>>;
  readonly layer: string;
  readonly file?: string;
  readonly stride?: number;
  readonly largest?: number;
  readonly undefined?: string;
  readonly deviates?: string;
}

interface Several {
  readonly network: string;
  readonly exporter: string;
  readonly target: number;
  readonly layers: readonly string[];
  readonly file: string;
  readonly own: string;
}

const cases = read<Case[]>("index.json");
const several = read<Several[]>("several.json");
const maps = cases.filter(({ technique }) => technique !== "guided-gradcam");
/** By file: a network as an exporter writes it. ResNet-18's channels are many: one of its exports will do. */
const models = [
  ...new Set(
    cases
      .filter(({ network, exporter }) => network !== "resnet18" || exporter === "dynamo")
      .map(({ network, exporter }) => `${network}-${exporter}`),
  ),
];

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-cam-references-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the references of class activation maps", () => {
  it("cover convolutional networks and transformers of two exporters, in two and three dimensions, by every method", () => {
    expect(new Set(cases.map(({ exporter }) => exporter))).toEqual(new Set(["torchscript", "dynamo"]));
    for (const network of ["vgg", "resnet18", "mobilenet-v2-small", "vision-transformer", CAT])
      expect(
        new Set(maps.filter((one) => one.network === network).map(({ technique }) => technique)).size,
        network,
      ).toBe(13);
    for (const network of ["swin", "deit", "vit-registers", "cnn-3d", "bert"])
      expect(
        cases.some((one) => one.network === network),
        network,
      ).toBe(true);
  });

  it("are not zero, and no method stands for another on every network", () => {
    const alike = new Map<string, boolean>();
    const places = new Map<string, Case[]>();
    for (const one of maps.filter(({ exporter }) => exporter === "torchscript")) {
      const place = `${one.network} ${one.layer}`;
      places.set(place, [...(places.get(place) ?? []), one]);
    }
    for (const group of places.values()) {
      const values = group.map(({ file }) => array(file!));
      for (const one of values) expect(one.some((value) => value !== 0)).toBe(true);
      // On one network two may agree: where pooling makes gradients the same everywhere, HiResCAM is Grad-CAM; where
      // the score is piecewise linear, Shapley-CAM is.
      group.forEach((a, i) =>
        group.slice(0, i).forEach((b, k) => {
          const pair = `${b.technique}, ${a.technique}`;
          alike.set(pair, difference(values[i], values[k]) < 10 * TOLERANCE && (alike.get(pair) ?? true));
        }),
      );
    }
    // Every pair of methods meets on some network.
    const methods = new Set([...places.values()].flat().map(({ technique }) => technique)).size;
    expect(alike.size).toBe((methods * (methods - 1)) / 2);
    expect([...alike].filter(([, same]) => same)).toEqual([]);
  });

  it("say where pytorch-grad-cam is not what its methods' papers are, or Captum gives nothing", () => {
    expect(new Set(cases.filter(({ deviates }) => deviates).map(({ technique }) => technique))).toEqual(
      new Set(["ablation-cam", "shapley-cam"]),
    );
    expect(cases.filter((one) => one.undefined).map(({ network, technique }) => `${network} ${technique}`)).toEqual(
      Array.from({ length: 4 }, () => "vision-transformer guided-gradcam"),
    );
  });
});

describe("class activation maps give the numbers of pytorch-grad-cam and Captum", () => {
  it.each(models)(
    "%s",
    async (name) => {
      const cache = new ModelCache();
      const { model, input } = await subject(name);
      try {
        for (const one of cases.filter(
          ({ network, exporter, file }) => `${network}-${exporter}` === name && file !== undefined,
        )) {
          const what = `${one.technique} at ${one.layer} ${JSON.stringify(one.params)}`;
          const {
            arrays: [raw],
          } = await runOn(cache, model, input, one.technique, {
            target: { index: [one.target] },
            layer: one.layer,
            params: one.params,
          });
          const expected = array(one.file!);
          const ours = one.stride === undefined ? raw.values : raw.values.filter((_, i) => i % one.stride! === 0);
          expect(difference(ours, expected, one.largest), what).toBeLessThan(TOLERANCE);
        }
      } finally {
        cache.dispose();
      }
    },
    300_000,
  );

  it.each(several.filter(({ network, exporter }) => network !== "resnet18" || exporter === "dynamo"))(
    "$network-$exporter: the mean over several layers",
    async ({ network, exporter, target, layers, file, own }) => {
      const cache = new ModelCache();
      const { model, input } = await subject(`${network}-${exporter}`);
      try {
        const run = async (layer: string | readonly string[]) =>
          runOn(cache, model, input, "grad-cam", { target: { index: [target] }, layer });
        const together = await run(layers);
        expect(difference(together.arrays[0].values, array(file))).toBeLessThan(TOLERANCE);
        expect(together.provenance.layer).toBe(layers.join(", "));
        expect(together.notes.join(" ")).toContain("Mean over 2 layers");
        // pytorch-grad-cam's own, from our maps of each layer: from least to largest before they are resized, and so
        // again their mean.
        const scaled = (map: Float32Array): Float32Array => {
          const least = map.reduce((a, b) => Math.min(a, b), Infinity);
          const largest = map.reduce((a, b) => Math.max(a, b), -Infinity) - least;
          return map.map((value) => (value - least) / (1e-7 + largest));
        };
        const each = await Promise.all(layers.map(run));
        const resized = each.map(({ arrays: [raw] }) =>
          resizeLinear(scaled(raw.values), raw.dims, together.arrays[0].dims),
        );
        expect(difference(scaled(resized[0].map((value, i) => (value + resized[1][i]) / 2)), array(own))).toBeLessThan(
          TOLERANCE,
        );
        expect(difference(together.arrays[0].values, array(own))).toBeGreaterThan(TOLERANCE);
      } finally {
        cache.dispose();
      }
    },
    60_000,
  );
});

/** A network's model and input, as files. */
async function subject(name: string): Promise<{ model: string; input: string | Readonly<Record<string, string>> }> {
  const words = resolve("test/reference/bert");
  if (name.startsWith("bert"))
    return {
      model: join(words, `${name}.onnx`),
      input: { input_ids: join(words, "ids.npy"), attention_mask: join(words, "mask.npy") },
    };
  if (name.startsWith(CAT))
    return {
      model: resolve("samples/efficientnet-lite0.onnx"),
      input: resolve("test/reference/efficientnet-cat/input.npy"),
    };
  const { input } = loadArchitectures().find((one) => one.name === name)!;
  return { model: await materialise(name, scratch), input: writeArray(scratch, `${name}.npy`, input.dims, input.data) };
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as T;
}

function array(file: string): Float32Array {
  const path = join(folder, file);
  return Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
}

/** Largest difference over the largest expected value. */
function difference(ours: ArrayLike<number>, expected: ArrayLike<number>, scale?: number): number {
  expect(ours.length).toBe(expected.length);
  let [worst, largest] = [0, scale ?? 0];
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(ours[i])) return NaN;
    worst = Math.max(worst, Math.abs(ours[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return worst / largest;
}
