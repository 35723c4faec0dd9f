import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toCorners } from "./boxes.ts";
import type { DetectedBox } from "../../protocol/artifacts.ts";
import { decodeDetections, type DetectionFacts, type DetectionOutput, type Detections } from "./index.ts";
import { iou, suppress } from "./nms.ts";
import { suppressionSettings } from "./suppression.ts";

const folder = new URL("../../../test/reference/detections/", import.meta.url);

interface Case extends Omit<DetectionFacts, "outputs"> {
  readonly name: string;
  readonly outputs: readonly (Omit<DetectionOutput, "values"> & { readonly values: string })[];
  readonly head: string;
  readonly boxes: readonly Omit<DetectedBox, "class">[];
  readonly noted?: string;
  readonly keypoints?: readonly DetectedBox["keypoints"][];
}

const cases = JSON.parse(readFileSync(new URL("cases.json", folder), "utf8")) as readonly Case[];

function factsOf(found: Case): DetectionFacts {
  return { ...found, outputs: found.outputs.map((output) => ({ ...output, values: floats(output.values) })) };
}

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  return new Float32Array(bytes.buffer);
}

function named(name: string): Case {
  return cases.find((one) => one.name === name)!;
}

function decoded(facts: DetectionFacts): Detections {
  const found = decodeDetections(facts);
  if (!found || "undecided" in found) throw new Error(found?.undecided ?? "No detections.");
  return found;
}

describe("outputs as exporters lay them out give the boxes that torchvision makes of them (test/reference/detections)", () => {
  test.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
    const facts = factsOf(one);
    const { head, boxes, notes } = decoded(facts);
    expect(head).toBe(one.head);
    expect(boxes.map(({ target, output, classIndex }) => [target, output, classIndex])).toEqual(
      one.boxes.map(({ target, output, classIndex }) => [target, output, classIndex]),
    );
    boxes.forEach((box, index) => {
      for (const key of ["x0", "y0", "x1", "y1"] as const)
        expect(box[key], `${key} of box ${index}`).toBeCloseTo(one.boxes[index][key], 3);
      expect(box.score).toBeCloseTo(one.boxes[index].score, 5);
      expect(box.class).toBe(one.classes[box.classIndex] ?? box.classIndex);
      one.keypoints?.[index]?.forEach((point, k) => {
        expect(box.keypoints![k].x).toBeCloseTo(point.x, 3);
        expect(box.keypoints![k].y).toBeCloseTo(point.y, 3);
        expect(box.keypoints![k].score).toBeCloseTo(point.score!, 5);
      });
    });
    if (one.noted !== undefined) expect(notes.join(" ")).toContain(one.noted);
  });

  test.each(cases.map((one) => [one.name, one] as const))(
    "the target of %s is an element of the raw output that holds the class score",
    (_, one) => {
      const facts = factsOf(one);
      const { boxes, head } = decoded(facts);
      for (const { target, output: name, score, classIndex } of boxes) {
        const output = facts.outputs.find((other) => other.name === name)!;
        const dims = output.batched ? output.dims.slice(1) : output.dims;
        const index = target.split(",").map(Number);
        expect(index).toHaveLength(dims.length);
        const value = output.values[index.reduce((flat, at, axis) => flat * dims[axis] + at, 0)];
        // Scores that are the output's own elements; others are products or of logits.
        if (!["YOLO v5", "YOLOX", "DETR"].includes(head) && one.name !== "rt-detr") expect(value).toBeCloseTo(score, 5);
        if (one.name === "rt-detr") expect(1 / (1 + Math.exp(-value))).toBeCloseTo(score, 5);
        expect(classIndex).toBeGreaterThanOrEqual(0);
      }
    },
  );
});

