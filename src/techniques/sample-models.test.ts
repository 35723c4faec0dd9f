import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeNpy, loadRecipe } from "../data/index.ts";
import { openModel } from "../model/open.ts";
import type { BarsArtifact, BoxesArtifact } from "../protocol/artifacts.ts";
import type { Job } from "../protocol/job.ts";
import type { InputSources } from "../protocol/sample.ts";
import type { WholeResult } from "../protocol/result.ts";
import type { Recipe } from "../protocol/recipe.ts";
import { iou } from "../runtime/detections/nms.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { floatsOf } from "../runtime/ort.ts";
import { readFeeds } from "./framework/prepared-input.ts";
import { runJob } from "./framework/run.ts";
import reference from "../../test/reference/sample-models/reference.json" with { type: "json" };

/** Some of an array's numbers, by PyTorch in float64. */
interface Kept {
  readonly dims: readonly number[];
  readonly largest: number;
  readonly every: number;
  readonly values: readonly number[];
}

/** What one of a model's inputs gives, and what the right answer is. */
interface Case {
  readonly input: string | Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, Kept>>;
  readonly gradient?: { readonly output: string; readonly target: string; readonly by: Readonly<Record<string, Kept>> };
  readonly answer?: string;
  /** From and to where the signal is special, at 125 samples a second over four. */
  readonly seconds?: readonly [from: number, to: number];
  readonly present?: readonly string[];
  readonly radius?: number;
  readonly error?: number;
  readonly truth?: string;
  readonly mask?: readonly (readonly [value: number, count: number])[];
  readonly boxes?: readonly (readonly [name: string, x0: number, y0: number, x1: number, y1: number])[];
  readonly joints?: Readonly<Record<string, readonly [x: number, y: number]>>;
}

interface Entry {
  readonly name: string;
  readonly model: string;
  readonly cases?: readonly Case[];
  readonly cut?: readonly [kept: number, whole: number];
}

const entries = reference as unknown as readonly Entry[];
const cases = entries.flatMap((entry) =>
  (entry.cases ?? []).map((one) => ({
    ...one,
    of: entry.name,
    model: resolve(entry.model),
    said: typeof one.input === "string" ? one.input : Object.values(one.input).join(" and "),
  })),
);
type Tried = (typeof cases)[number];

const models = new ModelCache();
afterAll(() => models.dispose());

/** A model's input as the command line finds it: the files, and the recipe beside the model. */
async function about({ model, input }: Tried): Promise<{ inputs: InputSources; recipe: Recipe }> {
  const loaded = await models.get(model);
  const { recipe } = await loadRecipe(loaded.description, loaded.readConstant);
  const files = typeof input === "string" ? { "": input } : input;
  const inputs = Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, join(dirname(model), file)] as const),
  );
  return { inputs, recipe };
}

async function run(one: Tried, technique: string, more: Partial<Job> = {}): Promise<WholeResult> {
  const { inputs, recipe } = await about(one);
  return runJob(
    { technique, model: one.model, source: { kind: "sample", inputs }, recipe, params: {}, ...more },
    { models, progress: () => undefined, signal: new AbortController().signal },
  );
}

/** All numbers of an output. */
async function outputOf(one: Tried, name: string): Promise<{ dims: readonly number[]; values: Float32Array }> {
  const model = await models.get(one.model);
  const { feeds } = await readFeeds(model, await about(one));
  const value = (await model.forward(feeds, [name])).get(name)!;
  return { dims: value.dims, values: Float32Array.from(floatsOf(value)) };
}

/** Largest difference of the numbers that are kept over the largest of all. */
function difference(ours: ArrayLike<number>, { every, values, largest }: Kept): number {
  return Math.max(...values.map((value, at) => Math.abs(ours[at * every] - value))) / largest;
}

const bars = ({ views }: WholeResult): BarsArtifact => views.find((view) => view.kind === "bars")!;

/** Cases that say this of their right answer. */
function those<Key extends keyof Case>(key: Key): (Tried & Required<Pick<Case, Key>>)[] {
  return cases.filter((one): one is Tried & Required<Pick<Case, Key>> => one[key] !== undefined);
}

describe.each(cases)("$of on $said, against PyTorch", (one) => {
  it("has its outputs", async () => {
    for (const [name, expected] of Object.entries(one.outputs)) {
      const { dims, values } = await outputOf(one, name);
      expect(dims).toEqual(expected.dims);
      expect(difference(values, expected)).toBeLessThan(1e-4);
    }
  });

  it("has its gradient as the saliency, and predictions to choose a target from", async () => {
    const { output, target, by } = one.gradient!;
    const index = target.split(",").map(Number);
    const { arrays } = await run(one, "saliency", { target: { output, index }, params: { absolute: "false" } });
    const expected = Object.entries(by);
    expect(arrays).toHaveLength(expected.length);
    for (const [at, [name, kept]] of expected.entries()) {
      expect(arrays[at].dims, name).toEqual(kept.dims);
      expect(difference(arrays[at].values, kept), name).toBeLessThan(1e-4);
    }
    expect((await run(one, "predictions")).views.length).toBeGreaterThan(0);
  });
});

