import { unzipSync } from "fflate";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeNpy } from "../../data/npy.ts";
import { colorTable } from "../scene/colormap.ts";
import { arrayNames, figureSvg, saveFigure, WHITE, type SavedFigure } from "./figure-files.ts";
import { rowsByInput } from "./figure-inputs.ts";
import { layoutFigure, type FigureCell } from "./figure.ts";
import { bars, heatmap, picture, result } from "../../../test/support/artifacts.ts";
import { encodeNpz } from "../encode/npz.ts";
import { rasterise } from "../scene/compose.ts";
import { sharedDrawings, valuesOf } from "./scales.ts";
import type { HeatmapArtifact, TokensArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { DEFAULT_LOOKS, type Looks } from "../../protocol/looks.ts";

const looks: Looks = { ...DEFAULT_LOOKS, clip: 100 };

/** A map of 2×4 of these values, over the fixture's picture. */
function map(values: readonly number[], part: Partial<HeatmapArtifact> = {}): HeatmapArtifact {
  return {
    ...heatmap,
    dims: [2, 4],
    axes: { height: 0, width: 1 },
    values: Float32Array.from({ length: 8 }, (_, i) => values[i % values.length]),
    ...part,
  };
}

function cell(
  values: readonly number[],
  group: string,
  part: Partial<HeatmapArtifact> = {},
): FigureCell<WholeResult> & { readonly result: WholeResult } {
  const artifact = map(values, part);
  return {
    group,
    result: {
      ...result,
      arrays: [{ dims: artifact.dims, type: "float32", values: artifact.values }],
      views: [artifact],
    },
  };
}

const figure = (
  cells: SavedFigure<WholeResult>["cells"],
  part: Partial<SavedFigure<WholeResult>> = {},
): SavedFigure<WholeResult> => ({
  axes: { columns: "method", rows: "target" },
  columns: cells[0].map((_, c) => `Method ${c}`),
  rows: cells.map((_, r) => (cells.length > 1 ? `class ${r}` : "")),
  cells,
  looks,
  ...part,
});
const texts = (of: SavedFigure): string[] =>
  layoutFigure(of).parts.flatMap((part) => (part.kind === "text" ? [part.text] : []));

describe("scales", () => {
  const signed = (values: readonly number[], group: string) => ({ artifact: map(values, { signed: true }), group });
  const unsigned = (values: readonly number[], group: string) => ({ artifact: map(values, { signed: false }), group });

  test("of its own: each map from its own values", () => {
    const [a, b] = sharedDrawings([signed([-1, 0.5], "a"), unsigned([0, 4], "b")], looks);
    expect(a.range).toEqual({ min: -1, max: 1 });
    expect(b.range).toEqual({ min: 0, max: 4 });
    expect(b.table).toBe(colorTable("inferno"));
  });

  test("shared: from the least to the largest of all, so that one colour is one value", () => {
    const [a, b, c] = sharedDrawings([unsigned([1, 2], "x"), unsigned([0, 8], "x"), unsigned([0, 100], "y")], looks);
    expect(a.range).toEqual({ min: 0, max: 8 });
    expect(b.range).toEqual(a.range);
    expect(c.range).toEqual({ min: 0, max: 100 });
  });

  test("shared by signed and unsigned maps: around zero, in one diverging map", () => {
    const drawings = sharedDrawings([signed([-3, 1], "x"), unsigned([0, 2], "x")], looks);
    for (const { range, table, signed } of drawings) {
      expect(range).toEqual({ min: -3, max: 3 });
      expect(table).toBe(colorTable("blue-red"));
      expect(signed).toBe(true);
    }
  });
});

describe("a figure", () => {
  test("has each label once, the input first where it stands beside the maps, and each map's own numbers below it", () => {
    const one = figure([
      [cell([0, 2], "a", { signed: false }), cell([-1, 1], "b")],
      [cell([0, 3], "c", { signed: false }), cell([-5, 1], "d")],
    ]);
    const all = texts(one);
    for (const label of ["Input", "Method 0", "Method 1", "class 0", "class 1"])
      expect(
        all.filter((text) => text === label),
        label,
      ).toHaveLength(1);
    for (const number of ["2", "3", "−1", "1", "−5", "5"]) expect(all).toContain(number);
    const images = layoutFigure(one).parts.filter((part) => part.kind === "image");
    // Four maps with a bar each, and the input, which is the same in both rows.
    expect(images).toHaveLength(9);
    expect(texts({ ...one, looks: { ...looks, arrangement: "map" } })).not.toContain("Input");
  });

  test("with one scale for all has one colour bar", () => {
    const shared = figure([[cell([0, 2], "all"), cell([-1, 4], "all")]], { looks: { ...looks, arrangement: "map" } });
    expect(
      layoutFigure(shared)
        .parts.filter((part) => part.kind === "image")
        .map(({ label }) => label),
    ).toEqual(["Saliency", "Saliency", "colour bar"]);
    expect(texts(shared)).toEqual(expect.arrayContaining(["−4", "4"]));
  });

  test("lies within its bounds, and no picture covers another", () => {
    const scene = layoutFigure(
      figure([
        [
          cell([0, 2], "a"),
          { group: "b", failure: "The model has no layer of that name, and so there is nothing to show." },
          { group: "c", result: { ...result, views: [bars] } },
        ],
        [undefined, cell([1], "d"), cell([2], "e")],
      ]),
    );
    const boxes = scene.parts.flatMap((part) => (part.kind === "image" ? [part] : []));
    for (const { x, y, width, height } of boxes) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(scene.width);
      expect(y + height).toBeLessThanOrEqual(scene.height);
    }
    boxes.forEach((a, i) =>
      boxes.slice(i + 1).forEach((b) => {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        expect(apart, `${a.label} and ${b.label} overlap`).toBe(true);
      }),
    );
    expect(scene.parts.some((part) => part.kind === "text" && part.text.startsWith("The model has no"))).toBe(true);
  });

  test("the target that all cells have stands below; where they differ, none does", () => {
    const about = (index: number, label: string) => {
      const one = cell([1], "a");
      const provenance = { ...one.result.provenance, target: { output: "logits", index: [index], label } };
      return { ...one, result: { ...one.result, provenance } };
    };
    const line = "Target: Egyptian cat, 285 of logits";
    expect(texts(figure([[about(285, "Egyptian cat"), about(285, "Egyptian cat")]]))).toContain(line);
    const two = texts(figure([[about(285, "Egyptian cat"), about(281, "tabby")]]));
    expect(two.filter((text) => text.startsWith("Target"))).toEqual([]);
  });

  test("colours are the values': equal ones in a shared scale, other ones in scales of their own", () => {
    const centre = (groups: readonly [string, string]): number[][] => {
      const scene = layoutFigure(
        figure([[cell([4, 4], groups[0], { signed: false }), cell([4, 8], groups[1], { signed: false })]], {
          looks: { ...looks, arrangement: "map" },
        }),
      );
      const { width, rgba } = rasterise(scene);
      return scene.parts
        .filter((part) => part.kind === "image" && part.label === "Saliency")
        .map((part) => {
          const at = 4 * ((("y" in part ? part.y : 0) + 5) * width + part.x + 5);
          return [...rgba.subarray(at, at + 3)];
        });
    };
    const [a, b] = centre(["all", "all"]);
    expect(a).toEqual(b);
    const [c, d] = centre(["own", "other"]);
    expect(c).not.toEqual(d);
  });
});

