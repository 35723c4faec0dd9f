/** The comparison in Chromium, with a host that answers from a script: what a person sees and does. */
import { unzipSync } from "fflate";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { CompareState } from "../../src/protocol/compare.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "../../test/webview/axe.ts";
import {
  boxOf,
  calls,
  eventually,
  inkOf,
  lastRequest,
  later,
  pagesOf,
  screenshot,
  stopClock,
  until,
} from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("compare");
let page: TestPage;

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(options);
  await page.getByTestId("grid").waitFor();
}

/** Every cell has its answer. */
const settled = (): Promise<void> => until(page, "!document.querySelector('[data-kind=waiting], [data-kind=running]')");
const kinds = (): Promise<string[]> =>
  page.evaluate("[...document.querySelectorAll('[data-cell]')].map((cell) => cell.dataset.kind)");
const labels = (): Promise<string[]> =>
  page.evaluate("[...document.querySelectorAll('.entry-label')].map((label) => label.textContent)");
const cell = (row: number, column: number) => page.getByTestId(`cell-${row}-${column}`);
const values = (): Promise<(string | null)[]> =>
  page.evaluate("[...document.querySelectorAll('[data-testid=value]')].map((value) => value.dataset.value)");
const ink = (row: number, column: number): Promise<number> =>
  inkOf(page, `[data-testid="cell-${row}-${column}"] [data-testid=heatmap]`);
const frame = (row: number, column: number) => boxOf(cell(row, column).getByTestId("map"));
async function pickMenu(item: string): Promise<void> {
  await page.getByTestId("save").click();
  await page.getByTestId(`save-${item}`).click();
  await until(page, "fake.saved !== undefined");
}
async function saved(): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const { name, base64 } = (await page.evaluate("fake.saved")) as { name: string; base64: string };
  return { name, bytes: Buffer.from(base64, "base64") };
}
const twoAxes: Partial<CompareState> = {
  rows: {
    kind: "target",
    entries: [
      { kind: "target", target: { index: [285] }, label: "Egyptian cat" },
      { kind: "target", target: { index: [282] }, label: "tiger cat" },
    ],
  },
};

test("a cell whose job runs has what there is so far, and the result at the end", async () => {
  await open({ scenario: { partial: true, delays: { "grad-cam": 10_000 } } });
  await cell(0, 1).getByTestId("cell-running").waitFor();
  await stopClock(page);
  await later(page, 3000);
  await cell(0, 1).getByTestId("heatmap").waitFor();
  expect((await kinds())[1]).toBe("running");
  const part = await ink(0, 1);
  await eventually(() => cell(0, 1).textContent()).toContain("In progress: this is a partial result.");
  await screenshot(page, "compare-partial-dark");
  await later(page, 10_000);
  await page.clock.resume();
  await settled();
  expect((await kinds())[1]).toBe("done");
  expect(await ink(0, 1)).not.toBe(part);
});

