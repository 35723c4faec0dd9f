// Runs the flows one after the other, each in a fresh VS Code on a fresh copy of the samples.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { Bridge } from "./bridge.ts";
import { patience } from "./eventually.ts";
import type { Flow, FlowContext, Window } from "./flow.ts";
import { Workbench } from "./workbench.ts";

/** A kind of VS Code the flows can run in: scripts/lib/web-host.mjs or desktop-host.mjs. */
export interface Host {
  readonly name: string;
  start(options: HostOptions): Promise<Session>;
  close(): Promise<void>;
}

export interface HostOptions {
  /** Profile, state and logs go here. */
  readonly dataFolder: string;
  readonly extensionsFolder: string;
  /** Folders of extensions, used from where they are. */
  readonly extensions: readonly string[];
  /** A VSIX file to install first. */
  readonly vsix?: string;
  readonly theme?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly trust: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly scale: number;
  /** Milliseconds after which what is waited for in a window counts as never coming. */
  readonly patience: number;
}

/** One running VS Code. */
export interface Session {
  readonly logFolder: string;
  /** Opens a window on a folder or a .code-workspace file. */
  open(folder: string): Promise<Page>;
  /** What VS Code's process has printed. */
  output(): string;
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly root: string;
  readonly host: Host;
  /** Tests the extension as packed in this file instead of the repository's. */
  readonly vsix?: string;
  /** Only flows whose name contains this. */
  readonly only?: string;
  /** The flows that take the README's pictures, instead of the tests. */
  readonly pictures?: boolean;
}

export interface RunResult {
  readonly passed: number;
  readonly failed: number;
}

export async function runFlows(flows: readonly Flow[], options: RunOptions): Promise<RunResult> {
  const chosen = flows.filter(
    ({ name, options: { alsoPacked, pictures = false } }) =>
      pictures === (options.pictures ?? false) &&
      (!options.only || name.includes(options.only)) &&
      (!options.vsix || alsoPacked),
  );
  if (!chosen.length)
    throw new Error(`No flow ${options.only ? `has "${options.only}" in its name` : "is there to run"}.`);
  let passed = 0;
  for (const flow of chosen) {
    const started = Date.now();
    const error = await runFlow(flow, options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${error === undefined ? "✓" : "✗"} ${flow.name} (${options.host.name}, ${seconds} s)`);
    if (error === undefined) passed++;
    else console.log(indent(error instanceof Error ? error.message : String(error)));
  }
  return { passed, failed: chosen.length - passed };
}

/** Milliseconds: for flows that hang where no single wait does. */
const flowLimit = 15 * 60_000;

async function runFlow(flow: Flow, { root, host, vsix }: RunOptions): Promise<void> {
  const { samples = true, files = {}, roots, trust = true, viewport = { width: 1440, height: 900 } } = flow.options;
  const folder = await mkdtemp(path.join(os.tmpdir(), "neural-loupe-flow-"));
  const workspace = path.join(folder, "workspace");
  const bridges = path.join(folder, "bridges");
  const trouble: string[] = [];
  const pages: Page[] = [];
  let session: Session | undefined;
  let at = "starting VS Code";
  try {
    await Promise.all([workspace, bridges].map((one) => mkdir(one)));
    if (samples) await cp(path.join(root, "samples"), workspace, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(workspace, name)), { recursive: true });
      await writeFile(path.join(workspace, name), content);
    }
    const opened = roots ? await multiRoot(folder, workspace, roots) : workspace;
    const work = async () => {
      session = await host.start({
        dataFolder: path.join(folder, "data"),
        extensionsFolder: path.join(folder, "extensions"),
        extensions: [...(vsix ? [] : [root]), path.join(root, "dist/test/bridge")],
        vsix,
        theme: flow.options.theme,
        settings: flow.options.settings,
        trust,
        env: { ...flow.options.env, NEURAL_LOUPE_BRIDGE: bridges },
        viewport,
        scale: flow.options.scale ?? 1,
        patience,
      });
      const known = new Set<number>();
      const openWindow = async (target = opened): Promise<Window> => {
        const page = await session!.open(target);
        pages.push(page);
        listen(page, trouble);
        const vscode = await Bridge.connect(bridges, known);
        known.add(vscode.pid);
        const workbench = new Workbench(page, vscode);
        await workbench.ready();
        return { page, workbench, vscode, workspace: target === opened ? workspace : target };
      };
      const window = await openWindow();
      const context: FlowContext = {
        ...window,
        packed: vsix !== undefined,
        openWindow,
        screenshot: (name) => screenshot(root, window.page, name),
        step: async (name, part) => {
          const outer = at;
          at = name;
          const began = Date.now();
          const value = await part();
          console.log(`  · ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
          at = outer;
          return value;
        },
      };
      at = "the flow";
      await flow.run(context);
    };
    await within(flowLimit, work(), () => `The flow took longer than ${flowLimit / 60_000} minutes.`);
  } catch (error) {
    const report = await collect(root, flow.name, pages, trouble, session);
    throw new Error(`In ${at}: ${error instanceof Error ? error.message : String(error)}${line(error)}\n${report}`, {
      cause: error,
    });
  } finally {
    await session?.stop();
    // The dying processes may still write: a few tries, and what stays is the system's temporary folder's to clean.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => undefined);
  }
}

