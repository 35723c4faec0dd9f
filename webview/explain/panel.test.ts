/** The technique panel in Chromium, with a host that answers from a script: what a person sees and does. */
import { describe, expect, test } from "vitest";
import { DEFAULT_LOOKS } from "../../src/protocol/looks.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "../../test/webview/axe.ts";
import {
  boxOf,
  calls,
  eventually,
  idle,
  inkOf,
  lastRequest,
  lastState,
  later,
  pagesOf,
  requested,
  screenshot,
  stopClock,
  until,
} from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";
import type { ThemeName } from "../../test/webview/fake/themes.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(options);
}

async function openWith(technique: string, options: OpenOptions = {}, state: Partial<PanelState> = {}): Promise<void> {
  await open({ ...options, scenario: { ...options.scenario, state: { technique, ...state } } });
  await page.getByTestId({ "feature-maps": "tiles", predictions: "bar-285" }[technique] ?? "heatmap").waitFor();
  // The strip of layers comes a little later and moves what is below it.
  if (["grad-cam", "feature-maps"].includes(technique)) await page.getByTestId("layer-note").waitFor();
  await idle(page);
}

const attribute = (testid: string, name: string): Promise<string | null> => page.getByTestId(testid).getAttribute(name);
const heatmapInk = (): Promise<number> => inkOf(page, "[data-testid=heatmap]");
/** Calls that make the engine work. */
const engineCalls = async (): Promise<number> =>
  (await Promise.all(["run", "layers", "channel", "tiles", "preview"].map((method) => calls(page, method)))).reduce(
    (a, b) => a + b,
  );
/** Moves the pointer to the middle of a picture's cell. */
async function hover(column: number, row: number, columns: number, rows = columns): Promise<void> {
  const box = await boxOf(page.getByTestId("heatmap-view"));
  await page.mouse.move(box.x + ((column + 0.5) / columns) * box.width, box.y + ((row + 0.5) / rows) * box.height);
}
const setSlider = (testid: string, value: number): Promise<void> => page.getByTestId(testid).fill(String(value));

describe("starting", () => {
  test("a result that comes along is drawn without a run", async () => {
    await open({ scenario: { result: true } });
    await page.getByTestId("heatmap").waitFor();
    expect(await calls(page, "ready")).toBe(1);
    expect(await calls(page, "run")).toBe(0);
    await eventually(() => page.getByTestId("time").textContent()).toBe("27 ms");
  });

  test("without one the method runs by itself", async () => {
    await openWith("saliency");
    expect(await calls(page, "run")).toBe(1);
    await eventually(() => page.getByTestId("target").textContent()).toContain("Egyptian cat 285");
  });

  test("where nothing may run, it says why, does not run, and still shows the last result", async () => {
    await open({ scenario: { blocked: "This workspace is not trusted: models are shown, not run.", result: true } });
    await page.getByTestId("heatmap").waitFor();
    await eventually(() => page.getByTestId("blocked").textContent()).toContain("not trusted");
    await page.getByTestId("method-grad-cam").click();
    await later(page);
    expect(await calls(page, "run")).toBe(0);
  });

  test("looks that the extension was not yet told of are found again after a reload of the page", async () => {
    await open({ scenario: { result: true } });
    await page.getByTestId("arrangement-overlay").click();
    await setSlider("clip", 80);
    await eventually(() => page.evaluate("JSON.parse(sessionStorage.getItem('state'))?.looks.clip")).toBe(80);
    await page.reload();
    await page.getByTestId("heatmap").waitFor();
    await eventually(() => attribute("arrangement-overlay", "aria-checked")).toBe("true");
    await eventually(() => page.getByTestId("clip").inputValue()).toBe("80");
  });
});