describe("what was trained gives the right answer", () => {
  it.each(those("answer"))("$of: $said is $answer", async (one) => {
    const [first] = bars(await run(one, "predictions")).items;
    expect(first.label).toBe(one.answer);
    expect(first.value).toBeGreaterThan(0.8);
  });

  it.each(those("seconds"))("$of: two thirds of Grad-CAM lie where $said is special", async (one) => {
    const { arrays } = await run(one, "grad-cam");
    const [from, to] = one.seconds.map((at) => Math.floor((at / 4) * arrays[0].values.length));
    const sum = (values: Float32Array): number => values.reduce((so, value) => so + value, 0);
    expect(sum(arrays[0].values.slice(from, to)) / sum(arrays[0].values)).toBeGreaterThan(2 / 3);
  });

  it.each(those("present"))("$of: in $said are $present", async (one) => {
    const over = bars(await run(one, "predictions")).items.filter(({ value }) => value > 0.5);
    expect(over.map(({ label }) => label).sort()).toEqual([...one.present].sort());
  });

  it.each(those("radius"))("$of: the disc of $said has a radius of $radius pixels, to one", async (one) => {
    const [{ value }] = bars(await run(one, "predictions")).items;
    expect(Math.abs(value - one.radius)).toBeLessThan(1);
  });

  it.each(those("mask"))("$of: the mask of $said overlaps each shape by over 0.9 (IoU)", async (one) => {
    const truth = one.mask.flatMap(([value, count]) => Array<number>(count).fill(value));
    const { dims, values } = await outputOf(one, "mask");
    const found = largestBy(values, dims[1]);
    for (const shape of new Set(truth)) {
      const both = truth.filter((value, at) => value === shape && found[at] === shape).length;
      const either = truth.filter((value, at) => value === shape || found[at] === shape).length;
      expect(both / either, `class ${shape}`).toBeGreaterThan(0.9);
    }
  });

  it.each(those("boxes"))("$of: its boxes are the objects of $said and no others", async (one) => {
    const found = (await run(one, "predictions")).views.find((view): view is BoxesArtifact => view.kind === "boxes")!;
    expect(found.boxes.map((box) => box.class).sort()).toEqual(one.boxes.map(([name]) => name).sort());
    for (const [name, x0, y0, x1, y1] of one.boxes) {
      const same = found.boxes.filter((box) => box.class === name);
      expect(Math.max(...same.map((box) => iou(box, { x0, y0, x1, y1 }))), name).toBeGreaterThan(0.75);
    }
  });

  it.each(those("joints"))("$of: each map of $said is largest at its joint, within four pixels", async (one) => {
    const { dims, values } = await outputOf(one, "heatmaps");
    const [side, scale] = [dims[3], 64 / dims[3]];
    for (const [at, [name, [x, y]]] of Object.entries(one.joints).entries()) {
      const map = values.subarray(at * side * side, (at + 1) * side * side);
      const place = map.indexOf(Math.max(...map));
      const away = Math.hypot(((place % side) + 0.5) * scale - x, (Math.floor(place / side) + 0.5) * scale - y);
      expect(away, name).toBeLessThan(4);
    }
  });

  it.each(those("error"))("$of: what it makes of $said is that again", async (one) => {
    const model = await models.get(one.model);
    const { feeds } = await readFeeds(model, await about(one));
    const input = floatsOf(feeds.image);
    expect(meanSquare((await outputOf(one, "reconstruction")).values, input)).toBeLessThan(one.error);
  });

  it.each(those("truth"))("$of: it takes three quarters of the noise's power from $said", async (one) => {
    const array = (file: string): ArrayLike<number> => {
      const path = join(dirname(one.model), file);
      return decodeNpy(readFileSync(path), path).data as ArrayLike<number>;
    };
    const clean = array(one.truth);
    const before = meanSquare(array(one.said), clean);
    expect(meanSquare((await outputOf(one, "clean")).values, clean)).toBeLessThan(before / 4);
  });
});

/** Of [1,classes,H,W] the class with the largest value at each place. */
function largestBy(values: ArrayLike<number>, classes: number): number[] {
  const places = values.length / classes;
  return Array.from({ length: places }, (_, at) => {
    let best = 0;
    for (let one = 1; one < classes; one++) if (values[one * places + at] > values[best * places + at]) best = one;
    return best;
  });
}

function meanSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] - b[at]) ** 2;
  return sum / a.length;
}

describe("the files", () => {
  it("of many nodes has 3,600", async () => {
    const { graph } = (await models.get(resolve("test/models/window/many-nodes/many-nodes.onnx"))).model;
    expect(graph.nodes).toHaveLength(3600);
  });

  it("that was cut off opens with what could be read, and says where it ends", async () => {
    const { model, cut } = entries.find(({ name }) => name === "truncated")!;
    expect(statSync(model).size).toBe(cut![0]);
    const opened = await openModel(resolve(model));
    expect(opened.model.problems.map(({ message }) => message).join(" ")).toContain("The file ends too early");
    expect(opened.model.graph.nodes.length).toBeGreaterThan(0);
    opened.close();
  });

  it("are small: none over 300 KB, of those that ship none over 200 KB, all together under 3 MB", () => {
    const folders = [...new Set(entries.map(({ model }) => dirname(model)))];
    const sizes = folders.flatMap((folder) =>
      readdirSync(folder).map((file) => ({ file: join(folder, file), size: statSync(join(folder, file)).size })),
    );
    for (const { file, size } of sizes) expect(size, file).toBeLessThan(file.startsWith("samples") ? 200_000 : 300_000);
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(3_000_000);
  });
});
