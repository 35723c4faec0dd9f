import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node, TensorRef } from "../../model/graph.ts";
import type { TokensArtifact } from "../../protocol/artifacts.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import {
  int,
  node,
  runOn,
  weight,
  writeArray,
  writeSmallModel,
  type SmallModel,
} from "../../../test/support/models.ts";

const models = new ModelCache();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-integers-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Six words of three numbers, quantised with scale 0.5 and zero point 2: what every variant below looks up. */
const ROWS = 6;
const QUANTISED = [2, 5, 1, 4, 0, 7, 9, 2, 3, 2, 2, 6, 1, 8, 2, 7, 7, 0];
const TABLE = QUANTISED.map((value) => (value - 2) * 0.5);
const IDENTITY = Array.from({ length: ROWS * ROWS }, (_, i) => (i % (ROWS + 1) === 0 ? 1 : 0));
const W1 = [0.5, -1, 0.25, 1, 0.5, -0.75];
const W2 = [1, -2, 0.5, 1.5];
const IDS = [3, 0, 5, 2];

/** The words' vectors `v` [N, T, 3] through a layer with Relu, whose mean makes two scores. */
const after: readonly Node[] = [
  node("MatMul", ["v", "w1"], ["h"]),
  node("Relu", ["h"], ["r"]),
  node("ReduceMean", ["r"], ["m"], { axes: { type: "ints", value: [1] }, keepdims: int(0) }),
  node("MatMul", ["m", "w2"], ["y"]),
];
const weights = [weight("w1", [3, 2], W1), weight("w2", [2, 2], W2)];

interface Variant {
  readonly nodes: readonly Node[];
  readonly weights?: readonly TensorRef[];
  readonly opset?: number;
  readonly domains?: SmallModel["domains"];
  readonly ids?: readonly number[];
  readonly type?: "int64" | "int32";
}

const scalar = (
  name: string,
  value: number,
  type: "float32" | "int8" | "uint8" | "int64" | "int32" = "float32",
): TensorRef => weight(name, [], [value], type);
const float = weight("table", [ROWS, 3], TABLE);
const bytes = weight("q", [ROWS, 3], QUANTISED, "uint8");
const scales = [scalar("scale", 0.5), scalar("zero", 2, "uint8")];

