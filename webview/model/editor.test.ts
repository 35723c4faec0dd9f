/** The model editor in Chromium, with a host that answers from a script. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { calls, eventually, lastRequest, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("model");
let page: TestPage;

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage({ width: 1100, ...options });
  await page.getByTestId(options.scenario?.error ? "broken" : "layers").waitFor();
}

/** Names of the layers in sight, from the top. */
const namesInSight = (): Promise<string[]> =>
  page
    .locator("[data-row]")
    .evaluateAll((rows: { dataset: { row: string }; querySelector(selector: string): { textContent: string } }[]) =>
      rows
        .sort((a, b) => Number(a.dataset.row) - Number(b.dataset.row))
        .map((row) => row.querySelector(".c-name").textContent),
    );
const focused = (name: string): Promise<string> => page.evaluate(`document.activeElement.dataset.${name}`);

test("the header says what the file is", async () => {
  await open();
  await eventually(() => page.getByTestId("model-name").textContent()).toBe("efficientnet-lite0.onnx");
  await eventually(() => page.locator("[data-testid^=fact-]").allTextContents()).toEqual([
    "ONNX",
    "pytorch 2.15.0",
    "opset 17",
    "18.6 MB",
    "163 nodes",
    "4.65 M parameters",
  ]);
  await eventually(() => page.getByTestId("inputs").textContent()).toContain("imagesfloat32N×3×224×224");
  await eventually(() => page.getByTestId("outputs").textContent()).toContain("logitsfloat32N×1000");
});

