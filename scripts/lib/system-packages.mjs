// What the scripts need from the operating system, and how Debian and Ubuntu provide it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { onPath, run } from "./commands.mjs";

const debian = {
  /** To build code-server's native modules. */
  compiler: ["g++", "make", "python3", "pkg-config", "libkrb5-dev", "libx11-dev", "libxkbfile-dev", "libsecret-1-dev"],
  /** To see and drive VS Code: a browser, and letters for the screenshots. */
  browser: ["chromium", "fonts-dejavu-core", "fonts-liberation"],
};

const browsers = [
  ...["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"].map((name) => () => onPath(name)),
  () => "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  () => "/Applications/Chromium.app/Contents/MacOS/Chromium",
  () => "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  () => "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** The path of a Chromium: $CHROMIUM_EXECUTABLE, one that is installed, or one installed now (Debian, as root). */
export async function ensureBrowser() {
  const given = process.env.CHROMIUM_EXECUTABLE;
  if (given) {
    if (!existsSync(given)) throw new Error(`$CHROMIUM_EXECUTABLE is ${given}, which does not exist.`);
    return given;
  }
  if (!findBrowser()) await installPackages(debian.browser, "a Chromium, to drive VS Code in the tests");
  const found = findBrowser();
  if (!found) throw new Error("No Chromium was found. Install Chromium, Chrome or Edge, or set CHROMIUM_EXECUTABLE to its path.");
  return found;
}

/** Whatever building code-server from npm takes. */
export async function ensureCompiler() {
  await installPackages(debian.compiler, "code-server's native modules, which are compiled on this machine");
}

function findBrowser() {
  return browsers.map((find) => find()).find((file) => file && existsSync(file));
}

async function installPackages(names, purpose) {
  if (!onPath("dpkg-query") || !onPath("apt-get")) return; // not Debian: what is missing shows when it is used
  const missing = names.filter((name) => !isInstalled(name));
  if (!missing.length) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) {
    throw new Error(`Debian packages are missing (${purpose}). Please run this once, then try again:\n\n    sudo sh -c '${command}'\n`);
  }
  console.log(`Installing Debian packages for ${purpose}: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { code, output } = await run("sh", ["-c", command], { env, show: false, timeout: 900_000 });
  if (code !== 0) throw new Error(`\`${command}\` failed:\n${output.trim().split("\n").slice(-15).join("\n")}`);
}

function isInstalled(name) {
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f=${Status}", name], { encoding: "utf8" });
  return stdout.includes("install ok installed");
}
