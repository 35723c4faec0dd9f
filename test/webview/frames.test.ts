/** Results in frames in Chromium: a stepper, its keys, its words, and the picture that follows. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "./axe.ts";
import { calls, Harness, lastRequest, screenshot, until } from "./harness.ts";

let harness: Harness;
let page: Page & { readonly problems: string[] };
beforeAll(async () => { harness = await Harness.start("panel"); });
afterAll(() => harness?.close());
afterEach(async () => {
  expect(page.problems, "errors in the page's console").toEqual([]);
  await page.context().close();
});

async function openWith(technique: string, state: Partial<PanelState> = {}): Promise<void> {
  page = await harness.open({ scenario: { frames: true, state: { technique, ...state } } });
  await page.getByTestId("frames").waitFor();
  await until(page, "document.querySelector('.stage').getAttribute('aria-busy') === 'false'");
}

const name = (): Promise<string | null> => page.getByTestId("frame-name").textContent();
const named = (frame: number): Promise<void> => until(page, `document.querySelector('[data-testid=frame-name]').textContent === 'frame ${frame} of 3'`);
/** A number that changes when the canvas does. */
const ink = (testid: string): Promise<number> => page.evaluate(`(() => {
  const canvas = document.querySelector('[data-testid="${testid}"]');
  let hash = canvas.width;
  for (const byte of canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data) hash = (hash * 31 + byte) | 0;
  return hash;
})()`);
const inkOtherThan = (testid: string, before: number): Promise<void> => until(page, `(() => {
  const canvas = document.querySelector('[data-testid="${testid}"]');
  let hash = canvas.width;
  for (const byte of canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data) hash = (hash * 31 + byte) | 0;
  return hash !== ${before};
})()`);

describe("a map for each frame", () => {
  test("buttons, slider and arrow keys step through them, over their own pictures, without a run", async () => {
    await openWith("grad-cam");
    expect(await name()).toBe("frame 1 of 3");
    expect(await page.getByTestId("frame-before").isDisabled()).toBe(true);
    const [map, picture] = [await ink("heatmap"), await ink("picture")];
    await page.getByTestId("frame-next").click();
    await named(2);
    await inkOtherThan("heatmap", map);
    await inkOtherThan("picture", picture);
    expect(await page.getByTestId("picture").getAttribute("aria-label")).toContain("frame 2 of 3");
    // Focused, the slider has the keys of any slider.
    await page.getByTestId("frame-slider").focus();
    await page.keyboard.press("End");
    await named(3);
    expect(await page.getByTestId("frame-next").isDisabled()).toBe(true);
    expect(await page.getByTestId("frame-slider").getAttribute("aria-valuetext")).toBe("frame 3 of 3");
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
    expect((await lastRequest<{ state: PanelState }>(page, "remember")).state.looks.frame).toBe(1);
    await screenshot(page, "frames");
    expect(await violations(page)).toEqual([]);
  });

  test("frames have one scale: the colour bar stays as it is", async () => {
    await openWith("grad-cam");
    const ticks = (): Promise<string> => page.evaluate("document.querySelector('.colorbar, [data-testid=colorbar]').textContent");
    const before = await ticks();
    await page.getByTestId("frame-next").click();
    await named(2);
    expect(await ticks()).toBe(before);
  });

  test("the frame is kept over a reload of the state", async () => {
    await openWith("grad-cam", { looks: { arrangement: "overlay", opacity: 0.6, colorMap: "auto", clip: 99, reduce: "max", tileSort: "index", tileScale: "own", frame: 2 } });
    expect(await name()).toBe("frame 3 of 3");
  });
});

describe("tiles of each frame", () => {
  test("step through a layer's frames; a channel that is enlarged is the frame's", async () => {
    await openWith("feature-maps", { layer: "project_0" });
    expect(await page.locator("[role=listbox][data-testid=tiles] [role=option]").count()).toBe(5);
    await page.getByTestId("frame-next").click();
    await named(2);
    await page.getByTestId("tile-1").click();
    await page.getByTestId("enlarged").waitFor();
    // The second frame's channels begin after the first frame's five.
    expect(await lastRequest(page, "channel")).toMatchObject({ channel: 6 });
    expect(await violations(page)).toEqual([]);
  });
});
