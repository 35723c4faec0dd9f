// Two windows on one folder have the results on disk in common, and the files.
import assert from "node:assert/strict";
import { flow } from "../harness/flow.ts";
import { eventually } from "../harness/eventually.ts";
import { answered, engineIdle, engineNow, panelFrame, saliencyOfTheCat, testid } from "./person.ts";

flow(
  "two windows on one folder: what one computed the other shows, and a recipe saved in one is told in the other",
  {},
  async ({ workbench, vscode, workspace, step, openWindow }) => {
    const first = await step("a saliency in the first window", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const panel = await saliencyOfTheCat(workbench);
      await answered(panel);
      await engineIdle(vscode);
      return panel;
    });
    const other = await step("the second window shows it, and runs nothing", async () => {
      const other = await openWindow(workspace);
      await other.workbench.openFile("efficientnet-lite0.onnx");
      await answered(await saliencyOfTheCat(other.workbench));
      assert.equal((await engineIdle(other.vscode)).runs, 0);
      return other;
    });
    await step("a recipe saved in the second is told in the first, where the picture stays", async () => {
      const panel = await panelFrame(other.workbench);
      await testid(panel, "recipe").click();
      await testid(panel, "recipe-fit").selectOption("stretch");
      await testid(panel, "recipe-save").click();
      await eventually(async () =>
        assert.ok((await engineNow(other.vscode)).runs > 0, "the model was not run with it"),
      );
      await engineIdle(other.vscode);
      await answered(panel);
      await testid(first, "stale").waitFor();
      assert.match(await testid(first, "stale").innerText(), /recipe/);
      assert.ok(await testid(first, "heatmap").isVisible());
    });
    await step("run again there, it is the second's result", async () => {
      const { runs } = await engineIdle(vscode);
      await testid(first, "run-again").click();
      await answered(first);
      assert.equal((await engineIdle(vscode)).runs, runs);
    });
  },
);
