import assert from "node:assert/strict";
import { mkdir, copyFile } from "node:fs/promises";
import path from "node:path";
import type { Frame } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import {
  editorFrame,
  engineIdle,
  engineNow,
  extensionId,
  panelFrame,
  pickTopClass,
  saliencyOfTheCat,
  testid,
} from "./person.ts";

flow(
  "every command is there; title bar, context menu and layer inspector lead to the panel",
  {},
  async ({ page, workbench, vscode, step, screenshot }) => {
    await step("all commands in the manifest are registered", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      await editorFrame(workbench);
      const missing = await vscode.evaluate(async (vscode, id) => {
        const manifest = vscode.extensions.getExtension(id)?.packageJSON as {
          contributes: { commands: { command: string }[] };
        };
        const registered = await vscode.commands.getCommands(true);
        return manifest.contributes.commands
          .map(({ command }) => command)
          .filter((command) => !registered.includes(command));
      }, extensionId);
      assert.deepEqual(missing, []);
    });

    await step("the title bar's button: Grad-CAM; Back goes to the input", async () => {
      await workbench.titleButton("Neural Loupe").click();
      await workbench.clickMenu("Visualize Grad-CAM");
      await workbench.pick("cat.png");
      await page.locator(".quick-input-widget:visible .codicon-quick-input-back").click();
      await eventually(async () => assert.match((await workbench.quickPickRows()).join("\n"), /cat\.png/), {
        every: 50,
      });
      await screenshot("pick-input-dark");
      await workbench.pick("cat.png");
      await eventually(async () => assert.match((await workbench.quickPickRows()).join("\n"), /Egyptian cat.*%/));
      await screenshot("pick-target-dark");
      await pickTopClass(workbench, "Egyptian cat");
      const frame = await panelFrame(workbench);
      await testid(frame, "heatmap").waitFor();
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some((tab) => tab.label === "Grad-CAM: efficientnet-lite0")),
      );
    });

    await step("the context menu in the explorer: the same panel, another method", async () => {
      await workbench.contextMenu("efficientnet-lite0.onnx", "Neural Loupe", "Visualize Saliency");
      await eventually(async () => {
        const panels = (await vscode.tabs()).filter((tab) => tab.viewType?.includes("neuralLoupe.panel"));
        assert.deepEqual(
          panels.map(({ label }) => label),
          ["Saliency: efficientnet-lite0"],
        );
      });
    });

    await step("a layer's inspector: its feature maps", async () => {
      const editor = await editorFrame(workbench);
      const search = testid(editor, "search").locator("input");
      await search.fill("/_conv_stem/Conv");
      await editor.locator('[data-testid="layers"] [data-row="0"]').click();
      await testid(editor, "layer-feature-maps").click();
      const panel = await panelFrame(workbench);
      await testid(panel, "tiles").waitFor();
      await eventually(async () =>
        assert.match(
          await panel.locator("[data-testid=layer-strip] [aria-selected=true]").innerText(),
          /Conv[\s\S]*32×112×112/,
        ),
      );
    });

    await step("the walkthrough opens", async () => {
      await workbench.runCommand("Neural Loupe: Open Walkthrough");
      await page.getByText("Look inside a neural network").first().waitFor();
      await screenshot("walkthrough-dark");
    });

    const follow = async (title: string, button: string): Promise<void> => {
      await workbench.runCommand("Neural Loupe: Open Walkthrough");
      const heading = page.locator(".getting-started-step").filter({ hasText: title });
      await heading.waitFor();
      const link = heading.getByRole("button", { name: button });
      if (!(await link.isVisible())) await heading.locator(".step-title").click();
      await link.click();
    };

    await step("its steps work on what is shipped: the picture is predicted, explained, compared", async () => {
      await workbench.closeAllEditors();
      await follow("Give it an input", "Predict the Sample Picture");
      const panel = await workbench.webview("[data-testid^=bar-]");
      await eventually(async () => assert.match(await testid(panel, "input").innerText(), /cat/));
      await screenshot("walkthrough-input-dark");
      await follow("Explain the answer", "Explain the Sample Picture");
      await testid(await workbench.webview("[data-testid=heatmap]"), "heatmap").waitFor();
      await follow("Keep, save and compare results", "Compare Methods on the Sample");
      await page.locator(".quick-input-widget").filter({ hasText: "Methods to compare" }).waitFor();
      await page.keyboard.press("Escape");
    });
  },
);

