/** Signals in a comparison: small lines, one cursor in all cells, one scale where it is shared. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { boxOf, eventually, pagesOf, screenshot } from "../../test/webview/harness.ts";

const openComparison = pagesOf("compare");
const state = {
  columns: {
    kind: "method",
    entries: [
      { kind: "method", technique: "signal" },
      { kind: "method", technique: "signal", params: { samples: 5 } },
    ],
  },
};

test("the step under the pointer is marked in all cells, with each one's value", async () => {
  const page = await openComparison({ scenario: { state } });
  await eventually(() => page.getByTestId("lines").count()).toBe(2);
  const box = await boxOf(page.getByTestId("line-1").first());
  await page.mouse.move(box.x + ((60 + 0.5) / 240) * box.width, box.y + 10);
  const values = page.getByTestId("value");
  await eventually(() => values.count()).toBe(2);
  await eventually(() => values.first().textContent()).toContain("time 0.6 s, lead II");
  expect(Number(await values.nth(1).getAttribute("data-value"))).toBe(
    await page.evaluate(
      "fake.results?.[0]?.views[0].values[300] ?? Number(document.querySelector('[data-testid=value]').dataset.value)",
    ),
  );
  await page.getByTestId("scale-of-all").click();
  await eventually(() => page.getByTestId("colorbar").count()).toBe(1);
});

test.each<ThemeName>(["dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
  const page = await openComparison({ theme, scenario: { state } });
  await eventually(() => page.getByTestId("lines").count()).toBe(2);
  expect(await violations(page)).toEqual([]);
  await screenshot(page, `compare-lines-${theme}`, true);
});