describe("cells", () => {
  test("each runs by itself, two at once at most, and the labels say what they are", async () => {
    await open({ scenario: { delays: { saliency: 60, "grad-cam": 60, cam: 60 } } });
    await settled();
    await eventually(() => kinds()).toEqual(["done", "done", "done"]);
    await eventually(() => labels()).toEqual(["Input", "Saliency", "Grad-CAM", "CAM"]);
    expect(await calls(page, "run")).toBe(3);
    await eventually(() => page.evaluate("fake.mostAtOnce")).toBe(2);
    await eventually(() => page.getByTestId("target").textContent()).toContain("Egyptian cat 285");
  });

  test("what was computed before is drawn without a run", async () => {
    await open({ scenario: { cached: ["saliency", "cam"] } });
    await settled();
    await eventually(() => page.evaluate("fake.done")).toEqual(["grad-cam"]);
  });

  test("an error stays in its cell, with what helps; the others are there, and it can be tried again", async () => {
    await open({ scenario: { failing: ["grad-cam"] } });
    await settled();
    await eventually(() => kinds()).toEqual(["done", "failed", "done"]);
    const text = await cell(0, 1).textContent();
    expect(text).toContain("no gradient rule for NonMaxSuppression");
    expect(text).toContain("CAM works without gradients.");
    await cell(0, 1).getByTestId("cell-retry").click();
    await until(page, "fake.count('run') === 4");
  });

  test("one is cancelled alone, the rest together, and both can be run after all", async () => {
    await open({ scenario: { delays: { saliency: 60_000, "grad-cam": 60_000, cam: 60_000 } } });
    await cell(0, 0).getByTestId("cell-running").waitFor();
    await eventually(() => cell(0, 0).textContent()).toContain("Step 12 of 50");
    await cell(0, 0).getByTestId("cell-cancel").click();
    await until(page, "fake.aborted.length === 1");
    await eventually(async () => (await kinds())[0]).toBe("stopped");
    // Its place in the row of those that run is taken by the next.
    await cell(0, 2).getByTestId("cell-running").waitFor();
    await eventually(() => page.getByTestId("progress").textContent()).toBe("1 of 3");
    await page.getByTestId("cancel").click();
    await until(page, "fake.aborted.length === 3");
    await eventually(() => kinds()).toEqual(["stopped", "stopped", "stopped"]);
    await cell(0, 1).getByTestId("cell-run").click();
    await cell(0, 1).getByTestId("cell-running").waitFor();
    await page.getByTestId("run-all").waitFor({ state: "detached" });
    await page.getByTestId("cancel").click();
    await page.getByTestId("run-all").click();
    await cell(0, 0).getByTestId("cell-running").waitFor();
  });

  test("where nothing may run, it says why, shows what is on disk, and runs once it may", async () => {
    await open({
      scenario: { blocked: "This workspace is not trusted: models are shown, not run.", cached: ["saliency"] },
    });
    await until(page, "document.querySelector('[data-kind=done]') !== null");
    await eventually(() => page.getByTestId("blocked").textContent()).toContain("not trusted");
    await eventually(() => kinds()).toEqual(["done", "waiting", "waiting"]);
    expect(await calls(page, "run")).toBe(0);
    await eventually(() => cell(0, 1).textContent()).toContain("Not computed yet");
    await page.evaluate("fake.changed('trusted')");
    await settled();
    await eventually(() => page.getByTestId("blocked").count()).toBe(0);
    await eventually(() => kinds()).toEqual(["done", "done", "done"]);
  });

  test("a table's row is compared as bars: the feature under the pointer is marked in all, with each one's value", async () => {
    await open({ scenario: { row: true } });
    await settled();
    await eventually(() => page.getByTestId("bars").count()).toBe(3);
    await cell(0, 0).locator("[data-index='1']").hover();
    await until(page, "document.querySelectorAll('.cell-bar.marked').length === 3");
    await eventually(async () => (await values()).map(Number)).toEqual([-0.3, -3, -3].map(Math.fround));
    await eventually(() => cell(0, 1).getByTestId("value").textContent()).toContain("sepal width −3");
    // Lengths: of its own, the longest is half of the track; by one scale the first method's are a tenth.
    const width = (): Promise<number[]> =>
      page.evaluate("[...document.querySelectorAll('[data-index=\"2\"] i')].map((bar) => parseFloat(bar.style.width))");
    await eventually(() => width()).toEqual([50, 50, 50]);
    await page.getByTestId("scale-of-all").click();
    await eventually(async () => (await width())[0]).toBeCloseTo(5, 3);
    expect((await width()).slice(1)).toEqual([50, 50]);
    await eventually(() => page.getByTestId("clip").count()).toBe(0);
    await eventually(() => page.getByTestId("zoom-in").count()).toBe(0);
    await screenshot(page, "compare-row-dark");
  });

  test("a text is compared token by token, by pointer and keys", async () => {
    await open({ theme: "light", scenario: { text: true } });
    await settled();
    await cell(0, 0).locator("[data-index='3']").hover();
    await until(page, "document.querySelectorAll('.cell-token.marked').length === 3");
    await eventually(async () => (await values()).map(Number)).toEqual([0.7, 7, 7].map(Math.fround));
    await page.mouse.move(2, 2);
    await cell(0, 1).focus();
    await page.keyboard.press("Enter");
    await until(page, "document.querySelector('[data-testid=cell-0-0] .cell-token.marked')?.textContent === 'won'");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await until(
      page,
      "/^film: Saliency −0.2; Grad-CAM −2; CAM −2$/.test(document.querySelector('[data-testid=grid-live]').textContent)",
    );
    expect(await violations(page)).toEqual([]);
    await screenshot(page, "compare-text-light");
    await page.getByTestId("scale-of-all").click();
    await page.getByTestId("colorbar").waitFor();
    await pickMenu("svg");
    const svg = (await saved()).bytes.toString("utf8");
    expect(svg).toContain(">##derful</text>");
    // In the shared scale the figure's colours are those of the page.
    const shown = (await page.evaluate(
      "getComputedStyle(document.querySelector('[data-testid=cell-0-1] [data-index=\"2\"]')).borderBottomColor",
    )) as string;
    const [red, green, blue] = (/\d+, \d+, \d+/.exec(shown)?.[0] ?? "").split(", ").map(Number);
    const pixel = /<image [^>]*href="data:image\/png;base64,([^"]+)"><title>won: 9</.exec(svg)?.[1] ?? "";
    expect([...(await sharp(Buffer.from(pixel, "base64")).removeAlpha().raw().toBuffer())]).toEqual([red, green, blue]);
  });

  test("a model that changed on disk: the results are said to be from before, and made anew when asked", async () => {
    await open();
    await settled();
    await page.evaluate("fake.changed('model-changed')");
    await eventually(() => page.getByTestId("stale").textContent()).toContain("changed on disk");
    await page.getByTestId("run-again").click();
    await until(page, "fake.count('run') === 6");
    await page.getByTestId("stale").waitFor({ state: "detached" });
  });
});

