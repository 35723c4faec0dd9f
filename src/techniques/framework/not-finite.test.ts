import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../cli/options.ts";
import { run } from "../../cli/run.ts";
import { encodeNpyArray } from "../../draw/encode/npy.ts";
import type { DataType, Node, TensorRef } from "../../model/graph.ts";
import { NotFiniteError } from "../../model/errors.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache({ maxModels: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-not-finite-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Broken {
  readonly x: readonly number[];
  readonly nodes: readonly Node[];
  readonly weights?: readonly TensorRef[];
  readonly type?: DataType;
}
let count = 0;
function written({ x, nodes, weights = [], type = "float32" }: Broken): { model: string; input: string } {
  const model = writeSmallModel(folder, `m${count++}.onnx`, {
    opset: 23,
    domains: { "com.microsoft": 1 },
    inputs: { x: [type, 1, x.length] },
    outputs: ["y"],
    nodes,
    weights,
  });
  if (type !== "float64") return { model, input: writeArray(folder, `x${count}.npy`, [1, x.length], x) };
  const input = join(folder, `x${count}.npy`);
  writeFileSync(input, encodeNpyArray([1, x.length], "float64", new Uint8Array(Float64Array.from(x).buffer)));
  return { model, input };
}
async function failure(broken: Broken, technique = "saliency"): Promise<{ message: string; hint: string }> {
  const { model, input } = written(broken);
  const error: unknown = await runOn(models, model, input, technique, { target: { index: [0] } }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NotFiniteError)) throw error ?? new Error("It did not fail.");
  return { message: error.message, hint: error.hint ?? "" };
}
async function notes(broken: Broken, technique = "predictions"): Promise<string> {
  const { model, input } = written(broken);
  return (await runOn(models, model, input, technique, { target: { index: [0] } })).notes.join(" ");
}

const dense = [node("MatMul", ["h", "w"], ["m"]), node("Mul", ["m", "m"], ["y"])];
const w = weight("w", [2, 2], [1, 2, 3, 4]);

