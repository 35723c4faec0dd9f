import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import type { FlowContext } from "../harness/flow.ts";
import { editorFrame, engineNow, extensionId, testid } from "./person.ts";

/** Issue's figures for the sample: nodes without Constant nodes, parameters as float elements. */
const facts = ["pytorch", "opset 17", "18.6 MB", "234 nodes", "4.63 M parameters"];

flow(
  "a model opens by a click: facts, search, sort, inspector, and nothing is run",
  { theme: "dark" },
  lookAround("dark"),
);
flow("a model in the light theme", { theme: "light" }, lookAround("light"));

function lookAround(theme: string): (context: FlowContext) => Promise<void> {
  return async ({ workbench, vscode, step, screenshot }) => {
    const frame = await step("click in the explorer; its facts are there", async () => {
      await workbench.explorerRow("efficientnet-lite0.onnx").waitFor();
      const clicked = Date.now();
      await workbench.openFile("efficientnet-lite0.onnx");
      const frame = await editorFrame(workbench);
      const seen = Date.now() - clicked;
      const painted = await frame.evaluate(
        () => performance.timeOrigin + (performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN),
      );
      console.log(
        `    first paint ${Math.round(painted - clicked)} ms, facts within ${seen} ms after the click (cold engine included)`,
      );
      const text = await testid(frame, "facts").innerText();
      for (const fact of facts) assert.ok(text.includes(fact), `no "${fact}" in: ${text}`);
      assert.match(await testid(frame, "inputs").innerText(), /images\s+float32\s+N×3×224×224/);
      assert.match(await testid(frame, "outputs").innerText(), /logits\s+float32\s+N×1000/);
      return frame;
    });

    await step("the extension is up soon: it has loaded none of what runs models or reads pictures", async () => {
      const { milliseconds, itself, loaded } = await vscode.evaluate(async (vscode, id) => {
        const { createRequire } = await import("node:module");
        const files = Object.keys(createRequire("/").cache);
        return {
          milliseconds: (vscode.extensions.getExtension(id)?.exports as { activationMilliseconds: number })
            .activationMilliseconds,
          itself: files.some((file) => /dist.extension\.js$/.test(file)),
          loaded: files.filter((file) => /onnxruntime|sharp|dist.(engine|cli)\.js/.test(file)),
        };
      }, extensionId);
      console.log(`    activate() took ${milliseconds.toFixed(1)} ms`);
      assert.ok(itself, "the extension is not among what is loaded");
      assert.deepEqual(loaded, []);
    });

    await step("search finds operators and names", async () => {
      const search = testid(frame, "search").locator("input");
      await search.fill("op:Conv");
      await eventually(async () => assert.match(await testid(frame, "hits").innerText(), /\d+ hits/));
      const operators = await frame
        .locator('[data-testid="layers"] [data-row]')
        .evaluateAll((rows) => rows.map((row) => row.textContent ?? ""));
      assert.ok(
        operators.length > 5 && operators.every((row) => row.includes("Conv")),
        operators.slice(0, 5).join(" | "),
      );
      await search.fill("no layer is called that");
      await testid(frame, "no-hits").waitFor();
      await search.fill("");
    });

    await step("the arithmetic of shapes is hidden, and counted: nodes, layers and rows agree", async () => {
      assert.equal(await testid(frame, "hits").innerText(), "123 nodes hidden");
      assert.match(await testid(frame, "tab-layers").innerText(), /111/);
      assert.equal(await testid(frame, "layers").getAttribute("aria-rowcount"), "112");
      assert.match((await testid(frame, "fact-nodes").getAttribute("title")) ?? "", /^111 layers, and 123 that only/);
      await testid(frame, "hide-plumbing").click();
      await eventually(async () => assert.equal(await testid(frame, "layers").getAttribute("aria-rowcount"), "235"));
      await testid(frame, "hide-plumbing").click();
      await eventually(async () => assert.equal(await testid(frame, "layers").getAttribute("aria-rowcount"), "112"));
    });

    await step("sorted by parameters, the classifier is the largest layer", async () => {
      await testid(frame, "sort-parameters").click();
      await eventually(async () => {
        const first = await frame.locator('[data-testid="layers"] [data-row="0"]').innerText();
        if (!first.includes("Gemm")) await testid(frame, "sort-parameters").click();
        assert.match(first.replaceAll(/\s/g, ""), /Gemm.*1281000$/);
      });
    });

    await step("a layer opens with its attributes and its weights", async () => {
      await frame.locator('[data-testid="layers"] [data-row="0"]').click();
      await testid(frame, "inspector").waitFor();
      assert.match(await testid(frame, "attributes").innerText(), /transB/);
      await frame.locator('[data-testid="uses-in"] [data-testid^="tensor-"]').first().click();
      await testid(frame, "statistics").waitFor();
      assert.match(await testid(frame, "statistics").innerText(), /mean/i);
      assert.match(await testid(frame, "uses-in").innerText(), /^A\s[\s\S]*\nB\s[\s\S]*\nC\s/);
      await screenshot(`model-editor-${theme}`);
    });

    await step("its input leads to the layer before, whose output leads back", async () => {
      const name = await frame.locator(".inspector h2").innerText();
      await testid(frame, "uses-in").locator(".link-button").first().click();
      await eventually(async () => assert.notEqual(await frame.locator(".inspector h2").innerText(), name));
      await testid(frame, "consumers").locator(".link-button").first().click();
      await eventually(async () => assert.equal(await frame.locator(".inspector h2").innerText(), name));
    });

    await step("Explain With… asks among all methods for this model", async () => {
      await testid(frame, "explain-with").click();
      await eventually(async () =>
        assert.ok((await workbench.quickPickRows()).some((row) => /Predictions|Saliency/.test(row))),
      );
      await workbench.page.keyboard.press("Escape");
      await eventually(async () => assert.deepEqual(await workbench.quickPickRows(), []));
    });

    await step("opened again, with the engine warm", async () => {
      await vscode.command("workbench.action.closeActiveEditor");
      await eventually(async () => assert.equal((await vscode.tabs()).length, 0));
      const clicked = Date.now();
      await workbench.openFile("efficientnet-lite0.onnx");
      const again = await editorFrame(workbench);
      const seen = Date.now() - clicked;
      const painted = await again.evaluate(
        () => performance.timeOrigin + (performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN),
      );
      console.log(`    first paint ${Math.round(painted - clicked)} ms, facts within ${seen} ms after the click`);
    });

    await step("no model has been run for it", async () => assert.equal((await engineNow(vscode)).runs, 0));
  };
}
