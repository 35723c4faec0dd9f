/** The target's rectangle on a heat map. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, idle, pagesOf, screenshot } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");

test.each(["dark", "light"] as const)("is outlined on the map and on the picture beside it, %s", async (theme) => {
  const page = await openPage({ theme, scenario: { mark: true, state: { technique: "saliency" } } });
  await idle(page);
  await eventually(() => page.getByTestId("area-mark").count()).toBe(2);
  const [mark, map] = [
    await boxOf(page.getByTestId("area-mark").last()),
    await boxOf(page.getByTestId("heatmap-view")),
  ];
  expect(Math.abs((mark.x - map.x) / map.width - 0.25)).toBeLessThan(0.01);
  expect(Math.abs(mark.height / map.height - 0.3)).toBeLessThan(0.01);
  await screenshot(page, `target-mark-${theme}`);
  expect(await violations(page)).toEqual([]);
});
