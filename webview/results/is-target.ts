import type { TargetSpec } from "../../src/protocol/job.ts";

/** The target of an element: as `--target` takes it, in an output. */
export function elementTarget(output: string, target: string): TargetSpec {
  return { output, index: target.split(",").map(Number) };
}

/** Whether an element is what is explained now. */
export function isTarget(output: string, target: string, { output: chosen, index }: TargetSpec): boolean {
  return index !== undefined && (chosen === undefined || chosen === output) && index.join(",") === target;
}
