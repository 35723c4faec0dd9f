import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache({});
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "volumes-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** A convolution over [N,1,3,4,4], pooled to two classes. */
function volumeModel(): string {
  return writeSmallModel(folder, "volume.onnx", {
    inputs: { x: ["float32", "N", 1, 3, 4, 4] },
    outputs: ["y"],
    weights: [weight("w", [2, 1, 1, 1, 1], [1, -2])],
    nodes: [node("Conv", ["x", "w"], ["c"]), node("GlobalAveragePool", ["c"], ["p"]), node("Flatten", ["p"], ["y"])],
  });
}
const volume = (): string =>
  writeArray(
    folder,
    "v.npy",
    [1, 1, 3, 4, 4],
    Array.from({ length: 48 }, (_, i) => i / 48),
  );

it.each(["saliency", "grad-cam", "layer-activation"])(
  "%s of a volume is shown slice by slice, and nothing is left out of the picture",
  async (technique) => {
    const {
      views: [picture],
      arrays: [raw],
    } = await runOn(models, volumeModel(), volume(), technique, technique === "layer-activation" ? { layer: "c" } : {});
    expect(picture).toMatchObject({
      kind: "heatmap",
      frames: { names: ["slice 1 of 3", "slice 2 of 3", "slice 3 of 3"] },
    });
    expect(picture.kind === "heatmap" && [...picture.values]).toEqual([...raw.values]);
  },
);

it("a volume of one slice loses nothing, and nothing is said", async () => {
  const model = writeSmallModel(folder, "flat.onnx", {
    inputs: { x: ["float32", 1, 1, 1, 4, 4] },
    outputs: ["y"],
    weights: [weight("w", [2, 1, 1, 1, 1], [1, -2])],
    nodes: [node("Conv", ["x", "w"], ["c"]), node("GlobalAveragePool", ["c"], ["p"]), node("Flatten", ["p"], ["y"])],
  });
  const { notes } = await runOn(
    models,
    model,
    writeArray(
      folder,
      "f.npy",
      [1, 1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => i),
    ),
    "saliency",
  );
  expect(notes.join("\n")).not.toMatch(/slice/);
});
