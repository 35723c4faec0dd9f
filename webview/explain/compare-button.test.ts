/** The way from a method's panel to a comparison. */
import { expect, test } from "vitest";
import { calls, eventually, lastState, pagesOf, until } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");

test("Compare… hands over what the panel shows: method, target and options", async () => {
  const page = await openPage({
    scenario: {
      result: true,
      state: { technique: "saliency", target: { index: [282] }, params: { saliency: { absolute: false } } },
    },
  });
  await page.getByTestId("compare").click();
  await until(page, "fake.count('compare') === 1");
  await eventually(() => lastState(page, "compare")).toMatchObject({
    technique: "saliency",
    target: { index: [282] },
    params: { saliency: { absolute: false } },
  });
});

test("where nothing may run, nothing is compared", async () => {
  const page = await openPage({ scenario: { blocked: "This workspace is not trusted.", result: true } });
  await page.getByTestId("heatmap").waitFor();
  await eventually(() => page.getByTestId("compare").isDisabled()).toBe(true);
  expect(await calls(page, "compare")).toBe(0);
});
