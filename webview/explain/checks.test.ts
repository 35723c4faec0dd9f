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
  lastState,
  pagesOf,
  requested,
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

const openSection = (): Promise<void> => page.getByTestId("trust").click();
const deletion = checkCurves["insertion-deletion"].lines[1];

describe("the section under a result", () => {
  test("runs all checks one after another and shows their curves, numbers and how to read them", async () => {
    await open("saliency", {}, { params: { saliency: { absolute: false } } });
    expect(await calls(page, "check")).toBe(0);
    await openSection();
    await eventually(() => page.getByTestId("check-infidelity").textContent()).toContain("How well the map predicts");
    await page.getByTestId("trust-all").click();
    await page.getByTestId("curves-randomisation").waitFor();
    expect(await calls(page, "check")).toBe(3);
    await eventually(() => page.getByTestId("number-deletion_auc").textContent()).toBe("0.0923");
    await eventually(() => page.getByTestId("check-insertion-deletion").textContent()).toContain(
      "and the deletion curve falls",
    );
    // What is asked is about the result that is shown, options included.
    const state = await lastState(page, "check");
    expect([state.technique, state.params.saliency.absolute]).toEqual(["saliency", false]);
    await until(page, "!document.querySelector('[data-testid=trust-all]')");
  });

  test("one check alone; then only the others are left", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-infidelity").click();
    await page.getByTestId("curves-infidelity").waitFor();
    expect(await calls(page, "check")).toBe(1);
    await eventually(() => page.getByTestId("trust-all").textContent()).toBe("Run remaining checks");
    await page.getByTestId("trust-all").click();
    await page.getByTestId("curves-randomisation").waitFor();
    expect(await calls(page, "check")).toBe(3);
  });

  test("shows how far it is, and stops when cancelled", async () => {
    await open("saliency");
    await openSection();
    await page.evaluate("fake.delay = 60000");
    await page.getByTestId("trust-all").click();
    await until(page, "/\\d%/.test(document.querySelector('[data-testid=check-progress]')?.textContent ?? '')");
    await page.getByTestId("trust-cancel").click();
    await page.getByTestId("trust-all").waitFor();
    expect(await calls(page, "check")).toBe(1);
    await eventually(() => page.getByTestId("curves-insertion-deletion").count()).toBe(0);
    await eventually(() => page.getByTestId("heatmap").isVisible()).toBe(true);
  });

  test("gives way to what the panel is asked, and begins anew with another result", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-insertion-deletion").click();
    await page.getByTestId("curves-insertion-deletion").waitFor();
    await page.evaluate("fake.delay = 60000");
    await page.getByTestId("run-infidelity").click();
    await page.getByTestId("check-progress").waitFor();
    // The host has it, with its delay.
    await until(page, "fake.count('check') === 2");
    await page.evaluate("fake.delay = 0");
    await page.getByTestId("method-grad-cam").click();
    await until(page, "fake.aborted.includes('check')");
    await idle(page);
    await eventually(() => page.getByTestId("curves-insertion-deletion").count()).toBe(0);
  });

  test("says why a check cannot be made, beside those that can", async () => {
    await open("saliency");
    await page.evaluate("fake.failCheck = { infidelity: 'The input has no neighbours.' }");
    await openSection();
    await page.getByTestId("trust-all").click();
    await page.getByTestId("curves-randomisation").waitFor();
    await eventually(() => page.getByTestId("check-infidelity").textContent()).toContain(
      "The input has no neighbours.",
    );
    await eventually(() => page.getByTestId("run-infidelity").isVisible()).toBe(true);
  });

  test("is not offered for what is no attribution", async () => {
    await open("feature-maps");
    await eventually(() => page.getByTestId("trust").count()).toBe(0);
  });

  test("saves a check's picture and table", async () => {
    await open("saliency");
    await openSection();
    await page.getByTestId("run-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion-csv").click();
    await until(page, "fake.count('save') === 1");
    await eventually(() =>
      page.evaluate("fake.calls.find((call) => call.method === 'save').request.suggestedName"),
    ).toBe("cat-insertion-deletion-saliency-285.csv");
    const text = await page.evaluate<string>(
      "new TextDecoder().decode(fake.calls.find((call) => call.method === 'save').request.bytes)",
    );
    expect(text.split("\r\n")[0]).toBe(
      'line,"pixels removed or inserted, most important first (%)",probability of Egyptian cat',
    );
    await page.getByTestId("save-insertion-deletion").click();
    await page.getByTestId("save-insertion-deletion-svg").click();
    await until(page, "fake.count('save') === 2");
    await eventually(() =>
      page.evaluate<string>(
        "new TextDecoder().decode(fake.calls.filter((call) => call.method === 'save')[1].request.bytes)",
      ),
    ).toContain("<polyline");
  });

  test("opens a check with all of its options as the panel's own", async () => {
    await open("grad-cam", {}, { params: { "grad-cam": { relu: false } } });
    await openSection();
    await page.getByTestId("open-randomisation").click();
    await page.locator(".stage [data-testid=curves-randomisation]").waitFor();
    const state = await requested<{ state: PanelState }>(
      page,
      "run",
      (request) => request.state.technique === "randomisation",
    ).then((request) => request.state);
    expect(state.params.randomisation).toMatchObject({ method: "grad-cam", options: "relu=false" });
    await eventually(() => page.getByTestId("param-method").inputValue()).toBe("grad-cam");
    await eventually(() => page.getByTestId("trust").count()).toBe(0);
  });
});

describe("curves", () => {
  const focusPlot = (): Promise<void> => page.getByTestId("curves-plot").focus();

  test("tell the exact values under the pointer", async () => {
    await open("insertion-deletion");
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
    await open("insertion-deletion");
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
    await open("randomisation");
    await page.getByTestId("curves-table").click();
    const rows = page.getByTestId("table-grid").locator("[data-row]");
    await eventually(() => rows.count()).toBe(12);
    await eventually(() => rows.nth(5).textContent()).toContain("NaN");
    await eventually(() => rows.nth(1).locator("[role=gridcell]").first().textContent()).toBe(
      "/_blocks.15/_project_conv/Conv",
    );
  });

  test("follow the width and the theme", async () => {
    await open("infidelity", { width: 900 });
    const widthOf = (): Promise<number> => page.evaluate("document.querySelector('.u-wrap').clientWidth");
    const wide = await widthOf();
    await page.setViewportSize({ width: 500, height: 900 });
    await until(page, `document.querySelector('.u-wrap').clientWidth < ${wide - 100}`);
    await page.evaluate("document.body.className = 'vscode-light'");
    await page.getByTestId("curves-infidelity").waitFor();
  });

  test.each(["dark", "light", "hc-dark", "hc-light"] as const)("are accessible: %s", async (theme) => {
    await open("saliency", { theme, height: 2400 });
    await openSection();
    await page.getByTestId("trust-all").click();
    await page.getByTestId("curves-randomisation").waitFor();
    await page.getByTestId("curves-table").first().click();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `trust-${theme}`, true);
  });

  test("look right when narrow", async () => {
    await open("randomisation", { width: 500, theme: "light" });
    await screenshot(page, "trust-500-light", true);
    await eventually(() => page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
  });
});
