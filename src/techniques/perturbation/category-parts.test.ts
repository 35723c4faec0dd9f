/**
 * A looked up integer is one part, whatever its input's shape: by hand, as Captum's FeatureAblation with one feature
 * mask per vector, and against [1, 1].
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Artifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import type { Job } from "../../protocol/job.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-category-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const [WIDTH, CLASSES] = [4, 3];
const noise = (count: number, shift: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + shift));
const TABLE = noise(7 * WIDTH, 1);
const ROW = [0.5, -1.5];
const product = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);
const readOf = (count: number): number[] => noise(count * WIDTH * CLASSES, 2);

/**
 * y = tanh(the vectors one after another)·read + row·r, with the integers in any shape; `flat`: they are looked up as a
 * list.
 */
function write(
  shape: readonly number[],
  { row = true, flat = false }: { readonly row?: boolean; readonly flat?: boolean } = {},
): string {
  const count = product(shape);
  return writeSmallModel(folder, `m${shape.join("x")}${row ? "" : "-alone"}${flat ? "-flat" : ""}.onnx`, {
    inputs: { ...(row ? { row: ["float32", 1, 2] } : {}), cat: ["int64", ...shape] },
    outputs: ["y"],
    nodes: [
      ...(flat ? [node("Reshape", ["cat", "list"], ["index"])] : []),
      node("Gather", ["E", flat ? "index" : "cat"], ["v"], { axis: int(0) }),
      node("Reshape", ["v", "whole"], ["f"]),
      node("Tanh", ["f"], ["t"]),
      node("MatMul", ["t", "read"], [row ? "a" : "y"]),
      ...(row ? [node("MatMul", ["row", "r"], ["b"]), node("Add", ["a", "b"], ["y"])] : []),
    ],
    weights: [
      weight("E", [7, WIDTH], TABLE),
      weight("read", [count * WIDTH, CLASSES], readOf(count)),
      weight("whole", [2], [1, -1], "int64"),
      ...(flat ? [weight("list", [1], [-1], "int64")] : []),
      ...(row ? [weight("r", [2, CLASSES], noise(2 * CLASSES, 3))] : []),
    ],
  });
}

function run(
  shape: readonly number[],
  technique: string,
  params: NonNullable<Job["params"]> = {},
  more: Parameters<typeof write>[1] = {},
): Promise<WholeResult> {
  const count = product(shape);
  const cat = writeArray(
    folder,
    `cat${shape.join("x")}.npy`,
    shape,
    Array.from({ length: count }, (_, place) => (4 + 2 * place) % 7),
    "int64",
  );
  const files: Readonly<Record<string, string>> =
    more.row === false ? { cat } : { row: writeArray(folder, "row.npy", [1, 2], ROW), cat };
  return runOn(models, write(shape, more), files, technique, { target: { index: [1] }, params });
}

/** By how much y[1] falls where an integer's whole vector is zero. */
function falls(count: number): number[] {
  const read = readOf(count);
  return Array.from({ length: count }, (_, place) => {
    const id = (4 + 2 * place) % 7;
    return Array.from(
      { length: WIDTH },
      (_, k) => Math.tanh(TABLE[id * WIDTH + k]) * read[(place * WIDTH + k) * CLASSES + 1],
    ).reduce((a, b) => a + b, 0);
  });
}

const artifactOf = ({ views: artifacts }: WholeResult, input?: string): Artifact =>
  artifacts.find((one) => input === undefined || ("input" in one && one.input === input))!;
/** The table's rows: a part each. */
function rowsOf(artifact: Artifact): number[] {
  if (artifact.kind !== "tokens") throw new Error(artifact.kind);
  return artifact.parts ? artifact.parts.map(({ value }) => value) : Array.from(artifact.values);
}
function expectNear(values: ArrayLike<number>, expected: readonly number[]): void {
  expect(values.length).toBe(expected.length);
  expected.forEach((value, at) => expect(values[at]).toBeCloseTo(value, 5));
}

const SINGLE: readonly (readonly number[])[] = [[1], [], [1, 1], [1, 1, 1]];
const SEVERAL: readonly [shape: readonly number[], more: Parameters<typeof write>[1]][] = [
  [[3], {}],
  [[3], { row: false }],
  [[1, 4], {}],
  [[1, 4], { flat: true }],
  [[1, 4], { flat: true, row: false }],
  [[1, 2, 3], {}],
  [[1, 2, 3], { row: false }],
];

