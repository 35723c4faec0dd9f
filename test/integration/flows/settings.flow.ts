// Settings: what they say, a panel that is opened next begins with; what was chosen in a panel stays.
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, engineNow, panelFrame, saliencyOfTheCat, testid } from "./person.ts";

flow("new panels begin as the settings say", {}, async ({ workbench, vscode, step, screenshot }) => {
  await step("a panel with one of them; others do not change it while it is open", async () => {
    await workbench.openFile("efficientnet-lite0.onnx");
    await vscode.setSetting("neuralLoupe.colorMap", "viridis");
    const frame = await saliencyOfTheCat(workbench);
    await answered(frame);
    assert.equal(await testid(frame, "colormap").inputValue(), "viridis");
    await testid(frame, "provenance").click();
    await eventually(async () =>
      assert.match(
        await testid(frame, "provenance-rows").innerText(),
        /automatic number of threads \(\d+ processors?\)/,
      ),
    );
    await vscode.setSetting("neuralLoupe.arrangement", "map");
    await vscode.setSetting("neuralLoupe.clipping", 90);
    await vscode.setSetting("neuralLoupe.noiseSamples", 2);
    assert.equal(await testid(frame, "arrangement-map").getAttribute("aria-checked"), "false");
  });

  await step("the number of threads starts the engine anew", async () => {
    const { pid } = await engineNow(vscode);
    assert.ok(pid !== undefined, "an engine runs");
    await vscode.setSetting("neuralLoupe.threads", 1);
    await eventually(async () => assert.notEqual((await engineNow(vscode)).pid, pid));
  });

  await step("the next panel begins with all of them", async () => {
    await workbench.closeAllEditors();
    await workbench.openFile("efficientnet-lite0.onnx");
    // On the input and the target that the model's views share.
    await workbench.runCommand("Neural Loupe: Visualize Saliency");
    const frame = await panelFrame(workbench);
    await testid(frame, "heatmap").waitFor();
    await answered(frame);
    assert.equal(await testid(frame, "colormap").inputValue(), "viridis");
    assert.equal(await testid(frame, "clip").inputValue(), "90");
    assert.equal(await testid(frame, "arrangement-map").getAttribute("aria-checked"), "true");
    assert.equal(await testid(frame, "param-samples").inputValue(), "2");
    await testid(frame, "provenance").click();
    await eventually(async () => assert.match(await testid(frame, "provenance-rows").innerText(), /, 1 thread$/m));
    await screenshot("settings-dark");
  });
});
