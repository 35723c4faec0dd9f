import assert from "node:assert/strict";
import { copyFile, rm } from "node:fs/promises";
import path from "node:path";
import type { Frame, Locator, Page } from "playwright-core";
import type { Bridge } from "../harness/bridge.ts";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import type { Workbench } from "../harness/workbench.ts";
import { answered, comparisonOfTheCat, engineIdle, panelFrame, saliencyOfTheCat, testid } from "./person.ts";

async function openTrees(page: Page): Promise<void> {
  // A click on the icon of a container that is open closes it.
  if (await page.locator('.sidebar .pane-header[aria-label^="Results"]').isVisible()) return;
  await page.locator('.activitybar .action-label[aria-label^="Neural Loupe"]').first().click();
  await page.locator('.sidebar .pane-header[aria-label^="Results"]').waitFor();
}

/** The rows of the list of results. */
function results(page: Page): Locator {
  return page.locator('.sidebar .pane:has(.pane-header[aria-label^="Results"]) .monaco-list-row');
}

async function panelTabs(vscode: Bridge): Promise<string[]> {
  return (await vscode.tabs())
    .filter(({ viewType }) => viewType?.includes("neuralLoupe.panel"))
    .map(({ label }) => label);
}

async function pin(frame: Frame): Promise<void> {
  await eventually(async () => {
    if ((await testid(frame, "pin").getAttribute("aria-pressed")) === "true") return;
    await testid(frame, "pin").click({ timeout: 2000 });
    throw new Error("The panel is not pinned.");
  });
}

async function menu(workbench: Workbench, row: Locator, entry: string): Promise<void> {
  await row.click({ button: "right" });
  await workbench.clickMenu(entry);
}

flow(
  "Pin: the result is kept, the next opens in a new tab; both and the list survive a reload; rename, remove, undo",
  {},
  async ({ page, workbench, vscode, workspace, step, screenshot }) => {
    await copyFile(path.join(workspace, "cat.png"), path.join(workspace, "same.png"));
    await step("nothing is kept yet, and the list says how", async () => {
      await openTrees(page);
      await page.locator(".sidebar .welcome-view-content").getByText("Pin in a panel's header").first().waitFor();
    });
    await step("pin a saliency", async () => {
      await page.locator('.activitybar .action-label[aria-label^="Explorer"]').first().click();
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      await answered(frame);
      await pin(frame);
      await openTrees(page);
      await eventually(async () => {
        const [text] = await results(page).allInnerTexts();
        for (const part of ["Saliency", "cat.png", "Egyptian cat", "efficientnet-lite0"])
          assert.ok(text?.includes(part), text);
      });
      await eventually(async () =>
        assert.deepEqual(await panelTabs(vscode), ["Saliency: efficientnet-lite0 (pinned)"]),
      );
      await screenshot("pinned-panel-dark");
    });
    await step("the next command opens a new tab on the same input and target, without a question", async () => {
      await workbench.runCommand("Neural Loupe: Visualize Grad-CAM");
      await eventually(async () =>
        assert.deepEqual(await panelTabs(vscode), [
          "Saliency: efficientnet-lite0 (pinned)",
          "Grad-CAM: efficientnet-lite0",
        ]),
      );
      const frame = await panelFrame(workbench);
      await testid(frame, "heatmap").waitFor();
      await answered(frame);
      assert.match(await testid(frame, "target").innerText(), /Egyptian cat/);
      assert.match(await page.locator(".statusbar").innerText(), /cat\.png/);
      await screenshot("two-panels-dark");
    });
    await step("after a reload: both tabs, and the list", async () => {
      await workbench.reload();
      await eventually(async () =>
        assert.deepEqual(await panelTabs(vscode), [
          "Saliency: efficientnet-lite0 (pinned)",
          "Grad-CAM: efficientnet-lite0",
        ]),
      );
      await openTrees(page);
      await eventually(async () => assert.equal(await results(page).count(), 1));
    });
    await step("closed, it opens from the list: pinned, and nothing runs", async () => {
      await workbench.closeAllEditors();
      await results(page).first().click();
      const frame = await panelFrame(workbench);
      await testid(frame, "heatmap").waitFor();
      assert.equal(await testid(frame, "pin").getAttribute("aria-pressed"), "true");
      assert.equal((await engineIdle(vscode)).runs, 0);
    });
    await step("rename it", async () => {
      await menu(workbench, results(page).first(), "Rename Result …");
      await workbench.typeQuickInput("the cat's ears");
      await page.keyboard.press("Enter");
      await eventually(async () => assert.match(String(await results(page).allInnerTexts()), /the cat's ears/));
      await eventually(async () => assert.deepEqual(await panelTabs(vscode), ["the cat's ears (pinned)"]));
    });
    await step("an input that is gone is said", async () => {
      await rm(path.join(workspace, "cat.png"));
      await page.locator('.activitybar .action-label[aria-label^="Explorer"]').first().click();
      await openTrees(page);
      await eventually(async () => assert.match(String(await results(page).allInnerTexts()), /The input is gone/));
      await screenshot("results-gone-dark");
      await copyFile(path.join(workspace, "same.png"), path.join(workspace, "cat.png"));
    });
    await step("remove it: the tab is no longer pinned; undo brings it back", async () => {
      await menu(workbench, results(page).first(), "Remove Result");
      await eventually(async () => assert.equal(await results(page).count(), 0));
      await eventually(async () => assert.deepEqual(await panelTabs(vscode), ["Saliency: efficientnet-lite0"]));
      await workbench.clickNotification("Removed", "Undo");
      await eventually(async () => assert.equal(await results(page).count(), 1));
    });
  },
);

flow(
  "a comparison is listed by itself, and opens again after it was closed and the window reloaded",
  {},
  async ({ page, workbench, vscode, step, screenshot }) => {
    await comparisonOfTheCat(workbench);
    await step("it is listed", async () => {
      await openTrees(page);
      await eventually(async () =>
        assert.match(String(await results(page).allInnerTexts()), /Comparison of 4 methods.*cat\.png/s),
      );
      await screenshot("results-comparison-dark");
    });
    await step("closed and reloaded, it opens from the list", async () => {
      await workbench.closeAllEditors();
      await workbench.reload();
      await openTrees(page);
      await results(page).first().click();
      const frame = await workbench.webview("[data-testid=grid]");
      await eventually(async () => assert.equal(await frame.locator('[data-cell][data-kind="done"]').count(), 4));
      assert.equal((await engineIdle(vscode)).runs, 0);
      assert.equal(await results(page).count(), 1);
    });
  },
);
