// What comes in over the engine's border is checked there: recipes may come from a panel's form, or from a state that
// was kept.
import { describe, expect, test } from "vitest";
import { engineHandlers } from "./handlers.ts";
import type { Job } from "../protocol/job.ts";
import type { CallContext } from "../protocol/link.ts";
import type { ImageRecipe, Recipe } from "../protocol/recipe.ts";
import { plainPicture } from "../../test/support/recipes.ts";

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const image: ImageRecipe = plainPicture([224, 224]);
// Neither file is there: what is refused for its recipe is refused before anything is read.
const [model, input] = ["/nowhere/m.onnx", "/nowhere/i.png"];
const jobOf = (recipe: Recipe, technique = "saliency"): Job => ({
  technique,
  model,
  source: { kind: "sample", inputs: { "": input } },
  recipe,
  params: {},
});

const calls: Readonly<Record<string, (recipe: Recipe) => unknown>> = {
  preview: (recipe) => engineHandlers().preview({ model, input, recipe }, context),
  layers: (recipe) => engineHandlers().layers({ model, inputs: { "": input }, recipe }, context),
  run: (recipe) => engineHandlers().run(jobOf(recipe), context),
  channel: (recipe) => engineHandlers().channel({ job: jobOf(recipe, "feature-maps"), channel: 0 }, context),
  tiles: (recipe) => engineHandlers().tiles({ job: jobOf(recipe, "feature-maps"), from: 0, to: 1 }, context),
  exportExplanation: (recipe) =>
    engineHandlers().exportExplanation(
      { job: jobOf(recipe), out: "/nowhere/e.onnx", weights: "included", target: "fixed" },
      context,
    ),
};

describe.each(Object.entries(calls))("%s", (_, call) => {
  test.each([
    ["inputs.x.size", { size: [100_000, 100_000] }, /from 1 to 16384/],
    ["inputs.x.size", { size: [16_384, 16_384] }, /at most 67,108,864 pixels in all/],
    ["inputs.x.size", { size: [0, 3] }, /from 1 to/],
    ["inputs.x.std", { std: [0] }, /not zero/],
    ["inputs.x.mean", { mean: [NaN] }, /number/],
    ["inputs.x.kind", { kind: "sound" }, /must be one of/],
    ["inputs.x.extra", { extra: 1 }, /not known/],
  ])("refuses a recipe whose %s is not sound: %j", async (place, change, message) => {
    const recipe = { version: 1, inputs: { x: { ...image, ...change } } } as unknown as Recipe;
    const failure = await Promise.resolve()
      .then(() => call(recipe))
      .then(
        () => undefined,
        (error: Error) => error,
      );
    expect(failure).toMatchObject({ name: "DataError", message: expect.stringContaining(place) as string });
    expect(failure!.message).toMatch(message);
  });

  test("takes a sound one: then the file is looked for", async () => {
    const failure = await Promise.resolve()
      .then(() => call({ version: 1, inputs: { x: image } }))
      .then(
        () => undefined,
        (error: Error) => error,
      );
    expect(failure!.message).not.toContain("recipe");
  });
});
