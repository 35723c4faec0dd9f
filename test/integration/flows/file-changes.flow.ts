import assert from "node:assert/strict";
import { appendFile, rm, writeFile, readFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, editorFrame, engineIdle, engineNow, panelFrame, saliencyOfTheCat, testid } from "./person.ts";

/** ModelProto.doc_string (field 6), which may be added at the end of a model file. */
const docString = Buffer.concat([Buffer.from([0x32, 12]), Buffer.from("written anew")]);

flow(
  "a model that changes or goes while open: a reload is offered, nothing is lost",
  {},
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const model = path.join(workspace, "efficientnet-lite0.onnx");
    const sample = await readFile(model);
    const [editor, panel] = await step("open, with a panel", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const editor = await editorFrame(workbench);
      return [editor, await saliencyOfTheCat(workbench)];
    });
    await engineIdle(vscode);

    await step("changed on disk: editor and panel offer to read it again", async () => {
      await appendFile(model, docString);
      await testid(editor, "changed").waitFor();
      await testid(panel, "stale").waitFor();
      assert.ok(await testid(panel, "heatmap").isVisible(), "the picture stays");
      await screenshot("model-changed-dark");
      await testid(editor, "reload").first().click();
      await eventually(async () => assert.equal(await testid(editor, "changed").count(), 0));
      await testid(editor, "tab-about").click();
      await eventually(async () => assert.match(await testid(editor, "about").innerText(), /written anew/));
      const { runs } = await engineIdle(vscode);
      await testid(panel, "run-again").click();
      await eventually(async () => assert.ok((await engineNow(vscode)).runs > runs, "the model was run again"));
      await engineIdle(vscode);
      await answered(panel);
    });

    await step("a recipe that changes beside it is told, too", async () => {
      const recipe = path.join(workspace, "efficientnet-lite0.loupe.json");
      await writeFile(recipe, (await readFile(recipe, "utf8")).replace("center-crop", "stretch"));
      await testid(panel, "stale").waitFor();
      assert.match(await testid(panel, "stale").innerText(), /recipe/);
      await testid(panel, "run-again").click();
      await answered(panel);
      await engineIdle(vscode);
    });

    await step("deleted: said, and the last picture stays", async () => {
      await rm(model);
      await testid(panel, "stale").waitFor();
      assert.match(await testid(panel, "stale").innerText(), /deleted/);
      await testid(editor, "changed").waitFor();
      assert.ok(await testid(panel, "heatmap").isVisible());
      await screenshot("model-deleted-dark");
    });

    await step("put back: it runs again", async () => {
      await writeFile(model, sample);
      await eventually(async () => assert.match(await testid(panel, "stale").innerText(), /changed/));
      await testid(panel, "run-again").click();
      await answered(panel);
    });
  },
);

flow(
  "a recipe changed in the panel is used, saved beside the model, and found again",
  {},
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const frame = await step("the panel's Preprocessing", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      await testid(frame, "recipe").click();
      await testid(frame, "recipe-form").waitFor();
      await testid(frame, "preview").waitFor();
      await screenshot("recipe-dark");
      return frame;
    });
    await step("saved beside the model", async () => {
      const { runs } = await engineIdle(vscode);
      await testid(frame, "recipe-fit").selectOption("stretch");
      await testid(frame, "recipe-save").click();
      await eventually(async () => {
        const saved = JSON.parse(await readFile(path.join(workspace, "efficientnet-lite0.loupe.json"), "utf8")) as {
          inputs: { images: { fit: string } };
        };
        assert.equal(saved.inputs.images.fit, "stretch");
      });
      // What the panel wrote itself is no news: nothing is called old.
      // The file is there before the panel has asked for the run.
      await eventually(async () => assert.ok((await engineNow(vscode)).runs > runs, "the model was not run with it"));
      await engineIdle(vscode);
      await answered(frame);
    });
    await step("found again after a reload of the window", async () => {
      await workbench.reload();
      const again = await panelFrame(workbench);
      await testid(again, "heatmap").waitFor();
      assert.equal((await engineNow(vscode)).runs, 0);
    });
  },
);
