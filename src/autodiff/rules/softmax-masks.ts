import type { Builder } from "../builder.ts";

/**
 * Scores below this are a mask's: float32's steps are 8 and more there, so that no score of its own is left beside it.
 */
const CLOSED = -1e8;

/** Whether scores that go into a softmax are more than what a mask left: a boolean value in their shape. */
export function isOpen(g: Builder, scores: string): string {
  return g.binary("Greater", scores, g.scalar(CLOSED));
}
