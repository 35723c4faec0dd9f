import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { editorFrame, engineNow, testid } from "./person.ts";

/** Opens the container of Neural Loupe's trees. */
async function openTrees(page: Page): Promise<void> {
  await page.locator('.activitybar .action-label[aria-label^="Neural Loupe"]').first().click();
  await page.locator(".sidebar .composite.title").filter({ hasText: "Neural Loupe" }).first().waitFor();
}

/** The rows of the trees whose label is this. */
function row(page: Page, label: string): Locator {
  return page
    .locator(".sidebar .monaco-list-row")
    .filter({
      has: page.locator(".label-name", { hasText: new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) }),
    });
}

async function expand(target: Locator): Promise<void> {
  await eventually(async () => {
    if ((await target.getAttribute("aria-expanded")) === "true") return;
    await target.locator(".monaco-tl-twistie").click();
    throw new Error("The row is not expanded.");
  });
}

/** What the keyboard's keys go to: in the trees, or not. */
function focusInTrees(page: Page): Promise<boolean> {
  return page.evaluate(() => document.activeElement?.closest(".sidebar") !== null);
}

flow(
  "the tree of models: expanded, in step with the editor both ways, without taking the keyboard",
  {},
  async ({ page, workbench, vscode, step, screenshot }) => {
    await step("lists the workspace's models; nothing was read for it", async () => {
      await openTrees(page);
      await row(page, "efficientnet-lite0.onnx").waitFor();
      assert.equal((await engineNow(vscode)).kind, "stopped");
    });

    await step("a model's modules, a layer, its tensors", async () => {
      await expand(row(page, "efficientnet-lite0.onnx"));
      await expand(row(page, "_conv_stem / Conv").or(row(page, "_conv_stem")).first());
      await eventually(async () => assert.ok((await row(page, "Conv").count()) >= 1));
      await expand(row(page, "Conv").first());
      await eventually(async () =>
        assert.match(await page.locator(".sidebar .monaco-list-row").allInnerTexts().then(String), /32×3×3×3/),
      );
      await screenshot("trees-models-dark");
    });

    await step("a click on a layer selects it in the editor; the keyboard stays in the tree", async () => {
      await row(page, "Conv").first().click();
      const frame = await editorFrame(workbench);
      await testid(frame, "inspector").waitFor();
      await eventually(async () => assert.match(await testid(frame, "inspector").innerText(), /_conv_stem\/Conv/));
      assert.equal(await focusInTrees(page), true);
    });

    await step("a layer that is selected in the editor is shown in the tree; the keyboard stays there", async () => {
      const frame = await editorFrame(workbench);
      await testid(frame, "search").locator("input").fill("Gemm");
      await frame.locator("[data-row]").first().click();
      await eventually(async () =>
        assert.match(await page.locator(".sidebar .monaco-list-row.selected").allInnerTexts().then(String), /Gemm/),
      );
      assert.equal(await focusInTrees(page), false);
      await screenshot("trees-in-step-dark");
    });

    await step("another layer from the tree, while the editor's search hides it", async () => {
      await row(page, "Reshape").first().click();
      const frame = await editorFrame(workbench);
      await eventually(async () => assert.match(await testid(frame, "inspector").innerText(), /^\/?Reshape/));
      assert.equal(await testid(frame, "search").locator("input").inputValue(), "");
    });
  },
);

flow(
  "the tree of models of an empty workspace says what to do; a broken file says what is wrong",
  { samples: false, files: { "readme.txt": "" } },
  async ({ page, workbench, workspace, step, screenshot }) => {
    await step("nothing there", async () => {
      await openTrees(page);
      await page.locator(".sidebar .welcome-view-content").getByText("Open Sample Model").first().waitFor();
      await screenshot("trees-empty-dark");
    });
    await step("a file that comes is listed, and its error is a child", async () => {
      await writeFile(path.join(workspace, "broken.onnx"), "no model");
      await row(page, "broken.onnx").waitFor();
      await expand(row(page, "broken.onnx"));
      await eventually(async () => assert.equal(await page.locator(".sidebar .codicon-error").count(), 1));
      await screenshot("trees-broken-dark");
    });
    await step("a file that goes is gone", async () => {
      await rm(path.join(workspace, "broken.onnx"));
      await row(page, "broken.onnx").waitFor({ state: "detached" });
    });
    await step("the walkthrough did not open: this profile wants none", async () => {
      assert.equal(
        await page
          .locator(".tab")
          .filter({ hasText: /Welcome|Walkthrough/ })
          .count(),
        0,
      );
      await workbench.closeAllEditors();
    });
  },
);

flow(
  "a workspace of 50,000 files and 500 models: listed by name, read only where it is expanded",
  { samples: false, files: { "a.txt": "" } },
  async ({ page, vscode, workspace, step, screenshot }) => {
    await step("make it", async () => {
      for (let folder = 0; folder < 500; folder++) {
        const place = path.join(workspace, `run${String(folder).padStart(3, "0")}`);
        await mkdir(place);
        await Promise.all(Array.from({ length: 99 }, (_, file) => writeFile(path.join(place, `log${file}.txt`), "")));
        await writeFile(path.join(place, `net${String(folder).padStart(3, "0")}.onnx`), "");
      }
    });
    await step("the list is there, a page of it; the engine that reads files was never started", async () => {
      await openTrees(page);
      await vscode.command("neuralLoupe.refreshModels");
      await row(page, "net000.onnx").waitFor();
      await eventually(async () => {
        await page.locator(".sidebar .monaco-list").first().focus();
        await page.keyboard.press("End");
        assert.match(await page.locator(".sidebar .monaco-list-row").last().innerText(), /Show more.*300 not shown/s);
      });
      assert.equal((await engineNow(vscode)).pid, undefined);
      await screenshot("trees-many-dark");
    });
    await step("Show more, by the keyboard", async () => {
      await page.keyboard.press("Enter");
      await eventually(async () => {
        await page.keyboard.press("End");
        assert.match(await page.locator(".sidebar .monaco-list-row").last().innerText(), /Show more.*100 not shown/s);
      });
      assert.equal((await engineNow(vscode)).pid, undefined);
    });
    await step("one is expanded: that one is read", async () => {
      await page.keyboard.press("Home");
      await expand(row(page, "net000.onnx"));
      await eventually(async () => assert.equal(await page.locator(".sidebar .codicon-error").count(), 1));
      assert.notEqual((await engineNow(vscode)).pid, undefined);
    });
  },
);

flow(
  "a first start opens the walkthrough, once",
  { settings: { "neuralLoupe.openWalkthrough": true, "workbench.welcomePage.walkthroughs.openOnInstall": true } },
  async ({ page, workbench, vscode, step, screenshot }) => {
    const walkthrough = page.locator(".tab").filter({ hasText: /Welcome|Walkthrough/ });
    await step("the first model is in front, the walkthrough a tab beside it", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      await walkthrough.waitFor();
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some(({ label, active }) => active && label === "efficientnet-lite0.onnx")),
      );
      await editorFrame(workbench);
    });
    await step("the tab is ours", async () => {
      await page
        .locator(".tab")
        .filter({ hasText: /Welcome|Walkthrough/ })
        .click();
      await page.getByText("Look inside a neural network").first().waitFor();
      await screenshot("first-start-dark");
    });
    await step("not again after a reload", async () => {
      await workbench.closeAllEditors();
      await workbench.reload();
      await workbench.openFile("efficientnet-lite0.onnx");
      await editorFrame(workbench);
      await openTrees(page);
      await row(page, "efficientnet-lite0.onnx").waitFor();
      assert.equal(await walkthrough.count(), 0);
    });
  },
);
