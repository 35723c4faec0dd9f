// The integration tests' program: scripts/integration.mjs loads it built, with the VS Code it is to run in.
import path from "node:path";
import type { Page } from "playwright-core";
import "flows:all";
import { answered, pixels, saliencyOfTheCat, testid } from "./flows/person.ts";
import { flows } from "./harness/flow.ts";
import { runFlows } from "./harness/runner.ts";
import type { RunOptions, RunResult } from "./harness/runner.ts";
import { Workbench } from "./harness/workbench.ts";

/** The part of `npm run bench` that drives the same VS Code. */
export { measureProduct } from "../bench/product/main.ts";
/** The part of scripts/themes.mjs that drives it. */
export { recordThemes } from "./themes.ts";

export function runAll(options: RunOptions): Promise<RunResult> {
  return runFlows(flows, options);
}

/**
 * In a workbench on samples/ that somebody else has started: the saliency of the cat, until its heat map is drawn.
 * Leaves a picture of it.
 */
export async function drawSaliency(page: Page, picture: string): Promise<void> {
  const workbench = new Workbench(page);
  await workbench.ready();
  await workbench.findCommand("Neural Loupe: Visualize Saliency");
  await page.keyboard.press("Escape");
  await workbench.openFile("efficientnet-lite0.onnx");
  try {
    const frame = await saliencyOfTheCat(workbench);
    await answered(frame);
    await pixels(testid(frame, "heatmap"));
  } finally {
    await page.screenshot({ path: path.resolve(picture) });
  }
}
