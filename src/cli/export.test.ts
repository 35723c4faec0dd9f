import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../data/index.ts";
import { floatsOf, openSession } from "../runtime/ort.ts";
import { commandLine } from "../../test/support/command-line.ts";

const model = resolve("samples/efficientnet-lite0.onnx");
const input = resolve("test/reference/efficientnet-cat/input.npy");
const { folder, loupe } = commandLine();

describe("neural-loupe export", () => {
  it("writes Grad-CAM as a folder for Triton, whose model gives what the technique gives", async () => {
    const repository = join(folder, "grad_cam");
    const { code, out, err } = loupe(
      "export",
      "grad-cam",
      model,
      "--input",
      input,
      "--target",
      "285",
      "--triton",
      repository,
      "--json",
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    const report = JSON.parse(out) as { files: string[]; batch: unknown; difference: number };
    expect(report.files).toEqual([join(repository, "1", "model.onnx"), join(repository, "config.pbtxt")]);
    expect(report.batch).toBe("any");
    expect(report.difference).toBeLessThan(1e-4);
    expect(readFileSync(report.files[1], "utf8")).toContain(
      'name: "grad_cam"\nbackend: "onnxruntime"\nmax_batch_size: 8\n',
    );
    expect(readFileSync(report.files[1], "utf8")).toMatch(
      /"target"\s+data_type: TYPE_INT64\s+dims: \[ 1 \]\s+reshape: \{ shape: \[ \] \}/,
    );
    loupe("grad-cam", model, "--input", input, "--target", "285", "--out", join(folder, "own.npy"));
    const own = decodeNpy(readFileSync(join(folder, "own.npy")), "own.npy");
    const pixels = decodeNpy(readFileSync(input), "input.npy");
    const session = await openSession(report.files[0]);
    const values = await session.run({
      images: {
        dataType: "float32",
        dims: [1, 3, 224, 224],
        data: Float32Array.from(pixels.data as ArrayLike<number>),
      },
      target: { dataType: "int64", dims: [1], data: BigInt64Array.of(285n) },
    });
    await session.release();
    const map = floatsOf(values.get("attribution")!);
    expect(values.get("attribution")!.dims).toEqual([1, ...own.dims]);
    map.forEach((value, i) => expect(value).toBeCloseTo(Number((own.data as ArrayLike<number>)[i]), 4));
  });

  it("says what was written where a person reads it", () => {
    const out = join(folder, "explained.onnx");
    const done = loupe(
      "export",
      "saliency",
      model,
      "--input",
      input,
      "--target",
      "285",
      "--weights=data",
      "--target-input",
      "fixed",
      "--out",
      out,
    );
    expect(done.code).toBe(0);
    expect(existsSync(`${out}.data`)).toBe(true);
    expect(done.out).toMatch(
      /^written +.*explained\.onnx\n +.*explained\.onnx\.data\nsize +\d+ bytes\ninput +images {2}float32 \[N, 3, 224, 224\]\noutput +attribution {2}float32 \[N, 3, 224, 224\]\noutput +logits/,
    );
    expect(done.out).toContain("It explains Egyptian cat for every input.");
  });

  it.each([
    [["export"], "a technique as its first argument"],
    [["export", "sallency", model], 'no technique "sallency"'],
    [["export", "saliency", model, "--input", input], "takes either --out FILE.onnx or --triton DIR"],
    [["export", "saliency", model, "--input", input, "--out", "x.png"], "must end in .onnx"],
    [
      ["export", "saliency", model, "--input", input, "--out", "x.onnx", "--weights", "none"],
      "--weights must be one of included, external, data",
    ],
    [["export", "saliency", model, "--input", input, "--out", "x.onnx", "--weights"], "--weights needs a value"],
  ])("%j is wrong usage", (args, said) => {
    const { code, err } = loupe(...args);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  it("fails with one line where a technique is none that can be exported", () => {
    const { code, err } = loupe("export", "occlusion", model, "--input", input, "--out", join(folder, "x.onnx"));
    expect(code).toBe(1);
    expect(err).toMatch(
      /^neural-loupe: occlusion: Occlusion can't be exported as a single ONNX graph\. These can: saliency.*\n$/,
    );
  });
});

describe("--out x.py", () => {
  it("is the code that gives the result again", () => {
    const { code, err } = loupe("grad-cam", model, "--input", input, "--target", "285", "--out", join(folder, "x.py"));
    expect(code, err).toBe(0);
    const text = readFileSync(join(folder, "x.py"), "utf8");
    expect(text).toContain("from pytorch_grad_cam import GradCAM");
    expect(text).toContain("explained, target = model, 285");
    expect(text).toContain('x = load("input.npy")');
  });
});
