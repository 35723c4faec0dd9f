// Weights in a file of their own are the model's: when that file changes, what was made from it is out of date.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { linearFiles, weightsFile } from "./linear.ts";
import { answered, editorFrame, engineIdle, engineNow, panelFrame, testid } from "./person.ts";

flow(
  "weights beside the model that change on disk: the editor and the panel say so, and the next run has them",
  { samples: false, files: { ...linearFiles, "row.csv": "age,height,size\n31,1.75,42\n" } },
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const data = path.join(workspace, "linear.onnx.data");
    const [editor, panel] = await step("open, with a panel", async () => {
      await workbench.openFile("linear.onnx");
      const editor = await editorFrame(workbench);
      await workbench.runCommand("Neural Loupe: Visualize Saliency");
      await workbench.pick("row.csv");
      await workbench.answerInput("Which row of row.csv?", "0");
      await workbench.pick("no");
      const panel = await panelFrame(workbench);
      await eventually(async () => assert.match(await testid(panel, "feature-2").innerText(), /size\s*3/));
      return [editor, panel];
    });
    await engineIdle(vscode);

    await step("the weights' file alone is written anew: both say that the model changed", async () => {
      await writeFile(data, weightsFile(1, -1, 2, -2, 7, -7));
      await testid(editor, "changed").waitFor();
      await testid(panel, "stale").waitFor();
      assert.match(await testid(panel, "stale").innerText(), /model changed on disk/);
      assert.match(
        await testid(panel, "feature-2").innerText(),
        /size\s*3/,
        "what was made from the weights before stays",
      );
      await screenshot("external-weights-changed-dark");
    });

    await step("run again, with the new weights", async () => {
      const { runs } = await engineIdle(vscode);
      await testid(panel, "run-again").click();
      await eventually(async () => assert.match(await testid(panel, "feature-2").innerText(), /size\s*7/));
      assert.ok((await engineNow(vscode)).runs > runs, "the model was run");
      await answered(panel);
      await testid(editor, "reload").first().click();
      await eventually(async () => assert.equal(await testid(editor, "changed").count(), 0));
    });
  },
);
