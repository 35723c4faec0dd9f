import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LineArtifact, TilesArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { composePicture } from "../../draw/scene/compose.ts";
import { tilesIn } from "../../draw/kinds/frames.ts";
import { saveResult } from "../../draw/encode/save.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { channelOf, tilesOf } from "./layer-views.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let scratch: string;
const models = new ModelCache();
const env = { models, progress: () => undefined, signal: new AbortController().signal };
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-feature-maps-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const waves = (count: number, by = 1): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * by));
const maps = (model: string, dims: readonly number[], more = {}): Promise<WholeResult> =>
  runOn(
    models,
    model,
    writeArray(
      scratch,
      "x.npy",
      dims,
      waves(
        dims.reduce((a, b) => a * b, 1),
        0.7,
      ),
    ),
    "feature-maps",
    more,
  );

function dense(): string {
  return writeSmallModel(scratch, "dense.onnx", {
    inputs: { x: ["float32", 1, 2] },
    outputs: ["y"],
    weights: [
      weight("w", [2, 60], waves(120)),
      weight("b", [60], new Float32Array(60).fill(0.5)),
      weight("v", [60, 3], waves(180)),
    ],
    nodes: [
      node("Gemm", ["x", "w", "b"], ["h"]),
      node("Relu", ["h"], ["r"]),
      node("MatMul", ["r", "v"], ["z"]),
      node("Softmax", ["z"], ["y"]),
    ],
  });
}

/** Two convolutions along a signal [1, 2, 12], then the mean over time. */
function signal(): string {
  return writeSmallModel(scratch, "signal.onnx", {
    inputs: { x: ["float32", 1, 2, 12] },
    outputs: ["y"],
    weights: [weight("w", [4, 2, 3], waves(24)), weight("v", [4, 3], waves(12)), weight("shape", [2], [1, 4], "int64")],
    nodes: [
      node("Conv", ["x", "w"], ["c"]),
      node("Relu", ["c"], ["r"]),
      node("GlobalAveragePool", ["r"], ["p"]),
      node("Reshape", ["p", "shape"], ["f"]),
      node("MatMul", ["f", "v"], ["y"]),
    ],
  });
}

/** A recurrent network over [T, N, C], whose last step is read. */
function recurrent(): string {
  return writeSmallModel(scratch, "recurrent.onnx", {
    inputs: { x: ["float32", 5, 1, 3] },
    outputs: ["y"],
    weights: [
      weight("w", [1, 16, 3], waves(48)),
      weight("r", [1, 16, 4], waves(64)),
      weight("v", [4, 2], waves(8)),
      weight("shape", [2], [1, 4], "int64"),
    ],
    nodes: [
      node("LSTM", ["x", "w", "r"], ["steps", "last"], { hidden_size: { type: "int", value: 4 } }),
      node("Reshape", ["last", "shape"], ["f"]),
      node("MatMul", ["f", "v"], ["y"]),
    ],
  });
}

