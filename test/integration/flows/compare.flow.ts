import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";
import { unzipSync } from "fflate";
import type { Frame } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import {
  allDone,
  compareFrame,
  comparisonOfTheCat,
  engineIdle,
  engineNow,
  kinds,
  pixels,
  readNpy,
  saliencyOfTheCat,
  testid,
} from "./person.ts";

flow(
  "methods by targets in one grid, from the palette; saved as a figure, and back after a reload",
  {},
  async ({ page, workbench, vscode, workspace, step, screenshot }) => {
    let frame = await step("command, cat.png, the ticked methods: four maps", async () => {
      const frame = await comparisonOfTheCat(workbench);
      assert.deepEqual(await labels(frame), [
        "Input",
        "Saliency",
        "Integrated Gradients",
        "Guided Backprop",
        "Grad-CAM",
      ]);
      assert.match(await testid(frame, "target").innerText(), /Egyptian cat 285/);
      assert.ok(
        (await vscode.tabs()).some(
          ({ label, viewType }) => label === "Compare: cat.png" && viewType?.includes("neuralLoupe.compare"),
        ),
      );
      await screenshot("compare-methods-dark");
      return frame;
    });

    await step("one taken out; by the model's top classes; colours per method", async () => {
      await testid(frame, "columns-1-menu").click();
      await testid(frame, "columns-1-menu-remove").click();
      await testid(frame, "rows-kind").selectOption("target");
      await workbench.takeTicked("Egyptian cat");
      await allDone(frame, 9);
      assert.deepEqual(await labels(frame), [
        "Input",
        "Saliency",
        "Guided Backprop",
        "Grad-CAM",
        "Egyptian cat 285",
        "tiger cat 282",
        "tabby 281",
      ]);
      await testid(frame, "scale-of-method").click();
      const box = await frame.locator("[data-testid=cell-1-0] [data-testid=map]").boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
      await eventually(async () => assert.equal(await testid(frame, "value").count(), 9));
      await screenshot("compare-targets-dark");
    });

    await step("the numbers behind it are each cell's own: those under the linked cursor", async () => {
      const file = path.join(workspace, "compared.npz");
      await testid(frame, "save").click();
      await testid(frame, "save-npz").click();
      await workbench.answerFileDialog(file);
      await eventually(() => assert.ok(existsSync(file)));
      const files = unzipSync(await readFile(file));
      assert.equal(Object.keys(files).length, 9);
      const cam = readNpy(Buffer.from(files["tiger_cat_282__Grad-CAM.npy"]));
      assert.deepEqual(cam.dims, [7, 7]);
      const box = await frame.locator("[data-testid=cell-1-2] [data-testid=map]").boundingBox();
      assert.ok(box);
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.36);
      const value = await eventually(async () => {
        const data = await frame
          .locator("[data-testid=cell-1-2] [data-testid=value]")
          .evaluate((element) => ({ ...(element as HTMLElement).dataset }));
        assert.deepEqual([data.row, data.column], ["2", "3"]);
        return Number(data.value);
      });
      assert.equal(value, cam.values[2 * 7 + 3]);
      await page.mouse.move(box.x + box.width + 4, box.y - 20);
    });

    await step("saved as one figure: SVG with text as text, PNG with how it was made", async () => {
      for (const ending of ["svg", "png"]) {
        const file = path.join(workspace, `figure.${ending}`);
        await testid(frame, "save").click();
        await testid(frame, `save-${ending}`).click();
        await workbench.answerFileDialog(file);
        await eventually(() => assert.ok(existsSync(file)));
      }
      const svg = await readFile(path.join(workspace, "figure.svg"), "utf8");
      for (const label of ["Guided Backprop", "tiger cat 282"])
        assert.ok(svg.includes(`>${label}</text>`), `no text "${label}"`);
      const png = await readFile(path.join(workspace, "figure.png"));
      assert.equal(png.subarray(1, 4).toString("latin1"), "PNG");
      assert.ok(png.includes('"technique":"guided-backprop"'));
      assert.ok(png.readUInt32BE(16) > 4 * 448);
    });

    await step("a long cell shows how far it is, and is cancelled alone", async () => {
      await testid(frame, "columns-0-menu").click();
      await testid(frame, "columns-0-menu-options").click();
      const samples = testid(frame, "edit").locator("[data-testid=param-samples]");
      await samples.fill("1000");
      await testid(frame, "cell-running").first().waitFor();
      await testid(frame, "cancel").click();
      const cancelled = Date.now();
      await engineIdle(vscode);
      console.log(`    the engine was idle ${Date.now() - cancelled} ms after Cancel`);
      await eventually(async () =>
        assert.deepEqual(await kinds(frame), [
          "stopped",
          "done",
          "done",
          "stopped",
          "done",
          "done",
          "stopped",
          "done",
          "done",
        ]),
      );
      await samples.fill("0");
      await allDone(frame, 9);
      await testid(frame, "close-edit").click();
    });

    await step("after a reload of the window all is as it was, and no model was run for it", async () => {
      const before = await pixels(frame.locator("[data-testid=cell-2-1] [data-testid=heatmap]"));
      await engineIdle(vscode);
      await workbench.reload();
      frame = await compareFrame(workbench);
      await allDone(frame, 9);
      assert.deepEqual(await labels(frame), [
        "Input",
        "Saliency",
        "Guided Backprop",
        "Grad-CAM",
        "Egyptian cat 285",
        "tiger cat 282",
        "tabby 281",
      ]);
      assert.equal(await testid(frame, "scale-of-method").getAttribute("aria-checked"), "true");
      await eventually(async () =>
        assert.equal(await pixels(frame.locator("[data-testid=cell-2-1] [data-testid=heatmap]")), before),
      );
      assert.equal((await engineNow(vscode)).runs, 0, "a model was run after the reload");
    });
  },
);

