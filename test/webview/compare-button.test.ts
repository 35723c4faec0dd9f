/** The way from a method's panel to a comparison. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import { calls, Harness, lastRequest, until } from "./harness.ts";

let harness: Harness;
beforeAll(async () => { harness = await Harness.start("panel"); });
afterAll(() => harness?.close());

test("Compare… hands over what the panel shows: method, target and options", async () => {
  const page = await harness.open({ scenario: { result: true, state: { technique: "saliency", target: { index: [282] }, params: { saliency: { absolute: false } } } } });
  await page.getByTestId("compare").click();
  await until(page, "fake.count('compare') === 1");
  expect((await lastRequest<{ state: PanelState }>(page, "compare")).state).toMatchObject({ technique: "saliency", target: { index: [282] }, params: { saliency: { absolute: false } } });
  expect(page.problems).toEqual([]);
  await page.context().close();
});

test("where nothing may run, nothing is compared", async () => {
  const page = await harness.open({ scenario: { blocked: "This workspace is not trusted.", result: true } });
  await page.getByTestId("heatmap").waitFor();
  expect(await page.getByTestId("compare").isDisabled()).toBe(true);
  expect(await calls(page, "compare")).toBe(0);
  await page.context().close();
});
