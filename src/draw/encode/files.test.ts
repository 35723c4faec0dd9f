import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { inflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { decodeNpy } from "../../data/npy.ts";
import { DEFAULT_LOOKS, type Looks } from "../../protocol/looks.ts";
import type { HeatmapArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { composePicture } from "../scene/compose.ts";
import { bars, heatmap, picture, provenance, result, tiles } from "../../../test/support/artifacts.ts";
import { encodeNpy } from "./npy.ts";
import { encodePng } from "./png.ts";
import { PROVENANCE_KEYWORD, pictureNote, saveResult } from "./save.ts";
import { composeSvg, escapeXml } from "./svg.ts";

const looks: Looks = DEFAULT_LOOKS;
const scratch = mkdtempSync(path.join(tmpdir(), "draw-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("PNG", () => {
  // Noise, flat, gradients: every filter wins somewhere.
  const [width, height] = [37, 23];
  const make = (alpha: number) =>
    Uint8Array.from({ length: width * height * 4 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 4) % width, Math.floor(i / 4 / width), i % 4];
      return c === 3
        ? x === 3
          ? alpha
          : 255
        : y < 6
          ? (i * 7919 * (y + 3)) % 251
          : y < 12
            ? 90
            : y < 18
              ? x * 5 + c
              : x * 3 + y * 9;
    });

  test.each([
    [255, 3],
    [100, 4],
  ])("another decoder reads the same pixels (alpha %i: %i channels)", async (alpha, channels) => {
    const rgba = make(alpha);
    const png = encodePng(width, height, rgba);
    const { data, info } = await sharp(Buffer.from(png)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([width, height]);
    expect((await sharp(Buffer.from(png)).metadata()).channels).toBe(channels);
    expect(Buffer.compare(data, rgba)).toBe(0);
  });

  test("text is kept as UTF-8, and keywords must be possible", () => {
    expect(readText(encodePng(1, 1, new Uint8Array(4), { text: { Title: "∂ “猫”" } }))).toEqual({ Title: "∂ “猫”" });
    expect(() => encodePng(1, 1, new Uint8Array(4), { text: { "": "x" } })).toThrow("keyword");
    expect(() => encodePng(2, 1, new Uint8Array(4))).toThrow("2×1");
  });

  test("filters earn their keep: a gradient of 48 KB packs to under 1 KB, no row but the first unfiltered", () => {
    const gradient = Uint8Array.from({ length: 128 * 128 * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (Math.floor(i / 4) % 128) * 2 + Math.floor(i / 512) * (i % 4),
    );
    const png = encodePng(128, 128, gradient);
    const rows = inflateSync(chunks(png).find((chunk) => chunk.type === "IDAT")?.data ?? new Uint8Array(0));
    expect(Array.from({ length: 127 }, (_, y) => rows[(y + 1) * 385]).every((type) => type > 0)).toBe(true);
    expect(png.length).toBeLessThan(1000);
  });
});

function chunks(png: Uint8Array): { type: string; data: Uint8Array }[] {
  const view = new DataView(png.buffer, png.byteOffset);
  const found = [];
  for (let at = 8; at < png.length;) {
    const length = view.getUint32(at);
    found.push({ type: text(png.subarray(at + 4, at + 8)), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return found;
}

function readText(png: Uint8Array): Record<string, string> {
  return Object.fromEntries(
    chunks(png)
      .filter((chunk) => chunk.type === "iTXt")
      .map(({ data }) => {
        const end = data.indexOf(0);
        return [text(data.subarray(0, end)), text(data.subarray(end + 5))];
      }),
  );
}

describe("NPY", () => {
  test("is as numpy writes it, byte for byte", () => {
    // test/reference/npy/f4-little.npy: numpy's own file of (0 … 23 − 11) · 0.37 as float32 [2,3,4].
    const file = readFileSync(path.resolve(import.meta.dirname, "../../../test/reference/npy/f4-little.npy"));
    const array = decodeNpy(file, "f4-little.npy");
    expect(Buffer.compare(encodeNpy(array.dims, array.data as Float32Array), file)).toBe(0);
  });
  test.each([[[]], [[3]], [[0, 4]], [[1, 3, 2, 4]]])("shape %j comes back, data aligned to 64 bytes", (dims) => {
    const count = dims.reduce((product: number, dim: number) => product * dim, 1);
    const bytes = encodeNpy(dims, new Float32Array(count).fill(1.5));
    expect((bytes.length - 4 * count) % 64).toBe(0);
    expect(decodeNpy(bytes, "x")).toEqual({ dtype: "float32", dims, data: new Float32Array(count).fill(1.5) });
  });
});

describe("the picture a panel shows", () => {
  const arrangements = ["side-by-side", "overlay", "map"] as const;
  test.each(arrangements)("heat map, %s: at least 448 high, opaque", (arrangement) => {
    const { width, height, rgba } = composePicture(result, heatmap, { ...looks, arrangement });
    expect(height).toBeGreaterThanOrEqual(448);
    expect(rgba).toHaveLength(width * height * 4);
    for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) expect.fail("a pixel is transparent");
  });
  test("side by side holds the input's pixels and the map's colours as they are", () => {
    const drawn = composePicture(result, heatmap, { ...looks, colorMap: "gray", clip: 100 });
    const colors = new Set<string>();
    for (let i = 0; i < drawn.rgba.length; i += 4) colors.add(drawn.rgba.subarray(i, i + 3).join());
    for (let i = 0; i < picture.pixels.length; i += 3)
      expect(colors).toContain(picture.pixels.subarray(i, i + 3).join());
    // The largest magnitude over channels is −12/7, at the first place: black. Zero would be the middle.
    expect(colors).toContain("0,0,0");
  });
  test("looks change the picture", () => {
    const drawn = (
      [{}, { opacity: 0.1 }, { colorMap: "viridis" }, { clip: 50 }, { reduce: "mean" }] as Partial<Looks>[]
    ).map((change) =>
      Buffer.from(composePicture(result, heatmap, { ...looks, arrangement: "overlay", ...change }).rgba).toString(
        "base64",
      ),
    );
    expect(new Set(drawn).size).toBe(drawn.length);
  });
  test.each([tiles, bars, picture])("$kind", (artifact) => {
    const { width, height, rgba } = composePicture(result, artifact, looks);
    expect(rgba).toHaveLength(width * height * 4);
    expect(new Set(Buffer.from(rgba)).size).toBeGreaterThan(2);
  });
  test("nothing finite, nothing over it, one pixel, no items: still a picture", () => {
    const blank: HeatmapArtifact = {
      ...heatmap,
      over: "none",
      dims: [1, 1],
      axes: { height: 0, width: 1 },
      values: Float32Array.of(NaN),
    };
    for (const artifact of [
      blank,
      { ...blank, smooth: true },
      { ...bars, items: [] },
      { ...tiles, sent: 0, tiles: new Float32Array(0) },
    ]) {
      expect(composePicture(result, artifact, looks).width).toBeGreaterThan(0);
      expect(composeSvg(result, artifact, looks)).toContain("</svg>");
    }
  });
  test("a NaN and a negative bar do not break the rest", () => {
    const strange = {
      ...bars,
      share: false,
      items: [
        { label: "a", value: NaN, index: 0 },
        { label: "b", value: -2, index: 1 },
      ],
    };
    expect(composeSvg(result, strange, looks)).toContain("−2");
  });
});

describe("SVG", () => {
  const hostile = `</text><script>alert("1")</script> & ' \u0000\ud800`;
  test("escapes whatever came from outside", () => {
    const nasty: WholeResult = {
      ...result,
      views: [
        { ...heatmap, title: hostile, caption: hostile, quantity: hostile },
        { ...picture, title: hostile },
      ],
      provenance: { ...provenance, model: { name: hostile, hash: "" } },
    };
    const svg = composeSvg(nasty, nasty.views[0], looks, { foreground: '"><script>', background: "#fff" });
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("\u0000");
    expect(escapeXml(`a<b>&"'`)).toBe("a&#60;b&#62;&#38;&#34;&#39;");
    expect(escapeXml("a\u0001\ud800b\ud83d\ude00")).toBe("a\ufffd\ufffdb😀");
  });
  test("is well-formed and drawn by another program as large as the PNG", async () => {
    for (const artifact of result.views) {
      const { width, height } = composePicture(result, artifact, looks);
      const rendered = await sharp(Buffer.from(composeSvg(result, artifact, looks))).metadata();
      expect([rendered.width, rendered.height]).toEqual([width, height]);
    }
  });
  test("holds its texts as texts and its pixels as PNG", async () => {
    const svg = composeSvg(result, heatmap, looks, { foreground: "#eee", background: "#111" });
    expect(svg).toContain(">Saliency</text>");
    expect(svg).toContain('fill="#111"');
    const embedded = [...svg.matchAll(/base64,([^"]+)/g)].map((match) => Buffer.from(match[1], "base64"));
    const sizes = await Promise.all(embedded.map((png) => sharp(png).metadata()));
    expect(sizes.slice(0, 2).map(({ width, height }) => [width, height])).toEqual([
      [4, 2],
      [4, 2],
    ]);
  });
});

describe("saving", () => {
  test("a PNG carries how it was made", () => {
    const png = saveResult(result, looks, "png");
    expect(JSON.parse(readText(png)[PROVENANCE_KEYWORD])).toEqual(JSON.parse(JSON.stringify(provenance)));
  });
  test("a PNG has its texts as text, those in other scripts as well", () => {
    const png = saveResult({ ...result, views: [{ ...heatmap, title: "猫の顕著性", caption: "قطة" }] }, looks, "png");
    expect(readText(png).Title).toBe("猫の顕著性");
    expect(readText(png).Description.split("\n")).toEqual(expect.arrayContaining(["猫の顕著性", "قطة"]));
  });
  test("letters that the font lacks are told of, where the picture has boxes for them", () => {
    const named = { ...result, views: [{ ...heatmap, title: "猫" }] };
    expect(pictureNote(named, looks, "png")).toContain("boxes");
    expect(pictureNote(named, looks, "svg")).toBeUndefined();
    expect(pictureNote(result, looks, "png")).toBeUndefined();
  });
  test("an NPY is the raw result, or the artifact that is named", () => {
    expect(decodeNpy(saveResult(result, looks, "npy"), "x")).toMatchObject({
      dims: result.arrays[0].dims,
      data: result.arrays[0].values,
    });
    expect(decodeNpy(saveResult(result, looks, "npy", "bars"), "x").data).toEqual(bars.values);
    expect(decodeNpy(saveResult(result, looks, "npy", "tiles"), "x").dims).toEqual([2, 2, 2]);
    expect(decodeNpy(saveResult(result, looks, "npy", "input"), "x").dims).toEqual([2, 4, 3]);
  });
  test("JSON holds every number exactly, and what JSON lacks as words", () => {
    const odd = Float32Array.of(NaN, Infinity, -Infinity, 0.1, 1 / 3, 1e-40, 16777216, -0.7071068);
    const json = JSON.parse(
      text(saveResult({ ...result, arrays: [{ dims: [8], type: "float32", values: odd }] }, looks, "json")),
    ) as { notes: string[]; artifacts: { id: string; values: number[] }[]; raw: { values: (number | string)[] } };
    expect(json.raw.values.slice(0, 3)).toEqual(["NaN", "Infinity", "-Infinity"]);
    expect(json.raw.values[3]).toBe(0.1);
    expect(Float32Array.from(json.raw.values.slice(3) as number[])).toEqual(odd.slice(3));
    expect(json.notes).toEqual(["a note"]);
    expect(json.artifacts.map((artifact) => artifact.id)).toEqual(["map", "tiles", "input", "bars"]);
    expect(Float32Array.from(json.artifacts[0].values)).toEqual(heatmap.values);
  });
  test("CSV quotes what needs it", () => {
    expect(text(saveResult(result, looks, "csv", "bars"))).toBe(
      'index,label,probability\r\n1,"cat, ""Egyptian""",0.75\r\n2,dog,0.25\r\n',
    );
    expect(text(saveResult(result, looks, "csv", "tiles")).split("\r\n")[2]).toBe("1,2,6,4,4");
    const rows = text(saveResult(result, looks, "csv"))
      .trim()
      .split("\r\n");
    expect(rows).toHaveLength(25);
    expect(rows[1 + 8 + 4 + 2]).toBe(`1,1,2,${heatmap.values[14]}`);
    expect(text(saveResult(result, looks, "csv", "input")).split("\r\n")[1]).toBe("0,0,0,10,20");
  });
  test("SVG is SVG", () => {
    const file = path.join(scratch, "x.svg");
    writeFileSync(file, saveResult(result, looks, "svg"));
    expect(readFileSync(file, "utf8")).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  });
  test("a part that is not there is refused", () => {
    expect(() => saveResult(result, looks, "png", "nope")).toThrow('no part named "nope"');
    expect(() => saveResult({ ...result, views: [] }, looks, "svg")).toThrow("no image");
  });
});
