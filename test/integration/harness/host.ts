// What a kind of VS Code is to the tests: scripts/lib/web-host.mjs and desktop-host.mjs are the two there are.
import type { Page } from "playwright-core";

/** A kind of VS Code the flows can run in. */
export interface Host {
  readonly name: string;
  start(options: HostOptions): Promise<Session>;
  close(): Promise<void>;
}

interface HostOptions {
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
