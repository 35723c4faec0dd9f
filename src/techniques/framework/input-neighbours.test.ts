import { picturesOf } from "../../protocol/result.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNpyArray } from "../../draw/encode/npy.ts";
import { encodeNpz } from "../../draw/encode/npz.ts";
import type { Attribute, Node } from "../../model/graph.ts";
import type { HeatmapArtifact } from "../../protocol/artifacts.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-neighbours-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const npz = (
  name: string,
  arrays: Readonly<Record<string, readonly [dims: readonly number[], values: readonly number[]]>>,
): string => {
  const path = join(folder, name);
  writeFileSync(
    path,
    encodeNpz(
      Object.entries(arrays).map(([key, [dims, values]]) => ({ name: key, dims, values: Float32Array.from(values) })),
    ),
  );
  return path;
};
const numbers = (values: ArrayLike<number>, digits = 4): number[] =>
  Array.from(values, (value) => Number(value.toFixed(digits)));

/** y = [Σ a·x + (Σ z)², 0]: gradients a, and 2·Σz. */
function squares(
  name: string,
  dimsX: readonly (number | string)[],
  dimsZ: readonly (number | string)[],
  typeX: "float32" | "float64" | "float16" = "float32",
): string {
  return writeSmallModel(folder, name, {
    inputs: { x: [typeX, ...dimsX], z: ["float32", ...dimsZ] },
    outputs: ["y"],
    weights: [
      weight("a", [2], [2, -3]),
      weight("flat", [2], [1, -1], "int64"),
      weight("axis", [1], [1], "int64"),
      weight("none", [1, 1], [0]),
    ],
    nodes: [
      node("Cast", ["x"], ["xf"], { to: int(1) }),
      node("Mul", ["xf", "a"], ["ax"]),
      node("Reshape", ["ax", "flat"], ["fx"]),
      node("ReduceSum", ["fx", "axis"], ["sx"], { keepdims: int(1) }),
      node("Reshape", ["z", "flat"], ["fz"]),
      node("ReduceSum", ["fz", "axis"], ["sz"], { keepdims: int(1) }),
      node("Mul", ["sz", "sz"], ["zz"]),
      node("Add", ["sx", "zz"], ["s"]),
      node("Concat", ["s", "none"], ["y"], { axis: int(1) }),
    ],
  });
}
const target = { index: [0] };