const VARIANTS: Readonly<Record<string, Variant>> = {
  "a table": { nodes: [node("Gather", ["table", "ids"], ["v"])], weights: [float] },
  "a quantised table, dequantised after": {
    nodes: [node("Gather", ["q", "ids"], ["g"]), node("DequantizeLinear", ["g", "scale", "zero"], ["v"])],
    weights: [bytes, ...scales],
  },
  "a quantised table, dequantised before": {
    nodes: [node("DequantizeLinear", ["q", "scale", "zero"], ["t"]), node("Gather", ["t", "ids"], ["v"])],
    weights: [bytes, ...scales],
  },
  "a table quantised by columns": {
    nodes: [
      node("Gather", ["q", "ids"], ["g"]),
      node("DequantizeLinear", ["g", "each", "zeros"], ["v"], { axis: int(2) }),
    ],
    weights: [bytes, weight("each", [3], [0.5, 0.5, 0.5]), weight("zeros", [3], [2, 2, 2], "uint8")],
  },
  "a table dequantised by hand": {
    nodes: [
      node("Gather", ["q", "ids"], ["g"]),
      node("Cast", ["g"], ["c"], { to: int(1) }),
      node("Sub", ["c", "off"], ["s"]),
      node("Mul", ["s", "scale"], ["v"]),
    ],
    weights: [bytes, scales[0], scalar("off", 2)],
  },
  "ONNX Runtime's table quantised in blocks": {
    nodes: [
      node(
        "GatherBlockQuantized",
        ["wide", "ids", "scales", "zeros"],
        ["g"],
        { gather_axis: int(0), quantize_axis: int(1), block_size: int(16), bits: int(8) },
        "com.microsoft",
      ),
      node("Slice", ["g", "from", "to", "axis"], ["v"]),
    ],
    weights: [
      weight(
        "wide",
        [ROWS, 16],
        Array.from({ length: ROWS * 16 }, (_, i) => (i % 16 < 3 ? QUANTISED[Math.floor(i / 16) * 3 + (i % 16)] : 2)),
        "uint8",
      ),
      weight("scales", [ROWS, 1], new Array<number>(ROWS).fill(0.5)),
      weight("zeros", [ROWS, 1], new Array<number>(ROWS).fill(2), "uint8"),
      weight("from", [1], [0], "int64"),
      weight("to", [1], [3], "int64"),
      weight("axis", [1], [2], "int64"),
    ],
    domains: { "com.microsoft": 1 },
  },
  "a table through Identity and Cast": {
    nodes: [
      node("Identity", ["table"], ["i"]),
      node("Cast", ["i"], ["d"], { to: int(11) }),
      node("Cast", ["d"], ["t"], { to: int(1) }),
      node("Gather", ["t", "ids"], ["v"]),
    ],
    weights: [float],
  },
  "a table that lies transposed": {
    nodes: [
      node("Transpose", ["turned"], ["t"], { perm: { type: "ints", value: [1, 0] } }),
      node("Gather", ["t", "ids"], ["v"]),
    ],
    weights: [
      weight(
        "turned",
        [3, ROWS],
        Array.from({ length: 18 }, (_, i) => TABLE[(i % ROWS) * 3 + Math.floor(i / ROWS)]),
      ),
    ],
  },
  "columns of a table that lies transposed": {
    nodes: [
      node("Gather", ["turned", "ids"], ["g"], { axis: int(1) }),
      node("Transpose", ["g"], ["v"], { perm: { type: "ints", value: [1, 2, 0] } }),
    ],
    weights: [
      weight(
        "turned",
        [3, ROWS],
        Array.from({ length: 18 }, (_, i) => TABLE[(i % ROWS) * 3 + Math.floor(i / ROWS)]),
      ),
    ],
  },
  "numbers of another type": {
    nodes: [node("Cast", ["ids"], ["i"], { to: int(6) }), node("Gather", ["table", "i"], ["v"])],
    weights: [float],
  },
  "int32 numbers": { nodes: [node("Gather", ["table", "ids"], ["v"])], weights: [float], type: "int32" },
  "numbers that are clipped": {
    nodes: [
      node("Cast", ["ids"], ["f"], { to: int(1) }),
      node("Clip", ["f", "low", "high"], ["c"]),
      node("Cast", ["c"], ["i"], { to: int(7) }),
      node("Gather", ["table", "i"], ["v"]),
    ],
    weights: [float, scalar("low", 0), scalar("high", 5)],
  },
  "numbers with an offset": {
    nodes: [
      node("Sub", ["ids", "ten"], ["s"]),
      node("Add", ["s", "none"], ["i"]),
      node("Gather", ["table", "i"], ["v"]),
    ],
    weights: [float, scalar("ten", 10, "int64"), scalar("none", 0, "int64")],
    ids: IDS.map((id) => id + 10),
  },
  "numbers for other numbers": {
    nodes: [node("Gather", ["other", "ids"], ["i"]), node("Gather", ["table", "i"], ["v"])],
    weights: [float, weight("other", [ROWS], [5, 4, 3, 2, 1, 0], "int64")],
    ids: IDS.map((id) => 5 - id),
  },
  "numbers, unknown ones replaced": {
    nodes: [
      node("Less", ["ids", "none"], ["below"]),
      node("Where", ["below", "none", "ids"], ["i"]),
      node("Gather", ["table", "i"], ["v"]),
    ],
    weights: [float, scalar("none", 0, "int64")],
  },
  "one-hot vectors times a table": {
    nodes: [node("OneHot", ["ids", "depth", "values"], ["o"]), node("MatMul", ["o", "table"], ["v"])],
    weights: [float, scalar("depth", ROWS, "int64"), weight("values", [2], [0, 1])],
  },
  "one-hot vectors by channels": {
    nodes: [
      node("OneHot", ["ids", "depth", "values"], ["o"], { axis: int(1) }),
      node("Transpose", ["o"], ["p"], { perm: { type: "ints", value: [0, 2, 1] } }),
      node("MatMul", ["p", "table"], ["v"]),
    ],
    weights: [float, scalar("depth", ROWS, "int64"), weight("values", [2], [0, 1])],
  },
  "one-hot vectors by comparison": {
    nodes: [
      node("Unsqueeze", ["ids", "last"], ["u"]),
      node("Range", ["none", "depth", "one"], ["all"]),
      node("Equal", ["u", "all"], ["e"]),
      node("Cast", ["e"], ["o"], { to: int(1) }),
      node("MatMul", ["o", "table"], ["v"]),
    ],
    weights: [
      float,
      weight("last", [1], [-1], "int64"),
      scalar("none", 0, "int64"),
      scalar("depth", ROWS, "int64"),
      scalar("one", 1, "int64"),
    ],
  },
  "rows of an identity matrix": {
    nodes: [
      node("EyeLike", ["shape"], ["eye"], { dtype: int(1) }),
      node("Gather", ["eye", "ids"], ["o"]),
      node("MatMul", ["o", "table"], ["v"]),
    ],
    weights: [float, weight("shape", [ROWS, ROWS], IDENTITY)],
  },
  "one-hot vectors that are scattered": {
    nodes: [
      node("Unsqueeze", ["ids", "last"], ["u"]),
      node("ScatterElements", ["nothing", "u", "ones"], ["o"], { axis: int(2) }),
      node("MatMul", ["o", "table"], ["v"]),
    ],
    weights: [
      float,
      weight("last", [1], [-1], "int64"),
      weight("nothing", [1, 4, ROWS], new Array<number>(4 * ROWS).fill(0)),
      weight("ones", [1, 4, 1], [1, 1, 1, 1]),
    ],
  },
  "two tables whose rows add up": {
    nodes: [
      node("Gather", ["half", "ids"], ["a"]),
      node("Gather", ["rest", "ids"], ["b"]),
      node("Add", ["a", "b"], ["v"]),
    ],
    weights: [
      weight(
        "half",
        [ROWS, 3],
        TABLE.map((value) => value / 4),
      ),
      weight(
        "rest",
        [ROWS, 3],
        TABLE.map((value) => (3 * value) / 4),
      ),
    ],
  },
  "each token by itself": {
    nodes: [
      node("Split", ["ids", "parts"], ["i0", "i1"], { axis: int(1) }),
      node("Gather", ["table", "i0"], ["a"]),
      node("Gather", ["table", "i1"], ["b"]),
      node("Concat", ["a", "b"], ["v"], { axis: int(1) }),
    ],
    weights: [float, weight("parts", [2], [1, 3], "int64")],
  },
  "a word put before them": {
    nodes: [
      node("Concat", ["first", "ids"], ["i"], { axis: int(1) }),
      node("Gather", ["table", "i"], ["all"]),
      node("Slice", ["all", "from", "to", "axis"], ["v"]),
    ],
    weights: [
      float,
      weight("first", [1, 1], [1], "int64"),
      weight("from", [1], [1], "int64"),
      weight("to", [1], [9], "int64"),
      weight("axis", [1], [1], "int64"),
    ],
  },
};

