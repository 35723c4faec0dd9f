/** A method that looks at the model alone, beside those that look at an input, in Chromium. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { calls, eventually, idle, lastRequest, lastState, pagesOf, screenshot } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
const count = (page: TestPage, testid: string): Promise<number> => page.getByTestId(testid).count();

test("has no controls of an input, and saves without one", async () => {
  const page = await openPage({
    scenario: { modelOnly: true, withoutInput: true, state: { technique: "parameters" } },
  });
  await page.getByText("864").waitFor();
  for (const of of ["input", "more-samples", "target", "recipe", "predictions"])
    expect(await count(page, of), of).toBe(0);
  await page.getByTestId("provenance").click();
  const provenance = await page.getByTestId("provenance-rows").textContent();
  expect(provenance).toContain("efficientnet-lite0.onnx");
  expect(provenance).not.toContain("input");
  await page.getByTestId("save").click();
  expect(await count(page, "save-npy")).toBe(0);
  await page.getByTestId("save-csv").click();
  await eventually(() => lastRequest(page, "save")).toMatchObject({
    suggestedName: "efficientnet-lite0-parameters.csv",
  });
  expect(await violations(page)).toEqual([]);
  await screenshot(page, "model-only");
  expect(page.problems).toEqual([]);
});

test("another method then asks for an input, and runs once there is one", async () => {
  const page = await openPage({
    scenario: { modelOnly: true, withoutInput: true, state: { technique: "parameters" } },
  });
  await page.getByText("864").waitFor();
  await page.getByTestId("method-saliency").click();
  await page.getByTestId("choose-input").waitFor();
  expect(await page.getByTestId("old-picture").textContent()).toContain("Showing the previous result: Parameters.");
  expect(await page.getByTestId("input").textContent()).toBe("Choose an input…");
  expect(await calls(page, "run")).toBe(1);
  expect(await violations(page)).toEqual([]);
  await screenshot(page, "model-only-then-saliency");
  await page.getByTestId("choose-input").click();
  await page.getByTestId("heatmap").waitFor();
  expect(await lastState(page)).toMatchObject({ technique: "saliency", input: "file:///samples/dog.png" });
  expect(await page.getByTestId("input").textContent()).toBe("dog.png");
  // The input stays when the model alone is looked at again, and is not what that is about.
  await page.getByTestId("method-parameters").click();
  await page.getByText("864").waitFor();
  await idle(page);
  expect(await count(page, "input")).toBe(0);
  expect(await count(page, "predictions")).toBe(0);
  expect(page.problems).toEqual([]);
});

test("a state without an input says what it waits for", async () => {
  const page = await openPage({ scenario: { modelOnly: true, withoutInput: true } });
  expect(await page.getByTestId("empty").textContent()).toBe("Choose an input to run Saliency on.");
  expect(await count(page, "target")).toBe(0);
  expect(await calls(page, "run")).toBe(0);
  await page.getByTestId("input").click();
  await page.getByTestId("heatmap").waitFor();
});