flow(
  "by keyboard alone: from the palette to the number under the cursor",
  {},
  async ({ page, workbench, vscode, step, screenshot }) => {
    const press = (key: string): Promise<void> => page.keyboard.press(key);

    const editor = await step("open the model", async () => {
      await workbench.runCommand("Neural Loupe: Open Model");
      await workbench.pick("efficientnet-lite0.onnx");
      return editorFrame(workbench);
    });
    await step("to the layers, down, and into one", async () => {
      await tabTo(page.keyboard.press.bind(page.keyboard), editor, "[data-testid=layers] *");
      await press("ArrowDown");
      await press("Enter");
      await testid(editor, "inspector").waitFor();
    });
    const panel = await step("the command, its two lists by Enter", async () => {
      await workbench.runCommand("Neural Loupe: Visualize Saliency");
      await workbench.pick("cat.png");
      await pickTopClass(workbench, "Egyptian cat");
      const frame = await panelFrame(workbench);
      await testid(frame, "heatmap").waitFor();
      return frame;
    });
    await step("Tab to the methods, arrow to Grad-CAM, Enter", async () => {
      await tabTo(page.keyboard.press.bind(page.keyboard), panel, "[data-testid=method-saliency]");
      await eventually(
        async () => {
          if ((await focused(panel)) !== "method-grad-cam") await press("ArrowRight");
          assert.equal(await focused(panel), "method-grad-cam");
        },
        { every: 50 },
      );
      await press("Enter");
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some((tab) => tab.label === "Grad-CAM: efficientnet-lite0")),
      );
      await engineIdle(vscode);
    });
    await step("Tab to the heat map, move the cursor, hear the number", async () => {
      await tabTo(page.keyboard.press.bind(page.keyboard), panel, "[data-testid=heatmap-view]");
      await press("m");
      await press("ArrowLeft");
      await eventually(async () =>
        assert.match(await testid(panel, "heatmap-live").innerText(), /Row \d, column \d: .*\d/),
      );
      await screenshot("keyboard-dark");
    });
  },
);

flow(
  "several folders and two windows at once",
  { samples: false, roots: ["one", "two"], files: { "one/a.txt": "", "two/b.txt": "" } },
  async ({ workbench, vscode, workspace, step, openWindow }) => {
    const samples = await vscode.evaluate(
      (vscode, id) => `${vscode.extensions.getExtension(id)?.extensionPath}/samples`,
      extensionId,
    );
    for (const folder of ["one", "two"]) {
      await mkdir(path.join(workspace, folder), { recursive: true });
      for (const name of [
        "efficientnet-lite0.onnx",
        "efficientnet-lite0.loupe.json",
        "imagenet-classes.json",
        "cat.png",
      ]) {
        await copyFile(path.join(samples, name), path.join(workspace, folder, name));
      }
    }
    await step("nothing is open: the command asks which model, of which folder", async () => {
      await eventually(async () =>
        assert.equal(
          await vscode.evaluate(async (vscode) => (await vscode.workspace.findFiles("**/*.onnx")).length),
          2,
        ),
      );
      await workbench.runCommand("Neural Loupe: Visualize Saliency");
      await eventually(async () =>
        assert.equal(
          (await workbench.quickPickRows()).filter((row) => row.includes("efficientnet-lite0.onnx")).length,
          2,
        ),
      );
      await workbench.pick("efficientnet-lite0.onnx, two", "two");
      await workbench.pick("cat.png");
      await pickTopClass(workbench, "Egyptian cat");
      await testid(await panelFrame(workbench), "heatmap").waitFor();
    });
    await step("another window on one of the folders has an engine of its own", async () => {
      const other = await openWindow(path.join(workspace, "one"));
      await other.workbench.openFile("efficientnet-lite0.onnx");
      await saliencyOfTheCat(other.workbench);
      const [first, second] = [await engineIdle(vscode), await engineIdle(other.vscode)];
      assert.ok(first.pid !== undefined && second.pid !== undefined && first.pid !== second.pid);
      assert.equal((await engineNow(vscode)).kind, "idle");
    });
  },
);

/** Presses Tab until something that matches has the focus, in a frame; fails after a whole round. */
async function tabTo(press: (key: string) => Promise<void>, frame: Frame, selector: string): Promise<void> {
  for (let pressed = 0; pressed < 60; pressed++) {
    if (
      await frame.evaluate(
        (selector) => document.hasFocus() && document.activeElement?.matches(selector) === true,
        selector,
      )
    )
      return;
    await press("Tab");
  }
  throw new Error(`60 times Tab, and the focus was never on ${selector}; it is on ${await focused(frame)}`);
}

function focused(frame: Frame): Promise<string> {
  return frame.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    return element?.dataset.testid ?? element?.tagName ?? "nothing";
  });
}
