/** The form of inputs: a row for each of a model's inputs. */
import { describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { InputSources } from "../../src/protocol/sample.ts";
import { violations } from "../../test/webview/axe.ts";
import { calls, eventually, lastRequest, pagesOf, requested, until } from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";
import { rowsWithProblems, severalInputs, soundRows } from "../../test/webview/fake/several-inputs.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(state: Partial<PanelState> = {}, scenario: Record<string, unknown> = {}): Promise<void> {
  page = await openPage({ scenario: { ...severalInputs, ...scenario, state: { technique: "saliency", ...state } } });
  await page.getByTestId("input").waitFor();
}

const problem = (name: string): Promise<string> => page.getByTestId(`input-problem-${name}`).innerText();
const field = (name: string) => page.getByTestId(`input-field-${name}`);
const ready = (): Promise<boolean> =>
  page.getByTestId("use-inputs").evaluate((button) => !(button as unknown as { disabled: boolean }).disabled);

describe("the form of inputs", () => {
  test("opens from the input's chip, with a row for each input and what it takes", async () => {
    await open();
    await page.getByTestId("input").click();
    for (const name of ["image", "measures", "input_ids", "attention_mask"])
      await page.getByTestId(`input-row-${name}`).waitFor();
    // The list of inputs was not asked for: it is one click further.
    expect(await calls(page, "pickInput")).toBe(0);
    expect(await page.getByTestId("input-row-measures").innerText()).toMatch(/float32 \[N, 4\]/);
    expect(await page.getByTestId("input-hint-measures").innerText()).toContain(
      "4 numbers: length, width, weight, age",
    );
    expect(await page.getByTestId("input-hint-attention_mask").innerText()).toContain("The tokenizer makes it");
    await eventually(() => page.getByTestId("form-status").innerText()).toBe(
      "Not ready: image, measures, input_ids, attention_mask",
    );
    // The keyboard is in the form, and Escape leaves it.
    expect(await page.evaluate("document.activeElement.dataset.testid")).toBe("input-how-image");
    await page.keyboard.press("Escape");
    await page.getByTestId("input-form").waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.dataset.testid")).toBe("input");
    await page.getByTestId("input").click();
    await page.getByTestId("choose-sample").click();
    await requested(page, "pickInput");
  });

  test("says in each row what is wrong with it, before a run", async () => {
    await open({ form: rowsWithProblems as PanelState["form"] });
    await eventually(() => problem("image")).toBe("The file does not exist. Paths are relative to the model's folder.");
    expect(await problem("measures")).toBe("3 of 4 numbers.");
    expect(await problem("input_ids")).toBe("The number 99 of input_ids is beyond 0 to 39.");
    expect(await ready()).toBe(false);
    expect(await field("measures").getAttribute("aria-invalid")).toBe("true");
    await field("measures").fill("1, 2, x, 4");
    await eventually(() => problem("measures")).toBe('"x" at position 2 is not a number.');
    await field("input_ids").fill("1.5");
    await eventually(() => problem("input_ids")).toBe(
      "1.5 at position 0 is not a whole number; the input takes int64.",
    );
    expect(await violations(page)).toEqual([]);
  });

  test("is used once each row is sound: with Enter or the button, and runs", async () => {
    await open({ form: { ...soundRows, measures: { how: "numbers", text: "" } } as PanelState["form"] });
    await eventually(() => page.getByTestId("form-status").innerText()).toBe("Not ready: measures");
    await field("measures").fill("-0.39 0.85 1.09 1.86");
    await eventually(ready).toBe(true);
    await field("image").press("Enter");
    const { sources } = await requested<{ sources: InputSources }>(page, "useInputs");
    expect(sources).toEqual({
      image: "photos/perch.png",
      measures: { values: [-0.39, 0.85, 1.09, 1.86] },
      input_ids: { values: [12, 7, 9] },
      // As long as the tokens: their number is behind the same symbol.
      attention_mask: { fill: 1, shape: [1, 3] },
    });
    const { state } = await requested<{ state: PanelState }>(page, "run");
    expect(state.input).toMatch(/^neural-loupe-typed:/);
    expect(await page.getByTestId("input").innerText()).toContain("perch.png, 4 numbers");
  });

  test("is saved as a sample, which is the input from then on", async () => {
    await open({ form: soundRows as PanelState["form"] });
    await eventually(ready).toBe(true);
    await page.getByTestId("save-sample").click();
    expect((await requested<{ state: PanelState }>(page, "run")).state.input).toBe("file:///samples/perch.sample.json");
    expect(await page.getByTestId("input").innerText()).toContain("perch");
  });

  test("files are browsed for; another way to give an input has its own field", async () => {
    await open({ form: {} });
    await page.getByTestId("input-browse-image").click();
    expect(await requested<{ name: string }>(page, "browseInput")).toMatchObject({ name: "image" });
    await eventually(() => field("image").inputValue()).toBe("photos/perch.png");
    await page.getByTestId("input-how-image").selectOption("fill");
    expect(await field("image").inputValue()).toBe("");
    await field("image").fill("0");
    await eventually(() => page.getByTestId("input-hint-image").innerText()).toContain("The model gets [1, 3, 64, 64]");
  });

  test("what was typed survives a reload, and is told to the extension", async () => {
    await open({ form: {} });
    await field("measures").fill("1, 2");
    await eventually(() => page.evaluate("JSON.parse(sessionStorage.getItem('state')).form.measures.text")).toBe(
      "1, 2",
    );
    await until(page, "fake.count('remember') > 0");
    const { state } = await lastRequest<{ state: PanelState }>(page, "remember");
    expect(state.form?.measures).toEqual({ how: "numbers", text: "1, 2" });
  });

  test("a model with one input keeps its list", async () => {
    page = await openPage({ scenario: { withoutInput: true } });
    await page.getByTestId("input").click();
    await requested(page, "pickInput");
    expect(await page.getByTestId("input-form").count()).toBe(0);
  });
});