describe("axes", () => {
  test("a second axis makes a table, each cell by its row and column; taking it away keeps what stood first", async () => {
    await open();
    await settled();
    await page.getByTestId("rows-kind").selectOption("target");
    await cell(1, 2).waitFor();
    await settled();
    await eventually(() => labels()).toEqual([
      "Input",
      "Saliency",
      "Grad-CAM",
      "CAM",
      "Egyptian cat 285",
      "tiger cat 282",
    ]);
    const asked = await page.evaluate(
      "fake.calls.filter(({ method }) => method === 'run').map(({ request }) => [request.cell.technique, request.cell.target.index?.[0] ?? null])",
    );
    expect(asked).toEqual(
      expect.arrayContaining([
        ["saliency", 285],
        ["saliency", 282],
        ["grad-cam", 282],
        ["cam", 282],
      ]),
    );
    await eventually(() => page.getByTestId("target").count()).toBe(0);
    await page.getByTestId("rows-kind").selectOption("none");
    await eventually(() => kinds()).toEqual(["done", "done", "done"]);
    await eventually(() => page.getByTestId("target").textContent()).toContain("Egyptian cat 285");
  });

  test("choosing for the columns what stands along the rows exchanges them", async () => {
    await open({ scenario: { state: twoAxes } });
    await settled();
    await page.getByTestId("columns-kind").selectOption("target");
    await until(page, "document.querySelector('[data-testid=rows-kind]').value === 'method'");
    await eventually(() => labels()).toEqual([
      "Input",
      "Egyptian cat 285",
      "tiger cat 282",
      "Saliency",
      "Grad-CAM",
      "CAM",
    ]);
  });

  test("layers, and models told apart by their folders", async () => {
    await open({
      scenario: {
        state: {
          base: {
            model: "file:///samples/efficientnet-lite0.onnx",
            input: "file:///samples/cat.png",
            technique: "grad-cam",
            target: {},
            params: {},
          },
        },
      },
    });
    await settled();
    await page.getByTestId("columns-kind").selectOption("layer");
    await until(
      page,
      "[...document.querySelectorAll('.entry-label')].some((label) => label.textContent === 'project_6')",
    );
    // What stood first along the columns is what all have in common now.
    await eventually(() => page.getByTestId("method").inputValue()).toBe("saliency");
    await page.getByTestId("method").selectOption("grad-cam");
    await until(page, "fake.done.filter((technique) => technique === 'grad-cam').length === 3");
    await settled();
    await cell(0, 0).hover();
    await cell(0, 0).getByTestId("cell-open").click();
    await until(page, "fake.count('openPanel') === 1");
    const opened = (await lastRequest<{ cell: PanelState }>(page, "openPanel")).cell;
    expect([opened.technique, opened.layer]).toEqual(["grad-cam", "project_6"]);
    // Its layer is the column's, and not said again.
    await eventually(() => cell(0, 0).locator(".cell-facts").textContent()).toBe("27 ms");
    await page.getByTestId("rows-kind").selectOption("model");
    await cell(1, 1).waitFor();
    await settled();
    await eventually(() => labels()).toEqual(
      expect.arrayContaining(["samples/efficientnet-lite0.onnx", "other/efficientnet-lite0.onnx"]),
    );
    const last = await lastRequest<{ cell: PanelState }>(page, "run");
    expect([last.cell.model, last.cell.layer]).toEqual(["file:///other/efficientnet-lite0.onnx", "relu"]);
  });

  test("an entry is moved, duplicated with other options, and removed; results are kept, only new questions run", async () => {
    await open();
    await settled();
    await page.getByTestId("columns-0-menu").click();
    await page.getByTestId("columns-0-menu-after").click();
    await eventually(() => labels()).toEqual(["Input", "Grad-CAM", "Saliency", "CAM"]);
    await page.getByTestId("columns-1-menu").click();
    await page.getByTestId("columns-1-menu-duplicate").click();
    await eventually(() => labels()).toHaveLength(5);
    expect(await calls(page, "run")).toBe(3);
    await page.getByTestId("columns-2-menu").click();
    await page.getByTestId("columns-2-menu-options").click();
    await page.getByTestId("edit").getByTestId("param-samples").fill("25");
    await until(page, "fake.count('run') === 4");
    await settled();
    await eventually(() => labels()).toEqual(["Input", "Grad-CAM", "Saliency", "Saliency (samples 25)", "CAM"]);
    await page.getByTestId("columns-0-menu").click();
    await page.getByTestId("columns-0-menu-remove").click();
    await eventually(() => labels()).toEqual(["Input", "Saliency", "Saliency (samples 25)", "CAM"]);
    expect(await calls(page, "run")).toBe(4);
  });

  test("an option that takes a file is given one by the dialog", async () => {
    await open({
      scenario: {
        text: true,
        state: {
          columns: {
            kind: "method",
            entries: [
              { kind: "method", technique: "tokens" },
              { kind: "method", technique: "saliency" },
            ],
          },
        },
      },
    });
    await settled();
    await page.getByTestId("columns-0-menu").click();
    await page.getByTestId("columns-0-menu-options").click();
    await page.getByTestId("param-baseline-file").click();
    await until(page, "fake.count('run') === 3");
    await eventually(async () => (await lastRequest<{ cell: PanelState }>(page, "run")).cell.params.tokens).toEqual({
      baseline: "/samples/grey.png",
    });
  });

  test("which inputs are explained is one choice for all", async () => {
    await open({
      scenario: {
        explainable: [
          { name: "picture", byDefault: true },
          { name: "row", byDefault: true },
        ],
      },
    });
    await settled();
    await page.getByTestId("explain-picture").click();
    await until(page, "fake.count('run') === 6");
    const asked = await page.evaluate(
      "fake.calls.filter(({ method }) => method === 'run').slice(3).map(({ request }) => request.cell.explain)",
    );
    expect(asked).toEqual([["row"], ["row"], ["row"]]);
    await eventually(() =>
      page.evaluate("fake.calls.findLast(({ method }) => method === 'remember')?.request.state.base.explain"),
    ).toEqual(["row"]);
    expect(await violations(page)).toEqual([]);
  });

  test("another input is another question to all", async () => {
    await open();
    await settled();
    await page.getByTestId("input").click();
    await until(page, "fake.count('run') === 6");
    await eventually(async () => (await lastRequest<{ cell: PanelState }>(page, "run")).cell.input).toBe(
      "file:///samples/dog.png",
    );
    await eventually(() => page.getByTestId("input").textContent()).toContain("dog.png");
  });
});

