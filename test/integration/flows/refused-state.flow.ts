// What a panel's page asks for is what runs, or it is refused: never something else in its place.
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, engineIdle, engineNow, panelFrame, saliencyOfTheCat, testid } from "./person.ts";

flow(
  "a panel whose page asks for what cannot be run says which option, runs nothing, and goes on",
  {},
  async ({ workbench, vscode, step, screenshot }) => {
    const panel = await step("saliency, with SmoothGrad's options", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      const panel = await saliencyOfTheCat(workbench);
      const { runs } = await engineIdle(vscode);
      await testid(panel, "param-samples").fill("2");
      await testid(panel, "param-noise_type").waitFor();
      await eventually(async () => assert.ok((await engineNow(vscode)).runs > runs));
      await answered(panel);
      return panel;
    });
    const { runs } = await engineIdle(vscode);

    await step("an option that there is not is refused, by its name, and nothing runs", async () => {
      // As an older page, or one that another program wrote into, would have it.
      await testid(panel, "param-noise_type").evaluate((element) => element.append(new Option("Nonsense", "nonsense")));
      await testid(panel, "param-noise_type").selectOption("nonsense");
      await eventually(async () =>
        assert.match(
          await testid(panel, "error").innerText(),
          /"params\.saliency\.noise_type" is not valid, so nothing was run/,
        ),
      );
      assert.equal((await engineIdle(vscode)).runs, runs);
      assert.ok(await testid(panel, "heatmap").isVisible(), "the picture stays");
      await screenshot("refused-state-dark");
    });

    await step("one that there is runs", async () => {
      await testid(panel, "param-noise_type").selectOption("vargrad");
      await eventually(async () => assert.ok((await engineNow(vscode)).runs > runs));
      await answered(panel);
    });

    await step("what the window keeps is the last that was sound: the panel is there after a reload", async () => {
      await workbench.reload();
      const again = await panelFrame(workbench);
      await testid(again, "heatmap").waitFor();
      assert.equal(await testid(again, "param-noise_type").inputValue(), "vargrad");
      await answered(again);
    });
  },
);
