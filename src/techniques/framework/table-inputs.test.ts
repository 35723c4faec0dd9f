/**
 * RISE and the checks on tables that come as several inputs, categories among them: against the same table as one
 * input, and by hand.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Params } from "../../protocol/technique.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";

const models = new ModelCache();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-table-inputs-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const COLUMNS = ["age", "height", "weight", "income"];
const ROW = [0.5, 1.2, -0.3, 2];
const FACTORS = [0.4, -0.2, 0.9, 0.1, 0.3, 0.8, -0.5, 0.2, 0.7, 0.6, 0.1, -0.9];

/** logits = tanh(row · W), W [4, 3]; the row is one input, or an input for each column. */
function table(name: string, columns: readonly string[] | undefined): string {
  const head: SmallModel["nodes"] = columns
    ? [node("Concat", columns, ["row"], { axis: { type: "int", value: 1 } })]
    : [];
  return writeSmallModel(folder, name, {
    inputs: columns
      ? Object.fromEntries(columns.map((column) => [column, ["float32", "N", 1] as const]))
      : { row: ["float32", "N", 4] },
    outputs: ["logits"],
    nodes: [...head, node("MatMul", ["row", "W"], ["h"]), node("Tanh", ["h"], ["logits"])],
    weights: [weight("W", [4, 3], FACTORS)],
  });
}

const inputs = (): Record<string, string> =>
  Object.fromEntries(COLUMNS.map((column, i) => [column, writeArray(folder, `${column}.npy`, [1, 1], [ROW[i]])]));
const asOne = (technique: string, params: Params) =>
  runOn(models, table("one.onnx", undefined), writeArray(folder, "row.npy", [1, 4], ROW), technique, {
    target: { index: [1] },
    params,
  });
const asFour = (technique: string, params: Params) =>
  runOn(models, table("four.onnx", COLUMNS), inputs(), technique, { target: { index: [1] }, params });

describe("a table that comes as an input for each column is one table", () => {
  it("RISE hides columns of all inputs at once: the numbers are those of the table as one input", async () => {
    const params = { masks: 200, seed: 3 };
    const [one, four] = [await asOne("rise", params), await asFour("rise", params)];
    expect(four.arrays!.map(({ name, dims }) => [name, dims])).toEqual(COLUMNS.map((column) => [column, [1, 1]]));
    expect(four.arrays!.flatMap(({ values }) => [...values])).toEqual([...one.arrays[0].values]);
    expect(new Set(one.arrays[0].values).size).toBe(4);
    expect(four.notes.join(" ")).toContain("changed together, as columns of one table: age, height, weight, income");
    expect(
      four.views
        .filter(({ kind }) => kind === "bars")
        .slice(0, 4)
        .map((artifact) => ("input" in artifact ? artifact.input : undefined)),
    ).toEqual(COLUMNS);
  });

  it.each(["insertion-deletion", "infidelity", "sensitivity", "sparseness", "randomisation"])(
    "%s gives the numbers of the table as one input",
    async (technique) => {
      for (const method of ["saliency", "integrated-gradients", "feature-ablation", "occlusion"]) {
        const params = { method, ...(method === "occlusion" ? { options: "window=1; stride=1" } : {}) };
        const [one, four] = [await asOne(technique, params), await asFour(technique, params)];
        expect(four.arrays[0].dims).toEqual(one.arrays[0].dims);
        four.arrays[0].values.forEach((value, i) => expect(value).toBeCloseTo(one.arrays[0].values[i], 5));
      }
    },
  );

  it("one number alone has no places to compare: RISE, deletion, and ROAD say so by the input's own name", async () => {
    const path = writeSmallModel(folder, "single.onnx", {
      inputs: { dose: ["float32", "N", 1] },
      outputs: ["y"],
      nodes: [node("Tanh", ["dose"], ["y"])],
    });
    const dose = writeArray(folder, "dose.npy", [1, 1], [0.5]);
    await expect(runOn(models, path, dose, "rise", { target: { index: [0] } })).rejects.toThrow(
      'RISE compares elements of the input with each other, and "dose" [1, 1] has only one.',
    );
    await expect(runOn(models, path, dose, "insertion-deletion", { target: { index: [0] } })).rejects.toThrow(
      /"dose" \[1, 1\] has only one/,
    );
    await expect(runOn(models, path, dose, "road", { target: { index: [0] } })).rejects.toThrow(
      /"dose" \[1, 1\] is not an image/,
    );
  });
});