function variant(
  name: string,
  { nodes, weights: own = [], opset = 17, domains, ids = IDS, type = "int64" }: Variant,
): { model: string; ids: string } {
  const file = name.replaceAll(/[^a-z0-9]/g, "-");
  const model = writeSmallModel(folder, `${file}.onnx`, {
    opset,
    ...(domains ? { domains } : {}),
    inputs: { ids: [type, 1, 4] },
    outputs: ["y"],
    nodes: [...nodes, ...after],
    weights: [...own, ...weights],
  });
  return { model, ids: writeArray(folder, `${file}.npy`, [1, 4], ids, "int64") };
}

/** Of each token what its vector, set to zero, takes from score 1: by hand. */
function effects(): number[] {
  const score = (vectors: readonly (readonly number[])[]): number => {
    const hidden = [0, 1].map(
      (j) =>
        vectors.reduce(
          (sum, v) =>
            sum +
            Math.max(
              0,
              v.reduce((a, value, c) => a + value * W1[2 * c + j], 0),
            ),
          0,
        ) / vectors.length,
    );
    return hidden[0] * W2[1] + hidden[1] * W2[3];
  };
  const vectors = IDS.map((id) => TABLE.slice(3 * id, 3 * id + 3));
  return vectors.map((_, hide) => score(vectors) - score(vectors.map((v, t) => (t === hide ? [0, 0, 0] : v))));
}

