// Starting VS Code's server on 127.0.0.1, with settings and extensions, for `npm start` and for the tests.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { codeServer } from "./code-server.mjs";
import { killTree } from "./commands.mjs";

const themes = {
  dark: "Dark Modern",
  light: "Light Modern",
  "high-contrast": "Default High Contrast",
  "high-contrast-light": "Default High Contrast Light",
};

/** Nothing that talks, asks or fetches by itself, and nothing in the way of what is looked at. */
const quietSettings = {
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "git.openRepositoryInParentFolders": "never",
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "always", // where trust is asked for at all, see startServer
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "neuralLoupe.openWalkthrough": false,
};

/** The settings of a profile: quiet, in a theme, and whatever else is asked for. */
export function profileSettings({ theme = "dark", settings = {} } = {}) {
  if (!themes[theme]) throw new Error(`There is no theme "${theme}". There are ${Object.keys(themes).join(", ")}.`);
  return {
    ...quietSettings,
    "workbench.colorTheme": themes[theme],
    "window.autoDetectColorScheme": false,
    ...settings,
  };
}

/**
 * Starts a server, which prepareMachine({ server: true }) has installed, and waits until it answers.
 *
 * - dataFolder: its profile, logs and state (made when missing)
 * - extensionsFolder: what is installed, from a VSIX for instance (made when missing)
 * - extensions: folders of extensions to use from where they are
 * - theme, settings: for the profile's user settings, when it has none yet
 * - trust: false makes VS Code ask whether a folder is trusted, as on a user's machine; true trusts all
 * - port: 0 takes a free one
 * - env: more environment variables, which the extension host inherits
 *
 * Gives { url(folder), logFolder, output(), stop(), exited }; url's folder may be a .code-workspace file.
 *
 * The address could name extensions in development itself, but VS Code heeds that only with its smoke tests' driver,
 * which suppresses notifications: nobody would see what the extension has to say.
 */
export async function startServer({
  dataFolder,
  extensionsFolder,
  extensions = [],
  theme,
  settings,
  trust = true,
  port = 0,
  env = {},
}) {
  const { node, serverMain } = codeServer();
  const userFolder = path.join(dataFolder, "data/User");
  await mkdir(userFolder, { recursive: true });
  await mkdir(extensionsFolder, { recursive: true });
  await writeIfMissing(
    path.join(userFolder, "settings.json"),
    JSON.stringify(profileSettings({ theme, settings }), null, 2),
  );
  await useExtensions(extensionsFolder, extensions);
  const args = [
    ...[serverMain, "--host", "127.0.0.1", "--port", String(port), "--without-connection-token"],
    ...["--server-data-dir", dataFolder, "--extensions-dir", extensionsFolder],
    ...["--accept-server-license-terms", "--disable-telemetry"],
    ...(trust ? ["--disable-workspace-trust"] : []),
  ];
  const child = spawn(node, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, EXTENSIONS_GALLERY: "{}", ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output = (output + chunk).slice(-200_000);
    });
  }
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const atExit = () => killTree(child);
  process.on("exit", atExit);
  exitOnSignals();
  const stop = async () => {
    killTree(child);
    await exited;
    process.off("exit", atExit);
  };
  const origin = await listening(child, () => output).catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    url: (folder) => address(origin, folder),
    logFolder: path.join(dataFolder, "data/logs"),
    output: () => output,
    stop,
    exited,
  };
}

/** Node dies of a signal without its `exit` event, and the server, a process group of its own, would live on. */
function exitOnSignals() {
  for (const [signal, number] of [
    ["SIGHUP", 1],
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ]) {
    if (!process.listenerCount(signal)) process.once(signal, () => process.exit(128 + number));
  }
}

function address(origin, folder) {
  const url = new URL(origin);
  url.searchParams.set(folder.endsWith(".code-workspace") ? "workspace" : "folder", folder);
  return url.href;
}

/** Adds extensions, where they are, to VS Code's list of what is installed. */
export async function useExtensions(extensionsFolder, folders) {
  const list = path.join(extensionsFolder, "extensions.json");
  const installed = existsSync(list) ? JSON.parse(await readFile(list, "utf8")) : [];
  const added = await Promise.all(
    folders.map(async (folder) => {
      const { publisher, name, version } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
      return {
        identifier: { id: `${publisher}.${name}` },
        version,
        location: { $mid: 1, path: folder, scheme: "file" },
      };
    }),
  );
  const kept = installed.filter(({ identifier }) => !added.some((one) => one.identifier.id === identifier.id));
  await writeFile(list, JSON.stringify([...kept, ...added]));
}

async function writeIfMissing(file, text) {
  if (!existsSync(file)) await writeFile(file, text);
}

/** Resolves with http://127.0.0.1:PORT once the server says so and answers. */
function listening(child, output, limit = 180_000) {
  return new Promise((resolve, reject) => {
    const give = (settle, value) => {
      clearTimeout(timer);
      child.stdout.off("data", look);
      settle(value);
    };
    const fail = (what) => give(reject, new Error(`VS Code's server ${what}. It said:\n${output().trim()}`));
    const timer = setTimeout(() => fail(`did not start within ${limit / 1000} s`), limit);
    const look = () => {
      const port = /agent listening on (\d+)/.exec(output())?.[1];
      if (port) give(resolve, `http://127.0.0.1:${port}`);
    };
    child.stdout.on("data", look);
    child.on("error", (error) => fail(`could not be started (${error.message})`));
    child.on("exit", (code) => fail(`ended with exit code ${code}`));
  });
}
