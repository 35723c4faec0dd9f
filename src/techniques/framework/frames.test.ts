import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../data/index.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { composePicture } from "../../draw/scene/compose.ts";
import { encodeCsv } from "../../draw/encode/csv.ts";
import { framesIn } from "../../draw/kinds/frames.ts";
import { heatmapDrawing } from "../../draw/kinds/heatmap.ts";
import { inputLayout } from "../../runtime/input-layout.ts";
import type { Graph, Node } from "../../model/graph.ts";
import { resizeNearest } from "../../math/resize-nearest.ts";
import type { HeatmapArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

/** Of the largest value: float32 against Captum and pytorch-grad-cam on PyTorch's float64. */
const TOLERANCE = 1e-3;
const folder = resolve("test/reference/frames");

interface Case {
  readonly network: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly technique: string;
  readonly target: number;
  readonly layer: string;
  readonly file: string;
}

const { cases } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { cases: Case[] };
const models = new ModelCache();
const scratch = mkdtempSync(join(tmpdir(), "loupe-frames-"));
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const inputsOf = ({ inputs }: Pick<Case, "inputs">): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([name, file]) => [name, join(folder, file)]));
const modelOf = (network: string): string => join(folder, `${network}.onnx`);

describe("maps of a layer that holds several frames are those of Captum and pytorch-grad-cam, one for each", () => {
  it.each(cases.map((one) => [`${one.network}: ${one.technique}`, one] as const))("%s", async (_, one) => {
    const wanted = decodeNpy(readFileSync(join(folder, one.file)), one.file);
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, modelOf(one.network), inputsOf(one), one.technique, {
      target: { index: [one.target] },
      layer: one.layer,
      params: { relu: false },
    });
    expect(raw.dims).toEqual(wanted.dims);
    const largest = Math.max(...Array.from(wanted.data as Float32Array, Math.abs));
    const off = Math.max(...Array.from(wanted.data as Float32Array, (value, i) => Math.abs(value - raw.values[i])));
    expect(off / largest).toBeLessThan(TOLERANCE);
    expect(notes.join(" ")).toContain(`holds ${wanted.dims[0]} frames along axis 0; each has its own map.`);
  });
});

const LAYER = "/backbone/backbone.3/Relu_output_0";
const video = { inputs: { video: "video.video.npy" } };
const mapOf = ({ views: artifacts }: WholeResult): HeatmapArtifact => artifacts[0] as HeatmapArtifact;
const run = (
  network: string,
  inputs: Readonly<Record<string, string>>,
  technique: string,
  more = {},
): Promise<WholeResult> =>
  runOn(models, modelOf(network), inputsOf({ inputs }), technique, { target: { index: [1] }, ...more });

