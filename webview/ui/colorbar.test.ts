/** The numbers beside a colour bar: whole, inside the page, and apart from each other, however small or large they are. */
import { expect, test } from "vitest";
import { eventually, idle, pagesOf, screenshot } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");

const widths = [320, 520, 1000];
const magnitudes = [1e-38, 2.179e-10, 1, 12345, 1e38];

interface Label {
  readonly text: string;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

test.each(widths.flatMap((width) => magnitudes.map((largest) => [width, largest] as const)))(
  "at %d px, of values to %d",
  async (width, largest) => {
    const page = await openPage({
      width,
      scenario: { largest, state: { technique: "saliency", params: { saliency: { absolute: false } } } },
    });
    await page.getByTestId("heatmap").waitFor();
    await idle(page);
    const read = (): Promise<{ labels: Label[]; room: number; frame: number }> =>
      page.evaluate(`({
        labels: [...document.querySelectorAll("[data-testid=colorbar] span")].map((label) => {
          const range = document.createRange();
          range.selectNodeContents(label);
          const { top, bottom, left, right } = range.getBoundingClientRect();
          return { text: label.textContent, top, bottom, left, right };
        }),
        room: document.documentElement.clientWidth,
        frame: document.querySelector("[data-testid=heatmap]").getBoundingClientRect().right,
      })`);
    await eventually(async () => (await read()).labels.length).toBeGreaterThan(1);
    const { labels, room, frame } = await read();
    const ordered = [...labels].sort((a, b) => a.top - b.top);
    for (const [index, label] of ordered.entries()) {
      expect(label.right, `${label.text} ends in the page`).toBeLessThanOrEqual(room);
      expect(label.left, `${label.text} begins beside the picture`).toBeGreaterThanOrEqual(frame);
      if (index > 0)
        expect(label.top, `${label.text} is below ${ordered[index - 1].text}`).toBeGreaterThanOrEqual(
          ordered[index - 1].bottom - 3,
        );
    }
    // Nothing around it cuts what sticks out.
    expect(
      await page.evaluate(`(() => {
        const bar = document.querySelector("[data-testid=colorbar]");
        const end = Math.max(...[...bar.querySelectorAll("span")].map((label) => label.getBoundingClientRect().right));
        const cut = [];
        for (let around = bar.parentElement; around; around = around.parentElement)
          if (getComputedStyle(around).overflowX !== "visible" && around.getBoundingClientRect().right < end - 0.5)
            cut.push(around.className || around.tagName);
        return cut;
      })()`),
    ).toEqual([]);
    if (largest === 2.179e-10) await screenshot(page, `colorbar-${width}`);
  },
);
