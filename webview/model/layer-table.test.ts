/** The layer table: names, widths, plumbing, and the keys of its search. */
import { describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { boxOf, eventually, pagesOf, screenshot, until } from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("model");
let page: TestPage;

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage({ width: 1000, ...options });
  await page.getByTestId("layers").waitFor();
}

const search = (): ReturnType<TestPage["locator"]> => page.getByTestId("search").locator("input");
const hits = (): Promise<string | null> => page.getByTestId("hits").textContent();
const operators = (): Promise<string[]> => page.locator("[data-row] .c-operator").allTextContents();
const widthOf = async (column: string): Promise<number> => (await boxOf(page.locator(`.head .c-${column}`))).width;

describe("long names", () => {
  test.each([320, 520, 1000])("at %i pixels their tails stay in sight, where they differ", async (width) => {
    await open({ width, scenario: { longNames: true } });
    const cell = page.locator("[data-row='0'] .c-name");
    // For screen readers the whole, for eyes its ends.
    const name = "/model/backbone/features/stage/with/a/long/path/_blocks.0/_expand_conv/Conv";
    await eventually(() => cell.locator(".visually-hidden").textContent()).toBe(name);
    const cut = cell.locator(".middle-cut");
    await eventually(() => cut.textContent()).toMatch(/^\/.*….*conv\/Conv$/);
    const [outer, inner] = [await boxOf(cell), await boxOf(cut)];
    expect(inner.x).toBeGreaterThanOrEqual(outer.x);
    expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width + 1);
    await eventually(() => page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await screenshot(page, `editor-long-names-${width}`);
  });
});

describe("widths of columns", () => {
  test("an edge is dragged, and the row below follows", async () => {
    await open();
    const before = await widthOf("name");
    const edge = await boxOf(page.getByTestId("edge-name"));
    await page.mouse.move(edge.x + edge.width / 2, edge.y + edge.height / 2);
    await page.mouse.down();
    await page.mouse.move(edge.x + edge.width / 2 - 120, edge.y + 4);
    await page.mouse.up();
    await eventually(() => widthOf("name")).toBeCloseTo(before - 120, -1);
    const cell = await boxOf(page.locator("[data-row='0'] .c-name"));
    expect(cell.width).toBeCloseTo(await widthOf("name"), 0);
  });

  test("arrow keys move it, Enter makes it automatic again, and a reload keeps it", async () => {
    await open();
    const automatic = await widthOf("operator");
    const edge = page.getByTestId("edge-operator");
    expect(await edge.getAttribute("aria-valuetext")).toBe("automatic");
    await edge.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("ArrowRight");
    await eventually(() => widthOf("operator")).toBeCloseTo(automatic + 48, 0);
    await eventually(() => page.evaluate("JSON.parse(sessionStorage.getItem('state'))?.widths?.operator ?? 0")).toBe(
      Math.round(automatic + 48),
    );
    await page.reload();
    await page.getByTestId("layers").waitFor();
    await eventually(() => widthOf("operator")).toBeCloseTo(automatic + 48, 0);
    await page.getByTestId("edge-operator").focus();
    await page.keyboard.press("Enter");
    await eventually(() => widthOf("operator")).toBeCloseTo(automatic, 0);
    expect(await violations(page)).toEqual([]);
  });

  test("wider than the view, the table scrolls inside it, its head along", async () => {
    await open({ width: 520 });
    await page.getByTestId("edge-name").focus();
    for (let times = 0; times < 12; times++) await page.keyboard.press("Shift+ArrowRight");
    await eventually(() => page.evaluate("document.querySelector('.grid').scrollWidth")).toBeGreaterThan(800);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(520);
    await page.evaluate("document.querySelector('.grid').scrollLeft = 1e6");
    const [head, cell] = [
      await boxOf(page.locator(".head .c-parameters")),
      await boxOf(page.locator("[data-row='0'] .c-parameters")),
    ];
    expect(cell.x).toBeCloseTo(head.x, 0);
    expect(cell.x + cell.width).toBeLessThanOrEqual(521);
  });
});

describe("plumbing", () => {
  test("another view's choice is followed, and this one's is told", async () => {
    await open({ scenario: { plumbing: true } });
    const checked = (): Promise<boolean> =>
      page.evaluate("fake.count('selection') > 0 && !document.querySelector('[data-testid=layer-3]')");
    await eventually(checked, "hidden at first").toBe(true);
    await page.evaluate("fake.plumbing = true, fake.changed('selection')");
    await page.getByTestId("layer-3").waitFor();
    expect(await page.evaluate("fake.count('plumbing')"), "what was heard is not told again").toBe(0);
  });

  test("is hidden, counted, and shown when asked for; all counts agree", async () => {
    await open({ scenario: { plumbing: true } });
    expect(await operators()).not.toContain("Shape");
    const nodes = Number.parseInt((await page.getByTestId("fact-nodes").textContent()) ?? "");
    const title = (await page.getByTestId("fact-nodes").getAttribute("title")) ?? "";
    const layers = Number.parseInt(title);
    const hidden = Number.parseInt((await hits()) ?? "");
    expect(await hits()).toMatch(/^\d+ nodes hidden$/);
    expect(layers + hidden).toBe(nodes);
    expect(title).toContain(`and ${hidden} that only compute shapes or constants`);
    expect(await page.getByTestId("tab-layers").textContent()).toBe(`Layers${layers}`);
    expect(await page.getByTestId("layers").getAttribute("aria-rowcount")).toBe(String(layers + 1));
    await screenshot(page, "editor-plumbing");
    await page.getByTestId("hide-plumbing").click();
    await eventually(() => page.evaluate("fake.plumbing")).toBe(true);
    await eventually(operators).toContain("Shape");
    expect(await hits()).toBe("");
    expect(await page.getByTestId("tab-layers").textContent()).toBe(`Layers${nodes}`);
  });

  test("a search says how many of its hits are hidden, also where all are", async () => {
    await open({ scenario: { plumbing: true } });
    await search().fill("op:shape");
    await eventually(hits).toMatch(/^0 hits, \d+ hits hidden$/);
    await eventually(() => page.getByTestId("no-hits").textContent()).toContain("clear Hide plumbing to see them");
  });

  test("what a link leads to is listed all the same", async () => {
    await open({ scenario: { plumbing: true } });
    await page.getByTestId("layer-5").click();
    await page.getByTestId("uses-in").getByRole("button", { name: "Gather 4" }).click();
    await eventually(() => page.getByTestId("layer-4").getAttribute("aria-selected")).toBe("true");
  });

  test("a model without any has no such control", async () => {
    await open();
    expect(await page.getByTestId("hide-plumbing").count()).toBe(0);
  });
});

