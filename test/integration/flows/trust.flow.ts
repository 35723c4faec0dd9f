import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { editorFrame, engineNow, saliencyOfTheCat, testid } from "./person.ts";

flow(
  "a workspace that is not trusted: structure is shown, nothing is run, until it is trusted",
  { trust: false },
  async ({ page, workbench, vscode, step, screenshot }) => {
    await step("not trusted", async () => {
      await workbench.dialog.waitFor();
      await workbench.clickDialog("No, I don't trust");
      await eventually(async () => assert.equal(await vscode.evaluate((vscode) => vscode.workspace.isTrusted), false));
    });

    await step("the model opens, and says that it is not run", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await editorFrame(workbench);
      assert.match(await testid(frame, "facts").innerText(), /234 nodes/);
      assert.match(await testid(frame, "blocked").innerText(), /not trusted/);
      await screenshot("untrusted-dark");
    });

    await step("the command says why, and where to change that", async () => {
      await workbench.runCommand("Neural Loupe: Visualize Saliency");
      await workbench.notification("not trusted");
      assert.equal((await engineNow(vscode)).runs, 0);
      await workbench.clickNotification("not trusted", "Manage Workspace Trust");
    });

    await step("trusted: the editor offers its methods, and they run", async () => {
      await page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).first().click();
      await eventually(async () => assert.equal(await vscode.evaluate((vscode) => vscode.workspace.isTrusted), true));
      // VS Code shows that page over all others.
      await page.locator(".monaco-modal-editor-block .codicon-close").first().click();
      await workbench.openFile("efficientnet-lite0.onnx");
      await eventually(async () => assert.equal(await testid(await editorFrame(workbench), "blocked").count(), 0));
      await saliencyOfTheCat(workbench);
    });
  },
);
