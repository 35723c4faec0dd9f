// `npm run gallery [-- --no-open] [--port N]`: serves a page with every view and every kind of result in every state,
// without VS Code, on 127.0.0.1, and opens it in the browser.
// `npm run gallery -- --update [TEXT]`: takes the pictures that the tests compare again, or those whose name has TEXT.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openBrowser } from "./lib/open-browser.mjs";
import { root, run, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { task } from "./lib/progress.mjs";

const options = {
  "no-open": { type: "boolean", default: false },
  update: { type: "boolean", default: false },
  port: { type: "string", default: "0" },
};

try {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (!/^\d+$/.test(values.port)) throw new Error(`--port takes a number, not "${values.port}".`);
  await ensureDependencies();
  if (values.update) await update(positionals[0] ?? "");
  else await serve(values);
} catch (error) {
  console.error(error.message);
  process.exit(error.code?.startsWith?.("ERR_PARSE_ARGS") ? 2 : 1);
}

async function serve(values) {
  await task("building", () => runOrThrow(process.execPath, ["esbuild.mjs"], { show: false }));
  const { openGallery } = await import(pathToFileURL(path.join(root, "dist/test/gallery.mjs")).href);
  const address = await openGallery(root, Number(values.port));
  console.log(`\nThe gallery:\n\n    ${address}/\n\nCtrl+C ends it. After a change, start it again.`);
  if (!values["no-open"] && !process.env.CI && process.stdout.isTTY) openBrowser(`${address}/`);
}

async function update(text) {
  const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
  const args = ["run", "test/webview/gallery/pictures.test.ts", ...(text ? ["-t", text] : [])];
  const { code } = await run(process.execPath, [vitest, ...args], { env: { ...process.env, UPDATE_PICTURES: "1" } });
  if (code !== 0) throw new Error("Not all pictures could be taken.");
}
