/** A picture that the model makes, in the window: beside the input, with the difference. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import {
  boxOf,
  eventually,
  idle,
  lastState,
  pagesOf,
  requested,
  screenshot,
  until,
} from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import type { PanelState } from "../../src/protocol/panel.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openImage(theme?: ThemeName, width?: number): Promise<void> {
  page = await openPage({
    ...(theme ? { theme } : {}),
    ...(width ? { width } : {}),
    height: 1200,
    scenario: { output: "image", state: { technique: "predictions" } },
  });
  await page.getByTestId("output-image").waitFor();
  await idle(page);
}

test("the output stands beside the input, the difference below with its numbers", async () => {
  await openImage();
  const [input, output] = [await boxOf(page.getByTestId("picture")), await boxOf(page.getByTestId("output-image"))];
  expect(output.x).toBeGreaterThan(input.x + input.width);
  expect(Math.abs(output.y - input.y)).toBeLessThan(2);
  expect((await boxOf(page.getByTestId("heatmap-view"))).y).toBeGreaterThan(output.y + output.height);
  await eventually(() => page.getByTestId("compared").textContent()).toMatch(
    /^Mean absolute difference 0\.\d+ of the range, PSNR \d\d\.\d dB$/,
  );
});

test("a pixel is read, and a click or Enter makes all of its channels the target", async () => {
  await openImage();
  const { x, y, width, height } = await boxOf(page.getByTestId("output-image"));
  await page.mouse.move(x + (100.5 / 224) * width, y + (50.5 / 224) * height);
  await eventually(() => page.getByTestId("output-image-tip").textContent()).toContain("100, 50");
  await page.mouse.down();
  await page.mouse.up();
  await until(page, "fake.calls.filter(({ method }) => method === 'remember').at(-1)?.request.state.target.region");
  expect((await lastState(page, "remember")).target).toEqual({
    output: "reconstruction",
    region: [
      [0, 3],
      [50, 51],
      [100, 101],
    ],
  });
  await page.getByTestId("area-mark").first().waitFor();
});

test("another value range is asked of the engine", async () => {
  await openImage();
  await page.getByTestId("value-range").selectOption("signed");
  const { state } = await requested<{ state: PanelState }>(
    page,
    "run",
    (request) => request.state.params.predictions?.value_range === "signed",
  );
  expect(state.technique).toBe("predictions");
});

test.each(["dark", "light", "hc-dark"] as const)("nothing that axe-core knows is wrong, %s", async (theme) => {
  await openImage(theme);
  await screenshot(page, `output-image-${theme}`, true);
  expect(await violations(page)).toEqual([]);
});

test("in 320 px nothing is cut", async () => {
  await openImage("light", 320);
  await screenshot(page, "output-image-320", true);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
});

test("its two tables are named apart", async () => {
  await openImage();
  const names = await page.locator(".stage [data-testid$=-table]").allInnerTexts();
  expect(names.map((name) => name.trim())).toEqual(["Difference as a table", "Output as a table"]);
});
