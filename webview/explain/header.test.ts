import { beforeEach, describe, expect, test } from "vitest";
import type { PanelState } from "../../src/protocol/panel.ts";
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
  type TestPage,
} from "../../test/webview/harness.ts";

let page: TestPage;
const openPage = pagesOf("explain");
async function open(
  scenario: Record<string, unknown> = {},
  options: Parameters<typeof openPage>[0] = {},
): Promise<void> {
  page = await openPage({ ...options, scenario });
  await page.getByTestId("time").waitFor();
}
const text = (testid: string): Promise<string | null> => page.getByTestId(testid).textContent();
const five = { methods: { places: ["saliency", "cam", "grad-cam", "feature-maps", "predictions"] } };
const many = { many: true, ...five };

beforeEach(() => {
  page = undefined as unknown as TestPage;
});

describe("what is explained", () => {
  test("chips say the model, the input, the target and the method, and each chooses another", async () => {
    await open(many);
    await eventually(() => text("model")).toBe("modelefficientnet-lite0");
    await eventually(() => text("target")).toBe("top predictionEgyptian cat 285");
    await eventually(() => text("method")).toBe("methodSaliency");
    await page.getByTestId("model").click();
    expect((await requested<{ state: PanelState }>(page, "pickModel")).state.technique).toBe("saliency");
    await page.getByTestId("target").click();
    await eventually(() => text("target")).toBe("targetSiamese cat 284");
    await until(page, "fake.count('run') === 2");
  });

  test("a fixed target goes back to the top prediction by its cross", async () => {
    await open(many);
    expect(await page.getByTestId("target-top").count()).toBe(0);
    await page.getByTestId("prediction-282").click();
    await eventually(() => text("target")).toBe("targettiger cat 282");
    await page.getByTestId("target-top").click();
    await eventually(async () => (await lastState(page)).target).toEqual({});
    await eventually(() => text("target")).toBe("top predictionEgyptian cat 285");
  });

  test("the difference of two is named by both", async () => {
    await open({ ...many, state: { target: { index: [285], against: [282] } } });
    await eventually(() => text("target")).toBe("differenceEgyptian cat 285 − tiger cat");
  });

  test("preprocessing opens its form; that it was guessed is said in the header", async () => {
    await open({ ...many, guessed: true });
    await eventually(() => text("recipe-chip")).toBe("preprocessingguessed");
    expect(await page.getByTestId("recipe-chip").getAttribute("title")).toContain("was guessed");
    await page.getByTestId("recipe-chip").click();
    await page.getByTestId("recipe-form").waitFor();
    await page.getByTestId("recipe-chip").click();
    await eventually(() => page.getByTestId("recipe-form").count()).toBe(0);
  });
});

describe("methods", () => {
  const places = (): Promise<string[]> => page.locator("[data-testid=methods] .method").allTextContents();

  test("one from the list of all takes a place, and no other button moves", async () => {
    await open(many);
    const before = await places();
    expect(before).toEqual(["Saliency", "CAM", "Grad-CAM", "Feature maps", "Predictions"]);
    await page.evaluate("fake.pickMethod = 'occlusion'");
    await page.getByTestId("method").click();
    await eventually(() => text("method")).toBe("methodOcclusion");
    await until(page, "fake.count('run') === 2");
    const after = await places();
    expect(after.filter((title, place) => title !== before[place])).toEqual(["Occlusion"]);
    expect(after).toHaveLength(5);
  });

  test("leaving the list changes nothing", async () => {
    await open(many);
    await page.getByTestId("method").click();
    await until(page, "fake.count('pickMethod') === 1");
    await later(page);
    expect(await calls(page, "run")).toBe(1);
  });

  test("one that cannot work for the model says why, and does not run; a screen reader reaches it", async () => {
    await open({ ...five, unfit: { cam: "There is no global average pooling before its last layer." } });
    const cam = page.getByTestId("method-cam");
    expect(await cam.getAttribute("aria-disabled")).toBe("true");
    expect(await cam.getAttribute("title")).toBe(
      "Not for this model: There is no global average pooling before its last layer.",
    );
    await cam.click({ force: true });
    await page.getByTestId("method-saliency").focus();
    await page.keyboard.press("ArrowRight");
    await eventually(() => page.evaluate("document.activeElement.dataset.testid")).toBe("method-cam");
    await page.keyboard.press("Enter");
    await later(page);
    expect(await calls(page, "run")).toBe(1);
    expect(await violations(page)).toEqual([]);
  });

  test("pinned ones show it, and what takes over two seconds says so before it runs", async () => {
    await open({
      ...five,
      methods: { ...five.methods, pinned: ["grad-cam"] },
      speeds: { "grad-cam": { milliseconds: 9000, passes: 1 } },
    });
    expect(await page.locator("[data-testid=method-grad-cam] .codicon-pinned").count()).toBe(1);
    expect(await page.getByTestId("method-grad-cam").getAttribute("title")).toContain("about 9 s");
    expect(await page.getByTestId("method-feature-maps").getAttribute("title")).not.toContain("about ");
  });
});

