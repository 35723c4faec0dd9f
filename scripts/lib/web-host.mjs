// The VS Code the integration tests run in where there is no desktop: VS Code's server, seen through Chromium.
// Fulfils `Host` of test/integration/harness/host.ts.
import { launchBrowser } from "./browser.mjs";
import { codeServer } from "./code-server.mjs";
import { runOrThrow } from "./commands.mjs";
import { prepareMachine } from "./machine.mjs";
import { startServer } from "./vscode-server.mjs";

/**
 * @param {{ headed?: boolean, args?: string[] }} options headed: shows the browser's window; args: more of Chromium's
 *   own arguments
 */
export async function openWebHost({ headed = false, args = [] } = {}) {
  await prepareMachine({ browser: true, server: true });
  const { node, serverMain } = codeServer();
  const browser = await launchBrowser({ headed, args });

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
    scale,
    patience,
  }) {
    if (vsix) {
      const where = ["--extensions-dir", extensionsFolder, "--server-data-dir", dataFolder];
      await runOrThrow(node, [serverMain, "--install-extension", vsix, ...where, "--accept-server-license-terms"], {
        show: false,
      });
    }
    const server = await startServer({ dataFolder, extensionsFolder, extensions, theme, settings, trust, env });
    // A context of its own has its own storage: what the workbench keeps in the browser starts empty in each flow.
    const context = await browser.newContext({ viewport, deviceScaleFactor: scale, acceptDownloads: true });
    context.setDefaultTimeout(patience);
    return {
      logFolder: server.logFolder,
      output: server.output,
      async open(folder) {
        const url = server.url(folder);
        await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(url).origin });
        const page = await context.newPage();
        await page.goto(url, { waitUntil: "domcontentloaded" });
        return page;
      },
      async stop() {
        // Closing asks no page whether it would rather stay.
        await context.close({ reason: "the flow is over" }).catch(() => undefined);
        await server.stop();
      },
    };
  }

  return { name: "VS Code's server", start, close: () => browser.close() };
}
