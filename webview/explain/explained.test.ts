/**
 * Results that are no maps, and what is asked with them: tokens, features of a row, regions, several samples, files for
 * options.
 */
import { expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, idle, lastState, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openWith(technique: string, theme?: ThemeName, state: Partial<PanelState> = {}): Promise<void> {
  page = await openPage({
    ...(theme ? { theme } : {}),
    scenario: { otherKinds: true, state: { technique, ...state } },
  });
  await page.getByTestId({ tokens: "tokens", features: "feature-bars" }[technique] ?? "heatmap").waitFor();
  await idle(page);
}

test("tokens are coloured by what they amount to, and say it by pointer and by keys", async () => {
  await openWith("tokens");
  const token = page.getByTestId("token-14");
  await eventually(() => token.textContent()).toBe("wonderful");
  await eventually(() => token.getAttribute("aria-label")).toBe("wonderful: 1.4");
  await token.hover();
  await eventually(() => page.getByTestId("token-reading").textContent()).toContain(
    "wonderful · token 14 · Σ x·∂y/∂x 1.4",
  );
  const color = (index: number): Promise<string> =>
    page.evaluate(`getComputedStyle(document.querySelector('[data-testid=token-${index}]')).backgroundColor`);
  await eventually(() => color(14)).not.toBe(await color(6));
  await token.focus();
  await page.keyboard.press("ArrowLeft");
  await eventually(() => page.getByTestId("token-reading").textContent()).toContain("is · token 13");
  await page.getByTestId("colormap").selectOption("purple-green");
  await eventually(() => color(14)).not.toBe("");
});

test("features of a row are bars about their columns, not classes to explain", async () => {
  await openWith("features");
  await eventually(() => page.getByTestId("feature-3").textContent()).toBe("flavanoids1.9");
  await eventually(() => page.getByTestId("prediction-285").count()).toBe(1);
  await eventually(() => page.getByTestId("target").textContent()).toContain("Egyptian cat");
});

test("several explained inputs have a section each, under their names, with one set of looks", async () => {
  await openWith("inputs");
  const sections = page.getByTestId("explained-input");
  await eventually(() => sections.count()).toBe(2);
  await eventually(() => sections.locator("h2").allTextContents()).toEqual(["picture", "row"]);
  await eventually(() => sections.nth(1).getByTestId("feature-1").textContent()).toBe("age0.7");
  await eventually(() => page.getByTestId("colormap").count()).toBe(1);
  expect(await violations(page)).toEqual([]);
  await page.getByTestId("save").click();
  await page.getByTestId("save-npz").waitFor();
  const formats = (await page.getByRole("menuitem").allTextContents()).join(" ");
  expect(formats).not.toContain("NPY");
  expect(formats).toContain("CSV");
});

test("a region of a dense output is drawn on the picture, or typed, and explained", async () => {
  await openWith("dense");
  await eventually(() => page.getByTestId("target").textContent()).toContain("15, 10, 12");
  await page.getByTestId("region-open").click();
  await page.getByTestId("region-picture").scrollIntoViewIfNeeded();
  const box = await boxOf(page.getByTestId("region-picture"));
  await page.mouse.move(box.x + box.width * 0.26, box.y + box.height * 0.51);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.49, box.y + box.height * 0.74, { steps: 4 });
  await page.mouse.up();
  await page.getByTestId("region-class").fill("15");
  await page.getByTestId("region-class").press("Enter");
  await page.getByTestId("region-apply").click();
  await until(page, "document.querySelector('[data-testid=target]').textContent.includes('sum over')");
  await eventually(async () => (await lastState(page)).target.region).toEqual([
    [15, 16],
    [14, 21],
    [7, 14],
  ]);
});

test("several samples are picked together, and given up again", async () => {
  await openWith("saliency");
  await page.getByTestId("more-samples").click();
  await eventually(async () => (await lastState(page)).more).toEqual([
    "file:///samples/dog.png",
    "file:///samples/owl.png",
  ]);
  await eventually(() => page.getByTestId("fewer-samples").textContent()).toContain("+ 2");
  await page.getByTestId("fewer-samples").click();
  await eventually(async () => (await lastState(page)).more).toBeUndefined();
});

test("an option that takes files lets one be chosen", async () => {
  await openWith("tokens");
  await page.getByTestId("param-baseline-file").click();
  await until(page, "document.querySelector('[data-testid=param-baseline]').value === '/samples/black.png'");
  await eventually(async () => (await lastState(page)).params.tokens).toEqual({ baseline: "/samples/black.png" });
});

test("one click asks for SmoothGrad, another for the input itself", async () => {
  await openWith("saliency");
  await page.getByTestId("smoothgrad").click();
  await until(page, "document.querySelector('[data-testid=smoothgrad]').getAttribute('aria-pressed') === 'true'");
  await eventually(async () => (await lastState(page)).params.saliency).toMatchObject({ samples: 50 });
  await page.getByTestId("smoothgrad").click();
  await eventually(async () => (await lastState(page)).params.saliency).toMatchObject({ samples: 0 });
});

test.each(["dark", "light", "hc-dark", "hc-light"] as ThemeName[])("axe finds nothing in %s", async (theme) => {
  for (const technique of ["tokens", "features", "dense"]) {
    await openWith(technique, theme);
    if (technique === "dense") await page.getByTestId("region-open").click();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `panel-${technique}-${theme}`);
    expect(page.problems).toEqual([]);
    if (technique !== "dense") await page.context().close();
  }
});
