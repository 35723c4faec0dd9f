// Records what VS Code gives webviews in each theme that it comes with: `node scripts/themes.mjs` writes
// test/webview/fake/themes.json. To be run when scripts/lib/code-server.mjs takes another version, and when a webview
// uses a variable of a family that was not recorded (a test says so).
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root, runOrThrow } from "./lib/commands.mjs";
import { ensureDependencies } from "./lib/dependencies.mjs";
import { openWebHost } from "./lib/web-host.mjs";

const file = path.join(root, "test/webview/fake/themes.json");

/**
 * The families of variables that webviews are made of. Most of the 990 are the editor's and the terminal's, and fonts
 * are the machine's.
 */
const families =
  /^(foreground|disabledForeground|descriptionForeground|errorForeground|focusBorder|icon-foreground|(contrast|selection|widget|progressBar|button|checkbox|dropdown|input|inputOption|inputValidation|toolbar|badge|list|menu|tab|panel|panelTitle|sideBar|scrollbarSlider|charts|textLink|textPreformat|textBlockQuote|textCodeBlock|keybindingLabel|editorWidget|editorHoverWidget|problems\w+)(?![a-z])[\w-]*|editor-(background|foreground|selectionBackground|findMatch\w+)|editor(Error|Warning|Info)-foreground)$/;

await ensureDependencies();
await runOrThrow(process.execPath, ["esbuild.mjs"], { show: false });
const { recordThemes } = await import(pathToFileURL(path.join(root, "dist/test/flows.mjs")).href);
const host = await openWebHost();
try {
  const { vscode, defaultStyles, themes } = await recordThemes(host, root);
  const kept = themes.map(({ variables, ...theme }) => ({ ...theme, variables: webviewsOwn(variables) }));
  const names = [...new Set(kept.flatMap(({ variables }) => Object.keys(variables)))].sort();
  const record = {
    vscode,
    families: families.source,
    defaultStyles: defaultStyles.replace(/\s+/g, " ").trim(),
    themes: kept,
  };
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
  console.log(`${path.relative(root, file)}: ${kept.length} themes of VS Code ${vscode}, ${names.length} variables`);
} finally {
  await host.close();
}

function webviewsOwn(variables) {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([name]) => families.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
