import { UsageError } from "../../model/errors.ts";
import { splitList } from "../../protocol/list.ts";
import type { ParamsOf, ParamSpec } from "../../protocol/technique.ts";
import type { SampleContext } from "./technique.ts";

/** What stands for a missing input: numbers, or files that are read as the input is. */
export const BASELINE = {
  type: "text",
  name: "baseline",
  label: "Baseline",
  default: "auto",
  pattern: String.raw`[^,]+(?:,[^,]+)*`,
  files: true,
  problem: "auto, a number, or a file like the input's; separate several with commas.",
  help: "The value that stands for a missing feature, in the model's input units (after scaling and normalisation): a number, or a file that is read like the input (for several inputs: an .npz with one array each, or a table with their columns). For tokens also mask, pad, unknown or token:ID. auto: 0, or the tokenizer's mask, padding or unknown token where token IDs are replaced. Separate several with commas, for methods that average over baselines; put a path that contains a comma in double quotes.",
} as const satisfies ParamSpec;

export type BaselineParams = ParamsOf<readonly [typeof BASELINE]>;

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Whether one part of a baseline is a number; else it is a file. */
export function isNumber(part: string): boolean {
  return NUMBER.test(part.trim());
}

/** The parts of a `baseline` parameter, in order; a path that holds a comma stands in double quotes. */
export const baselineParts = splitList;

/**
 * The one baseline of a method that takes no distribution, in the input's shape. UsageError where several are given.
 */
export async function baselineOf(context: SampleContext): Promise<Float32Array> {
  const all = await context.baselines();
  if (all.length !== 1)
    throw new UsageError(
      `${all.length} baselines were given; this method takes one.`,
      "baseline",
      "Expected Gradients and DeepLIFT SHAP average over several.",
    );
  return all[0];
}

/** "0", or "0, black.png": baselines for a caption, without folders. */
export function baselineCaption(context: SampleContext<BaselineParams>): string {
  return baselineParts(context.params.baseline)
    .map((part) => (part === "auto" ? "0" : isNumber(part) ? part : part.split(/[\\/]/).pop()!))
    .join(", ");
}
