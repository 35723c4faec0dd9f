import type { EngineApi, Progress } from "../protocol/engine.ts";
import type { CallOptions, RemoteError } from "../protocol/link.ts";
import type { ForkOptions } from "./engine-child.ts";

/** A job that a person waits for, or one of many that are worked off: cells of a comparison. */
type Priority = "waited-for" | "background";

/** The most urgent first. */
export const ORDER: readonly Priority[] = ["waited-for", "background"];

export interface EngineCallOptions extends Pick<CallOptions, "signal" | "onProgress"> {
  /** Where a job stands in the queue; "waited-for" unless it says otherwise. What runs is not interrupted. */
  readonly priority?: Priority;
}

export interface EngineOptions {
  /** What to fork, read anew at each start (settings may have changed). */
  fork(): ForkOptions;
  /** How long the engine outlives its last holder. */
  idleMilliseconds(): number;
  log(line: string): void;
  /** Told when the engine is given up. */
  onBroken?(error: RemoteError): void;
  /** How long a cancelled call may take to answer, in milliseconds (1000). */
  readonly cancelGrace?: number;
}

export interface EngineState {
  readonly kind: "stopped" | "starting" | "idle" | "running" | "cancelling" | "broken";
  /** Jobs in the queue. */
  readonly waiting: number;
  readonly pid?: number;
  readonly progress?: Progress;
  readonly reason?: string;
}

/** A call that was made: it waits, or it was sent. */
export interface Entry {
  readonly method: keyof EngineApi & string;
  readonly request: unknown;
  readonly abort: AbortController;
  readonly signal: AbortSignal;
  readonly onProgress: CallOptions["onProgress"];
  readonly job: boolean;
  readonly priority: Priority;
  progress?: Progress;
  sent: boolean;
  crashes: number;
  resolve(reply: unknown): void;
  reject(error: Error): void;
}