describe("look-ups that are found", () => {
  it.each(Object.entries(VARIANTS))(
    "%s: a token's effect, and what a straight way from zero gives it",
    async (name, one) => {
      const { model, ids } = variant(name, one);
      const target = { index: [1] };
      const ablation = await runOn(models, model, ids, "feature-ablation", { target });
      const found = ablation.views[0] as TokensArtifact;
      expect(found.kind).toBe("tokens");
      effects().forEach((effect, token) => expect(found.values[token]).toBeCloseTo(effect, 5));
      // Relu has no bias before it: along a straight way from zero it is linear, so that a token's share is its effect.
      const gradients = await runOn(models, model, ids, "integrated-gradients", { target, params: { steps: 4 } });
      effects().forEach((effect, token) =>
        expect((gradients.views[0] as TokensArtifact).values[token]).toBeCloseTo(effect, 5),
      );
      // Saliency runs, and has a number for each token.
      expect((await runOn(models, model, ids, "saliency", { target })).views[0]).toMatchObject({
        kind: "tokens",
        dims: [4],
      });
      const rise = await runOn(models, model, ids, "rise", { target, params: { masks: 40 } });
      expect(rise.arrays[0].dims.reduce((a, b) => a * b, 1)).toBe(4);
    },
  );

  it("bytes are pixels: gradients by what they are cast to, in their own shape", async () => {
    const model = writeSmallModel(folder, "bytes.onnx", {
      inputs: { image: ["uint8", "N", 1, 2, 2] },
      outputs: ["y"],
      weights: [
        weight("k", [2, 1, 2, 2], [1, 2, 3, 4, -1, 0, 1, 0]),
        scalar("byte", 255),
        weight("flat", [2], [-1, 2], "int64"),
      ],
      nodes: [
        node("Cast", ["image"], ["f"], { to: int(1) }),
        node("Div", ["f", "byte"], ["x"]),
        node("Conv", ["x", "k"], ["c"]),
        node("Reshape", ["c", "flat"], ["y"]),
      ],
    });
    const path = join(folder, "bytes.npy");
    const { encodeNpyArray } = await import("../../draw/encode/npy.ts");
    writeFileSync(path, encodeNpyArray([1, 1, 2, 2], "uint8", Uint8Array.of(10, 20, 30, 40)));
    const {
      arrays: [raw],
    } = await runOn(models, model, path, "saliency", { target: { index: [0] } });
    expect(raw).toMatchObject({ name: "image", dims: [1, 1, 2, 2] });
    expect([...raw.values].map((value) => Number((value * 255).toFixed(4)))).toEqual([1, 2, 3, 4]);
    const ablation = await runOn(models, model, path, "feature-ablation", {
      target: { index: [0] },
      params: { grid: 1 },
    });
    expect([...ablation.arrays[0].values].map((value) => Number((value * 255).toFixed(3)))).toEqual([10, 40, 90, 160]);
  });
});

/** y = [Σ x, −Σ x] of integers as they are: no look-up. */
function plain(): { model: string; ids: string } {
  const model = writeSmallModel(folder, "plain.onnx", {
    inputs: { counts: ["int64", "N", 3] },
    outputs: ["y"],
    weights: [weight("axis", [1], [1], "int64")],
    nodes: [
      node("Abs", ["counts"], ["a"]),
      node("Cast", ["a"], ["f"], { to: int(1) }),
      node("ReduceSum", ["f", "axis"], ["s"], { keepdims: int(1) }),
      node("Neg", ["s"], ["n"]),
      node("Concat", ["s", "n"], ["y"], { axis: int(1) }),
    ],
  });
  return { model, ids: writeArray(folder, "plain.npy", [1, 3], [4, -2, 7], "int64") };
}

