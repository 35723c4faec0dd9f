import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng } from "../../draw/encode/png.ts";
import { saveResult } from "../../draw/encode/save.ts";
import type { BoxesArtifact, DetectedBox } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import type { ImageRecipe, Recipe } from "../../protocol/recipe.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

/** Outputs and boxes by torchvision: test/reference/detections/make.py. */
interface Case {
  readonly name: string;
  readonly classes: readonly string[];
  readonly outputs: readonly {
    readonly name: string;
    readonly dims: readonly number[];
    readonly values: string;
    readonly integer: boolean;
  }[];
  readonly boxes: readonly Omit<DetectedBox, "class">[];
}
const cases = JSON.parse(
  readFileSync(new URL("../../../test/reference/detections/cases.json", import.meta.url), "utf8"),
) as readonly Case[];

let folder: string;
let models: ModelCache;
let picture: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-detections-"));
  models = new ModelCache();
  picture = join(folder, "black.png");
  // 100×50, black: what the outputs add for the picture's mean is then zero.
  writeFileSync(
    picture,
    encodePng(
      100,
      50,
      Uint8ClampedArray.from({ length: 20000 }, (_, i) => (i % 4 === 3 ? 255 : 0)),
    ),
  );
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const padded: ImageRecipe = {
  kind: "image",
  size: [64, 64],
  fit: "pad",
  cropFraction: 1,
  fill: 0,
  interpolation: "nearest",
  channels: "rgb",
  layout: "nchw",
  scale: 1,
  mean: [0],
  std: [1],
};
const SLOPE = 1e-3;

/** A model whose outputs are a case's, each element more by SLOPE times its index times the picture's mean. */
function modelOf(name: string, height = 64, width = 64): { model: string; recipe: Recipe; reference: Case } {
  const reference = cases.find((one) => one.name === name)!;
  const weights = reference.outputs.flatMap(({ name: output, dims, values, integer }) => {
    const numbers = new Float32Array(Uint8Array.from(Buffer.from(values, "base64")).buffer);
    return integer
      ? [weight(`${output}.c`, dims, numbers, "int64")]
      : [
          weight(`${output}.c`, dims, numbers),
          weight(
            `${output}.s`,
            dims,
            Float32Array.from(numbers, (_, i) => SLOPE * (i % 1000)),
          ),
        ];
  });
  const nodes = reference.outputs.flatMap(({ name: output, integer }) =>
    integer
      ? [node("Identity", [`${output}.c`], [output])]
      : [node("Mul", [`${output}.s`, "mean"], [`${output}.p`]), node("Add", [`${output}.c`, `${output}.p`], [output])],
  );
  const model = writeSmallModel(folder, `${name.replaceAll(" ", "-")}.onnx`, {
    inputs: { x: ["float32", 1, 3, height, width] },
    outputs: reference.outputs.map(({ name: output }) => output),
    weights,
    nodes: [node("ReduceMean", ["x"], ["mean"], { keepdims: { type: "int", value: 0 } }), ...nodes],
  });
  return {
    model,
    reference,
    recipe: {
      version: 1,
      inputs: { x: { ...padded, size: [height, width] } },
      ...(reference.classes.length > 0 ? { classes: reference.classes } : {}),
    },
  };
}

function boxesOf({ views: artifacts }: WholeResult): BoxesArtifact {
  const found = artifacts[0];
  if (found.kind !== "boxes") throw new Error(`The first artifact is ${found.kind}.`);
  return found;
}

function json(result: WholeResult): {
  boxes: DetectedBox[];
  detections: { head: string; pixels: string; width: number; height: number };
} {
  return JSON.parse(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "json"))) as ReturnType<typeof json>;
}