describe("suppression", () => {
  const reference = JSON.parse(readFileSync(new URL("nms.json", folder), "utf8")) as {
    boxes: number[][];
    scores: number[];
    labels: number[];
    iou: number[][];
    kept: Record<string, number[]>;
    keptWithoutClasses: number[];
  };
  const candidates = reference.boxes.map((box, index) => ({
    ...toCorners("xyxy", box),
    score: reference.scores[index],
    classIndex: reference.labels[index],
    at: [index],
  }));

  test.each(Object.entries(reference.kept))(
    "keeps what torchvision's batched_nms keeps at an IoU of %s",
    (threshold, kept) => {
      expect(suppress(candidates, Number(threshold)).map(({ at }) => at[0])).toEqual(kept);
    },
  );

  test("keeps what torchvision's nms keeps where all are of one class", () => {
    expect(
      suppress(
        candidates.map((one) => ({ ...one, classIndex: 0 })),
        0.45,
      ).map(({ at }) => at[0]),
    ).toEqual(reference.keptWithoutClasses);
  });

  describe("thresholds that a person sets", () => {
    /** The same boxes as YOLO v8 gives them. */
    const facts: DetectionFacts = {
      input: { width: 64, height: 64 },
      classes: ["a", "b", "c"],
      metadata: { stride: "32", names: "{0: 'a', 1: 'b', 2: 'c'}" },
      nodes: [],
      outputs: [
        {
          name: "output0",
          dims: [1, reference.boxes.length, 7],
          values: reference.boxes.flatMap(([x0, y0, x1, y1], n) => [
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            x1 - x0,
            y1 - y0,
            ...[0, 1, 2].map((label) => (label === reference.labels[n] ? reference.scores[n] : 0)),
          ]),
          integer: false,
          batched: true,
        },
      ],
    };
    const rows = (found: Detections): number[] => found.boxes.map(({ target }) => Number(target.split(",")[0]));

    test.each(Object.entries(reference.kept).flatMap(([iou, kept]) => [0, 0.5].map((score) => ({ iou, kept, score }))))(
      "IoU $iou and score $score give torchvision's boxes",
      ({ iou: threshold, kept, score }) => {
        const found = decoded({ ...facts, selection: { score, iou: Number(threshold) } });
        expect(rows(found)).toEqual(kept.filter((n) => reference.scores[n] > score));
        expect(found.selection).toMatchObject({ by: "suppression", score, iou: Number(threshold) });
        expect(found.notes[0]).toContain(`overlap by more than ${threshold} (IoU)`);
      },
    );

    test("a box that is not listed is still found by its target", () => {
      const found = decoded({ ...facts, selection: { score: 0.99 } });
      const weak = reference.scores.findIndex((score) => score < 0.2);
      const target = `${weak},${4 + reference.labels[weak]}`;
      expect(found.boxes.map((box) => box.target)).not.toContain(target);
      expect(found.boxAt("output0", target)?.score).toBeCloseTo(reference.scores[weak], 6);
    });
  });

  test("measures overlap as torchvision's box_iou", () => {
    reference.iou.forEach((row, i) =>
      row.forEach((expected, j) => expect(iou(candidates[i], candidates[j])).toBeCloseTo(expected, 12)),
    );
  });
});

