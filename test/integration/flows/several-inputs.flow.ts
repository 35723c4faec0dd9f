// A model with several inputs: its sample stands first in the list, and its inputs are filled in a form.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, engineIdle, panelFrame, testid } from "./person.ts";

const folder = path.resolve("test/models/window/several-inputs");
const names = ["several-inputs.onnx", "several-inputs.loupe.json", "photo.png", "measures.csv", "example.sample.json"];

flow(
  "a table's row and a picture: a sample is taken from the list, and typed in the form",
  { samples: false, files: Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name))])) },
  async ({ workbench, vscode, step, screenshot }) => {
    const panel = await step("the sample is in the list, and runs", async () => {
      await workbench.openFile("several-inputs.onnx");
      await workbench.runCommand("Neural Loupe: Show Predictions");
      await workbench.pick("example");
      const panel = await panelFrame(workbench);
      await answered(panel);
      assert.match(await testid(panel, "input").innerText(), /example/);
      return panel;
    });

    await step("the form has what the sample gives; a mistake is said in its row", async () => {
      await testid(panel, "input").click();
      const measures = testid(panel, "input-field-measures");
      await eventually(async () => assert.equal(await measures.inputValue(), "-0.39, 0.85, 1.09, 1.86"));
      assert.equal(await testid(panel, "input-field-image").inputValue(), "photo.png");
      await measures.fill("1, 2");
      await eventually(async () =>
        assert.equal(await testid(panel, "input-problem-measures").innerText(), "2 of 4 numbers."),
      );
      await testid(panel, "input-field-image").fill("gone.png");
      await eventually(async () =>
        assert.match(await testid(panel, "input-problem-image").innerText(), /does not exist/),
      );
      await screenshot("input-form-dark");
    });

    await step("what is typed runs, and is called what it holds", async () => {
      await testid(panel, "input-field-image").fill("photo.png");
      await testid(panel, "input-field-measures").fill("1 2 3 4");
      await eventually(async () =>
        assert.match(await testid(panel, "input-hint-measures").innerText(), /The model gets \[1, 4\]/),
      );
      await testid(panel, "input-field-image").press("Enter");
      await eventually(async () => assert.match(await testid(panel, "input").innerText(), /photo\.png, 4 numbers/));
      await answered(panel);
    });
    await engineIdle(vscode);
  },
);