describe("numbers that are not finite are blamed on what made them", () => {
  it("the input, not the weights", async () => {
    const { message, hint } = await failure({
      x: [1, NaN],
      nodes: [node("Identity", ["x"], ["h"]), ...dense],
      weights: [w],
    });
    expect(message).toContain('The input "x" has NaN at [0, 1].');
    expect(message).not.toContain("weight");
    expect(hint).toContain("Replace these values in the input");
    expect(
      (await failure({ x: [Infinity, 1], nodes: [node("Identity", ["x"], ["h"]), ...dense], weights: [w] })).message,
    ).toContain('The input "x" has infinity at [0, 0].');
  });

  it("the weights, by name and place", async () => {
    const { message, hint } = await failure({
      x: [1, 2],
      nodes: [node("Identity", ["x"], ["h"]), ...dense],
      weights: [weight("w", [2, 2], [1, NaN, NaN, 2])],
    });
    expect(message).toContain(
      'The first layer whose output is not a number (NaN) is MatMul_m (MatMul): its weight "w" holds NaN at [0, 1] (2 of 4 values).',
    );
    expect(hint).toContain("The file itself contains them");
    // What weights are made into counts as them.
    const scaled = [
      node("Mul", ["w", "scale"], ["v"]),
      node("MatMul", ["x", "v"], ["m"]),
      node("Mul", ["m", "m"], ["y"]),
    ];
    expect(
      (await failure({ x: [1, 2], nodes: scaled, weights: [w, weight("scale", [], [Infinity])] })).message,
    ).toContain('its weight "v" holds infinite values at [0, 0] (4 of 4 values)');
  });

  it.each([
    ["Log", [0, 2], "it takes the logarithm of 0 at [0, 0]"],
    ["Log", [1, -2], "it takes the logarithm of a negative number at [0, 1]"],
    ["Sqrt", [1, -2], "it takes the square root of a negative number at [0, 1]"],
    ["Reciprocal", [0, 1], "it divides by 0 at [0, 0]"],
    ["Acos", [0.5, 1.5], "it takes the arc cosine of a number beyond 1 at [0, 1]"],
  ] as const)("%s of %s", async (opType, x, why) => {
    const { message, hint } = await failure({ x, nodes: [node(opType, ["x"], ["h"]), ...dense], weights: [w] });
    expect(message).toContain(`${opType}_h (${opType}): ${why}.`);
    expect(hint).toContain("add a small epsilon");
  });

  it("a division by 0, and of 0 by 0", async () => {
    const nodes = [node("Sub", ["x", "one"], ["d"]), node("Div", ["x", "d"], ["h"]), ...dense];
    expect((await failure({ x: [1, 2], nodes, weights: [w, weight("one", [], [1])] })).message).toContain(
      "Div_h (Div): it divides by 0 at [0, 0].",
    );
    expect((await failure({ x: [0, 2], nodes, weights: [w, weight("one", [], [0])] })).message).toContain(
      "Div_h (Div): it divides 0 by 0 at [0, 0].",
    );
  });

  it("an activation beyond float32, and not what follows from it", async () => {
    const nodes = [node("Exp", ["x"], ["e"]), node("Sub", ["e", "e"], ["h"]), ...dense];
    const { message } = await failure({ x: [1, 100], nodes, weights: [w] });
    expect(message).toContain(
      "The first layer whose output is infinite is Exp_e (Exp): its values exceed the range of float32 (3.4E38), for inputs up to 100.0.",
    );
  });

  it("a fully masked attention row, whole or taken apart, and none inside an operator", async () => {
    const mask = weight("mask", [2, 2], [0, -Infinity, -Infinity, -Infinity]);
    const square = [
      node("Reshape", ["x", "column"], ["c"]),
      node("MatMul", ["c", "row"], ["s"]),
      node("Add", ["s", "mask"], ["masked"]),
    ];
    const weights = [
      mask,
      weight("column", [2], [2, 1], "int64"),
      weight("row", [1, 2], [1, 2]),
      weight("axes", [1], [-1], "int64"),
      weight("flat", [2], [1, 4], "int64"),
      weight("sum", [4, 1], [1, 2, 3, 4]),
    ];
    const flat = [node("Reshape", ["p", "flat"], ["f"]), node("MatMul", ["f", "sum"], ["y"])];
    const used = (nodes: readonly Node[]): readonly TensorRef[] =>
      weights.filter(({ name }) => nodes.some(({ inputs }) => inputs.includes(name)));
    const whole = [...square, node("Softmax", ["masked"], ["p"], { axis: int(-1) }), ...flat];
    const row = "it is a fully masked attention row: the query [1] can attend to no key, all its scores are −∞.";
    // Nothing comes back through the row, so the gradient is finite; the score is not.
    const said = await notes({ x: [1, 2], nodes: whole, weights: used(whole) }, "saliency");
    expect(said).toContain(
      `The first layer whose output is not a number (NaN) is Softmax_p (Softmax): ${row} Every query must attend to at least one key`,
    );
    const apart = [
      ...square,
      node("ReduceMax", ["masked", "axes"], ["most"]),
      node("Sub", ["masked", "most"], ["less"]),
      node("Exp", ["less"], ["e"]),
      node("ReduceSum", ["e", "axes"], ["total"]),
      node("Div", ["e", "total"], ["p"]),
      ...flat,
    ];
    const { message, hint } = await failure({ x: [1, 2], nodes: apart, weights: used(apart) });
    expect(message).toContain(`Sub_less (Sub): ${row}`);
    expect(message).not.toContain("overflow");
    expect(hint).toContain("Every query must attend to at least one key");
    const inside = [
      node("Reshape", ["x", "wide"], ["q"]),
      node("Attention", ["q", "q", "q", "mask"], ["p"], { q_num_heads: int(1), kv_num_heads: int(1) }),
      node("Reshape", ["p", "row2"], ["f"]),
      node("MatMul", ["f", "two"], ["y"]),
    ];
    const operator = {
      x: [1, 2],
      nodes: inside,
      weights: [
        mask,
        weight("wide", [3], [1, 2, 1], "int64"),
        weight("row2", [2], [1, 2], "int64"),
        weight("two", [2, 1], [1, 1]),
      ],
    };
    // The operator gives zeros for such a row, as its specification has it.
    expect(await notes(operator, "saliency")).not.toContain("own output");
  });

  it("a slope without bound, where all values are finite", async () => {
    const nodes = [node("Mul", ["x", "x"], ["q"]), node("Sqrt", ["q"], ["h"]), ...dense];
    const { message, hint } = await failure({ x: [0, 2], nodes, weights: [w] });
    expect(message).toContain(
      "the gradient is first infinite at the output of Mul_q (Mul). It feeds Sqrt_h (Sqrt): the derivative of a square root is infinite at 0.",
    );
    expect(hint).toContain("Choose another input");
  });

  it("float64's numbers that float32 has not", async () => {
    const nodes = [node("Mul", ["x", "large"], ["l"]), node("Mul", ["l", "x"], ["y"])];
    const { message } = await failure({
      x: [1, 2],
      nodes,
      weights: [weight("large", [], [1e300], "float64")],
      type: "float64",
    });
    expect(message).toContain(
      "All layer outputs are finite in the model's own type, but those of Mul_l (Mul) exceed the range of float32 (3.4e38), in which explanations are computed.",
    );
  });
});

