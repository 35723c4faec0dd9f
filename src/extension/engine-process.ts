import { Link, RemoteError } from "../protocol/link.ts";
import type { Handlers } from "../protocol/link.ts";
import { CALL_KINDS } from "../protocol/engine.ts";
import type { EngineApi } from "../protocol/engine.ts";
import { forkEngine } from "./engine-child.ts";
import type { EngineChild } from "./engine-child.ts";
import { ORDER, type EngineCallOptions, type EngineOptions, type EngineState, type Entry } from "./engine-calls.ts";

/**
 * The engine process, seen from the extension: started when first needed, called over a link, ended when nobody needs
 * it.
 *
 * Native code blocks the engine's thread and cannot be told to stop, so this side judges: whoever does not answer a
 * cancel within `cancelGrace` is ended, and what was waiting runs in the next process. What ran when an engine crashed
 * fails with the reason. An engine that dies three times within a minute is not started again until `restart()`.
 */
export class EngineProcess {
  private child: EngineChild | undefined;
  private link: Link<NoMethods, EngineApi> | undefined;
  private ready = false;
  private ending: "cancel" | "idle" | "restart" | undefined;
  private broken: RemoteError | undefined;
  private disposed = false;
  private deaths: number[] = [];
  private holds = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private startTimer: NodeJS.Timeout | undefined;

  /** Calls that may run at any time, and jobs that run one after another. */
  private readonly light = new Set<Entry>();
  private readonly queue: Entry[] = [];
  private running: Entry | undefined;
  private readonly listeners = new Set<(state: EngineState) => void>();

  constructor(private readonly options: EngineOptions) {}

  get state(): EngineState {
    if (this.broken) return { kind: "broken", waiting: 0, reason: this.broken.message };
    const waiting = this.queue.length;
    if (!this.child) return { kind: "stopped", waiting };
    if (!this.ready) return { kind: "starting", waiting, pid: this.child.pid };
    if (!this.running) return { kind: "idle", waiting, pid: this.child.pid };
    return {
      kind: this.running.signal.aborted ? "cancelling" : "running",
      waiting,
      pid: this.child.pid,
      progress: this.running.progress,
    };
  }