describe("the linked cursor", () => {
  test("marks the same place in all and reads each one's own value there", async () => {
    await open();
    await settled();
    const box = await frame(0, 0);
    await page.mouse.move(box.x + box.width * (146.5 / 224), box.y + box.height * (82.5 / 224));
    await until(page, "document.querySelectorAll('[data-testid=value]').length === 3");
    const places = await page.evaluate(
      "[...document.querySelectorAll('[data-testid=value]')].map(({ dataset }) => [Number(dataset.row), Number(dataset.column)])",
    );
    expect(places).toEqual([
      [82, 146],
      [2, 4],
      [2, 4],
    ]);
    // The input and the three maps.
    await eventually(() => page.evaluate("document.querySelectorAll('.crosshair').length")).toBe(4);
    // The fake's class activation map at row 2, column 4 of 7×7, as results.ts makes it.
    const cam =
      Math.max(0, 4.2 * Math.exp(-((2 - 2.4) ** 2 + (4 - 2.8) ** 2) / 5) - 0.31) + 0.01 * (((2 * 7 + 4) * 7) % 5);
    await eventually(async () => (await values()).slice(1).map(Number)).toEqual([Math.fround(cam), Math.fround(cam)]);
    await page.mouse.move(2, 2);
    await until(page, "document.querySelectorAll('[data-testid=value]').length === 0");
  });

  test("by keys: Enter reads at the strongest place, arrows go on, all values are spoken, Escape leaves", async () => {
    await open();
    await settled();
    await cell(0, 1).focus();
    await page.keyboard.press("Enter");
    await until(page, "document.querySelectorAll('[data-testid=value]').length === 3");
    const before = await values();
    await page.keyboard.press("ArrowRight");
    await until(
      page,
      `document.querySelectorAll('[data-testid=value]')[1].dataset.value !== ${JSON.stringify(before[1])}`,
    );
    await until(
      page,
      "/x \\d+, y \\d+: Saliency .+; Grad-CAM .+; CAM /.test(document.querySelector('[data-testid=grid-live]').textContent)",
    );
    await page.keyboard.press("Escape");
    await until(page, "document.querySelectorAll('[data-testid=value]').length === 0");
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("cell-0-1");
  });
});