describe("predictions of a detector", () => {
  test.each(["yolo v8", "yolo v8 turned", "yolo v8-seg", "yolo v5", "yolo v10", "detr", "rt-detr", "ssd", "yolox"])(
    "%s: the JSON has torchvision's boxes in the pixels of the picture file",
    async (name) => {
      const { model, recipe, reference } = modelOf(name);
      const { boxes, detections } = json(await runOn(models, model, picture, "predictions", { recipe }));
      expect(detections).toMatchObject({ pixels: "picture file", width: 100, height: 50 });
      expect(boxes.map(({ target, output }) => [target, output])).toEqual(
        reference.boxes.map(({ target, output }) => [target, output]),
      );
      boxes.forEach((box, index) =>
        (["x0", "y0", "x1", "y1", "score"] as const).forEach((key) =>
          expect(box[key]).toBeCloseTo(reference.boxes[index][key], 3),
        ),
      );
      expect(boxes[0].class).toBe(reference.classes[boxes[0].classIndex] ?? boxes[0].classIndex);
    },
  );

  test("lists beside each other, an axis without a batch: each row is a box and has a target", async () => {
    const { model, recipe, reference } = modelOf("torchvision", 64, 96);
    const result = await runOn(models, model, picture, "predictions", {
      recipe: { ...recipe, inputs: { x: { ...padded, size: [64, 96], fit: "stretch" } } },
    });
    // This graph has no suppression of its own, so weak ones are cut.
    expect(boxesOf(result).boxes.map(({ target, output }) => `${output}:${target}`)).toEqual(
      reference.boxes.filter(({ score }) => score > 0.25).map(({ target, output }) => `${output}:${target}`),
    );
    // 96×64 stretched to a picture of 100×50.
    expect(boxesOf(result).boxes[0].x1).toBeCloseTo((reference.boxes[0].x1 * 100) / 96, 3);
    expect(boxesOf(result).boxes[0].y1).toBeCloseTo((reference.boxes[0].y1 * 50) / 64, 3);
  });

  test("an output that is asked for shows its own values, the boxes beside", async () => {
    const { model, recipe, reference } = modelOf("torchvision", 64, 96);
    const result = await runOn(models, model, picture, "predictions", { recipe, target: { output: "1780" } });
    expect(result.views.map(({ kind }) => kind).slice(0, 2)).toEqual(["bars", "boxes"]);
    expect(result.arrays[0].dims).toEqual([25]);
    expect(result.arrays[0].values[3]).toBeCloseTo(reference.boxes[3].score, 5);
  });

  test("an array's boxes are in the model's own pixels, and that is said", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const result = await runOn(
      models,
      model,
      writeArray(folder, "zeros.npy", [1, 3, 64, 64], new Float32Array(3 * 64 * 64)),
      "predictions",
      { recipe },
    );
    expect(json(result).detections).toMatchObject({ pixels: "model input", width: 64, height: 64 });
    expect(result.notes.join(" ")).toContain("pixels of the model's input, 64×64");
    // By hand: 100×50 padded into 64×64 from row 16, 1.5625 pixels of the file for each of the model's.
    // The second box lies inside the picture file; others end at its edge there, and in the padding here.
    expect(boxesOf(result).boxes[1].x0).toBeCloseTo(reference.boxes[1].x0 / 1.5625, 3);
    expect(boxesOf(result).boxes[1].y0).toBeCloseTo(reference.boxes[1].y0 / 1.5625 + 16, 3);
    expect(boxesOf(result).boxes.every(({ x0, y0, x1, y1 }) => x0 >= 0 && y0 >= 0 && x1 <= 64 && y1 <= 64)).toBe(true);
  });

  test("boxes that go over the picture's edge end there, said; the target and the raw output stay", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const result = await runOn(models, model, picture, "predictions", { recipe });
    const over = boxesOf(result).boxes.find(({ y0 }) => y0 === 0)!;
    expect(result.notes.join(" ")).toContain("are clipped to the image");
    expect(reference.boxes.find(({ y0 }) => y0 === 0)!.target).toBe(over.target);
    const [rows, columns] = [7, result.arrays[0].dims[result.arrays[0].dims.length - 1]];
    // Centre and height in the model's pixels: the box begins over the first row of the picture, row 16.
    const cell = Number(over.target.split(",")[1]);
    expect(result.arrays[0].dims[1]).toBe(rows);
    expect(result.arrays[0].values[columns + cell] - result.arrays[0].values[3 * columns + cell] / 2).toBeLessThan(16);
  });

  test("notes say head, selection and what multiplies the score; the table has a row a box", async () => {
    const { model, recipe, reference } = modelOf("yolo v5");
    const result = await runOn(models, model, picture, "predictions", { recipe });
    for (const said of [
      "read as YOLO v5",
      "overlap by more than 0.45",
      "objectness times its class score",
      "image file, 100×50",
    ])
      expect(result.notes.join(" ")).toContain(said);
    const lines = new TextDecoder()
      .decode(saveResult(result, DEFAULT_LOOKS, "csv"))
      .trim()
      .split("\r\n");
    expect(lines[0]).toBe("class,class index,score,x0,y0,x1,y1,target,output");
    expect(lines).toHaveLength(1 + reference.boxes.length);
  });

  test("thresholds select anew, are kept with the result, and run the model once", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const usual = await runOn(models, model, picture, "predictions", { recipe });
    const strict = await runOn(models, model, picture, "predictions", { recipe, params: { min_score: "0.6" } });
    const over = reference.boxes.filter(({ score }) => score > 0.6);
    expect(over.length).toBeLessThan(reference.boxes.length);
    expect(boxesOf(strict).boxes.map(({ target }) => target)).toEqual(over.map(({ target }) => target));
    expect(usual.time.run).toBeGreaterThan(0);
    expect(strict.time.run).toBe(0);
    expect(json(strict)).toMatchObject({ detections: { selection: { by: "suppression", score: 0.6, iou: 0.45 } } });
    expect(strict.provenance.params).toMatchObject({ min_score: "0.6", iou: 0.45 });
  });

  test("more boxes by a lower score and all overlaps are drawn, and each is a target with its name and place", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const result = await runOn(models, model, picture, "predictions", {
      recipe,
      params: { min_score: "0.02", iou: 1 },
    });
    // Some lie in the padding alone.
    const seen = boxesOf(result).boxes.filter(({ x0, y0, x1, y1 }) => x1 > x0 && y1 > y0);
    const weakest = seen[seen.length - 1];
    expect(weakest.score).toBeLessThan(0.25);
    expect(boxesOf(result).caption).not.toContain("not drawn");
    const explained = await runOn(models, model, picture, "saliency", {
      recipe,
      target: { output: weakest.output, index: weakest.target.split(",").map(Number) },
    });
    expect(explained.provenance.target?.label).toBe(reference.classes[weakest.classIndex]);
    expect(explained.context.target).toBeDefined();
  });

  test("the picture has an outline and a label for each box", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const svg = new TextDecoder().decode(
      saveResult(await runOn(models, model, picture, "predictions", { recipe }), DEFAULT_LOOKS, "svg"),
    );
    // One lies in the padding alone, and has no area in the picture.
    expect(svg.match(/<polyline/g)).toHaveLength(
      reference.boxes.filter(({ x0, y0, x1, y1 }) => x1 > x0 && y1 > y0).length,
    );
    expect(svg).toContain(
      `cat ${Number(reference.boxes.find(({ classIndex }) => classIndex === 0)!.score.toPrecision(2))}`,
    );
  });

  test("what the recipe says is no detector is none, and outputs that leave it open say why", async () => {
    const { model, recipe } = modelOf("yolo v8 turned");
    const said = await runOn(models, model, picture, "predictions", {
      recipe: { ...recipe, outputs: { output0: { kind: "embedding" } } },
    });
    expect(said.views[0].kind).toBe("bars");
    const open = await runOn(models, model, picture, "predictions", { recipe: { ...recipe, classes: [] } });
    expect(open.views[0].kind).toBe("bars");
    expect(open.notes.join(" ")).toContain("name the classes in the recipe");
  });
});

