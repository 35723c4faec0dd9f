import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { saliencyOfTheCat, testid } from "./person.ts";

// From a result to a model that explains, and to code that does the same.
flow("export an explanation, copy it as Python", {}, async ({ workbench, vscode, workspace, step, screenshot }) => {
  const frame = await step("saliency", async () => {
    await workbench.openFile("efficientnet-lite0.onnx");
    return saliencyOfTheCat(workbench);
  });

  await step("as a model, from the Save menu: checked, written, opened", async () => {
    await testid(frame, "save").click();
    await testid(frame, "save-onnx").click();
    await workbench.pick("Weights included");
    await workbench.pick("Any target, this one by default");
    const file = path.join(workspace, "explained.onnx");
    await workbench.answerFileDialog(file);
    await eventually(() => assert.ok(existsSync(file), "nothing was written"));
    await workbench.notification(/Saved explained\.onnx\. It was verified, and takes batches of any size\./);
    await screenshot("export-written");
    const bytes = await readFile(file);
    assert.ok(bytes.includes("neural_loupe.technique"), "the model says how it was made");
    await workbench.clickNotification("Saved explained.onnx", "Open");
    await eventually(async () =>
      assert.ok(
        (await vscode.tabs()).some(({ label }) => label === "explained.onnx"),
        "its editor did not open",
      ),
    );
  });

  await step("what cannot be exported says what can", async () => {
    await testid(frame, "method-predictions").click();
    await testid(frame, "bar-285").waitFor();
    await testid(frame, "save").click();
    await testid(frame, "save-onnx").click();
    await eventually(async () =>
      assert.match(await testid(frame, "error").innerText(), /can't be exported as a single ONNX graph[\s\S]*Saliency/),
    );
  });

  await step("as Python, on the clipboard", async () => {
    await testid(frame, "method-grad-cam").click();
    await testid(frame, "heatmap").waitFor();
    await testid(frame, "save").click();
    await testid(frame, "save-python").click();
    await eventually(async () => {
      const code = await vscode.evaluate((vscode) => vscode.env.clipboard.readText());
      assert.match(code, /from pytorch_grad_cam import GradCAM/);
      assert.match(code, /ClassifierOutputTarget/);
      assert.match(code, /model = load_model\(\)\.eval\(\)/);
    });
  });
});