describe("one table is the baseline of several inputs", () => {
  const rows = Object.fromEntries(COLUMNS.map((column) => [column, { kind: "row" as const }]));
  const BASE = [0.1, 0.2, 0.3, 0.4];
  const csv = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const baselines = (): string =>
    csv("base.csv", `income,weight,height,age\n9,9,9,9\n${[...BASE].reverse().join(",")}\n`);
  const explain = (baseline: string, more: { explain?: string[]; technique?: string } = {}) =>
    runOn(
      models,
      table("four.onnx", COLUMNS),
      { "": csv("rows.csv", `${COLUMNS.join(",")}\n${ROW.join(",")}\n`) },
      more.technique ?? "integrated-gradients",
      {
        target: { index: [1] },
        recipe: { version: 1, inputs: rows },
        params: { baseline },
        ...(more.explain ? { explain: more.explain } : {}),
      },
    );

  it.each(["integrated-gradients", "feature-ablation", "deeplift"])(
    "%s: the numbers of the array of the table as one input",
    async (technique) => {
      const one = await runOn(
        models,
        table("one.onnx", undefined),
        writeArray(folder, "row.npy", [1, 4], ROW),
        technique,
        { target: { index: [1] }, params: { baseline: writeArray(folder, "base.npy", [1, 4], BASE) } },
      );
      const four = await explain(`${baselines()}#1`, { technique });
      four.arrays!.forEach(({ values }, i) => expect(values[0]).toBeCloseTo(one.arrays[0].values[i], 6));
      expect(four.notes.join(" ")).toContain("Baseline: Columns by name, one per input: age, height, weight, income.");
    },
  );

  it("columns of inputs that are not explained are named, and a table of the explained ones alone will do", async () => {
    const {
      arrays: [raw],
      notes,
    } = await explain(`${baselines()}#1`, { explain: ["weight"] });
    expect(notes.join(" ")).toContain('"age" is not explained and is not changed');
    const alone = await explain(csv("weight.csv", "weight\n0.3\n"), { explain: ["weight"] });
    expect([...alone.arrays[0].values]).toEqual([...raw.values]);
  });

  it("a column that is missing is named; lists by name in .json may leave inputs out, which is said", async () => {
    await expect(explain(csv("two.csv", "age,height\n1,2\n"))).rejects.toThrow(
      /No column is named like the input "weight"/,
    );
    const { notes } = await explain(csv("some.json", '{ "age": [1], "weight": [2] }'));
    expect(notes.join(" ")).toContain('"some.json" has no baseline for "height": the default is used.');
  });

  it("one array is still one input's", async () => {
    await expect(explain(writeArray(folder, "base.npy", [1, 4], BASE))).rejects.toThrow(
      /"base.npy" is a baseline for one input, and 4 are explained: age, height, weight, income/,
    );
  });
});

