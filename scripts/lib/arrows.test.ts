import path from "node:path";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const eslint = new ESLint({ cwd: root });

/**
 * What the lint rule about the folders' arrows says to `code` if it stood in `file` (type-aware folders: one that
 * exists).
 */
async function complaints(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: path.join(root, file) });
  for (const { fatal, message } of result.messages) if (fatal) throw new Error(`${file}: ${message}`);
  return result.messages.filter(({ ruleId }) => ruleId === "loupe/arrows").map(({ message }) => message);
}

describe("the arrows between folders", () => {
  it.each([
    ["src/model/graph.ts", 'export * from "../protocol/model.ts";'],
    ["src/autodiff/x/y.ts", 'import { a } from "../../model/graph.ts"; export { a };'],
    ["webview/explain/x.tsx", 'import { a } from "../../src/draw/a.ts"; export { a };'],
    ["src/math/x.ts", 'import { a } from "../model/errors.ts"; export { a };'],
    // A folder of its own that is called as one that it must not reach.
    ["src/draw/x.ts", 'import { a } from "./model/a.ts"; export { a };'],
  ])("%s may say %s", async (file, code) => {
    expect(await complaints(file, code)).toEqual([]);
  });

  it.each([
    ["src/protocol/x.ts", 'import type { A } from "../model/graph.ts"; export type B = A;', "src/model/graph.ts"],
    ["src/draw/x.ts", 'export * from "../model/graph.ts";', "src/model/graph.ts"],
    ["src/math/x.ts", 'import { a } from "../model/graph.ts"; export { a };', "src/model/graph.ts"],
    ["webview/explain/x.tsx", 'import { a } from "../../src/model/graph.ts"; export { a };', "src/model/graph.ts"],
    ["src/engine/main.ts", 'export const a = () => import("../extension/activate.ts");', "src/extension/activate.ts"],
    ["src/runtime/ort.ts", 'import { a } from "../techniques/index.ts"; export { a };', "src/techniques/index.ts"],
  ])("%s may not say %s", async (file, code, target) => {
    const said = await complaints(file, code);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`must not import ${target}`);
  });

  it("only the extension knows VS Code", async () => {
    const code = 'import * as vscode from "vscode"; export { vscode };';
    expect(await complaints("src/protocol/x.ts", code)).toEqual([
      "Only src/extension may import 'vscode': src/protocol must run without it.",
    ]);
    expect(await complaints("src/extension/html.ts", code)).toEqual([]);
  });
});
