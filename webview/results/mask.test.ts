/** A segmentation in the window: the mask, its legend, and what becomes the target. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, idle, inkOf, lastState, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openMask(theme?: ThemeName, width?: number): Promise<void> {
  page = await openPage({
    ...(theme ? { theme } : {}),
    ...(width ? { width } : {}),
    height: 1000,
    scenario: { output: "segmentation", state: { technique: "predictions" } },
  });
  await page.getByTestId("mask").waitFor();
  await idle(page);
}

const remembered = (expression: string): Promise<void> =>
  until(
    page,
    `(() => { const target = fake.calls.filter(({ method }) => method === 'remember').at(-1)?.request.state.target; return ${expression}; })()`,
  );

test("the pointer reads class and score; the legend marks the class", async () => {
  await openMask();
  const { x, y, width, height } = await boxOf(page.getByTestId("mask"));
  await page.mouse.move(x + 0.5 * width, y + 0.5 * height);
  const tip = page.getByTestId("mask-tip");
  await eventually(() => tip.textContent()).toContain("cat (1)");
  await eventually(() => tip.getAttribute("data-score")).toMatch(/^0\.[5-9]/);
  await eventually(() => page.getByTestId("mask-class-1").getAttribute("class")).toContain("marked");
});

test("a class of the legend becomes the target, whole; a click on the mask the region there", async () => {
  await openMask();
  await page.getByTestId("mask-class-1").click();
  await remembered("target?.region?.[0][0] === 1 && target.region[1][1] === 56");
  expect((await lastState(page, "remember")).target).toEqual({
    output: "out",
    region: [
      [1, 2],
      [0, 56],
      [0, 56],
    ],
  });
  await eventually(() => page.getByTestId("mask-class-1").getAttribute("aria-pressed")).toBe("true");
  const { x, y, width, height } = await boxOf(page.getByTestId("mask"));
  await page.mouse.click(x + 0.9 * width, y + 0.2 * height);
  await remembered("target?.region?.[0][0] === 2");
  // The window: rows 0 to 29, columns from 35, of which the cat has none.
  expect((await lastState(page, "remember")).target.region).toEqual([
    [2, 3],
    [0, 30],
    [35, 56],
  ]);
  const [mark, mask] = [await boxOf(page.getByTestId("area-mark").last()), await boxOf(page.getByTestId("mask"))];
  expect(Math.abs((mark.x - mask.x) / mask.width - 35 / 56)).toBeLessThan(0.02);
});

test("by keys: a place is read, and Enter explains its region; the legend is one stop of the Tab key", async () => {
  await openMask();
  await page.getByTestId("mask").focus();
  await page.keyboard.press("ArrowDown");
  await eventually(() => page.getByTestId("mask-live").textContent()).toContain("class cat (1), probability");
  await page.keyboard.press("Enter");
  await remembered("target?.region?.[0][0] === 1");
  await page.getByTestId("mask-class-1").focus();
  await page.keyboard.press("Home");
  const first = await page.evaluate("document.activeElement.dataset.testid");
  await page.keyboard.press("ArrowDown");
  expect(await page.evaluate("document.activeElement.dataset.testid")).not.toBe(first);
});

test("a class under the pointer in the legend stands out in the mask", async () => {
  await openMask();
  const before = await inkOf(page, "[data-testid=mask-pixels]");
  await page.getByTestId("mask-class-2").hover();
  await eventually(() => inkOf(page, "[data-testid=mask-pixels]")).not.toBe(before);
});

test.each(["dark", "light", "hc-dark"] as const)("nothing that axe-core knows is wrong, %s", async (theme) => {
  await openMask(theme);
  await screenshot(page, `mask-${theme}`);
  expect(await violations(page)).toEqual([]);
});

test("in 320 px the legend stands below, and nothing is cut", async () => {
  await openMask("light", 320);
  await page.getByTestId("arrangement-overlay").click();
  await screenshot(page, "mask-320", true);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
});
