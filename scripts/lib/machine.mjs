// What the scripts need of the machine, found or installed: the one place that knows.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { codeServerIsInstalled, installCodeServer } from "./code-server.mjs";
import { onPath, run } from "./commands.mjs";
import { task } from "./progress.mjs";

/**
 * A line for each thing that comes as packages of the operating system. `there`: whether it is at hand already, in
 * whatever way; `packages`: Debian's and Ubuntu's; `elsewhere`: what a person does on another system.
 */
const needs = {
  browser: {
    purpose: "a Chromium, to see and drive VS Code and the panels in the tests",
    there: () => Boolean(findBrowser()),
    packages: ["chromium", "fonts-dejavu-core", "fonts-liberation"],
    elsewhere: "Install Chromium, Chrome or Edge, or set CHROMIUM_EXECUTABLE to the path of one.",
  },
  compiler: {
    purpose: "a compiler and libraries, to compile VS Code's server on this machine",
    // On Debian each package is looked for.
    there: () => codeServerIsInstalled() || (!isDebian() && Boolean(onPath("make") && onPath("python3"))),
    packages: [
      "g++",
      "make",
      "python3",
      "pkg-config",
      "libkrb5-dev",
      "libx11-dev",
      "libxkbfile-dev",
      "libsecret-1-dev",
    ],
    elsewhere:
      "Install a C++ compiler, make, Python 3, pkg-config and the headers of libkrb5, libx11, libxkbfile and libsecret.",
  },
  debootstrap: {
    purpose: "debootstrap, to lay out a bare Debian",
    there: () => Boolean(onPath("debootstrap")),
    packages: ["debootstrap"],
    elsewhere: "Install debootstrap.",
  },
};

const browsers = [
  ...["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"].map(
    (name) => () => onPath(name),
  ),
  () => "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  () => "/Applications/Chromium.app/Contents/MacOS/Chromium",
  () => "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  () => "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/**
 * Makes sure that the machine has what is asked for: `browser`, `server` (VS Code's), `debootstrap`. What is missing is
 * installed where that can be done without asking (Debian and Ubuntu, as root); else the error has the one command for
 * all of it.
 */
export async function prepareMachine({ browser = false, server = false, debootstrap = false }) {
  const wanted = [browser && "browser", server && "compiler", debootstrap && "debootstrap"]
    .filter(Boolean)
    .map((name) => needs[name]);
  await installPackages(wanted.filter(({ there }) => !there()));
  if (server) await installCodeServer();
}

/**
 * The path of the Chromium that tests use: $CHROMIUM_EXECUTABLE, or one that is installed; undefined where there is
 * none.
 */
export function findBrowser() {
  const given = process.env.CHROMIUM_EXECUTABLE;
  if (given && !existsSync(given)) throw new Error(`CHROMIUM_EXECUTABLE is ${given}, which does not exist.`);
  return given || browsers.map((find) => find()).find((file) => file && existsSync(file));
}

async function installPackages(missing) {
  if (!missing.length) return;
  if (!isDebian())
    throw new Error(missing.map(({ purpose, elsewhere }) => `This machine lacks ${purpose}. ${elsewhere}`).join("\n"));
  const packages = missing.flatMap(({ packages }) => packages).filter((name) => !isInstalled(name));
  if (!packages.length) return;
  // Another apt may be at work: it is waited for.
  const command = `apt-get update && apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 ${packages.join(" ")}`;
  if (process.getuid?.() !== 0) {
    const purposes = missing.map(({ purpose }) => `  - ${purpose}`).join("\n");
    throw new Error(
      `This machine lacks\n${purposes}\nPlease run this once, then try again:\n\n    sudo sh -c '${command}'\n`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await task(
    `Debian packages: ${packages.join(" ")}`,
    async () => {
      const { code, output } = await run("sh", ["-c", command], { env, show: false, timeout: 1_800_000 });
      if (code !== 0) throw new Error(`\`${command}\` failed:\n${output.trim().split("\n").slice(-15).join("\n")}`);
    },
    { usually: "a minute or two, once" },
  );
}

function isDebian() {
  return Boolean(onPath("dpkg-query") && onPath("apt-get"));
}

function isInstalled(name) {
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f=${Status}", name], { encoding: "utf8" });
  return stdout.includes("install ok installed");
}
