// Inputs that are no pictures: a table's row by its number, what of its columns the model gets, and a list in a .json
// file.
import assert from "node:assert/strict";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { linearFiles } from "./linear.ts";
import { answered, engineIdle, panelFrame, testid } from "./person.ts";

flow(
  "a table's row is chosen by its number, its label column left out, and a list in a .json file taken",
  {
    samples: false,
    settings: { "neuralLoupe.palette": "all" },
    files: {
      ...linearFiles,
      "people.csv": "age,height,size,label\n31,1.75,42,1\n8,1.5,30,0\n",
      "list.json": "[[4, 5, 6]]",
    },
  },
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const panel = await step(
      "the second row; the model takes three of its four columns, so it asks which",
      async () => {
        await workbench.openFile("linear.onnx");
        await workbench.runCommand("Neural Loupe: Visualize Input × Gradient");
        await workbench.pick("people.csv");
        await workbench.answerInput("Which row of people.csv?", "1");
        await workbench.pick("no");
        const panel = await panelFrame(workbench);
        await eventually(async () => assert.match(await testid(panel, "error").innerText(), /people\.csv/));
        assert.match(await testid(panel, "input").innerText(), /people\.csv, row 1/);
        await screenshot("table-columns-dark");
        return panel;
      },
    );

    await step("the label column is left out by the form", async () => {
      await testid(panel, "recipe").click();
      await testid(panel, "recipe-ignore").locator("visible=true").first().fill("label");
      await testid(panel, "recipe-use").click();
      // Row times weights: 8·1, 1.5·2, 30·3.
      for (const [place, text] of [
        [0, /age\s*8/],
        [1, /height\s*3/],
        [2, /size\s*90/],
      ] as const)
        await eventually(async () => assert.match(await testid(panel, `feature-${place}`).innerText(), text));
      await answered(panel);
      await screenshot("table-row-dark");
    });

    await step("Browse… takes a .json file as it is", async () => {
      await testid(panel, "input").click();
      await workbench.pick("Browse…");
      await workbench.answerFileDialog(path.join(workspace, "list.json"));
      await eventually(async () => assert.match(await testid(panel, "input").innerText(), /list\.json/));
      // 4·1, 5·2, 6·3.
      await eventually(async () => assert.match(await testid(panel, "feature-2").innerText(), /18/));
      assert.match(await testid(panel, "feature-1").innerText(), /10/);
      await engineIdle(vscode);
    });
  },
);
