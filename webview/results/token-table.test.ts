/** Colours of tokens lie on the page: what is near zero is near its colour, in dark themes too. */
import { describe, expect, test } from "vitest";
import { pagesOf, screenshot } from "../../test/webview/harness.ts";
import { colorTable } from "../../src/draw/scene/colormap.ts";
import { pageTable } from "./token-table.ts";

const entry = (table: Uint8Array, index: number): number[] => [...table.subarray(3 * index, 3 * index + 3)];
const light = (table: Uint8Array, index: number): number => {
  const [red, green, blue] = entry(table, index);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

describe("a diverging map on a dark page", () => {
  test.each(["blue-red", "purple-green"] as const)("%s grows lighter from the page's colour to both ends", (name) => {
    const table = pageTable(name, [31, 31, 31]);
    for (const middle of [127, 128])
      entry(table, middle).forEach((byte) => expect(Math.abs(byte - 31)).toBeLessThan(6));
    for (let i = 0; i < 90; i++) {
      expect(light(table, i)).toBeGreaterThanOrEqual(light(table, i + 1) - 1);
      expect(light(table, 255 - i)).toBeGreaterThanOrEqual(light(table, 254 - i) - 1);
    }
    expect(light(table, 0)).toBeGreaterThan(120);
    expect(light(table, 255)).toBeGreaterThan(120);
  });

  test("on a light page, and where it does not diverge, it is as it is", () => {
    expect(pageTable("blue-red", [255, 255, 255])).toBe(colorTable("blue-red"));
    expect(pageTable("inferno", [31, 31, 31])).toBe(colorTable("inferno"));
  });
});

const open = pagesOf("explain");

test.each(["dark", "light", "hc-dark"] as const)(
  "the token nearest to zero is near the page's colour: %s",
  async (theme) => {
    const page = await open({ scene: "tokens", theme });
    await page.getByTestId("token-0").waitFor();
    const [token, paper] = await page.evaluate<[string, string]>(`(() => {
    const tokens = [...document.querySelectorAll(".token")];
    const weakest = tokens.reduce((best, one) => (Math.abs(one.dataset.value) < Math.abs(best.dataset.value) ? one : best));
    return [weakest, document.body].map((one) => getComputedStyle(one).backgroundColor);
  })()`);
    const bytes = (color: string): number[] => (color.match(/\d+/g) ?? []).slice(0, 3).map(Number);
    const [at, under] = [bytes(token), bytes(paper)];
    at.forEach((byte, i) => expect(Math.abs(byte - under[i]), `${token} on ${paper}`).toBeLessThan(60));
    await screenshot(page, `tokens-${theme}`);
  },
);