describe("inputs of other types and shapes, explained together", () => {
  it.each([
    ["a double beside a float", [1, 2], [1, 3], "float64"],
    ["a half beside a float", [1, 2], [1, 3], "float16"],
    ["a state whose batch is its second axis", [1, 2], [2, 1, 3], "float32"],
    ["a number without axes", [1, 2], [], "float32"],
    ["a vector without a batch", [2], [1, 3], "float32"],
  ] as const)("%s", async (name, dimsX, dimsZ, type) => {
    const model = squares(`${name.replaceAll(" ", "-")}.onnx`, dimsX, dimsZ, type);
    const count = dimsZ.reduce<number>((product, dim) => product * dim, 1);
    const z = Array.from({ length: count }, (_, i) => i + 1);
    const sum = z.reduce((a, b) => a + b, 0);
    const input = { x: writeArray(folder, "x.npy", dimsX, [1, 4]), z: writeArray(folder, "z.npy", dimsZ, z) };
    const saliency = await runOn(models, model, input, "saliency", { target, params: { absolute: false } });
    expect(saliency.arrays).toMatchObject([
      { name: "x", dims: dimsX },
      { name: "z", dims: dimsZ },
    ]);
    expect(numbers(saliency.arrays![0].values)).toEqual([2, -3]);
    expect(numbers(saliency.arrays![1].values)).toEqual(z.map(() => 2 * sum));
    // Along a straight way from zero the square's share of each is z·Σz.
    const path = await runOn(models, model, input, "integrated-gradients", { target });
    expect(numbers(path.arrays![0].values, 2)).toEqual([2, -12]);
    expect(numbers(path.arrays![1].values, 2)).toEqual(z.map((value) => value * sum));
    const ablation = await runOn(models, model, input, "feature-ablation", { target, params: { grid: 1 } });
    expect(numbers(ablation.arrays![0].values, 2)).toEqual([2, -12]);
    if (dimsZ.length < 3)
      expect(numbers(ablation.arrays![1].values, 2)).toEqual(z.map((value) => sum ** 2 - (sum - value) ** 2));
    for (const technique of [
      "deeplift",
      "expected-gradients",
      "lrp",
      "guided-backprop",
      "input-x-gradient",
      "neuron-gradient",
    ]) {
      const { arrays: inputs } = await runOn(models, model, input, technique, {
        ...(technique === "neuron-gradient" ? { layer: "zz" } : { target }),
      });
      expect(inputs!.map(({ dims }) => dims)).toEqual([dimsX, dimsZ]);
    }
  });

  it("an input that the output does not depend on is named, and is none of them", async () => {
    const model = writeSmallModel(folder, "unused.onnx", {
      inputs: { x: ["float32", "N", 2], spare: ["float32", "N", 2] },
      outputs: ["y", "other"],
      nodes: [node("Neg", ["x"], ["y"]), node("Identity", ["spare"], ["other"])],
    });
    const input = npz("unused.npz", {
      x: [
        [1, 2],
        [1, 2],
      ],
      spare: [
        [1, 2],
        [3, 4],
      ],
    });
    for (const technique of ["saliency", "feature-ablation"]) {
      const {
        arrays: [raw],
        arrays: inputs,
        notExplained,
        notes,
      } = await runOn(models, model, input, technique, { target: { output: "y", index: [0] } });
      expect(inputs).toHaveLength(1);
      expect(raw).toMatchObject({ name: "x", dims: [1, 2] });
      expect(notExplained).toEqual([{ input: "spare", reason: 'the output "y" does not depend on it' }]);
      expect(notes.join(" ")).toContain('Not explained: "spare"');
    }
    await expect(
      runOn(models, model, input, "saliency", { target: { output: "y", index: [0] }, explain: ["spare"] }),
    ).rejects.toThrow(/does not depend on "spare"/);
  });

  it("sizes that the model leaves open stay open: a branch for others is not found wrong", async () => {
    // Where x has one column, it is squeezed away; a state of fixed sizes goes beside.
    const branch = (name: string, nodes: readonly Node[]): Attribute => ({
      type: "graph",
      value: {
        name,
        doc: "",
        inputs: [],
        outputs: [{ name: `${name}.y`, type: { kind: "unknown" } }],
        nodes,
        initializers: [],
        sparseInitializers: [],
        valueInfo: [],
      },
    });
    const model = writeSmallModel(folder, "branches.onnx", {
      inputs: { x: ["float32", "N", "T"], h: ["float32", 2, "N", 1], rate: ["int64"] },
      outputs: ["y"],
      weights: [
        weight("fast", [], [16], "int64"),
        weight("axis", [1], [1], "int64"),
        weight("flat", [2], [1, -1], "int64"),
        weight("one", [1], [1], "int64"),
      ],
      nodes: [
        node("Equal", ["rate", "fast"], ["is"]),
        node("If", ["is"], ["b"], {
          then_branch: branch("then", [node("ReduceSum", ["x", "axis"], ["then.y"], { keepdims: int(1) })]),
          else_branch: branch("else", [
            node("Squeeze", ["x", "axis"], ["else.s"]),
            node("Unsqueeze", ["else.s", "one"], ["else.y"]),
          ]),
        }),
        node("Reshape", ["h", "flat"], ["f"]),
        node("ReduceSum", ["f", "axis"], ["g"], { keepdims: int(1) }),
        node("Mul", ["b", "g"], ["y"]),
      ],
    });
    const path = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const input = {
      x: writeArray(folder, "open-x.npy", [1, 3], [1, 2, 3]),
      h: writeArray(folder, "open-h.npy", [2, 1, 1], [4, 5]),
      rate: path("rate.npy", encodeNpyArray([], "int64", new Uint8Array(BigInt64Array.of(16n).buffer))),
    };
    const { arrays: inputs, notExplained } = await runOn(models, model, input, "saliency", {
      target,
      params: { absolute: false },
    });
    expect(inputs!.map(({ name, values }) => [name, [...values]])).toEqual([
      ["x", [9, 9, 9]],
      ["h", [6, 6]],
    ]);
    expect(notExplained).toMatchObject([{ input: "rate" }]);
  });

  it("a person's choice holds the others", async () => {
    const model = squares("choice.onnx", ["N", 2], ["N", 3]);
    const input = npz("choice.npz", {
      x: [
        [1, 2],
        [1, 4],
      ],
      z: [
        [1, 3],
        [1, 2, 3],
      ],
    });
    const {
      arrays: [raw],
      arrays: inputs,
      provenance,
      notExplained,
    } = await runOn(models, model, input, "integrated-gradients", { target, explain: ["z"] });
    expect(inputs).toHaveLength(1);
    expect(raw.name).toBe("z");
    expect(numbers(raw.values, 2)).toEqual([6, 12, 18]);
    expect(provenance.explained).toEqual(["z"]);
    expect(notExplained).toMatchObject([{ input: "x" }]);
    await expect(runOn(models, model, input, "saliency", { explain: ["w"] })).rejects.toThrow(
      /no input "w".*Its inputs are x, z|no input "w"/,
    );
  });

  it("several rows at once, each by itself", async () => {
    const model = squares("rows.onnx", ["N", 2], ["N", 3]).replace("rows", "rows");
    // Reshape [1, −1] mixes rows: a model that keeps them apart.
    const apart = writeSmallModel(folder, "apart.onnx", {
      inputs: { x: ["float32", "N", 2], z: ["float32", "N", 2] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "z"], ["y"])],
    });
    const input = npz("apart.npz", {
      x: [
        [2, 2],
        [1, 2, 3, 4],
      ],
      z: [
        [2, 2],
        [5, 6, 7, 8],
      ],
    });
    const { arrays: inputs } = await runOn(models, apart, input, "input-x-gradient", { target: { index: [1] } });
    expect(inputs).toMatchObject([
      { name: "x", dims: [2, 2] },
      { name: "z", dims: [2, 2] },
    ]);
    expect(numbers(inputs![0].values)).toEqual([0, 12, 0, 32]);
    expect(numbers(inputs![1].values)).toEqual([0, 12, 0, 32]);
    expect(model).toContain("rows");
  });

  it("the mean over several samples, input by input", async () => {
    const model = squares("mean.onnx", ["N", 2], ["N", 3]);
    const [one, two] = [
      npz("one.npz", {
        x: [
          [1, 2],
          [1, 4],
        ],
        z: [
          [1, 3],
          [1, 2, 3],
        ],
      }),
      npz("two.npz", {
        x: [
          [1, 2],
          [3, 0],
        ],
        z: [
          [1, 3],
          [0, 0, 2],
        ],
      }),
    ];
    const { arrays: inputs } = await runOn(models, model, one, "input-x-gradient", { target, more: [{ "": two }] });
    expect(numbers(inputs![0].values)).toEqual([4, -6]);
    expect(numbers(inputs![1].values)).toEqual([6, 12, 22]);
  });

  it("two pictures: a map over each one's own", async () => {
    const model = writeSmallModel(folder, "pair.onnx", {
      inputs: { left: ["float32", 1, 3, 4, 4], right: ["float32", 1, 3, 4, 4] },
      outputs: ["y"],
      weights: [weight("axes", [3], [1, 2, 3], "int64"), weight("one", [1], [1], "int64")],
      nodes: [
        node("Sub", ["left", "right"], ["d"]),
        node("Mul", ["d", "d"], ["q"]),
        node("ReduceSum", ["q", "axes"], ["s"], { keepdims: int(0) }),
        node("Unsqueeze", ["s", "one"], ["y"]),
      ],
    });
    const picture = (from: number): number[] => Array.from({ length: 48 }, (_, i) => (i % 7) / 7 + from);
    const input = npz("pair.npz", { left: [[1, 3, 4, 4], picture(0)], right: [[1, 3, 4, 4], picture(0.5)] });
    const recipe = { version: 1 as const, inputs: {} };
    const result = await runOn(models, model, input, "saliency", { target, recipe });
    const { views: artifacts, arrays: inputs } = result;
    const maps = artifacts.filter((one): one is HeatmapArtifact => one.kind === "heatmap");
    expect(maps.map((map) => map.input)).toEqual(["left", "right"]);
    expect(new Set(artifacts.map(({ id }) => id)).size).toBe(artifacts.length);
    expect(numbers(inputs![0].values)).toEqual(numbers(inputs![1].values));
    const pictures = picturesOf(result).map(({ id }) => id);
    for (const map of maps) if (map.over !== undefined) expect(pictures).toContain(map.over);
  });
});

