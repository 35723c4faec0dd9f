// What the product costs, in a real VS Code: the part of `npm run bench` that is called product.
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root, runOrThrow } from "./lib/commands.mjs";
import { prepareMachine } from "./lib/machine.mjs";
import { task } from "./lib/progress.mjs";
import { openWebHost } from "./lib/web-host.mjs";

/** Lets a page ask how much memory each of its frames holds, and be answered at once. */
const memoryOfFrames = ["--disable-web-security", "--enable-blink-features=ForceEagerMeasureMemory"];

/** Measures this checkout, and in turn with it the one in the folder `against`; prints a table. */
export async function benchProduct({ against, repetitions }) {
  await prepareMachine({ browser: true, server: true });
  const temporary = await mkdtemp(path.join(os.tmpdir(), "neural-loupe-bench-"));
  let host;
  try {
    // The program that measures, and the extension through which it reaches the extension host.
    await task("building the tests", () => runOrThrow(process.execPath, ["esbuild.mjs"], { show: false }));
    const folders = [];
    for (const checkout of [root, ...(against ? [against] : [])])
      folders.push(await stage(checkout, path.join(temporary, String(folders.length))));
    const { measureProduct } = await import(pathToFileURL(path.join(root, "dist/test/flows.mjs")).href);
    host = await openWebHost({ args: memoryOfFrames });
    await measureProduct({ root, host, folders, repetitions });
  } finally {
    await host?.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Lays a checkout out as a user has it: production bundles beside all else that it has. Gives the folder. */
async function stage(checkout, folder) {
  if (!existsSync(path.join(checkout, "node_modules")))
    throw new Error(`${checkout} has no node_modules: run \`npm ci\` there.`);
  await mkdir(folder);
  for (const name of await readdir(checkout)) {
    if (name === "package.json") await cp(path.join(checkout, name), path.join(folder, name));
    else if (name !== "dist") await symlink(path.join(checkout, name), path.join(folder, name));
  }
  const build = ["esbuild.mjs", "--production", "--outdir", path.join(folder, "dist")];
  await task(`production bundles of ${checkout}`, () =>
    runOrThrow(process.execPath, build, { cwd: checkout, show: false }),
  );
  return folder;
}