describe("integers that are not looked up", () => {
  it("a gradient is refused with what takes them and what works", async () => {
    const { model, ids } = plain();
    await expect(runOn(models, model, ids, "saliency")).rejects.toThrow(/"counts" is int64.*no table lookup was found/);
    await expect(runOn(models, model, ids, "integrated-gradients")).rejects.toThrow(/"counts" is int64/);
  });

  it("whole ones are replaced by whole ones, by zero where nothing else is known, and it is said", async () => {
    const { model, ids } = plain();
    for (const technique of ["feature-ablation", "occlusion"]) {
      const {
        arrays: [raw],
        notes,
      } = await runOn(models, model, ids, technique, { target: { index: [0] } });
      expect([...raw.values]).toEqual([4, 2, 7]);
      expect(raw.dims).toEqual([1, 3]);
      expect(notes.join(" ")).toMatch(/baseline of "counts" is number 0/);
    }
    const other = await runOn(models, model, ids, "feature-ablation", {
      target: { index: [0] },
      params: { baseline: "3" },
    });
    expect([...other.arrays[0].values]).toEqual([1, -1, 4]);
    const file = await runOn(models, model, ids, "feature-ablation", {
      target: { index: [0] },
      params: { baseline: writeArray(folder, "base.npy", [1, 3], [1, 1, 1], "int64") },
    });
    expect([...file.arrays[0].values]).toEqual([3, 1, 6]);
    await expect(runOn(models, model, ids, "feature-ablation", { params: { baseline: "0.5" } })).rejects.toThrow(
      /takes integers/,
    );
    await expect(runOn(models, model, ids, "feature-ablation", { params: { baseline: "mask" } })).rejects.toThrow(
      /No tokenizer/,
    );
  });

  it("where a tokenizer is known: its mask token, else padding, else unknown; or the one that is named", async () => {
    const { ids } = plain();
    const texts = writeSmallModel(folder, "texts.onnx", {
      inputs: { tokens: ["int64", "N", "T"] },
      outputs: ["y"],
      weights: [weight("axis", [1], [1], "int64"), weight("two", [], [2], "int64")],
      nodes: [
        node("Mul", ["tokens", "tokens"], ["q"]),
        node("Cast", ["q"], ["f"], { to: int(1) }),
        node("ReduceSum", ["f", "axis"], ["y"], { keepdims: int(1) }),
      ],
    });
    const vocabulary = (names: readonly string[]): void => {
      const vocab = Object.fromEntries([...names, "good", "film"].map((name, id) => [name, id]));
      writeFileSync(
        join(folder, "tokenizer.json"),
        JSON.stringify({
          version: "1.0",
          truncation: null,
          padding: null,
          added_tokens: names.map((content, id) => ({
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
          })),
          normalizer: null,
          pre_tokenizer: { type: "Whitespace" },
          post_processor: null,
          decoder: null,
          model: { type: "WordLevel", vocab, unk_token: names.find((name) => /UNK/.test(name)) ?? names[0] },
        }),
      );
    };
    const recipe = {
      version: 1 as const,
      inputs: { tokens: { kind: "text" as const, tokenizer: "tokenizer.json", maxLength: 8, part: "ids" as const } },
    };
    const run = (baseline?: string) =>
      runOn(models, texts, "good film", "feature-ablation", {
        recipe,
        target: { index: [0] },
        params: baseline === undefined ? {} : { baseline },
      });
    const of = (id: number, all: readonly number[]): number[] => all.map((word) => word * word - id * id);
    vocabulary(["[PAD]", "[UNK]", "[MASK]"]);
    const masked = await run();
    expect([...masked.arrays[0].values]).toEqual(of(2, [3, 4]));
    expect(masked.notes.join(" ")).toContain('The baseline of "tokens" is the mask token [MASK], ID 2.');
    expect((masked.views[0] as TokensArtifact).tokens).toEqual(["good", "film"]);
    expect([...(await run("pad")).arrays[0].values]).toEqual(of(0, [3, 4]));
    expect([...(await run("unknown")).arrays[0].values]).toEqual(of(1, [3, 4]));
    expect([...(await run("token:4")).arrays[0].values]).toEqual(of(4, [3, 4]));
    vocabulary(["[UNK]", "[PAD]"]);
    expect((await run()).notes.join(" ")).toContain("the padding token [PAD], ID 1");
    vocabulary(["[UNK]"]);
    expect((await run()).notes.join(" ")).toContain("the unknown token [UNK], ID 0");
    expect(ids).toBeDefined();
  });

  it("RISE shows or hides whole ones; checks run, and what would move them a little is refused", async () => {
    const { model, ids } = plain();
    const {
      arrays: [raw],
    } = await runOn(models, model, ids, "rise", { target: { index: [0] }, params: { masks: 2000, score: "output" } });
    // A column's own part beside the others' mean: x + (Σ others)/2.
    [4 + 4.5, 2 + 5.5, 7 + 3].forEach((value, i) => expect(raw.values[i]).toBeCloseTo(value, 0));
    await expect(
      runOn(models, model, ids, "insertion-deletion", { params: { method: "feature-ablation" } }),
    ).resolves.toBeDefined();
    await expect(runOn(models, model, ids, "sensitivity", { params: { method: "feature-ablation" } })).rejects.toThrow(
      /takes integers/,
    );
    await expect(runOn(models, model, ids, "feature-ablation", { params: { samples: 3 } })).rejects.toThrow(
      /takes integers/,
    );
  });
});
