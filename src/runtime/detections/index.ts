import type { DetectedBox } from "../../protocol/artifacts.ts";
import type { PictureGeometry } from "../../protocol/recipe.ts";
import { lists } from "./lists.ts";
import { byScore, IOU, LEAST_SCORE, suppress } from "./nms.ts";
import { pairs } from "./pairs.ts";
import { rows } from "./rows.ts";
import { selected } from "./selected.ts";
import {
  viewOf,
  type Candidate,
  type DetectionFacts,
  type Detections,
  type Head,
  type HeadResult,
  type Undecided,
} from "./types.ts";
import { yolo } from "./yolo.ts";

export type { DetectionFacts, DetectionOutput, Detections, Undecided } from "./types.ts";

/** What a graph has selected by itself first; what is raw last. */
const HEADS: readonly Head[] = [selected, lists, rows, pairs, yolo];

/**
 * A detector's outputs as boxes: the first head that they fit, its low scores cut and overlaps suppressed where the
 * graph does neither, in the picture file's pixels. Undecided where outputs look like detections but leave open what is
 * what; undefined where they are no detections.
 */
export function decodeDetections(facts: DetectionFacts): Detections | Undecided | undefined {
  const views = facts.outputs.map(viewOf);
  const undecided: string[] = [];
  for (const head of HEADS) {
    const found = head(facts, views);
    if (found && !("undecided" in found)) return withStrongest(finish(found, facts), facts);
    if (found) undecided.push(found.undecided);
  }
  return undecided.length > 0 ? { undecided: undecided[0] } : undefined;
}

/** A picture without a box that scores enough still has one that comes nearest. */
function withStrongest(detections: Detections, facts: DetectionFacts): Detections {
  if (detections.boxes.length > 0 || facts.leastScore !== undefined) return detections;
  const all = decodeDetections({ ...facts, leastScore: -Infinity });
  const strongest = all && !("undecided" in all) ? all.boxes[0] : undefined;
  return strongest ? { ...detections, strongest } : detections;
}

const SELECTION: Readonly<
  Record<HeadResult["select"], { said: string; apply: (candidates: readonly Candidate[]) => Candidate[] }>
> = {
  nms: {
    said: `Only boxes with a score over ${LEAST_SCORE} are listed; of boxes of one class that overlap by more than ${IOU} (IoU), only the best is kept.`,
    apply: (all) => suppress(all.filter(({ score }) => score > LEAST_SCORE)),
  },
  threshold: {
    said: `Only boxes with a score over ${LEAST_SCORE} are listed; the model predicts one box per object, so overlapping boxes are kept.`,
    apply: (all) => byScore(all.filter(({ score }) => score > LEAST_SCORE)),
  },
  none: { said: "The graph selects its own boxes: all of them are listed.", apply: byScore },
};

/** DETR's own post-processing, and that of its kin, leaves boxes over the edge. */
const UNCLIPPED = /DETR/;

interface Point {
  readonly x: number;
  readonly y: number;
}
type Corners = Pick<DetectedBox, "x0" | "y0" | "x1" | "y1">;

function finish(
  { head, why, candidates, scores, outputs, select, background, firstNamed = 0, notes = [] }: HeadResult,
  facts: DetectionFacts,
): Detections {
  const { said, apply } = SELECTION[select];
  const kept = facts.leastScore === undefined ? apply(candidates) : byScore(candidates);
  const { width, height } = facts.geometry ?? facts.input;
  const clips = !UNCLIPPED.test(head);
  const insidePoint = (point: Point): Point =>
    clips ? { x: Math.min(Math.max(point.x, 0), width), y: Math.min(Math.max(point.y, 0), height) } : point;
  const inside = (box: Corners): Corners => {
    const [first, last] = [insidePoint({ x: box.x0, y: box.y0 }), insidePoint({ x: box.x1, y: box.y1 })];
    return { x0: first.x, y0: first.y, x1: last.x, y1: last.y };
  };
  const overEdge =
    clips &&
    kept.some((candidate) => {
      const box = toPicture(candidate, facts.geometry);
      return box.x0 < 0 || box.y0 < 0 || box.x1 > width || box.y1 > height;
    });
  const entries = facts.outputs.find(({ name, batched }) => name === scores && batched)?.dims[0] ?? 1;
  return {
    head,
    why,
    outputs,
    ...(background ? { background } : {}),
    boxes: kept.map(({ at, classIndex, score, keypoints, ...corners }): DetectedBox => ({
      ...inside(toPicture(corners, facts.geometry)),
      class: facts.classes[classIndex - firstNamed] || classIndex,
      classIndex,
      score,
      target: at.join(","),
      output: scores,
      ...(keypoints
        ? { keypoints: keypoints.map((point) => ({ ...point, ...insidePoint(pointInPicture(point, facts.geometry)) })) }
        : {}),
    })),
    notes: [
      said,
      facts.geometry
        ? `Boxes are in pixels of the image file, ${facts.geometry.width}×${facts.geometry.height}.`
        : `Boxes are in pixels of the model's input, ${facts.input.width}×${facts.input.height}, because it was not an image file.`,
      ...(overEdge
        ? ["Boxes are clipped to the image, as in Ultralytics and torchvision; the output has the unclipped ones."]
        : []),
      ...(entries > 1 ? [`Boxes are those of the batch's first entry of ${entries}.`] : []),
      ...notes,
    ],
  };
}

function toPicture(
  { x0, y0, x1, y1 }: Pick<Candidate, "x0" | "y0" | "x1" | "y1">,
  geometry: PictureGeometry | undefined,
): Corners {
  const [first, last] = [pointInPicture({ x: x0, y: y0 }, geometry), pointInPicture({ x: x1, y: y1 }, geometry)];
  return { x0: first.x, y0: first.y, x1: last.x, y1: last.y };
}

function pointInPicture({ x, y }: Point, geometry: PictureGeometry | undefined): Point {
  return geometry ? { x: geometry.left + x * geometry.scaleX, y: geometry.top + y * geometry.scaleY } : { x, y };
}