describe("looks", () => {
  test("opacity, clipping, colours, channels and arrangement redraw without any work for the engine", async () => {
    await openWith("saliency");
    const before = await engineCalls();
    const seen = [await heatmapInk()];
    const anotherPicture = async (change: string): Promise<void> => {
      let ink = 0;
      await eventually(
        async () => seen.includes((ink = await heatmapInk())),
        `${change} gives a picture that was there before`,
      ).toBe(false);
      seen.push(ink);
    };
    await setSlider("clip", 70);
    await anotherPicture("clipping");
    await page.getByTestId("colormap").selectOption("viridis");
    await anotherPicture("a colour map");
    for (const reduction of ["mean", "l2"]) {
      await page.getByTestId("reduce").selectOption(reduction);
      await anotherPicture(reduction);
    }
    await page.getByTestId("arrangement-overlay").click();
    await setSlider("opacity", 0.25);
    await eventually(() =>
      page.getByTestId("heatmap").evaluate((canvas: { style: { opacity: string } }) => canvas.style.opacity),
    ).toBe("0.25");
    await page.getByTestId("arrangement-map").click();
    await eventually(() => page.getByTestId("picture").count()).toBe(0);
    await eventually(() => engineCalls()).toBe(before);
  });

  test("the extension is told once, later, with the last of them", async () => {
    await openWith("saliency");
    await stopClock(page);
    for (const clip of [90, 80, 75, 60]) await setSlider("clip", clip);
    expect(await calls(page, "remember")).toBe(0);
    await later(page);
    expect(await calls(page, "remember")).toBe(1);
    await eventually(async () => (await lastState(page, "remember")).looks.clip).toBe(60);
  });

  test("the colour bar's ends are the range, and say that it is clipped", async () => {
    await openWith("saliency");
    await eventually(() => page.getByTestId("colorbar").textContent()).toContain("≥ ");
    await setSlider("clip", 100);
    await eventually(() => page.getByTestId("colorbar").textContent()).not.toContain("≥ ");
  });
});

describe("values under the cursor", () => {
  const raw = (index: string): Promise<number> => page.evaluate(`fake.result.views[0].values[${index}]`);

  test("of a pixel map: each channel's raw value and the reduced one", async () => {
    await openWith("saliency");
    await hover(146, 82, 224);
    const channels = await Promise.all([0, 1, 2].map((channel) => raw(`(${channel} * 224 + 82) * 224 + 146`)));
    await eventually(async () => [await attribute("tooltip", "data-x"), await attribute("tooltip", "data-y")]).toEqual([
      "146",
      "82",
    ]);
    await eventually(async () => (await attribute("tooltip", "data-channels"))?.split(",").map(Number)).toEqual(
      channels,
    );
    await eventually(async () => Number(await attribute("tooltip", "data-value"))).toBe(Math.max(...channels));
    await eventually(() => page.getByTestId("tooltip").textContent()).toContain(
      String(Number(Math.max(...channels).toPrecision(4))),
    );
  });

  test("of signed values: the one of largest magnitude, with its sign", async () => {
    await openWith("saliency", {}, { params: { saliency: { absolute: false } } });
    await hover(60, 90, 224);
    const channels = await Promise.all([0, 1, 2].map((channel) => raw(`(${channel} * 224 + 90) * 224 + 60`)));
    const largest = channels.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best));
    await eventually(async () => Number(await attribute("tooltip", "data-value"))).toBe(largest);
  });

  test("of an activation map: its cell's value, not an interpolated one, with row and column", async () => {
    await openWith("grad-cam");
    await hover(2, 4, 7);
    await eventually(async () => [
      await attribute("tooltip", "data-row"),
      await attribute("tooltip", "data-column"),
    ]).toEqual(["4", "2"]);
    await eventually(async () => Number(await attribute("tooltip", "data-value"))).toBe(await raw("4 * 7 + 2"));
    await eventually(() => page.getByTestId("tooltip").textContent()).toContain("row 4, column 2");
  });

  test("the input picture shows the same place, and asks from its side too", async () => {
    await openWith("saliency");
    await page.getByTestId("picture").hover({ position: { x: 40, y: 40 } });
    await eventually(() => page.locator(".crosshair").count()).toBe(2);
    await eventually(() => page.getByTestId("tooltip").isVisible()).toBe(true);
    await page.mouse.move(5, 700);
    await eventually(() => page.getByTestId("tooltip").count()).toBe(0);
  });

  test("NaN is counted and said", async () => {
    await open({ scenario: { nan: true } });
    await eventually(() => page.getByTestId("not-finite").textContent()).toContain("1 value is NaN or infinite");
  });

  test("by keyboard: arrow keys move a cursor, its value is spoken, M goes to the strongest, Escape ends it", async () => {
    await openWith("saliency");
    await page.getByTestId("heatmap-view").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowDown");
    await eventually(async () => [await attribute("tooltip", "data-x"), await attribute("tooltip", "data-y")]).toEqual([
      "112",
      "121",
    ]);
    await until(
      page,
      "document.querySelector('[data-testid=heatmap-live]').textContent.startsWith('x 112, y 121: |∂y/∂x| ')",
    );
    await page.keyboard.press("m");
    const largest = await page.evaluate("fake.result.views[0].values.reduce((a, b) => Math.max(a, b))");
    await eventually(async () => Number(await attribute("tooltip", "data-value"))).toBe(largest);
    await page.keyboard.press("Escape");
    await eventually(() => page.getByTestId("tooltip").count()).toBe(0);
  });

  test("a key that comes before the first paint counts", async () => {
    await openWith("predictions");
    await page.evaluate(`new MutationObserver((_, observer) => {
      const view = document.querySelector("[data-testid=heatmap-view]");
      if (!view) return;
      observer.disconnect();
      view.focus();
      view.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    }).observe(document.body, { childList: true, subtree: true })`);
    await page.getByTestId("method-saliency").click();
    await page.getByTestId("heatmap").waitFor();
    await idle(page);
    await later(page);
    await eventually(() => attribute("tooltip", "data-x")).toBe("111");
  });

  test("a table says the same to those who do not see the picture", async () => {
    await openWith("grad-cam");
    await page.getByTestId("heatmap-table").click();
    await eventually(() => page.getByTestId("table-count").textContent()).toBe("49 rows");
    await eventually(() => page.getByTestId("heatmap-view").getAttribute("aria-label")).toMatch(
      /^Grad-CAM, 7 by 7 values of Σₖ αₖAᵏ from .* Strongest, /,
    );
  });
});

