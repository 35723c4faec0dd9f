// Lint rules: TypeScript's own, and the arrows between the folders of src (see ARCHITECTURE.md).
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";
import { arrowsRule } from "./scripts/lib/arrows-rule.mjs";

/**
 * What each folder may import, beside itself and packages from npm. A name alone allows the folder, a name with a
 * file allows that file only.
 */
const arrows = {
  "src/protocol": [],
  "src/model": ["src/protocol"],
  "src/autodiff": ["src/protocol", "src/model"],
  "src/runtime": ["src/protocol", "src/model", "src/autodiff"],
  "src/data": ["src/protocol", "src/model/errors.ts", "src/model/beside.ts", "src/model/small-floats.ts", "src/math"],
  "src/math": ["src/protocol", "src/model/errors.ts"],
  "src/draw": ["src/protocol"],
  "src/techniques": ["src/protocol", "src/model", "src/autodiff", "src/runtime", "src/data", "src/math", "src/draw"],
  "src/export": ["src/protocol", "src/model", "src/autodiff", "src/runtime", "src/data", "src/math", "src/techniques"],
  "src/engine": [
    "src/protocol",
    "src/model",
    "src/autodiff",
    "src/runtime",
    "src/data",
    "src/math",
    "src/draw",
    "src/techniques",
    "src/export",
  ],
  // The catalogue is plain data, types aside: what the palette and the panels list.
  "src/extension": [
    "src/protocol",
    "src/techniques/catalogue.ts",
    "src/export/python",
    "src/export/exportable.ts",
    "src/data/sample-file.ts",
  ],
  "src/cli": [
    "src/protocol",
    "src/model",
    "src/autodiff",
    "src/runtime",
    "src/data",
    "src/math",
    "src/draw",
    "src/techniques",
    "src/export",
    "src/engine",
  ],
  webview: ["src/protocol", "src/draw"],
};

export default defineConfig(
  { ignores: ["dist/**", "node_modules/**", ".cache/**", ".vscode-test/**", "samples/**", "test/reference/**/*.json"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/ban-ts-comment": "error",
      "@typescript-eslint/no-require-imports": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "off",
    },
  },
  {
    files: ["src/**/*.ts", "webview/**/*.{ts,tsx}"],
    ignores: ["**/*.test.ts", "**/*.test.tsx"],
    rules: { "max-lines": ["warn", { max: 400, skipBlankLines: true, skipComments: true }] },
  },
  // Forgotten awaits lose errors: the one class of mistake worth type-aware linting in the parts that talk to
  // processes.
  {
    files: ["src/{engine,export,extension,cli,runtime,techniques}/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
    },
  },
  ...Object.entries(arrows).map(([folder, allowed]) => ({
    files: [`${folder}/**/*.{ts,tsx}`],
    // A test may reach for whatever helps it check its subject.
    ignores: ["**/*.test.ts", "**/*.test.tsx"],
    plugins: { loupe: { rules: { arrows: arrowsRule } } },
    rules: { "loupe/arrows": ["error", { folder, allowed, vscode: folder === "src/extension" }] },
  })),
  {
    files: ["**/*.mjs"],
    languageOptions: {
      globals: {
        console: "readonly",
        process: "readonly",
        Buffer: "readonly",
        URL: "readonly",
        fetch: "readonly",
        setTimeout: "readonly",
        clearTimeout: "readonly",
        setInterval: "readonly",
        clearInterval: "readonly",
        performance: "readonly",
        AbortController: "readonly",
        AbortSignal: "readonly",
      },
    },
  },
);