describe("noise and boxes are each input's own", () => {
  it("SmoothGrad moves each input by a fraction of its own range", async () => {
    const model = writeSmallModel(folder, "noise.onnx", {
      inputs: { x: ["float32", 1, 2], z: ["float32", 1, 2] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["xx"]), node("Mul", ["z", "z"], ["zz"]), node("Add", ["xx", "zz"], ["y"])],
    });
    const input = npz("noise.npz", {
      x: [
        [1, 2],
        [0, 1],
      ],
      z: [
        [1, 2],
        [0, 100],
      ],
    });
    const { arrays: inputs } = await runOn(models, model, input, "saliency", {
      target,
      params: { absolute: false, samples: 1000, noise: 0.1, noise_type: "vargrad" },
    });
    // ∂y₀/∂x₀ = 2·x₀ with x₀ ~ N(0, (0.1·range)²): variance 4·0.01·range².
    expect(inputs![0].values[0]).toBeCloseTo(0.04, 2);
    expect(inputs![1].values[0] / 400).toBeGreaterThan(0.85);
    expect(inputs![1].values[0] / 400).toBeLessThan(1.15);
  });

  it("zbox takes each input's lowest and highest value", async () => {
    const linear = (name: string, inputs: readonly string[]): string =>
      writeSmallModel(folder, name, {
        inputs: Object.fromEntries(inputs.map((input) => [input, ["float32", 1, 2] as const])),
        outputs: ["y"],
        weights: [weight("w", [inputs.length * 2, 1], [1, -1, 2, 0.5].slice(0, inputs.length * 2))],
        nodes:
          inputs.length === 1
            ? [node("MatMul", [inputs[0], "w"], ["y"])]
            : [node("Concat", inputs, ["c"], { axis: int(1) }), node("MatMul", ["c", "w"], ["y"])],
      });
    const input = npz("box.npz", {
      x: [
        [1, 2],
        [-1, 3],
      ],
      z: [
        [1, 2],
        [10, 20],
      ],
    });
    const { arrays: inputs } = await runOn(models, linear("box.onnx", ["x", "z"]), input, "lrp", {
      params: { rule: "zbox" },
    });
    // Montavon et al. 2017: (x·w − l·w⁺ − h·w⁻) / Σ of these, times y = −1 − 3 + 20 + 10 = 26; l, h of x −1 and 3, of z
    // 10 and 20.
    const parts = [-1 * 1 - -1 * 1, 3 * -1 - 3 * -1, 10 * 2 - 10 * 2, 20 * 0.5 - 10 * 0.5];
    const total = parts.reduce((a, b) => a + b, 0);
    expect(numbers([...inputs![0].values, ...inputs![1].values], 3)).toEqual(
      parts.map((part) => Number(((26 * part) / total).toFixed(3)) + 0),
    );
  });
});