describe("methods, options, layers", () => {
  test("methods are one click apart, and each remembers its options", async () => {
    await openWith("saliency");
    await page.getByTestId("param-absolute").click();
    await until(page, "fake.count('run') === 2");
    await page.getByTestId("method-grad-cam").click();
    await until(page, "fake.count('run') === 3");
    await page.getByTestId("method-saliency").click();
    await until(page, "fake.count('run') === 4");
    await eventually(async () => (await lastState(page)).params.saliency).toEqual({ absolute: false });
  });

  test("the row is one stop of Tab: arrow keys move in it, Enter takes", async () => {
    await openWith("saliency");
    await page.getByTestId("method-saliency").focus();
    await page.keyboard.press("ArrowRight");
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("method-cam");
    expect(await calls(page, "run"), "moving does not run").toBe(1);
    await page.keyboard.press("Enter");
    await until(page, "fake.count('run') === 2");
    await eventually(() => page.locator("[data-testid^=method-][tabindex='0']").count()).toBe(1);
  });

  test("options that others hide appear with them; typing runs once, nonsense never", async () => {
    await openWith("saliency");
    await eventually(() => page.getByTestId("param-noise").count()).toBe(0);
    await page.getByTestId("param-samples").pressSequentially("5");
    await page.getByTestId("param-noise").waitFor();
    await until(page, "fake.count('run') === 2");
    await eventually(async () => (await lastState(page)).params.saliency).toMatchObject({ samples: 5 });
    await page.getByTestId("param-noise").fill("7");
    await eventually(() => page.locator(".field-problem").textContent()).toBe("From 0 to 1.");
    await later(page);
    expect(await calls(page, "run")).toBe(2);
    await page.getByTestId("reset").click();
    await until(page, "fake.count('run') === 3");
    await eventually(async () => (await lastState(page)).params.saliency).toEqual({});
    await eventually(() => page.getByTestId("param-samples").inputValue()).toBe("0");
  });

  test("the layer is picked by itself until one is chosen; walking along the strip runs once, when it ends", async () => {
    await openWith("grad-cam");
    await page.getByTestId("layer-note").filter({ hasText: "35 of 35 with height and width, automatic" }).waitFor();
    await page.locator("[data-testid=layer-strip] [aria-selected=true]").focus();
    // As a held key does, in no time: a slow machine must not make pauses of them.
    await stopClock(page);
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
    await page.clock.resume();
    await requested<{ state: PanelState }>(page, "run", ({ state }) => state.layer === "project_14");
    expect(await calls(page, "run")).toBe(2);
    await eventually(() => page.evaluate("document.activeElement.dataset.value")).toBe("project_14");
    await page.keyboard.press("Home");
    await until(page, "fake.count('run') === 3");
    await eventually(() => page.locator("[data-testid=layer-strip] [aria-selected=true]").isVisible()).toBe(true);
    await eventually(async () => (await lastState(page)).layer).toBe("stem");
    await page.getByTestId("default-layer").click();
    await until(page, "fake.count('run') === 4");
    await eventually(async () => (await lastState(page)).layer).toBeUndefined();
    expect(await calls(page, "layers"), "the list itself is asked for once").toBe(1);
  });

  test("a layer that was chosen stays from method to method, where it can be taken", async () => {
    await openWith("feature-maps", {}, { layer: "stem" });
    await page.getByTestId("method-grad-cam").click();
    await eventually(() => lastState(page)).toMatchObject({ technique: "grad-cam", layer: "stem" });
    await page.getByTestId("method-saliency").click();
    await eventually(() => lastState(page)).toMatchObject({ technique: "saliency" });
    await page.getByTestId("method-feature-maps").click();
    await eventually(() => lastState(page)).toMatchObject({ technique: "feature-maps", layer: "stem" });
  });

  test("one that another method cannot take gives way, which is said", async () => {
    await open({ scenario: { state: { technique: "feature-maps", layer: "logits" } } });
    await page.getByTestId("layer-strip").waitFor();
    await page.getByTestId("method-grad-cam").click();
    await eventually(() => lastState(page)).toMatchObject({ technique: "grad-cam" });
    expect((await lastState(page)).layer).toBeUndefined();
    await eventually(() => page.getByTestId("notice").textContent()).toBe(
      "logits has no height and width, which this method needs: another layer is chosen automatically.",
    );
  });
});

