import { beforeEach, describe, expect, test } from "vitest";
import { violations } from "../../test/webview/axe.ts";
import { eventually, lastState, pagesOf, screenshot, type TestPage } from "../../test/webview/harness.ts";

let page: TestPage;
const openPage = pagesOf("explain");
const unnamed = { unnamed: true };

async function open(
  scenario: Record<string, unknown>,
  options: Omit<Parameters<typeof openPage>[0] & object, "scenario"> = {},
): Promise<void> {
  page = await openPage({ ...options, scenario });
  await page.getByTestId("recipe").click();
  await page.getByTestId("recipe-form").waitFor();
}
const text = (testid: string): Promise<string | null> => page.getByTestId(testid).textContent();
const fake = (part: Record<string, unknown>): Promise<void> =>
  page.evaluate((given) => void Object.assign((globalThis as unknown as { fake: object }).fake, given), part);
const classes = async (): Promise<unknown> => (await lastState(page)).recipe?.classes;

beforeEach(() => {
  page = undefined as unknown as TestPage;
});

describe("class names in the form", () => {
  test("the first names of a file and how many there are stand below it", async () => {
    await open({});
    await eventually(() => text("recipe-classes-first")).toBe(
      "1\u202f000 names: tench, goldfish, great white shark, tiger shark, hammerhead, …",
    );
    expect(await page.getByTestId("recipe-classes-imagenet").count()).toBe(0);
    expect(await page.getByTestId("recipe-classes-problem").count()).toBe(0);
  });

  test("Browse takes a file, as the recipe names it; nothing is used before Use", async () => {
    await open(unnamed);
    await fake({ browseClasses: "names/labels.csv" });
    await page.getByTestId("recipe-classes-browse").click();
    await eventually(() => page.getByTestId("recipe-classes").inputValue()).toBe("names/labels.csv");
    expect(await classes()).toBeUndefined();
    await page.getByTestId("recipe-use").click();
    await eventually(classes).toBe("names/labels.csv");
  });

  test("a file outside the model's folder is an error that says what to do", async () => {
    await open(unnamed);
    await fake({ browseClasses: "/elsewhere/labels.txt" });
    await page.getByTestId("recipe-classes-browse").click();
    await eventually(() => text("error")).toContain("Copy it beside efficientnet-lite0.onnx");
    expect(await page.getByTestId("recipe-classes").inputValue()).toBe("");
  });

  test("another number of names than the output has values is an error", async () => {
    await open({});
    await fake({ classNames: { "coco.txt": { count: 80, first: ["person", "bicycle"], notes: [] } } });
    await page.getByTestId("recipe-classes").fill("coco.txt");
    await eventually(() => text("recipe-classes-problem")).toContain("80 names, but logits has 1\u202f000 values.");
    expect(await page.getByTestId("recipe-classes-problem").getAttribute("role")).toBe("alert");
    await page.getByTestId("recipe-classes").fill("imagenet-classes.json");
    await eventually(() => page.getByTestId("recipe-classes-problem").count()).toBe(0);
  });

  test("a file that cannot be used says why, and what was assumed in one that can is a note", async () => {
    await open({});
    await fake({
      classNames: {
        "gone.txt": {
          count: 0,
          first: [],
          notes: [],
          problem: 'The class names file "gone.txt" is not beside the model.',
        },
        "rows.csv": { count: 1000, first: ["a"], notes: ['Class names of "rows.csv": its column 2, by row.'] },
      },
    });
    await page.getByTestId("recipe-classes").fill("gone.txt");
    await eventually(() => text("recipe-classes-problem")).toContain("is not beside the model");
    await page.getByTestId("recipe-classes").fill("rows.csv");
    await eventually(() => text("recipe-form")).toContain("its column 2, by row");
  });

  test("one value that tells two classes apart has two names", async () => {
    await open({ scores: { logits: 1 } });
    await fake({ classNames: { "two.txt": { count: 2, first: ["ham", "spam"], notes: [] } } });
    await page.getByTestId("recipe-classes").fill("two.txt");
    await eventually(() => text("recipe-classes-first")).toBe("2 names: ham, spam");
    expect(await page.getByTestId("recipe-classes-problem").count()).toBe(0);
  });
});

describe("ImageNet's names", () => {
  test("are offered for 1,000 scores without names, never used by themselves, and taken away again", async () => {
    await open(unnamed);
    await eventually(() => text("recipe-classes-offer")).toContain("No names are known");
    expect(await classes()).toBeUndefined();
    await page.getByTestId("recipe-classes-imagenet").click();
    await eventually(() => text("recipe-classes-first")).toContain("1\u202f000 names: tench, class 1");
    await page.getByTestId("recipe-use").click();
    await eventually(async () => ((await classes()) as string[]).length).toBe(1000);
    await page.getByTestId("recipe-classes-remove").click();
    await page.getByTestId("recipe-use").click();
    await eventually(classes).toBeUndefined();
  });

  test("of 1,001 scores the first is the background, which is said", async () => {
    await open({ ...unnamed, scores: { logits: 1001 } });
    await eventually(() => text("recipe-classes-offer")).toContain("after one called “background”");
    await page.getByTestId("recipe-classes-imagenet").click();
    await page.getByTestId("recipe-use").click();
    await eventually(async () => ((await classes()) as string[]).slice(0, 2)).toEqual(["background", "tench"]);
    await eventually(async () => ((await classes()) as string[]).length).toBe(1001);
  });

  test.each([{ logits: 10 }, {}])("are not offered for %j", async (scores) => {
    await open({ ...unnamed, scores });
    expect(await page.getByTestId("recipe-classes-browse").count()).toBe(1);
    expect(await page.getByTestId("recipe-classes-imagenet").count()).toBe(0);
  });

  test("are offered for each output by its own number of scores", async () => {
    await open({ ...unnamed, outputs: ["logits", "aux"], scores: { logits: 10, aux: 1000 } });
    expect(await page.getByTestId("recipe-classes-imagenet").count()).toBe(0);
    await page.getByTestId("recipe-output-classes-aux-imagenet").click();
    await page.getByTestId("recipe-use").click();
    await eventually(async () => (await lastState(page)).recipe?.outputs?.aux.classes?.length).toBe(1000);
  });
});

describe("the form", () => {
  test.each(["Dark Modern", "Light Modern", "Default High Contrast"] as const)(
    "in a narrow panel in %s: nothing beside the page, and axe finds nothing",
    async (theme) => {
      await open(unnamed, { width: 320, height: 900, theme });
      await fake({
        classNames: { "coco.txt": { count: 80, first: ["person", "a very_long_name".repeat(8)], notes: [] } },
      });
      await page.getByTestId("recipe-classes-browse").scrollIntoViewIfNeeded();
      await screenshot(page, `class-names-offer-${theme}`);
      await page.getByTestId("recipe-classes").fill("coco.txt");
      await page.getByTestId("recipe-classes-problem").waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
      expect(await violations(page)).toEqual([]);
      await page.getByTestId("recipe-classes-problem").scrollIntoViewIfNeeded();
      await screenshot(page, `class-names-${theme}`);
    },
  );
});
