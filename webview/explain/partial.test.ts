/** What a long job has to show before its end, in Chromium. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import {
  calls,
  eventually,
  idle,
  inkOf,
  later,
  pagesOf,
  screenshot,
  stopClock,
  until,
} from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

const ink = (): Promise<number> => inkOf(page, "[data-testid=heatmap]");
const text = (testid: string): Promise<string | null> => page.getByTestId(testid).textContent();
const count = (testid: string): Promise<number> => page.getByTestId(testid).count();

/** A panel with a result, and then a job for another class that takes ten seconds of a clock that stands still. */
async function openAndRun(): Promise<{ readonly before: number }> {
  page = await openPage({ scenario: { result: true, partial: true } });
  await page.getByTestId("heatmap").waitFor();
  const before = await ink();
  await page.evaluate("fake.delay = 10000");
  await stopClock(page);
  await page.getByTestId("prediction-281").click();
  await later(page, 500);
  expect(await calls(page, "run")).toBe(1);
  return { before };
}

/** The first panel of all, whose job has shown the first tenths of its map. */
async function openAndRunFirst(): Promise<void> {
  page = await openPage({ scenario: { partial: true, delay: 10_000 } });
  await until(page, "fake.count('run') === 1");
  await stopClock(page);
  await later(page, 5000);
  await page.getByTestId("heatmap").waitFor();
}

test("the result before stays until the job has something to show, which then grows", async () => {
  const { before } = await openAndRun();
  expect(await ink()).toBe(before);
  expect(await count("in-progress")).toBe(0);
  await later(page, 1000);
  await page.getByTestId("in-progress").waitFor();
  const first = await ink();
  expect(first).not.toBe(before);
  await later(page, 3000);
  await eventually(() => ink()).not.toBe(first);
  await eventually(() => text("progress")).toMatch(/Noise sample 12 of 50 · 4\d%/);
  // It is not the answer yet: nothing that says how it was made, nothing to check or to save.
  expect(await page.locator(".stage").getAttribute("aria-busy")).toBe("true");
  for (const whole of ["provenance", "reliability", "time"]) expect(await count(whole), whole).toBe(0);
  expect(await page.getByTestId("save").isDisabled()).toBe(true);
  expect(await page.getByTestId("copy").isDisabled()).toBe(true);
  await screenshot(page, "partial-dark");
  await later(page, 7000);
  await page.clock.resume();
  await idle(page);
  await eventually(() => count("in-progress")).toBe(0);
  await eventually(() => count("partial")).toBe(0);
  expect(await page.getByTestId("save").isDisabled()).toBe(false);
  await page.getByTestId("time").waitFor();
});

test("predictions are there as soon as the job has them", async () => {
  await openAndRunFirst();
  await page.getByTestId("prediction-285").waitFor();
  expect(await page.locator(".stage").getAttribute("aria-busy")).toBe("true");
});

test("cancelled, what there is stays and is called a part; run again, the result takes its place", async () => {
  await openAndRun();
  await later(page, 3700);
  const shown = await ink();
  await page.getByTestId("cancel").click();
  await page.clock.resume();
  await until(page, "fake.aborted.includes('run')");
  await eventually(() => text("partial")).toContain("Cancelled after 40%: this is a partial result.");
  expect(await count("notice"), "it is said once").toBe(0);
  expect(await count("in-progress")).toBe(0);
  expect(await ink()).toBe(shown);
  expect(await page.getByTestId("save").isDisabled()).toBe(true);
  await eventually(() => text("status-live")).toContain("this is a partial result");
  expect(await violations(page)).toEqual([]);
  await screenshot(page, "partial-cancelled-dark");
  await page.evaluate("fake.delay = 0");
  await page.getByTestId("run").click();
  await until(page, "fake.count('run') === 2");
  await idle(page);
  await eventually(() => count("partial")).toBe(0);
  expect(await ink()).not.toBe(shown);
  expect(await page.getByTestId("save").isDisabled()).toBe(false);
});

test("of a job whose place another takes, what there is is not called in progress", async () => {
  await openAndRun();
  await later(page, 3700);
  await page.getByTestId("in-progress").waitFor();
  const shown = await ink();
  await page.getByTestId("prediction-282").click();
  await later(page, 400);
  expect(await calls(page, "run")).toBe(2);
  await eventually(() => count("in-progress")).toBe(0);
  expect(await ink()).toBe(shown);
  await later(page, 1000);
  await page.getByTestId("in-progress").waitFor();
  expect(await ink()).not.toBe(shown);
});

test("a job that fails on its way leaves what it had, with the reason", async () => {
  page = await openPage({ scenario: { result: true, partial: true } });
  await page.getByTestId("heatmap").waitFor();
  await page.evaluate("fake.delay = 10000; fake.failNext = 'The engine ran out of memory.'");
  await stopClock(page);
  await page.getByTestId("prediction-281").click();
  await later(page, 11_000);
  await page.clock.resume();
  await eventually(() => text("error")).toContain("The engine ran out of memory.");
  await eventually(() => text("partial")).toMatch(/^Stopped after 9\d%: this is a partial result\./);
  expect(await page.getByTestId("save").isDisabled()).toBe(true);
});
