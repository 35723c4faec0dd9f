// Reads what VS Code gives its webviews in each theme that comes with it: for scripts/themes.mjs.
import type { Frame } from "playwright-core";
import { eventually } from "./harness/eventually.ts";
import type { Host } from "./harness/host.ts";
import { Instance } from "./harness/instance.ts";
import type { Window } from "./harness/flow.ts";

/** One theme, as its webviews see it. */
interface RecordedTheme {
  /** What the setting `workbench.colorTheme` takes. */
  readonly id: string;
  readonly label: string;
  readonly bodyClass: string;
  /** Every variable of the page's root element, by its name without `--vscode-`. */
  readonly variables: Readonly<Record<string, string>>;
}

interface RecordedThemes {
  /** The version of VS Code. */
  readonly vscode: string;
  /** The style sheet that every webview begins with. */
  readonly defaultStyles: string;
  readonly themes: readonly RecordedTheme[];
}

interface Contribution {
  readonly id: string;
  readonly label: string;
}

/** Opens a webview in a VS Code of its own, puts each theme on, and reads the page. */
export async function recordThemes(host: Host, root: string): Promise<RecordedThemes> {
  const instance = await Instance.start({ host, root, extension: { folder: root }, options: { samples: false } });
  try {
    const window = await instance.openWindow();
    const { vscode, workbench } = window;
    await vscode.evaluate((vscode) => {
      const panel = vscode.window.createWebviewPanel("neuralLoupe.themes", "Themes", vscode.ViewColumn.One, {});
      panel.webview.html = `<!DOCTYPE html><html><head></head><body><p id="recorded">themes</p></body></html>`;
    });
    const frame = await workbench.webview("#recorded");
    const themes: RecordedTheme[] = [];
    for (const theme of await contributed(window)) themes.push(await record(window, frame, theme));
    const defaultStyles = await frame.evaluate(() => document.getElementById("_defaultStyles")?.textContent ?? "");
    if (!defaultStyles) throw new Error("The webview has no style sheet of VS Code's (#_defaultStyles).");
    return { vscode: await vscode.evaluate((vscode) => vscode.version), defaultStyles, themes };
  } finally {
    await instance.close();
  }
}

/** The themes of the extensions that VS Code comes with. */
function contributed({ vscode }: Window): Promise<Contribution[]> {
  return vscode.evaluate((vscode) =>
    vscode.extensions.all
      .filter(({ id }) => id.startsWith("vscode."))
      .flatMap(({ packageJSON }) => {
        const { contributes } = packageJSON as {
          contributes?: { themes?: readonly { readonly id?: string; readonly label: string }[] };
        };
        return (contributes?.themes ?? []).map(({ id, label }) => ({ id: id ?? label, label }));
      }),
  );
}

async function record({ vscode }: Window, frame: Frame, { id, label }: Contribution): Promise<RecordedTheme> {
  await vscode.setSetting("workbench.colorTheme", id);
  return eventually(async () => {
    const page = await frame.evaluate(() => ({
      theme: document.body.dataset.vscodeThemeId,
      bodyClass: document.body.className,
      style: Array.from(document.documentElement.style, (name) => [
        name,
        document.documentElement.style.getPropertyValue(name),
      ]),
    }));
    if (page.theme !== id) throw new Error(`The webview has the theme ${page.theme ?? "of no name"}, not ${id}.`);
    const variables = page.style
      .filter(([name]) => name.startsWith("--vscode-"))
      .map(([name, value]) => [name.slice("--vscode-".length), value] as const);
    return { id, label, bodyClass: page.bodyClass, variables: Object.fromEntries(variables) };
  });
}