describe("feature maps of any layer", () => {
  it("a vector: its units as bars, all of them in the table; the layer picked is the last hidden one", async () => {
    const result = await maps(dense(), [1, 2]);
    expect(result.provenance.layer).toBe("r");
    expect(result.notes).toContain("Layer chosen automatically: r [1×60], the last before the scores.");
    expect(result.arrays[0].dims).toEqual([1, 60]);
    const [a, b] = waves(2, 0.7);
    const [first, second] = [waves(120).slice(0, 60), waves(120).slice(60)];
    result.arrays[0].values.forEach((value, i) =>
      expect(value).toBeCloseTo(Math.max(0, a * first[i] + b * second[i] + 0.5), 5),
    );
    const bars = result.views[0];
    if (bars.kind !== "bars") throw new Error("no bars");
    expect(bars).toMatchObject({
      dims: [60],
      share: false,
      quantity: "activation",
      caption: "Relu_r · 60 values, the 50 largest",
    });
    expect(bars.items[0].value).toBe(Math.max(...result.arrays[0].values));
    expect(bars.items[0].label).toBe(`r[${result.arrays[0].values.indexOf(bars.items[0].value)}]`);
    const csv = new TextDecoder()
      .decode(saveResult(result, DEFAULT_LOOKS, "csv"))
      .trim()
      .split("\r\n");
    expect(csv.length).toBe(61);
    for (const format of ["png", "svg", "json", "npy"] as const)
      expect(saveResult(result, DEFAULT_LOOKS, format).length).toBeGreaterThan(100);
  });

  it("a signal: a line over time for each channel", async () => {
    const result = await maps(signal(), [1, 2, 12]);
    expect(result.arrays[0].dims).toEqual([1, 4, 10]);
    expect(result.views[0]).toMatchObject({
      kind: "line",
      dims: [1, 4, 10],
      axes: { channel: 1, along: 2 },
      x: { label: "step", start: 0, step: 1 },
      caption: "Relu_r · 10 steps, 4 channels",
    });
    expect([...(result.views[0] as LineArtifact).values]).toEqual([...result.arrays[0].values]);
    expect(composePicture(result, result.views[0], DEFAULT_LOOKS).width).toBeGreaterThan(300);
    expect((await maps(signal(), [1, 2, 12], { layer: "f" })).views[0]).toMatchObject({ kind: "bars", dims: [4] });
  });

  it("a recurrent layer's steps: as [T, directions, N, H] is written, which is no guess", async () => {
    const result = await maps(recurrent(), [5, 1, 3]);
    expect(result.provenance.layer).toBe("steps");
    expect(result.arrays[0].dims).toEqual([5, 1, 1, 4]);
    expect(result.views[0]).toMatchObject({ kind: "line", dims: [5, 1, 1, 4], axes: { channel: 3, along: 0 } });
    expect(result.notes.join(" ")).not.toContain("horizontally, as time");
  });

  it("layer attributions of such layers are drawn alike", async () => {
    const at = async (technique: string) =>
      (
        await runOn(models, recurrent(), writeArray(scratch, "x.npy", [5, 1, 3], waves(15, 0.7)), technique, {
          layer: "steps",
          target: { index: [0] },
        })
      ).views[0];
    expect(await at("layer-activation")).toMatchObject({ kind: "line", axes: { channel: 3, along: 0 } });
  });

  it("more axes than these: planes of the last two, as attention's [heads, T, T]", async () => {
    const model = writeSmallModel(scratch, "attention.onnx", {
      inputs: { x: ["float32", 1, 6, 4] },
      outputs: ["y"],
      weights: [
        weight("shape", [4], [1, 6, 2, 2], "int64"),
        weight("flat", [2], [1, -1], "int64"),
        weight("v", [72, 2], waves(144)),
      ],
      nodes: [
        node("Reshape", ["x", "shape"], ["parted"]),
        node("Transpose", ["parted"], ["q"], { perm: { type: "ints", value: [0, 2, 1, 3] } }),
        node("Transpose", ["parted"], ["k"], { perm: { type: "ints", value: [0, 2, 3, 1] } }),
        node("MatMul", ["q", "k"], ["scores"]),
        node("Softmax", ["scores"], ["attention"]),
        node("Reshape", ["attention", "flat"], ["f"]),
        node("MatMul", ["f", "v"], ["y"]),
      ],
    });
    const result = await maps(model, [1, 6, 4], { layer: "attention" });
    const tiles = result.views[0] as TilesArtifact;
    expect(tiles).toMatchObject({ kind: "tiles", dims: [1, 2, 6, 6], count: 2, tileHeight: 6, tileWidth: 6 });
    expect([...tiles.tiles]).toEqual([...result.arrays[0].values]);
  });

  it("a layer of frames: tiles of each, counted through for what is fetched later", async () => {
    const folder = resolve("test/reference/frames");
    const job = {
      technique: "feature-maps",
      model: join(folder, "video.onnx"),
      source: { kind: "sample" as const, inputs: { "": join(folder, "video.video.npy") } },
      recipe: { version: 1 as const, inputs: {} },
      params: {},
      layer: "/backbone/backbone.3/Relu_output_0",
    };
    const result = await runOn(models, job.model, job.source.inputs, "feature-maps", { layer: job.layer });
    expect(result.arrays[0].dims).toEqual([4, 5, 4, 4]);
    const tiles = result.views[0] as TilesArtifact;
    expect(tiles).toMatchObject({
      kind: "tiles",
      count: 5,
      sent: 20,
      frames: { names: { length: 4, 1: "frame 2 of 4" } },
      caption: "/backbone/backbone.3/Relu · 4 frames of 5 channels of 4×4",
    });
    const second = tilesIn(tiles)[1];
    expect(second).toMatchObject({
      count: 5,
      sent: 5,
      title: "Feature maps, frame 2 of 4",
      over: "input frame 2 of 4",
    });
    expect([...second.tiles]).toEqual([...result.arrays[0].values.subarray(80, 160)]);
    expect(result.context.pictures.some(({ id }) => id === second.over)).toBe(true);
    expect([...(await channelOf({ job, channel: 7 }, env)).values]).toEqual([
      ...result.arrays[0].values.subarray(112, 128),
    ]);
    expect([...(await tilesOf({ job, from: 18, to: 20 }, env)).tiles]).toEqual([
      ...result.arrays[0].values.subarray(288, 320),
    ]);
    expect(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "csv")).split("\r\n")[0]).toBe(
      "frame,channel,min,max,mean,strength",
    );
    expect(composePicture(result, tiles, DEFAULT_LOOKS).height).toBeGreaterThan(4 * 80);
    // The shared scale is of all frames.
    expect(second.ends?.max).toBe(Math.max(...result.arrays[0].values));
  });

  it("a channel of a layer that is not tiles is refused in words", async () => {
    const job = {
      technique: "feature-maps",
      model: dense(),
      source: { kind: "sample" as const, inputs: { "": writeArray(scratch, "x.npy", [1, 2], [1, 2]) } },
      recipe: { version: 1 as const, inputs: {} },
      params: {},
      layer: "r",
    };
    await expect(channelOf({ job, channel: 0 }, env)).rejects.toThrow(/"r" \[1, 60\] is not shown as tiles/);
  });
});