/**
 * Where in the flows it happened: the innermost lines of their own files (scripts/integration.mjs has source maps on).
 */
function line(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const frames = (error.stack ?? "").split("\n").filter((one) => /\.flow\.ts:/.test(one));
  return frames.length ? `\n${frames.slice(0, 3).join("\n")}` : line(error.cause);
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

async function screenshot(root: string, page: Page, name: string): Promise<string> {
  const file = path.join(root, "test/screenshots", `${name}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file });
  return file;
}

/**
 * After a failure: pictures of all windows and all logs, in test/screenshots/failed; gives the part worth reading
 * first.
 */
async function collect(
  root: string,
  name: string,
  pages: readonly Page[],
  trouble: readonly string[],
  session: Session | undefined,
): Promise<string> {
  const safe = `failed/${name.replace(/[^\w.-]+/g, "-")}`;
  const lines: string[] = [];
  for (const [index, page] of pages.entries()) {
    const shot = await screenshot(root, page, `${safe}${index ? `-${index + 1}` : ""}`).catch(
      (error: Error) => `no picture: ${error.message}`,
    );
    lines.push(`window: ${shot}`);
  }
  const logs = session ? await logFiles(session.logFolder) : [];
  const host = logs.find(({ file }) => /exthost.*exthost\.log$/.test(file))?.text ?? "";
  const all = [
    ...logs.map(({ file, text }) => `===== ${file}\n${text}`),
    `===== page\n${trouble.join("\n")}`,
    `===== process\n${session?.output() ?? ""}`,
  ];
  const file = path.join(root, "test/screenshots", `${safe}.log`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, all.join("\n\n"));
  const head = (title: string, text: string) =>
    text.trim() ? `${title}:\n${text.trim().split("\n").slice(-12).join("\n")}` : `${title}: nothing`;
  return [
    ...lines,
    `logs: ${file}`,
    head(
      "extension host's warnings and errors",
      host
        .split("\n")
        .filter((line) => /\[(error|warning)\]/.test(line))
        .join("\n"),
    ),
    head(
      "page's console",
      trouble
        .map((text) => text.split("\n")[0])
        .filter((text) => !itsOwn.test(text))
        .join("\n"),
    ),
  ].join("\n");
}

/** What VS Code in a browser says in every run, about itself. The log file has it all. */
const itsOwn =
  /status of 404|bad HTTP response code|Service Worker|same-origin iframe|sandbox attribute|workbench contribution|authentication provider|willSaveTextDocument/i;

async function logFiles(folder: string): Promise<{ file: string; text: string }[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found: { file: string; text: string }[] = [];
  for (const name of names.filter((one) => one.endsWith(".log"))) {
    const file = path.join(folder, name);
    if ((await stat(file)).size > 0) found.push({ file: name, text: await readFile(file, "utf8") });
  }
  return found;
}

async function within<T>(limit: number, work: Promise<T>, message: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
