// The tests' side of the bridge into the extension host.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type * as VSCode from "vscode";
import { eventually } from "./eventually.ts";

/** Where one window's extension host listens; the bridge extension writes it as a file. */
export interface BridgeAddress {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly started: number;
}

export interface BridgeRequest {
  /** A JavaScript function's text: (vscode, ...args) => value. */
  readonly source: string;
  readonly args: readonly unknown[];
}

export type BridgeReply =
  { readonly ok: true; readonly value?: unknown } | { readonly ok: false; readonly message: string };

/** One window's extension host. After a reload of the window call `reconnect`. */
export class Bridge {
  readonly #folder: string;
  #address: BridgeAddress;

  private constructor(folder: string, address: BridgeAddress) {
    this.#folder = folder;
    this.#address = address;
  }

  /** Waits for an extension host that is not among `known` (process ids) and connects to it. */
  static async connect(folder: string, known: ReadonlySet<number>): Promise<Bridge> {
    return new Bridge(folder, await newest(folder, known));
  }

  /** The process id of the extension host. */
  get pid(): number {
    return this.#address.pid;
  }

  /** After a reload: waits for the new extension host. */
  async reconnect(): Promise<void> {
    this.#address = await newest(this.#folder, new Set([this.pid]));
  }

  /**
   * Runs a function in the extension host and gives its result. The function goes there as text: it can use `vscode`,
   * its arguments and what it imports with `await import(...)`, nothing from around it. Values travel as JSON.
   */
  async evaluate<A extends readonly unknown[], R>(
    fn: (vscode: typeof VSCode, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Promise<R> {
    const { port, token } = this.#address;
    const request: BridgeRequest = { source: fn.toString(), args };
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      headers: { authorization: token },
      body: JSON.stringify(request),
    });
    const reply = (await response.json()) as BridgeReply;
    if (!reply.ok) throw new Error(`In the extension host: ${reply.message}`);
    return reply.value as R;
  }

  /** Executes a command by id. Prefer `workbench.runCommand`, a person's way, where that is what is tested. */
  command(id: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.evaluate(
      async (vscode, id, args) => {
        const value: unknown = await vscode.commands.executeCommand(id, ...args);
        try {
          JSON.stringify(value);
          return value;
        } catch {
          return undefined; // results that are not data cannot travel, and no test has asked for them
        }
      },
      id,
      args,
    );
  }

  /** Sets a user setting. */
  async setSetting(key: string, value: unknown): Promise<void> {
    await this.evaluate(
      (vscode, key, value) => vscode.workspace.getConfiguration().update(key, value, vscode.ConfigurationTarget.Global),
      key,
      value,
    );
  }

  /** The open tabs of all groups: label, view column, whether active, and the custom editor's or webview's type. */
  tabs(): Promise<{ label: string; group: number; active: boolean; viewType?: string }[]> {
    return this.evaluate((vscode) =>
      vscode.window.tabGroups.all.flatMap((group) =>
        group.tabs.map((tab) => ({
          label: tab.label,
          group: group.viewColumn as number,
          active: tab.isActive,
          viewType: (tab.input as { viewType?: string } | undefined)?.viewType,
        })),
      ),
    );
  }

  /**
   * Activates an extension and gives the milliseconds that took in the extension host, or undefined when it was active
   * before.
   */
  activate(id: string): Promise<number | undefined> {
    return this.evaluate(async (vscode, id) => {
      const extension = vscode.extensions.getExtension(id);
      if (!extension) throw new Error(`The extension ${id} is not installed in this window.`);
      if (extension.isActive) return undefined;
      const started = performance.now();
      await extension.activate();
      return performance.now() - started;
    }, id);
  }
}

async function newest(folder: string, known: ReadonlySet<number>): Promise<BridgeAddress> {
  return eventually(async () => {
    const files = (await readdir(folder)).filter((name) => name.endsWith(".json"));
    const all = await Promise.all(
      files.map(async (name) => JSON.parse(await readFile(path.join(folder, name), "utf8")) as BridgeAddress),
    );
    const fresh = all.filter(({ pid }) => !known.has(pid)).sort((a, b) => b.started - a.started);
    if (!fresh.length) throw new Error("No extension host has started with the test bridge in it.");
    return fresh[0];
  });
}