describe("targets and inputs", () => {
  test("a click on a prediction explains that class; any class can be asked for", async () => {
    await openWith("saliency");
    await page.getByTestId("prediction-282").click();
    await until(page, "fake.count('run') === 2");
    await eventually(async () => (await lastState(page)).target).toEqual({ index: [282] });
    await until(page, "document.querySelector('[data-testid=prediction-282]').ariaPressed === 'true'");
    await page.getByTestId("any-class").click();
    await until(page, "fake.count('run') === 3");
    await eventually(() => page.getByTestId("target").textContent()).toContain("Siamese cat 284");
    await page.getByTestId("prediction-284").waitFor();
  });

  test("another input has its own top prediction; a class that was fixed stays", async () => {
    await openWith("saliency");
    await page.getByTestId("input").click();
    await until(page, "fake.count('run') === 2");
    const { input, target } = await lastState(page);
    expect([input, target]).toEqual(["file:///samples/dog.png", {}]);
    await eventually(() => page.getByTestId("input").textContent()).toContain("dog.png");
    await page.getByTestId("prediction-282").click();
    await until(page, "fake.count('run') === 3");
    await page.getByTestId("previous-input").click();
    await eventually(() => lastState(page)).toMatchObject({
      input: "file:///samples/bird.png",
      target: { index: [282] },
    });
  });

  test("what is a place in one input alone does not stay, which is said", async () => {
    await openWith(
      "saliency",
      {},
      {
        target: {
          output: "masks",
          region: [
            [1, 2],
            [0, 8],
          ],
        },
      },
    );
    await page.getByTestId("next-input").click();
    await eventually(() => lastState(page)).toMatchObject({
      input: "file:///samples/dog.png",
      target: { output: "masks" },
    });
    expect((await lastState(page)).target.region).toBeUndefined();
    await eventually(() => page.getByTestId("notice").textContent()).toContain("The target was a place in the input");
  });

  test("there is no input after the last one", async () => {
    await openWith("saliency");
    await page.evaluate("fake.lastInput = true");
    await page.getByTestId("next-input").click();
    await eventually(() => page.getByTestId("notice").textContent()).toBe("This is the last input.");
    expect(await calls(page, "run")).toBe(1);
  });

  test("among several outputs one is chosen", async () => {
    await openWith("saliency", { scenario: { outputs: ["logits", "features"] } });
    await page.getByTestId("output").selectOption("features");
    await until(page, "fake.count('run') === 2");
    await eventually(async () => (await lastState(page)).target).toEqual({ output: "features" });
  });
});

