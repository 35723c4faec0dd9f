/** Signals: lines with the colours of their values, read and zoomed by pointer and keys, in a panel and in a comparison. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { boxOf, calls, eventually, idle, inkOf, pagesOf, screenshot } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPanel = pagesOf("explain");
const pagesOfResults = pagesOf("results");
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

  test("a drag moves what is seen, and the wheel zooms about the pointer with Ctrl alone", async () => {
    await openSignal();
    const box = await boxOf(page.getByTestId("line-0"));
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await page.mouse.wheel(0, -200);
    await eventually(ticks).toContain("2");
    await page.keyboard.down("Control");
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -200);
    await page.keyboard.up("Control");
    await eventually(ticks).toContain("1.2");
    await eventually(ticks).not.toContain("0.5");
    const step = Number(await reading("step"));
    expect(Math.abs(step - 120)).toBeLessThan(3);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 20, { steps: 6 });
    await page.mouse.up();
    // What was under the pointer is still there: a sixteenth of the axis is seen.
    await eventually(async () => Math.abs(Number(await reading("step")) - step) < 6).toBe(true);
    await eventually(ticks).toContain("1.15");
    expect(await calls(page, "run")).toBe(1);
  });

  test("a layer's channels are small lines beside one another, with their ends", async () => {
    page = await pagesOfResults({ scene: "line: channels of a layer", width: 900 });
    await page.getByTestId("line-frame").waitFor();
    await eventually(() => page.locator("[data-form=tiles]").count()).toBe(1);
    // Strongest first: which two these are is the layer's.
    const tiles = page.locator("[data-channel]");
    const [first, second] = [await boxOf(tiles.nth(0)), await boxOf(tiles.nth(1))];
    expect(second.y).toBe(first.y);
    expect(second.x).toBeGreaterThan(first.x + first.width);
    await eventually(() => page.locator("[data-channel='0'] .line-name").textContent()).toMatch(
      /^channel 0−1 to 0\.99/,
    );
    await page.getByTestId("lines-map").click();
    await page.getByTestId("heatmap").waitFor();
    await page.getByTestId("sort-index").click();
    const box = await boxOf(page.getByTestId("heatmap"));
    await page.mouse.move(box.x + box.width * 0.5, box.y + ((20 + 0.5) / 32) * box.height);
    await eventually(text).toMatch(/^step 30 · channel 20 · activation /);
  });

  test("a map of a layer is a band under the signal, read along the same axis", async () => {
    page = await pagesOfResults({ scene: "line: a map of a layer, as a band", width: 900 });
    const box = await boxOf(page.locator(".sheet-full").getByTestId("line-band"));
    const line = await boxOf(page.locator(".sheet-full").getByTestId("line-0"));
    expect([box.x, box.width]).toEqual([line.x, line.width]);
    await page.mouse.move(box.x + ((200 + 0.5) / 240) * box.width, box.y + 5);
    await eventually(() => reading("step")).toBe("200");
    // 240 samples, 30 values: the 201st lies in the 26th.
    const value = Math.max(0, Math.sin(25 / 3)) * (25 / 30);
    await eventually(async () => Number(await reading("value"))).toBeCloseTo(value, 6);
  });

  test("the target's place is outlined on the lines that it lies on", async () => {
    await openSignal({ scenario: { mark: true } });
    // left 0.25, right 0.5, of the middle one of three: top 0.3, bottom 0.6.
    await eventually(() => page.getByTestId("line-target").count()).toBe(1);
    const [mark, line] = [await boxOf(page.getByTestId("line-target")), await boxOf(page.getByTestId("line-1"))];
    expect((mark.x - line.x) / line.width).toBeCloseTo(0.25, 2);
    expect(mark.width / line.width).toBeCloseTo(0.25, 2);
    expect(mark.y).toBeCloseTo(line.y, 0);
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
