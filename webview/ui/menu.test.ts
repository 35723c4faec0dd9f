/** Menus fit the view, and are read by keyboard: tried on a panel's Save menu. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { boxOf, eventually, idle, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

/** Scrolled so that the button lies `at` pixels below the view's top. */
async function openMenu(at: number, options: OpenOptions): Promise<void> {
  page = await openPage({ ...options, scenario: { state: { technique: "saliency" } } });
  await idle(page);
  const button = page.getByTestId("save");
  await button.waitFor();
  await page.evaluate("document.body.style.paddingBottom = '2000px'");
  await button.evaluate((element, top) => {
    const { scrollBy } = globalThis as unknown as { scrollBy(x: number, y: number): void };
    scrollBy(0, (element as unknown as { getBoundingClientRect(): { top: number } }).getBoundingClientRect().top - top);
  }, at);
  await button.click();
  await page.locator("[role=menu]").waitFor();
}

const focused = (): Promise<string> => page.evaluate("document.activeElement.dataset.testid ?? ''");

describe.each<[string, number, OpenOptions]>([
  ["low, below its button", 8, { width: 520, height: 160 }],
  ["low, above its button", 120, { width: 520, height: 160 }],
  ["narrow", 60, { width: 320, height: 600 }],
])("in a view that is %s", (_, at, options) => {
  test("lies inside it, and every item is reached", async () => {
    await openMenu(at, options);
    const menu = page.locator("[role=menu]");
    const box = await boxOf(menu);
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(options.width!);
    expect(box.y + box.height).toBeLessThanOrEqual(options.height!);
    for (const item of await menu.locator("[role=menuitem]").all()) {
      await item.focus();
      const place = await boxOf(item);
      expect(place.y).toBeGreaterThanOrEqual(box.y - 1);
      expect(place.y + place.height).toBeLessThanOrEqual(box.y + box.height + 1);
    }
  });
});

test("scrolls where it is taller than the view", async () => {
  await openMenu(8, { width: 520, height: 120 });
  const heights = (await page.locator("[role=menu]").evaluate((menu) => {
    const { clientHeight, scrollHeight } = menu as unknown as { clientHeight: number; scrollHeight: number };
    return [clientHeight, scrollHeight];
  })) as [number, number];
  expect(heights[1]).toBeGreaterThan(heights[0]);
  await page.mouse.wheel(0, 0);
  await page.locator("[role=menuitem]").last().scrollIntoViewIfNeeded();
  expect(
    await page.locator("[role=menu]").evaluate((menu) => (menu as unknown as { scrollTop: number }).scrollTop),
  ).toBeGreaterThan(0);
  await screenshot(page, "menu-low");
});

test("arrows, Home, End and letters move; Escape goes back to the button", async () => {
  await openMenu(100, { width: 520, height: 600 });
  const ids = await page
    .locator("[role=menuitem]")
    .evaluateAll((items) => items.map((item) => (item as unknown as { dataset: { testid: string } }).dataset.testid));
  expect(ids.length).toBeGreaterThan(4);
  await eventually(focused).toBe(ids[0]);
  await page.keyboard.press("End");
  await eventually(focused).toBe(ids.at(-1));
  await page.keyboard.press("Home");
  await eventually(focused).toBe(ids[0]);
  await page.keyboard.press("ArrowDown");
  await eventually(focused).toBe(ids[1]);
  await page.keyboard.type("js");
  await eventually(focused).toBe("save-json");
  await page.keyboard.press("Escape");
  await until(page, "!document.querySelector('[role=menu]')");
  await eventually(focused).toBe("save");
  await page.keyboard.press("ArrowUp");
  await eventually(focused).toBe(ids.at(-1));
});

test("the same letter goes on to the next item that begins with it", async () => {
  await openMenu(100, { width: 520, height: 600 });
  const labels = await page.locator("[role=menuitem] .menu-label").allTextContents();
  const letter = labels.map((label) => label[0].toLowerCase()).find((one, at, all) => all.indexOf(one) !== at)!;
  const wanted = labels.filter((label) => label.toLowerCase().startsWith(letter));
  expect(wanted.length).toBeGreaterThan(1);
  const said = (): Promise<string> => page.evaluate("document.activeElement.querySelector('.menu-label').textContent");
  await page.keyboard.press("Home");
  const seen: string[] = [];
  for (let times = 0; times < wanted.length + 1; times++) {
    await page.keyboard.press(letter);
    seen.push(await said());
  }
  expect(new Set(seen)).toEqual(new Set(wanted));
});

test.each<ThemeName>(["dark", "light", "hc-dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
  await openMenu(60, { width: 320, height: 400, theme });
  expect(await violations(page)).toEqual([]);
});
