import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNpy } from "../draw/encode/npy.ts";
import { writeFileSync } from "node:fs";
import { ModelCache } from "../runtime/model-cache.ts";
import { runJob } from "./framework/run.ts";
import type { WholeResult } from "../protocol/result.ts";
import { loadArchitectures, type ArchitectureCase } from "../../test/reference/architectures/load.ts";
import { materialise } from "../../test/reference/architectures/materialise.ts";

/** Of the largest value: float32 against PyTorch's float64. */
const TOLERANCE = 1e-3;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-architectures-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("networks exported by PyTorch's two exporters", () => {
  it.each(loadArchitectures())("$name: saliency, feature maps and Grad-CAM are PyTorch's", async (one) => {
    const model = await materialise(one.name, folder);
    const models = new ModelCache();
    try {
      const gradient = await run(models, model, one, "saliency", undefined, { absolute: false });
      expect(gradient.arrays[0].dims).toEqual(one.gradient.dims);
      expect(difference(gradient.arrays[0].values, one.gradient.data)).toBeLessThan(TOLERANCE);
      for (const { value, activation, gradCam } of one.features) {
        if (activation && activation.dims.length > 2 && activation.dims.slice(2).some((dim) => dim > 1)) {
          const maps = await run(models, model, one, "feature-maps", value, {});
          expect(difference(maps.arrays[0].values, activation.data)).toBeLessThan(TOLERANCE);
        }
        if (gradCam) {
          const map = await run(models, model, one, "grad-cam", value, {});
          expect(map.arrays[0].dims).toEqual(gradCam.dims);
          expect(difference(map.arrays[0].values, gradCam.data)).toBeLessThan(TOLERANCE);
        }
      }
    } finally {
      models.dispose();
      rmSync(model);
      rmSync(join(folder, `${one.name}.weights`), { force: true });
    }
  });
});

async function run(
  models: ModelCache,
  model: string,
  one: ArchitectureCase,
  technique: string,
  layer: string | undefined,
  params: Record<string, boolean>,
): Promise<WholeResult> {
  const input = join(folder, "input.npy");
  writeFileSync(input, encodeNpy(one.input.dims, one.input.data));
  return runJob(
    {
      technique,
      model,
      source: { kind: "sample", inputs: { "": input } },
      recipe: { version: 1, inputs: {} },
      target: { index: [one.target] },
      layer,
      params,
    },
    { models, progress: () => undefined, signal: new AbortController().signal },
  );
}

function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(ours.length).toBe(expected.length);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(ours[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return largest === 0 ? worst : worst / largest;
}