flow(
  "Compare… in a method's panel takes over what it shows, and a cell goes back to a panel (light)",
  { theme: "light" },
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const frame = await step("from the panel", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const panel = await saliencyOfTheCat(workbench);
      await testid(panel, "prediction-282").click();
      await eventually(async () => assert.match(await testid(panel, "target").innerText(), /tiger cat/));
      await testid(panel, "compare").click();
      await workbench.takeTicked("Saliency");
      const frame = await compareFrame(workbench);
      await allDone(frame, 4);
      assert.match(await testid(frame, "target").innerText(), /tiger cat 282/);
      await testid(frame, "arrangement-overlay").click();
      await testid(frame, "scale-of-all").click();
      await screenshot("compare-overlay-light");
      await testid(frame, "scale-of-own").click();
      await testid(frame, "arrangement-side-by-side").click();
      return frame;
    });

    await step("layers of one method, down the network", async () => {
      await testid(frame, "columns-kind").selectOption("layer");
      // Those that are ticked may be further down than the list shows.
      await eventually(async () =>
        assert.ok(
          (await workbench.quickPickRows()).some((row) => /Conv|Clip/.test(row)),
          "no layers yet",
        ),
      );
      await workbench.accept();
      await testid(frame, "method").waitFor();
      await testid(frame, "method").selectOption("grad-cam");
      await allDone(frame, 3);
      await screenshot("compare-layers-light");
    });

    await step("the same layers of two models", async () => {
      // Another model: without the recipe beside it, its preprocessing is guessed.
      await copyFile(path.join(workspace, "efficientnet-lite0.onnx"), path.join(workspace, "other.onnx"));
      await testid(frame, "rows-kind").selectOption("model");
      await eventually(async () =>
        assert.ok(
          (await workbench.quickPickRows()).some((row) => row.includes("other.onnx")),
          "no other model yet",
        ),
      );
      await workbench.clickPick("other.onnx");
      await workbench.takeTicked("other.onnx");
      await allDone(frame, 6);
      assert.deepEqual((await labels(frame)).slice(-2), ["efficientnet-lite0.onnx", "other.onnx"]);
      await screenshot("compare-models-light");
      await testid(frame, "rows-kind").selectOption("none");
      await allDone(frame, 3);
    });

    await step("a cell in its own panel", async () => {
      await frame.locator("[data-testid=cell-0-1]").hover();
      await frame.locator("[data-testid=cell-0-1] [data-testid=cell-open]").click();
      await eventually(async () =>
        assert.ok(
          (await vscode.tabs()).some(({ label, active }) => active && label === "Grad-CAM: efficientnet-lite0"),
        ),
      );
    });
  },
);

flow("a workspace that is not trusted: nothing is compared", { trust: false }, async ({ workbench, vscode, step }) => {
  await step("the command says why", async () => {
    await workbench.dialog.waitFor();
    await workbench.clickDialog("No, I don't trust");
    await eventually(async () => assert.equal(await vscode.evaluate((vscode) => vscode.workspace.isTrusted), false));
    await workbench.openFile("efficientnet-lite0.onnx");
    await workbench.runCommand("Neural Loupe: Compare Explanations");
    await workbench.notification("not trusted");
    assert.equal((await engineNow(vscode)).runs, 0);
  });
});

function labels(frame: Frame): Promise<string[]> {
  return frame.locator(".entry-label").evaluateAll((all) => all.map((label) => label.textContent ?? ""));
}
