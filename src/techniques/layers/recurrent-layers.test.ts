import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { findLayouts, type Layout } from "../../runtime/layout.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, writeArray } from "../../../test/support/models.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../../test/reference/recurrent");
/** Grad-CAM over the steps of the last recurrent layer's output by PyTorch (make.py). */
const reference = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as readonly {
  readonly name: string;
  readonly dims: readonly number[];
  readonly x: readonly number[];
  readonly target: number;
  readonly shape: readonly number[];
  readonly map: readonly number[];
  readonly signed: readonly number[];
}[];
const scratch = mkdtempSync(join(tmpdir(), "recurrent-"));
const models = new ModelCache();
afterAll(() => {
  models.dispose();
});

describe("Grad-CAM of a recurrent network is over the steps of its last layer, as PyTorch computes it", () => {
  it.each(reference.map((one) => [one.name, one] as const))(
    "%s",
    async (name, { dims, x, map, signed, shape, target }) => {
      const path = join(folder, `${name}.onnx`);
      const input = writeArray(scratch, `${name}.npy`, dims, x, name.endsWith("text") ? "int64" : "float32");
      const result = await runOn(models, path, input, "grad-cam");
      expect(result.provenance.target).toMatchObject({ index: [target] });
      expect(result.notes.join(" ")).toMatch(
        new RegExp(
          `Layer chosen automatically: .* \\[(${shape.join("×")}|${[shape[1], shape[0], shape[2]].join("×")})\\], the last with steps`,
        ),
      );
      expect(result.arrays[0].dims).toEqual([map.length]);
      const largest = Math.max(...signed.map(Math.abs));
      map.forEach((value, at) => expect(Math.abs(result.arrays[0].values[at] - value) / largest).toBeLessThan(1e-5));
      // And without the ReLU.
      const all = await runOn(models, path, input, "grad-cam", { params: { relu: false } });
      signed.forEach((value, at) => expect(Math.abs(all.arrays[0].values[at] - value) / largest).toBeLessThan(1e-5));
    },
  );
});

describe("what the axes of a recurrent layer's outputs are", () => {
  const layouts = (
    layer: ReturnType<typeof node>,
    dims: Readonly<Record<string, readonly number[]>>,
    input: Layout,
  ): ReadonlyMap<string, Layout> =>
    findLayouts(
      [
        layer,
        node("Transpose", ["y"], ["t"], {
          perm: { type: "ints", value: layer.attributes.layout ? [0, 1, 2, 3] : [0, 2, 1, 3] },
        }),
        node("Reshape", ["t", "shape"], ["z"]),
      ],
      new Map(Object.entries(dims)),
      new Map([["x", input]]),
    );
  const steps = { channel: 2, spatial: [0] };

  it("layout 0: steps, directions, samples, units; both directions' units are channels", () => {
    const found = layouts(
      node("LSTM", ["x", "w", "r"], ["y", "h", "c"]),
      { x: [7, 1, 4], y: [7, 2, 1, 3], h: [2, 1, 3], c: [2, 1, 3], t: [7, 1, 2, 3], z: [7, 1, 6] },
      steps,
    );
    expect(found.get("z")).toEqual({ channel: 2, spatial: [0] });
    expect([found.get("h"), found.get("c")]).toEqual([undefined, undefined]);
  });

  it("layout 1: samples, steps, directions, units", () => {
    const found = layouts(
      node("GRU", ["x", "w", "r"], ["y", "h"], { layout: { type: "int", value: 1 } }),
      { x: [2, 7, 4], y: [2, 7, 2, 3], h: [2, 2, 3], t: [2, 7, 2, 3], z: [2, 7, 6] },
      { channel: 2, spatial: [1] },
    );
    expect(found.get("z")).toEqual({ channel: 2, spatial: [1] });
    expect(found.get("h")).toBeUndefined();
  });

  it("of a picture whose height lies among the features: none", () => {
    const nodes = [
      node("Transpose", ["x"], ["a"], { perm: { type: "ints", value: [3, 0, 1, 2] } }),
      node("Reshape", ["a", "shape"], ["f"]),
      node("GRU", ["f", "w", "r"], ["y", "h"]),
      node("Squeeze", ["y"], ["z"]),
    ];
    const dims = { x: [1, 2, 4, 6], a: [6, 1, 2, 4], f: [6, 1, 8], y: [6, 1, 1, 3], h: [1, 1, 3], z: [6, 1, 3] };
    expect(
      findLayouts(nodes, new Map(Object.entries(dims)), new Map([["x", { channel: 1, spatial: [2, 3] }]])).get("z"),
    ).toBeUndefined();
  });
});
