// Running other programs from the scripts, and paths they share.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Where things live that are installed once for all checkouts: $NEURAL_LOUPE_CACHE, or the user's cache folder. */
export function cacheFolder() {
  if (process.env.NEURAL_LOUPE_CACHE) return path.resolve(process.env.NEURAL_LOUPE_CACHE);
  const caches =
    process.platform === "darwin"
      ? path.join(os.homedir(), "Library/Caches")
      : process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return path.join(caches, "neural-loupe");
}

/**
 * Runs a program to its end. Resolves with { code, output } and rejects only when it cannot be started.
 * `show`: pass its output through as it comes (default true). `output` holds the last 200,000 characters either way.
 */
export function run(command, args, { cwd = root, env = process.env, show = true, timeout = 0 } = {}) {
  return new Promise((resolve, reject) => {
    // On Windows npm and its kin are .cmd files, which only a shell starts.
    const shell = process.platform === "win32" && !command.endsWith(".exe");
    const child = spawn(command, args, { cwd, env, shell, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (to) => (chunk) => {
      output = (output + chunk).slice(-200_000);
      if (show) to.write(chunk);
    };
    child.stdout.on("data", take(process.stdout));
    child.stderr.on("data", take(process.stderr));
    // What the child has started may hold its pipes open: they are not waited for.
    const timeUp = () => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = timeout && setTimeout(timeUp, timeout);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal) {
        const why = `\n${command} was ended by ${signal}${timeout ? ` (it may take ${timeout / 1000} s)` : ""}`;
        output += why;
        if (show) console.log(why);
      }
      resolve({ code: code ?? 1, output });
    });
  });
}

/**
 * Like `run`, but a failing program is an error whose message says which, and what it said last (unless it was shown).
 */
export async function runOrThrow(command, args, options = {}) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) {
    const said =
      options.show === false
        ? `\n${output
            .trim()
            .split("\n")
            .slice(-(options.lastLines ?? 15))
            .join("\n")}`
        : "";
    throw new Error(
      `\`${[command, ...args].join(" ")}\` failed with exit code ${code} in ${options.cwd ?? root}.${said}`,
    );
  }
  return output;
}

/** The full path of a program on PATH, or undefined. */
export function onPath(name) {
  const extensions = process.platform === "win32" ? [".cmd", ".exe", ".bat"] : [""];
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    for (const extension of extensions) {
      const file = path.join(folder, name + extension);
      if (folder && existsSync(file)) return file;
    }
  }
  return undefined;
}

/** Ends a process started with `detached: true`, and everything it started. */
export function killTree(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(child.pid), "/T", "/F"]);
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // already gone
  }
}
