// node_modules as package-lock.json wants it.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root, runOrThrow } from "./commands.mjs";
import { task } from "./progress.mjs";

/**
 * Runs `npm ci` when node_modules is missing or holds something else than package-lock.json says. What npm says is
 * shown only when it fails. (.npmrc keeps packages from running scripts: none needs to, and onnxruntime-node's would
 * download CUDA libraries.)
 */
export async function ensureDependencies() {
  const reason = outOfStep();
  if (!reason) return;
  await task(`npm ci, because ${reason}`, () => runOrThrow("npm", ["ci"], { show: false, lastLines: 30 }), {
    usually: "half a minute",
  });
  const still = outOfStep();
  if (still) throw new Error(`\`npm ci\` ended well, but ${still}. Delete node_modules and try again.`);
}

/** Why node_modules does not match the lock file, or undefined when it does. */
function outOfStep() {
  const installedFile = path.join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedFile)) return "node_modules is not there yet";
  const wanted = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  for (const [name, { version, optional, peer, link }] of Object.entries(wanted)) {
    if (name === "" || link) continue;
    const has = installed[name]?.version;
    if (has === undefined && (optional || peer)) continue; // other platforms' binaries
    if (has !== version) return `${name} is ${has ?? "missing"}, the lock file says ${version}`;
  }
  return undefined;
}