describe("what is no detection, or is not sure", () => {
  const input = { width: 64, height: 64 };
  const facts = (
    outputs: readonly (Pick<DetectionOutput, "name" | "dims"> &
      Partial<DetectionOutput> & { fill: (index: number) => number })[],
    more: Partial<DetectionFacts> = {},
  ): DetectionFacts => ({
    input,
    classes: [],
    metadata: {},
    nodes: [],
    ...more,
    outputs: outputs.map(({ fill, ...output }) => ({
      integer: false,
      batched: true,
      values: Float32Array.from({ length: output.dims.reduce((a, b) => a * b, 1) }, (_, index) => fill(index)),
      ...output,
    })),
  });

  test.each([
    ["a classifier's logits", facts([{ name: "logits", dims: [1, 1000], fill: (i) => Math.sin(i) }])],
    ["a segmentation map", facts([{ name: "out", dims: [1, 3, 64, 64], fill: (i) => Math.sin(i) }])],
    ["hidden states", facts([{ name: "last_hidden_state", dims: [1, 20, 32], fill: (i) => Math.sin(i) }])],
    [
      "token classes of two kinds",
      facts([
        { name: "a", dims: [1, 20, 4], fill: (i) => [0.1, 0.2, 0.3, 0.4][i % 4] },
        { name: "b", dims: [1, 20, 7], fill: (i) => Math.sin(i) },
      ]),
    ],
    ["a mask", facts([{ name: "mask", dims: [1, 1, 64, 64], fill: (i) => Number(i % 3 === 0) }])],
    [
      "two heads of a classifier",
      facts([
        { name: "age", dims: [1, 4], fill: (i) => i },
        { name: "sex", dims: [1, 2], fill: (i) => i },
      ]),
    ],
  ])("%s is none", (_, given) => {
    expect(decodeDetections(given)).toBeUndefined();
  });

  test("objectness or not: without the number of classes 8 columns say neither", () => {
    const one = named("yolo v8 turned");
    expect(decodeDetections({ ...factsOf(one), classes: [] })).toEqual({
      undecided: expect.stringContaining("name the classes in the recipe") as string,
    });
  });

  test("logits that fit both a softmax and sigmoids ask for the number of classes", () => {
    const boxes = { name: "pred_boxes", dims: [1, 20, 4], fill: (i: number) => 0.3 + (i % 4) / 20 };
    const logits = { name: "logits", dims: [1, 20, 6], fill: (i: number) => Math.sin(i) };
    expect(decodeDetections(facts([logits, boxes]))).toEqual({
      undecided: expect.stringContaining("name the classes") as string,
    });
    expect(decoded(facts([logits, boxes], { classes: ["a", "b", "c", "d", "e"] })).head).toBe("DETR");
    expect(decoded(facts([logits, boxes], { classes: ["a", "b", "c", "d", "e", "f"] })).head).toBe("RT-DETR");
  });

  test("oriented boxes are not read as upright ones", () => {
    const one = named("yolo v8");
    expect(decodeDetections({ ...factsOf(one), metadata: { task: "obb", names: "{}", stride: "32" } })).toEqual({
      undecided: expect.stringContaining("oriented") as string,
    });
  });

  test("a list without detections is an empty list", () => {
    const none = decoded(
      facts([
        { name: "boxes", dims: [0, 4], batched: false, fill: () => 0 },
        { name: "labels", dims: [0], batched: false, integer: true, fill: () => 0 },
        { name: "scores", dims: [0], batched: false, fill: () => 0 },
      ]),
    );
    expect(none.boxes).toEqual([]);
  });

  test("NaN among the predictions is not decoded", () => {
    const given = factsOf(named("yolo v8"));
    (given.outputs[0].values as Float32Array)[3] = NaN;
    expect(decodeDetections(given)).toEqual({ undecided: expect.stringContaining("output0") as string });
  });
});

