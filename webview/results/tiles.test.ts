/** A layer's channels as tiles, with the input beside them. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, pagesOf, screenshot, until } from "../../test/webview/harness.ts";

const open = pagesOf("explain");

/** The stem's feature maps: 32 channels of 112×112, tiles of 56×56 means of 2×2. */
async function openStem(options: Parameters<typeof open>[0] = {}): Promise<Page> {
  const page = await open({ scene: "feature maps of the first layer", height: 900, ...options });
  await page.getByTestId("tiles-input").waitFor();
  await page.locator("[data-testid^=tile-][data-drawn=true]").first().waitFor();
  return page;
}

/** What the artifact has in a tile at a cell. */
const valueAt = (page: Page, channel: number, row: number, column: number): Promise<number> =>
  page.evaluate(`(({ tiles, tileHeight, tileWidth }) =>
    tiles[(${channel} * tileHeight + ${row}) * tileWidth + ${column}])(fake.result.views[0])`);

const reading = (page: Page): Promise<string> => page.getByTestId("tiles-reading").innerText();
const mark = (page: Page, selector: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)}), "::after").left`);

describe("the input beside the tiles", () => {
  test("strongest first, and said so; in channel order when asked", async () => {
    const page = await openStem();
    const first = (): Promise<string | null> => page.locator("[data-place='0']").getAttribute("data-testid");
    const strongest = await page.evaluate<number>(
      "fake.result.views[0].strength.indexOf(Math.max(...fake.result.views[0].strength))",
    );
    await eventually(first).toBe(`tile-${strongest}`);
    expect(await page.locator(".feature-maps > .caption").innerText()).toContain(
      "strongest first (mean absolute activation)",
    );
    await page.getByTestId("sort-index").click();
    await eventually(first).toBe("tile-0");
    expect(await page.locator(".feature-maps > .caption").innerText()).toContain("in channel order");
  });

  test("a place under the pointer, in a tile, is marked in the input and in all tiles, and read", async () => {
    const page = await openStem();
    const channel = Number((await page.locator("[data-place='1']").getAttribute("data-testid"))?.slice("tile-".length));
    const tile = page.locator("[data-place='1'] .tile-picture");
    const { width, height } = await boxOf(tile);
    await tile.hover({ position: { x: (20.5 / 56) * width, y: (10.5 / 56) * height } });
    const value = await valueAt(page, channel, 10, 20);
    await eventually(() => reading(page)).toMatch(new RegExp(`^Channel ${channel}, .* \\(mean of 2×2\\)$`));
    expect(Number((await reading(page)).split(" ")[2].replace("−", "-"))).toBeCloseTo(value, 3);
    const cell = await page.locator("[data-testid=tiles-picture] .cross-cell").getAttribute("style");
    expect(cell).toContain(`left: ${(20 / 56) * 100}%`.slice(0, 12));
    expect(await page.locator(".tiles.marked").count()).toBe(1);
    expect(await mark(page, "[data-place='1'] .tile-picture")).not.toBe("auto");
    await screenshot(page, "tiles-marked");
    await page.mouse.move(2, 2);
    await until(page, "!document.querySelector('.tiles.marked')");
    await eventually(() => reading(page)).toBe("Point at a place to see it in all channels.");
  });

  test("a place in the input names the channel that is strongest there, which a click enlarges", async () => {
    const page = await openStem();
    const picture = page.getByTestId("tiles-picture");
    const { width, height } = await boxOf(picture);
    const position = { x: (30.5 / 56) * width, y: (25.5 / 56) * height };
    await picture.hover({ position });
    const strongest = await page.evaluate<number>(`(({ tiles, count }) => {
      const values = Array.from({ length: count }, (_, channel) => Math.abs(tiles[(channel * 56 + 25) * 56 + 30]));
      return values.indexOf(Math.max(...values));
    })(fake.result.views[0])`);
    await eventually(() => reading(page)).toContain(`Strongest here: channel ${strongest}, `);
    await picture.click({ position });
    await eventually(() => page.getByTestId("enlarged").getAttribute("aria-label")).toBe(`Channel ${strongest}`);
  });

  test("by keyboard alone: arrows mark a place and read it out, Escape takes it away", async () => {
    const page = await openStem();
    await page.getByTestId("tiles-picture").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await eventually(() => page.getByTestId("tiles-live").innerText()).toMatch(/^Strongest here: channel \d+/);
    await page.locator(".tiles.marked").waitFor();
    await page.keyboard.press("Escape");
    await until(page, "!document.querySelector('.tiles.marked')");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByTestId("enlarged").waitFor();
  });

  test("nothing moves when a place is read", async () => {
    const page = await openStem({ width: 320 });
    const places = (): Promise<string> =>
      page.evaluate(
        "[...document.querySelectorAll('.tile, .caption')].map((one) => one.getBoundingClientRect().top).join()",
      );
    await page.getByTestId("tiles-picture").scrollIntoViewIfNeeded();
    const before = await places();
    await page.getByTestId("tiles-picture").hover({ position: { x: 30, y: 30 } });
    await page.locator(".tiles.marked").waitFor();
    expect(await places()).toBe(before);
    await screenshot(page, "tiles-narrow");
  });

  test.each(["dark", "light", "hc-dark"] as const)("in %s: axe finds nothing", async (theme) => {
    const page = await openStem({ theme });
    await page.getByTestId("tiles-picture").focus();
    await page.keyboard.press("ArrowRight");
    await page.locator(".tiles.marked").waitFor();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `tiles-${theme}`);
  });
});
