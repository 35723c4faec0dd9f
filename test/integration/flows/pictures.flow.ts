import assert from "node:assert/strict";
import type { Frame } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import type { FlowContext, FlowOptions } from "../harness/flow.ts";
import {
  allDone,
  answered,
  comparisonOfTheCat,
  drag,
  editorFrame,
  engineIdle,
  readingAt,
  saliencyOfTheCat,
  testid,
} from "./person.ts";

// The README's pictures, taken by scripts/pictures.mjs: test/screenshots/readme/NAME.png become docs/images/NAME.png.
const options: FlowOptions = { pictures: true, viewport: { width: 1440, height: 900 } };

flow("pictures: the model's editor", options, async (context) => {
  const { workbench } = context;
  await workbench.openFile("efficientnet-lite0.onnx");
  const frame = await editorFrame(workbench);
  await testid(frame, "sort-parameters").click();
  const first = frame.locator('[data-testid="layers"] [data-row="0"]');
  await eventually(async () => {
    const text = await first.innerText();
    if (!text.includes("Gemm")) await testid(frame, "sort-parameters").click();
    assert.match(text, /Gemm/);
  });
  await first.click();
  await testid(frame, "uses-in").locator('[data-testid^="tensor-"]').first().click();
  await testid(frame, "statistics").waitFor();
  await take(context, "model-editor");
});

flow("pictures: a method's panel (dark)", options, async (context) => {
  const { page, workbench } = context;
  await workbench.openFile("efficientnet-lite0.onnx");
  const frame = await saliencyOfTheCat(workbench);
  await take(context, "saliency", frame);

  await workbench.runCommand("View: Toggle Primary Side Bar Visibility");
  await testid(frame, "smoothgrad").click();
  await eventually(async () => assert.equal(await testid(frame, "smoothgrad").getAttribute("aria-pressed"), "true"));
  await testid(frame, "arrangement-overlay").click();
  await drag(testid(frame, "opacity"), 0.45);
  await answered(frame);
  await take(context, "saliency-overlay", frame, async () => {
    await readingAt(page, frame, 0.33, 0.36, 224);
  });

  await testid(frame, "method-feature-maps").click();
  await testid(frame, "tiles").waitFor();
  const strip = testid(frame, "layer-strip");
  await strip.locator("[aria-selected=true]").press("Home");
  for (const place of [1, 2, 3]) {
    await eventually(async () =>
      assert.match(await testid(frame, "layer-note").innerText(), new RegExp(`^${place} of \\d+`)),
    );
    if (place < 3) await strip.locator("[aria-selected=true]").press("ArrowRight");
  }
  await testid(frame, "sort-strength").click();
  await take(context, "feature-maps", frame);
});

flow("pictures: a method's panel (light)", { ...options, theme: "light" }, async (context) => {
  const { workbench } = context;
  await workbench.openFile("efficientnet-lite0.onnx");
  const frame = await saliencyOfTheCat(workbench);
  await workbench.runCommand("View: Toggle Primary Side Bar Visibility");
  await testid(frame, "method-grad-cam").click();
  await answered(frame);
  await take(context, "grad-cam", frame);
});

flow("pictures: comparing", options, async (context) => {
  const { page, workbench } = context;
  const frame = await comparisonOfTheCat(workbench);
  await testid(frame, "columns-1-menu").click();
  await testid(frame, "columns-1-menu-remove").click();
  await testid(frame, "rows-kind").selectOption("target");
  await workbench.takeTicked("Egyptian cat");
  await allDone(frame, 9);
  await testid(frame, "rows-2-menu").click();
  await testid(frame, "rows-2-menu-remove").click();
  await testid(frame, "scale-of-method").click();
  await allDone(frame, 6);
  await take(context, "compare", undefined, async () => {
    const map = frame.locator("[data-testid=cell-1-0] [data-testid=map]");
    await eventually(async () => {
      const box = await map.boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + box.width * 0.4 - 2, box.y + box.height * 0.4);
      await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
      assert.equal(await testid(frame, "value").count(), 6);
    });
  });
});

/**
 * A picture of the window when nothing in it is on its way any more: no run, no tile, no message; the cursor at rest,
 * or where `point` puts it.
 */
async function take(
  { page, vscode, workbench, step, screenshot }: FlowContext,
  name: string,
  frame?: Frame,
  point?: () => Promise<void>,
): Promise<void> {
  await step(name, async () => {
    await page.mouse.move(720, 895);
    if (frame) await answered(frame);
    await engineIdle(vscode);
    await eventually(async () => {
      assert.deepEqual(await workbench.notifications(), []);
      assert.doesNotMatch(await page.locator(".statusbar").innerText(), /Running|%/);
      for (const one of await workbench.webviews())
        assert.equal(await one.locator("[data-testid^=tile-][data-drawn=false]").count(), 0, "tiles are not drawn yet");
    });
    await point?.();
    // Twice the same: what fades or scrolls has come to rest.
    await eventually(async () => {
      const [before, after] = [await page.screenshot(), await page.screenshot()];
      assert.ok(before.equals(after), "it still moves");
    });
    await screenshot(`readme/${name}`);
  });
}