describe("running", () => {
  test("a quick run shows no progress, a long one says how far it is and can be cancelled: the last picture stays", async () => {
    await openWith("saliency");
    const before = await heatmapInk();
    await page.evaluate("fake.delay = 20000");
    // So that "quick" does not depend on this machine.
    await stopClock(page);
    await page.getByTestId("prediction-281").click();
    await later(page, 150);
    expect(await calls(page, "run")).toBe(2);
    await eventually(() => page.getByTestId("progress").count()).toBe(0);
    await page.clock.resume();
    await page.getByTestId("cancel").waitFor();
    await eventually(() => page.getByTestId("progress").textContent()).toMatch(/Noise sample 12 of 50 · \d+%/);
    await page.getByTestId("cancel").click();
    await until(page, "fake.aborted.includes('run')");
    await eventually(() => page.getByTestId("progress").count()).toBe(0);
    await eventually(() => page.getByTestId("notice").textContent()).toContain("Cancelled.");
    await eventually(() => heatmapInk()).toBe(before);
    await eventually(() => page.getByTestId("old-picture").textContent()).toContain(
      "Showing the previous result: Saliency, Egyptian cat",
    );
    await page.evaluate("fake.delay = 0");
    await page.getByTestId("run").click();
    await until(page, "fake.count('run') === 3");
    await idle(page);
    await eventually(() => page.getByTestId("old-picture").count()).toBe(0);
    await eventually(() => heatmapInk()).not.toBe(before);
  });

  test("an answer that comes too late is dropped", async () => {
    await openWith("saliency");
    await page.evaluate("fake.delay = 600");
    await page.getByTestId("prediction-281").click();
    await until(page, "fake.count('run') === 2");
    await page.evaluate("fake.delay = 0");
    await page.getByTestId("prediction-287").click();
    await until(page, "fake.count('run') === 3");
    await idle(page);
    const ink = await heatmapInk();
    await later(page);
    await eventually(() => heatmapInk()).toBe(ink);
    await eventually(() => page.getByTestId("target").textContent()).toContain("lynx");
    await eventually(() => page.getByTestId("error").count()).toBe(0);
  });

  test("a failure says what, where and what helps; the picture stays, and one may try again", async () => {
    await openWith("saliency");
    await page.evaluate("fake.failNext = 'The operator NonMaxSuppression has no gradient.'");
    await page.getByTestId("prediction-281").click();
    const banner = page.getByTestId("error");
    await banner.waitFor();
    await eventually(() => banner.textContent()).toContain("The operator NonMaxSuppression has no gradient.");
    await eventually(() => banner.textContent()).toContain("node /_blocks.3/NonMaxSuppression");
    await eventually(() => banner.textContent()).toContain("Grad-CAM and CAM work without");
    await eventually(() => page.getByTestId("heatmap").isVisible()).toBe(true);
    await page.getByTestId("retry").click();
    await until(page, "fake.count('run') === 3 && !document.querySelector('[data-testid=error]')");
  });

  test("a model that changed on disk is offered to be run again, a deleted one is not", async () => {
    await openWith("saliency");
    await page.evaluate("fake.changed('model-changed')");
    await page.getByTestId("stale").filter({ hasText: "The model changed on disk" }).waitFor();
    await page.getByTestId("run-again").click();
    await until(page, "fake.count('run') === 2 && !document.querySelector('[data-testid=stale]')");
    // While that run still goes on: its result does not take the news away.
    await page.evaluate("fake.changed('model-deleted')");
    await page.getByTestId("stale").filter({ hasText: "deleted" }).waitFor();
    await eventually(() => page.getByTestId("run-again").count()).toBe(0);
    await eventually(() => page.getByTestId("heatmap").isVisible()).toBe(true);
  });

  test("a command that chose something else for this panel is followed at once", async () => {
    await openWith("saliency");
    await page.evaluate("fake.changed('command', { technique: 'grad-cam', target: { index: [282] } })");
    await until(page, "fake.count('run') === 2");
    await until(page, "document.querySelector('[data-testid=method-grad-cam]').ariaPressed === 'true'");
  });
});

