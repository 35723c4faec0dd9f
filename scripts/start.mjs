// `npm start [-- --no-open] [--server] [--port N] [FOLDER]`: builds the extension and opens VS Code with it on
// samples/.
//
// Desktop VS Code where `code` is at hand; else VS Code's server (installed once, into the cache folder), whose address
// is printed and, unless --no-open, opened in the browser.
import { existsSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { openBrowser } from "./lib/open-browser.mjs";
import { cacheFolder, onPath, root, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { prepareMachine } from "./lib/machine.mjs";
import { task } from "./lib/progress.mjs";
import { startServer } from "./lib/vscode-server.mjs";

const options = {
  "no-open": { type: "boolean", default: false },
  server: { type: "boolean", default: false },
  port: { type: "string", default: "0" },
};

try {
  await main(parseArgs({ options, allowPositionals: true }));
} catch (error) {
  console.error(error.message);
  process.exit(error.code?.startsWith?.("ERR_PARSE_ARGS") ? 2 : 1);
}

async function main({ values, positionals }) {
  const folder = positionals[0]
    ? path.resolve(process.env.INIT_CWD ?? ".", positionals[0])
    : path.join(root, "samples");
  if (!existsSync(folder)) throw new Error(`There is no folder ${folder} to open.`);
  if (!/^\d+$/.test(values.port)) throw new Error(`--port takes a number, not "${values.port}".`);
  const code = values.server ? undefined : desktop();
  await prepareMachine({ server: !code });
  await ensureDependencies();
  await task("building the extension", () => runOrThrow(process.execPath, ["esbuild.mjs"], { show: false }));
  if (code) await openDesktop(code, folder);
  else await openServer(folder, values);
}

/** The command of desktop VS Code. macOS has it inside the application where nobody put it on PATH. */
function desktop() {
  const inApplication = "/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code";
  return onPath("code") ?? onPath("code-insiders") ?? (existsSync(inApplication) ? inApplication : undefined);
}

async function openDesktop(code, folder) {
  console.log(`Opening VS Code (${code}) on ${folder}`);
  await runOrThrow(code, [`--extensionDevelopmentPath=${root}`, folder]);
}

async function openServer(folder, values) {
  // Each checkout has a profile of its own that stays, so that panels and settings are there the next time.
  const home = path.join(root, ".vscode-test/start");
  // the server ends with us
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(0));
  const server = await task("starting VS Code's server", () =>
    startServer({
      dataFolder: path.join(home, "data"),
      extensionsFolder: path.join(home, "extensions"),
      extensions: [root],
      port: Number(values.port),
    }),
  );
  const url = server.url(folder);
  console.log(
    `\nVS Code with Neural Loupe on ${folder}:\n\n    ${url}\n\nCtrl+C ends it. (Its programs are in ${cacheFolder()}.)`,
  );
  if (!values["no-open"] && !process.env.CI && process.stdout.isTTY) openBrowser(url);
  const code = await server.exited;
  throw new Error(`VS Code's server ended by itself (exit code ${code}). It said:\n${server.output().trim()}`);
}
