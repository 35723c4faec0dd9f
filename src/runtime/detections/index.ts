import type { DetectedBox } from "../../protocol/artifacts.ts";
import type { PictureGeometry } from "../../protocol/recipe.ts";
import { lists } from "./lists.ts";
import { byScore, IOU, LEAST_SCORE, suppress } from "./nms.ts";
import { settingsText } from "./suppression.ts";
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

export type { BoxSelection, DetectionFacts, DetectionOutput, Detections, Undecided } from "./types.ts";

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
    if (found && !("undecided" in found))
      return withStrongest({ ...finish(found, facts), boxAt: candidateFinder(facts) }, facts);
    if (found) undecided.push(found.undecided);
  }
  return undecided.length > 0 ? { undecided: undecided[0] } : undefined;
}

/** A picture without a box that scores enough still has one that comes nearest. */
function withStrongest(detections: Detections, facts: DetectionFacts): Detections {
  if (detections.boxes.length > 0 || facts.leastScore !== undefined) return detections;
  const [strongest] = candidatesOf(facts);
  return strongest ? { ...detections, strongest } : detections;
}

/** All candidates, as boxes. */
function candidatesOf(facts: DetectionFacts): readonly DetectedBox[] {
  const all = decodeDetections({ ...facts, leastScore: -Infinity });
  return all && !("undecided" in all) ? all.boxes : [];
}

/** Finds the candidate of a target; all are decoded at the first question. */
function candidateFinder(facts: DetectionFacts): Detections["boxAt"] {
  let all: readonly DetectedBox[] | undefined;
  return (output, target) => {
    all ??= candidatesOf(facts);
    return all.find((box) => box.output === output && box.target === target);
  };
}

/** A person who asks for weak boxes gets the best of them. */
const MOST_BOXES = 1000;

/** Which candidates are listed, and how that is said. */
function select(
  { select: by, candidates }: Pick<HeadResult, "select" | "candidates">,
  { selection = {}, suppression }: DetectionFacts,
): { readonly kept: readonly Candidate[]; readonly selection: Detections["selection"] } {
  const over = (score: number): Candidate[] => candidates.filter((one) => one.score > score);
  if (by === "none") {
    const { score } = selection;
    const said = `The graph selects its own boxes${suppression ? ` (${settingsText(suppression)})` : ""}`;
    if (score === undefined)
      return { kept: byScore(candidates), selection: { by: "graph", said: `${said}: all of them are listed.` } };
    return {
      kept: byScore(over(score)),
      selection: { by: "graph", score, said: `${said}: those with a score over ${score} are listed.` },
    };
  }
  const { score = LEAST_SCORE, iou = IOU } = selection;
  const listed = `Only boxes with a score over ${score} are listed;`;
  const all = by === "nms" ? suppress(over(score), iou) : byScore(over(score));
  const kept = selection.score === undefined ? all : all.slice(0, MOST_BOXES);
  const left = all.length > kept.length ? ` These are the best ${kept.length} of ${all.length}.` : "";
  return {
    kept,
    selection:
      by === "nms"
        ? {
            by: "suppression",
            score,
            iou,
            said: `${listed} of boxes of one class that overlap by more than ${iou} (IoU), only the best is kept.${left}`,
          }
        : {
            by: "threshold",
            score,
            said: `${listed} the model predicts one box per object, so overlapping boxes are kept.${left}`,
          },
  };
}

/** DETR's own post-processing, and that of its kin, leaves boxes over the edge. */
const UNCLIPPED = /DETR/;

interface Point {
  readonly x: number;
  readonly y: number;
}
type Corners = Pick<DetectedBox, "x0" | "y0" | "x1" | "y1">;

function finish(found: HeadResult, facts: DetectionFacts): Omit<Detections, "boxAt"> {
  const { head, why, candidates, scores, outputs, background, firstNamed = 0, notes = [] } = found;
  const { kept: listed, selection } = select(found, facts);
  const kept = facts.leastScore === undefined ? listed : byScore(candidates);
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
    selection,
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
      selection.said,
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
