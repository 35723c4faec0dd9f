/** Keypoints, numbers and feature vectors in the window, and what becomes the target. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, idle, lastState, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(output: string, testid: string, more: { theme?: ThemeName; width?: number } = {}): Promise<void> {
  page = await openPage({ ...more, height: 900, scenario: { output, state: { technique: "predictions" } } });
  await page.getByTestId(testid).waitFor();
  await idle(page);
}

const remembered = (index: string): Promise<void> =>
  until(
    page,
    `fake.calls.filter(({ method }) => method === 'remember').at(-1)?.request.state.target.index?.join() === '${index}'`,
  );

test("keypoints lie over the picture; a click on one, or Enter on its row, explains its map's largest element", async () => {
  await open("keypoints", "point-0");
  const [picture, point] = [await boxOf(page.getByTestId("picture")), await boxOf(page.getByTestId("point-2"))];
  expect(Math.abs((point.x + point.width / 2 - picture.x) / picture.width - 0.6)).toBeLessThan(0.01);
  await page.getByTestId("point-2").hover();
  await eventually(() => page.getByTestId("point-tip").textContent()).toContain("nose");
  await page.getByTestId("point-2").click();
  await remembered("2,21,16");
  await eventually(() => page.getByTestId("point-row-2").getAttribute("aria-pressed")).toBe("true");
  await page.getByTestId("point-row-2").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await remembered("1,12,23");
  expect((await lastState(page, "remember")).target.output).toBe("heatmaps");
});

test("each point's heat map can be looked at", async () => {
  await open("keypoints", "point-0");
  await page.getByTestId("keypoint-map").selectOption("3");
  await eventually(() => page.locator(".heat").count()).toBe(1);
  await eventually(() => page.getByTestId("point-0").count()).toBe(0);
  await page.getByTestId("keypoint-map").selectOption("points");
  await page.getByTestId("point-0").waitFor();
});

test("one number is large, with its unit, and has all its digits in its tooltip", async () => {
  await open("number", "number-0");
  const number = page.getByTestId("number-0");
  await eventually(() => number.locator(".prediction-value").textContent()).toBe("20.12 mm");
  expect(await number.getAttribute("title")).toBe("radius: 20.123457 mm");
  expect((await boxOf(number.locator(".prediction-value"))).height).toBeGreaterThan(40);
});

test("several numbers are rows; a click explains one", async () => {
  await open("numbers", "number-0");
  await page.getByTestId("number-1").click();
  await remembered("1");
  await eventually(() => page.getByTestId("number-1").getAttribute("aria-pressed")).toBe("true");
});

test("an embedding is read by pointer and keys; Enter and a click explain a dimension", async () => {
  await open("embedding", "vector");
  const { x, y, width, height } = await boxOf(page.getByTestId("vector"));
  await page.mouse.move(x + (10.5 / 64) * width, y + height / 2);
  await eventually(() => page.getByTestId("vector-tip").getAttribute("data-dimension")).toBe("10");
  await page.mouse.click(x + (10.5 / 64) * width, y + height / 2);
  await remembered("10");
  await page.getByTestId("vector").focus();
  await page.mouse.move(x, y - 30);
  await page.keyboard.press("End");
  await eventually(() => page.getByTestId("vector-live").textContent()).toContain("dimension 63, embedding");
  await page.keyboard.press("Enter");
  await remembered("63");
  await eventually(() => page.getByTestId("vector-numbers").textContent()).toContain("64 dimensions, norm 1,");
});

test.each([
  ["keypoints", "point-0"],
  ["numbers", "number-0"],
  ["number", "number-0"],
  ["embedding", "vector"],
])("nothing that axe-core knows is wrong with %s, at 320 pixels and in high contrast", async (output, testid) => {
  await open(output, testid, { width: 320 });
  await screenshot(page, `${output}-320`);
  expect(await violations(page)).toEqual([]);
  await open(output, testid, { theme: "hc-dark", width: 700 });
  await screenshot(page, `${output}-hc-dark`);
  expect(await violations(page)).toEqual([]);
});
