import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { engineIdle, panelFrame, testid } from "./person.ts";

const lfsPointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 18614602\n`;

flow(
  "files that are no models say so, and what to do",
  {
    files: {
      "empty.onnx": "",
      "random.onnx": randomBytes(5000),
      "words.onnx": "These are words.\n",
      "pointer.onnx": lfsPointer,
    },
  },
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const sample = await readFile(path.join(workspace, "efficientnet-lite0.onnx"));
    await writeFile(path.join(workspace, "cut.onnx"), sample.subarray(0, 1_000_000));

    await step("cut.onnx: what could be read, and the problem", async () => {
      await workbench.openFile("cut.onnx");
      const frame = await workbench.webview("[data-testid=model-name] >> text=cut.onnx");
      await testid(frame, "tab-problems").click();
      assert.match(await testid(frame, "problems").innerText(), /ends too early[\s\S]*cannot be run/);
      await screenshot("bad-file-cut-dark");
    });

    await step(
      "its banner says what is wrong, where, and what is left; methods are disabled, and say why",
      async () => {
        const frame = await workbench.webview("[data-testid=model-name] >> text=cut.onnx");
        const said = await testid(frame, "cannot-run").innerText();
        assert.match(said, /cannot be run, so its methods are disabled/);
        assert.match(said, /ends too early/);
        assert.match(said, /byte \d+/);
        assert.match(said, /You can still look at/);
        await testid(frame, "tab-layers").click();
        await testid(frame, "layers").waitFor();
        const saliency = testid(frame, "visualize-saliency");
        assert.equal(await saliency.getAttribute("aria-disabled"), "true");
        assert.match((await saliency.getAttribute("title")) ?? "", /ends too early/);
        const tabs = (await vscode.tabs()).length;
        await saliency.click({ force: true });
        await testid(frame, "explain-with").click({ force: true });
        assert.deepEqual(await workbench.quickPickRows(), []);
        assert.equal((await vscode.tabs()).length, tabs);
      },
    );

    const expected: [string, RegExp][] = [
      ["empty.onnx", /empty/i],
      ["random.onnx", /./],
      ["words.onnx", /text/i],
      ["pointer.onnx", /git lfs pull/],
    ];
    for (const [name, words] of expected) {
      await step(name, async () => {
        await workbench.openFile(name);
        const frame = await workbench.webview(`[data-testid=broken] >> text=${name}`);
        const text = await testid(frame, "broken").innerText();
        console.log(`    ${text.replaceAll(/\s+/g, " ").slice(0, 240)}`);
        assert.match(text, words);
        await screenshot(`bad-file-${name.replace(".onnx", "")}-dark`);
      });
    }

    await step("reopened as text, it is the text", async () => {
      const frame = await workbench.webview("[data-testid=broken]");
      await testid(frame, "reopen-text").click();
      await eventually(async () => {
        const active = (await vscode.tabs()).find((tab) => tab.active);
        assert.deepEqual([active?.label, active?.viewType], ["pointer.onnx", undefined]);
      });
      await workbench.page.locator(".editor-instance").getByText("git-lfs.github.com").first().waitFor();
    });

    await step("mended on disk, it opens by Reload", async () => {
      await workbench.openFile("empty.onnx");
      const frame = await workbench.webview("[data-testid=broken] >> text=empty.onnx");
      await writeFile(path.join(workspace, "empty.onnx"), sample);
      await testid(frame, "reload").first().click();
      await testid(frame, "facts").waitFor();
    });
  },
);

flow(
  "an input that is no picture, and a class that does not exist, are said in the panel",
  { files: { "not-a-picture.png": "I am text." } },
  async ({ workbench, vscode, step, screenshot }) => {
    await step("the list of classes says that the model could not be run, and takes an index", async () => {
      await workbench.openFile("efficientnet-lite0.onnx");
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some((tab) => tab.active && tab.label === "efficientnet-lite0.onnx")),
      );
      await workbench.runCommand("Neural Loupe: Visualize Saliency");
      await workbench.pick("not-a-picture.png");
      await eventually(async () => assert.match((await workbench.quickPickRows()).join("\n"), /could not be run/));
      await workbench.pick("Index 5000", "5000");
    });
    const frame = await step("the panel says which file, and what it is", async () => {
      const frame = await panelFrame(workbench);
      await testid(frame, "error").waitFor();
      assert.match(await testid(frame, "error").innerText(), /not-a-picture\.png/);
      await screenshot("bad-input-dark");
      return frame;
    });
    await step("another input, from the panel: the class that was fixed stays, and does not exist", async () => {
      await testid(frame, "input").click();
      await workbench.pick("cat.png");
      await eventually(async () => assert.match(await testid(frame, "input").innerText(), /cat\.png/));
      await eventually(async () => assert.match(await testid(frame, "error").innerText(), /5000/));
    });
    await step("the top prediction does; the class is asked for again", async () => {
      await testid(frame, "target-top").click();
      await testid(frame, "heatmap").waitFor();
      await testid(frame, "any-class").click();
      await workbench.pick("Index 5000", "5000");
      await testid(frame, "error").waitFor();
      assert.match(await testid(frame, "error").innerText(), /5000/);
      await engineIdle(vscode);
    });
  },
);
