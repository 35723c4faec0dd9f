/** A language model's tokens by place in the window, and what becomes the target. */
import { expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { eventually, idle, lastState, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(more: { theme?: ThemeName; width?: number } = {}): Promise<void> {
  page = await openPage({ ...more, scenario: { output: "tokens", state: { technique: "predictions" } } });
  await page.getByTestId("token-places").waitFor();
  await idle(page);
}

const remembered = (index: string): Promise<void> =>
  until(
    page,
    `fake.calls.filter(({ method }) => method === 'remember').at(-1)?.request.state.target.index?.join() === '${index}'`,
  );

test("each place has its token and the most probable; a click on one makes place and number the target", async () => {
  await open();
  await eventually(() => page.getByTestId("place-2").textContent()).toContain("[MASK]cat 41.2%dog 28.7%");
  await page.getByTestId("option-2-3899").click();
  await remembered("2,3899");
  expect((await lastState(page, "remember")).target.output).toBe("logits");
  await eventually(() => page.getByTestId("option-2-3899").getAttribute("aria-pressed")).toBe("true");
});

test("by keys: one stop of the Tab key, arrows along a place and from place to place, Enter explains", async () => {
  await open();
  await page.locator(".token-option[tabindex='0']").focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "Enter"]) await page.keyboard.press(key);
  await remembered("2,3899");
  await eventually(() => page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe(
    "place 2 ([MASK]): dog, 28.7%",
  );
  await expect(page.locator(".token-option[tabindex='0']").count()).resolves.toBe(1);
});

test("more tokens of each place are asked for", async () => {
  await open();
  await page.getByTestId("top").selectOption("20");
  await until(
    page,
    "fake.calls.filter(({ method }) => method === 'run').at(-1)?.request.state.params.predictions?.top === 20",
  );
});

test.each([{ width: 320 }, { theme: "light" }, { theme: "hc-dark" }] as const)(
  "nothing that axe-core knows is wrong, %j",
  async (look) => {
    await open(look);
    await screenshot(page, `token-scores-${"theme" in look ? look.theme : look.width}`);
    expect(await violations(page)).toEqual([]);
  },
);
