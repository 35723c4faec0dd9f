import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import type { HeatmapArtifact } from "../../protocol/artifacts.ts";
import type { Progress } from "../../protocol/engine.ts";
import { sourceOf, type Job } from "../../protocol/job.ts";
import type { Params } from "../../protocol/technique.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { networkOf } from "../../../test/support/agreement.ts";
import { runOn } from "../../../test/support/models.ts";
import { techniques } from "../index.ts";
import { runJob, runTechnique } from "./run.ts";
import type { ModelTechnique } from "./technique.ts";

const models = new ModelCache();
afterAll(() => {
  models.dispose();
});
const folder = mkdtempSync(join(tmpdir(), "shown-"));
const recipe = JSON.parse(readFileSync("samples/efficientnet-lite0.loupe.json", "utf8")) as Recipe;
const job = (technique: string, more: Partial<Job> = {}): Job => ({
  technique,
  model: resolve("samples/efficientnet-lite0.onnx"),
  source: sourceOf([{ "": resolve("samples/cat.png") }]),
  recipe,
  target: { index: [285] },
  params: {},
  ...more,
});

/** A job's result and what it showed on the way. */
async function watched(asked: Job) {
  const shown: Progress[] = [];
  const progress = (one: Progress): void => void (one.partial && shown.push(one));
  const result = await runJob(asked, { models, progress, signal: new AbortController().signal });
  return { result, shown };
}

/** What is linear behind the input, by its rules or at its layer, in the small network: copies are all alike. */
const ALIKE: ReadonlySet<string> = new Set(["deconvolution", "internal-influence"]);
const small = networkOf({ network: "mobilenet-v2-small", exporter: "torchscript" }, folder);

describe("views so far", () => {
  it.each([
    ["rise", "heatmap", { masks: 400 }],
    ["score-cam", "heatmap", {}],
    ["saliency", "heatmap", { samples: 30 }],
    ["grad-cam", "heatmap", { samples: 30 }],
    ["layer-conductance", "bars", { samples: 10, steps: 2 }],
    ["layer-integrated-gradients", "bars", { samples: 10, steps: 2 }],
    ["occlusion", "heatmap", { samples: 3, window: "75", stride: "75" }],
  ] as const)("of %s (%s) come while it runs and say how far it is", async (technique, kind, params) => {
    const { result, shown } = await watched(job(technique, { params }));
    expect(shown.length).toBeGreaterThan(0);
    const [{ fraction, text, partial }] = shown;
    const [first] = partial!.views as readonly HeatmapArtifact[];
    const final = result.views[0] as HeatmapArtifact;
    expect([first.kind, first.id, first.dims, first.over]).toEqual([kind, final.id, final.dims, final.over]);
    expect(partial!.context.pictures.map(({ id }) => id)).toEqual(["input"]);
    expect(partial!.context.predictions?.items[0].label).toBe(result.context.predictions?.items[0].label);
    expect(fraction).toBeGreaterThanOrEqual(0);
    expect(fraction).toBeLessThan(1);
    expect(text).toMatch(/\d+ of \d+/);
    // What is shown is a step on the way: other numbers than in the end.
    expect([...first.values]).not.toEqual([...final.values]);
  });

  const takingCopies = techniques.filter(({ info }) => info.params.some(({ name }) => name === "noise_type"));

  it("come from every method that takes noisy copies", () => {
    expect(takingCopies.length).toBeGreaterThan(30);
  });

  describe.each(takingCopies.map(({ info }) => info))("of noisy copies, $id", ({ id, params }) => {
    it(`${id}: are those of the result`, async () => {
      const network = await small;
      const quick: Params = params.some(({ name }) => name === "masks") ? { masks: 20 } : {};
      const asked = { params: { samples: 2, ...quick }, target: { index: [3] } };
      const shown: Progress[] = [];
      const result = await runOn(models, network.model, network.inputs, id, asked, (one) => {
        if (one.partial) shown.push(one);
      });
      expect(shown.length).toBeGreaterThan(0);
      const [first] = shown[0].partial!.views;
      const [final] = result.views;
      expect([first.kind, first.id, first.title, "dims" in first && first.dims]).toEqual([
        final.kind,
        final.id,
        final.title,
        "dims" in final && final.dims,
      ]);
      expect(shown[0].text).toContain("oisy copy 1 of 2");
      const numbers = [first, final].map((view) => "values" in view && [...(view.values as Float32Array)]);
      expect(isDeepStrictEqual(numbers[0], numbers[1])).toBe(ALIKE.has(id));
    });
  });

  it("are not shown where they stand for one sample among several", async () => {
    const two = sourceOf([{ "": resolve("samples/cat.png") }, { "": resolve("samples/cat.png") }]);
    const { shown } = await watched(job("saliency", { source: two, params: { samples: 5 } }));
    expect(shown).toEqual([]);
  });
});

describe("a job whose source its technique does not take is refused in a sentence", () => {
  const tensors = { kind: "tensors", tensors: { x: { dims: [1], values: Float32Array.of(1) } } } as const;
  it.each([
    [{ kind: "none" } as const, "Saliency takes one sample or several samples, and was given no input."],
    [{ kind: "dataset", file: join(folder, "rows.csv") } as const, /was given a data set\.$/],
    [tensors, /was given tensors that were handed over\.$/],
    [{ kind: "stream" } as unknown as Job["source"], /a source of an unknown kind \("stream"\)\.$/],
  ])("%j", async (source, words) => {
    const run = async (): Promise<unknown> => watched(job("saliency", { source }));
    await expect(run()).rejects.toThrow(words);
  });
});

describe("a technique of a model alone", () => {
  const weights: ModelTechnique = {
    info: {
      id: "parameters",
      title: "Parameters",
      command: "Show Parameters",
      group: "predictions",
      summary: "",
      needs: { input: "none", target: false, layer: "none", gradient: false },
      params: [],
    },
    run: async ({ model, note }) => {
      note("Counted from the file.");
      const values = Float32Array.of(model.description.layers.length);
      return { views: [], arrays: [{ name: "nodes", dims: [1], type: "float32", values }] };
    },
  };

  it("runs without an input, and is refused one", async () => {
    const env = { models, progress: () => undefined, signal: new AbortController().signal };
    const alone = job("parameters", { source: { kind: "none" } });
    const result = await models.use(alone.model, (model) => runTechnique(weights, alone, model, env));
    expect(result).toMatchObject({
      context: { pictures: [] },
      arrays: [{ name: "nodes", dims: [1] }],
      notes: ["Counted from the file."],
      provenance: { technique: "parameters", model: { name: "efficientnet-lite0.onnx" } },
    });
  });
});
