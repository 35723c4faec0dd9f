import { join } from "node:path";
import { describe, expect, it } from "vitest";
import sharp from "sharp";
import type { Params } from "../../protocol/technique.ts";
import { maskShape, randomMask } from "../../math/random-masks.ts";
import { Random } from "../../math/random.ts";
import { batchFor } from "../../runtime/batch.ts";
import { openPartialModel } from "../../runtime/partial-model.ts";
import { channelsByMask } from "../cams/score-cam.ts";
import { runJob } from "../framework/run.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";

const { folder, models } = referenceNetworks();

/** Σ x over everything: y of a masked input is the sum of what is shown. */
function sum(name = "sum.onnx", dims: readonly (number | string)[] = ["N", 1, 4, 4]): string {
  return writeSmallModel(folder, name, {
    inputs: { x: ["float32", ...dims] },
    outputs: ["y"],
    weights: [weight("shape", [2], [0, -1], "int64"), weight("axes", [1], [1], "int64")],
    nodes: [
      node("Reshape", ["x", "shape"], ["f"]),
      node("ReduceSum", ["f", "axes"], ["y"], { keepdims: { type: "int", value: 1 } }),
    ],
  });
}
const ramp = (dims: readonly number[] = [1, 1, 4, 4]): string =>
  writeArray(
    folder,
    `ramp-${dims.join("-")}.npy`,
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );

describe("feature ablation by a mask", () => {
  const columns = [0, 0, 1, 1, 0, 0, 1, 1, 5, 5, -3, -3, 5, 5, -3, -3];
  const expected = [10, 10, 18, 18, 10, 10, 18, 18, 42, 42, 50, 50, 42, 42, 50, 50];

  it("hides each part as a whole, from an array or from a picture's colours", async () => {
    const mask = writeArray(folder, "quarters.npy", [4, 4], columns, "int64");
    const colours: Record<number, number[]> = { 0: [0, 0, 0], 1: [0, 0, 1], 5: [255, 0, 0], [-3]: [9, 9, 9] };
    const picture = join(folder, "quarters.png");
    await sharp(Uint8Array.from(columns.flatMap((label) => colours[label])), {
      raw: { width: 4, height: 4, channels: 3 },
    })
      .png()
      .toFile(picture);
    for (const file of [mask, picture, "quarters.png"]) {
      const {
        arrays: [raw],
        views: artifacts,
        notes,
      } = await runOn(models, sum(), ramp(), "feature-ablation", { params: { mask: file } });
      expect([...raw.values]).toEqual(expected);
      expect(notes.join(" ")).toMatch(/The mask quarters\.(npy|png) has 4 parts\./);
      expect(artifacts[0]).toMatchObject({ caption: expect.stringContaining("4 parts of quarters.") as string });
    }
  });

  it("lays a mask over space on the channels of either layout, and spreads axes of length 1", async () => {
    const last = [1, 2, 2, 3];
    const mask = writeArray(folder, "rows.npy", [2, 2], [0, 0, 1, 1], "int64");
    const model = sum("nhwc.onnx", ["N", ...last.slice(1)]);
    expect([
      ...(await runOn(models, model, ramp(last), "feature-ablation", { params: { mask } })).arrays[0].values,
    ]).toEqual([15, 15, 15, 15, 15, 15, 51, 51, 51, 51, 51, 51]);
    const channels = writeArray(folder, "channels.npy", [1, 1, 1, 3], [4, 4, 7], "int64");
    expect([
      ...(
        await runOn(models, model, ramp(last), "feature-ablation", { params: { mask: channels } })
      ).arrays[0].values.slice(0, 3),
    ]).toEqual([40, 40, 26]);
  });

  it.each([
    ["of another size", [5, 4], undefined, /The mask bad\.npy is \[5, 4\], the input "x" is \[1, 1, 4, 4\]/],
    [
      "of too many axes",
      [2, 1, 1, 4, 4],
      undefined,
      /The mask bad\.npy is \[2, 1, 1, 4, 4\], the input "x" is \[1, 1, 4, 4\]/,
    ],
    ["of fractions", [4, 4], 0.5, /A mask must have integer values; this array \(float32\) contains 0\.5/],
  ])("says what is wrong with a mask %s", async (_, dims, value, message) => {
    const count = dims.reduce((a, b) => a * b, 1);
    const mask = writeArray(
      folder,
      "bad.npy",
      dims,
      Array.from({ length: count }, (_, i) => value ?? i),
    );
    await expect(runOn(models, sum(), ramp(), "feature-ablation", { params: { mask } })).rejects.toThrow(message);
  });

  it("says what is wrong with other files and settings", async () => {
    const run = (params: Record<string, string | number>) =>
      runOn(models, sum(), ramp(), "feature-ablation", { params });
    await expect(run({ mask: join(folder, "none.npy") })).rejects.toThrow(/The file does not exist/);
    await expect(run({ mask: "sum.onnx" })).rejects.toThrow(/an integer array \(\.npy\) or/);
    await expect(run({ mask: writeArray(folder, "m.npy", [4, 4], columns, "int64"), segments: 5 })).rejects.toThrow(
      /Both segments and a mask were given/,
    );
    await expect(run({ baseline: writeArray(folder, "small.npy", [1, 1, 2, 2], [1, 2, 3, 4]) })).rejects.toThrow(
      /\[1, 1, 2, 2\].*\[N, 1, 4, 4\]/,
    );
    await expect(run({ baseline: "0, 1" })).rejects.toThrow(/2 baselines were given; this method takes one/);
  });

  it("refuses a mask with more parts than anyone would run", async () => {
    const side = 240;
    const mask = writeArray(
      folder,
      "many.npy",
      [side, side],
      Array.from({ length: side * side }, (_, i) => i),
      "int64",
    );
    await expect(
      runOn(models, sum("large.onnx", ["N", 1, side, side]), ramp([1, 1, side, side]), "feature-ablation", {
        params: { mask },
      }),
    ).rejects.toThrow(/57600 parts/);
  });
});

