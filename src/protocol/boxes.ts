import type { BoxesArtifact } from "./artifacts.ts";

/** Weaker boxes are drawn only where no other is: networks that keep all they have would hide the picture. */
const SHOWN_SCORE = 0.25;

/** Boxes under this score are listed and not drawn; where a person chose the least score, all that are listed are drawn. */
export function leastShownScore({ boxes, selection }: Pick<BoxesArtifact, "boxes" | "selection">): number {
  const strong = boxes.some(({ score }) => score >= SHOWN_SCORE);
  return strong ? Math.min(SHOWN_SCORE, selection?.score ?? SHOWN_SCORE) : -Infinity;
}
