// An ESLint rule that holds the arrows between folders: which folder's code may import which other folder.
// ESLint's own no-restricted-imports sees only the import's text ("../engine/x.ts"), where src/engine and
// src/extension/engine look the same; this rule resolves the path first.
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Options: { folder, allowed: [folder or file, ...], vscode: boolean }, all relative to the repository. */
export const arrowsRule = {
  meta: {
    type: "problem",
    schema: [{ type: "object" }],
    messages: {
      arrow: "{{folder}} must not import {{target}}: it may import {{allowed}} (ARCHITECTURE.md, the arrows).",
      vscode: "Only src/extension may import 'vscode': {{folder}} must run without it.",
    },
  },
  create(context) {
    const { folder, allowed, vscode = false } = context.options[0];
    const check = (source) => {
      if (typeof source?.value !== "string") return;
      if (source.value === "vscode" && !vscode) context.report({ node: source, messageId: "vscode", data: { folder } });
      if (!source.value.startsWith(".")) return;
      const target = path
        .relative(root, path.resolve(path.dirname(context.filename), source.value))
        .split(path.sep)
        .join("/");
      const reachable = [folder, ...allowed].some((one) => target === one || target.startsWith(`${one}/`));
      const isData = target === "package.json" || target.startsWith("node_modules/") || target.startsWith("media/");
      if (!reachable && !isData) {
        context.report({
          node: source,
          messageId: "arrow",
          data: { folder, target, allowed: allowed.join(", ") || "nothing" },
        });
      }
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    };
  },
};
