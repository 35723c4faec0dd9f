// Installing VS Code's server where desktop VS Code is not at hand: npm's code-server, which is VS Code with the real
// extension host, and the Node 24 it asks for.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolder, runOrThrow } from "./commands.mjs";
import { task } from "./progress.mjs";

const nodeVersion = "24";
const codeServerVersion = "4.139.1";

/** The cache folder's part that is this version's, and in it the paths of a Node 24 and of VS Code's server-main.js. */
function places() {
  const folder = path.join(
    cacheFolder(),
    `code-server-${codeServerVersion}-node${nodeVersion}-${process.platform}-${process.arch}`,
  );
  // Two folders: npm prunes the package `node` when it installs code-server beside it.
  const nodeFolder = path.join(folder, "node");
  const serverFolder = path.join(folder, "server");
  const nodeHome = path.join(nodeFolder, `node_modules/node/node_modules/node-${process.platform}-${process.arch}`);
  return {
    folder,
    nodeFolder,
    serverFolder,
    nodeHome,
    node: path.join(nodeHome, "bin/node"),
    serverMain: path.join(serverFolder, "node_modules/code-server/lib/vscode/out/server-main.js"),
    marker: path.join(folder, "done"),
  };
}

export function codeServerIsInstalled() {
  return existsSync(places().marker);
}

/** { node, serverMain }: the programs that VS Code's server is; prepareMachine({ server: true }) has seen to them. */
export function codeServer() {
  const { node, serverMain, marker } = places();
  if (!existsSync(marker)) throw new Error(`VS Code's server is not installed in ${cacheFolder()}.`);
  return { node, serverMain };
}

/**
 * Installs VS Code's server into the cache folder when it is not there yet: minutes, once per machine. Several
 * processes may ask at the same time.
 */
export async function installCodeServer() {
  if (process.platform === "win32") {
    throw new Error(
      "VS Code's server cannot be built on Windows. Install VS Code (https://code.visualstudio.com) so that `code` is on PATH.",
    );
  }
  const { folder, nodeFolder, serverFolder, nodeHome, node, serverMain, marker } = places();
  if (existsSync(marker)) return;
  await mkdir(folder, { recursive: true });
  await withLock(path.join(folder, "lock"), async () => {
    if (existsSync(marker)) return; // another process did it meanwhile
    // What a broken-off attempt left would confuse npm.
    await rm(nodeFolder, { recursive: true, force: true });
    await rm(serverFolder, { recursive: true, force: true });
    await task(`Node ${nodeVersion}, for VS Code's server`, () => install(nodeFolder, `node@${nodeVersion}`, {}), {
      usually: "some seconds, once",
    });
    await task(
      `VS Code's server (code-server ${codeServerVersion}), compiled on this machine`,
      async () => {
        await install(serverFolder, `code-server@${codeServerVersion}`, {
          PATH: path.dirname(node) + path.delimiter + process.env.PATH,
          npm_config_nodedir: nodeHome, // the headers to compile against
          npm_config_unsafe_perm: "true",
        });
        await writeFile(marker, await runOrThrow(node, [serverMain, "--version"], { show: false }));
      },
      { usually: "2 to 10 minutes, once" },
    );
  });
}

/** npm-installs one package, with its install scripts, into a folder of its own. */
async function install(folder, name, env) {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ private: true }));
  await runOrThrow("npm", ["install", name, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    show: false,
    timeout: 3_600_000,
    // npm 12 runs no install scripts unless told, and code-server's own builds its parts with npm again.
    env: { ...withoutNpmConfig(process.env), npm_config_dangerously_allow_all_scripts: "true", ...env },
  });
}

/** `npm start` exports this repository's npm settings to its scripts; they are not meant for other folders. */
function withoutNpmConfig(env) {
  const kept = /^npm_config_(cache|registry|proxy|https_proxy|noproxy|cafile|userconfig|globalconfig)$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name)));
}

/** Runs `work` while no other process holds the lock file; a lock whose process is gone is taken over. */
async function withLock(file, work) {
  for (let told = false; ;) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(file, "utf8").catch(() => ""));
    if (owner && !isAlive(owner)) await rm(file, { force: true });
    else {
      if (!told) console.log(`  waiting for process ${owner}, which is installing VS Code's server`);
      told = true;
      await sleep(1000);
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
