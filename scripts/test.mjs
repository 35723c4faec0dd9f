// `npm test`: everything that can be checked, from a fresh clone on: types, lint, unit tests, the integration flows in
// a real VS Code, and the packed extension installed into a clean one. The last line is the total, alone.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { root, run, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { prepareMachine } from "./lib/machine.mjs";
import { task } from "./lib/progress.mjs";

const minute = 60_000;

/** Each suite gives { passed, failed }; one that throws counts as one failed test. */
const suites = [
  ["types of the program and its tests", () => program("node_modules/typescript/bin/tsc", "--noEmit")],
  [
    "types of the webviews",
    () => program("node_modules/typescript/bin/tsc", "--noEmit", "-p", "webview/tsconfig.json"),
  ],
  [
    "types of the integration tests",
    () => program("node_modules/typescript/bin/tsc", "--noEmit", "-p", "test/integration/tsconfig.json"),
  ],
  ["lint", () => program("node_modules/eslint/bin/eslint.js", ".")],
  ["formatting", () => program("node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", ".")],
  ["unused exports", () => program("node_modules/knip/bin/knip.js", "--no-progress")],
  ["unit tests and the command line", unitTests],
  ["integration in VS Code", integration],
  ["the packed extension in a clean VS Code", packed],
];

const temporary = await mkdtemp(path.join(os.tmpdir(), "neural-loupe-test-"));
const total = { passed: 0, failed: 0 };
try {
  // What a suite needs is there before the first one starts. Without it nothing can be tested: that is one failed test,
  // and the end.
  const ready = await suite("this machine, packages, build", async () => {
    await prepareMachine({ browser: true, server: !process.env.VSCODE_EXECUTABLE });
    await ensureDependencies();
    await task("building the extension", () => runOrThrow(process.execPath, ["esbuild.mjs"], { show: false }));
    return { passed: 1, failed: 0 };
  });
  if (ready) for (const [name, work] of suites) await suite(name, work);
} finally {
  await rm(temporary, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed ? 1 : 0);

async function suite(name, work) {
  console.log(`\n=== ${name}`);
  const started = Date.now();
  const { passed, failed } = await work().catch((error) => {
    console.log(error.message);
    return { passed: 0, failed: 1 };
  });
  total.passed += passed;
  total.failed += failed;
  console.log(`--- ${name}: ${passed} of ${passed + failed} passed (${Math.round((Date.now() - started) / 1000)} s)`);
  return failed === 0;
}

/** A checker that is one test: it passes when it exits with 0. */
async function program(file, ...args) {
  const { code } = await run(process.execPath, [path.join(root, file), ...args], { timeout: 10 * minute });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}

async function unitTests() {
  const report = path.join(temporary, "vitest.json");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code } = await run(process.execPath, [path.join(root, "node_modules/vitest/vitest.mjs"), ...args], {
    timeout: 40 * minute,
  });
  if (!existsSync(report)) throw new Error(`vitest ended with exit code ${code} and without a report.`);
  const {
    numPassedTests: passed,
    numFailedTests,
    numFailedTestSuites,
    testResults,
  } = JSON.parse(await readFile(report, "utf8"));
  // A file that does not load has no tests to fail, and an error outside of any test fails the run alone.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((one) => one.status === "failed"),
  );
  const failed = numFailedTests + broken.length;
  if (code !== 0 && failed === 0)
    console.log(`vitest ended with exit code ${code} (${numFailedTestSuites} suites failed)`);
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

async function integration() {
  const { runIntegration } = await import("./integration.mjs");
  return runIntegration();
}

/** The VSIX, installed as a user would; being packed at all is a test as well. */
async function packed() {
  const { packExtension } = await import("./package.mjs");
  const { runIntegration } = await import("./integration.mjs");
  const { file, megabytes } = await packExtension({ out: path.join(temporary, "extension.vsix") });
  console.log(`packed: ${megabytes.toFixed(1)} MB`);
  const { passed, failed } = await runIntegration({ vsix: file });
  return { passed: passed + 1, failed };
}
