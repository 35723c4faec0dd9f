import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    passWithNoTests: false,
    globalSetup: "test/support/scratch.setup.ts",
    projects: [
      { extends: true, test: { name: "node", include: ["{src,scripts,test/reference}/**/*.test.ts"] } },
      // In a Chromium, which is found or installed when the first of these tests is to run.
      {
        extends: true,
        test: { name: "webview", include: ["webview/**/*.test.ts"], globalSetup: "test/webview/browser.setup.ts" },
      },
    ],
  },
});
