// The engine without the product around it: what the extension has asked it is recorded, and asked again of an engine
// that nobody else talks to. So it works with whatever a job is in either build.
import { execFileSync, fork } from "node:child_process";
import type { ChildProcess, ForkOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Bridge } from "../../integration/harness/bridge.ts";

/** A call as it goes through the pipe (src/protocol/link.ts). */
interface Call {
  readonly link: "call";
  readonly id: number;
  readonly method: string;
}

interface Recorded {
  script: string;
  args: readonly string[];
  options: ForkOptions;
  calls: Call[];
}

/** To be called before the extension forks its engine. */
export async function record(vscode: Bridge): Promise<void> {
  await vscode.evaluate(async () => {
    const { default: processes } = await import("node:child_process");
    const original = processes.fork;
    const recorded: Partial<Recorded> = { calls: [] };
    Object.assign(globalThis, { benchRecorded: recorded });
    processes.fork = ((script: string, args: readonly string[], options: ForkOptions) => {
      const child = original(script, args, options);
      if (!/engine\.js$/.test(script)) return child;
      Object.assign(recorded, { script, args, options });
      const send = child.send.bind(child) as (message: unknown, ...rest: unknown[]) => boolean;
      const noted = (message: { link?: string }, ...rest: unknown[]): boolean => {
        if (message.link === "call") recorded.calls!.push(message as Call);
        return send(message, ...rest);
      };
      return Object.assign(child, { send: noted });
    }) as typeof fork;
  });
}

export function recorded(vscode: Bridge): Promise<Recorded> {
  return vscode.evaluate(() => (globalThis as unknown as { benchRecorded: Recorded }).benchRecorded);
}

/**
 * Milliseconds that a fresh engine takes for each group of calls, warm; and of processor time, on average. `groups`:
 * numbers of the first and after the last call of each.
 */
export async function replay(
  { script, args, options, calls }: Recorded,
  groups: readonly (readonly [from: number, to: number])[],
  rounds: number,
): Promise<{ readonly times: readonly number[]; readonly cpu: number | undefined }> {
  const child = fork(script, args, { ...options, stdio: ["ignore", "ignore", "ignore", "ipc"] });
  try {
    const runs = groups.map(([from, to]) => calls.slice(from, to).filter(({ method }) => method === "run"));
    for (const group of runs) await Promise.all(group.map((call) => ask(child, call)));
    const times: number[] = [];
    const before = processorTime(child.pid);
    for (let round = 0; round < rounds; round++) {
      for (const group of runs) {
        const started = performance.now();
        await Promise.all(group.map((call) => ask(child, call)));
        times.push(performance.now() - started);
      }
    }
    const after = processorTime(child.pid);
    return { times, cpu: before !== undefined && after !== undefined ? (after - before) / times.length : undefined };
  } finally {
    child.kill("SIGKILL");
  }
}

function ask(child: ChildProcess, call: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error("The engine ended."));
    const take = (message: unknown): void => {
      // A reply with long arrays comes in pieces, the last with the reply around them (src/protocol/pieces.ts).
      const { rest = message } = message as { rest?: unknown };
      const { link, id, message: problem } = rest as { link?: string; id?: number; message?: string };
      if (id !== call.id || (link !== "ok" && link !== "err")) return;
      child.off("message", take).off("exit", ended);
      if (link === "ok") resolve();
      else reject(new Error(`The engine alone: ${problem}`));
    };
    child.on("message", take).on("exit", ended);
    child.send(call);
  });
}

/** Megabytes of a process in the machine's memory. */
export function residentMegabytes(pid: number): number {
  return (Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024) / 1e6;
}

/** Milliseconds of processor time of a process so far, all threads; Linux only. */
function processorTime(pid: number | undefined): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  // After the program's name, in parentheses: utime and stime, in hundredths of a second.
  const fields = readFileSync(file, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
