import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, engineIdle, saliencyOfTheCat, testid } from "./person.ts";

const CHECKS = ["sparseness", "insertion-deletion", "road", "infidelity", "sensitivity", "randomisation"];

flow(
  "how reliable is this explanation? Checks of a saliency map beside random maps, stopped and run again, kept over a reload",
  { viewport: { width: 1400, height: 1500 }, settings: { "neuralLoupe.palette": "all" } },
  async ({ workbench, vscode, step, screenshot }) => {
    let frame = await step("saliency of the cat", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      await testid(frame, "reliability").click();
      return frame;
    });
    const numberOf = async (id: string): Promise<number> =>
      Number(await testid(frame, `check-number-${id}`).getAttribute("data-value"));
    const randomOf = async (id: string): Promise<number> =>
      Number(await testid(frame, `random-${id}`).getAttribute("data-value"));
    await step("insertion and deletion: cancelled midway, the picture stays", async () => {
      await testid(frame, "run-insertion-deletion").click();
      await eventually(async () => assert.match(await testid(frame, "check-progress").innerText(), /step \d+ of \d+/));
      await testid(frame, "cancel-insertion-deletion").click();
      await eventually(async () => assert.equal(await testid(frame, "check-progress").count(), 0));
      assert.equal(await testid(frame, "row-deletion_auc").count(), 0);
      assert.ok(await testid(frame, "heatmap").isVisible());
      await engineIdle(vscode);
    });
    await step("all of them: numbers beside those of random maps", async () => {
      await testid(frame, "run-all").click();
      for (const number of ["gini", "deletion_auc", "road", "infidelity", "max_sensitivity", "last_correlation"])
        await testid(frame, `row-${number}`).waitFor();
      const [insertion, deletion] = [await numberOf("insertion_auc"), await numberOf("deletion_auc")];
      assert.ok(
        insertion > 0 && insertion < 1 && deletion > 0 && deletion < insertion,
        `insertion ${insertion}, deletion ${deletion}`,
      );
      // The whole model random: what is left of the map's ranks is little.
      assert.ok(Math.abs(await numberOf("last_correlation")) < 0.5);
      // Of independent normal values: the Gini index, and what unrelated maps of magnitudes differ by.
      assert.ok(Math.abs((await randomOf("gini")) - (Math.SQRT2 - 1)) < 0.01);
      assert.ok(Math.abs((await randomOf("mean_sensitivity")) - Math.sqrt(2 - 4 / Math.PI)) < 0.01);
      assert.equal(await testid(frame, "heatmap").count(), 1);
      await testid(frame, "checks-table").scrollIntoViewIfNeeded();
      await screenshot("reliability-table-dark");
    });
    await step("a check opens in the section; its curve is read by the keyboard", async () => {
      await testid(frame, "open-insertion-deletion").click();
      const plot = testid(frame, "curves-insertion-deletion").locator("[data-testid=curves-plot]");
      await plot.focus();
      await plot.press("ArrowRight");
      const value = Number(
        await testid(frame, "curves-insertion-deletion")
          .locator("[data-testid=value-deletion]")
          .getAttribute("data-value"),
      );
      // Nothing is removed yet: it is the probability that the predictions show.
      const shown = Number(/([\d.]+)%/.exec(await testid(frame, "prediction-285").innerText())?.[1]);
      assert.ok(Math.abs(100 * value - shown) < 0.1, `the first value is ${value}, the prediction ${shown} %`);
      assert.ok(await testid(frame, "heatmap").isVisible());
      await screenshot("reliability-curves-dark");
    });
    await step("after a reload the section, its numbers and its curve are there, from the cache", async () => {
      const before = await numberOf("deletion_auc");
      await workbench.reload();
      frame = await workbench.webview("canvas");
      await testid(frame, "curves-insertion-deletion").waitFor();
      for (const check of CHECKS)
        await eventually(async () =>
          assert.match(await testid(frame, `check-${check}`).innerText(), /from the cache/, check),
        );
      assert.equal(await numberOf("deletion_auc"), before);
    });
    await step("from the palette: a check of another method stands under that one", async () => {
      await testid(frame, "method-grad-cam").click();
      await answered(frame);
      await testid(frame, "dropped").waitFor();
      await workbench.runCommand("Neural Loupe: Check Sparseness");
      // The panel is open, so nothing is asked.
      await testid(frame, "row-gini").waitFor();
      await eventually(async () =>
        assert.match(await testid(frame, "curves-sparseness").locator("figcaption").innerText(), /49 values/),
      );
      assert.ok(await testid(frame, "heatmap").isVisible());
      await engineIdle(vscode);
    });
  },
);
