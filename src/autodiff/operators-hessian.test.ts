import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openModel } from "../model/open.ts";
import { hessianVector } from "../runtime/hessian.ts";
import { LoadedModel } from "../runtime/models.ts";
import { floatsOf } from "../runtime/ort.ts";

interface Case {
  readonly name: string;
  readonly dims: readonly number[];
  readonly x: readonly number[];
  readonly seed: readonly number[];
  readonly vector: readonly number[];
  /** PyTorch's double backward in float64. */
  readonly product: readonly number[];
}

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../test/reference/hessian");
const cases = JSON.parse(readFileSync(join(FOLDER, "cases.json"), "utf8")) as readonly Case[];

describe("the gradient graph can be differentiated again: Hessian-vector products are PyTorch's", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const model = new LoadedModel(await openModel(join(FOLDER, `${one.name}.onnx`)), 1);
    const largest = Math.max(...one.product.map(Math.abs));
    const error = async (vector: readonly number[]): Promise<number> => {
      const product = await hessianVector(
        model,
        { x: { dataType: "float32", dims: one.dims, data: Float32Array.from(one.x) } },
        { of: "y", wrt: "x", seed: Float32Array.from(one.seed), vector: Float32Array.from(vector) },
      );
      const ours = floatsOf(product!);
      return Math.max(...one.product.map((value, index) => Math.abs(value - ours[index]) / largest));
    };
    expect(await error(one.vector)).toBeLessThan(5e-4);
    expect(await error(one.vector.map((value) => value * 1.01))).toBeGreaterThan(5e-3);
    await model.release();
  });
});
