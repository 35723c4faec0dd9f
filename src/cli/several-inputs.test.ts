import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { decodeNpy, decodeNpz } from "../data/index.ts";
import { commandLine } from "../../test/support/command-line.ts";

const reference = resolve("test/reference/several-inputs");
const { folder, loupe: called } = commandLine();

function loupe(
  technique: string,
  network: string,
  out: string,
  ...more: string[]
): { code: number | null; err: string; file: string } {
  const file = join(folder, out);
  const files = [join(reference, `${network}.onnx`), "--input", join(reference, `${network}.npz`)];
  return { ...called(technique, ...files, "--target", "1", "--out", file, ...more), file };
}

it("a .npz has an array for each input, by its name", () => {
  const { code, file } = loupe("saliency", "two", "s.npz");
  expect(code).toBe(0);
  const arrays = decodeNpz(readFileSync(file), file);
  expect([...arrays].map(([name, { dims }]) => [name, dims])).toEqual([
    ["picture", [1, 2, 6, 6]],
    ["row", [1, 5]],
  ]);
});

it("a .npy is of one input: which, is asked for (exit 2, with the names)", () => {
  for (const technique of ["saliency", "feature-ablation"]) {
    const { code, err } = loupe(technique, "two", "s.npy");
    expect(code).toBe(2);
    expect(err).toMatch(
      /2 inputs are explained, and a \.npy file holds one array: picture, row\. Choose one with --explain picture/,
    );
  }
  const { code, file } = loupe("saliency", "two", "row.npy", "--explain", "row");
  expect(code).toBe(0);
  expect(decodeNpy(readFileSync(file), file).dims).toEqual([1, 5]);
  expect(loupe("saliency", "two", "x.npy", "--explain", "rows").code).toBe(1);
  // A layer's numbers are one array, whatever goes in.
  expect(loupe("layer-integrated-gradients", "mixed", "layer.npy", "--layer", "/e.0/Gather_output_0").code).toBe(0);
});

it("a .csv begins with the input, and has a row for each part of each", () => {
  const lines = (file: string): string[] => readFileSync(file, "utf8").trim().split("\r\n");
  const { file } = loupe("feature-ablation", "mixed", "a.csv");
  expect(lines(file)[0]).toBe("input,index,label,value");
  expect(
    lines(file)
      .slice(1)
      .map((line) => line.split(",").slice(0, 2).join())
      .sort(),
  ).toEqual(["x_cat,0", "x_cat,1", "x_cat,2", "x_cont,0", "x_cont,1", "x_cont,2"]);
  const pictured = lines(loupe("saliency", "two", "b.csv").file);
  expect(pictured[0]).toBe("input,channel,y,x,index,label,value");
  expect(pictured).toHaveLength(1 + 72 + 5);
  expect(pictured.filter((line) => line.startsWith("row,"))).toHaveLength(5);
});

it("a .json names what is explained and what is not; a picture shows all", async () => {
  const { file } = loupe("saliency", "two", "s.json", "--explain", "picture");
  const json = JSON.parse(readFileSync(file, "utf8")) as {
    notExplained: unknown;
    provenance: { explained: string[] };
    raw: { name: string };
  };
  expect(json.notExplained).toEqual([{ input: "row", reason: "another was chosen" }]);
  expect(json.provenance.explained).toEqual(["picture"]);
  expect(json.raw.name).toBe("picture");
  const all = JSON.parse(readFileSync(loupe("saliency", "two", "all.json").file, "utf8")) as {
    notExplained: unknown;
    inputs: { name: string; values: number[] }[];
  };
  expect(all.notExplained).toEqual([]);
  expect(all.inputs.map(({ name, values }) => [name, values.length])).toEqual([
    ["picture", 72],
    ["row", 5],
  ]);
  const svg = readFileSync(loupe("saliency", "two", "s.svg").file, "utf8");
  for (const name of ["picture", "row"]) expect(svg).toContain(`>${name}</text>`);
  const { height: one } = await sharp(loupe("saliency", "two", "one.png", "--explain", "picture").file).metadata();
  const { height: both } = await sharp(loupe("saliency", "two", "both.png").file).metadata();
  expect(both).toBeGreaterThan(one);
});

it("a .sample.json gives each input its entry, and gives the numbers that its files give", () => {
  const window = resolve("test/models/window/several-inputs");
  const model = join(window, "several-inputs.onnx");
  const numbers = (out: string, ...inputs: string[]): unknown => {
    const { code, err } = called("saliency", model, "--target", "1", "--out", join(folder, out), ...inputs);
    expect([code, err]).toEqual([0, expect.any(String)]);
    const file = join(folder, out);
    return [...decodeNpz(readFileSync(file), file)].map(([name, { dims, data }]) => [name, dims, [...data]]);
  };
  const photo = `image=${join(window, "photo.png")}`;
  const apart = numbers("apart.npz", "--input", photo, "--input", `measures=${join(window, "measures.csv")}`);
  const sample = join(window, "example.sample.json");
  expect(numbers("sample.npz", "--input", sample)).toEqual(apart);
  // What is named beside it goes before its entry.
  expect(numbers("both.npz", "--input", sample, "--input", photo)).toEqual(apart);
});

it("a .sample.json of another model, or one that names files elsewhere, is refused in a line", () => {
  const write = (name: string, json: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(json));
    return join(folder, name);
  };
  const model = join(resolve("test/models/window/several-inputs"), "several-inputs.onnx");
  const tried = (file: string): string => {
    const { code, err } = called("predictions", model, "--input", file);
    expect(code).toBe(1);
    return err;
  };
  expect(tried(write("other.sample.json", { tokens: [1] }))).toMatch(/The model has no input "tokens"/);
  expect(tried(write("less.sample.json", { measures: [1, 2, 3, 4] }))).toMatch(/input "image" .* is missing/);
  expect(tried(write("out.sample.json", { image: { file: "/etc/hostname" } }))).toMatch(
    /"image" names "\/etc\/hostname", which is outside the sample's folder/,
  );
});
