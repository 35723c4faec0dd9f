import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { saliencyOfTheCat, testid } from "./person.ts";

flow(
  "the extension starts, offers its commands and opens a model",
  { alsoPacked: true },
  async ({ workbench, vscode, page, step, screenshot, packed }) => {
    await step("it is installed, and where it should be", async () => {
      const found = await vscode.evaluate((vscode) => {
        const extension = vscode.extensions.getExtension("neural-loupe.neural-loupe");
        return (
          extension && {
            folder: extension.extensionPath,
            version: (extension.packageJSON as { version: string }).version,
          }
        );
      });
      assert.ok(found, "VS Code does not know the extension neural-loupe.neural-loupe");
      assert.equal(/[\\/]extensions[\\/]neural-loupe/.test(found.folder), packed, `it runs from ${found.folder}`);
    });

    await step("the palette lists its commands", async () => {
      await workbench.openPalette();
      await workbench.typeQuickInput("Neural Loupe:");
      await eventually(async () => {
        const rows = await workbench.quickPickRows();
        assert.ok(rows.length > 0 && rows.every((row) => row.includes("Neural Loupe")), `rows: ${rows.join(" | ")}`);
      });
      await page.keyboard.press("Escape");
    });

    await step("a click on a model opens it in our editor", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      await eventually(async () => {
        const active = (await vscode.tabs()).find((tab) => tab.active);
        assert.equal(active?.label, "efficientnet-lite0.onnx");
        assert.match(active.viewType ?? "", /neural-?loupe/i);
      });
      await workbench.webview("body:has-text('efficientnet')");
      await screenshot(packed ? "smoke-packed" : "smoke");
    });

    // The engine, ONNX Runtime and the picture library run from where they were installed.
    await step("saliency of the cat", async () => {
      const frame = await saliencyOfTheCat(workbench);
      await testid(frame, "heatmap").waitFor();
      await screenshot(packed ? "smoke-saliency-packed" : "smoke-saliency");
    });
  },
);
