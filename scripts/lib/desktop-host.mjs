// Desktop VS Code for the integration tests: $VSCODE_EXECUTABLE, or one that @vscode/test-electron downloads.
// Fulfils `Host` of test/integration/harness/host.ts. Written against the documentation: no desktop VS Code could be
// had where this was developed, so it is untested.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { downloadAndUnzipVSCode, resolveCliPathFromVSCodeExecutablePath } from "@vscode/test-electron";
import { cacheFolder, killTree, runOrThrow } from "./commands.mjs";
import { profileSettings, useExtensions } from "./vscode-server.mjs";

/** The operating system's own dialogs are out of the tests' reach; VS Code's are not. */
const drivable = {
  "files.simpleDialog.enable": true,
  "window.dialogStyle": "custom",
  "window.titleBarStyle": "custom",
};

export async function openDesktopHost() {
  const executable =
    process.env.VSCODE_EXECUTABLE ?? (await downloadAndUnzipVSCode({ cachePath: path.join(cacheFolder(), "vscode") }));

  async function start({
    dataFolder,
    extensionsFolder,
    extensions,
    vsix,
    theme,
    settings,
    trust,
    env,
    viewport,
    patience,
  }) {
    const where = [`--user-data-dir=${dataFolder}`, `--extensions-dir=${extensionsFolder}`];
    const userFolder = path.join(dataFolder, "User");
    await mkdir(userFolder, { recursive: true });
    await mkdir(extensionsFolder, { recursive: true });
    await writeFile(
      path.join(userFolder, "settings.json"),
      JSON.stringify(profileSettings({ theme, settings: { ...drivable, ...settings } }), null, 2),
    );
    if (vsix) {
      await runOrThrow(resolveCliPathFromVSCodeExecutablePath(executable), [...where, "--install-extension", vsix], {
        show: false,
      });
    }
    await useExtensions(extensionsFolder, extensions);
    const running = [];
    return {
      logFolder: path.join(dataFolder, "logs"),
      output: () => running.map(({ output }) => output).join("\n"),
      async open(folder) {
        const args = [
          ...[
            ...where,
            "--remote-debugging-port=0",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-updates",
            "--skip-welcome",
          ],
          ...["--skip-release-notes", "--disable-telemetry", "--new-window"],
          ...(trust ? ["--disable-workspace-trust"] : []),
          folder,
        ];
        const program = {
          output: "",
          pages: [],
          child: spawn(executable, args, { detached: true, env: { ...process.env, ...env } }),
        };
        for (const stream of [program.child.stdout, program.child.stderr]) {
          stream.on("data", (chunk) => {
            program.output = (program.output + chunk).slice(-200_000);
          });
        }
        running.push(program);
        // A second window is opened by the first one's process: the browser it belongs to is the first's.
        const browser = running[0].browser ?? (await connect(program));
        const page = await workbenchPage(browser, new Set(running.flatMap(({ pages }) => pages)));
        Object.assign(program, { browser, pages: [page] });
        await page.setViewportSize(viewport);
        page.setDefaultTimeout(patience);
        return page;
      },
      async stop() {
        for (const { child, browser } of running) {
          await browser?.close().catch(() => undefined);
          killTree(child);
        }
      },
    };
  }

  return { name: "desktop VS Code", start, close: async () => undefined };
}

async function connect(program, limit = 180_000) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(100)) {
    const endpoint = /DevTools listening on (ws:\S+)/.exec(program.output)?.[1];
    if (endpoint) return chromium.connectOverCDP(endpoint);
  }
  throw new Error(`VS Code opened no debugging port within ${limit / 1000} s. It said:\n${program.output}`);
}

async function workbenchPage(browser, known, limit = 180_000) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(100)) {
    const pages = browser.contexts().flatMap((context) => context.pages());
    const page = pages.find((one) => !known.has(one) && one.url().includes("workbench.html"));
    if (page) return page;
  }
  throw new Error(`VS Code showed no workbench within ${limit / 1000} s.`);
}
