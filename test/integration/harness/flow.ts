// What a flow is: one way of a person through the program, in a VS Code of its own.
import type { Page } from "playwright-core";
import type { Bridge } from "./bridge.ts";
import type { Workbench } from "./workbench.ts";

export interface FlowOptions {
  /** Default "dark". */
  readonly theme?: "dark" | "light" | "high-contrast" | "high-contrast-light";
  /** User settings beside the quiet ones every flow has. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * Whether the workspace begins with the classifier, its picture and names: the files of samples/ that lie in no folder
   * (default true).
   */
  readonly samples?: boolean;
  /** More files of the workspace, by path in it. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Opens the workspace's subfolders of these names as a multi-root workspace instead of the workspace's folder. */
  readonly roots?: readonly string[];
  /** true (default): every folder is trusted. false: VS Code asks, as on a user's machine. */
  readonly trust?: boolean;
  /** Runs also where the packed extension is installed from its VSIX. */
  readonly alsoPacked?: boolean;
  /** Takes the README's pictures: runs only when scripts/pictures.mjs asks for them. */
  readonly pictures?: boolean;
  /** Environment variables for the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** CSS pixels of the window; default 1440 by 900. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Device pixels per CSS pixel; default 1. */
  readonly scale?: number;
}

/** One window of VS Code: what is on its screen, and its extension host. */
export interface Window {
  readonly page: Page;
  readonly workbench: Workbench;
  readonly vscode: Bridge;
  /** The folder that is open in it. */
  readonly workspace: string;
}

export interface FlowContext extends Window {
  /** Whether the extension was installed from its VSIX (else it runs from this repository). */
  readonly packed: boolean;
  /** Runs a named part: its name and time are printed, and a failure in it says where it was. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Saves what the window shows as test/screenshots/NAME.png and gives the file's path. */
  screenshot(name: string): Promise<string>;
  /** Opens one more window of the same VS Code, on a folder (default: the same workspace). */
  openWindow(folder?: string): Promise<Window>;
}

export interface Flow {
  readonly name: string;
  readonly options: FlowOptions;
  readonly run: (context: FlowContext) => Promise<void>;
}

export const flows: Flow[] = [];

/** Declares a flow; to be called when a *.flow.ts file loads. */
export function flow(name: string, options: FlowOptions, run: (context: FlowContext) => Promise<void>): void {
  if (flows.some((other) => other.name === name)) throw new Error(`Two flows are called "${name}".`);
  flows.push({ name, options, run });
}