describe("maps of frames", () => {
  it("lie each over its own frame of the input, on one scale, with a name", async () => {
    const result = await run("video", video.inputs, "grad-cam", { params: { relu: false } });
    const map = mapOf(result);
    expect(map).toMatchObject({
      dims: [4, 4, 4],
      axes: { frame: 0, height: 1, width: 2 },
      frames: { names: ["frame 1 of 4", "frame 2 of 4", "frame 3 of 4", "frame 4 of 4"] },
    });
    const frames = framesIn(map);
    expect(frames.map(({ title, dims, axes }) => [title, dims, axes])).toEqual(
      [1, 2, 3, 4].map((frame) => [`Grad-CAM, frame ${frame} of 4`, [1, 4, 4], { height: 1, width: 2 }]),
    );
    expect(frames.flatMap(({ values }) => [...values])).toEqual([...result.arrays[0].values]);
    const pictures = frames.map(({ over }) => result.context.pictures.find(({ id }) => id === over));
    expect(
      pictures.map((picture) => picture?.kind === "image" && [picture.width, picture.height, picture.title]),
    ).toEqual([1, 2, 3, 4].map((frame) => [16, 16, `Input, frame ${frame} of 4`]));
    expect(new Set(pictures).size).toBe(4);
    // The brightest and the darkest pixel of all frames are white and black; the rest lie between, alike in every
    // frame.
    const ends = pictures.map((picture) =>
      picture?.kind === "image" ? [Math.min(...picture.pixels), Math.max(...picture.pixels)] : [],
    );
    expect([Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))]).toEqual([0, 255]);
    const drawing = heatmapDrawing(map, { ...DEFAULT_LOOKS, clip: 100, frame: 2 });
    expect(drawing.range.max).toBeCloseTo(Math.max(...result.arrays[0].values.map(Math.abs)), 6);
    expect([...drawing.map.values]).toEqual([...frames[2].values]);
  });

  it("are saved all: as a picture wider than one frame's, as a table with a column for the frame", async () => {
    const result = await run("video", video.inputs, "grad-cam");
    const picture = composePicture(result, mapOf(result), { ...DEFAULT_LOOKS, arrangement: "overlay" });
    expect(picture.width).toBeGreaterThan(4 * 200);
    const rows = encodeCsv(mapOf(result)).trim().split("\r\n");
    expect(rows[0]).toBe("frame,channel,y,x,value");
    expect(rows.length).toBe(1 + 4 * 16);
    expect(rows[1 + 3 * 16].split(",")).toEqual(["3", "0", "0", "0", String(result.arrays[0].values[48])]);
  });

  it("of several layers are averaged frame by frame", async () => {
    const {
      arrays: [raw],
    } = await run("video", video.inputs, "grad-cam", { layer: [LAYER, "/backbone/backbone.1/Relu_output_0"] });
    expect(raw.dims).toEqual([4, 16, 16]);
  });

  it("Guided Grad-CAM lays each over its frame", async () => {
    const [guided, map, backprop] = [
      await run("video", video.inputs, "guided-gradcam", { layer: LAYER }),
      await run("video", video.inputs, "grad-cam", { layer: LAYER }),
      await run("video", video.inputs, "guided-backprop"),
    ];
    expect(guided.arrays[0].dims).toEqual([1, 4, 3, 16, 16]);
    const expected = [0, 1, 2, 3].flatMap((frame) => {
      const large = resizeNearest(map.arrays[0].values.slice(frame * 16, (frame + 1) * 16), [4, 4], [16, 16]);
      return [0, 1, 2].flatMap((channel) =>
        Array.from(large, (value, i) => value * backprop.arrays[0].values[(frame * 3 + channel) * 256 + i]),
      );
    });
    guided.arrays[0].values.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 7));
  });

  it("a method that masks the input says so where the layer's frames are not the input's", async () => {
    const pair = { left: "pair.left.npy", right: "pair.right.npy" };
    await expect(run("pair", pair, "score-cam", { layer: LAYER })).rejects.toThrow(
      /does not have the layer's 2 frames/,
    );
    await expect(run("pair", pair, "guided-gradcam", { layer: LAYER })).rejects.toThrow(
      /does not have the layer's spatial axes, 2×4×4/,
    );
    // Frames that are not the input's have names and no pictures of their own.
    expect(mapOf(await run("pair", pair, "grad-cam", { layer: LAYER })).frames).toEqual({
      names: ["frame 1 of 2", "frame 2 of 2"],
    });
  });

  it("checks remove a video's pixels frame by frame", async () => {
    const { views: artifacts } = await run("video", video.inputs, "insertion-deletion", {
      params: { method: "grad-cam" },
    });
    expect(artifacts[0].kind).toBe("curves");
  });
});

describe("attributions of an input in frames", () => {
  it("show each frame: saliency of a video, of crops whose score is one, FullGrad", async () => {
    expect(mapOf(await run("video", video.inputs, "saliency"))).toMatchObject({
      dims: [1, 4, 3, 16, 16],
      axes: { frame: 1, channel: 2, height: 3, width: 4 },
      frames: { names: { length: 4 } },
    });
    expect(mapOf(await run("crops", { crops: "crops.crops.npy" }, "saliency"))).toMatchObject({
      dims: [5, 3, 12, 12],
      axes: { frame: 0, channel: 1, height: 2, width: 3 },
    });
    // Of a batch of samples, each with its score, the first one's picture is shown.
    expect(mapOf(await run("video-pair", { video: "video-pair.video.npy" }, "saliency"))).toMatchObject({
      dims: [2, 3, 3, 12, 12],
      axes: { frame: 1, channel: 2, height: 3, width: 4 },
    });
    expect((await run("video", video.inputs, "full-grad")).arrays[0].dims).toEqual([4, 16, 16]);
  });

  it("occlusion hides a box in one frame at a time", async () => {
    const {
      views: artifacts,
      arrays: [raw],
    } = await run("video", video.inputs, "occlusion", { params: { window: "16" } });
    expect(artifacts[0].caption).toContain("box 1×3×16×16");
    expect(new Set([0, 1, 2, 3].map((frame) => raw.values[frame * 768])).size).toBe(4);
  });
});

