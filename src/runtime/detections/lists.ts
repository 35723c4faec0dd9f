import {
  areCentres,
  areCorners,
  FORMAT_WORDS,
  toCorners,
  toInputPixels,
  unitOf,
  type BoxFormat,
  type BoxRows,
  type BoxUnit,
} from "./boxes.ts";
import { hasSuppression, suppressesCentres } from "./suppression.ts";
import type { Candidate, DetectionFacts, Head, HeadResult, View } from "./types.ts";

/** A detector's final list as three outputs (and a count). */
interface Lists {
  readonly boxes: View;
  readonly labels: View;
  readonly scores: View;
  readonly count?: View;
}

/**
 * Boxes [K,4], labels [K] and scores [K], each an output: torchvision's detectors (corners in pixels; centres where the
 * graph takes such), TensorFlow's Object Detection API (detection_boxes: y0, x0, y1, x1 in fractions; num_detections),
 * the ONNX model zoo's SSD, RT-DETR's and TensorRT's deployments. mmdetection's dets [K,5] hold the score as their last
 * column.
 */
export const lists: Head = (facts, views) => {
  const scored = withScores(views);
  const found = scored ?? threeOf(views);
  if (!found || found === "unclear")
    return found
      ? {
          undecided:
            "There are boxes [K,4] and two more lists, but it is not clear which one holds the scores and which the classes.",
        }
      : undefined;
  const { boxes, labels, scores, count } = found;
  const length = Math.max(0, Math.min(boxes.dims[0], count ? Math.round(count.values[0]) : Infinity));
  const filled = Array.from({ length }, (_, n) => n).filter((n) => labels.values[n] >= 0);
  const width = boxes.dims[1];
  const tensorflow = /detection_?boxes|TFLite_Detection_PostProcess/i.test(boxes.name);
  const rows: BoxRows = {
    count: filled.length,
    row: (n) => Array.from({ length: 4 }, (_, i) => boxes.values[filled[n] * width + i]),
  };
  const unit = unitOf(rows);
  const format = tensorflow ? "yxyx" : formatOf(rows, unit, facts);
  if (!format || (tensorflow && !areCorners(rows)))
    return {
      undecided: `"${boxes.name}" comes with labels and scores, but its rows are neither ordered corners nor centres and sizes within the image.`,
    };
  const scoreOf = (n: number): number => (scores === boxes ? boxes.values[n * width + 4] : scores.values[n]);
  const candidates = filled.map((n, row): Candidate => ({
    ...toInputPixels(toCorners(format, rows.row(row)), unit, facts),
    score: scoreOf(n),
    classIndex: labels.values[n],
    at: scores === boxes ? [...scores.lead, n, 4] : indexOf(scores, n),
  }));
  const selects = hasSuppression(facts);
  const head = tensorflow ? "TensorFlow detection" : facts.fedSize ? "RT-DETR" : "final detections";
  return {
    head,
    why: `"${boxes.name}" has boxes (${FORMAT_WORDS[format]} in ${unit}), "${labels.name}" their classes, "${scores.name}" their scores`,
    candidates,
    scores: scores.name,
    outputs: [...new Set([boxes.name, labels.name, scores.name])],
    select: selects ? "none" : "threshold",
    notes: tensorflow ? ["TensorFlow label maps usually number classes from 1; names are assigned accordingly."] : [],
  } satisfies HeadResult;
};

/**
 * Corners where all can be; centres where they cannot, or where the graph's NonMaxSuppression takes centres and these
 * can be some.
 */
function formatOf(rows: BoxRows, unit: BoxUnit, facts: DetectionFacts): BoxFormat | undefined {
  const size = unit === "fractions" ? { width: 1, height: 1 } : (facts.fedSize ?? facts.input);
  const centres = areCentres(rows, size);
  if (centres && suppressesCentres(facts)) return "cxcywh";
  return areCorners(rows) ? "xyxy" : centres ? "cxcywh" : undefined;
}

/** Index of a list's entry n: [K], [1,K] or [K,1]; a lone detection's may have no axis left. */
function indexOf({ dims, lead }: View, n: number): number[] {
  if (dims.length === 0) return [...lead];
  return dims.length === 1 ? [...lead, n] : [...lead, ...(dims[0] === 1 ? [0, n] : [n, 0])];
}

/** How many entries a list has: [K], or [1,K], [K,1]. */
function lengthOf({ dims }: View): number | undefined {
  if (dims.length === 0) return 1;
  if (dims.length === 1) return dims[0];
  return dims.length === 2 && (dims[0] === 1 || dims[1] === 1) ? dims[0] * dims[1] : undefined;
}

function withScores(views: readonly View[]): Lists | undefined {
  const boxes = views.find(({ dims, integer }) => !integer && dims.length === 2 && dims[1] === 5);
  const labels = boxes && views.find((view) => view.integer && lengthOf(view) === boxes.dims[0]);
  if (!boxes || !labels) return undefined;
  const shares = Array.from({ length: boxes.dims[0] }, (_, n) => boxes.values[5 * n + 4]).every(isScore);
  return shares ? { boxes, labels, scores: boxes } : undefined;
}

function threeOf(views: readonly View[]): Lists | "unclear" | undefined {
  const all = views.filter(({ dims, integer }) => !integer && dims.length === 2 && dims[1] === 4);
  // TensorFlow's exports have raw boxes, too.
  const candidates = [...all.filter(({ name }) => !/raw/i.test(name)), ...all];
  for (const boxes of candidates) {
    const beside = views.filter(
      (view) => view !== boxes && lengthOf(view) === boxes.dims[0] && !(boxes.dims[0] === 1 && isCount(view)),
    );
    if (beside.length < 2) continue;
    const scores = pick(
      beside,
      /score|conf|prob/i,
      (view) => !view.integer && entries(view).every(isScore) && !entries(view).every(Number.isInteger),
    );
    const labels = pick(
      beside.filter((view) => view !== scores),
      /label|class|categor/i,
      (view) => view.integer || entries(view).every((one) => Number.isInteger(one) && one >= -1),
    );
    if (!scores || !labels) {
      // Lists that fit by length alone say nothing, unless they are there to be two.
      if (beside.length === 2 && /box/i.test(boxes.name)) return "unclear";
      continue;
    }
    if (!entries(scores).every((one) => isScore(one) || one === -1)) continue;
    return { boxes, labels, scores, count: views.find(isCount) };
  }
  return undefined;
}

/** The one whose name says it, or the only one whose values do. */
function pick(views: readonly View[], name: RegExp, test: (view: View) => boolean): View | undefined {
  const named = views.filter((view) => name.test(view.name));
  if (named.length === 1) return named[0];
  const fitting = (named.length > 0 ? named : views).filter(test);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function entries(view: View): number[] {
  return Array.from({ length: lengthOf(view)! }, (_, n) => view.values[n]);
}

function isScore(value: number): boolean {
  return value >= -2e-3 && value <= 1 + 2e-3;
}

function isCount({ name, dims, values }: View): boolean {
  return /num/i.test(name) && dims.every((dim) => dim === 1) && values.length >= 1 && Number.isInteger(values[0]);
}
