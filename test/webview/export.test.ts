/** What the Save menu takes along: a model that explains, and Python code. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Harness, lastRequest, until } from "./harness.ts";

let harness: Harness;
let page: Page & { readonly problems: string[] };
beforeAll(async () => { harness = await Harness.start("panel"); });
afterAll(() => harness?.close());
afterEach(async () => {
  expect(page.problems, "errors in the page's console").toEqual([]);
  await page.context().close();
});

async function choose(item: "onnx" | "python", technique = "saliency"): Promise<void> {
  page = await harness.open({ scenario: { result: true, state: { technique } } });
  await page.getByTestId("save").click();
  await page.getByTestId(`save-${item}`).click();
}

describe("the Save menu", () => {
  test("exports a model of what the panel explains, and says where it is", async () => {
    await choose("onnx");
    await page.getByTestId("notice").waitFor();
    expect(await page.getByTestId("notice").textContent()).toContain("Written to /samples/efficientnet-lite0-saliency.onnx");
    expect(await lastRequest(page, "exportModel")).toMatchObject({ state: { technique: "saliency" } });
  });

  test("copies the result as Python, by how it was made", async () => {
    await choose("python");
    await until(page, "document.querySelector('[data-testid=notice]')?.textContent.includes('Python code is on the clipboard')");
    expect(await lastRequest(page, "copyPython")).toMatchObject({ provenance: { technique: "saliency", model: { name: "efficientnet-lite0.onnx" } } });
  });

  test("says why there is no code", async () => {
    await choose("python", "predictions");
    await page.getByTestId("error").waitFor();
    expect(await page.getByTestId("error").textContent()).toContain("There is no Python code for predictions.");
  });
});
