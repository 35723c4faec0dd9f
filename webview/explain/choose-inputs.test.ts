/** Which of a model's inputs are explained, in a method's panel; and how a table's row becomes an input. */
import { describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { RowRecipe } from "../../src/protocol/recipe.ts";
import { violations } from "../../test/webview/axe.ts";
import {
  calls,
  eventually,
  idle,
  lastState,
  later,
  pagesOf,
  requested,
  screenshot,
  until,
} from "../../test/webview/harness.ts";
import type { TestPage } from "../../test/webview/harness.ts";

const openPage = pagesOf("explain");
let page: TestPage;

async function open(scenario: Record<string, unknown>, state: Partial<PanelState> = {}): Promise<void> {
  page = await openPage({ scenario: { ...scenario, state: { technique: "saliency", ...state } } });
  await page.getByTestId("heatmap").waitFor();
  await idle(page);
}

const ticked = (): Promise<string[]> =>
  page.evaluate(
    "[...document.querySelectorAll('[data-testid^=explain-]')].filter((box) => box.checked).map((box) => box.dataset.testid)",
  );

describe("which inputs are explained", () => {
  const explainable = [
    { name: "picture", byDefault: true },
    { name: "row", byDefault: true },
    { name: "mask", byDefault: false, reason: "it is a mask" },
  ];

  test("those that usually are are ticked; another choice runs again, and the usual one is no choice", async () => {
    await open({ explainable });
    expect(await ticked()).toEqual(["explain-picture", "explain-row"]);
    expect((await lastState(page)).explain).toBeUndefined();
    expect(await page.getByTestId("explain-mask").getAttribute("title")).toBe("it is a mask");
    await page.getByTestId("explain-row").click();
    await eventually(async () => (await lastState(page)).explain).toEqual(["picture"]);
    await page.getByTestId("explain-row").click();
    await until(page, "fake.count('run') === 3");
    expect((await lastState(page)).explain).toBeUndefined();
  });

  test("by keys; the last one stays", async () => {
    await open({ explainable }, { explain: ["row", "mask"] });
    expect(await ticked()).toEqual(["explain-row", "explain-mask"]);
    await page.getByTestId("explain-mask").focus();
    await page.keyboard.press("Space");
    await eventually(async () => (await lastState(page)).explain).toEqual(["row"]);
    await eventually(() =>
      page.getByTestId("explain-row").evaluate((box) => (box as unknown as { disabled: boolean }).disabled),
    ).toBe(true);
    await page.getByTestId("explain-row").click({ force: true });
    await later(page);
    expect(await calls(page, "run")).toBe(2);
    expect(await ticked()).toEqual(["explain-row"]);
  });

  test("the choice goes along to a comparison and into what is kept", async () => {
    await open({ explainable }, { explain: ["mask"] });
    await page.getByTestId("compare").click();
    expect((await requested<{ state: PanelState }>(page, "compare")).state.explain).toEqual(["mask"]);
    await page.getByTestId("explain-picture").click();
    await eventually(() => page.evaluate("JSON.parse(sessionStorage.getItem('state')).explain")).toEqual([
      "picture",
      "mask",
    ]);
    // What is shown until then is dimmed.
    await eventually(() => page.locator(".stage.waiting").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, "choose-inputs");
  });

  test("is not asked where there is one input, or a method explains nothing", async () => {
    await open({ explainable: [{ name: "images", byDefault: true }] });
    expect(await page.getByTestId("explained-inputs").count()).toBe(0);
    await page.context().close();
    await open({ explainable });
    await page.getByTestId("method-predictions").click();
    await page.getByTestId("bar-285").waitFor();
    await eventually(() => page.getByTestId("explained-inputs").count()).toBe(0);
  });
});

describe("a table's row", () => {
  const use = async (): Promise<RowRecipe> => {
    const runs = await calls(page, "run");
    await page.getByTestId("recipe-use").click();
    await until(page, `fake.count('run') === ${runs + 1}`);
    return (await lastState(page)).recipe?.inputs.row as RowRecipe;
  };
  const openForm = async (): Promise<void> => {
    await open({ recipe: { inputs: { row: { kind: "row" } } } });
    await page.getByTestId("recipe").click();
    await page.getByTestId("recipe-form").waitFor();
  };

  test("label columns are left out by name, also by names with commas in them", async () => {
    await openForm();
    await page.getByTestId("recipe-ignore").fill('label, "id, old"');
    expect(await use()).toMatchObject({ kind: "row", ignore: ["label", "id, old"] });
    await page.getByTestId("recipe-ignore").fill("");
    expect((await use()).ignore).toBeUndefined();
  });

  test("the model's columns are named in its order", async () => {
    await openForm();
    await page.getByTestId("recipe-columns").fill("size, age");
    expect(await use()).toMatchObject({ columns: ["size", "age"] });
  });

  test("a missing cell is NaN where the form says so, an error otherwise", async () => {
    await openForm();
    await eventually(() => page.getByTestId("recipe-missing").inputValue()).toBe("error");
    await page.getByTestId("recipe-missing").selectOption("nan");
    expect(await use()).toMatchObject({ missing: "nan" });
    await page.getByTestId("recipe-missing").selectOption("error");
    expect(await use()).toMatchObject({ missing: "error" });
  });

  test("separator, decimal sign and header are found out until they are said", async () => {
    await openForm();
    await eventually(() => page.getByTestId("recipe-separator").inputValue()).toBe("found");
    await page.getByTestId("recipe-separator").selectOption(";");
    await page.getByTestId("recipe-decimal").selectOption(",");
    await page.getByTestId("recipe-header").selectOption("no");
    expect(await use()).toMatchObject({ separator: ";", decimal: ",", header: false });
    await page.getByTestId("recipe-separator").selectOption("found");
    expect((await use()).separator).toBeUndefined();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, "recipe-row");
  });
});
