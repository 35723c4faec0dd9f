/** The layer picker in Chromium: one layer, several, shapes, and pictures that follow. */
import { describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "../../test/webview/axe.ts";
import { calls, eventually, idle, lastState, later, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openWith(
  technique: string,
  state: Partial<PanelState> = {},
  scenario: Record<string, unknown> = {},
): Promise<void> {
  page = await openPage({ scenario: { ...scenario, state: { technique, ...state } } });
  await page.getByTestId("layer-note").waitFor();
  await idle(page);
}

const last = async (): Promise<PanelState> => await lastState(page);
const note = (): Promise<string | null> => page.getByTestId("layer-note").textContent();
const selected = (): Promise<string[]> =>
  page.evaluate(
    "[...document.querySelectorAll('[data-testid=layer-strip] [aria-selected=true]')].map((one) => one.dataset.value)",
  );
const item = (value: string) => page.locator(`[data-testid=layer-strip] [data-value="${value}"]`);

describe("several layers", () => {
  test("Ctrl and a click averages a layer with those chosen, and takes it away", async () => {
    await openWith("grad-cam");
    await eventually(() => page.getByTestId("several-hint").textContent()).toMatch(/\+click averages several$/);
    await item("head").click({ modifiers: ["Control"] });
    await until(page, "fake.count('run') === 2");
    await eventually(() => last()).toMatchObject({ layer: "relu", moreLayers: ["head"] });
    await eventually(() => note()).toBe("2 of 35 with height and width, averaged");
    await item("project_15").click({ modifiers: ["Control"] });
    await until(page, "fake.count('run') === 3");
    await eventually(() => selected()).toEqual(["project_15", "head", "relu"]);
    await screenshot(page, "several-layers");
    expect(await violations(page)).toEqual([]);
    await item("relu").click({ modifiers: ["Control"] });
    await until(page, "fake.count('run') === 4");
    await eventually(() => last()).toMatchObject({ layer: "head", moreLayers: ["project_15"] });
    // A plain click is one layer again; the last one cannot be taken away.
    await item("head").click();
    await until(page, "fake.count('run') === 5");
    await eventually(async () => (await last()).moreLayers).toBeUndefined();
    await item("head").click({ modifiers: ["Control"] });
    await later(page);
    expect(await calls(page, "run")).toBe(5);
    await page.getByTestId("default-layer").click();
    await until(page, "fake.count('run') === 6");
    await eventually(async () => (await last()).layer).toBeUndefined();
  });

  test("Shift and an arrow key adds the next one, the space bar takes it away", async () => {
    await openWith("grad-cam", { layer: "head" });
    await item("head").focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await until(page, "fake.count('run') === 2");
    await eventually(() => last()).toMatchObject({ layer: "head", moreLayers: ["project_15"] });
    await eventually(() => page.evaluate("document.activeElement.dataset.value")).toBe("project_15");
    await page.keyboard.press("Shift+ArrowRight");
    await eventually(() => page.evaluate("document.activeElement.dataset.value")).toBe("head");
    await page.keyboard.press(" ");
    await until(page, "fake.count('run') === 3");
    await eventually(() => last()).toMatchObject({ layer: "project_15" });
    await eventually(async () => (await last()).moreLayers).toBeUndefined();
  });

  test("are not offered where a method takes one", async () => {
    await openWith("feature-maps");
    await eventually(() => page.getByTestId("several-hint").count()).toBe(0);
    await item("head").click({ modifiers: ["Control"] });
    await until(page, "fake.count('run') === 2");
    await eventually(() => last()).toMatchObject({ layer: "head" });
    await eventually(async () => (await last()).moreLayers).toBeUndefined();
  });
});

test("moving along redraws, and what still runs for the layer before is cancelled", async () => {
  await openWith("grad-cam");
  await page.evaluate("fake.delay = 1500");
  await item("relu").focus();
  await page.keyboard.press("ArrowLeft");
  await until(page, "fake.count('run') === 2");
  await page.keyboard.press("ArrowLeft");
  await until(page, "fake.count('run') === 3");
  await eventually(async () => (await last()).layer).toBe("project_15");
  await page.evaluate("fake.delay = 0");
  await idle(page);
  // The first of the two would have drawn over the second's picture, or shown itself as cancelled.
  await eventually(() => page.getByTestId("notice").count()).toBe(0);
  await eventually(() => selected()).toEqual(["project_15"]);
  await eventually(() => note()).toBe("33 of 35 with height and width");
});

test("each layer says its shape, tokens their grid", async () => {
  await openWith("grad-cam", { layer: "stem" }, { tokens: true });
  await eventually(() => item("stem").locator(".strip-shape").textContent()).toBe("Conv 32×112×112");
  await eventually(() => item("norm").locator(".strip-shape").textContent()).toBe("LayerNormalization 14×14 · 768");
  await eventually(() => item("norm").getAttribute("title")).toContain("1×197×768, tokens as 14×14");
});

test("how tokens lie is asked only where a layer looks like tokens", async () => {
  await openWith("grad-cam");
  await eventually(() => page.getByTestId("param-relu").count()).toBe(1);
  await eventually(() => page.getByTestId("param-grid").count()).toBe(0);
  await page.context().close();
  await openWith("grad-cam", {}, { tokens: true });
  await page.getByTestId("param-grid").fill("7x28");
  await until(page, "fake.count('run') === 2");
  await eventually(async () => (await last()).params["grad-cam"]).toMatchObject({ grid: "7x28" });
});

test("what is counted is said where a method takes only some of the layers", async () => {
  await openWith("grad-cam");
  await eventually(() => note()).toBe("35 of 35 with height and width, automatic");
  expect(await page.getByTestId("layer-note").getAttribute("title")).toBe(
    "Of 37 layers; the others have no height and width for this input. 37 layers of 60 nodes: 23 only compute shapes or constants.",
  );
  await page.getByTestId("method-feature-maps").click();
  await eventually(() => note()).toMatch(/^\d+ of 37, automatic$/);
  // The model has more nodes than these: it is said why.
  expect(await page.getByTestId("layer-note").getAttribute("title")).toBe(
    "37 layers of 60 nodes: 23 only compute shapes or constants.",
  );
});
