import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_LOOKS } from "../../../protocol/looks.ts";
import { comparedText, pixelTarget } from "../../../draw/kinds/output-image.ts";
import { saveResult } from "../../../draw/encode/save.ts";
import type { HeatmapArtifact, OutputImageArtifact } from "../../../protocol/artifacts.ts";
import type { ImageRecipe, Recipe } from "../../../protocol/recipe.ts";
import type { WholeResult } from "../../../protocol/result.ts";
import { ModelCache } from "../../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../../../test/support/models.ts";
import { plainPicture } from "../../../../test/support/recipes.ts";

let folder: string;
let models: ModelCache;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-image-"));
  models = new ModelCache();
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const gray: ImageRecipe = plainPicture([2, 2], { interpolation: "nearest", channels: "gray" });
const recipe: Recipe = { version: 1, inputs: { x: gray } };
let made = 0;
const model = (nodes: SmallModel["nodes"], more: Partial<SmallModel> = {}): string =>
  writeSmallModel(folder, `m${made++}.onnx`, {
    inputs: { x: ["float32", 1, 1, 2, 2] },
    outputs: ["y"],
    nodes,
    ...more,
  });
const read = (path: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, writeArray(folder, "square.npy", [1, 1, 2, 2], [0, 0.25, 0.5, 1]), "predictions", {
    recipe,
    ...more,
  });
const imageOf = ({ views: [first] }: WholeResult): OutputImageArtifact => {
  if (first.kind !== "output-image") throw new Error(`The first view is ${first.kind}.`);
  return first;
};
const halved = (): string => model([node("Mul", ["x", "half"], ["y"])], { weights: [weight("half", [], [0.5])] });

describe("an output that is an image", () => {
  test("stands with its difference to the input: mean, PSNR, and the map", async () => {
    const result = await read(halved());
    const image = imageOf(result);
    const difference = result.views[1] as HeatmapArtifact;
    expect(Array.from(difference.values)).toEqual([0, -0.125, -0.25, -0.5]);
    expect(difference).toMatchObject({ kind: "heatmap", id: "difference", signed: true, dims: [1, 1, 2, 2] });
    // By hand: (0.125 + 0.25 + 0.5) / 4; 10 log10(4 / (0.015625 + 0.0625 + 0.25)).
    expect(image.compared!.meanAbsolute).toBeCloseTo(0.21875, 9);
    expect(image.compared!.psnr).toBeCloseTo(10 * Math.log10(4 / 0.328125), 9);
    expect(comparedText(image)).toBe("mean absolute difference 0.219 of the range, PSNR 10.9 dB");
  });

  test("its value range can be asked for, and is said", async () => {
    const pixels = async (value_range: string): Promise<number[]> => {
      const image = imageOf(await read(halved(), { params: { as: "image", value_range } }));
      return Array.from(image.pixels).filter((_, i) => i % 3 === 0);
    };
    expect(await pixels("unit")).toEqual([0, 32, 64, 128]);
    expect(await pixels("values")).toEqual([0, 64, 128, 255]);
    expect(await pixels("signed")).toEqual([128, 143, 159, 191]);
    expect(imageOf(await read(halved(), { params: { value_range: "signed" } })).range).toBe("black −1, white 1");
  });

  test("of another size than the input there is no difference, which is said", async () => {
    const path = model([node("Resize", ["x", "", "scales"], ["y"])], {
      weights: [weight("scales", [4], [1, 1, 2, 2])],
    });
    const result = await read(path);
    expect(imageOf(result)).toMatchObject({ width: 4, height: 4 });
    expect(imageOf(result)).not.toHaveProperty("compared");
    expect(result.notes.join(" ")).toContain("The output is 4×4 with 1 channel, the input 2×2 with 1");
  });

  test("a generator's image is one, though the input is none", async () => {
    const path = writeSmallModel(folder, "generator.onnx", {
      inputs: { z: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [node("Reshape", ["z", "shape"], ["y"])],
      weights: [weight("shape", [4], [1, 3, 2, 2], "int64")],
    });
    const latent = writeArray(
      folder,
      "latent.npy",
      [1, 12],
      Float32Array.from({ length: 12 }, (_, i) => i / 12),
    );
    const result = await runOn(models, path, latent, "predictions");
    expect(imageOf(result)).toMatchObject({ width: 2, height: 2 });
    expect(result.notes.join(" ")).toContain('"Show as" changes this');
    const target = pixelTarget(imageOf(result), { rows: [1, 2], columns: [0, 1] });
    expect(target).toEqual({
      output: "y",
      region: [
        [0, 3],
        [1, 2],
        [0, 1],
      ],
    });
    const { provenance } = await runOn(models, path, latent, "saliency", { target });
    expect(provenance.target).toMatchObject({ region: target.region });
  });

  test("its file forms: the picture beside the input, each value as a row, the numbers at the top of the json", async () => {
    const result = await read(halved());
    const text = (format: "svg" | "csv" | "json"): string =>
      new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, format));
    expect(text("svg")).toContain("PSNR 10.9 dB");
    expect(text("csv").split("\r\n").slice(0, 3)).toEqual(["y,x,channel,value", "0,0,0,0", "0,1,0,0.125"]);
    expect(JSON.parse(text("json"))).toMatchObject({ image: { range: "black 0, white 1", meanAbsolute: 0.21875 } });
  });
});
