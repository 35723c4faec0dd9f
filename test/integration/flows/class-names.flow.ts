import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { answered, panelFrame, testid } from "./person.ts";

flow(
  "class names: ImageNet's are offered, a file is browsed for, and a list of another length is an error",
  {},
  async ({ page, workbench, workspace, step, screenshot }) => {
    const recipe = path.join(workspace, "efficientnet-lite0.loupe.json");
    const { classes: _, ...unnamed } = JSON.parse(await readFile(recipe, "utf8")) as Record<string, unknown>;
    await writeFile(recipe, JSON.stringify(unnamed));
    await rm(path.join(workspace, "imagenet-classes.json"));
    await writeFile(path.join(workspace, "few.txt"), "a cat\na dog\n");
    const names = JSON.parse(
      await readFile(path.join(import.meta.dirname, "../../samples/imagenet-classes.json"), "utf8"),
    ) as string[];
    await writeFile(path.join(workspace, "mine.txt"), names.map((name) => `my ${name}`).join("\n"));

    await workbench.openFile("efficientnet-lite0.onnx");
    await workbench.runCommand("Neural Loupe: Show Predictions");
    await workbench.pick("cat.png");
    const panel = await panelFrame(workbench);
    const firstBar = (): Promise<string> => panel.locator("[data-testid^=bar-]").first().innerText();
    await step("nothing is named by itself", async () => {
      await answered(panel);
      assert.doesNotMatch(await firstBar(), /cat/);
      await testid(panel, "recipe-chip").click();
      await testid(panel, "recipe-classes-offer").waitFor();
      await screenshot("class-names-dark");
    });
    await step("ImageNet's names, when the person says so", async () => {
      await testid(panel, "recipe-classes-imagenet").click();
      await testid(panel, "recipe-use").click();
      await eventually(async () => assert.match(await firstBar(), /Egyptian cat/));
    });
    await step("a file of another length is an error", async () => {
      await testid(panel, "recipe-classes-browse").click();
      await workbench.answerFileDialog(path.join(workspace, "few.txt"));
      await eventually(async () =>
        assert.match(
          await testid(panel, "recipe-classes-problem").innerText(),
          /2 names, but logits has 1\D000 values/,
        ),
      );
    });
    await step(
      "the right one is previewed, used, and saved beside the model, which one notification says",
      async () => {
        await testid(panel, "recipe-classes-browse").click();
        await workbench.answerFileDialog(path.join(workspace, "mine.txt"));
        await eventually(async () =>
          assert.match(await testid(panel, "recipe-classes-first").innerText(), /1\D000 names: my tench/),
        );
        await testid(panel, "recipe-save").click();
        await eventually(async () => assert.match(await firstBar(), /my Egyptian cat/));
        await page.getByText("Saved efficientnet-lite0.loupe.json.").first().waitFor();
        const saved = JSON.parse(await readFile(recipe, "utf8")) as { classes?: unknown };
        assert.equal(saved.classes, "mine.txt");
      },
    );
  },
);
