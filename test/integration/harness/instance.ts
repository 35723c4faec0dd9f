// A VS Code of its own, on a fresh copy of the sample classifier, with the test bridge in it.
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { Bridge } from "./bridge.ts";
import { patience } from "./eventually.ts";
import type { FlowOptions, Window } from "./flow.ts";
import type { Host, Session } from "./host.ts";
import { Workbench } from "./workbench.ts";

export interface InstanceOptions {
  readonly host: Host;
  /** The repository: its samples and its built bridge are used. */
  readonly root: string;
  /** The extension's folder, or the VSIX file to install it from. */
  readonly extension: { readonly folder: string } | { readonly vsix: string };
  readonly options?: FlowOptions;
}

export class Instance {
  /** The windows opened so far. */
  readonly pages: Page[] = [];
  /** What the windows' consoles have said in warnings and errors. */
  readonly trouble: string[] = [];
  readonly session: Session;
  readonly #folder: string;
  readonly #opened: string;
  /** Process ids of the extension hosts of the windows so far. */
  readonly #known = new Set<number>();

  private constructor(folder: string, opened: string, session: Session) {
    this.#folder = folder;
    this.#opened = opened;
    this.session = session;
  }

  /** Starts VS Code; a window is opened by `openWindow`. */
  static async start({ host, root, extension, options = {} }: InstanceOptions): Promise<Instance> {
    const { samples = true, files = {}, roots, trust = true, viewport = { width: 1440, height: 900 } } = options;
    const folder = await mkdtemp(path.join(os.tmpdir(), "neural-loupe-flow-"));
    try {
      const workspace = workspaceIn(folder);
      await Promise.all([workspace, bridgesIn(folder)].map((one) => mkdir(one)));
      if (samples) await copyClassifier(path.join(root, "samples"), workspace);
      for (const [name, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(workspace, name)), { recursive: true });
        await writeFile(path.join(workspace, name), content);
      }
      const opened = roots ? await multiRoot(folder, workspace, roots) : workspace;
      const session = await host.start({
        dataFolder: path.join(folder, "data"),
        extensionsFolder: path.join(folder, "extensions"),
        extensions: [...("folder" in extension ? [extension.folder] : []), path.join(root, "dist/test/bridge")],
        vsix: "vsix" in extension ? extension.vsix : undefined,
        theme: options.theme,
        settings: options.settings,
        trust,
        env: { ...options.env, NEURAL_LOUPE_BRIDGE: bridgesIn(folder) },
        viewport,
        scale: options.scale ?? 1,
        patience,
      });
      return new Instance(folder, opened, session);
    } catch (error) {
      await remove(folder);
      throw error;
    }
  }

  /** Opens a window, on the workspace or another folder, and waits for its workbench and its extension host. */
  async openWindow(target = this.#opened): Promise<Window> {
    const page = await this.session.open(target);
    this.pages.push(page);
    listen(page, this.trouble);
    const vscode = await Bridge.connect(bridgesIn(this.#folder), this.#known);
    this.#known.add(vscode.pid);
    const workbench = new Workbench(page, vscode);
    await workbench.ready();
    const workspace = target === this.#opened ? workspaceIn(this.#folder) : target;
    return { page, workbench, vscode, workspace };
  }

  /** Ends VS Code; nothing stays of it on disk. */
  async close(): Promise<void> {
    await this.session.stop();
    await remove(this.#folder);
  }
}

/** The classifier's files lie in samples/ itself, other models in folders: with one model no command asks which. */
async function copyClassifier(samples: string, workspace: string): Promise<void> {
  for (const entry of await readdir(samples, { withFileTypes: true }))
    if (entry.isFile()) await cp(path.join(samples, entry.name), path.join(workspace, entry.name));
}

function workspaceIn(folder: string): string {
  return path.join(folder, "workspace");
}

function bridgesIn(folder: string): string {
  return path.join(folder, "bridges");
}

async function multiRoot(folder: string, workspace: string, roots: readonly string[]): Promise<string> {
  const file = path.join(folder, "several.code-workspace");
  await writeFile(file, JSON.stringify({ folders: roots.map((name) => ({ path: path.join(workspace, name) })) }));
  return file;
}

function listen(page: Page, trouble: string[]): void {
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      trouble.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`uncaught: ${error.message}`));
}

/** The dying processes may still write: a few tries, and what stays is the system's temporary folder's to clean. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => undefined);
}