describe("feature ablation by segments", () => {
  it("takes the picture's superpixels", async () => {
    // Left half dark, right half bright: two segments.
    const values = Array.from({ length: 32 * 64 }, (_, i) => (i % 64 < 32 ? 0.25 : 1));
    const {
      arrays: [raw],
      notes,
    } = await runOn(
      models,
      sum("wide.onnx", ["N", 1, 32, 64]),
      writeArray(folder, "wide.npy", [1, 1, 32, 64], values),
      "feature-ablation",
      { params: { segments: 2 } },
    );
    expect(notes).toContain("SLIC found 2 segments in the image.");
    expect([raw.values[0], raw.values[63]]).toEqual([256, 1024]);
  });

  it("says what has no segments", async () => {
    await expect(
      runOn(models, sum("row.onnx", ["N", 5]), ramp([1, 5]), "feature-ablation", { params: { segments: 3 } }),
    ).rejects.toThrow(/"x" \[1, 5\] is not an image, so it has no segments/);
  });
});

describe("RISE", () => {
  it("draws cells with the wanted probability, the same for the same seed", () => {
    const shape = maskShape([40, 56], 7);
    expect(shape).toEqual({ size: [40, 56], cells: [7, 7], lengths: [6, 8] });
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 300 }, () => randomMask(random, shape, 0.3));
    };
    const masks = draw(1);
    expect(masks).toEqual(draw(1));
    expect(masks).not.toEqual(draw(2));
    const all = masks.flatMap((mask) => [...mask]);
    expect(Math.min(...new Set(all))).toBe(0);
    expect(Math.max(...new Set(all))).toBe(1);
    // The mean of 300·49 draws; within three standard errors.
    expect(Math.abs(all.reduce((a, b) => a + b, 0) / all.length - 0.3)).toBeLessThan(
      3 * Math.sqrt((0.3 * 0.7) / (300 * 49)),
    );
  });

  it("has no cells larger than a place where there are few", () => {
    const mask = randomMask(new Random(0), maskShape([3, 30], 5), 0.5);
    expect(mask.length).toBe(90);
    expect(maskShape([3, 30], 5).lengths).toEqual([1, 6]);
  });

  it("finds, of a sum, each column's own part beside the others' mean", async () => {
    // y(x ⊙ m) = Σ xⱼmⱼ: the mean where i is shown is xᵢ + p·Σ of the others.
    const x = [3, 0, -1, 2, 5];
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, sum("row.onnx", ["N", 5]), writeArray(folder, "x.npy", [1, 5], x), "rise", {
      params: { masks: 20_000, score: "output", probability: 0.25 },
    });
    raw.values.forEach((value, i) => expect(Math.abs(value - (x[i] + 0.25 * (9 - x[i])))).toBeLessThan(0.2));
    const error = Number(/standard error of its values is (\S+)\. /.exec(notes.join(" "))![1]);
    // What the means really miss by is of its size.
    const missed =
      raw.values.reduce((total, value, i) => total + Math.abs(value - (x[i] + 0.25 * (9 - x[i]))), 0) / x.length;
    expect(missed).toBeGreaterThan(error / 10);
    expect(missed).toBeLessThan(3 * error);
  });

  it("says which score it takes: the probability, where there is one", async () => {
    const softmax = writeSmallModel(folder, "softmax.onnx", {
      inputs: { x: ["float32", "N", 3] },
      outputs: ["p"],
      weights: [weight("w", [3, 2], [1, -1, 0, 1, 0.5, 0])],
      nodes: [node("MatMul", ["x", "w"], ["l"]), node("Softmax", ["l"], ["p"], { axis: { type: "int", value: -1 } })],
    });
    const x = writeArray(folder, "three.npy", [1, 3], [1, 2, 3]);
    const run = (model: string, params: Record<string, string | number>) =>
      runOn(models, model, x, "rise", { params: { masks: 64, ...params } });
    const own = await run(softmax, {});
    expect(own.notes.join(" ")).toContain("The score is the probability of 0: the model's own Softmax.");
    expect(own.arrays[0].values).toEqual((await run(softmax, { score: "output" })).arrays[0].values);
    const logit = await run(softmax, { score: "logit" });
    expect(logit.notes.join(" ")).toContain("The score is the logit of 0.");
    expect(logit.arrays[0].values).not.toEqual(own.arrays[0].values);
    expect((await run(sum("one.onnx", ["N", 3]), {})).notes.join(" ")).toMatch(
      /not a list of class probabilities: the score is the output itself/,
    );
  });

  it.each([
    [{ masks: 0 }, /"masks" is 0; it must be from 1/],
    [{ probability: 1 }, /"probability" is 1; it must be from 0.01 to 0.99/],
    [{ cells: 1.5 }, /"cells" must be a whole number, not 1.5/],
  ])("refuses %o", async (params, message) => {
    await expect(runOn(models, sum(), ramp(), "rise", { params })).rejects.toThrow(message);
  });
});

