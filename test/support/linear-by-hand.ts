import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import { predictionsOf, type Result } from "../../src/protocol/result.ts";

/** x·W for one row x of four numbers and three columns: small enough to be worked out by hand. */
export const X = [1, 2, 3, 4];
export const W = [0.1, -0.2, 0.3, 0.0, 0.4, -0.1, 0.2, 0.1, 0.0, -0.3, 0.2, 0.1];
export const LOGITS = [0, 1, 2].map((column) => X.reduce((sum, x, row) => sum + x * W[3 * row + column], 0));

export const softmax = (logits: readonly number[]): number[] => {
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / total);
};

/** The bars of a result's predictions. */
export const bars = (result: Result): BarsArtifact => predictionsOf(result)!;
