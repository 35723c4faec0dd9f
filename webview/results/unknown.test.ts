/** A result that another version made: it is said that this one cannot show it, and the rest of the panel stands. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { calls, eventually, pagesOf } from "../../test/webview/harness.ts";

const openPanel = pagesOf("explain");
const said = 'This version cannot show "xyz" results. Update Neural Loupe, or run the method again.';

test("a kind of result that is not known is said, and another method is one click away", async () => {
  const page = await openPanel({ scenario: { result: true, kind: "xyz" } });
  await eventually(() => page.getByTestId("unknown-kind").textContent()).toBe(said);
  await eventually(() => page.getByTestId("prediction-285").count()).toBe(1);
  expect(await violations(page)).toEqual([]);
  await page.getByTestId("save").click();
  await page.getByTestId("save-png").click();
  await eventually(() => page.getByTestId("error").textContent()).toContain(said);
  await page.getByTestId("method-grad-cam").click();
  await eventually(() => calls(page, "run")).toBe(1);
});
