import { describe, expect, test } from "vitest";
import { pagesOf } from "../../test/webview/harness.ts";
import { barWidth, longestOf } from "./bar-width.ts";

const openSheet = pagesOf("results");

describe("a bar", () => {
  test("is a part of the longest", () => {
    expect(barWidth(-0.5, 2)).toBe("25%");
    expect(barWidth(1, 2, 50)).toBe("25%");
    expect(barWidth(3, 2)).toBe("100%");
  });

  test("of no number has no length, of an infinite one all of it", () => {
    expect(barWidth(NaN, 2)).toBe("0%");
    expect(barWidth(-Infinity, 2)).toBe("100%");
    expect(barWidth(0, longestOf([0, 0]))).toBe("0%");
  });

  test("NaN and infinities among them leave the others as long as they are", async () => {
    expect(longestOf([NaN, 3, -Infinity, -4])).toBe(4);
    const page = await openSheet({ scene: "bars: NaN and infinite" });
    const widths = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".feature-track i")].map((bar) => bar.style.width)`,
    );
    // flavanoids, proline, alcohol, malic acid, hue, ash: NaN, -1.2, Infinity, -0.4, -Infinity, 0.05
    expect(widths.map((width) => Number.parseFloat(width).toFixed(2))).toEqual([
      "0.00",
      "50.00",
      "50.00",
      "16.67",
      "50.00",
      "2.08",
    ]);
  });
});
