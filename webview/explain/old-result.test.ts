/** A result that is no answer to what was chosen last is dimmed at once, in every kind of view. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, idle, later, pagesOf, stopClock, until } from "../../test/webview/harness.ts";

const open = pagesOf("explain");

/** How opaque the parts of the stage are that say something: all but the display options, each with what it is in. */
const opacities = (page: Page): Promise<readonly number[]> =>
  page.evaluate(`(() => {
    const opacity = (element) =>
      element === document.body ? 1 : Number(getComputedStyle(element).opacity) * opacity(element.parentElement);
    const parts = [...document.querySelectorAll(".stage :is(canvas, svg, table, figcaption, .caption, [role=listbox], [role=list])")];
    return [...new Set(parts.filter((one) => one.checkVisibility() && !one.closest(".looks")).map(opacity))];
  })()`);

const controls = (page: Page): Promise<number> =>
  page.evaluate("Number(getComputedStyle(document.querySelector('.stage .looks')).opacity)");

/** Each kind's state with another method chosen; nothing answers any more. */
test.each([
  "class activation map",
  "feature maps",
  "predictions",
  "a signal",
  "tokens",
  "detections",
  "a picture and a row",
  "the model alone",
])("%s", async (scene) => {
  const page = await open({ scene });
  await idle(page);
  await page.addStyleTag({ content: "* { transition: none !important; }" });
  expect(await opacities(page)).toEqual([1]);
  // The next run is not answered, and the clock stands: what is seen now is seen at once.
  await page.evaluate("fake.delay = 1e9");
  await stopClock(page);
  await page.locator(".method[aria-pressed=false]:not([aria-disabled])").first().click();
  await until(page, "document.querySelector('.stage').matches('.waiting')");
  expect(await opacities(page)).toEqual([0.55]);
  if ((await page.locator(".stage .looks").count()) > 0) expect(await controls(page)).toBe(1);
});

test("another layer, before its run has begun; the same again only once it takes a while", async () => {
  const page = await open({ scene: "feature maps" });
  await idle(page);
  await page.locator(".strip-item[aria-selected=false]").first().waitFor();
  await page.evaluate("fake.delay = 1e9");
  await stopClock(page);
  const runs = await page.evaluate<number>("fake.count('run')");
  await page.locator(".strip-item[aria-selected=false]").first().dispatchEvent("click");
  await until(page, "document.querySelector('.stage').matches('.waiting')");
  expect(await page.evaluate("fake.count('run')"), "settling").toBe(runs);
  await later(page, 500);
  await eventually(() => page.evaluate("fake.count('run')")).toBe(runs + 1);
  expect(await page.getByTestId("stage").getAttribute("aria-busy")).toBe("true");
});
