import assert from "node:assert/strict";
import { flow } from "../harness/flow.ts";
import { eventually } from "../harness/eventually.ts";
import { answered, engineIdle, engineNow, saliencyOfTheCat, testid } from "./person.ts";

flow(
  "two windows on one folder: a recipe that is saved in one is told in the other",
  {},
  async ({ workbench, vscode, workspace, step, openWindow }) => {
    const other = await openWindow(workspace);
    const [first, second] = await step("a saliency in both", async () => {
      const panels = [];
      for (const window of [{ workbench, vscode }, other]) {
        await window.workbench.openFile("efficientnet-lite0.onnx");
        const panel = await saliencyOfTheCat(window.workbench);
        await answered(panel);
        await engineIdle(window.vscode);
        panels.push(panel);
      }
      return panels;
    });
    await step("a recipe saved in the second is told in the first, where the picture stays", async () => {
      const { runs } = await engineIdle(other.vscode);
      await testid(second, "recipe").click();
      await testid(second, "recipe-fit").selectOption("stretch");
      await testid(second, "recipe-save").click();
      await eventually(async () => assert.ok((await engineNow(other.vscode)).runs > runs, "it was not run with it"));
      await engineIdle(other.vscode);
      await answered(second);
      await testid(first, "stale").waitFor();
      assert.match(await testid(first, "stale").innerText(), /recipe/);
      assert.ok(await testid(first, "heatmap").isVisible());
    });
    await step("run again there, the panel has the recipe", async () => {
      const { runs } = await engineIdle(vscode);
      await testid(first, "run-again").click();
      await eventually(async () => assert.ok((await engineNow(vscode)).runs > runs, "it was not run again"));
      await engineIdle(vscode);
      await answered(first);
      await testid(first, "recipe").click();
      assert.equal(await testid(first, "recipe-fit").inputValue(), "stretch");
    });
  },
);