describe("the linked zoom", () => {
  const whole = (row: number, column: number): Promise<{ left: string; width: string }> =>
    page.evaluate(
      `(({ left, width }) => ({ left, width }))(document.querySelector('[data-testid="cell-${row}-${column}"] .whole').style)`,
    );

  test("Ctrl and the wheel zoom all pictures about the pointer, a drag moves them, a plain wheel is the page's", async () => {
    await open();
    await settled();
    const box = await frame(0, 1);
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.5);
    await page.mouse.wheel(0, 100);
    await eventually(async () => (await whole(0, 0)).width).toBe("100%");
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -300);
    await page.keyboard.up("Control");
    await until(page, "document.querySelector('.whole').style.width !== '100%'");
    const width = async (): Promise<number> => parseFloat((await whole(0, 2)).width) / 100;
    await eventually(width).toBeCloseTo(Math.E, 3);
    const [a, scale] = [await whole(0, 0), await width()];
    expect(a).toEqual(await whole(0, 2));
    expect(parseFloat(a.left) / 100).toBeCloseTo(0.75 - 0.75 * scale, 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.85, box.y + box.height * 0.5, { steps: 3 });
    await page.mouse.up();
    await eventually(async () => parseFloat((await whole(0, 2)).left) / 100).toBeCloseTo(0.85 - 0.75 * scale, 1);
    await page.getByTestId("zoom-whole").click();
    await eventually(async () => (await whole(0, 0)).width).toBe("100%");
  });

  test("a zoomed picture's values are those of the place that is seen", async () => {
    await open();
    await settled();
    for (let i = 0; i < 3; i++) await page.getByTestId("zoom-in").click();
    const box = await frame(0, 0);
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.5);
    await until(page, "document.querySelectorAll('[data-testid=value]').length === 3");
    const [row, column] = (await page.evaluate(
      "(({ dataset }) => [Number(dataset.row), Number(dataset.column)])(document.querySelector('[data-testid=value]'))",
    )) as [number, number];
    const seen = 1 / 1.5 ** 3;
    expect(Math.abs(column - 224 * (0.5 - seen / 2 + 0.25 * seen))).toBeLessThan(1.5);
    expect(Math.abs(row - 112)).toBeLessThan(1.5);
  });

  test("plus, minus and 0 by keys", async () => {
    await open();
    await settled();
    await cell(0, 0).focus();
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    await eventually(() => page.getByTestId("zoom-whole").textContent()).toBe("225%");
    await page.keyboard.press("-");
    await eventually(() => page.getByTestId("zoom-whole").textContent()).toBe("150%");
    await page.keyboard.press("0");
    await eventually(() => page.getByTestId("zoom-whole").textContent()).toBe("100%");
  });
});

