import type { Candidate, DetectionFacts } from "./types.ts";

/**
 * Ultralytics' defaults for exported models: boxes that overlap a better one of their class by more are left out, as
 * are lower scores.
 */
export const IOU = 0.45;
export const LEAST_SCORE = 0.25;

/** Candidates score over this. */
export function leastScoreOf({ leastScore, selection }: Pick<DetectionFacts, "leastScore" | "selection">): number {
  return leastScore ?? selection?.score ?? LEAST_SCORE;
}

type Corners = Pick<Candidate, "x0" | "y0" | "x1" | "y1">;

/** Intersection over union of two boxes, 0 where both are empty: torchvision.ops.box_iou. */
export function iou(a: Corners, b: Corners): number {
  const width = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0);
  const height = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0);
  const shared = Math.max(0, width) * Math.max(0, height);
  const union = area(a) + area(b) - shared;
  return union > 0 ? shared / union : 0;
}

function area({ x0, y0, x1, y1 }: Corners): number {
  return (x1 - x0) * (y1 - y0);
}

/**
 * Greedy non-maximum suppression within each class (torchvision.ops.batched_nms): in falling score, a box is dropped
 * when its IoU with a kept one of its class is over `threshold`. Ties keep their order.
 */
export function suppress(candidates: readonly Candidate[], threshold = IOU): Candidate[] {
  const keptOf = new Map<number, Candidate[]>();
  return byScore(candidates).filter((candidate) => {
    const kept = keptOf.get(candidate.classIndex) ?? [];
    if (kept.some((other) => iou(other, candidate) > threshold)) return false;
    kept.push(candidate);
    keptOf.set(candidate.classIndex, kept);
    return true;
  });
}

/** Highest score first; equal ones in the order given. */
export function byScore(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort((a, b) => b.score - a.score);
}
