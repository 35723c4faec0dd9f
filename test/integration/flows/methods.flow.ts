import assert from "node:assert/strict";
import type { Frame } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import type { FlowContext } from "../harness/flow.ts";
import { answered, engineIdle, pixels, readingAt, saliencyOfTheCat, testid } from "./person.ts";

// Every method by clicks, in each theme; the pictures are for people to look at (and for the README).
for (const theme of ["dark", "light", "high-contrast"] as const) {
  flow(`all methods, one click apart (${theme})`, { theme, ...(theme === "dark" ? { scale: 2 } : {}) }, (context) =>
    walk(context, theme),
  );
}

async function walk({ page, workbench, vscode, step, screenshot }: FlowContext, theme: string): Promise<void> {
  const frame = await step("saliency", async () => {
    await workbench.openFile("efficientnet-lite0.onnx");
    const frame = await saliencyOfTheCat(workbench);
    await screenshot(`methods-saliency-${theme}`);
    return frame;
  });
  for (const [method, title] of [
    ["grad-cam", "Grad-CAM"],
    ["cam", "CAM"],
  ] as const) {
    await step(title, async () => {
      await choose(workbench, frame, method, title);
      await settled(frame, workbench, `${title}: efficientnet-lite0`, vscode);
      await pixels(testid(frame, "heatmap"));
      // CAM has no choice: its layer is the one before the pooling.
      if (method === "grad-cam")
        await eventually(async () => assert.match(await testid(frame, "layer-note").innerText(), /automatic/));
      await screenshot(`methods-${method}-${theme}`);
    });
  }
  await step("the class activation map's cells are the layer's", async () => {
    const { row, column } = await readingAt(page, frame, 0.5, 0.5, 7);
    assert.deepEqual([row, column], [3, 3], "the middle of 7×7 cells");
    await page.mouse.move(5, 5);
  });
  await step("feature maps: another layer, sorted by strength, one enlarged", async () => {
    await choose(workbench, frame, "feature-maps", "Feature Maps");
    await testid(frame, "tiles").waitFor();
    // Strongest channels first: which these are is the layer's.
    const first = testid(frame, "tiles").locator("[data-testid^=tile-]").first();
    await eventually(async () => assert.equal(await first.getAttribute("data-drawn"), "true"));
    const strip = testid(frame, "layer-strip");
    await strip.locator("[aria-selected=true]").press("Home");
    await eventually(async () => assert.match(await testid(frame, "layer-note").innerText(), /^1 of \d+$/));
    for (const next of [2, 3]) {
      await strip.locator("[aria-selected=true]").press("ArrowRight");
      await eventually(async () =>
        assert.match(await testid(frame, "layer-note").innerText(), new RegExp(`^${next} of \\d+$`)),
      );
    }
    // The stem's activation has 32 channels, the head's, from where this came, 1280.
    await eventually(async () => assert.equal(await testid(frame, "tile-32").count(), 0));
    await eventually(async () => assert.equal(await first.getAttribute("data-drawn"), "true"));
    await engineIdle(vscode);
    await screenshot(`methods-feature-maps-${theme}`);
    await testid(frame, "sort-strength").click();
    // The tiles may still be changing places under the mouse: then the click is lost.
    await eventually(
      async () => {
        if (await testid(frame, "enlarged").count()) return;
        await testid(frame, "tiles").locator("[data-testid^=tile-][data-drawn=true]").first().click({ timeout: 5000 });
        throw new Error("No tile is enlarged after a click on one.");
      },
      { every: 500 },
    );
    await screenshot(`methods-enlarged-${theme}`);
  });
  await step("predictions", async () => {
    await choose(workbench, frame, "predictions", "Predictions");
    await testid(frame, "bar-285").waitFor();
    assert.match(await testid(frame, "bar-285").innerText(), /Egyptian cat/);
    await screenshot(`methods-predictions-${theme}`);
  });
}

/** By its button where it has one, else from the list of all, after which it has one. */
async function choose(workbench: FlowContext["workbench"], frame: Frame, method: string, title: string): Promise<void> {
  const button = testid(frame, `method-${method}`);
  if (await button.count()) await button.click();
  else {
    await testid(frame, "method").click();
    await workbench.pick(title);
  }
  await eventually(async () =>
    assert.equal(await testid(frame, `method-${method}`).getAttribute("aria-pressed"), "true"),
  );
}

/** The tab says the method, and what is shown is this method's. */
async function settled(
  frame: Frame,
  workbench: FlowContext["workbench"],
  title: string,
  vscode: FlowContext["vscode"],
): Promise<void> {
  await eventually(async () =>
    assert.ok(
      (await vscode.tabs()).some((tab) => tab.label === title),
      `no tab "${title}"`,
    ),
  );
  await answered(frame);
  assert.deepEqual(await workbench.notifications(), []);
}