describe("keys", () => {
  test("arrows go from cell to cell, Alt moves the column and the row with the focus, Delete takes out and the plus puts back", async () => {
    await open({ scenario: { state: twoAxes } });
    await settled();
    await cell(0, 0).focus();
    for (const key of ["ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("cell-1-1");
    await page.keyboard.press("Alt+ArrowLeft");
    await eventually(() => labels()).toEqual([
      "Input",
      "Grad-CAM",
      "Saliency",
      "CAM",
      "Egyptian cat 285",
      "tiger cat 282",
    ]);
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("cell-1-0");
    await page.keyboard.press("Alt+ArrowUp");
    await eventually(() => labels()).toEqual([
      "Input",
      "Grad-CAM",
      "Saliency",
      "CAM",
      "tiger cat 282",
      "Egyptian cat 285",
    ]);
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("cell-0-0");
    await page.keyboard.press("Delete");
    await eventually(async () => (await kinds())[0]).toBe("removed");
    await cell(0, 0).getByTestId("cell-restore").click();
    await eventually(async () => (await kinds())[0]).toBe("done");
    expect(await calls(page, "run")).toBe(6);
  });

  test("where the cells flow, Alt moves them too, and Delete takes the method out", async () => {
    await open();
    await settled();
    await cell(0, 2).focus();
    await page.keyboard.press("Alt+ArrowLeft");
    await page.keyboard.press("Alt+ArrowLeft");
    await eventually(() => labels()).toEqual(["Input", "CAM", "Saliency", "Grad-CAM"]);
    await page.keyboard.press("Delete");
    await eventually(() => labels()).toEqual(["Input", "Saliency", "Grad-CAM"]);
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("cell-0-0");
  });

  test("the Tab key comes to the grid once, and to the buttons of the cell that has it", async () => {
    await open();
    await settled();
    await eventually(() => page.evaluate("document.querySelectorAll('[data-cell][tabindex=\"0\"]').length")).toBe(1);
  });
});

describe("scales", () => {
  test("own: a bar below each map; shared: one for all, and the maps are painted by it", async () => {
    await open();
    await settled();
    await eventually(() => page.getByTestId("scale").count()).toBe(3);
    const own = [await ink(0, 0), await ink(0, 1)];
    await page.getByTestId("scale-of-all").click();
    await eventually(() => page.getByTestId("scale").count()).toBe(0);
    await eventually(() => page.getByTestId("colorbar").count()).toBe(1);
    // The class activation maps have the largest values: the saliency is dark beside them.
    await eventually(() => ink(0, 0)).not.toBe(own[0]);
    expect(await ink(0, 1)).toBe(own[1]);
    expect(await calls(page, "run")).toBe(3);
  });

  test("per method: the same for a method's cells", async () => {
    await open({ scenario: { state: { ...twoAxes, scale: "method" } } });
    await settled();
    await eventually(() => page.getByTestId("scale").count()).toBe(6);
    const ends = (await page.evaluate(
      "[...document.querySelectorAll('[data-testid=scale]')].map((scale) => scale.getAttribute('aria-label'))",
    )) as string[];
    expect(ends[0]).toBe(ends[3]);
    expect(ends[0]).not.toBe(ends[1]);
  });

  test("looks change without a run", async () => {
    await open();
    await settled();
    const before = await ink(0, 0);
    await page.getByTestId("clip").fill("70");
    await eventually(() => ink(0, 0)).not.toBe(before);
    await page.getByTestId("arrangement-overlay").click();
    await eventually(() => page.getByTestId("input-0").count()).toBe(0);
    expect(await calls(page, "run")).toBe(3);
    expect(await calls(page, "find")).toBe(3);
  });
});

describe("saving", () => {
  test("the grid as SVG: labels as text, on white", async () => {
    await open({ scenario: { state: twoAxes } });
    await settled();
    await pickMenu("svg");
    const { name, bytes } = await saved();
    expect(name).toBe("cat-saliency-grad-cam-cam.svg");
    const svg = bytes.toString("utf8");
    for (const label of ["Saliency", "Grad-CAM", "Egyptian cat 285", "tiger cat 282"])
      expect(svg).toContain(`>${label}</text>`);
    expect(svg).toContain('fill="#ffffff"');
  });

  test("as PNG, drawn with real fonts, with how it was made inside; in the theme's colours when asked", async () => {
    await open();
    await settled();
    for (const [item, corner] of [
      ["png", [255, 255, 255]],
      ["png-theme", [31, 31, 31]],
    ] as const) {
      await page.evaluate("fake.saved = undefined");
      await pickMenu(item);
      const png = (await saved()).bytes;
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      expect([...data.subarray(0, 3)]).toEqual(corner);
      expect(info.width).toBeGreaterThan(4 * 448);
      expect(png.includes("neural-loupe")).toBe(true);
      expect(png.includes('"technique":"grad-cam"')).toBe(true);
    }
  });

  test("a copy goes to the clipboard, and the extension says so; where that is not allowed an error does", async () => {
    await open();
    await settled();
    await page.evaluate("navigator.clipboard.write = async (items) => { fake.copied = items[0].types; }");
    await page.getByTestId("copy").click();
    await until(page, "fake.count('copied') === 1");
    await eventually(() => page.evaluate("fake.copied")).toEqual(["image/png"]);
    expect(await page.evaluate("fake.calls.find(({ method }) => method === 'copied').request")).toEqual({
      what: "the figure",
    });
    await page.evaluate("navigator.clipboard.write = async () => { throw new Error('Write permission denied'); }");
    await page.getByTestId("copy").click();
    await eventually(() => page.getByTestId("error").textContent()).toContain(
      "Could not copy the figure: Write permission denied",
    );
  });

  test("the numbers as NPZ and JSON", async () => {
    await open({ scenario: { failing: ["cam"] } });
    await settled();
    await pickMenu("npz");
    expect(Object.keys(unzipSync((await saved()).bytes))).toEqual(["Saliency.npy", "Grad-CAM.npy"]);
    await page.evaluate("fake.saved = undefined");
    await pickMenu("json");
    const json = JSON.parse((await saved()).bytes.toString("utf8")) as {
      cells: { failure?: string; raw?: { dims: number[] } }[];
    };
    expect(json.cells.map((one) => one.raw?.dims ?? one.failure)).toEqual([
      [1, 3, 224, 224],
      [7, 7],
      expect.stringContaining("no gradient rule"),
    ]);
  });

  test("one row alone", async () => {
    await open({ scenario: { state: twoAxes } });
    await settled();
    await page.getByTestId("rows-1-menu").click();
    await page.getByTestId("rows-1-menu-save-svg").click();
    await until(page, "fake.saved !== undefined");
    const { name, bytes } = await saved();
    expect(name).toBe("cat-tiger-cat-282-saliency-grad-cam-cam.svg");
    const svg = bytes.toString("utf8");
    expect(svg).toContain(">tiger cat 282</text>");
    expect(svg).not.toContain("Egyptian cat 285</text>");
  });
});

describe("looks and access", () => {
  const views: readonly (readonly [name: string, options: OpenOptions])[] = [
    ["methods", { width: 1100, height: 640 }],
    ["targets", { width: 1100, height: 900, scenario: { state: { ...twoAxes, scale: "method" }, failing: ["cam"] } }],
    ["shared-500", { width: 500, height: 900, scenario: { state: { scale: "all" } } }],
  ];
  for (const theme of ["dark", "light", "hc-dark", "hc-light"] as const satisfies readonly ThemeName[]) {
    test.each(views)(`%s in ${theme}: axe finds nothing, and nothing is wider than the page`, async (name, options) => {
      await open({ ...options, theme });
      await settled();
      await page.mouse.move(2, 2);
      await screenshot(page, `compare-${name}-${theme}`);
      expect(await violations(page)).toEqual([]);
      await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    });
  }

  test("a long row scrolls in itself", async () => {
    const many = Array.from(
      { length: 9 },
      (_, index) => ({ kind: "target", target: { index: [280 + index] }, label: `class ${280 + index}` }) as const,
    );
    await open({
      width: 700,
      scenario: {
        state: {
          columns: { kind: "target", entries: many },
          rows: {
            kind: "method",
            entries: [
              { kind: "method", technique: "cam" },
              { kind: "method", technique: "saliency" },
            ],
          },
        },
      },
    });
    await settled();
    await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    // What a row is about is not broken within words, and stays in sight.
    const label = page.getByTestId("rows-1").locator(".entry-label");
    await eventually(() => label.evaluate((element: { offsetHeight: number }) => element.offsetHeight)).toBeLessThan(
      24,
    );
    await cell(0, 8).focus();
    await eventually(async () => (await label.boundingBox())?.x).toBeGreaterThan(0);
    await eventually(() => page.evaluate("document.querySelector('[data-testid=grid]').scrollLeft > 0")).toBe(true);
    await screenshot(page, "compare-many-dark");
  });
});
