/** What a detector found: boxes over the picture, the same as a list, and a click that explains one. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, idle, lastState, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openDetector(theme?: ThemeName, width?: number): Promise<void> {
  page = await openPage({
    ...(theme ? { theme } : {}),
    ...(width ? { width } : {}),
    scenario: { detector: true, state: { technique: "predictions" } },
  });
  await page.getByTestId("boxes-over").waitFor();
  await idle(page);
}

test("boxes lie over the picture where they were found", async () => {
  await openDetector();
  const [picture, box] = [await boxOf(page.getByTestId("picture")), await boxOf(page.getByTestId("box-0"))];
  // x from 40 to 260 of 448, y from 60 to 380; half an outline more on each side.
  expect(Math.abs((box.x - picture.x) / picture.width - 40 / 448)).toBeLessThan(0.02);
  expect(Math.abs((box.y + box.height - picture.y) / picture.height - 380 / 448)).toBeLessThan(0.02);
  await eventually(() => page.locator(".box-label").allTextContents()).toEqual(["cat 0.91", "couch 0.62", "cat 0.41"]);
});

test("the pointer reads a box's exact values", async () => {
  await openDetector();
  await page.getByTestId("box-2").hover();
  const tip = page.getByTestId("box-tip");
  await eventually(() => tip.textContent()).toContain("300 to 420");
  await eventually(() => tip.getAttribute("data-score")).toBe("0.41");
});

test("a click on a box, or Enter on its row, makes its class score the target", async () => {
  await openDetector();
  const pressed = (row: number): string =>
    `document.querySelector('[data-testid=box-row-${row}]').getAttribute('aria-pressed') === 'true'`;
  await page.getByTestId("box-2").click();
  await until(page, pressed(2));
  await page.getByTestId("box-row-0").focus();
  await page.keyboard.press("Enter");
  await until(page, pressed(0));
  // Remembered for the next method.
  await until(
    page,
    "fake.calls.filter(({ method }) => method === 'remember').at(-1)?.request.state.target.index?.join() === '19,312'",
  );
  expect((await lastState(page, "remember")).target).toMatchObject({ output: "output0", index: [19, 312] });
});

test("rows say class, score and corners, and are one stop of the Tab key", async () => {
  await openDetector();
  await eventually(() => page.getByTestId("box-row-1").textContent()).toContain("couch x 20 to 440, y 200 to 4400.62");
  await page.getByTestId("box-row-0").focus();
  await page.keyboard.press("ArrowDown");
  await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("box-row-1");
  await eventually(() => page.getByTestId("box-tip").textContent()).toContain("couch (57)");
});

test("the score's slider selects anew, by keyboard as well, and is kept with the method", async () => {
  await openDetector();
  const slider = page.getByTestId("min-score");
  await eventually(() => slider.getAttribute("aria-valuetext")).toBe("0.25");
  await slider.fill("0.5");
  await until(page, "document.querySelectorAll('[data-testid^=box-row-]').length === 2");
  await slider.focus();
  await page.keyboard.press("End");
  await until(page, "document.querySelectorAll('[data-testid^=box-row-]').length === 0");
  await eventually(() => slider.getAttribute("aria-valuetext")).toBe("1.00");
  expect((await lastState(page, "run")).params.predictions).toMatchObject({ min_score: "1" });
  // The slider stays where it is, with the focus.
  await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("min-score");
  await page.getByTestId("iou").fill("0.9");
  await until(
    page,
    "fake.calls.filter(({ method }) => method === 'run').at(-1).request.state.params.predictions.iou === 0.9",
  );
});

test("of a model that selects its own boxes the score filters, and there is no other threshold", async () => {
  page = await openPage({ scenario: { detector: "graph", state: { technique: "predictions" } } });
  await eventually(() => page.getByTestId("min-score").getAttribute("aria-valuetext")).toBe("all");
  await eventually(() => page.getByTestId("selection-said").textContent()).toContain("NonMaxSuppression");
  await expect(page.getByTestId("iou").count()).resolves.toBe(0);
});

test.each(["dark", "light", "hc-dark"] as const)("nothing that axe-core knows is wrong, %s", async (theme) => {
  await openDetector(theme);
  await screenshot(page, `boxes-${theme}`);
  expect(await violations(page)).toEqual([]);
});
