// Makes the reference numbers under test/reference again: node scripts/reference.mjs [--python PROGRAM] [FOLDER...]
//
// Each folder there with a make.py is made by it, in a Python environment that is deleted afterwards. --python takes an
// interpreter that already has test/reference/requirements.txt and requirements-alone.txt. The tests themselves need
// none of this.
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { onPath, root, run, runOrThrow } from "./lib/commands.mjs";

const referenceFolder = path.join(root, "test/reference");
// The oldest that the pinned numpy is made for.
const oldestPython = [3, 11];

async function main() {
  const { values, positionals } = parseArgs({ options: { python: { type: "string" } }, allowPositionals: true });
  const folders = chosenFolders(positionals);
  if (values.python) return makeAll(values.python, folders);

  const environment = await mkdtemp(path.join(os.tmpdir(), "neural-loupe-reference-"));
  try {
    await makeAll(await installPython(environment), folders);
  } finally {
    await rm(environment, { recursive: true, force: true });
  }
}

/** Folders under test/reference that have a make.py: those named, or all. */
function chosenFolders(names) {
  const all = readdirSync(referenceFolder)
    .filter((name) => existsSync(path.join(referenceFolder, name, "make.py")))
    .sort();
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`There is no test/reference/${unknown[0]}/make.py. There are: ${all.join(", ")}.`);
  return names.length > 0 ? names : all;
}

/** A virtual environment with the pinned packages. Returns its interpreter. */
async function installPython(environment) {
  const system = await suitablePython();
  await runOrThrow(system, ["-m", "venv", environment]);
  const python = path.join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  console.log("Installing PyTorch and ONNX for Python into a throw-away environment (several gigabytes on Linux) ...");
  await runOrThrow(python, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "-r",
    path.join(referenceFolder, "requirements.txt"),
  ]);
  await runOrThrow(python, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "-r",
    path.join(referenceFolder, "requirements-alone.txt"),
  ]);
  return python;
}

async function suitablePython() {
  const wanted = oldestPython.join(".");
  for (const name of ["python3", "python"].filter(onPath)) {
    const { code } = await run(name, ["-c", `import sys; sys.exit(sys.version_info < (${oldestPython}))`], {
      show: false,
    });
    if (code === 0) return name;
  }
  throw new Error(
    `Python ${wanted} or later is needed to make the references, and none is on PATH. Install it, or pass --python PROGRAM.`,
  );
}

/** Runs every make.py, the failing ones not keeping the rest from being made. */
async function makeAll(python, folders) {
  const failed = [];
  for (const folder of folders) {
    console.log(`\n${folder}`);
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    const { code } = await run(python, ["make.py"], { cwd: path.join(referenceFolder, folder), env });
    if (code !== 0) failed.push(folder);
  }
  if (failed.length > 0) throw new Error(`make.py failed in test/reference: ${failed.join(", ")}.`);
  console.log("\n`git diff --stat` shows what has changed.");
}

class UsageError extends Error {}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = error instanceof UsageError || error.code?.startsWith("ERR_PARSE_ARGS") ? 2 : 1;
}