describe("the layer that a class activation map picks", () => {
  /**
   * A convolution, and a head whose scores lie as [1, places, classes]: boxes' class scores, one of which is the
   * output.
   */
  const head = (last: Parameters<typeof writeSmallModel>[2]["nodes"], outputs = ["y"]) =>
    writeSmallModel(scratch, "head.onnx", {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs,
      weights: [
        weight("w", [3, 1, 3, 3], waves(27)),
        weight("k", [2, 3, 1, 1], waves(6)),
        weight("flat", [3], [1, 2, -1], "int64"),
        weight("at", [2], [3, 5], "int64"),
        weight("shape", [2], [1, 2], "int64"),
      ],
      nodes: [
        node("Conv", ["x", "w"], ["c"], { pads: { type: "ints", value: [1, 1, 1, 1] } }),
        node("Relu", ["c"], ["r"]),
        node("Conv", ["r", "k"], ["classes"]),
        ...last,
      ],
    });

  it("is no detection head's scores, in whatever shape they lie and are chosen from", async () => {
    const model = head([
      node("Sigmoid", ["classes"], ["s"]),
      node("Reshape", ["s", "flat"], ["rows"]),
      node("Transpose", ["rows"], ["t"], { perm: { type: "ints", value: [0, 2, 1] } }),
      node("Gather", ["t", "at"], ["y"], { axis: { type: "int", value: 1 } }),
    ]);
    const result = await runOn(models, model, writeArray(scratch, "p.npy", [1, 1, 4, 4], waves(16)), "grad-cam", {
      target: { index: [1, 0] },
    });
    expect(result.provenance.layer).toBe("r");
    expect(result.arrays[0].dims).toEqual([4, 4]);
  });

  it("is a convolution's scores where pooling still mixes them, and the scores where there is nothing else", async () => {
    const pooled = head([node("GlobalAveragePool", ["classes"], ["p"]), node("Reshape", ["p", "shape"], ["y"])]);
    expect(
      (await runOn(models, pooled, writeArray(scratch, "p.npy", [1, 1, 4, 4], waves(16)), "grad-cam")).provenance.layer,
    ).toBe("classes");
    const alone = writeSmallModel(scratch, "alone.onnx", {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs: ["y"],
      weights: [weight("w", [2, 1, 3, 3], waves(18)), weight("shape", [3], [1, 2, -1], "int64")],
      nodes: [node("Conv", ["x", "w"], ["c"]), node("Reshape", ["c", "shape"], ["y"])],
    });
    expect(
      (
        await runOn(models, alone, writeArray(scratch, "p.npy", [1, 1, 4, 4], waves(16)), "grad-cam", {
          target: { index: [0, 1] },
        })
      ).provenance.layer,
    ).toBe("c");
  });
});