describe("feature maps", () => {
  test("1,280 channels: only those in sight exist, further ones are fetched as they are scrolled to", async () => {
    await openWith("feature-maps", {}, { looks: { ...DEFAULT_LOOKS, tileSort: "index" } });
    const shown = (): Promise<number> => page.locator("[data-testid^=tile-]").count();
    await eventually(shown).toBeGreaterThan(20);
    expect(await shown()).toBeLessThan(200);
    expect(await calls(page, "tiles"), "what came along is enough to start").toBeLessThanOrEqual(1);
    await page.evaluate(
      "(() => { const box = document.querySelector('.tiles-box'); box.scrollTop = box.scrollHeight; })()",
    );
    await until(page, "document.querySelector('[data-testid=tile-1279]')?.dataset.drawn === 'true'");
    await eventually(() => lastRequest(page, "tiles")).toMatchObject({ to: 1280 });
  });

  test("sorting by strength puts the strongest first, and scale and sort cost no run", async () => {
    await openWith("feature-maps", {}, { layer: "project_2" });
    const runs = await calls(page, "run");
    await page.getByTestId("sort-index").click();
    await eventually(() => page.locator("[data-place='0']").getAttribute("data-testid")).toBe("tile-0");
    await page.getByTestId("sort-strength").click();
    const strongest = await page.evaluate(
      "fake.result.views[0].strength.indexOf(Math.max(...fake.result.views[0].strength))",
    );
    await eventually(() => page.locator("[data-place='0']").getAttribute("data-testid")).toBe(`tile-${strongest}`);
    await page.getByTestId("scale-shared").click();
    await eventually(() => attribute("scale-shared", "aria-checked")).toBe("true");
    expect(await calls(page, "run")).toBe(runs);
  });

  test("a channel is enlarged at full resolution, with its values; Escape closes it", async () => {
    await openWith("feature-maps", {}, { layer: "stem" });
    await page.getByTestId("tile-2").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("heatmap").waitFor();
    await eventually(() => page.getByTestId("heatmap").getAttribute("width")).toBe("112");
    await eventually(() => lastRequest(page, "channel")).toMatchObject({ channel: 2 });
    await hover(50, 20, 112);
    await eventually(async () => [
      await attribute("tooltip", "data-row"),
      await attribute("tooltip", "data-column"),
    ]).toEqual(["20", "50"]);
    await eventually(async () => Number(await attribute("tooltip", "data-value"))).toBe(
      await page.evaluate("fake.channelAt(2, 20, 50)"),
    );
    await page.getByTestId("channel-next").click();
    await requested<{ channel: number }>(page, "channel", ({ channel }) => channel === 3);
    await page.getByTestId("heatmap-view").focus();
    await page.keyboard.press("Escape");
    await until(page, "!document.querySelector('[data-testid=enlarged]')");
  });

  test("arrow keys walk the tiles in rows and columns", async () => {
    await openWith("feature-maps", {}, { layer: "project_2" });
    await page.locator("[data-place='0']").focus();
    await page.keyboard.press("ArrowRight");
    await eventually(() => page.evaluate("document.activeElement.dataset.place")).toBe("1");
    await page.keyboard.press("ArrowDown");
    // More than two columns.
    await eventually(async () => Number(await page.evaluate("document.activeElement.dataset.place"))).toBeGreaterThan(
      3,
    );
    await page.keyboard.press("End");
    await eventually(() => page.evaluate("document.activeElement.dataset.place")).toBe("23");
  });
});

describe("one number that tells two classes apart", () => {
  test("both are listed; the other one is explained by a click", async () => {
    await openWith("saliency", { scenario: { twoClasses: true } });
    const [ham, spam] = [page.getByTestId("prediction--1"), page.getByTestId("prediction-0")];
    await eventually(() => spam.getAttribute("aria-pressed")).toBe("true");
    await ham.click();
    await until(page, "fake.count('run') === 2");
    await eventually(async () => (await lastState(page)).target).toEqual({ index: [0], not: true });
    await idle(page);
    await eventually(() => ham.getAttribute("aria-pressed")).toBe("true");
    await eventually(() => page.getByTestId("target").textContent()).toContain("ham");
  });
});