describe("the search box", () => {
  test("Enter selects the first hit and then the next, Shift and Enter the one before; Escape clears", async () => {
    await open();
    await search().focus();
    await page.keyboard.type("op:Add");
    await page.keyboard.press("Enter");
    await eventually(() => page.locator("[aria-selected=true][data-row]").getAttribute("data-testid")).toBe("layer-5");
    await until(page, "document.activeElement.closest('[data-testid=search]') !== null");
    await page.keyboard.press("Enter");
    await eventually(() => page.locator("[aria-selected=true][data-row]").getAttribute("data-testid")).toBe("layer-11");
    await page.keyboard.press("Shift+Enter");
    await eventually(() => page.locator("[aria-selected=true][data-row]").getAttribute("data-testid")).toBe("layer-5");
    await page.keyboard.press("Escape");
    await eventually(() => search().inputValue()).toBe("");
    await until(page, "document.activeElement.closest('[data-testid=search]') !== null");
    expect(await page.getByTestId("inspector").count()).toBe(1);
  });

  test("Down leads into the list, from where the arrows go on", async () => {
    await open();
    await search().focus();
    await page.keyboard.type("op:Add");
    await page.keyboard.press("ArrowDown");
    await until(page, "document.activeElement.dataset.row === '0'");
    await page.keyboard.press("ArrowDown");
    await until(page, "document.activeElement.dataset.row === '1'");
  });
});

describe("the inspector", () => {
  test("calls inputs as the specification does, and leads to the layers that take the output", async () => {
    await open();
    await page.getByTestId("layer-4").click();
    await eventually(() => page.locator("[data-testid=uses-in] .use-formal").allTextContents()).toEqual([
      "X",
      "W",
      "B",
    ]);
    expect(await page.locator("[data-testid=uses-out] .use-formal").allTextContents()).toEqual(["Y"]);
    await page.getByTestId("consumers").getByRole("button", { name: "Add 5" }).click();
    await page.getByTestId("inspector").filter({ hasText: "_add/Add" }).waitFor();
    await screenshot(page, "editor-consumers");
  });

  test("many that take it are listed when asked for; what leaves the model says so", async () => {
    await open();
    await page.getByTestId("layer-7").click();
    const links = page.getByTestId("consumers").locator("button");
    await eventually(() => links.count()).toBe(9);
    await links.last().click();
    await eventually(() => links.count()).toBe(13);
    await search().fill("op:Gemm");
    await page.locator("[data-row='0']").click();
    await eventually(() => page.getByTestId("consumers").textContent()).toBe("model output");
  });

  test.each([
    [true, "6", "1"],
    ["filled", "6, everywhere", "864"],
  ])("one number is shown as a number, not as a histogram of one bar (%s)", async (scalar, value, elements) => {
    await open({ scenario: { scalar } });
    await page.getByTestId("layer-4").click();
    await page.getByTestId("tensor-weight_4").click();
    await eventually(() => page.getByTestId("only-value").textContent()).toBe(value);
    await eventually(() => page.getByTestId("statistics").textContent()).toContain(`elements${elements}`);
    expect(await page.locator(".histogram").count()).toBe(0);
  });
});

test.each([320, 520, 1000])(
  "by keyboard alone, at %i pixels: from the methods to a layer, what takes it, and back",
  async (width) => {
    await open({ width, scenario: { plumbing: true } });
    const tabUntil = async (testid: string): Promise<void> => {
      for (let times = 0; times < 30; times++) {
        if ((await page.evaluate("document.activeElement.dataset.testid ?? ''")) === testid) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`Tab does not lead to "${testid}".`);
    };
    await tabUntil("explain-with");
    await tabUntil("tab-layers");
    await tabUntil("search");
    await page.keyboard.type("op:reshape");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByTestId("consumers").waitFor();
    const name = await page.locator(".inspector h2").textContent();
    await tabUntil("copy-name");
    for (let times = 0; times < 20; times++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate("document.activeElement.closest('[data-testid=consumers]') !== null")) break;
    }
    await page.keyboard.press("Enter");
    await eventually(() => page.locator(".inspector h2").textContent()).not.toBe(name);
    // The keys go on from there.
    await until(page, "document.activeElement === document.querySelector('.inspector h2')");
    await page.keyboard.press("Escape");
    await eventually(() => page.getByTestId("inspector").count()).toBe(0);
  },
);
