/** Results in frames in Chromium: a stepper, its keys, its words, and the picture that follows. */
import { describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "../../test/webview/axe.ts";
import {
  calls,
  eventually,
  idle,
  inkOf,
  lastRequest,
  lastState,
  pagesOf,
  screenshot,
  until,
} from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function openWith(technique: string, state: Partial<PanelState> = {}): Promise<void> {
  page = await openPage({ scenario: { frames: true, state: { technique, ...state } } });
  await page.getByTestId("frames").waitFor();
  await idle(page);
}

const name = (): Promise<string | null> => page.getByTestId("frame-name").textContent();
const named = (frame: number): Promise<void> =>
  until(page, `document.querySelector('[data-testid=frame-name]').textContent === 'frame ${frame} of 3'`);
const ink = (testid: string): Promise<number> => inkOf(page, `[data-testid=${testid}]`);

describe("a map for each frame", () => {
  test("buttons, slider and arrow keys step through them, over their own pictures, without a run", async () => {
    await openWith("grad-cam");
    await eventually(() => name()).toBe("frame 1 of 3");
    await eventually(() => page.getByTestId("frame-before").isDisabled()).toBe(true);
    const [map, picture] = [await ink("heatmap"), await ink("picture")];
    await page.getByTestId("frame-next").click();
    await named(2);
    await eventually(() => ink("heatmap")).not.toBe(map);
    await eventually(() => ink("picture")).not.toBe(picture);
    await eventually(() => page.getByTestId("picture").getAttribute("aria-label")).toContain("frame 2 of 3");
    // Focused, the slider has the keys of any slider.
    await page.getByTestId("frame-slider").focus();
    await page.keyboard.press("End");
    await named(3);
    await eventually(() => page.getByTestId("frame-next").isDisabled()).toBe(true);
    await eventually(() => page.getByTestId("frame-slider").getAttribute("aria-valuetext")).toBe("frame 3 of 3");
    await page.keyboard.press("ArrowLeft");
    await named(2);
    await page.getByTestId("frame-before").focus();
    await page.keyboard.press("ArrowLeft");
    await named(1);
    await page.keyboard.press("ArrowRight");
    await named(2);
    await until(page, "document.querySelector('[data-testid=frame-live]').textContent === 'frame 2 of 3'");
    expect(await calls(page, "run")).toBe(1);
    await until(page, "fake.count('remember') > 0");
    await eventually(async () => (await lastState(page, "remember")).looks.frame).toBe(1);
    await screenshot(page, "frames");
    expect(await violations(page)).toEqual([]);
  });

  test("frames have one scale: the colour bar stays as it is", async () => {
    await openWith("grad-cam");
    const ticks = (): Promise<string> =>
      page.evaluate("document.querySelector('.colorbar, [data-testid=colorbar]').textContent");
    const before = await ticks();
    await page.getByTestId("frame-next").click();
    await named(2);
    await eventually(() => ticks()).toBe(before);
  });

  test("the frame is kept over a reload of the state", async () => {
    await openWith("grad-cam", {
      looks: {
        arrangement: "overlay",
        opacity: 0.6,
        colorMap: "auto",
        clip: 99,
        reduce: "max",
        lines: "auto",
        tileSort: "index",
        tileScale: "own",
        frame: 2,
      },
    });
    await eventually(() => name()).toBe("frame 3 of 3");
  });
});

describe("tiles of each frame", () => {
  test("step through a layer's frames; a channel that is enlarged is the frame's", async () => {
    await openWith("feature-maps", { layer: "project_0" });
    await eventually(() => page.locator("[role=listbox][data-testid=tiles] [role=option]").count()).toBe(5);
    await page.getByTestId("frame-next").click();
    await named(2);
    await page.getByTestId("tile-1").click();
    await page.getByTestId("enlarged").waitFor();
    // The second frame's channels begin after the first frame's five.
    await eventually(() => lastRequest(page, "channel")).toMatchObject({ channel: 6 });
    expect(await violations(page)).toEqual([]);
  });
});
