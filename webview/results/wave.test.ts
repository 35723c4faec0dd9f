/** A wave that a model makes: read, zoomed, explained by a sample or a span, by pointer and keys, in a panel and in a cell. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";
import { boxOf, eventually, idle, lastState, pagesOf, screenshot } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPanel = pagesOf("explain");
const openResults = pagesOf("results");
let page: TestPage;

async function openWave(options: OpenOptions = {}): Promise<void> {
  page = await openPanel({ ...options, scenario: { output: "wave", state: { technique: "predictions" } } });
  await page.getByTestId("wave-0").waitFor();
  await idle(page);
}
const reading = (): Promise<string | null> =>
  page.getByTestId("wave").getByTestId("line-reading").first().textContent();
const target = async (): Promise<unknown> => (await lastState(page, "remember")).target;

describe("a wave", () => {
  test("says output, input and difference under the pointer; a click explains the sample", async () => {
    await openWave();
    const box = await boxOf(page.getByTestId("wave-0"));
    await page.mouse.move(box.x + ((200 + 0.5) / 800) * box.width, box.y + 20);
    await eventually(reading).toMatch(/^time 0\.025 s · clean \S+ · noisy \S+ · difference \S+ · sample 200$/);
    await page.mouse.down();
    await page.mouse.up();
    await eventually(target).toEqual({ output: "clean", index: [0, 200] });
    // One of 800 samples: its outline is as thin as can be, where it lies.
    const mark = await boxOf(page.getByTestId("line-target").first());
    expect(Math.abs(mark.x - (box.x + box.width / 4))).toBeLessThan(2);
  });

  test("a drag chooses a span, whose sum is explained", async () => {
    await openWave();
    const box = await boxOf(page.getByTestId("wave-0"));
    const at = (sample: number): number => box.x + ((sample + 0.5) / 800) * box.width;
    await page.mouse.move(at(600), box.y + 20);
    await page.mouse.down();
    await page.mouse.move(at(400), box.y + 30, { steps: 5 });
    await eventually(() => page.getByTestId("line-chosen").count()).toBe(1);
    await page.mouse.up();
    await eventually(target).toEqual({
      output: "clean",
      region: [
        [0, 1],
        [400, 601],
      ],
    });
  });

  test("by keys: Enter explains the sample, S begins a span", async () => {
    await openWave();
    await page.getByTestId("line-frame").first().focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Enter");
    await eventually(target).toEqual({ output: "clean", index: [0, 10] });
    await page.getByTestId("line-frame").first().focus();
    await page.keyboard.press("End");
    await page.keyboard.press("s");
    await page.keyboard.press("Shift+ArrowLeft");
    await eventually(reading).toContain("span from 799");
    await page.keyboard.press("Enter");
    await eventually(target).toEqual({
      output: "clean",
      region: [
        [0, 1],
        [789, 800],
      ],
    });
  });

  test("has the difference below it with its mean and RMS, and a table of all three", async () => {
    await openWave();
    await eventually(() => page.getByTestId("compared").textContent()).toMatch(
      /^Mean absolute difference 0\.1\d+, RMS 0\.1\d+$/,
    );
    await page.getByTestId("wave-table").click();
    await eventually(() => page.locator("[role=columnheader]").allTextContents()).toEqual([
      "channel",
      "x",
      "time (s)",
      "value",
      "input",
      "difference",
    ]);
  });

  test("stands small in a comparison's cell, over its input", async () => {
    page = await openResults({ scene: "wave: typical", width: 520 });
    const cell = page.locator(".sheet-small").getByTestId("cell-wave");
    await cell.waitFor();
    await eventually(() => cell.getAttribute("aria-label")).toBe("Output clean: 800 samples");
    await eventually(() => page.locator(".sheet-small .cell-legend").textContent()).toMatch(
      /^mean absolute difference/,
    );
  });

  test.each<ThemeName>(["dark", "light", "hc-dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
    await openWave({ theme });
    await page.getByTestId("line-frame").first().focus();
    await page.keyboard.press("m");
    await eventually(reading).toContain("clean");
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `wave-${theme}`, true);
  });

  test("fits a narrow window", async () => {
    await openWave({ theme: "light", width: 320 });
    await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    await screenshot(page, "wave-320-light", true);
  });
});