describe("copies of the input", () => {
  const feeds = (dims: readonly number[]) => ({
    x: {
      dataType: "float32" as const,
      dims,
      data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
    },
  });
  const tailOf = async (model: string, dims: readonly number[]) =>
    (await openPartialModel(await models.get(model), feeds(dims), { from: "x", to: "y", batch: 8 }))!;

  it("run at once where the model's batch axis is open, with the same results", async () => {
    const tail = await tailOf(sum(), [1, 1, 4, 4]);
    expect(tail.batch).toBe(8);
    const copies = [1, 2, 3].map((factor) => tail.values.map((value) => factor * value));
    const [one, two, three] = await tail.run(copies);
    expect(one.length).toBe(1);
    expect(two[0]).toBeCloseTo(2 * one[0], 5);
    expect(three[0]).toBeCloseTo(3 * one[0], 5);
    expect((await tailOf(sum("fixed.onnx", [1, 1, 4, 4]), [1, 1, 4, 4])).batch).toBe(1);
  });

  it("run one by one where entries of a batch depend on each other", async () => {
    const mixing = writeSmallModel(folder, "mixing.onnx", {
      // Divided by the batch's largest: alone, and in a batch of equal copies, the same.
      opset: 18,
      inputs: { x: ["float32", "N", 3] },
      outputs: ["y"],
      weights: [weight("axes", [1], [0], "int64")],
      nodes: [node("Abs", ["x"], ["a"]), node("ReduceMax", ["a", "axes"], ["m"]), node("Div", ["x", "m"], ["y"])],
    });
    expect((await tailOf(mixing, [1, 3])).batch).toBe(1);
  });

  it("say when the score does not depend on the input", async () => {
    const constant = writeSmallModel(folder, "constant.onnx", {
      inputs: { x: ["float32", "N", 3] },
      outputs: ["y", "z"],
      weights: [weight("c", [1, 2], [1, 2])],
      nodes: [node("Identity", ["c"], ["y"]), node("Neg", ["x"], ["z"])],
    });
    const x = writeArray(folder, "xyz.npy", [1, 3], [1, 2, 3]);
    for (const technique of ["occlusion", "feature-ablation", "rise"]) {
      await expect(
        runOn(models, constant, x, technique, { params: technique === "rise" ? { masks: 4 } : {} }),
      ).rejects.toThrow(/does not depend on "x"/);
    }
  });

  it("are so many at once that they fit a budget", () => {
    expect([
      batchFor(3 * 224 * 224, 1000),
      batchFor(20, 1000),
      batchFor(20, 5),
      batchFor(2 ** 24, 100),
      batchFor(20, 0),
    ]).toEqual([4, 32, 4, 1, 1]);
  });

  it.each(["occlusion", "feature-ablation", "rise"])("stop between runs of %s when cancelled", async (technique) => {
    const stop = new AbortController();
    const seen: string[] = [];
    const params: Params =
      technique === "rise" ? { masks: 50 } : technique === "occlusion" ? { window: "2", stride: "1" } : { grid: 1 };
    const job = {
      technique,
      model: sum("fixed.onnx", [1, 1, 4, 4]),
      source: { kind: "sample" as const, inputs: { "": ramp() } },
      recipe: { version: 1 as const, inputs: {} },
      params,
    };
    const progress = ({ text }: { text: string }): void => {
      seen.push(text);
      if (/^\w+ 3 of/.test(text)) stop.abort();
    };
    await expect(runJob(job, { models, progress, signal: stop.signal })).rejects.toThrow(/abort/i);
    expect(seen.at(-1)).toMatch(/^(Box|Cell|Mask) 3 of (9|16|50)$/);
  });
});