describe("layers", () => {
  test("a search finds names and operators, and counts its hits", async () => {
    await open();
    await page.keyboard.press("/");
    await until(page, "document.activeElement?.closest('[data-testid=search]') !== null");
    await page.keyboard.type("op:conv blocks.2");
    await page.getByTestId("hits").filter({ hasText: "23 hits" }).waitFor();
    await eventually(async () => (await namesInSight())[0]).toBe("/_blocks.2/_expand_conv/Conv");
    await page.getByTestId("search").locator("input").fill("nothing like this");
    await eventually(() => page.getByTestId("no-hits").isVisible()).toBe(true);
  });

  test("the key for the search leads there from another tab, too", async () => {
    await open();
    await page.getByTestId("tab-about").click();
    await page.keyboard.press("/");
    await until(page, "document.activeElement?.closest('[data-testid=search]') !== null");
  });

  test("columns sort, largest first where one looks for large ones, and say which way", async () => {
    await open();
    await page.getByTestId("sort-parameters").click();
    await eventually(async () => (await namesInSight())[0]).toBe("/_fc/Gemm");
    await eventually(() => page.locator("[aria-sort=descending]").textContent()).toContain("Parameters");
    await page.getByTestId("sort-parameters").click();
    await eventually(async () => (await namesInSight())[0]).toBe("/_blocks.0/_clip/Clip");
    await page.getByTestId("sort-name").click();
    await eventually(async () => (await namesInSight()).slice(0, 2), "numbers in names count as numbers").toEqual([
      "/_blocks.0/_add/Add",
      "/_blocks.0/_clip/Clip",
    ]);
  });

  test("ten thousand layers: few rows exist, and the last is one key away", async () => {
    await open({ scenario: { layers: 10_000 } });
    await eventually(() => page.locator("[data-row]").count()).toBeLessThan(100);
    await page.locator("[data-row='0']").focus();
    await page.keyboard.press("End");
    await until(page, "document.activeElement.dataset.row === '9999'");
    await eventually(() => page.getByTestId("layer-9999").isVisible()).toBe(true);
    await eventually(() => page.locator("[data-row]").count()).toBeLessThan(100);
    await page.keyboard.press("PageUp");
    await eventually(async () => Number(await focused("row"))).toBeLessThan(9990);
    await page.getByTestId("sort-name").click();
    await page.getByTestId("search").locator("input").fill("op:Add");
    await page.getByTestId("hits").filter({ hasText: "hit" }).waitFor();
  });

  test("by keyboard: arrows move, Enter opens the inspector, which follows; Escape closes it", async () => {
    await open();
    await page.locator("[data-row='0']").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await calls(page, "layer"), "moving alone opens nothing").toBe(0);
    await page.keyboard.press("Enter");
    await page.getByTestId("inspector").filter({ hasText: "/_blocks.0/_depthwise_conv/Conv" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.getByTestId("inspector").filter({ hasText: "/_blocks.0/_clip/Clip" }).waitFor();
    await eventually(() => focused("row")).toBe("3");
    await page.keyboard.press("Escape");
    await eventually(() => page.getByTestId("inspector").count()).toBe(0);
    await eventually(() => focused("row")).toBe("3");
  });
});

describe("the inspector", () => {
  test("shows attributes, inputs and outputs, and leads to the layer that an input comes from", async () => {
    await open();
    await page.getByTestId("layer-4").click();
    await eventually(() => page.getByTestId("attributes").textContent()).toContain("strides2, 2");
    await eventually(() => page.getByTestId("uses-out").textContent()).toContain("value_4");
    await page.getByTestId("uses-in").getByRole("button", { name: "Clip 3" }).click();
    await page.getByTestId("inspector").filter({ hasText: "/_blocks.0/_clip/Clip" }).waitFor();
    expect(await page.getByTestId("operator-line").textContent()).toMatch(/^Limits values /);
    await eventually(() => page.getByTestId("layer-3").getAttribute("aria-selected")).toBe("true");
  });

  test("a tensor opens to statistics, a histogram and its first values, read only then", async () => {
    await open();
    await page.getByTestId("layer-4").click();
    await page.getByTestId("tensor-weight_4").waitFor();
    expect(await calls(page, "tensor")).toBe(0);
    await page.getByTestId("tensor-weight_4").click();
    await page.getByTestId("statistics").waitFor();
    await eventually(() => page.getByTestId("statistics").textContent()).toContain("elements864");
    await eventually(() => page.locator(".histogram rect").count()).toBe(40);
    await page.getByTestId("copy-values").click();
    await until(page, "fake.count('copy') === 1");
    await eventually(async () => (await lastRequest<{ text: string }>(page, "copy")).text.split(", ")).toHaveLength(16);
    expect(await lastRequest(page, "copy")).toMatchObject({ what: "the values" });
  });

  test("infinities arrive as such", async () => {
    await open({ scenario: { infinite: true } });
    await page.getByTestId("layer-4").click();
    await page.getByTestId("tensor-weight_4").click();
    await page.getByTestId("statistics").filter({ hasText: "min, max−∞, 1.074" }).waitFor();
  });

  test("a tensor that cannot be read says so in its place", async () => {
    await open();
    await page.getByTestId("layer-4").click();
    await page.getByTestId("tensor-bias_4").click();
    await page.locator(".inspector .inline-error").filter({ hasText: "cannot be read" }).waitFor();
  });

  test("shows this layer's feature maps", async () => {
    await open();
    await page.getByTestId("layer-4").click();
    await page.getByTestId("layer-feature-maps").click();
    await until(page, "fake.count('visualize') === 1");
    await eventually(() => lastRequest(page, "visualize")).toEqual({ technique: "feature-maps", layer: "value_4" });
  });
});

test("problems stand with where they are, the worst first; About has the metadata", async () => {
  await open();
  await page.getByTestId("tab-problems").click();
  await eventually(() => page.locator(".problem-message").allTextContents()).toEqual([
    "External data “weights.bin” is 12 bytes too short. initializer weight_4",
    "3 nodes have no inferred shape. /_blocks.1/_clip/Clip",
    "The operator set is 17; the newest is 26.",
  ]);
  await page.getByTestId("tab-about").click();
  await eventually(() => page.getByTestId("about").textContent()).toContain("timm.architecture");
});

test("search, sort, tab and layer are found again after a reload of the page", async () => {
  await open();
  await page.getByTestId("search").locator("input").fill("op:Conv");
  await page.getByTestId("sort-parameters").click();
  await page.locator("[data-row='0']").click();
  const name = await page.locator(".inspector h2").textContent();
  // The page notes what it shows a moment after it shows it.
  await eventually(() => page.evaluate("JSON.parse(sessionStorage.getItem('state'))?.selected ?? -1")).toBeGreaterThan(
    -1,
  );
  await page.reload();
  await page.getByTestId("inspector").waitFor();
  await eventually(() => page.locator(".inspector h2").textContent()).toBe(name);
  await eventually(() => page.getByTestId("search").locator("input").inputValue()).toBe("op:Conv");
  await eventually(() => page.locator("[aria-sort=descending]").textContent()).toContain("Parameters");
});

test("a file that changed is offered to be read again", async () => {
  await open();
  await page.evaluate("fake.changed('model-changed')");
  await page.getByTestId("changed").waitFor();
  await page.getByTestId("reload").click();
  await until(page, "fake.count('reload') === 1 && !document.querySelector('[data-testid=changed]')");
});

test("a file that cannot be shown says what, where and what to do, and opens once it can be", async () => {
  await open({ scenario: { error: true }, theme: "light" });
  await eventually(() => page.getByTestId("broken").textContent()).toContain("This is a Git LFS pointer");
  await eventually(() => page.getByTestId("broken").textContent()).toContain("134 bytes");
  await eventually(() => page.getByTestId("broken").textContent()).toContain("git lfs pull");
  expect(await violations(page)).toEqual([]);
  await screenshot(page, "editor-error-light");
  await page.getByTestId("reopen-text").click();
  await until(page, "fake.count('reopenAsText') === 1");
  await page.getByTestId("reload").click();
  await page.getByTestId("layers").waitFor();
});

test("it fits into 500 pixels without scrolling sideways, the inspector below the list", async () => {
  await open({ width: 500, height: 800, theme: "light" });
  await page.getByTestId("layer-4").click();
  await page.getByTestId("attributes").waitFor();
  await eventually(() => page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(500);
  const [list, inspector] = await Promise.all([
    page.getByTestId("layers").boundingBox(),
    page.getByTestId("inspector").boundingBox(),
  ]);
  expect(inspector?.y).toBeGreaterThanOrEqual((list?.y ?? 0) + (list?.height ?? 0) - 1);
  await screenshot(page, "editor-500-light");
});

test.each<ThemeName>(["dark", "light", "hc-dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
  await open({ theme });
  expect(await violations(page)).toEqual([]);
  await page.getByTestId("layer-4").click();
  await page.getByTestId("tensor-weight_4").click();
  await page.getByTestId("statistics").waitFor();
  expect(await violations(page)).toEqual([]);
  await screenshot(page, `editor-${theme}`);
  for (const tab of ["problems", "about"]) {
    await page.getByTestId(`tab-${tab}`).click();
    await eventually(() => page.getByTestId(`tab-${tab}`).getAttribute("aria-selected")).toBe("true");
    expect(await violations(page)).toEqual([]);
  }
  await screenshot(page, `editor-about-${theme}`);
});

describe("in step with the tree of models", () => {
  test("tells which layer is selected, each once", async () => {
    await open();
    await until(page, "fake.count('selected') === 1");
    expect(await lastRequest(page, "selected")).toEqual({});
    await page.locator('[data-row="2"]').click();
    await until(page, "fake.count('selected') === 2");
    expect(await lastRequest(page, "selected")).toEqual({ index: 2 });
    await page.getByTestId("tab-about").click();
    await page.getByTestId("tab-layers").click();
    expect(await calls(page, "selected")).toBe(2);
  });

  test("selects what is chosen there, from any tab, and drops a search that hides it; the focus stays", async () => {
    await open();
    const search = page.getByTestId("search").locator("input");
    await search.fill("op:Gemm");
    await page.evaluate("fake.wanted = 100; fake.changed('selection')");
    await eventually(() => page.locator('[data-row][aria-selected="true"]').count()).toBe(1);
    await eventually(() => search.inputValue()).toBe("");
    await page.getByTestId("inspector").waitFor();
    await until(page, "fake.count('selected') === 2");
    expect(await lastRequest(page, "selected")).toEqual({ index: 100 });
    await page.getByTestId("tab-problems").click();
    await page.evaluate("fake.wanted = 5; fake.changed('selection')");
    await page.getByTestId("layers").waitFor();
    expect(await page.evaluate("document.querySelector('[data-testid=layers]').contains(document.activeElement)")).toBe(
      false,
    );
  });

  test("a page that opens asks for what was chosen before it was there", async () => {
    await open({ scenario: { select: 7 } });
    await page.getByTestId("inspector").waitFor();
    await until(page, "fake.count('selected') >= 1");
    expect(await lastRequest(page, "selected")).toEqual({ index: 7 });
  });
});
