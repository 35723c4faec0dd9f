/** A result that another version made, in a cell of a comparison. */
import { expect, test } from "vitest";
import { eventually, pagesOf } from "../../test/webview/harness.ts";

const openComparison = pagesOf("compare");

test("a kind of result that is not known is said in its cell", async () => {
  const page = await openComparison({ scenario: { kind: "xyz" } });
  const cells = page.getByTestId("unknown-kind");
  await eventually(() => cells.count()).toBe(3);
  expect(await cells.first().textContent()).toContain('This version cannot show "xyz" results.');
  // There is nothing to be scaled.
  expect(await page.getByTestId("scale-of-own").count()).toBe(0);
});
