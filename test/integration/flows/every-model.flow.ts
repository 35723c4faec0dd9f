// A model of every kind, from a click on its file to a picture that says something: by mouse, then another method by
// keyboard alone, at three widths. Clicks and times are printed.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import type { FlowContext } from "../harness/flow.ts";
import { answered, editorFrame, panelFrame, testid } from "./person.ts";

/** What VS Code puts beside the panel where the side bar is closed, in pixels. */
const sides = 60;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

interface Way {
  /** The model's name, as its file's and (but for samples/shapes) its folder's. */
  readonly model: string;
  readonly folder?: string;
  /** The row of the list of inputs that a person clicks. */
  readonly input: string;
  /** What is on the page then: a CSS selector. */
  readonly answer: string;
  /** The method that is taken by keyboard, as the palette has it, and what it shows. */
  readonly method: string;
  readonly shows: string;
}

function testId(id: string): string {
  return `[data-testid="${id}"]`;
}

const saliency = { method: "Visualize Saliency", shows: testId("heatmap") };

const pictures: readonly Way[] = [
  { model: "segmentation", folder: "samples/shapes", input: "shapes.png", answer: testId("mask"), ...saliency },
  { model: "detector", folder: "samples/shapes", input: "objects.png", answer: testId("boxes-over"), ...saliency },
  { model: "detector-nms", input: "objects.png", answer: testId("boxes-over"), ...saliency },
  { model: "multi-label", input: "circle-and-triangle.png", answer: ".predictions.large", ...saliency },
  { model: "sigmoid", input: "circle.png", answer: ".predictions.large", ...saliency },
  { model: "regression", input: "radius-20.png", answer: testId("number-0"), ...saliency },
  { model: "autoencoder", input: "circle.png", answer: testId("output-image"), ...saliency },
  { model: "embedding", input: "circle.png", answer: testId("vector"), ...saliency },
  { model: "keypoints", input: "figure.png", answer: testId("point-0"), ...saliency },
];

const others: readonly Way[] = [
  {
    model: "heartbeat",
    folder: "samples/heartbeat",
    input: "premature-beat.npy",
    answer: ".predictions.large",
    method: "Visualize Saliency",
    shows: testId("line-view"),
  },
  {
    model: "audio",
    input: "noisy.npy",
    answer: testId("wave"),
    method: "Visualize Saliency",
    shows: testId("line-view"),
  },
  {
    model: "generator",
    input: "code.npy",
    answer: testId("output-image"),
    method: "Visualize Saliency",
    shows: testId("feature-bars"),
  },
  { model: "video", input: "right.npy", answer: ".predictions.large", ...saliency },
  {
    model: "table",
    input: "fish.csv",
    answer: ".predictions.large",
    method: "Visualize Saliency",
    shows: testId("feature-bars"),
  },
  {
    model: "text",
    input: "praise.txt",
    answer: ".predictions.large",
    method: "Visualize Saliency",
    shows: testId("tokens"),
  },
  {
    model: "text-tokens",
    input: "praise.npz",
    answer: ".predictions.large",
    method: "Visualize Saliency",
    shows: testId("tokens"),
  },
  {
    model: "many-nodes",
    input: "row.csv",
    answer: ".predictions.large",
    method: "Visualize Saliency",
    shows: testId("feature-bars"),
  },
];

for (const [name, ways] of [
  ["pictures", pictures],
  ["signals, tables, texts", others],
] as const)
  flow(`a model of every kind: ${name}`, { samples: false, files: filesOf(ways) }, async (context) => {
    for (const way of ways) await context.step(way.model, () => walk(context, way));
  });

async function walk(context: FlowContext, way: Way): Promise<void> {
  const { page, workbench, vscode } = context;
  await page.setViewportSize({ width: 1440, height: 900 });
  await vscode.command("workbench.action.closeAllEditors");
  await vscode.command("workbench.view.explorer");
  await vscode.command("workbench.files.action.collapseExplorerFolders");
  const folder = workbench.explorerRow(path.basename(folderOf(way)));
  await eventually(async () => {
    if ((await folder.getAttribute("aria-expanded")) !== "true") await folder.click();
    assert.ok(await workbench.explorerRow(`${way.model}.onnx`).isVisible());
  });
  await byMouse(context, way);
  await vscode.command("workbench.action.closeSidebar");
  await vscode.command("workbench.action.focusSecondEditorGroup");
  await vscode.command("workbench.action.closeEditorsInOtherGroups");
  await atThreeWidths(context, way.answer, `${way.model}-predictions`);
  await workbench.runCommand(`Neural Loupe: ${way.method}`);
  await atThreeWidths(context, way.shows, `${way.model}-method`);
  await byTab(context);
}