describe("a model whose own output is not finite says so with its result", () => {
  // ONNX Runtime rounds to float16 where a value leaves it.
  const half = [node("Cast", ["x"], ["a"], { to: int(10) }), node("Mul", ["a", "factor"], ["y"])];
  const weights = [weight("factor", [], [1000], "float16")];

  it("and for float16, its range, and that gradients run in float32", async () => {
    const said = await notes({ x: [100, 2], nodes: half, weights });
    expect(said).toContain(
      'The model\'s own output "y" has values that are infinite. The first layer whose output is infinite is Mul_y (Mul): its values exceed the range of float16 (65,504), for inputs up to 1000.',
    );
    expect(said).toContain("The model computes in float16; gradients are computed in float32 and may still be finite.");
    const { model, input } = written({ x: [100, 2], nodes: half, weights });
    const {
      arrays: [raw],
      notes: told,
    } = await runOn(models, model, input, "saliency", { target: { index: [1] } });
    expect([...raw.values]).toEqual([0, 1000]);
    expect(told.join(" ")).toContain("its values exceed the range of float16");
  });

  it("and says nothing where it is finite, or the logarithm of a probability of 0", async () => {
    expect(await notes({ x: [1, 2], nodes: half, weights })).not.toContain("own output");
    const log = [node("Relu", ["x"], ["r"]), node("Log", ["r"], ["y"])];
    expect(await notes({ x: [-1, 2], nodes: log })).not.toContain("own output");
  });

  it("also where a sigmoid hides an infinite score: it is 1 there", async () => {
    const nodes = [...half.slice(0, 1), node("Mul", ["a", "factor"], ["s"]), node("Sigmoid", ["s"], ["y"])];
    for (const technique of ["predictions", "saliency", "rise"]) {
      const said = await notes({ x: [100, 0.002], nodes, weights }, technique);
      expect(said).toContain(
        'The score "s" is infinite (1 of 2), which the output "y" does not show: it is 1 there. The first layer whose output is infinite is Mul_s (Mul)',
      );
      expect(await notes({ x: [60, 0.002], nodes, weights }, technique)).not.toContain("infinite");
    }
  });

  it("and where a layer that is shown is infinite", async () => {
    const nodes = [
      ...half.slice(0, 1),
      node("Mul", ["a", "factor"], ["s"]),
      node("Sigmoid", ["s"], ["p"]),
      node("MatMul", ["p", "W"], ["y"]),
    ];
    const { model, input } = written({
      x: [100, 0.002],
      nodes,
      weights: [...weights, weight("W", [2, 2], [1, 0, 0, 1], "float16")],
    });
    for (const technique of ["layer-activation", "feature-maps"]) {
      const { notes: told } = await runOn(models, model, input, technique, { layer: "value:s" });
      expect(told.join(" ")).toContain(
        "The result has values that are infinite (1 of 2). The first layer whose output is infinite is Mul_s (Mul): its values exceed the range of float16 (65,504)",
      );
      expect((await runOn(models, model, input, technique, { layer: "value:p" })).notes.join(" ")).not.toContain(
        "infinite",
      );
    }
  });

  it("and where a gradient is zero because something on the way is infinite", async () => {
    const nodes = [
      ...half.slice(0, 1),
      node("Mul", ["a", "factor"], ["s"]),
      node("Sigmoid", ["s"], ["p"]),
      node("MatMul", ["p", "W"], ["y"]),
    ];
    const said = await notes(
      { x: [100, 200], nodes, weights: [...weights, weight("W", [2, 1], [1, 1], "float16")] },
      "saliency",
    );
    expect(said).toContain("is zero everywhere");
    expect(said).toContain(
      "Values inside the model are not finite. The first layer whose output is infinite is Mul_s (Mul)",
    );
  });

  it("and values that are fetched by the command line", async () => {
    const { model, input } = written({ x: [100, 2], nodes: half, weights });
    const said: string[] = [];
    const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said.push(String(text));
      return true;
    });
    try {
      expect(
        await runCommand(run, [
          model,
          "--input",
          input,
          "--fetch",
          "y",
          "--fetch",
          "a",
          "--out",
          join(folder, "fetched"),
        ]),
      ).toBe(0);
    } finally {
      write.mockRestore();
    }
    expect(said.join("")).toContain(
      '"y" holds values that are infinite (1 of 2). The first layer whose output is infinite is Mul_y (Mul): its values exceed the range of float16 (65,504)',
    );
    expect(said.join("")).not.toContain('"a" holds');
  });
});
