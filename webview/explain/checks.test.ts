/**
 * "How reliable is this explanation?" in the technique panel, and the curves it shows, in Chromium with a host that
 * answers from a script.
 */
import { describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import { violations } from "../../test/webview/axe.ts";
import {
  boxOf,
  calls,
  eventually,
  idle,
  lastRequest,
  lastState,
  later,
  pagesOf,
  screenshot,
  until,
} from "../../test/webview/harness.ts";
import type { OpenOptions, TestPage } from "../../test/webview/harness.ts";
import { checkCurves } from "../../test/webview/fake/checks.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(technique: string, options: OpenOptions = {}, state: Partial<PanelState> = {}): Promise<void> {
  page = await openPage({
    height: 1000,
    ...options,
    scenario: { checks: true, ...options.scenario, state: { technique, ...state } },
  });
  await page.locator("[data-testid=heatmap], [data-testid=tiles], [data-testid^=curves-]").first().waitFor();
  await idle(page);
}

const CHECKS = ["insertion-deletion", "infidelity", "randomisation"];
const openSection = (): Promise<void> => page.getByTestId("reliability").click();
const text = (testid: string): Promise<string | null> => page.getByTestId(testid).textContent();
const deletion = checkCurves["insertion-deletion"].lines[1];

/** All checks ran: their numbers are in the table. */
async function runAll(): Promise<void> {
  await page.getByTestId("run-all").click();
  for (const number of ["deletion_auc", "infidelity", "last_correlation"])
    await page.getByTestId(`row-${number}`).waitFor();
  await until(page, "document.querySelector('[data-testid=run-all]').disabled");
}