describe("preprocessing", () => {
  test("the form shows before and after; a change is tried with Use, and can be taken back", async () => {
    await openWith("saliency");
    await page.getByTestId("recipe").click();
    await page.getByTestId("preview").waitFor();
    await page.getByTestId("recipe-scale").fill("1/127.5");
    await until(page, "fake.count('preview') === 2");
    await page.getByTestId("recipe-use").click();
    await until(page, "fake.count('run') === 2");
    await eventually(async () => (await lastState(page)).recipe?.inputs.images).toMatchObject({ scale: 1 / 127.5 });
    await eventually(() => page.getByTestId("recipe-source").textContent()).toBe("modified");
    await page.getByTestId("recipe-revert").click();
    await until(page, "fake.count('run') === 3");
    await eventually(async () => (await lastState(page)).recipe).toBeUndefined();
  });

  test("a signal's sampling rate and its channels' names are typed, and taken away again", async () => {
    await openWith("saliency");
    await page.getByTestId("recipe").click();
    await page.getByTestId("recipe-kind").selectOption("array");
    const [rate, names] = [page.getByTestId("recipe-rate (Hz)"), page.getByTestId("recipe-channel names")];
    await rate.fill("0");
    await eventually(() => page.getByText("A number of samples per second, greater than 0.").count()).toBe(1);
    await rate.fill("125");
    await names.fill("lead 1, lead 2");
    await page.getByTestId("recipe-use").click();
    await eventually(async () => (await lastState(page)).recipe?.inputs.images).toEqual({
      kind: "array",
      rate: 125,
      channels: ["lead 1", "lead 2"],
    });
    await rate.fill("");
    await names.fill("");
    await page.getByTestId("recipe-use").click();
    await eventually(async () => (await lastState(page)).recipe?.inputs.images).toEqual({ kind: "array" });
  });

  test("what an output means is shown with its reason, and can be said otherwise", async () => {
    await openWith("saliency", { scenario: { outputs: ["logits", "embedding"] } });
    await page.getByTestId("recipe").click();
    const kind = page.getByTestId("recipe-output-kind-logits");
    await eventually(() => kind.locator("option").first().textContent()).toBe("automatic: logits");
    await eventually(() => page.getByTestId("recipe-output-logits").textContent()).toContain(
      "It has one value per class name",
    );
    await kind.selectOption("independent");
    await page.getByTestId("recipe-output-classes-embedding").fill("names.txt");
    await page.getByTestId("recipe-use").click();
    await until(page, "fake.count('run') === 2");
    await eventually(async () => (await lastState(page)).recipe?.outputs).toEqual({
      logits: { kind: "independent" },
      embedding: { classes: "names.txt" },
    });
    await kind.selectOption("");
    await page.getByTestId("recipe-output-classes-embedding").fill("");
    await page.getByTestId("recipe-use").click();
    await until(page, "fake.count('run') === 3");
    await eventually(async () => (await lastState(page)).recipe).not.toHaveProperty("outputs");
    await screenshot(page, "recipe-outputs");
  });

  test("what cannot be meant is said at the field and goes nowhere", async () => {
    await openWith("saliency");
    await page.getByTestId("recipe").click();
    await page.getByTestId("recipe-std").fill("0.5, 0");
    await eventually(() => page.locator(".field-problem").textContent()).toContain("Must be greater than 0");
    await later(page);
    expect(await calls(page, "preview")).toBe(1);
  });

  test("it is saved beside the model", async () => {
    await openWith("saliency");
    await page.getByTestId("recipe").click();
    await page.getByTestId("recipe-fit").selectOption("stretch");
    await page.getByTestId("recipe-save").click();
    await until(page, "fake.count('saveRecipe') === 1 && fake.count('run') === 2");
    await eventually(() => lastRequest(page, "saveRecipe")).toMatchObject({
      recipe: { inputs: { images: { fit: "stretch" } } },
    });
  });
});