describe("YOLO's boxes do not depend on the cells of the background, which nothing taught where to be", () => {
  // The reference's boxes by torchvision; rows without a score over 0.01 are changed.
  const one = named("yolo v8");
  const changed = (
    many: number,
    put: (values: Float32Array, row: number, count: number) => void,
    scored = false,
  ): DetectionFacts => {
    const facts = factsOf(one);
    const [output] = facts.outputs;
    const values = Float32Array.from(output.values);
    const [columns, count] = output.dims.slice(1);
    const best = (row: number): number =>
      Math.max(...Array.from({ length: columns - 4 }, (_, column) => values[(4 + column) * count + row]));
    const rows = Array.from({ length: count }, (_, row) => row).filter((row) => best(row) > 0.25 === scored);
    for (const row of rows.slice(0, many)) put(values, row, count);
    return { ...facts, outputs: [{ ...output, values }] };
  };
  const declared = { stride: "32", names: "{0: 'cat', 1: 'dog', 2: 'bird'}", task: "detect" };
  const same = (facts: DetectionFacts): void => {
    const { head, boxes } = decoded(facts);
    expect(head).toBe("YOLO v8");
    expect(boxes.map(({ target }) => target)).toEqual(one.boxes.map(({ target }) => target));
    boxes.forEach(({ x0, y1 }, at) => {
      expect(x0).toBeCloseTo(one.boxes[at].x0, 3);
      expect(y1).toBeCloseTo(one.boxes[at].y1, 3);
    });
  };

  test("a centre outside, a size below zero, a size of many pictures", () => {
    same(
      changed(1, (values, row) => {
        values[row] = -500;
      }),
    );
    same(
      changed(3, (values, row, count) => {
        values[2 * count + row] = -3;
      }),
    );
    same(
      changed(2, (values, row, count) => {
        values[3 * count + row] = 4000;
      }),
    );
  });

  test("many of them, where the metadata says that it is YOLO's", () => {
    const many = changed(25, (values, row, count) => {
      values[3 * count + row] = -3;
    });
    expect(decodeDetections({ ...many, classes: [] })).not.toMatchObject({ head: "YOLO v8" });
    same({ ...many, metadata: declared });
  });

  test("a prediction that scores and has a size below zero is no box, and that is said", () => {
    const { boxes, notes } = decoded({
      ...changed(
        1,
        (values, row, count) => {
          values[2 * count + row] = -3;
        },
        true,
      ),
      metadata: declared,
    });
    expect(boxes.every(({ x0, x1, y0, y1 }) => x1 >= x0 && y1 >= y0)).toBe(true);
    expect(notes).toContain("Omitted: 1 prediction with a negative size.");
  });

  test("offsets in cells stay offsets", () => {
    expect(decoded(factsOf(named("yolox"))).why).toContain("offsets in cells");
  });
});

describe("a graph that selects its own boxes", () => {
  const facts = { ...factsOf(named("nonmaxsuppression")), suppression: { operator: "NonMaxSuppression", iou: 0.45 } };

  test("all are listed, and what its suppression is set to is said", () => {
    const { boxes, selection } = decoded({ ...facts, selection: { iou: 0.1 } });
    expect(boxes).toHaveLength(named("nonmaxsuppression").boxes.length);
    expect(selection).toMatchObject({ by: "graph" });
    expect(selection.said).toContain("NonMaxSuppression; drops an IoU over 0.45");
  });

  test("a score is a filter over them", () => {
    const { boxes, selection } = decoded({ ...facts, selection: { score: 0.5, iou: 0.1 } });
    const over = named("nonmaxsuppression").boxes.filter(({ score }) => score > 0.5);
    expect(over.length).toBeLessThan(named("nonmaxsuppression").boxes.length);
    expect(boxes.map(({ target }) => target)).toEqual(over.map(({ target }) => target));
    expect(selection).toMatchObject({ by: "graph", score: 0.5 });
  });

  test("settings are the operator's constants, or its attributes", async () => {
    const constants: Readonly<Record<string, readonly number[]>> = { most: [100], overlap: [0.5] };
    const read = (name: string): Promise<readonly number[] | undefined> => Promise.resolve(constants[name]);
    const onnx = {
      opType: "NonMaxSuppression",
      domain: "",
      attributes: {},
      inputs: ["boxes", "scores", "most", "overlap", "computed"],
    };
    await expect(suppressionSettings([onnx], read)).resolves.toEqual({
      operator: "NonMaxSuppression",
      iou: 0.5,
      perClass: 100,
    });
    const tensorrt = {
      opType: "EfficientNMS_TRT",
      domain: "TRT",
      inputs: [],
      attributes: {
        iou_threshold: { type: "float", value: 0.6 },
        score_threshold: { type: "float", value: 0.2 },
      } as const,
    };
    await expect(suppressionSettings([tensorrt], read)).resolves.toEqual({
      operator: "EfficientNMS_TRT",
      iou: 0.6,
      score: 0.2,
    });
  });
});
