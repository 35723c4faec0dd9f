// `npm run bench [-- --python PROGRAM] [NAME...]`: times us, and beside us the peers, in the same run.
// `npm run bench -- product [--against FOLDER] [--repetitions N]`: what the product costs in VS Code, and beside it, in
// turn, that of another checkout (with its node_modules). It measures and judges nothing: its exit code is 0.
//
// Captum is installed by pip into .cache/bench (kept for the next time; several gigabytes on Linux); --python takes an
// interpreter that has it already, --no-peer leaves it out.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { onPath, root, run, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { benchProduct } from "./bench-product.mjs";

const { values, positionals } = parseArgs({
  options: {
    python: { type: "string" },
    "no-peer": { type: "boolean" },
    against: { type: "string" },
    repetitions: { type: "string", default: "5" },
  },
  allowPositionals: true,
});
await ensureDependencies();
if (positionals.includes("product")) {
  const against = values.against && path.resolve(values.against);
  const repetitions = Math.max(1, Math.floor(Number(values.repetitions)) || 1);
  await benchProduct({ against, repetitions }).catch((error) => console.log(error.message));
  process.exit(0);
}
const out = path.join(root, "dist/bench.mjs");
await build({
  entryPoints: [path.join(root, "test/bench/main.ts")],
  outfile: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["onnxruntime-node", "sharp"],
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: "warning",
});
const python = values["no-peer"] ? "" : (values.python ?? (await installCaptum()));
const { code } = await run(process.execPath, [out, python, ...positionals], { cwd: root, timeout: 60 * 60_000 });
process.exit(code ?? 1);

/** A Python environment with Captum, or "" where there is none to be had: then we are timed alone, and that is said. */
async function installCaptum() {
  const environment = path.join(root, ".cache/bench");
  const program = path.join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const done = path.join(environment, "captum-installed");
  if (existsSync(done)) return program;
  if (!onPath("python3")) return (console.log("No python3 on PATH: Captum is not timed."), "");
  try {
    await mkdir(path.dirname(environment), { recursive: true });
    await runOrThrow("python3", ["-m", "venv", environment]);
    console.log("Installing Captum and PyTorch (several gigabytes on Linux) ...");
    await runOrThrow(program, [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "captum==0.9.0",
      "-r",
      path.join(root, "test/reference/requirements.txt"),
    ]);
    await runOrThrow(program, ["-c", `open(${JSON.stringify(done)}, "w").close()`]);
    return program;
  } catch (error) {
    console.log(`Captum could not be installed (${error.message}): we are timed alone.`);
    return "";
  }
}
