/** Long texts that are cut in their middle: as a function, and in columns of the layer table as they are laid out. */
import { describe, expect, test } from "vitest";
import { boxOf, eventually, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import { fitMiddle } from "./fit-middle.ts";

/** Each letter as wide as 1, an emoji as 2. */
const measure = (text: string): number =>
  Array.from(new Intl.Segmenter().segment(text)).reduce(
    (sum, { segment }) => sum + (/\p{Emoji_Presentation}/u.test(segment) ? 2 : 1),
    0,
  );

describe("a text cut in its middle", () => {
  const name = "/backbone/stage_3/block_11/conv_projection/static_padding";

  test("stays whole where it fits", () => {
    expect(fitMiddle(name, name.length, measure)).toBe(name);
    expect(fitMiddle("", 0, measure)).toBe("");
  });

  test("loses its head first, all but a letter, then its tail", () => {
    expect(fitMiddle(name, 40, measure)).toBe(`${name.slice(0, 15)}…${name.slice(-24)}`);
    expect(fitMiddle(name, 26, measure)).toBe(`/…${name.slice(-24)}`);
    expect(fitMiddle(name, 12, measure)).toBe(`/…${name.slice(-10)}`);
    expect(fitMiddle(name, 2, measure)).toBe("…g");
    expect(fitMiddle(name, 1, measure)).toBe("…");
    expect(fitMiddle(name, 0, measure)).toBe("…");
  });

  test.each([
    ["surrogate pairs", "a😀b😀c😀d😀e😀f"],
    ["joined emoji, flags, letters with marks", "👨‍👩‍👧x🇩🇪yé́zक्षि🏳️‍🌈👍🏽"],
    ["right to left", "החתול המפוספס 3 ישן/שכבה"],
  ])("%s: never in the middle of a letter, and as much as fits", (_, text) => {
    const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
    for (let width = 0; width <= measure(text); width++) {
      const cut = fitMiddle(text, width, measure);
      if (cut === text) continue;
      expect(measure(cut)).toBeLessThanOrEqual(Math.max(1, width));
      const [head, tail] = cut
        .split("…")
        .map((part) => Array.from(new Intl.Segmenter().segment(part), ({ segment }) => segment));
      expect(letters.slice(0, head.length)).toEqual(head);
      expect(letters.slice(letters.length - tail.length)).toEqual(tail);
      if (head.length === 1)
        expect(measure(letters[0] + "…" + letters.slice(-tail.length - 1).join(""))).toBeGreaterThan(width);
    }
  });
});

const open = pagesOf("model");

describe("names in the layer table", () => {
  test.each([
    ["typical", 320],
    ["long names", 320],
    ["long names", 1000],
    ["right-to-left names", 320],
  ] as const)("%s at %i px: whole letters that fill their column", async (scene, width) => {
    const page = await open({ scene, width });
    await page.locator(".row .middle").first().waitFor();
    await until(page, "[...document.querySelectorAll('.row .middle')].every((one) => one.clientWidth > 0)");
    const faults = (): Promise<string[]> =>
      page.evaluate(`(() => {
      const faults = [];
      for (const middle of document.querySelectorAll(".row .middle")) {
        const cut = middle.querySelector(".middle-cut");
        const range = document.createRange();
        range.selectNodeContents(cut ?? middle);
        const { left, right } = range.getBoundingClientRect(), box = middle.getBoundingClientRect();
        if (left < box.left - 0.5 || right > box.right + 0.5) faults.push("beside its column: " + middle.textContent);
        if (!cut) continue;
        const whole = middle.querySelector(".visually-hidden").textContent;
        const [head, tail] = cut.textContent.split("…");
        if (!whole.startsWith(head) || !whole.endsWith(tail)) faults.push("another text: " + cut.textContent);
        if (box.width - (right - left) > 24) faults.push("room left: " + cut.textContent + " " + (box.width - (right - left)));
      }
      return faults;
    })()`);
    await eventually(faults).toEqual([]);
    await screenshot(page, `middle-${scene.replaceAll(" ", "-")}-${width}`);
  });

  test("a column that is made wider shows more, one that is narrower less", async () => {
    const page = await open({ scene: "long names", width: 700 });
    const shown = (): Promise<number> =>
      page.evaluate("document.querySelector('.row .c-name .middle-cut').textContent.length");
    await page.locator(".row .c-name .middle-cut").first().waitFor();
    const before = await shown();
    await page.setViewportSize({ width: 1100, height: 760 });
    await until(page, `document.querySelector('.row .c-name .middle-cut').textContent.length > ${before}`);
    await page.setViewportSize({ width: 400, height: 760 });
    await until(page, `document.querySelector('.row .c-name .middle-cut').textContent.length < ${before}`);
    expect((await boxOf(page.locator(".row .c-name").first())).width).toBeGreaterThan(20);
  });
});