describe("baselines for several inputs", () => {
  const model = (): string => squares("baseline.onnx", ["N", 2], ["N", 3]);
  const input = (): string =>
    npz("given.npz", {
      x: [
        [1, 2],
        [1, 4],
      ],
      z: [
        [1, 3],
        [1, 2, 3],
      ],
    });

  it("an archive with an array for each; one that lacks an input says what that one gets", async () => {
    const both = npz("both.npz", {
      x: [
        [1, 2],
        [1, 1],
      ],
      z: [
        [1, 3],
        [1, 1, 1],
      ],
    });
    const { arrays: inputs } = await runOn(models, model(), input(), "integrated-gradients", {
      target,
      params: { baseline: both },
    });
    expect(numbers(inputs![0].values, 3)).toEqual([0, -9]);
    expect(numbers(inputs![1].values, 2)).toEqual([0, 9, 18]);
    const half = await runOn(models, model(), input(), "integrated-gradients", {
      target,
      params: {
        baseline: npz("half.npz", {
          x: [
            [1, 2],
            [1, 1],
          ],
        }),
      },
    });
    expect(numbers(half.arrays![1].values, 2)).toEqual([6, 12, 18]);
    expect(half.notes.join(" ")).toContain('has no baseline for "z"');
  });

  it("what would not be used is refused", async () => {
    const run = (baseline: string, explain?: readonly string[]) =>
      runOn(models, model(), input(), "integrated-gradients", {
        target,
        params: { baseline },
        ...(explain ? { explain } : {}),
      });
    await expect(
      run(
        npz("more.npz", {
          x: [
            [1, 2],
            [1, 1],
          ],
          z: [
            [1, 3],
            [1, 1, 1],
          ],
          w: [[1], [1]],
        }),
      ),
    ).rejects.toThrow(/an array "w", but the model has no input of that name/);
    await expect(run(writeArray(folder, "lone.npy", [1, 2], [1, 1]))).rejects.toThrow(
      /"lone.npy" is a baseline for one input, and 2 are explained/,
    );
    await expect(
      run(
        npz("shape.npz", {
          x: [
            [1, 3],
            [1, 1, 1],
          ],
          z: [
            [1, 3],
            [1, 1, 1],
          ],
        }),
      ),
    ).rejects.toThrow(/"x"|\[1, 3\]/);
    const chosen = await run(
      npz("chosen.npz", {
        x: [
          [1, 2],
          [1, 1],
        ],
        z: [
          [1, 3],
          [1, 1, 1],
        ],
      }),
      ["z"],
    );
    expect(chosen.notes.join(" ")).toMatch(/"x" is not explained and is not changed: its baseline .* is not used/);
  });
});

