/** The model editor's methods: which are buttons, which are disabled, and why. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { calls, eventually, lastRequest, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("model");
let page: TestPage;

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage({ width: 1100, ...options });
  await page.getByTestId("layers").waitFor();
}

const MLP = [
  { obstacle: "pooled head", reason: "CAM needs pooling." },
  {
    obstacle: "spatial layer",
    reason: "No layer between the input and the score has height and width larger than 1×1.",
  },
];
const TRUNCATED = [
  {
    obstacle: "run",
    reason: "The file ends in the middle of a tensor. The readable part is shown; the model cannot be run.",
    where: "byte 18 400 123",
  },
];

/** What a screen reader says beside the name. */
const descriptionOf = (testid: string): Promise<string | null> =>
  page.getByTestId(testid).evaluate((button) => {
    const { document } = globalThis as unknown as { document: { getElementById(id: string): { textContent: string } } };
    const id = (button as unknown as { getAttribute(name: string): string | null }).getAttribute("aria-describedby");
    return id === null ? null : document.getElementById(id).textContent;
  });

test("five methods are buttons, and one leads to all of them", async () => {
  await open({ scenario: { many: true } });
  expect(await page.locator(".techniques button").allTextContents()).toEqual([
    "Explain With…",
    "Predictions",
    "Feature maps",
    "Saliency",
    "Occlusion",
    "Grad-CAM",
  ]);
  await page.getByTestId("visualize-saliency").click();
  await until(page, "fake.count('visualize') === 1");
  await eventually(() => lastRequest(page, "visualize")).toEqual({ technique: "saliency" });
  await page.getByTestId("explain-with").click();
  await until(page, "fake.count('explainWith') === 1");
  await screenshot(page, "editor-methods");
});

test("where nothing may run all are disabled, and say so", async () => {
  await open({ scenario: { blocked: "This workspace is not trusted." } });
  await eventually(() => page.getByTestId("blocked").textContent()).toContain("not trusted");
  for (const testid of ["explain-with", "visualize-saliency"]) {
    expect(await page.getByTestId(testid).getAttribute("aria-disabled")).toBe("true");
    expect(await descriptionOf(testid)).toBe("This workspace is not trusted.");
    await page.getByTestId(testid).click({ force: true });
  }
  expect([await calls(page, "visualize"), await calls(page, "explainWith")]).toEqual([0, 0]);
});

test("a method that cannot work for the model keeps its place, is reached by keyboard, and says why", async () => {
  await open({ scenario: { limits: MLP } });
  const gradCam = page.getByTestId("visualize-grad-cam");
  expect(await gradCam.getAttribute("title")).toBe(MLP[1].reason);
  expect(await descriptionOf("visualize-grad-cam")).toBe(MLP[1].reason);
  await page.getByTestId("visualize-saliency").focus();
  await page.keyboard.press("Tab");
  await until(page, "document.activeElement.dataset.testid === 'visualize-grad-cam'");
  await page.keyboard.press("Enter");
  expect(await calls(page, "visualize")).toBe(0);
  expect(await page.getByTestId("visualize-saliency").getAttribute("aria-disabled")).toBeNull();
  expect(await descriptionOf("visualize-saliency")).toBeNull();
  expect(await violations(page)).toEqual([]);
  await screenshot(page, "editor-mlp");
});

describe("a file that was cut short", () => {
  test("says at the top what is wrong, where, and what can still be looked at; no method can be pressed", async () => {
    await open({ scenario: { limits: TRUNCATED } });
    const banner = page.getByTestId("cannot-run");
    const said = (await banner.innerText()).replaceAll(/\s+/g, " ");
    expect(said).toContain("This model cannot be run, so its methods are disabled.");
    expect(said).toContain("The file ends in the middle of a tensor.");
    expect(said).toContain("byte 18 400 123");
    expect(said).toContain(
      "You can still look at its 163 nodes and their attributes, its inputs and outputs, and the weights whose bytes are there.",
    );
    for (const button of await page.locator(".techniques button").all())
      expect(await button.getAttribute("aria-disabled")).toBe("true");
    expect(await descriptionOf("visualize-predictions")).toBe(TRUNCATED[0].reason);
    await page.getByTestId("layer-4").click();
    await page.getByTestId("tensor-weight_4").waitFor();
    expect(await page.getByTestId("layer-feature-maps").getAttribute("aria-disabled")).toBe("true");
  });

  test("leads to its problems, and is read again when asked", async () => {
    await open({ scenario: { limits: TRUNCATED } });
    await page.getByTestId("show-problems").click();
    await page.getByTestId("problems").waitFor();
    await page.getByTestId("reload-broken").click();
    await until(page, "fake.count('reload') === 1");
  });

  test.each<[ThemeName, number]>([
    ["dark", 1000],
    ["light", 520],
    ["hc-dark", 320],
    ["hc-light", 320],
  ])("in %s at %i pixels nothing is cut, and axe finds nothing", async (theme, width) => {
    await open({ theme, width, scenario: { limits: TRUNCATED } });
    expect(await violations(page)).toEqual([]);
    await eventually(() => page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await screenshot(page, `editor-truncated-${theme}-${width}`);
  });
});

test("of a layer, too, what cannot be drawn is listed with the reason", async () => {
  await open();
  await page.getByTestId("search").locator("input").fill("op:GlobalAveragePool");
  await page.locator("[data-row='0']").click();
  await page.getByTestId("uses-out").waitFor();
  expect(await descriptionOf("layer-feature-maps")).toContain("no places for its channels to be mapped over");
  expect(await descriptionOf("layer-grad-cam")).toBe("This layer's output has no height and width larger than 1×1.");
  await page.context().close();
  await open({ scenario: { integerOutput: 4 } });
  await page.getByTestId("layer-4").click();
  await eventually(() => descriptionOf("layer-feature-maps")).toBe(
    "This layer's output is int64: only floating-point values are drawn.",
  );
});
