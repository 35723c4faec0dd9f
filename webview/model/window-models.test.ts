/** The editor over a small model of every kind, by keyboard alone, at 320, 520 and 1,000 pixels. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describe as describeModel } from "../../src/model/describe.ts";
import { openModel } from "../../src/model/open.ts";
import { violations } from "../../test/webview/axe.ts";
import { eventually, pagesOf, until } from "../../test/webview/harness.ts";

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../test/models/window");
const models = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".onnx"));
const open = pagesOf("model");

/** What is cut and says nowhere what it was, and what stands beside the page. */
const cut = `[...document.querySelectorAll("#app *")]
  .filter((one) => one.checkVisibility() && one.clientWidth > 0 && getComputedStyle(one).overflowX === "hidden")
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && !one.matches(".visually-hidden, .visually-hidden *"))
  .filter((one) => !one.closest("[title]") && !one.querySelector("[title], .visually-hidden"))
  .map((one) => one.outerHTML.slice(0, 160))`;

/** The focus is on something, and is seen. */
const seen = `(() => {
  const one = document.activeElement;
  if (!one || one === document.body) return true;
  const shows = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  };
  // A control of its own (a field, a button with a shadow root) draws its border itself.
  return shows(one) || one.shadowRoot !== null || one.matches(".edge") || one.outerHTML.slice(0, 160);
})()`;

test.each(models)("%s", async (file) => {
  const loaded = await openModel(path.join(folder, file));
  const model = describeModel(loaded);
  await loaded.close();
  const page = await open({ width: 320, scenario: { model } });
  await page.locator("[role=tablist]").waitFor();
  for (const width of [320, 520, 1000]) {
    await page.setViewportSize({ width, height: 800 });
    await until(page, `innerWidth === ${width}`);
    await eventually(() => page.evaluate(cut), `${width} px`).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  }
  // From control to control to the layers, and into the first one's facts.
  await page.locator("[role=row][tabindex='0']").first().waitFor();
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(seen)).toBe(true);
    if (await page.evaluate("document.activeElement.matches('[role=row]')")) break;
  }
  expect(await page.evaluate("document.activeElement.matches('[role=row]')"), "the layers are reached").toBe(true);
  await page.keyboard.press("Enter");
  await page.getByTestId("inspector").waitFor();
  for (const width of [1000, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await until(page, `innerWidth === ${width}`);
    await eventually(() => page.evaluate(cut), `facts, ${width} px`).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  }
  expect(await violations(page)).toEqual([]);
});