describe("tokens and features", () => {
  const tokens = (values: readonly number[]): TokensArtifact => ({
    kind: "tokens",
    id: "t",
    title: "Tokens",
    tokens: ["a", "b"],
    values: Float32Array.from(values),
    dims: [2],
    quantity: "Σ",
    signed: true,
    caption: "",
  });

  test("are values in a row, by index: of bars those of all features, not of the strongest", () => {
    expect(valuesOf(bars)?.dims).toEqual([1, 3]);
    expect([...(valuesOf(bars)?.values ?? [])]).toEqual([0, 0.75, 0.25]);
    const artifact = tokens([1, -2]);
    expect(valuesOf(artifact)).toBe(valuesOf(artifact));
    expect(valuesOf(picture)).toBeUndefined();
  });

  test("tokens that share a scale have one bar, and equal colours for equal values", () => {
    const text = (values: readonly number[], group: string): FigureCell<WholeResult> => ({
      group,
      result: { ...result, views: [tokens(values)] },
    });
    const own = layoutFigure(figure([[text([1, 2], "a"), text([1, 8], "b")]])).parts.filter(
      (part) => part.kind === "image",
    );
    const shared = layoutFigure(figure([[text([1, 2], "x"), text([1, 8], "x")]])).parts.filter(
      (part) => part.kind === "image",
    );
    const color = (parts: typeof own, label: string): number[][] =>
      parts.filter((part) => part.label === label).map(({ rgba }) => [...rgba]);
    expect(color(own, "a: 1")[0]).not.toEqual(color(own, "a: 1")[1]);
    expect(color(shared, "a: 1")[0]).toEqual(color(shared, "a: 1")[1]);
    expect(shared.filter(({ label }) => label === "colour bar")).toHaveLength(1);
    expect(own.filter(({ label }) => label.startsWith("colours from"))).toHaveLength(2);
  });
});