describe("the section under a result", () => {
  test("is closed at first, and holds one table of numbers beside those of random maps", async () => {
    await open("saliency", {}, { params: { saliency: { absolute: false } } });
    await eventually(() => page.getByTestId("checks-table").count()).toBe(0);
    expect(await calls(page, "check")).toBe(0);
    await openSection();
    await eventually(() => text("check-infidelity")).toContain("How well the map predicts");
    await runAll();
    expect(await calls(page, "check")).toBe(3);
    await eventually(() => page.getByTestId("checks-table").count()).toBe(1);
    await eventually(() => text("check-number-deletion_auc")).toBe("0.0923");
    // (0.21 + 0.09 + 0.22) / 3, and the deviation with n − 1.
    await eventually(() => text("random-deletion_auc")).toBe("0.1733 ± 0.072");
    await eventually(() => text("standing-deletion_auc")).toBe("Mixedthan 2 of 3");
    await eventually(() => text("standing-insertion_auc")).toBe("Betterthan 3 of 3");
    await eventually(() => text("standing-infidelity")).toBe("Worsethan 0 of 5");
    // Near 0 is a pass: less than a random map's is not better.
    await eventually(() => text("standing-last_correlation")).toBe("–");
    // What is asked is about the result that is shown, options included.
    const state = await lastState(page, "check");
    expect([state.technique, state.params.saliency.absolute]).toEqual(["saliency", false]);
  });

  test("leaves the method, its options and its picture as they are", async () => {
    await open("grad-cam", {}, { params: { "grad-cam": { relu: false } } });
    await openSection();
    await runAll();
    await page.getByTestId("open-randomisation").click();
    await page.locator(".reliability [data-testid=curves-randomisation]").waitFor();
    await eventually(() => page.locator(".stage [data-testid=heatmap]").isVisible()).toBe(true);
    expect(await calls(page, "run")).toBe(1);
    await later(page);
    const state = await lastState(page, "remember");
    expect([state.technique, state.params, state.reliability]).toEqual([
      "grad-cam",
      { "grad-cam": { relu: false } },
      ["randomisation"],
    ]);
  });

  test("one check alone; then only the others are left", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-infidelity").click();
    await page.getByTestId("row-infidelity").waitFor();
    expect(await calls(page, "check")).toBe(1);
    await eventually(() => text("run-all")).toContain("Run remaining");
    await runAll();
    expect(await calls(page, "check")).toBe(3);
  });

  test("shows how far a check is; Cancel stops it and goes on with the next, nothing moves under it", async () => {
    await open("saliency");
    await openSection();
    const before = await boxOf(page.getByTestId("run-insertion-deletion"));
    await page.evaluate("fake.delay = 60000");
    await page.getByTestId("run-all").click();
    await until(page, "/\\d%/.test(document.querySelector('[data-testid=check-progress]')?.textContent ?? '')");
    expect(await boxOf(page.getByTestId("run-insertion-deletion"))).toEqual(before);
    await page.getByTestId("cancel-insertion-deletion").dblclick();
    await until(page, "fake.count('check') === 2");
    await eventually(() => text("check-infidelity")).toContain("Noise sample 12 of 50");
    await eventually(() => text("check-randomisation")).toContain("Waiting");
    await page.getByTestId("cancel-all").dblclick();
    await until(page, "fake.aborted.filter((method) => method === 'check').length === 2");
    await eventually(() => page.getByTestId("check-progress").count()).toBe(0);
    expect(await calls(page, "check")).toBe(2);
    await eventually(() => page.locator(".check-number").count()).toBe(0);
    await eventually(() => page.getByTestId("heatmap").isVisible()).toBe(true);
  });

  test("says what a check costs, by its last run with this method", async () => {
    const speeds = {
      "infidelity saliency": { milliseconds: 9000, passes: 100 },
      "randomisation grad-cam": { milliseconds: 9000, passes: 100 },
    };
    await open("saliency", { scenario: { speeds } });
    await openSection();
    await eventually(() => text("check-infidelity")).toContain("about 9 s");
    await eventually(() => text("check-randomisation")).not.toContain("about");
    await eventually(() => text("all-cost")).toBe("");
  });

  test("gives way to what the panel is asked; another result has its own numbers", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-insertion-deletion").click();
    await page.getByTestId("row-deletion_auc").waitFor();
    await page.evaluate("fake.delay = 60000");
    await page.getByTestId("run-infidelity").click();
    await page.getByTestId("check-progress").waitFor();
    // The host has it, with its delay.
    await until(page, "fake.count('check') === 2");
    await page.evaluate("fake.delay = 0");
    await page.getByTestId("method-grad-cam").click();
    await until(page, "fake.aborted.includes('check')");
    await idle(page);
    await eventually(() => page.getByTestId("row-deletion_auc").count()).toBe(0);
    await eventually(() => text("dropped")).toContain("The explanation has changed.");
    // Back at the first one, what was found is here again, and nothing is run.
    await page.getByTestId("method-saliency").click();
    await page.getByTestId("row-deletion_auc").waitFor();
    await eventually(() => text("check-insertion-deletion")).toContain("from the cache");
    expect(await calls(page, "check")).toBe(2);
  });

  test("is as it was after a reload: open, its curves open, its numbers from the cache", async () => {
    await open("saliency", { scenario: { knownChecks: ["infidelity"] } }, { reliability: ["infidelity"] });
    await page.locator(".reliability [data-testid=curves-infidelity]").waitFor();
    await eventually(() => text("check-number-infidelity")).toBe("71.5");
    expect(await calls(page, "check")).toBe(0);
    await page.getByTestId("reliability").click();
    await eventually(() => page.getByTestId("checks-table").count()).toBe(0);
    await later(page);
    expect((await lastState(page, "remember")).reliability).toBeUndefined();
  });

  test("opens and runs a check when its command asks for it", async () => {
    await open("saliency", { scenario: { result: true } });
    await page.evaluate("fake.askReliability = { check: 'infidelity' }");
    await page.evaluate("void fake.changed('command', { reliability: ['infidelity'] })");
    await page.locator(".reliability [data-testid=curves-infidelity]").waitFor();
    expect(await calls(page, "check")).toBe(1);
    expect(await calls(page, "run")).toBe(0);
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("reliability");
  });

  test("says why a check cannot be made, beside those that can", async () => {
    await open("saliency", { scenario: { unfitChecks: { randomisation: "The model has no layers with weights." } } });
    await page.evaluate("fake.failCheck = { infidelity: 'The input has no neighbours.' }");
    await openSection();
    await eventually(() => text("refused-randomisation")).toContain("The model has no layers with weights.");
    await eventually(() => page.evaluate("document.querySelector('[data-testid=run-randomisation]').disabled")).toBe(
      true,
    );
    await page.getByTestId("run-all").click();
    await page.getByTestId("row-deletion_auc").waitFor();
    await eventually(() => text("check-infidelity")).toContain("The input has no neighbours.");
    expect(await calls(page, "check")).toBe(2);
    await eventually(() => page.evaluate("document.querySelector('[data-testid=run-infidelity]').disabled")).toBe(
      false,
    );
  });

  test("is not offered for what is no attribution", async () => {
    await open("feature-maps");
    await eventually(() => page.getByTestId("reliability").count()).toBe(0);
  });

  test("a check's own options are asked with; its former numbers go", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-insertion-deletion").click();
    await page.getByTestId("row-deletion_auc").waitFor();
    await page.getByTestId("open-insertion-deletion").click();
    await page.getByTestId("check-insertion-deletion").getByTestId("param-steps").fill("20");
    await eventually(() => page.getByTestId("row-deletion_auc").count()).toBe(0);
    await page.getByTestId("run-insertion-deletion").click();
    await page.getByTestId("row-deletion_auc").waitFor();
    const state = await lastState(page, "check");
    expect([state.technique, state.params["insertion-deletion"]]).toEqual(["saliency", { steps: 20 }]);
    expect(await calls(page, "run")).toBe(1);
  });

  test("works by the keyboard alone", async () => {
    await open("saliency");
    await page.getByTestId("reliability").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("checks-table").waitFor();
    const press = async (testid: string): Promise<void> => {
      for (let presses = 0; presses < 40; presses++) {
        if ((await page.evaluate("document.activeElement.dataset.testid")) === testid) break;
        await page.keyboard.press("Tab");
      }
      expect(await page.evaluate("document.activeElement.dataset.testid")).toBe(testid);
      await page.keyboard.press("Enter");
    };
    await press("run-infidelity");
    await page.getByTestId("row-infidelity").waitFor();
    await page.getByTestId("reliability").focus();
    await press("open-infidelity");
    await page.getByTestId("curves-infidelity").waitFor();
    await press("open-infidelity");
    await eventually(() => page.getByTestId("curves-infidelity").count()).toBe(0);
  });
});