describe("Score-CAM", () => {
  it("groups channels that make the same mask, all constant ones together", () => {
    const groups = channelsByMask({
      channels: 7,
      size: [3],
      area: 3,
      values: Float32Array.from([0, 0, 0, 1, 2, 3, 2, 4, 6, 5, 5, 5, 3, 2, 1, 11, 12, 13, 1, 2, 3.01]),
    });
    expect(groups).toEqual([[0, 3], [1, 2, 5], [4], [6]]);
  });

  it("gives the numbers of a run for every channel", async () => {
    // A 1×1 convolution to channels of which two are multiples, one is zero and one constant.
    const gains = [1, 2, -0.5, 0, 0.7, 0];
    const biases = [0, 0, 0.3, -1, 0, 2];
    const model = writeSmallModel(folder, "channels.onnx", {
      inputs: { x: ["float32", "N", 1, 4, 4] },
      outputs: ["y"],
      weights: [
        weight("w", [6, 1, 1, 1], gains),
        weight("b", [6], biases),
        weight(
          "d",
          [6, 2],
          Array.from({ length: 12 }, (_, i) => Math.cos(i)),
        ),
        weight("s", [2], [0, 6], "int64"),
      ],
      nodes: [
        node("Conv", ["x", "w", "b"], ["c"]),
        node("Relu", ["c"], ["a"]),
        node("GlobalAveragePool", ["a"], ["p"]),
        node("Reshape", ["p", "s"], ["f"]),
        node("MatMul", ["f", "d"], ["y"]),
      ],
    });
    const values = Array.from({ length: 16 }, (_, i) => Math.sin(1.3 * i + 0.2));
    const x = writeArray(folder, "wave.npy", [1, 1, 4, 4], values);
    const loaded = await models.get(model);
    const score = async (input: number[]): Promise<number> => {
      const feeds = { x: { dataType: "float32" as const, dims: [1, 1, 4, 4], data: Float32Array.from(input) } };
      return ((await loaded.forward(feeds, ["y"])).get("y")!.data as Float32Array)[1];
    };
    const activations = gains.map((gain, k) => values.map((value) => Math.max(0, gain * value + biases[k])));
    const scores: number[] = [];
    for (const channel of activations) {
      const [low, high] = [Math.min(...channel), Math.max(...channel)];
      scores.push(await score(values.map((value, i) => value * ((channel[i] - low) / (high - low + 1e-8)))));
    }
    const powers = scores.map((value) => Math.exp(value));
    const total = powers.reduce((a, b) => a + b, 0);
    const expected = values.map((_, i) =>
      powers.reduce((map, power, k) => map + (power / total) * activations[k][i], 0),
    );
    const {
      arrays: [raw],
    } = await runOn(models, model, x, "score-cam", { layer: "a", target: { index: [1] }, params: { relu: false } });
    raw.values.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  });
});
