import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../data/index.ts";
import { techniques } from "../techniques/index.ts";
import { commandLine } from "../../test/support/command-line.ts";

const model = resolve("samples/efficientnet-lite0.onnx");
const cat = resolve("samples/cat.png");
const { folder, loupe, program } = commandLine();

describe("the command line", () => {
  it("lists the techniques with their parameters", () => {
    const { code, out } = loupe("techniques", "--json");
    expect(code).toBe(0);
    expect((JSON.parse(out) as { id: string }[]).map(({ id }) => id)).toEqual(techniques.map(({ info }) => info.id));
    expect(loupe("techniques").out).toContain("Simonyan");
  });

  it.each(["abc", "0", "-5"])("says that a bound on memory cannot be followed: %s", (bound) => {
    const of = (memory: string): string =>
      spawnSync(process.execPath, [program, "techniques"], {
        encoding: "utf8",
        env: { ...process.env, NEURAL_LOUPE_MEMORY: memory },
      }).stderr;
    expect(of(bound)).toMatch(`NEURAL_LOUPE_MEMORY=${bound} is not a positive number of MB`);
    expect(of("300")).toBe("");
  });

  it("inspects a model: 234 nodes, 222 Constants, 4,631,083 parameters (counted with onnx in Python)", () => {
    const { code, out } = loupe("inspect", model, "--json");
    expect(code).toBe(0);
    const summary = JSON.parse(out) as Record<string, unknown>;
    expect(summary).toMatchObject({
      format: "onnx",
      opset: 17,
      nodes: 234,
      constants: 222,
      parameters: 4631083,
      problems: [],
    });
    expect(summary.inputs).toEqual([{ name: "images", type: "float32", dims: ["N", 3, 224, 224] }]);
    expect((summary.operators as Record<string, number>).Conv).toBe(49);
  });

  it("writes raw numbers, pictures and artifacts by the ending of --out", () => {
    const out = (ending: string) => join(folder, `saliency.${ending}`);
    for (const ending of ["npy", "png", "svg", "json"]) {
      const { code, err } = loupe("saliency", model, "--input", cat, "--target", "285", "--out", out(ending));
      expect(err).toBe("");
      expect(code).toBe(0);
    }
    expect(decodeNpy(readFileSync(out("npy")), "saliency.npy").dims).toEqual([1, 3, 224, 224]);
    expect([...readFileSync(out("png")).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
    expect(readFileSync(out("svg"), "utf8")).toMatch(/^<svg|^<\?xml/);
    const { provenance, artifacts } = JSON.parse(readFileSync(out("json"), "utf8")) as {
      provenance: Record<string, unknown>;
      artifacts: { kind: string }[];
    };
    expect(provenance).toMatchObject({
      technique: "saliency",
      target: { index: [285], label: "Egyptian cat" },
      params: { absolute: true, samples: 0 },
    });
    expect(artifacts.map(({ kind }) => kind)).toEqual(["heatmap", "image", "bars"]);
  });

  it("fetches any values into .npy files, two of one name kept apart", () => {
    const out = join(folder, "values");
    const { code, err } = loupe(
      "run",
      model,
      "--input",
      cat,
      "--fetch",
      "/_swish/Clip_output_0",
      "--fetch",
      "logits",
      "--out",
      out,
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    const index = JSON.parse(readFileSync(join(out, "index.json"), "utf8")) as Record<
      string,
      { file: string; dims: number[] }
    >;
    expect(index["/_swish/Clip_output_0"]).toMatchObject({
      file: "__swish_Clip_output_0.npy",
      dims: [1, 32, 112, 112],
    });
    expect(decodeNpy(readFileSync(join(out, index.logits.file)), "logits").dims).toEqual([1, 1000]);
  });

  it("checks the gradient against finite differences", () => {
    const { code, out } = loupe("gradcheck", model, "--input", cat, "--target", "285", "--json");
    const check = JSON.parse(out) as { worst: number; directions: unknown[] };
    expect(check.directions.length).toBe(8);
    expect(check.worst).toBeLessThan(0.01);
    expect(code).toBe(0);
  });

  it("explains the difference of two classes, and --set reaches the technique", () => {
    const [one, other, difference] = ["one", "other", "difference"].map((name) => join(folder, `${name}.npy`));
    const signed = ["--set", "absolute=false"];
    loupe("saliency", model, "--input", cat, "--target", "285", ...signed, "--out", one);
    loupe("saliency", model, "--input", cat, "--target", "282", ...signed, "--out", other);
    loupe("saliency", model, "--input", cat, "--target", "285", "--against", "282", ...signed, "--out", difference);
    const [a, b, d] = [one, other, difference].map((path) => decodeNpy(readFileSync(path), path).data as Float32Array);
    const largest = d.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0.01);
    d.forEach((value, i) => {
      if (Math.abs(value - (a[i] - b[i])) > 1e-4 * largest)
        throw new Error(`element ${i}: ${value} is not ${a[i]} − ${b[i]}`);
    });
  });

  it.each([
    ["no such command", ["frobnicate"], 2, /no command or technique "frobnicate"/],
    ["no model", ["saliency", "--out", "x.png"], 2, /model file is missing/],
    ["an unknown option", ["inspect", "m.onnx", "--colour", "red"], 2, /--colour/],
    ["an ending that no format has", ["saliency", model, "--input", cat, "--out", "x.doc"], 2, /--out must end in/],
    [
      "a target that is no index",
      ["saliency", model, "--input", cat, "--target", "cat", "--out", "x.png"],
      2,
      /--target must be an index/,
    ],
    ["a model that is not there", ["inspect", "no-such.onnx"], 1, /file does not exist/],
    ["no input", ["saliency", model, "--out", "x.png"], 1, /inputs are images/],
    ["a target out of range", ["saliency", model, "--input", cat, "--target", "1000", "--out", "x.png"], 1, /0 to 999/],
    [
      "an unknown parameter",
      ["saliency", model, "--input", cat, "--set", "nosie=1", "--out", "x.png"],
      1,
      /no parameter "nosie"/,
    ],
  ])("says in the last line what is wrong: %s", (_, args, code, message) => {
    const result = loupe(...args);
    expect(result.code).toBe(code);
    const line = result.err.trimEnd().split("\n").at(-1);
    expect(line).toMatch(/^neural-loupe: /);
    expect(line).toMatch(message);
    if (code === 1) expect(result.err.trim().split("\n")).toHaveLength(1);
  });

  it("says what a Git LFS pointer is", () => {
    const pointer = join(folder, "pointer.onnx");
    writeFileSync(pointer, "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 18614602\n");
    expect(loupe("inspect", pointer).err).toMatch(/git lfs pull/);
  });
});