describe("tokens with what goes along with them", () => {
  it("a mask and sentence numbers are no explained inputs, and it is said why; a person can ask for them", async () => {
    const path = writeSmallModel(folder, "bert.onnx", {
      inputs: { input_ids: ["int64", 1, 3], attention_mask: ["int64", 1, 3], token_type_ids: ["int64", 1, 3] },
      outputs: ["y"],
      weights: [
        weight("words", [5, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        weight("types", [2, 2], [1, 0, 0, 1]),
        weight("last", [1], [-1], "int64"),
        weight("axis", [1], [1], "int64"),
      ],
      nodes: [
        node("Gather", ["words", "input_ids"], ["v"]),
        node("Gather", ["types", "token_type_ids"], ["t"]),
        node("Add", ["v", "t"], ["e"]),
        node("Cast", ["attention_mask"], ["m"], { to: int(1) }),
        node("Unsqueeze", ["m", "last"], ["u"]),
        node("Mul", ["e", "u"], ["k"]),
        node("ReduceSum", ["k", "axis"], ["y"], { keepdims: int(0) }),
      ],
    });
    const input = {
      input_ids: writeArray(folder, "ids.npy", [1, 3], [1, 2, 0], "int64"),
      attention_mask: writeArray(folder, "mask.npy", [1, 3], [1, 1, 0], "int64"),
      token_type_ids: writeArray(folder, "types.npy", [1, 3], [0, 1, 1], "int64"),
    };
    const {
      arrays: [raw],
      arrays: inputs,
      notExplained,
    } = await runOn(models, path, input, "saliency", { target });
    expect(inputs).toHaveLength(1);
    expect(raw).toMatchObject({ name: "input_ids", dims: [1, 3, 2] });
    expect(notExplained).toEqual([
      { input: "attention_mask", reason: "it is a mask of tokens" },
      { input: "token_type_ids", reason: "it gives the sentence that each token belongs to" },
    ]);
    const asked = await runOn(models, path, input, "input-x-gradient", {
      target,
      explain: ["input_ids", "token_type_ids"],
    });
    expect(asked.arrays!.map(({ name }) => name)).toEqual(["input_ids", "token_type_ids"]);
    const mask = await runOn(models, path, input, "feature-ablation", { target, explain: ["attention_mask"] });
    expect(numbers(mask.arrays[0].values)).toEqual([3, 4, 0]);
    const held = { baseline: join(folder, "held.npz") };
    writeFileSync(
      join(folder, "ignored.npy"),
      encodeNpyArray([1, 3], "int64", new Uint8Array(BigInt64Array.of(0n, 0n, 0n).buffer)),
    );
    writeFileSync(
      held.baseline,
      encodeNpz([
        { name: "input_ids", dims: [1, 3], values: Float32Array.of(0, 0, 0) },
        { name: "attention_mask", dims: [1, 3], values: Float32Array.of(0, 0, 0) },
      ]),
    );
    await expect(runOn(models, path, input, "integrated-gradients", { target, params: held })).rejects.toThrow(
      /baseline for "attention_mask", which is not explained/,
    );
  });
});
