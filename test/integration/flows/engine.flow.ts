import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import type { Frame } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, cancelledNote, engineIdle, engineNow, extensionId, saliencyOfTheCat, testid } from "./person.ts";

flow(
  "the engine is killed mid-run: the panel says so, and the next run works",
  {},
  async ({ workbench, vscode, step, screenshot }) => {
    const frame = await step("a long run", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      await noiseSamples(frame, 1000);
      await eventually(async () => assert.match(await testid(frame, "progress").innerText(), /%/));
      return frame;
    });
    const killed = await step("kill -9", async () => {
      const { pid } = await engineNow(vscode);
      assert.ok(pid !== undefined);
      process.kill(pid, "SIGKILL");
      await testid(frame, "error").waitFor();
      assert.match(await testid(frame, "error").innerText(), /was killed \(SIGKILL\)[\s\S]*neuralLoupe\.engine\.node/);
      assert.ok(await testid(frame, "heatmap").isVisible(), "the last picture stays");
      await screenshot("engine-killed-dark");
      return pid;
    });
    await step("the next run, in a new process", async () => {
      await noiseSamples(frame, 2);
      await answered(frame);
      const { pid } = await engineIdle(vscode);
      assert.ok(pid !== undefined && pid !== killed);
    });
  },
);

flow(
  "two panels: one is cancelled, the other's job ends well",
  { viewport: { width: 1900, height: 900 } },
  async ({ workbench, vscode, workspace, step }) => {
    await step("two models, a panel each, side by side", async () => {
      await copyFile(path.join(workspace, "efficientnet-lite0.onnx"), path.join(workspace, "second.onnx"));
      await copyFile(path.join(workspace, "efficientnet-lite0.loupe.json"), path.join(workspace, "second.loupe.json"));
      await workbench.openFile("efficientnet-lite0.onnx");
      await saliencyOfTheCat(workbench);
      await workbench.openFile("second.onnx");
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some((tab) => tab.active && tab.label === "second.onnx" && tab.group === 2)),
      );
      await saliencyOfTheCat(workbench);
      // The second model lies over the first panel: back to that.
      await workbench.page.locator(".tab").filter({ hasText: "Saliency: efficientnet-lite0" }).click();
    });
    const frames = await eventually(async () => {
      const found: Frame[] = [];
      for (const frame of await workbench.webviews()) if (await testid(frame, "heatmap").count()) found.push(frame);
      assert.equal(found.length, 2, "two panels are to be seen");
      return found;
    });
    const [first, second] = frames;
    await step("the first runs long, the second waits; Cancel in the first", async () => {
      await noiseSamples(first, 1000);
      await eventually(async () => assert.match(await testid(first, "progress").innerText(), /%/));
      await noiseSamples(second, 2);
      await eventually(async () => assert.equal((await engineNow(vscode)).waiting, 1));
      await testid(first, "cancel").click();
      await eventually(async () => assert.match(await cancelledNote(first), /Cancelled/));
    });
    await step("the second's result is there", async () => {
      await answered(second);
      await engineIdle(vscode);
    });
  },
);

flow(
  "the engine is restarted by a person, and ends some time after the last editor",
  { settings: { "neuralLoupe.engine.idleMinutes": 0.1 } },
  async ({ workbench, vscode, step }) => {
    const before = await step("open, restart", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      const { pid } = await engineIdle(vscode);
      await workbench.runCommand("Neural Loupe: Restart Engine");
      await eventually(async () => assert.notEqual((await engineNow(vscode)).pid, pid));
      await testid(frame, "prediction-281").click();
      await eventually(async () => assert.match(await testid(frame, "target").innerText(), /tabby/));
      await answered(frame);
      return (await engineIdle(vscode)).pid;
    });
    await step("closed: the process goes after its time", async () => {
      assert.ok(before !== undefined);
      await vscode.command("workbench.action.closeAllEditors");
      await eventually(async () => assert.equal((await vscode.tabs()).length, 0));
      // Its state only: asking the process itself would keep it.
      const kind = (): Promise<string> =>
        vscode.evaluate(
          (vscode, id) =>
            (vscode.extensions.getExtension(id)?.exports as { engineState(): { kind: string } }).engineState().kind,
          extensionId,
        );
      await eventually(async () => assert.equal(await kind(), "stopped"));
      await eventually(() => assert.throws(() => process.kill(before, 0)));
    });
  },
);

async function noiseSamples(frame: Frame, count: number): Promise<void> {
  const field = testid(frame, "param-samples");
  await field.fill(String(count));
  await field.press("Enter");
}
