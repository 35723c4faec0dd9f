/** Signals: lines with the colours of their values, read and zoomed by pointer and keys, in a panel and in a comparison. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { boxOf, calls, eventually, idle, inkOf, pagesOf, screenshot } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPanel = pagesOf("explain");
let page: TestPage;

async function openSignal(options: OpenOptions = {}): Promise<void> {
  page = await openPanel({
    ...options,
    scenario: { otherKinds: true, state: { technique: "signal" }, ...options.scenario },
  });
  await page.getByTestId("method-signal").waitFor();
  await idle(page);
}
const reading = (name: string): Promise<string | null> => page.getByTestId("line-reading").getAttribute(`data-${name}`);
const text = (): Promise<string | null> => page.getByTestId("line-reading").textContent();
const ticks = (): Promise<string[]> => page.getByTestId("line-axis").locator("span").allTextContents();

describe("lines", () => {
  test("the value under the pointer is the array's, with the signal's", async () => {
    await openSignal();
    const box = await boxOf(page.getByTestId("line-1"));
    await page.mouse.move(box.x + ((60 + 0.5) / 240) * box.width, box.y + 20);
    await eventually(() => reading("step")).toBe("60");
    await eventually(async () => [Number(await reading("value")), Number(await reading("line"))]).toEqual(
      await page.evaluate("[fake.result.views[0].values[300], fake.result.views[0].signal.values[300]]"),
    );
    await eventually(text).toMatch(/^time 0\.6 s · lead II · ecg .* · x·∂y\/∂x /);
  });

  test("keys read values, go to the strongest, and away", async () => {
    await openSignal();
    await page.getByTestId("line-frame").focus();
    await page.keyboard.press("m");
    await eventually(async () => [await reading("step"), await reading("line")]).toEqual(["120", "5"]);
    await page.keyboard.press("ArrowRight");
    await eventually(() => reading("step")).toBe("121");
    await page.keyboard.press("ArrowDown");
    await eventually(text).toContain("lead II ");
    await page.keyboard.press("Shift+ArrowLeft");
    await eventually(() => reading("step")).toBe("111");
    await page.keyboard.press("End");
    await eventually(() => reading("step")).toBe("239");
    await eventually(() => page.getByTestId("line-live").textContent()).toContain("time 2.39 s");
    await page.keyboard.press("Escape");
    await eventually(() => reading("step")).toBeNull();
  });

  test("zooming shows a part of the axis, and follows the cursor out of it", async () => {
    await openSignal();
    await eventually(ticks).toContain("2");
    const whole = await inkOf(page, "[data-testid=line-0]");
    await page.getByTestId("line-frame").focus();
    await page.keyboard.press("m");
    for (let i = 0; i < 6; i++) await page.keyboard.press("+");
    await eventually(ticks).toContain("1.15");
    expect(await inkOf(page, "[data-testid=line-0]")).not.toBe(whole);
    await page.keyboard.press("Home");
    await eventually(ticks).toContain("0");
    await page.keyboard.press("0");
    await eventually(() => inkOf(page, "[data-testid=line-0]")).toBe(whole);
    expect(await calls(page, "run")).toBe(1);
  });

  test("of many lines a map is drawn, lines when asked for, and only those in sight", async () => {
    await openSignal({ scenario: { channels: 200 } });
    await page.getByTestId("heatmap").waitFor();
    await page.getByTestId("lines-lines").click();
    await page.getByTestId("line-view").waitFor();
    expect(await page.locator("[data-channel]").count()).toBeLessThan(40);
    await page.getByTestId("line-frame").focus();
    await page.keyboard.press("ArrowDown");
    for (let i = 0; i < 30; i++) await page.keyboard.press("ArrowDown");
    await eventually(text).toContain("channel 30 ");
    await page.getByTestId("sort-strength").click();
    await eventually(() => page.locator("[data-channel]").first().getAttribute("data-channel")).not.toBeNull();
    await page.getByTestId("lines-map").click();
    await page.getByTestId("heatmap").waitFor();
    expect(await calls(page, "run")).toBe(1);
  });

  test("two million steps are drawn with the one that stands out", async () => {
    await openSignal({ scenario: { channels: 1, steps: 2_000_000 } });
    await page.getByTestId("line-0").waitFor();
    await page.getByTestId("line-frame").focus();
    await page.keyboard.press("m");
    await eventually(() => reading("step")).toBe("1000000");
    await eventually(() => reading("value")).toMatch(/^0\.8999/);
  });

  test("a table holds every value", async () => {
    await openSignal();
    await page.getByTestId("line-table").click();
    await eventually(() => page.getByTestId("table-count").textContent()).toBe("720 rows");
    await eventually(() => page.locator("[role=columnheader]").allTextContents()).toEqual([
      "channel",
      "x",
      "time (s)",
      "value",
    ]);
  });

  test.each<ThemeName>(["dark", "light", "hc-dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
    await openSignal({ theme });
    await page.getByTestId("line-frame").focus();
    await page.keyboard.press("m");
    await eventually(() => reading("step")).toBe("120");
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `line-${theme}`, true);
  });

  test("fit a narrow window", async () => {
    await openSignal({ theme: "light", width: 340 });
    await page.getByTestId("line-0").waitFor();
    await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    await screenshot(page, "line-340-light", true);
  });
});
