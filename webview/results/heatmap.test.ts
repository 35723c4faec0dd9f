import { expect, test } from "vitest";
import { boxOf, pagesOf } from "../../test/webview/harness.ts";

const openPanel = pagesOf("explain");

test.each([
  [320, "typical"],
  [520, "typical"],
  [860, "tiny values"],
])("the picture and its map are equally large, %i pixels wide, with %s", async (width, scene) => {
  const page = await openPanel({ scene, width });
  await page.getByTestId("heatmap").waitFor();
  const frames = await page.locator(".heat-pictures .frame").all();
  const [input, map] = await Promise.all(frames.map(boxOf));
  expect(map.width).toBeCloseTo(input.width, 0);
  expect(map.height).toBeCloseTo(input.height, 0);
  expect(map.y).toBeCloseTo(input.y, 0);
});