describe.each(["feature-ablation", "occlusion"])("%s hides an integer's whole vector", (technique) => {
  it.each(
    SINGLE.flatMap(
      (shape) =>
        [
          [shape, true],
          [shape, false],
        ] as const,
    ),
  )("one integer [%s], beside a row: %s", async (shape, row) => {
    const result = await run(shape, technique, technique === "occlusion" ? { window: "1" } : {}, { row });
    expectNear(rowsOf(artifactOf(result, row ? "cat" : undefined)), falls(1));
    // Every element holds its part's effect, as Captum gives it.
    const numbers = row ? result.arrays!.find(({ name }) => name === "cat")! : result.arrays[0];
    expect(numbers.dims).toEqual([...shape, WIDTH]);
    expectNear(numbers.values, new Array<number>(WIDTH).fill(falls(1)[0]));
  });

  it.each(SEVERAL)("several [%s], %o", async (shape, more) => {
    const count = product(shape);
    const result = await run(shape, technique, {}, more);
    expectNear(rowsOf(artifactOf(result, more?.row === false ? undefined : "cat")), falls(count));
    const numbers = more?.row === false ? result.arrays[0] : result.arrays!.find(({ name }) => name === "cat")!;
    expectNear(
      numbers.values,
      falls(count).flatMap((fall) => new Array<number>(WIDTH).fill(fall)),
    );
  });
});

describe("one integer is one of the places that are compared", () => {
  it.each(["rise", "insertion-deletion", "infidelity", "sparseness", "sensitivity"])(
    "%s: the same numbers for [1], a scalar and [1, 1, 1] as for [1, 1]",
    async (technique) => {
      const params: NonNullable<Job["params"]> =
        technique === "insertion-deletion"
          ? { method: "feature-ablation", measure: "score" }
          : technique === "infidelity"
            ? { method: "feature-ablation", perturbation: "remove" }
            : technique === "rise"
              ? { masks: 64, score: "output" }
              : { method: "saliency" };
      const right = await run([1, 1], technique, params);
      for (const shape of SINGLE) {
        const result = await run(shape, technique, params);
        expectNear(result.arrays[0].values, Array.from(right.arrays[0].values));
        if (technique === "insertion-deletion") expect(result.arrays[0].dims).toEqual([2, 4]);
        if (technique === "rise")
          expectNear(
            result.arrays!.find(({ name }) => name === "cat")!.values,
            Array.from(right.arrays!.find(({ name }) => name === "cat")!.values),
          );
      }
    },
  );

  it.each(SEVERAL)("deletion counts two columns and [%s], %o", async (shape, more) => {
    const places = product(shape) + (more?.row === false ? 0 : 2);
    const result = await run(shape, "insertion-deletion", { method: "feature-ablation", measure: "score" }, more);
    // Of several inputs the row and the integers may each be checked by themselves.
    const steps = (result.arrays ?? [result.arrays[0]]).map(({ dims }) => dims[1] - 1).reduce((a, b) => a + b, 0);
    expect(steps).toBe(places);
  });

  it("one integer alone has no other places", async () => {
    for (const shape of SINGLE)
      await expect(run(shape, "rise", {}, { row: false })).rejects.toThrow(
        'RISE compares elements of the input with each other, and "cat"',
      );
  });

  it.each([
    "saliency",
    "integrated-gradients",
    "input-x-gradient",
    "lrp",
    "deeplift",
    "full-grad",
    "randomisation",
    "feature-maps",
    "layer-integrated-gradients",
  ])("%s runs on all shapes, and is the same", async (technique) => {
    const right = await run([1, 1], technique);
    for (const shape of SINGLE)
      expectNear((await run(shape, technique)).arrays[0].values, Array.from(right.arrays[0].values));
  });
});

it("a batch of categories is a batch: each entry has one part", async () => {
  const path = writeSmallModel(folder, "batch.onnx", {
    inputs: { cat: ["int64", "N"] },
    outputs: ["y"],
    nodes: [node("Gather", ["E", "cat"], ["v"]), node("Tanh", ["v"], ["t"]), node("MatMul", ["t", "read"], ["y"])],
    weights: [weight("E", [7, WIDTH], TABLE), weight("read", [WIDTH, CLASSES], readOf(1))],
  });
  const fall = (id: number): number =>
    Array.from({ length: WIDTH }, (_, k) => Math.tanh(TABLE[id * WIDTH + k]) * readOf(1)[k * CLASSES + 1]).reduce(
      (a, b) => a + b,
      0,
    );
  const {
    arrays: [raw],
  } = await runOn(models, path, writeArray(folder, "batch.npy", [3], [4, 2, 6], "int64"), "feature-ablation", {
    target: { index: [1] },
  });
  expect(raw.dims).toEqual([3, WIDTH]);
  expectNear(
    raw.values,
    [4, 2, 6].flatMap((id) => new Array<number>(WIDTH).fill(fall(id))),
  );
});