describe("explaining a detector", () => {
  test("the best box's class score is the target by itself: its gradient is that element's slope over the pixels", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const result = await runOn(models, model, picture, "saliency", {
      recipe,
      params: { absolute: false, score: "output" },
    });
    expect(result.provenance.target?.index.join(",")).toBe(reference.boxes[0].target);
    expect(result.notes.join(" ")).toContain(`--target ${reference.boxes[0].target}`);
    const [column, row] = result.provenance.target!.index;
    expect(result.arrays[0].values[0]).toBeCloseTo((SLOPE * ((column * 84 + row) % 1000)) / (3 * 64 * 64), 9);
  });

  test("a box's own target names that element", async () => {
    const { model, recipe, reference } = modelOf("yolo v8");
    const box = reference.boxes[3];
    const result = await runOn(models, model, picture, "saliency", {
      recipe,
      target: { output: box.output, index: box.target.split(",").map(Number) },
      params: { absolute: false, score: "output" },
    });
    expect(result.provenance.target?.label).toBe(reference.classes[box.classIndex]);
    expect(result.context.predictions?.noun).toBe("box");
    // The file's 100×50 pixels lie in the model's 64×64 with bars of 16 rows above and below.
    const mark = result.context.target!;
    expect(mark.left).toBeCloseTo(Math.max(0, box.x0) / 100, 5);
    expect(mark.right).toBeCloseTo(Math.min(100, box.x1) / 100, 5);
    expect(mark.top).toBeCloseTo((box.y0 / 50) * 0.5 + 0.25, 5);
    expect(mark.bottom).toBeCloseTo((box.y1 / 50) * 0.5 + 0.25, 5);
    const [column, row] = box.target.split(",").map(Number);
    expect(result.arrays[0].values[0]).toBeCloseTo((SLOPE * ((column * 84 + row) % 1000)) / (3 * 64 * 64), 9);
  });

  test("of several outputs the one with the scores is explained", async () => {
    const { model, recipe, reference } = modelOf("torchvision", 64, 96);
    const result = await runOn(models, model, picture, "saliency", { recipe, params: { score: "output" } });
    expect(result.provenance.target).toMatchObject({ output: "1780", index: [Number(reference.boxes[0].target)] });
  });
});

describe("class names of a detector that has a class for nothing", () => {
  const notes = async (name: string, classes: readonly string[]): Promise<string> => {
    const { model, recipe } = modelOf(name);
    return (await runOn(models, model, picture, "predictions", { recipe: { ...recipe, classes } })).notes.join(" ");
  };
  const names = ["a", "b", "c", "d", "e"];

  test.each([
    ["detr", 6],
    ["ssd", 4],
  ])("%s: they may leave that one out; more that are missing are said", async (name, columns) => {
    expect(await notes(name, names.slice(0, columns - 1))).not.toContain("another model's");
    expect(await notes(name, names.slice(0, columns - 2))).toContain("the names may belong to another model");
  });
});
