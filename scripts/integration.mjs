// Runs the integration flows in a real VS Code: `node scripts/integration.mjs [--only TEXT] [--vsix FILE] [--headed]`.
// The build must be there (`npm run build`). With $VSCODE_EXECUTABLE, or --desktop, in desktop VS Code; else in VS
// Code's server through Chromium.
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { root } from "./lib/commands.mjs";

/**
 * Runs all flows, or those that `only` and `vsix` choose; with `pictures` those that take the README's. Gives { passed,
 * failed }.
 */
export async function runIntegration({
  only,
  vsix,
  pictures,
  headed = false,
  desktop = Boolean(process.env.VSCODE_EXECUTABLE),
} = {}) {
  const program = path.join(root, "dist/test/flows.mjs");
  if (!existsSync(program)) throw new Error("The integration tests are not built: run `npm run build` first.");
  process.setSourceMapsEnabled(true); // failures then name the flow's own line
  const { runAll } = await import(pathToFileURL(program).href);
  const host = desktop
    ? await (await import("./lib/desktop-host.mjs")).openDesktopHost()
    : await (await import("./lib/web-host.mjs")).openWebHost({ headed });
  try {
    return await runAll({ root, host, only, pictures, vsix: vsix && path.resolve(vsix) });
  } finally {
    await host.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = {
    only: { type: "string" },
    vsix: { type: "string" },
    headed: { type: "boolean" },
    desktop: { type: "boolean" },
  };
  try {
    const { values } = parseArgs({ options });
    const { passed, failed } = await runIntegration(values);
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed ? 1 : 0;
  } catch (error) {
    console.error(error.message);
    process.exitCode = error.code?.startsWith?.("ERR_PARSE_ARGS") ? 2 : 1;
  }
}