  onState(listener: (state: EngineState) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  /**
   * Calls the engine, starting it when there is none. Rejects with the engine's RemoteError, "AbortError" when `signal`
   * fires, "EngineCrashError" when the process died under the call, "EngineBrokenError" when it cannot be kept alive.
   */
  call<K extends keyof EngineApi & string>(
    method: K,
    request: Parameters<EngineApi[K]>[0],
    options: EngineCallOptions = {},
  ): Promise<ReturnType<EngineApi[K]>> {
    return new Promise((resolve, reject) => {
      if (this.disposed) return reject(new RemoteError("LinkClosedError", "The engine was stopped."));
      if (this.broken) return reject(this.broken);
      if (options.signal?.aborted) return reject(cancelled());
      const abort = new AbortController();
      const onAbort = (): void => abort.abort();
      options.signal?.addEventListener("abort", onAbort, { once: true });
      const done = (): void => options.signal?.removeEventListener("abort", onAbort);
      const entry: Entry = {
        method,
        request,
        abort,
        signal: abort.signal,
        onProgress: options.onProgress,
        job: CALL_KINDS[method] === "job",
        priority: options.priority ?? "waited-for",
        sent: false,
        crashes: 0,
        resolve: (reply) => {
          done();
          resolve(reply as ReturnType<EngineApi[K]>);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      abort.signal.addEventListener("abort", () => this.onAbort(entry), { once: true });
      if (entry.job) this.enqueue(entry);
      else this.light.add(entry);
      this.pump();
    });
  }

  /** Cancels the job that runs now, if any. */
  cancelRunning(): void {
    this.running?.abort.abort();
  }

  /** Someone (an open panel, an editor) may need the engine soon: it is kept while anyone holds it. */
  hold(): { dispose(): void } {
    this.holds++;
    this.pump();
    let held = true;
    return {
      dispose: () => {
        if (!held) return;
        held = false;
        this.holds--;
        this.pump();
      },
    };
  }

  /** Ends the process; a job that runs is told so, waiting ones go to the next. Also ends the "broken" state. */
  restart(): void {
    this.broken = undefined;
    this.deaths = [];
    const running = this.running;
    if (running?.sent) running.reject(new RemoteError("AbortError", "The engine was restarted."));
    this.end("restart");
    this.changed();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    clearTimeout(this.idleTimer);
    clearTimeout(this.startTimer);
    const closed = new RemoteError("LinkClosedError", "The engine was stopped.");
    for (const entry of this.all()) entry.reject(closed);
    this.forgetAll();
    this.link?.close(closed.message);
    this.child?.kill();
    this.child = undefined;
    this.listeners.clear();
  }

  /**
   * Sends what can be sent; starts the process when there is something to send; arms the clock when there is nothing.
   */
  private pump(): void {
    if (this.disposed || this.broken) return;
    clearTimeout(this.idleTimer);
    const anything = this.light.size > 0 || this.queue.length > 0 || this.running !== undefined;
    if (anything && !this.child) this.start();
    if (this.ready && !this.ending) {
      for (const entry of this.light) if (!entry.sent) this.send(entry);
      if (!this.running) {
        this.running = this.queue.shift();
        if (this.running) this.send(this.running);
      }
    }
    if (!anything && this.child && this.holds === 0) {
      this.idleTimer = setTimeout(() => this.end("idle"), this.options.idleMilliseconds());
      this.idleTimer.unref();
    }
    this.changed();
  }

  private start(): void {
    this.ready = false;
    this.ending = undefined;
    const child = forkEngine(this.options.fork(), this.options.log);
    const link = new Link<NoMethods, EngineApi>(child.wire, noHandlers);
    this.child = child;
    this.link = link;
    this.startTimer = setTimeout(() => {
      this.options.log(`engine ${child.pid}: no sign of life after ${startLimit / 1000} s, ended`);
      child.kill();
    }, startLimit);
    void child.exited.then((how) => this.onExit(child, how));
    link.call("status", {}).then(
      (status) => {
        if (this.child !== child) return;
        clearTimeout(this.startTimer);
        this.options.log(`engine ${status.pid}: started`);
        this.ready = true;
        this.pump();
      },
      () => undefined /* the exit tells the reason */,
    );
  }

  private send(entry: Entry): void {
    const { link, child } = this;
    if (!link || !child) return;
    entry.sent = true;
    const started = Date.now();
    link
      .call(entry.method, entry.request as never, {
        signal: entry.signal,
        onProgress: (progress) => {
          entry.progress = { fraction: progress.fraction, text: progress.text };
          entry.onProgress?.(progress);
          if (entry === this.running) this.changed();
        },
        onAnswered: () => {
          if (this.child !== child) return; // the exit has decided already
          if (entry.job)
            this.options.log(`engine ${child.pid}: ${entry.method} ended after ${Date.now() - started} ms`);
          this.light.delete(entry);
          if (this.running === entry) this.running = undefined;
          this.pump();
        },
      })
      .then(entry.resolve, (error: Error) => {
        if (error.name !== "LinkClosedError") entry.reject(error);
      });
  }

  /** Behind all that are as urgent, in front of what may wait. */
  private enqueue(entry: Entry): void {
    const later = this.queue.findIndex(({ priority }) => ORDER.indexOf(priority) > ORDER.indexOf(entry.priority));
    this.queue.splice(later < 0 ? this.queue.length : later, 0, entry);
  }

  private onAbort(entry: Entry): void {
    const waiting = this.queue.indexOf(entry);
    if (waiting >= 0) this.queue.splice(waiting, 1);
    if (!entry.sent) this.light.delete(entry);
    entry.reject(cancelled());
    const { child } = this;
    if (entry.sent && child) {
      // A small call is not worth a job's life: it is left to end behind the job.
      const stuck = (): boolean =>
        this.child === child && (this.running === entry || (this.light.has(entry) && !this.running));
      setTimeout(() => {
        if (!stuck()) return;
        this.options.log(
          `engine ${child.pid}: ${entry.method} did not answer a cancel within ${this.options.cancelGrace ?? 1000} ms, ended`,
        );
        this.end("cancel");
      }, this.options.cancelGrace ?? 1000).unref();
    }
    this.changed();
  }

  /** Ends the process for a reason of ours: not a crash. */
  private end(why: "cancel" | "idle" | "restart"): void {
    if (!this.child) return this.pump();
    this.ending = why;
    clearTimeout(this.startTimer);
    if (why === "idle") this.child.close();
    else this.child.kill();
  }

  private onExit(child: EngineChild, how: string): void {
    if (this.child !== child || this.disposed) return;
    const ended = this.ending;
    const wasReady = this.ready;
    const running = this.running;
    clearTimeout(this.startTimer);
    this.child = undefined;
    this.ready = false;
    this.ending = undefined;
    this.running = undefined;
    this.options.log(`engine ${child.pid}: ${how}${ended ? ` (${ended})` : ""}`);
    if (!ended) {
      const now = Date.now();
      this.deaths = [...this.deaths.filter((death) => now - death < 60_000), now];
      const crash = new RemoteError(
        "EngineCrashError",
        `The engine ${how} during a run.`,
        undefined,
        (how.includes("SIGKILL") ? "A system that is short of memory ends processes in this way. " : "") +
          "Run it again: a new engine starts automatically. If it happens every time, try a smaller input " +
          "or another Node.js for the engine (setting neuralLoupe.engine.node). The log (Neural Loupe: Show Log) has the details.",
      );
      running?.reject(crash);
      for (const entry of [...this.light]) {
        if (!entry.sent || ++entry.crashes <= 1) continue;
        entry.reject(crash);
        this.light.delete(entry);
      }
    }
    for (const entry of this.light) {
      if (entry.signal.aborted) this.light.delete(entry);
      entry.sent = false;
    }
    this.link?.close(`The engine ${how}.`);
    if (this.deaths.length >= 3) this.giveUp(how, wasReady, child.lastWords());
    this.pump();
    this.changed();
  }

  private giveUp(how: string, wasReady: boolean, lastWords: string): void {
    this.broken = new RemoteError(
      "EngineBrokenError",
      `The engine crashed three times within a minute${wasReady ? "" : ", each time during startup"}: it ${how}.` +
        (lastWords ? ` Its last output: ${lastWords}` : ""),
      undefined,
      'Try another Node.js for the engine (setting neuralLoupe.engine.node), then run "Neural Loupe: Restart Engine".',
    );
    for (const entry of this.all()) entry.reject(this.broken);
    this.forgetAll();
    this.options.onBroken?.(this.broken);
  }

  private all(): Entry[] {
    return [...this.light, ...this.queue, ...(this.running ? [this.running] : [])];
  }

  private forgetAll(): void {
    this.light.clear();
    this.queue.length = 0;
    this.running = undefined;
  }

  private changed(): void {
    const { state } = this;
    for (const listener of this.listeners) listener(state);
  }
}

/** The extension offers the engine no methods. */
type NoMethods = Record<never, never>;
const noHandlers: Handlers<NoMethods> = {};

const startLimit = 30_000;

function cancelled(): RemoteError {
  return new RemoteError("AbortError", "Cancelled.");
}
