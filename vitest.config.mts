import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    passWithNoTests: false,
    globalSetup: "test/support/scratch.setup.ts",
    projects: [
      {
        extends: true,
        // VS Code gives extensions this module; tests have a small one of their own.
        resolve: { alias: { vscode: fileURLToPath(new URL("test/support/vscode.ts", import.meta.url)) } },
        test: { name: "node", include: ["{src,scripts,test/reference}/**/*.test.ts"] },
      },
      // In a Chromium, which is found or installed when the first of these tests is to run.
      {
        extends: true,
        test: {
          name: "webview",
          include: ["{webview,test/webview}/**/*.test.ts"],
          globalSetup: "test/webview/browser.setup.ts",
        },
      },
    ],
  },
});