describe("what is copied and saved", () => {
  const saved = (which: number): Promise<string> =>
    page.evaluate<string>(
      `new TextDecoder().decode(fake.calls.filter((call) => call.method === 'save')[${which}].request.bytes)`,
    );

  test("the table, between tabs and as CSV", async () => {
    await open("saliency");
    await openSection();
    await runAll();
    await page.getByTestId("copy-numbers").click();
    await until(page, "fake.count('copy') === 1");
    const copied = await page.evaluate<{ text: string; what: string }>(
      "fake.calls.find((call) => call.method === 'copy').request",
    );
    expect(copied.what).toBe("the table");
    const rows = copied.text.split("\n").map((row) => row.split("\t"));
    expect(rows).toHaveLength(5);
    expect(rows[0].slice(0, 4)).toEqual(["check", "number", "explanation", "random map"]);
    expect(rows[2].slice(0, 3)).toEqual(["Insertion & Deletion", "Deletion AUC", "0.0923"]);
    expect(rows[2].slice(5, 8)).toEqual(["3", "lower", "2 of 3"]);
    await page.getByTestId("save-numbers").click();
    await until(page, "fake.count('save') === 1");
    expect(
      (await saved(0))
        .split("\r\n")
        .slice(0, 4)
        .map((row) => row.split(",").slice(0, 3)),
    ).toEqual(rows.slice(0, 4).map((row) => row.slice(0, 3)));
    await eventually(() =>
      page.evaluate("fake.calls.find((call) => call.method === 'save').request.suggestedName"),
    ).toBe("cat-checks-saliency.csv");
  });

  test("a check's picture, its points and its raw numbers", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-insertion-deletion").click();
    await page.getByTestId("open-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion-csv").click();
    await until(page, "fake.count('save') === 1");
    await eventually(() =>
      page.evaluate("fake.calls.find((call) => call.method === 'save').request.suggestedName"),
    ).toBe("cat-insertion-deletion-saliency-285.csv");
    expect((await saved(0)).split("\r\n")[0]).toBe(
      'line,"pixels removed or inserted, most important first (%)",probability of Egyptian cat',
    );
    await page.getByTestId("save-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion-svg").click();
    await until(page, "fake.count('save') === 2");
    await eventually(() => saved(1)).toContain("<polyline");
    await page.getByTestId("save-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion-json").click();
    await until(page, "fake.count('save') === 3");
    // The check's own numbers, not those of the method that it checks.
    const asked = await lastRequest<{ check: string; state: PanelState }>(page, "array");
    expect([asked.check, asked.state.technique]).toEqual(["insertion-deletion", "saliency"]);
    const { raw, artifacts } = JSON.parse(await saved(2)) as {
      raw: { values: number[] };
      artifacts: { numbers: { random: { mean: number } }[] }[];
    };
    expect(raw.values).toHaveLength(51);
    expect(artifacts[0].numbers[0].random.mean).toBeCloseTo(0.98 / 3, 6);
  });
});

