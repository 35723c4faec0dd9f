import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import {
  answered,
  drag,
  engineIdle,
  engineNow,
  panelFrame,
  pixels,
  readingAt,
  readNpy,
  saliencyOfTheCat,
  testid,
  cancelledNote,
} from "./person.ts";

flow(
  'the palette\'s way to the pixels that matter for "Egyptian cat", and back after a reload',
  {},
  async ({ page, workbench, vscode, workspace, step, screenshot }) => {
    let frame = await step("command, cat.png, Egyptian cat: the heat map", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some((tab) => tab.active && tab.viewType?.includes("neuralLoupe.model"))),
      );
      const frame = await saliencyOfTheCat(workbench);
      await testid(frame, "picture").waitFor();
      await testid(frame, "prediction-285").waitFor();
      assert.match(await testid(frame, "target").innerText(), /Egyptian cat/);
      const tabs = await vscode.tabs();
      const panel = tabs.find((tab) => tab.viewType?.includes("neuralLoupe.panel"));
      assert.equal(panel?.label, "Saliency: efficientnet-lite0");
      assert.equal(panel.group, 2, "the panel is beside the editor");
      await screenshot("saliency-dark");
      return frame;
    });

    await step("looks redraw without running the model", async () => {
      const { runs } = await engineIdle(vscode);
      assert.ok(runs > 0, "the model was run for the picture");
      const canvas = testid(frame, "heatmap");
      const seen = new Set([await pixels(canvas)]);
      const redrawn = async (what: string, change: () => Promise<unknown>): Promise<void> => {
        await change();
        await eventually(async () => {
          const now = await pixels(canvas);
          assert.ok(!seen.has(now), `${what} did not change the picture`);
          seen.add(now);
        });
      };
      await redrawn("clip", () => drag(testid(frame, "clip"), 80));
      await redrawn("colour map", () => testid(frame, "colormap").selectOption("viridis"));
      await redrawn("channel reduction", () => testid(frame, "reduce").selectOption("l2"));
      await redrawn("clip again", () => drag(testid(frame, "clip"), 95));
      await testid(frame, "arrangement-overlay").click();
      await drag(testid(frame, "opacity"), 0.35);
      await eventually(async () =>
        assert.equal(await canvas.evaluate((element) => getComputedStyle(element).opacity), "0.35"),
      );
      await screenshot("saliency-overlay-dark");
      assert.equal((await engineIdle(vscode)).runs, runs, "looks have called the engine");
    });

    const npy = await step("saved as .npy and .png where the person says", async () => {
      const numbers = path.join(workspace, "cat-saliency.npy");
      await testid(frame, "save").click();
      await testid(frame, "save-npy").click();
      await workbench.answerFileDialog(numbers);
      await eventually(() => assert.ok(existsSync(numbers)));
      await workbench.notification("Saved cat-saliency.npy.");
      const picture = path.join(workspace, "cat-saliency.png");
      await testid(frame, "save").click();
      await testid(frame, "save-png").click();
      await workbench.answerFileDialog(picture);
      await eventually(() => assert.ok(existsSync(picture)));
      await workbench.clickNotification("Saved cat-saliency.png.", "Open");
      await eventually(async () => assert.ok((await vscode.tabs()).some(({ label }) => label === "cat-saliency.png")));
      await screenshot("saved-opened-dark");
      const png = await readFile(picture);
      assert.equal(png.subarray(1, 4).toString("latin1"), "PNG");
      assert.ok(png.includes("iTXt") && png.includes("saliency"), "the .png says how it was made");
      const saved = readNpy(await readFile(numbers));
      assert.deepEqual(saved.dims, [1, 3, 224, 224]);
      return saved;
    });

    await step("the number under the cursor is the .npy's there", async () => {
      const plane = 224 * 224;
      for (const [u, v] of [
        [0.31, 0.42],
        [0.5, 0.5],
        [0.77, 0.2],
      ] as const) {
        const { row, column, channels } = await readingAt(page, frame, u, v, 224);
        assert.equal(channels.length, 3);
        for (const [channel, value] of channels.entries())
          assert.equal(value, npy.values[channel * plane + row * 224 + column]);
      }
    });

    await step("another class is one click away, and runs", async () => {
      const { runs } = await engineIdle(vscode);
      await testid(frame, "prediction-282").click();
      await eventually(async () => assert.match(await testid(frame, "target").innerText(), /tiger cat/));
      await answered(frame);
      assert.ok((await engineIdle(vscode)).runs > runs, "nothing was run");
    });

    await step("a long run shows how far it is, and Cancel ends it long before its end", async () => {
      const { runs } = await engineIdle(vscode);
      const samples = testid(frame, "param-samples");
      await samples.fill("1000");
      await samples.press("Enter");
      await testid(frame, "cancel").waitFor();
      await eventually(async () => assert.match(await testid(frame, "progress").innerText(), /%/));
      await page.locator(".statusbar").getByText(/%/).first().waitFor();
      const cancelled = Date.now();
      await testid(frame, "cancel").click();
      const after = await engineIdle(vscode);
      console.log(
        `    the engine was idle ${Date.now() - cancelled} ms after Cancel, after ${after.runs - runs} runs of the model`,
      );
      assert.ok(after.runs - runs < 1000, "it ran to its end all the same");
      await eventually(async () => assert.match(await cancelledNote(frame), /Cancelled/));
      assert.ok(await testid(frame, "heatmap").isVisible(), "the last picture stays");
      await samples.fill("0");
      await samples.press("Enter");
      await answered(frame);
    });

    await step("after a reload of the window all is as it was, and no model was run for it", async () => {
      await engineIdle(vscode);
      const before = await pixels(testid(frame, "heatmap"));
      await workbench.reload();
      frame = await panelFrame(workbench);
      await testid(frame, "heatmap").waitFor();
      await eventually(async () => assert.match(await testid(frame, "target").innerText(), /tiger cat/));
      assert.equal(await testid(frame, "colormap").inputValue(), "viridis");
      assert.equal(await testid(frame, "reduce").inputValue(), "l2");
      assert.equal(await testid(frame, "clip").inputValue(), "95");
      assert.equal(await testid(frame, "opacity").inputValue(), "0.35");
      await eventually(async () => assert.equal(await pixels(testid(frame, "heatmap")), before));
      assert.equal((await engineNow(vscode)).runs, 0, "a model was run after the reload");
      await screenshot("saliency-reloaded-dark");
    });
  },
);
