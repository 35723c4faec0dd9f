/** What the Save menu takes along: a model that explains, and Python code. */
import { describe, test } from "vitest";
import { eventually, lastRequest, pagesOf } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function choose(item: "onnx" | "python", technique = "saliency"): Promise<void> {
  page = await openPage({ scenario: { result: true, state: { technique } } });
  await page.getByTestId("save").click();
  await page.getByTestId(`save-${item}`).click();
}

describe("the Save menu", () => {
  test("exports a model of what the panel explains, which the extension confirms", async () => {
    await choose("onnx");
    await eventually(() => lastRequest(page, "exportModel")).toMatchObject({ state: { technique: "saliency" } });
  });

  test("copies the result as Python, by how it was made", async () => {
    await choose("python");
    await eventually(() => lastRequest(page, "copyPython")).toMatchObject({
      provenance: { technique: "saliency", model: { name: "efficientnet-lite0.onnx" } },
    });
  });

  test("says why there is no code", async () => {
    await choose("python", "predictions");
    await page.getByTestId("error").waitFor();
    await eventually(() => page.getByTestId("error").textContent()).toContain(
      "There is no Python code for predictions.",
    );
  });
});
