/** Pinning a result, and what a panel says of the model's other views, in Chromium. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { calls, eventually, lastRequest, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage({ width: 900, ...options });
  await page.getByTestId("heatmap").waitFor();
}

const pressed = (): Promise<string | null> => page.getByTestId("pin").getAttribute("aria-pressed");

async function pin(): Promise<void> {
  await page.getByTestId("pin").click();
  await eventually(pressed).toBe("true");
}

describe("Pin", () => {
  test("keeps the result with the target as the page calls it; the button is on, and off again", async () => {
    await open({ scenario: { result: true } });
    expect(await pressed()).toBe("false");
    await pin();
    expect(await lastRequest(page, "pin")).toMatchObject({ state: { technique: "saliency" }, target: "Egyptian cat" });
    await eventually(() => page.getByTestId("notice").textContent()).toContain("kept under Results");
    await screenshot(page, "pinned-dark");
    await page.getByTestId("pin").click();
    await until(page, "fake.count('unpin') === 1");
    await eventually(pressed).toBe("false");
    expect(await calls(page, "run")).toBe(0);
  });

  test("another method, or another option, opens another panel; this one stays what it is", async () => {
    await open();
    await pin();
    await page.getByTestId("method-grad-cam").click();
    await until(page, "fake.count('openNext') === 1");
    expect(await lastRequest(page, "openNext")).toMatchObject({ state: { technique: "grad-cam" } });
    await eventually(() => page.getByTestId("method-saliency").getAttribute("aria-pressed")).toBe("true");
    await page.getByTestId("heatmap").waitFor();
    await eventually(pressed).toBe("true");
  });

  test("another input, too: the header goes on naming its own", async () => {
    await open();
    await pin();
    const name = await page.getByTestId("input").textContent();
    await page.getByTestId("input").click();
    await until(page, "fake.count('openNext') === 1");
    await eventually(() => page.getByTestId("input").textContent()).toBe(name);
  });

  test("how it is drawn is no other result: it changes in place", async () => {
    await open();
    await pin();
    await page.getByTestId("arrangement-overlay").click();
    await until(page, "fake.count('remember') >= 1");
    expect(await calls(page, "openNext")).toBe(0);
    expect(await lastRequest(page, "remember")).toMatchObject({ state: { looks: { arrangement: "overlay" } } });
  });

  test("there is nothing to pin before a result is there", async () => {
    page = await openPage({ width: 900, scenario: { delay: 600_000 } });
    await page.getByTestId("pin").waitFor();
    expect(await page.getByTestId("pin").isDisabled()).toBe(true);
  });
});

describe("what is chosen in another view of the model", () => {
  const elsewhere = (state: object): string =>
    `fake.elsewhere = { state: { ...fake.calls.findLast(({ method }) => method === 'run').request.state, ...${JSON.stringify(state)} }, inputName: 'dog.png' }; fake.changed('selection')`;

  test("is said and shown on request; nothing runs before", async () => {
    await open();
    await page.evaluate(elsewhere({ input: "file:///samples/dog.png", target: { index: [3] } }));
    const banner = page.getByTestId("elsewhere");
    await banner.waitFor();
    expect(await banner.textContent()).toContain("the input is dog.png and the target is");
    await screenshot(page, "elsewhere-dark");
    expect(await violations(page)).toEqual([]);
    expect(await calls(page, "run")).toBe(1);
    await page.getByTestId("follow").click();
    await until(page, "fake.count('run') === 2");
    expect(await lastRequest(page, "run")).toMatchObject({
      state: { input: "file:///samples/dog.png", target: { index: [3] } },
    });
    await eventually(() => banner.count()).toBe(0);
  });

  test("is out of date by a choice here", async () => {
    await open();
    await page.evaluate(elsewhere({ target: { index: [3] } }));
    await page.getByTestId("elsewhere").waitFor();
    await page.getByTestId("method-grad-cam").click();
    await eventually(() => page.getByTestId("elsewhere").count()).toBe(0);
  });

  test("may be closed", async () => {
    await open();
    await page.evaluate(elsewhere({ target: {} }));
    await page.getByTestId("elsewhere").getByRole("button", { name: "Close this message" }).click();
    await eventually(() => page.getByTestId("elsewhere").count()).toBe(0);
    expect(await calls(page, "run")).toBe(1);
  });
});

test.each(["light", "hc-dark", "hc-light"] as const)("axe finds nothing in a pinned panel in %s", async (theme) => {
  await open({ theme });
  await pin();
  expect(await violations(page)).toEqual([]);
  await screenshot(page, `pinned-${theme}`);
});
