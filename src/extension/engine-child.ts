import { fork } from "node:child_process";
import type { Wire } from "../protocol/link.ts";
import { Assembly } from "../protocol/pieces.ts";

/** One engine process. */
export interface EngineChild {
  readonly pid: number | undefined;
  readonly wire: Wire;
  /** Resolves, once, with how it ended, as the end of a sentence: "was killed (SIGKILL)". */
  readonly exited: Promise<string>;
  /** The last line that it wrote to stderr. */
  lastWords(): string;
  /** Ends it at once. */
  kill(): void;
  /** Lets it end by itself; kills it after two seconds. */
  close(): void;
}

export interface ForkOptions {
  /** Path of the bundled engine. */
  readonly script: string;
  /** Path of a Node to run it with; the extension host's own when absent. */
  readonly node?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Forks the engine; what it writes goes to `log` line by line. Never throws: a failed start is an exit. */
export function forkEngine(options: ForkOptions, log: (line: string) => void): EngineChild {
  const child = fork(options.script, [...(options.args ?? [])], {
    serialization: "advanced",
    execArgv: [],
    execPath: options.node ?? process.execPath,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Electron's binary is a Node only when told so.
    env: {
      ...process.env,
      ...options.env,
      ...(process.versions.electron && !options.node ? { ELECTRON_RUN_AS_NODE: "1" } : {}),
    },
  });
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      const lines = (rest + text).split(/\r?\n/);
      rest = (lines.pop() ?? "").slice(-10_000);
      for (const line of lines.filter((one) => one.trim())) {
        if (stream === child.stderr) last = line.trim();
        log(`engine ${child.pid}: ${line}`);
      }
    });
  }
  const exited = new Promise<string>((resolve) => {
    // At "exit" the pipes may still hold what was sent before. "close" comes when all of it was read, but not always
    // when the channel was closed from this side.
    child.on("close", (code, signal) => resolve(describeExit(code, signal)));
    child.on("exit", (code, signal) => setTimeout(() => resolve(describeExit(code, signal)), 100));
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(`could not be started (${error.message})`);
      else log(`engine ${child.pid}: ${error.message}`);
    });
  });
  return {
    pid: child.pid,
    wire: {
      // A write that fails because the process is gone needs no answer here: its exit rejects whatever waits.
      post: (message) => {
        if (child.connected) child.send(message as object, () => undefined);
      },
      listen: (receive) => {
        const assembly = new Assembly(receive);
        const take = (message: unknown): void => assembly.take(message);
        child.on("message", take);
        return () => child.off("message", take);
      },
    },
    exited,
    lastWords: () => last,
    kill: () => {
      child.kill("SIGKILL");
    },
    close: () => {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
      timer.unref();
      void exited.then(() => clearTimeout(timer));
    },
  };
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === "SIGKILL") return "was killed (SIGKILL)";
  if (signal) return `crashed (${signal})`;
  return `ended (exit code ${code})`;
}
