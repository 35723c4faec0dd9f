// The integration tests' program: scripts/integration.mjs loads it built, with the VS Code it is to run in.
import "flows:all";
import { flows } from "./harness/flow.ts";
import { runFlows } from "./harness/runner.ts";
import type { RunOptions, RunResult } from "./harness/runner.ts";

export function runAll(options: RunOptions): Promise<RunResult> {
  return runFlows(flows, options);
}