describe("curves", () => {
  /** One check's curves, as after a reload. */
  const openCurves = (check: string, options: OpenOptions = {}): Promise<void> =>
    open("saliency", { ...options, scenario: { knownChecks: [check] } }, { reliability: [check] }).then(() =>
      page.getByTestId(`curves-${check}`).waitFor(),
    );
  const focusPlot = (): Promise<void> => page.getByTestId("curves-plot").focus();

  test("tell the exact values under the pointer", async () => {
    await openCurves("insertion-deletion");
    await page.locator(".u-over").scrollIntoViewIfNeeded();
    const box = await boxOf(page.locator(".u-over"));
    // x goes from 0 to 100 in steps of 2.
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
    await page.getByTestId("value-deletion").waitFor();
    await eventually(async () => Number(await page.getByTestId("value-deletion").getAttribute("data-value"))).toBe(
      deletion.y[20],
    );
    await eventually(() => page.getByTestId("curves-where").textContent()).toContain("40");
    await page.mouse.move(box.x - 30, box.y - 30);
    await until(page, "!document.querySelector('[data-testid=value-deletion]')");
  });

  test("are read by arrow keys, and said to screen readers", async () => {
    await openCurves("insertion-deletion");
    await focusPlot();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await eventually(async () => Number(await page.getByTestId("value-deletion").getAttribute("data-value"))).toBe(
      deletion.y[1],
    );
    await page.keyboard.press("End");
    await eventually(async () => Number(await page.getByTestId("value-deletion").getAttribute("data-value"))).toBe(
      deletion.y[50],
    );
    await until(page, "document.querySelector('[data-testid=curves-live]').textContent.includes('Deletion')");
    await eventually(() => page.getByTestId("curves-plot").getAttribute("aria-label")).toContain("Deletion AUC 0.0923");
  });

  test("are a table as well", async () => {
    await openCurves("randomisation");
    await page.getByTestId("curves-table").click();
    const rows = page.getByTestId("table-grid").locator("[data-row]");
    await eventually(() => rows.count()).toBe(12);
    await eventually(() => rows.nth(5).textContent()).toContain("NaN");
    await eventually(() => rows.nth(1).locator("[role=gridcell]").first().textContent()).toBe(
      "/_blocks.15/_project_conv/Conv",
    );
  });

  test("follow the width and the theme", async () => {
    await openCurves("infidelity", { width: 900 });
    const widthOf = (): Promise<number> => page.evaluate("document.querySelector('.u-wrap').clientWidth");
    const wide = await widthOf();
    await page.setViewportSize({ width: 500, height: 900 });
    await until(page, `document.querySelector('.u-wrap').clientWidth < ${wide - 100}`);
    await page.evaluate("document.body.className = 'vscode-light'");
    await page.getByTestId("curves-infidelity").waitFor();
  });

  test.each(["dark", "light", "hc-dark", "hc-light"] as const)("are accessible: %s", async (theme) => {
    await open("saliency", { theme, height: 2400, scenario: { knownChecks: CHECKS } }, { reliability: CHECKS });
    await page.getByTestId("curves-randomisation").waitFor();
    await page.getByTestId("curves-table").first().click();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `reliability-${theme}`, true);
  });

  test("look right when narrow", async () => {
    await openCurves("randomisation", { width: 500, theme: "light" });
    await screenshot(page, "reliability-500-light", true);
    await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
  });
});
