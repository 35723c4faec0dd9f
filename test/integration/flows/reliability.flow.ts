import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, engineIdle, saliencyOfTheCat, testid } from "./person.ts";

flow(
  "how reliable is this explanation? Checks of a saliency map, stopped and run again, and one opened as the panel's own",
  { viewport: { width: 1400, height: 1500 }, settings: { "neuralLoupe.palette": "all" } },
  async ({ workbench, vscode, step, screenshot }) => {
    const frame = await step("saliency of the cat", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await saliencyOfTheCat(workbench);
      await testid(frame, "trust").click();
      return frame;
    });
    await step("insertion and deletion: cancelled midway, the picture stays", async () => {
      await testid(frame, "run-insertion-deletion").click();
      await eventually(async () => assert.match(await testid(frame, "check-progress").innerText(), /step \d+ of \d+/));
      await testid(frame, "trust-cancel").click();
      await testid(frame, "run-insertion-deletion").waitFor();
      assert.equal(await testid(frame, "curves-insertion-deletion").count(), 0);
      assert.ok(await testid(frame, "heatmap").isVisible());
      await engineIdle(vscode);
    });
    await step("all of them: curves, numbers, how to read them", async () => {
      await testid(frame, "trust-all").click();
      for (const check of ["sparseness", "insertion-deletion", "road", "infidelity", "sensitivity", "randomisation"]) {
        await testid(frame, `curves-${check}`).waitFor();
      }
      const area = async (id: string): Promise<number> =>
        Number(await testid(frame, `number-${id}`).getAttribute("data-value"));
      const [insertion, deletion] = [await area("insertion_auc"), await area("deletion_auc")];
      assert.ok(
        insertion > 0 && insertion < 1 && deletion > 0 && deletion < insertion,
        `insertion ${insertion}, deletion ${deletion}`,
      );
      // The whole model random: what is left of the map's ranks is little.
      assert.ok(Math.abs(await area("last_correlation")) < 0.5);
      await testid(frame, "curves-insertion-deletion").scrollIntoViewIfNeeded();
      await screenshot("trust-curves-dark");
      await testid(frame, "curves-randomisation").scrollIntoViewIfNeeded();
      await screenshot("trust-randomisation-dark");
    });
    await step("read by the keyboard", async () => {
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
    });
    await step("opened with its options: the same numbers at once, from the cache", async () => {
      await testid(frame, "open-sparseness").click();
      await frame.locator(".stage [data-testid=curves-sparseness]").waitFor();
      await answered(frame);
      assert.equal(await testid(frame, "param-method").inputValue(), "saliency");
      await testid(frame, "param-method").selectOption("grad-cam");
      await eventually(async () =>
        assert.match(await testid(frame, "curves-sparseness").locator("figcaption").innerText(), /49 values/),
      );
      await screenshot("trust-own-panel-dark");
    });
    await step("from the palette", async () => {
      await workbench.runCommand("Neural Loupe: Check by Removal and Imputation (ROAD)");
      // The panel is open, so nothing is asked.
      await frame.locator(".stage [data-testid=curves-road]").waitFor();
      await engineIdle(vscode);
    });
  },
);