describe("a run", () => {
  /** Where everything above the picture that can be pressed is. */
  const controls = (): Promise<unknown> =>
    page.evaluate(`Object.fromEntries([...document.querySelectorAll("main.panel > :not(.layout, .footer, .messages) :is(button, input, select)")]
      .filter((one) => one.dataset.testid !== "cancel" && one.checkVisibility())
      .map((one, place) => { const { x, y, width, height } = one.getBoundingClientRect(); return [place + " " + (one.dataset.testid ?? one.title), [x, y + scrollY, width, height].join(" ")]; }))`);

  test.each([320, 520, 1000])(
    "moves nothing above the picture when it starts and ends, at %d pixels",
    async (width) => {
      await open({ ...five, state: { technique: "grad-cam" } }, { width });
      await page.getByTestId("layer-strip").waitFor();
      const before = await controls();
      await page.evaluate("fake.delay = 30000");
      await page.getByTestId("prediction-282").click();
      await page.getByTestId("cancel").waitFor();
      // Its name is not the one before's, and the cross to go back to that is there.
      const during = await controls();
      await page.getByTestId("cancel").click();
      await page.getByTestId("notice").waitFor();
      expect(await controls()).toEqual(during);
      await page.evaluate("fake.failNext = 'There is no rule for NonMaxSuppression.', fake.delay = 0");
      await page.getByTestId("prediction-281").click();
      await page.getByTestId("error").waitFor();
      const text = (found: unknown): string[] => Object.keys(found as object);
      expect(text(await controls())).toEqual(text(during));
      await page.getByTestId("target-top").click();
      await idle(page);
      expect(await controls()).toEqual(before);
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      await screenshot(page, `panel-header-${width}`);
    },
  );

  test("a double click on Cancel cancels and does nothing else", async () => {
    await open(five);
    await page.evaluate("fake.delay = 30000");
    await page.getByTestId("prediction-282").click();
    await page.getByTestId("cancel").waitFor();
    const box = (await page.getByTestId("cancel").boundingBox())!;
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
    await page.getByTestId("notice").filter({ hasText: "Cancelled." }).waitFor();
    await later(page);
    expect(await calls(page, "run")).toBe(2);
    expect((await lastState(page)).technique).toBe("saliency");
  });

  test("the layers' place is kept until they are there", async () => {
    await open({ ...five, state: { technique: "grad-cam" }, layersLate: true });
    const stage = (): Promise<number> =>
      page.evaluate("document.querySelector('.layout').getBoundingClientRect().top") as Promise<number>;
    const before = await stage();
    await page.evaluate("fake.giveLayers()");
    await page.getByTestId("layer-strip").waitFor();
    expect(Math.abs((await stage()) - before)).toBeLessThan(1);
  });
});

test("how long a run took stays on one line in a narrow panel", async () => {
  const page = await openPage({ width: 320, scene: "typical" });
  const time = page.getByTestId("time");
  await time.waitFor();
  expect(await page.evaluate("document.querySelector('[data-testid=time]').getClientRects().length")).toBe(1);
  expect(await page.evaluate("getComputedStyle(document.querySelector('[data-testid=time]')).whiteSpace")).toBe(
    "nowrap",
  );
});
