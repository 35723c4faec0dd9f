import type { Result } from "../protocol/result.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EngineProcess } from "./engine-process.ts";
import type { EngineOptions, EngineState } from "./engine-calls.ts";
import { CALL_KINDS } from "../protocol/engine.ts";
import type { Job } from "../protocol/job.ts";
import type { RemoteError } from "../protocol/link.ts";

let folder: string;
let script: string;
const open: EngineProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "loupe-engine-"));
  script = path.join(folder, "fixture.cjs");
  await build({
    entryPoints: ["test/support/engine-fixture.ts"],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
});

afterEach(() => {
  for (const engine of open.splice(0)) engine.dispose();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function start(options: Partial<EngineOptions> & { args?: string[]; node?: string } = {}): {
  engine: EngineProcess;
  log: string[];
  states: EngineState[];
} {
  const log: string[] = [];
  const states: EngineState[] = [];
  const engine = new EngineProcess({
    fork: () => ({ script, args: options.args, node: options.node }),
    idleMilliseconds: () => 60_000,
    log: (line) => log.push(line),
    ...options,
  });
  engine.onState((state) => states.push(state));
  open.push(engine);
  return { engine, log, states };
}

function job(what: string, technique = "test"): Job {
  return {
    technique,
    model: "m.onnx",
    source: { kind: "sample", inputs: { "": "cat.png" } },
    recipe: { version: 1, inputs: {} },
    params: { do: what },
  };
}

const failure = (promise: Promise<unknown>): Promise<RemoteError> =>
  promise.then(
    () => {
      throw new Error("It should have been rejected.");
    },
    (error: RemoteError) => error,
  );

async function until(condition: () => boolean, limit = 60_000): Promise<void> {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Still not so after ${limit} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The numbers that the fixture's results show. */
function valuesOf({ views: [map] }: Result): Float32Array {
  return map.kind === "heatmap" ? map.values : new Float32Array();
}

describe("the engine's supervisor", () => {
  test("starts no process before the first call", async () => {
    const { engine } = start();
    engine.hold();
    expect(engine.state.kind).toBe("stopped");
    await engine.call("status", {});
    expect(engine.state.kind).toBe("idle");
  });

  test("typed arrays come through a run", async () => {
    const { engine } = start();
    const values = valuesOf(await engine.call("run", job("")));
    expect([...values]).toEqual([1, 2, 3, 1]);
    expect(values).toBeInstanceOf(Float32Array);
  });

  test("a handler that throws gives its name, message, place and hint, and the process lives on", async () => {
    const { engine } = start();
    const error = await failure(engine.call("run", job("throw")));
    expect(error).toMatchObject({
      name: "UsageError",
      message: "No such layer: conv9",
      where: "layer",
      hint: "Choose another.",
    });
    const pid = engine.state.pid;
    expect((await engine.call("status", {})).pid).toBe(pid);
  });

  test("jobs run one after another, small calls meanwhile", async () => {
    const { engine } = start();
    const order: string[] = [];
    const first = engine.call("run", job("slow")).then(() => order.push("first"));
    const second = engine.call("run", job("")).then(() => order.push("second"));
    const small = engine.call("describe", { model: "m" }).then(() => order.push("small"));
    await until(() => engine.state.kind === "running");
    expect(engine.state.waiting).toBe(1);
    await Promise.all([first, second, small]);
    expect(order).toEqual(["small", "first", "second"]);
  });

  test("what a person waits for goes before what is worked off in the background, each in its order", async () => {
    const { engine } = start();
    const order: string[] = [];
    const run = (name: string, options: Parameters<EngineProcess["call"]>[2] = {}) =>
      engine.call("run", job(name === "runs" ? "slow" : ""), options).then(() => order.push(name));
    const all = [
      run("runs"),
      run("cell 1", { priority: "background" }),
      run("cell 2", { priority: "background" }),
      run("panel 1"),
      run("panel 2"),
    ];
    await Promise.all(all);
    expect(order).toEqual(["runs", "panel 1", "panel 2", "cell 1", "cell 2"]);
  });

  describe("an export is a job like others", () => {
    const exported = (engine: EngineProcess, what: string, options: Parameters<EngineProcess["call"]>[2] = {}) =>
      engine.call(
        "exportExplanation",
        { job: job(what), out: "e.onnx", weights: "included", target: "fixed" },
        options,
      );

    test("it is shown while it runs, and cancelled from the status bar", async () => {
      const { engine } = start();
      const seen: string[] = [];
      const running = failure(
        exported(engine, "batches", {
          onProgress: () => {
            seen.push(engine.state.kind);
            engine.cancelRunning();
          },
        }),
      );
      expect((await running).name).toBe("AbortError");
      expect(seen[0]).toBe("running");
      const { pid } = engine.state;
      expect((await engine.call("run", job(""))).notes).toEqual([`test in ${pid}`]);
    });

    test("what waits behind it waits in the queue: cancelling that does not end it", async () => {
      const { engine } = start({ cancelGrace: 20 });
      const first = exported(engine, "slow");
      await until(() => engine.state.kind === "running");
      const { pid } = engine.state;
      const abort = new AbortController();
      const second = failure(engine.call("run", job("block"), { signal: abort.signal }));
      expect(engine.state.waiting).toBe(1);
      abort.abort();
      expect((await second).name).toBe("AbortError");
      expect(engine.state.kind).toBe("running");
      expect((await first).size).toBe(pid);
      expect((await engine.call("status", {})).runs).toBe(1);
    });
  });

  test("every call says whether it is a job, and all that run a model are", () => {
    expect(
      Object.entries(CALL_KINDS)
        .filter(([, kind]) => kind === "job")
        .map(([method]) => method)
        .sort(),
    ).toEqual(["array", "channel", "exportExplanation", "layers", "run", "tiles"]);
  });

  test("a job in batches stops between them when cancelled, without a new process", async () => {
    const { engine } = start();
    const abort = new AbortController();
    const running = failure(
      engine.call("run", job("batches"), { signal: abort.signal, onProgress: () => abort.abort() }),
    );
    expect((await running).name).toBe("AbortError");
    const pid = engine.state.pid;
    expect((await engine.call("run", job(""))).notes).toEqual([`test in ${pid}`]);
  });

  test("a blocked thread is gone after the cancel, and the other panel's job still ends well", async () => {
    const { engine, log } = start();
    const abort = new AbortController();
    const blocked = failure(
      engine.call("run", job("block"), { signal: abort.signal, onProgress: () => abort.abort() }),
    );
    const other = engine.call("run", job("", "other"));
    const third = engine.call("describe", { model: "m" });
    const error = await blocked;
    const pid = engine.state.pid as number;
    expect(error.name).toBe("AbortError");
    expect(engine.state.kind).toBe("cancelling");
    await until(() => !isAlive(pid));
    expect((await other).notes).toEqual([`other in ${engine.state.pid}`]);
    expect((await third).name).toBe("m");
    expect(engine.state.pid).not.toBe(pid);
    expect(log.join("\n")).toContain("did not answer a cancel");
  });

  test("what waits in the queue can be cancelled without touching what runs", async () => {
    const { engine } = start();
    const abort = new AbortController();
    const first = engine.call("run", job("slow"));
    const second = failure(engine.call("run", job(""), { signal: abort.signal }));
    abort.abort();
    expect((await second).name).toBe("AbortError");
    expect([...valuesOf(await first)]).toEqual([1, 2, 3, 1]);
    expect((await engine.call("status", {})).runs).toBe(1);
  });

  test("cancelRunning cancels what runs and nothing else", async () => {
    const { engine } = start();
    const first = failure(engine.call("run", job("batches")));
    const second = engine.call("run", job("", "second"));
    await until(() => engine.state.progress !== undefined);
    engine.cancelRunning();
    expect((await first).name).toBe("AbortError");
    expect((await second).notes[0]).toMatch(/^second/);
  });

  test.each([
    ["kill -9", "die", "was killed (SIGKILL)"],
    ["a native abort", "abort", "crashed (SIGABRT)"],
    ["an exit", "exit", "ended (exit code 3)"],
  ])("%s mid-run fails that job with the reason; those that wait run in the next process", async (_, what, how) => {
    const { engine } = start();
    const dead = failure(engine.call("run", job(what)));
    const waiting = engine.call("run", job("", "waiting"));
    const error = await dead;
    expect(error.name).toBe("EngineCrashError");
    expect(error.message).toContain(how);
    expect(error.hint).toContain("neuralLoupe.engine.node");
    expect((await waiting).notes).toEqual([`waiting in ${engine.state.pid}`]);
  });

  test("kill -9 from outside while a job runs: the same", async () => {
    const { engine } = start();
    const dead = failure(
      engine.call("run", job("batches"), { onProgress: () => process.kill(engine.state.pid as number, "SIGKILL") }),
    );
    expect((await dead).message).toContain("was killed (SIGKILL)");
    expect((await engine.call("run", job(""))).notes).toHaveLength(1);
  });

  test("a small call that crashes the engine is tried once more, then fails", async () => {
    const { engine, log } = start();
    const error = await failure(engine.call("describe", { model: "crash" }));
    expect(error.name).toBe("EngineCrashError");
    expect(log.filter((line) => line.includes("crashed (SIGSEGV)"))).toHaveLength(2);
    expect((await engine.call("describe", { model: "m" })).name).toBe("m");
  });

  test("an engine that dies at once is given up after three starts, with the reason and what to try", async () => {
    const broken: RemoteError[] = [];
    const { engine, log } = start({ args: ["die-at-once"], onBroken: (error) => broken.push(error) });
    const error = await failure(engine.call("run", job("")));
    expect(error.name).toBe("EngineBrokenError");
    expect(error.message).toContain("exit code 7");
    expect(error.message).toContain("cannot load native module");
    expect(error.hint).toContain("neuralLoupe.engine.node");
    expect(broken).toEqual([error]);
    expect(log.filter((line) => line.endsWith("ended (exit code 7)"))).toHaveLength(3);
    expect(engine.state.kind).toBe("broken");
    expect(await failure(engine.call("status", {}))).toBe(error);
  });

  test("a Node that does not exist is said plainly", async () => {
    const { engine } = start({ node: "/nowhere/node" });
    expect((await failure(engine.call("status", {}))).message).toContain("could not be started");
  });

  test("restart() ends the broken state", async () => {
    let args = ["die-at-once"];
    const { engine } = start({ fork: () => ({ script, args }) });
    await failure(engine.call("status", {}));
    args = [];
    engine.restart();
    expect((await engine.call("run", job(""))).notes).toHaveLength(1);
  });

  test("restart() under a running job rejects it as cancelled; waiting ones run in the new process", async () => {
    const { engine } = start();
    const first = failure(engine.call("run", job("block")));
    const second = engine.call("run", job(""));
    await until(() => engine.state.progress !== undefined);
    const pid = engine.state.pid;
    engine.restart();
    expect((await first).name).toBe("AbortError");
    expect((await second).notes[0]).not.toContain(String(pid));
  });

  test("dispose() rejects what is pending, ends the process, and a late reply does nothing", async () => {
    const { engine, states } = start();
    const pending = failure(engine.call("run", job("slow")));
    await until(() => engine.state.kind === "running");
    const pid = engine.state.pid as number;
    const seen = states.length;
    engine.dispose();
    expect((await pending).name).toBe("LinkClosedError");
    expect((await failure(engine.call("status", {}))).name).toBe("LinkClosedError");
    await until(() => !isAlive(pid));
    expect(states).toHaveLength(seen);
  });

  test("nobody holds it: it ends after the grace period and starts again when called", async () => {
    const { engine } = start({ idleMilliseconds: () => 50 });
    const held = engine.hold();
    const { pid } = await engine.call("status", {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAlive(pid)).toBe(true);
    held.dispose();
    await until(() => !isAlive(pid));
    await until(() => engine.state.kind === "stopped");
    expect((await engine.call("status", {})).pid).not.toBe(pid);
  });

  test("an answer that cannot be sent is an error, not a hang", async () => {
    const { engine } = start();
    const cannotBeCloned = { model: (() => "m") as unknown as string };
    expect((await failure(engine.call("describe", cannotBeCloned))).message).toContain("could not be cloned");
  });
});