describe("saving", () => {
  test("as PNG, SVG, NPY and JSON, under a name that says what it is", async () => {
    await openWith("saliency");
    const starts: Record<string, string> = { png: "\x89PNG", svg: "<svg", npy: "\x93NUMPY", json: "{" };
    for (const [format, start] of Object.entries(starts)) {
      await page.getByTestId("save").click();
      await page.getByTestId(`save-${format}`).click();
      await eventually(() =>
        page.evaluate("fake.calls.findLast(({ method }) => method === 'save')?.request.suggestedName"),
      ).toBe(`cat-saliency-285.${format}`);
      const head = (await page.evaluate(
        "String.fromCharCode(...fake.calls.findLast(({ method }) => method === 'save').request.bytes.subarray(0, 200))",
      )) as string;
      expect(head.trimStart().startsWith(start) || head.includes(start), `${format}: ${head.slice(0, 40)}`).toBe(true);
    }
    // VS Code's notification says it, not the page as well.
    await later(page);
    expect(await page.getByTestId("notice").count()).toBe(0);
  });

  test("the menu opens, walks and closes by keyboard", async () => {
    await openWith("saliency");
    await page.getByTestId("save").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("save-svg");
    await page.keyboard.press("Escape");
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("save");
    await eventually(() => page.getByTestId("save-png").count()).toBe(0);
  });

  test("a copy goes to the clipboard, and where that is not allowed a message says what to do", async () => {
    await openWith("saliency");
    await page.evaluate("navigator.clipboard.write = async (items) => { fake.copied = items[0].types; }");
    await page.getByTestId("copy").click();
    expect(await requested(page, "copied")).toEqual({ what: "the image" });
    await eventually(() => page.evaluate("fake.copied")).toEqual(["image/png"]);
    await page.evaluate("navigator.clipboard.write = async () => { throw new Error('Write permission denied'); }");
    await page.getByTestId("copy").click();
    await eventually(() => page.getByTestId("error").textContent()).toContain(
      "Could not copy the image: Write permission deniedSave it as PNG instead.",
    );
  });
});

describe("for everyone", () => {
  test.each(["saliency", "grad-cam", "feature-maps", "predictions"])(
    "%s fits into 500 pixels without scrolling sideways",
    async (technique) => {
      await openWith(technique, { width: 500, height: 900, theme: "light" });
      await page.getByTestId("recipe").click();
      await page.getByTestId("preview").waitFor();
      await eventually(() => page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(500);
      await screenshot(page, `panel-${technique}-500-light`);
    },
  );

  test.each<ThemeName>(["dark", "light", "hc-dark", "hc-light"])("axe finds nothing in %s", async (theme) => {
    await openWith("saliency", { theme });
    await hover(100, 80, 224);
    await screenshot(page, `panel-saliency-${theme}`);
    await page.getByTestId("recipe").click();
    await page.getByTestId("preview").waitFor();
    await page.getByTestId("provenance").click();
    await page.getByTestId("heatmap-table").click();
    await page.evaluate("fake.failNext = 'It failed.'");
    await page.getByTestId("prediction-282").click();
    await page.getByTestId("error").waitFor();
    await page.getByTestId("save").click();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByTestId("method-feature-maps").click();
    await page.getByTestId("tiles").locator("[data-testid^=tile-]").first().click();
    await page.getByTestId("enlarged").waitFor();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `panel-feature-maps-${theme}`);
    await page.getByTestId("method-predictions").click();
    await page.getByTestId("bar-285").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test("everything can be reached with Tab, and has a visible focus", async () => {
    await openWith("grad-cam");
    await page.getByTestId("layer-note").waitFor();
    const reached = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      const { name, outline } = (await page.evaluate(`(() => {
        const element = document.activeElement;
        const inner = element.shadowRoot?.activeElement ?? element;
        const name = element.dataset.testid ?? "";
        return { name: name.startsWith("layer-") ? "layer" : name, outline: getComputedStyle(inner).outlineStyle + getComputedStyle(element).boxShadow + getComputedStyle(inner).boxShadow };
      })()`)) as { name: string; outline: string };
      if (name) reached.add(name);
      if (name && !name.startsWith("param-")) expect(outline, name).not.toBe("nonenonenone");
    }
    for (const name of [
      "input",
      "target",
      "open-model",
      "copy",
      "save",
      "method-grad-cam",
      "param-relu",
      "param-samples",
      "layer",
      "heatmap-view",
      "arrangement-side-by-side",
      "clip",
      "colormap",
      "prediction-285",
      "any-class",
      "recipe",
      "provenance",
    ])
      expect(reached, name).toContain(name);
  });
});