describe("a figure's files", () => {
  const saved = figure([
    [cell([0, 2], "a"), cell([-1, 1], "b")],
    [cell([0, 3], "c"), { group: "d", failure: 'no <layer> & "nothing"' }],
  ]);

  test("SVG: text is text, escaped; turned where it stands beside a row; how each cell was made is in it", () => {
    const svg = figureSvg(saved, WHITE.theme);
    expect(svg).toMatch(/<text [^>]*text-anchor="middle"[^>]*>Method 0<\/text>/);
    expect(svg).toMatch(/<text [^>]*rotate\(-90 [^>]*>class 1<\/text>/);
    expect(svg).toContain("no &#60;layer&#62; &#38;");
    expect(svg).not.toContain("<layer>");
    expect(svg).toContain("&#34;technique&#34;:&#34;saliency&#34;");
    expect(svg).toContain('fill="#ffffff"');
    expect(figureSvg(saved, { ...WHITE.theme, background: "none" })).not.toContain('<rect width="');
  });

  test("SVG and PNG have the same size, and another program reads both", async () => {
    const scene = layoutFigure(saved);
    for (const format of ["svg", "png"] as const) {
      const { width, height } = await sharp(Buffer.from(saveFigure(saved, format))).metadata();
      expect([width, height]).toEqual([Math.ceil(scene.width), Math.ceil(scene.height)]);
    }
    const { data, info } = await sharp(Buffer.from(saveFigure(saved, "png")))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, info.channels)]).toEqual([255, 255, 255]);
    expect(Buffer.from(saveFigure(saved, "png")).includes("neural-loupe")).toBe(true);
  });

  test("NPZ: each cell's raw numbers by its labels, none for what failed", () => {
    const files = unzipSync(saveFigure(saved, "npz"));
    expect(Object.keys(files)).toEqual(["class_0__Method_0.npy", "class_0__Method_1.npy", "class_1__Method_0.npy"]);
    const { dims, data } = decodeNpy(Buffer.from(files["class_0__Method_1.npy"]), "x");
    expect(dims).toEqual([2, 4]);
    expect([...(data as Float32Array)]).toEqual([-1, 1, -1, 1, -1, 1, -1, 1]);
  });

  test("JSON: numbers, provenance and failures, by row and column", () => {
    const json = JSON.parse(new TextDecoder().decode(saveFigure(saved, "json"))) as {
      comparison: unknown;
      cells: {
        row: number;
        column: number;
        raw?: { values: number[] };
        failure?: string;
        provenance?: { technique: string };
      }[];
    };
    expect(json.comparison).toEqual({
      columns: { kind: "method", labels: ["Method 0", "Method 1"] },
      rows: { kind: "target", labels: ["class 0", "class 1"] },
    });
    expect(json.cells.map(({ row, column }) => [row, column])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(json.cells[1].raw?.values).toEqual([-1, 1, -1, 1, -1, 1, -1, 1]);
    expect(json.cells[0].provenance?.technique).toBe("saliency");
    expect(json.cells[3].failure).toContain("no <layer>");
  });

  test("names of arrays are told apart, and are no paths", () => {
    const names = arrayNames({
      ...saved,
      columns: ["a/b", "a b"],
      rows: ["", "∂"],
      cells: [
        [undefined, undefined],
        [undefined, undefined],
      ],
    });
    expect(names).toEqual(["a_b", "a_b_2", "a_b_3", "a_b_4"]);
    expect(() => encodeNpz([{ name: "../x", dims: [1], values: Float32Array.of(1) }])).toThrow(RangeError);
  });
});

describe("results about several inputs", () => {
  const about = (group: string): FigureCell<WholeResult> => {
    const [first, second] = [map([0, 4], { input: "picture", over: "input" }), { ...bars, input: "row" }];
    return { group, result: { ...result, views: [first, second, picture] } };
  };
  const ofOne = cell([0, 9], "cam", { over: "input" });
  const failed: FigureCell<WholeResult> = { group: "lrp", failure: "There is no rule." };

  test("have a row of pictures for each, under its name; what is about one input stands in that one's row", () => {
    const { rows, cells } = rowsByInput(figure([[about("a"), ofOne, failed]]));
    expect(rows).toEqual(["picture", "row"]);
    expect(cells.map((row) => row.map((one) => one?.result?.views[0].kind ?? one?.failure))).toEqual([
      ["heatmap", "heatmap", "There is no rule."],
      ["bars", undefined, undefined],
    ]);
    // No picture lies under the other input's bars.
    expect(cells[1][0]?.result?.views.map(({ kind }) => kind)).toEqual(["bars"]);
    expect(texts(figure([[about("a"), about("b")]]))).toEqual(expect.arrayContaining(["picture", "row", "Method 0"]));
  });

  test("keep the row's own label before it, and rows about one input stay", () => {
    expect(rowsByInput(figure([[about("a")], [ofOne]])).rows).toEqual(["class 0: picture", "class 0: row", "class 1"]);
    const plain = figure([[ofOne]]);
    expect(rowsByInput(plain)).toBe(plain);
  });

  test("share no scale between inputs, unless all cells share one", () => {
    const groups = (of: SavedFigure): (string | undefined)[] =>
      rowsByInput(of)
        .cells.flat()
        .map((one) => one?.group);
    expect(groups(figure([[about("a"), about("b")]]))).toEqual(["a\npicture", "b\npicture", "a\nrow", "b\nrow"]);
    expect(new Set(groups(figure([[about("all"), about("all")]]))).size).toBe(1);
  });
});