describe("how five axes are read", () => {
  const graph = (kernel: readonly number[], ...before: Node[]): Graph => ({
    name: "g",
    inputs: [],
    outputs: [],
    sparseInitializers: [],
    valueInfo: [],
    initializers: [weight("w", kernel, new Float32Array(kernel.reduce((a, b) => a * b, 1)))],
    nodes: [...before, node("Conv", [before.at(-1)?.outputs[0] ?? "x", "w"], ["c"])],
  });
  const fold = node("Reshape", ["x", "shape"], ["r"]);
  const transpose = node("Transpose", ["x"], ["t"], { perm: { type: "ints", value: [0, 2, 1, 3, 4] } });

  it("by the channels of the first convolution, over two axes as frames, over three as a volume", () => {
    expect(inputLayout(graph([6, 3, 3, 3], fold), "x", [1, 8, 3, 16, 16])).toEqual({
      layout: { channel: 2, spatial: [3, 4], frames: { axis: 1, count: 8, stride: 1 } },
    });
    expect(
      inputLayout(graph([6, 3, 3, 3], transpose, node("Reshape", ["t", "shape"], ["r"])), "x", [1, 3, 8, 16, 16])
        .layout,
    ).toEqual({ channel: 1, spatial: [3, 4], frames: { axis: 2, count: 8, stride: 1 } });
    expect(inputLayout(graph([6, 3, 3, 3], transpose), "x", [1, 8, 16, 16, 3]).layout).toEqual({
      channel: 4,
      spatial: [2, 3],
      frames: { axis: 1, count: 8, stride: 1 },
    });
    // Seven channels are no picture's, and are read all the same.
    expect(inputLayout(graph([6, 7, 3, 3], fold), "x", [1, 3, 7, 16, 16]).layout).toMatchObject({
      channel: 2,
      frames: { axis: 1 },
    });
    expect(inputLayout(graph([6, 3, 3, 3, 3]), "x", [1, 3, 8, 16, 16])).toEqual({
      layout: { channel: 1, spatial: [2, 3, 4] },
      assumed:
        'Axis 2 of "x" [1, 3, 8, 16, 16] is depth or time: the model treats it like height and width, and each of its 8 slices is shown.',
    });
    expect(inputLayout(graph([6, 3, 3, 3, 3], transpose), "x", [1, 8, 3, 16, 16]).layout).toEqual({
      channel: 2,
      spatial: [1, 3, 4],
    });
  });

  it("and what is a guess is said", async () => {
    expect(inputLayout(graph([6, 3, 3, 3], fold), "x", [1, 3, 3, 16, 16]).assumed).toMatch(
      /read as channels and axis 1 as frames: both have 3 entries/,
    );
    const flat = async (dims: readonly number[]): Promise<WholeResult> => {
      const count = dims.reduce((a, b) => a * b, 1);
      const model = writeSmallModel(scratch, "flat.onnx", {
        inputs: { x: ["float32", ...dims] },
        outputs: ["y"],
        weights: [
          weight("all", [2], [1, -1], "int64"),
          weight(
            "v",
            [count, 2],
            Float32Array.from({ length: 2 * count }, (_, i) => Math.cos(i)),
          ),
        ],
        nodes: [node("Reshape", ["x", "all"], ["f"]), node("MatMul", ["f", "v"], ["y"])],
      });
      return runOn(
        models,
        model,
        writeArray(
          scratch,
          "flat.npy",
          dims,
          Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
        ),
        "saliency",
        { target: { index: [0] } },
      );
    };
    const guess = await flat([1, 5, 3, 4, 4]);
    expect(mapOf(guess).axes).toEqual({ frame: 1, channel: 2, height: 3, width: 4 });
    expect(guess.notes.join(" ")).toContain(
      '"x" [1, 5, 3, 4, 4] is read as 5 frames of 3 channels, which is assumed: neither its shape nor the graph determines it.',
    );
    const volume = await flat([1, 1, 5, 4, 4]);
    expect(mapOf(volume)).toMatchObject({ axes: { frame: 2, channel: 1, height: 3, width: 4 } });
    expect(mapOf(volume).frames?.names[0]).toBe("slice 1 of 5");
    expect(volume.notes.join(" ")).toContain("is read as a volume with 1 channel, or 1 channel of 5 frames");
  });
});
