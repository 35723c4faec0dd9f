import { describe, expect, test } from "vitest";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { heatmap as artifact, picture } from "../../../test/support/artifacts.ts";
import { heatmap } from "./heatmap.ts";
import { kindOf } from "./index.ts";

describe("a heat map's target", () => {
  const target = { left: 0.25, top: 0, right: 0.5, bottom: 0.5 };
  const rects = (more: { over?: string }, arrangement: "overlay" | "side-by-side"): number => {
    const looks = { ...DEFAULT_LOOKS, arrangement };
    const setting = { pictures: [picture], looks };
    const count = (parts: readonly { readonly kind: string }[]): number =>
      parts.filter(({ kind }) => kind === "rect").length;
    const one = { ...artifact, ...more };
    return count(heatmap.layout(one, { ...setting, target }).parts) - count(heatmap.layout(one, setting).parts);
  };

  test("is outlined on the map and on the picture beside it: two lines of four sides on each", () => {
    expect(rects({}, "overlay")).toBe(8);
    expect(rects({}, "side-by-side")).toBe(16);
  });

  test("is not drawn on a map that lies over no picture", () => {
    expect(rects({ over: undefined }, "overlay")).toBe(0);
  });

  test("lies where it is: a quarter to half of the width, the upper half", () => {
    const looks = { ...DEFAULT_LOOKS, arrangement: "overlay" as const };
    const { parts } = kindOf(artifact).layout(artifact, { pictures: [picture], looks, target });
    const image = parts.find((part) => part.kind === "image")!;
    const outer = parts.filter((part) => part.kind === "rect").slice(0, 4);
    const right = Math.max(...outer.map(({ x, width }) => x + width));
    expect(Math.min(...outer.map(({ x }) => x))).toBe(0.25 * image.width);
    expect(right).toBe(0.5 * image.width);
    expect(Math.max(...outer.map(({ y, height }) => y + height))).toBe(0.5 * image.height);
  });
});
