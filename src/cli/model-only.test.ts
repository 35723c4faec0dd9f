// A technique that looks at the model alone, on its way through the command line: there is none in the catalogue yet.
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type * as catalogue from "../techniques/index.ts";
import type { ModelTechnique } from "../techniques/framework/technique.ts";
import { node, weight, writeSmallModel } from "../../test/support/models.ts";
import { commandOf } from "./commands.ts";
import { helpOf } from "./help.ts";
import { runCommand, WrongUsage } from "./options.ts";

const parameters = vi.hoisted((): ModelTechnique => ({
  info: {
    id: "parameters",
    title: "Parameters",
    command: "Show Parameters",
    group: "activations",
    summary: "How many parameters each layer has.",
    needs: { input: "none", target: false, layer: "none", gradient: false },
    params: [],
  },
  run: ({ model }) => {
    const { layers } = model.description;
    return Promise.resolve({
      views: [
        {
          kind: "table",
          id: "parameters",
          title: "Parameters",
          columns: [
            { name: "layer", type: "text", values: layers.map(({ name }) => name) },
            { name: "parameters", type: "number", values: Float64Array.from(layers, ({ parameters: own }) => own) },
          ],
          caption: "",
        },
      ],
      arrays: [],
    });
  },
}));

vi.mock("../techniques/index.ts", async (original) => {
  const { techniques } = await original<typeof catalogue>();
  return { techniques: [...techniques, parameters] };
});

const folder = mkdtempSync(join(tmpdir(), "model-only-"));
const model = writeSmallModel(folder, "m.onnx", {
  inputs: { x: ["float32", "N", 2] },
  outputs: ["y"],
  weights: [weight("w", [2, 3], [1, 0, 2, 0, 1, 1])],
  nodes: [node("MatMul", ["x", "w"], ["z"]), node("Softmax", ["z"], ["y"])],
});
const command = commandOf("parameters")!;
const run = (...words: string[]): Promise<number> => runCommand(command, [model, ...words]);

it("has a help without options for an input", () => {
  const help = helpOf(command);
  expect(help).toContain("neural-loupe parameters MODEL [--set PARAM=VALUE]... [--threads N] --out FILE.");
  expect(help).toContain("neural-loupe parameters model.onnx --out parameters.png");
  for (const word of ["--input", "--target", "--layer", "--recipe"]) expect(help).not.toContain(word);
});

it.each(["csv", "json", "png", "svg"])("is run, and saved as .%s", async (format) => {
  const out = join(folder, `p.${format}`);
  expect(await run("--out", out)).toBe(0);
  if (format === "csv") expect(readFileSync(out, "utf8")).toBe("layer,parameters\r\nMatMul_z,6\r\nSoftmax_y,0\r\n");
  if (format === "json") {
    const { provenance } = JSON.parse(readFileSync(out, "utf8")) as { provenance: object };
    expect(provenance).toMatchObject({ technique: "parameters", recipe: { inputs: {} } });
    expect(provenance).not.toHaveProperty("input");
  }
});

it("is refused an input, and arrays that it does not give", async () => {
  const out = join(folder, "p.npy");
  expect(() => run("--input", "x.npy", "--out", out)).toThrow(WrongUsage);
  await expect(run("--out", out)).rejects.toThrow("Parameters gives no array of numbers.");
  await expect(run("--out", join(folder, "p.npz"))).rejects.toThrow("Parameters gives no array of numbers.");
  await expect(run("--out", join(folder, "p.py"))).rejects.toThrow("There is no Python code for parameters");
  expect(existsSync(out)).toBe(false);
});
