/** Values as a table: sorted, filtered, read with the keyboard, and only as much of it made as is seen. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { boxOf, eventually, idle, pagesOf, screenshot } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openTable(technique: string, button: string, options: OpenOptions = {}): Promise<void> {
  page = await openPage({ ...options, scenario: { state: { technique }, ...options.scenario } });
  await page.getByTestId(button).waitFor();
  await idle(page);
  await page.getByTestId(button).click();
  await page.getByTestId("table-grid").waitFor();
}

/** Texts of a row that is made, by its place. */
const rowAt = (place: number): Promise<string[]> =>
  page.locator(`[aria-rowindex="${place + 2}"] > [role=gridcell]`).allTextContents();
const activeText = (): Promise<unknown> =>
  page.evaluate(
    "document.getElementById(document.querySelector('[role=grid]').getAttribute('aria-activedescendant'))?.textContent",
  );
const count = (): Promise<string | null> => page.getByTestId("table-count").textContent();

describe("a heat map's values", () => {
  test("of 150 thousand rows only those in sight are made, wherever one is", async () => {
    await openTable("saliency", "heatmap-table");
    await eventually(count).toBe("150528 rows");
    expect(await page.locator("[data-row]").count()).toBeLessThan(40);
    await page.getByTestId("table-grid").focus();
    await page.keyboard.press("Control+End");
    await eventually(() => rowAt(150527)).toHaveLength(4);
    expect((await rowAt(150527)).slice(0, 3)).toEqual(["2", "223", "223"]);
    expect(await page.locator("[data-row]").count()).toBeLessThan(40);
    await eventually(activeText).toBe((await rowAt(150527))[3]);
  });

  test("a click on a column's name sorts by it: the largest, the smallest, as it was", async () => {
    await openTable("grad-cam", "heatmap-table");
    const values = (await page.evaluate("Array.from(fake.result.views[0].values)")) as number[];
    const firstIs = (index: number): Promise<void> =>
      eventually(() => page.locator('[aria-rowindex="2"]').getAttribute("data-row")).toBe(String(index));
    const header = page.getByTestId("column-3");
    await header.click();
    await firstIs(values.indexOf(Math.max(...values)));
    await eventually(() => header.getAttribute("aria-sort")).toBe("descending");
    await header.click();
    await firstIs(values.indexOf(Math.min(...values)));
    await header.click();
    await firstIs(0);
    await eventually(() => header.getAttribute("aria-sort")).toBe("none");
  });

  test("a filter says how many rows it finds", async () => {
    await openTable("grad-cam", "heatmap-table");
    await page.getByTestId("table-filter").pressSequentially("y=2 x>4");
    await eventually(count).toBe("2 of 49 rows");
    await eventually(async () => (await rowAt(1)).slice(0, 3)).toEqual(["0", "2", "6"]);
    await eventually(() => page.getByTestId("table-grid").getAttribute("aria-rowcount")).toBe("3");
  });

  test("keys go from cell to cell, and sort from a column's name", async () => {
    await openTable("grad-cam", "heatmap-table");
    await page.getByTestId("table-grid").focus();
    await eventually(activeText).toBe("channel");
    for (const key of ["ArrowRight", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    await eventually(() => page.locator(".active").getAttribute("role")).toBe("gridcell");
    await eventually(() => page.locator("[aria-rowindex]:has(> .active)").getAttribute("aria-rowindex")).toBe("3");
    for (const key of ["Control+Home", "End", "Enter"]) await page.keyboard.press(key);
    await eventually(() => page.getByTestId("column-3").getAttribute("aria-sort")).toBe("descending");
    await page.keyboard.press("PageDown");
    await eventually(() => page.locator("[aria-rowindex]:has(> .active)").getAttribute("aria-rowindex")).not.toBe("1");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Home");
    await eventually(() => page.locator(".active").getAttribute("id")).toMatch(/-0$/);
  });
});

test("predictions: every item, with what a target takes", async () => {
  await openTable("predictions", "bars-table");
  await eventually(() => rowAt(0)).toEqual(["285", "Egyptian cat", "0.405"]);
  await page.getByTestId("table-filter").pressSequentially("cat >0.1");
  await eventually(count).toBe("2 of 8 rows");
});

test.each<ThemeName>(["dark", "light", "hc-dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
  await openTable("features", "bars-table", { theme, scenario: { otherKinds: true } });
  await page.getByTestId("column-2").click();
  await page.getByTestId("table-grid").focus();
  await page.keyboard.press("ArrowDown");
  await eventually(() => page.locator(".active[role=gridcell]").count()).toBe(1);
  expect(await violations(page)).toEqual([]);
  await screenshot(page, `table-${theme}`, true);
});

test("fits a narrow window: what does not is scrolled in the table", async () => {
  await openTable("saliency", "heatmap-table", { theme: "light", width: 340 });
  await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
  await page.getByTestId("table-grid").scrollIntoViewIfNeeded();
  // Columns of coordinates give way: the values themselves are in sight.
  const grid = await boxOf(page.getByTestId("table-grid"));
  const value = await boxOf(page.getByTestId("column-3"));
  expect(value.x + value.width).toBeLessThanOrEqual(grid.x + grid.width);
  await screenshot(page, "table-340-light", true);
});

test.each([
  ["saliency", "heatmap-table"],
  ["grad-cam", "heatmap-table"],
  ["predictions", "bars-table"],
])("of %s it never makes a narrow panel wider: it scrolls inside", async (technique, button) => {
  await openTable(technique, button, { width: 320 });
  await eventually(() => page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
  const [table, grid] = [await boxOf(page.getByTestId("data-table")), await boxOf(page.getByTestId("table-grid"))];
  expect(grid.x + grid.width).toBeLessThanOrEqual(Math.min(320, table.x + table.width + 1));
  await page.getByTestId("table-grid").focus();
  await page.keyboard.press("End");
  await screenshot(page, `table-320-${technique}`);
});

test("counts are whole numbers, all their digits", async () => {
  page = await openPage({ scenario: { modelOnly: true, withoutInput: true, state: { technique: "parameters" } } });
  await page.getByTestId("table-grid").waitFor();
  await eventually(() => rowAt(1)).toEqual(["fc", "1281000"]);
});