describe("categories beside a row", () => {
  const [A, B] = [
    [0, 0, 1, 2, -1, 3],
    [0, 2, -2],
  ];
  /** y = Σ A[a] + Σ B[b] + x · (1, 10): the effect of a column is what it adds. */
  const path = (): string =>
    writeSmallModel(folder, "categories.onnx", {
      inputs: { kinds: ["int64", "N", 2], x: ["float32", "N", 2] },
      outputs: ["y"],
      nodes: [
        node("Split", ["kinds", "halves"], ["first", "second"], { axis: { type: "int", value: 1 } }),
        node("Gather", ["A", "first"], ["va"]),
        node("Gather", ["B", "second"], ["vb"]),
        node("ReduceSum", ["va", "last"], ["sa"], { keepdims: { type: "int", value: 0 } }),
        node("ReduceSum", ["vb", "last"], ["sb"], { keepdims: { type: "int", value: 0 } }),
        node("MatMul", ["x", "W"], ["sx"]),
        node("Add", ["sa", "sb"], ["s"]),
        node("Add", ["s", "sx"], ["y"]),
      ],
      weights: [
        weight("A", [3, 2], A),
        weight("B", [3, 1], B),
        weight("W", [2, 1], [1, 10]),
        weight("halves", [2], [1, 1], "int64"),
        weight("last", [1], [-1], "int64"),
      ],
    });
  const given = (): Record<string, string> => ({
    kinds: writeArray(folder, "kinds.npy", [1, 2], [1, 2], "int64"),
    x: writeArray(folder, "xs.npy", [1, 2], [5, 0.5]),
  });

  it.each(["rise", "feature-ablation", "occlusion", "saliency"])(
    "%s can be checked by infidelity and deletion, on the categories as well",
    async (method) => {
      for (const technique of ["infidelity", "insertion-deletion"]) {
        const { arrays: found, notExplained } = await runOn(models, path(), given(), technique, {
          target: { index: [0] },
          params: { method, ...(technique === "infidelity" ? { perturbation: "remove" } : {}) },
        });
        expect(notExplained).toEqual([]);
        expect(found!.map(({ name }) => name)).toEqual(["kinds", "x"]);
      }
    },
  );

  it("what a method marks most is removed first: deletion ends without the categories, insertion with them", async () => {
    // A[1] sums to 3, B[2] is −2; categories 0 are zero; x adds 5 + 5 all the time.
    for (const method of ["feature-ablation", "rise"]) {
      const { arrays: found } = await runOn(models, path(), given(), "insertion-deletion", {
        target: { index: [0] },
        params: { method, measure: "score" },
      });
      expect([...found![0].values]).toEqual([10, 13, 11, 11, 8, 10]);
    }
  });

  it("messages name the model's inputs", async () => {
    await expect(runOn(models, path(), given(), "road", { target: { index: [0] } })).rejects.toThrow(
      '"kinds" [1, 2] is not an image.',
    );
  });
});

it("a text with its tokens in front of the batch axis is one sample", async () => {
  const path = writeSmallModel(folder, "tokens-first.onnx", {
    inputs: { ids: ["int64", "L", "N"], x: ["float32", "N", 2] },
    outputs: ["y"],
    nodes: [
      node("Gather", ["E", "ids"], ["v"]),
      node("ReduceSum", ["v", "first"], ["s"], { keepdims: { type: "int", value: 0 } }),
      node("Add", ["s", "x"], ["y"]),
    ],
    weights: [weight("E", [4, 2], [0, 0, 1, 2, 4, 8, 16, 32]), weight("first", [1], [0], "int64")],
  });
  const given = {
    ids: writeArray(folder, "ids.npy", [3, 1], [1, 3, 2], "int64"),
    x: writeArray(folder, "x2.npy", [1, 2], [0, 0]),
  };
  const { arrays: found, notExplained } = await runOn(models, path, given, "insertion-deletion", {
    target: { index: [1] },
    params: { method: "feature-ablation", measure: "score" },
  });
  expect(notExplained).toEqual([]);
  // Tokens 3, 2, 1 add 32, 8 and 2: insertion from nothing, deletion from all.
  expect([...found![0].values]).toEqual([0, 32, 40, 42, 42, 10, 2, 0]);
});

it("FullGrad takes dense layers and normalizations without a bias", async () => {
  const path = writeSmallModel(folder, "no-bias.onnx", {
    inputs: { x: ["float32", "N", 2] },
    outputs: ["y"],
    nodes: [
      node("Gemm", ["x", "W"], ["h"]),
      node("LayerNormalization", ["h", "scale"], ["n"]),
      node("Gemm", ["n", "V"], ["y"]),
    ],
    weights: [
      weight("W", [2, 3], [1, 2, 3, -1, 0.5, 2]),
      weight("scale", [3], [1, 1, 1]),
      weight("V", [3, 1], [1, -2, 0.5]),
    ],
  });
  const {
    arrays: [raw],
  } = await runOn(models, path, writeArray(folder, "x.npy", [1, 2], [1, -2]), "full-grad", { target: { index: [0] } });
  expect(raw.values).toHaveLength(2);
});
