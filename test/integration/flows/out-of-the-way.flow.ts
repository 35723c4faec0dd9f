import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile } from "node:fs/promises";
import path from "node:path";
import type { FileChangeEvent } from "vscode";
import { eventually } from "../harness/eventually.ts";
import { flow } from "../harness/flow.ts";
import { editorFrame, engineNow, testid } from "./person.ts";

flow(
  "comparisons, text, and virtual file systems: it keeps out of the way",
  {},
  async ({ workbench, vscode, workspace, step, screenshot }) => {
    const model = path.join(workspace, "efficientnet-lite0.onnx");

    await step("a git diff of a model opens no editor of ours, on either side", async () => {
      const git = (...args: string[]): Buffer =>
        execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: workspace });
      git("init", "--quiet");
      git("add", "efficientnet-lite0.onnx");
      git("commit", "--quiet", "-m", "a");
      await appendFile(model, Buffer.from([0x32, 1, 0x61]));
      await vscode.evaluate(async (vscode, file) => {
        const uri = vscode.Uri.file(file);
        const before = uri.with({ scheme: "git", query: JSON.stringify({ path: uri.fsPath, ref: "HEAD" }) });
        await vscode.commands.executeCommand("vscode.diff", before, uri, "model (Working Tree)");
      }, model);
      await eventually(async () =>
        assert.ok((await vscode.tabs()).some((tab) => tab.active && tab.label === "model (Working Tree)")),
      );
      await screenshot("git-diff-dark");
      assert.equal((await engineNow(vscode)).kind, "stopped", "an engine was started for a comparison");
    });

    await step("told to use our editor for comparisons, both sides are a page of words", async () => {
      await vscode.command("workbench.action.closeAllEditors");
      await vscode.setSetting("workbench.diffEditorAssociations", { "*.onnx": "neuralLoupe.model" });
      await vscode.evaluate(async (vscode, file) => {
        const uri = vscode.Uri.file(file);
        const before = uri.with({ scheme: "git", query: JSON.stringify({ path: uri.fsPath, ref: "HEAD" }) });
        await vscode.commands.executeCommand("vscode.diff", before, uri, "model (Both Ours)");
      }, model);
      const pages = await eventually(async () => {
        const frames = await workbench.webviews();
        // Both sides, or the earlier one alone: on a busy machine VS Code's server was seen to leave the other empty.
        assert.ok(frames.length === 1 || frames.length === 2, `${frames.length} webviews`);
        const texts = await Promise.all(frames.map((frame) => frame.locator("body").innerText()));
        for (const text of texts) assert.match(text, /not shown in a diff editor/);
        return texts;
      });
      assert.match(pages.join("\n"), /from Git/);
      await screenshot("custom-diff-dark");
      assert.equal((await engineNow(vscode)).kind, "stopped");
      await vscode.setSetting("workbench.diffEditorAssociations", undefined);
    });

    await step("opened by itself it is drawn; Reopen Model as Text gives VS Code's own editor", async () => {
      await vscode.command("workbench.action.closeAllEditors");
      await workbench.openFile("efficientnet-lite0.onnx");
      await testid(await editorFrame(workbench), "facts").waitFor();
      await workbench.runCommand("Neural Loupe: Reopen Model as Text");
      await eventually(async () => {
        const tabs = await vscode.tabs();
        assert.deepEqual(
          tabs.map(({ label, viewType }) => [label, viewType]),
          [["efficientnet-lite0.onnx", undefined]],
        );
      });
    });

    await step("split: two editors of one file, both drawn", async () => {
      await vscode.command("workbench.action.closeAllEditors");
      await workbench.openFile("efficientnet-lite0.onnx");
      await editorFrame(workbench);
      await vscode.command("workbench.action.splitEditor");
      await eventually(async () => {
        const frames = await workbench.webviews();
        assert.equal(frames.length, 2);
        for (const frame of frames) assert.equal(await testid(frame, "facts").count(), 1);
      });
    });

    await step("a file on a virtual file system says what cannot be done, and offers a copy", async () => {
      await vscode.command("workbench.action.closeAllEditors");
      await vscode.evaluate(async (vscode) => {
        const never = new vscode.EventEmitter<FileChangeEvent[]>();
        const refuse = (): never => {
          throw vscode.FileSystemError.NoPermissions();
        };
        vscode.workspace.registerFileSystemProvider(
          "memory-test",
          {
            onDidChangeFile: never.event,
            watch: () => new vscode.Disposable(() => undefined),
            stat: () => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: 3 }),
            readFile: () => new Uint8Array([1, 2, 3]),
            readDirectory: () => [],
            createDirectory: refuse,
            writeFile: refuse,
            delete: refuse,
            rename: refuse,
          },
          { isReadonly: true },
        );
        await vscode.commands.executeCommand(
          "vscode.openWith",
          vscode.Uri.parse("memory-test:/far/away.onnx"),
          "neuralLoupe.model",
        );
      });
      const frame = await workbench.webview("main:has-text('virtual file system')");
      assert.match(
        await frame.locator("main").innerText(),
        /away\.onnx[\s\S]*virtual file system \(memory-test\)[\s\S]*Save a Copy/,
      );
      await screenshot("virtual-file-dark");
      await frame.getByRole("link", { name: "Save a Copy" }).click();
      await workbench.answerFileDialog(path.join(workspace, "copied.onnx"));
      await workbench.webview("[data-testid=broken] >> text=copied.onnx");
    });
  },
);
