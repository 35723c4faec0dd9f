import { copyFileSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../data/index.ts";
import { commandLine } from "../../test/support/command-line.ts";

const model = resolve("samples/efficientnet-lite0.onnx");
const cat = resolve("samples/cat.png");
const { folder, loupe } = commandLine();

interface Saved {
  readonly comparison: {
    readonly columns: { readonly kind: string; readonly labels: readonly string[] };
    readonly rows?: { readonly kind: string; readonly labels: readonly string[] };
  };
  readonly cells: readonly {
    readonly scale: string;
    readonly failure?: string;
    readonly provenance?: { readonly technique: string; readonly target?: { readonly index: readonly number[] } };
    readonly raw?: { readonly dims: readonly number[] };
  }[];
}
const readJson = (file: string): Saved => JSON.parse(readFileSync(file, "utf8")) as Saved;

describe("neural-loupe compare", () => {
  it("draws methods by targets, with class names, as an SVG whose text is text", async () => {
    const out = join(folder, "figure.svg");
    const { code, err } = loupe(
      "compare",
      model,
      "--input",
      cat,
      "--methods",
      "saliency,cam",
      "--target",
      "285",
      "--target",
      "282",
      "--scale",
      "method",
      "--out",
      out,
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    const svg = readFileSync(out, "utf8");
    for (const label of ["Input", "Saliency", "CAM", "Egyptian cat 285", "tiger cat 282"])
      expect(svg).toContain(`>${label}</text>`);
    const { data, info } = await sharp(out).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(new Set(data.subarray(0, info.width * info.channels))).toEqual(new Set([255]));
  });

  it("writes each cell's numbers, the same as the method's own command gives", () => {
    const npz = join(folder, "numbers.npz");
    expect(
      loupe(
        "compare",
        model,
        "--input",
        cat,
        "--methods",
        "saliency",
        "--methods",
        "saliency:samples=2:seed=5,cam",
        "--set",
        "absolute=false",
        "--target",
        "285",
        "--out",
        npz,
      ),
    ).toMatchObject({ code: 0, err: "" });
    const files = unzipSync(readFileSync(npz));
    expect(Object.keys(files)).toEqual([
      "Saliency_absolute_false.npy",
      "Saliency_absolute_false_samples_2_seed_5.npy",
      "CAM.npy",
    ]);
    for (const [name, settings] of [
      ["Saliency_absolute_false", []],
      ["Saliency_absolute_false_samples_2_seed_5", ["--set", "samples=2", "--set", "seed=5"]],
    ] as const) {
      const alone = join(folder, "alone.npy");
      loupe(
        "saliency",
        model,
        "--input",
        cat,
        "--target",
        "285",
        "--set",
        "absolute=false",
        ...settings,
        "--out",
        alone,
      );
      const [a, b] = [decodeNpy(Buffer.from(files[`${name}.npy`]), name), decodeNpy(readFileSync(alone), "alone")];
      expect(a.dims).toEqual(b.dims);
      expect(
        Buffer.compare(Buffer.from((a.data as Float32Array).buffer), Buffer.from((b.data as Float32Array).buffer)),
        name,
      ).toBe(0);
    }
  });

  it("keeps a failure in its own cell, and fails when all do", () => {
    const out = join(folder, "layers.json");
    const some = loupe(
      "compare",
      model,
      "--input",
      cat,
      "--methods",
      "grad-cam",
      "--layers",
      "/_conv_head/Conv,nonsense",
      "--out",
      out,
    );
    expect(some.code).toBe(0);
    expect(some.err).toMatch(/^nonsense: The model has no layer "nonsense"/);
    const { comparison, cells } = readJson(out);
    expect(comparison).toEqual({ columns: { kind: "layer", labels: ["/_conv_head/Conv", "nonsense"] } });
    expect(cells[0].raw?.dims).toEqual([7, 7]);
    expect(cells[1].failure).toMatch(/no layer "nonsense"/);
    expect(
      loupe(
        "compare",
        model,
        "--input",
        cat,
        "--methods",
        "grad-cam",
        "--layers",
        "none,nothing",
        "--out",
        join(folder, "no.json"),
      ).code,
    ).toBe(1);
  });

  it("compares models; which axis goes where can be said", () => {
    const copy = join(folder, "copy.onnx");
    const out = join(folder, "models.json");
    copyFileSync(model, copy);
    copyFileSync(resolve("samples/efficientnet-lite0.loupe.json"), join(folder, "copy.loupe.json"));
    copyFileSync(resolve("samples/imagenet-classes.json"), join(folder, "imagenet-classes.json"));
    expect(
      loupe(
        "compare",
        model,
        copy,
        "--input",
        cat,
        "--methods",
        "saliency,cam",
        "--rows",
        "methods",
        "--scale",
        "all",
        "--out",
        out,
      ),
    ).toMatchObject({ code: 0, err: "" });
    const { comparison, cells } = readJson(out);
    expect(comparison).toEqual({
      columns: { kind: "model", labels: ["efficientnet-lite0.onnx", "copy.onnx"] },
      rows: { kind: "method", labels: ["Saliency", "CAM"] },
    });
    expect(cells.map((cell) => cell.provenance?.technique)).toEqual(["saliency", "saliency", "cam", "cam"]);
    expect(new Set(cells.map(({ scale }) => scale)).size).toBe(1);
  });

  it.each([
    ["no methods", ["compare", model, "--input", cat, "--out", "x.svg"], 2, /--methods is missing/],
    [
      "an ending that no format has",
      ["compare", model, "--input", cat, "--methods", "cam", "--out", "x.npy"],
      2,
      /--out must end in \.svg, \.png, \.npz, \.json/,
    ],
    [
      "three axes",
      [
        "compare",
        model,
        model,
        "--input",
        cat,
        "--methods",
        "cam,saliency",
        "--target",
        "1",
        "--target",
        "2",
        "--out",
        "x.svg",
      ],
      2,
      /two axes/,
    ],
    [
      "one axis twice",
      [
        "compare",
        model,
        "--input",
        cat,
        "--methods",
        "cam",
        "--columns",
        "methods",
        "--rows",
        "method",
        "--out",
        "x.svg",
      ],
      2,
      /both methods/,
    ],
    [
      "an axis without entries",
      ["compare", model, "--input", cat, "--methods", "cam", "--rows", "layers", "--out", "x.svg"],
      2,
      /no layer for an axis/,
    ],
    [
      "a parameter of no method",
      ["compare", model, "--input", cat, "--methods", "cam,saliency", "--set", "steps=3", "--out", "x.svg"],
      2,
      /None of these methods has a parameter "steps"/,
    ],
    [
      "what is no map",
      ["compare", model, "--input", cat, "--methods", "predictions", "--out", "x.svg"],
      2,
      /no map to compare/,
    ],
    [
      "a method that is none",
      ["compare", model, "--input", cat, "--methods", "lime", "--out", "x.svg"],
      1,
      /no technique "lime"/,
    ],
  ])("says in the last line what is wrong: %s", (_, args, code, message) => {
    const result = loupe(...args);
    expect(result.err.trimEnd().split("\n").at(-1)).toMatch(message);
    expect(result.code).toBe(code);
  });
});