/** From a click on the file to the answer: at most four clicks. The program's time after each is printed. */
async function byMouse({ page, workbench }: FlowContext, { model, input, answer }: Way): Promise<void> {
  const waits: number[] = [];
  const click = async <T>(target: () => Promise<void>, until: () => Promise<T>): Promise<T> => {
    await target();
    const began = performance.now();
    const found = await eventually(until, { every: 10 });
    waits.push(performance.now() - began);
    return found;
  };
  const answers = async (): Promise<void> => {
    const panel = await panelFrame(workbench);
    assert.ok(await panel.locator(answer).first().isVisible(), await panel.locator(".stage").innerText());
  };
  const editor = await click(
    () => workbench.explorerRow(`${model}.onnx`).click(),
    () => editorFrame(workbench),
  );
  await click(
    () => testid(editor, "visualize-predictions").click(),
    async () => assert.ok((await workbench.quickPickRows()).some((row) => row.startsWith(input))),
  );
  if (input.endsWith(".csv")) {
    const box = page.locator(".quick-input-widget:visible .quick-input-message").filter({ hasText: "Which row" });
    await click(
      () => workbench.clickPick(input),
      () => box.waitFor(),
    );
    await click(() => page.keyboard.press("Enter"), answers);
  } else await click(() => workbench.clickPick(input), answers);
  const all = waits.reduce((sum, wait) => sum + wait, 0);
  console.log(`    ${waits.length} clicks, ${waits.map((one) => one.toFixed(0)).join(" + ")} = ${all.toFixed(0)} ms`);
  assert.ok(waits.length <= 4);
}

/** Nothing is wider than the panel, no control out of it, and the answer begins on the first screen. */
async function atThreeWidths({ page, workbench, screenshot }: FlowContext, shows: string, name: string): Promise<void> {
  for (const width of [1000, 520, 320]) {
    await page.setViewportSize({ width: width + sides, height: 900 });
    // Looked for each time: VS Code may have moved the panel to another group, with another frame.
    const panel = await eventually(async () => {
      const frame = await panelFrame(workbench);
      const now = await frame.evaluate(() => innerWidth);
      assert.ok(Math.abs(now - width) < 16, `the panel is ${now} px wide`);
      const box = await frame.locator(shows).first().boundingBox();
      assert.ok(box && box.y < 800, `no ${shows} on the first screen: ${await frame.locator(".stage").innerText()}`);
      return frame;
    });
    await answered(panel);
    await screenshot(`every-model/${name}-${width}`);
    const off = await panel.evaluate(() => {
      const controls = [...document.querySelectorAll<HTMLElement>("button, select, input, summary, [tabindex='0']")];
      const out = controls
        .filter((one) => one.checkVisibility())
        .filter((one) => {
          const { left, right, width: wide } = one.getBoundingClientRect();
          return wide > 0 && (left < -1 || right > innerWidth + 1);
        })
        .map((one) => one.dataset.testid ?? one.outerHTML.slice(0, 80));
      return [...(document.documentElement.scrollWidth > innerWidth ? ["the page"] : []), ...out];
    });
    assert.deepEqual(off, [], `at ${width} px wider than the panel`);
  }
}

/** Tab after Tab through the narrow panel: each stop has a name, can be seen and shows that it is the one. */
async function byTab({ page, workbench }: FlowContext): Promise<void> {
  const panel = await panelFrame(workbench);
  await panel.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
  });
  const stops: string[] = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const stop = await panel.evaluate(() => {
      const one = document.activeElement as HTMLElement | null;
      if (!one || one === document.body || !document.hasFocus()) return undefined;
      const { width, height, left, right, top, bottom } = one.getBoundingClientRect();
      const style = getComputedStyle(one);
      const label = one instanceof HTMLInputElement || one instanceof HTMLSelectElement ? one.labels?.[0] : undefined;
      const name = one.getAttribute("aria-label") ?? label?.innerText ?? (one.innerText || one.title);
      return {
        id: one.dataset.testid ?? `${one.tagName} ${name}`,
        name: name.trim(),
        seen: width > 0 && height > 0 && left >= -1 && right <= innerWidth + 1 && bottom > 0 && top < innerHeight,
        marked: style.outlineStyle !== "none" || style.boxShadow !== "none",
      };
    });
    if (!stop || stops[0] === stop.id || stops.length > 200) break;
    assert.ok(stop.name, `${stop.id} has no name`);
    assert.ok(stop.seen, `${stop.id} is out of sight when it has the focus`);
    assert.ok(stop.marked, `${stop.id} does not show that it has the focus`);
    stops.push(stop.id);
  }
  for (const id of ["model", "method", "method-saliency"]) assert.ok(stops.includes(id), `Tab does not reach ${id}`);
  assert.ok(stops.length < 200, "Tab goes on and on");
}

function folderOf({ model, folder }: Way): string {
  return folder ?? `test/models/window/${model}`;
}

function filesOf(ways: readonly Way[]): Readonly<Record<string, Uint8Array>> {
  return Object.fromEntries(
    [...new Set(ways.map(folderOf))].flatMap((folder) =>
      readdirSync(path.join(root, folder)).map((name) => [
        `${path.basename(folder)}/${name}`,
        readFileSync(path.join(root, folder, name)),
      ]),
    ),
  );
}
