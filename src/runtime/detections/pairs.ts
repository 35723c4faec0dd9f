import {
  areCentres,
  areCorners,
  centresFit,
  FORMAT_WORDS,
  toCorners,
  toInputPixels,
  unitOf,
  type BoxFormat,
  type BoxRows,
} from "./boxes.ts";
import { gridOf } from "./grid.ts";
import { leastScoreOf } from "./nms.ts";
import { areShares, tableOf, type PredictionTable } from "./table.ts";
import type { Candidate, DetectionFacts, Head, HeadResult, Undecided, View } from "./types.ts";

/** What the class scores of a box are. */
interface Scoring {
  readonly head: string;
  /** Scores of one box, from its numbers. */
  readonly apply: (numbers: readonly number[]) => readonly number[];
  /** The class that stands for "nothing here". */
  readonly background?: "first" | "last";
  /** "best": a box has one class; "each": every class over the threshold makes one. */
  readonly classes: "best" | "each";
  readonly select: HeadResult["select"];
  readonly said: string;
}

/** What exporters call boxes. */
const NAMED = /box|dets/i;

/**
 * Boxes [N,4] and class scores [N,C] (or [C,N]) as two outputs: DETR (softmax over classes and "no object", the last),
 * Deformable DETR, RT-DETR, D-FINE (sigmoid), SSD (softmax, background first), YOLO-NAS and PP-YOLOE (scores from 0 to
 * 1, one box a cell).
 */
export const pairs: Head = (facts, views) => {
  const undecided: string[] = [];
  const boxes = views.filter(({ dims, integer }) => !integer && dims.length === 2 && dims[1] === 4);
  for (const box of [...boxes].sort((a, b) => Number(NAMED.test(b.name)) - Number(NAMED.test(a.name)))) {
    for (const scores of views) {
      if (scores === box || scores.integer || scores.dims.length !== 2) continue;
      const listed = scores.dims[0] === box.dims[0] ? "first" : scores.dims[1] === box.dims[0] ? "last" : undefined;
      if (!listed || (boxes.includes(scores) && NAMED.test(scores.name))) continue;
      if (!NAMED.test(box.name) && !gridOf(box.dims[0], facts.input) && areProbabilities(tableOf(box, "first")))
        continue;
      const found = decode(box, scores, tableOf(scores, listed), facts);
      if (!("undecided" in found)) return found;
      if (NAMED.test(box.name)) undecided.push(found.undecided);
    }
  }
  return undecided.length > 0 ? { undecided: undecided[0] } : undefined;
};

function decode(box: View, scores: View, table: PredictionTable, facts: DetectionFacts): HeadResult | Undecided {
  const what = `"${box.name}" [${table.count}, 4] and "${scores.name}" look like boxes and class scores, but`;
  const rows: BoxRows = { count: table.count, row: (n) => [0, 1, 2, 3].map((i) => box.values[4 * n + i]) };
  const scoring = scoringOf(table, box, scores, facts);
  if (typeof scoring === "string") return { undecided: `${what} ${scoring}.` };
  const format = formatOf(rows, box, scoring, facts);
  if (typeof format === "string" && !isFormat(format)) return { undecided: `${what} ${format}.` };
  const unit = unitOf(rows);
  return {
    head: scoring.head,
    why: `"${box.name}" has ${table.count} boxes (${FORMAT_WORDS[format as BoxFormat]} in ${unit}), "${scores.name}" their ${scoring.said}`,
    candidates: candidatesOf(
      table,
      scoring,
      (n) => toInputPixels(toCorners(format as BoxFormat, rows.row(n)), unit, facts),
      leastScoreOf(facts),
    ),
    scores: scores.name,
    outputs: [box.name, scores.name],
    select: scoring.select,
    ...(scoring.background ? { background: true } : {}),
    // Lists of names may begin with the background or leave it out.
    ...(scoring.background === "first" && facts.classes.length === table.columns - 1 ? { firstNamed: 1 } : {}),
  };
}

function isFormat(text: string): text is BoxFormat {
  return Object.hasOwn(FORMAT_WORDS, text);
}

function candidatesOf(
  table: PredictionTable,
  { apply, background, classes }: Scoring,
  corners: (n: number) => Pick<Candidate, "x0" | "y0" | "x1" | "y1">,
  least: number,
): Candidate[] {
  const first = background === "first" ? 1 : 0;
  const before = background === "last" ? table.columns - 1 : table.columns;
  const candidates: Candidate[] = [];
  for (let n = 0; n < table.count; n++) {
    const shares = apply(Array.from({ length: table.columns }, (_, column) => table.value(n, column)));
    let chosen: number[] = [];
    for (let column = first; column < before; column++) {
      if (!(shares[column] > least)) continue;
      if (classes === "each" || chosen.length === 0) chosen.push(column);
      else if (shares[column] > shares[chosen[0]]) chosen = [column];
    }
    for (const column of chosen)
      candidates.push({ ...corners(n), score: shares[column], classIndex: column, at: table.at(n, column) });
  }
  return candidates;
}

const sigmoid = (numbers: readonly number[]): readonly number[] => numbers.map((one) => 1 / (1 + Math.exp(-one)));
const asTheyAre = (numbers: readonly number[]): readonly number[] => numbers;

function softmax(numbers: readonly number[]): readonly number[] {
  const largest = Math.max(...numbers);
  const powers = numbers.map((one) => Math.exp(one - largest));
  const total = powers.reduce((sum, one) => sum + one, 0);
  return powers.map((one) => one / total);
}

/**
 * What the scores are, by their range and sums, where the background lies, and how many classes are known; a string
 * says what is unclear.
 */
function scoringOf(table: PredictionTable, box: View, scores: View, facts: DetectionFacts): Scoring | string {
  const { columns, count } = table;
  const cells = gridOf(count, facts.input);
  for (let column = 0; column < columns; column++) {
    const { min, max } = table.range(column);
    // −∞ closes a class (Grounding DINO's padding).
    if (Number.isNaN(min) || max === Infinity) return "the scores are not all finite";
  }
  if (areShares(table, 0, columns)) {
    if (areProbabilities(table)) {
      const background = /raw_detection/i.test(scores.name) ? "first" : backgroundOf(table, facts);
      if (!background)
        return "it is not clear which class of their softmax is the background: name the classes in the recipe";
      if (background === "first")
        return {
          head: "SSD",
          apply: asTheyAre,
          background,
          classes: "each",
          select: "nms",
          said: `probabilities over ${columns} classes, the first of them background`,
        };
      return {
        head: "DETR",
        apply: asTheyAre,
        background,
        classes: "best",
        select: "threshold",
        said: `probabilities over ${columns} classes, the last of them "no object"`,
      };
    }
    if (/raw_detection/i.test(scores.name))
      return {
        head: "SSD",
        apply: asTheyAre,
        background: "first",
        classes: "each",
        select: "nms",
        said: `scores of ${columns} classes, the first of them background`,
      };
    if (cells)
      return {
        head: "YOLO-NAS or PP-YOLOE",
        apply: asTheyAre,
        classes: "best",
        select: "nms",
        said: `scores of ${columns} classes; boxes are the cells of strides ${cells.strides.join(", ")}`,
      };
    const set = count <= 1000 && NAMED.test(box.name);
    if (!set) return "the scores do not sum to one, and the boxes are not the cells of a grid";
    return {
      head: "RT-DETR",
      apply: asTheyAre,
      classes: "each",
      select: "threshold",
      said: `scores of ${columns} classes`,
    };
  }
  const background = detrScores(table, facts);
  if (background === undefined)
    return 'it is not clear whether their logits are for a softmax with a "no object" class or for sigmoids: name the classes in the recipe';
  if (background)
    return {
      head: "DETR",
      apply: softmax,
      background: "last",
      classes: "best",
      select: "threshold",
      said: `logits over ${columns} classes, the last of them "no object"`,
    };
  return {
    head: "RT-DETR",
    apply: sigmoid,
    classes: "each",
    select: "threshold",
    said: `logits of ${columns} independent classes`,
  };
}

/** Whether each prediction's columns are shares of one. */
function areProbabilities(table: PredictionTable): boolean {
  if (table.columns < 2 || !areShares(table, 0, table.columns)) return false;
  for (let n = 0; n < table.count; n++) {
    let sum = 0;
    for (let column = 0; column < table.columns; column++) sum += table.value(n, column);
    if (Math.abs(sum - 1) > 0.02) return false;
  }
  return true;
}

/** Of a softmax: most boxes show nothing, so most have the background as their largest. */
function backgroundOf(table: PredictionTable, { classes }: DetectionFacts): "first" | "last" | undefined {
  if (shareWithLargest(table, 0) > 0.5) return "first";
  if (shareWithLargest(table, table.columns - 1) > 0.5) return "last";
  return /^(_*background_*|bg|none)$/i.test(classes[0] ?? "") ? "first" : undefined;
}

/** Whether logits have a "no object" class at the end; undefined where that cannot be told. */
function detrScores(table: PredictionTable, { classes }: DetectionFacts): boolean | undefined {
  if (classes.length === table.columns - 1) return true;
  if (classes.length === table.columns) return false;
  if (table.columns > 1 && shareWithLargest(table, table.columns - 1) > 0.5) return true;
  // Sigmoids: most classes of most boxes are off. COCO has 80 classes, or 91 with its gaps, and DETR one more.
  let off = 0;
  for (let n = 0; n < table.count; n++)
    for (let column = 0; column < table.columns; column++) if (table.value(n, column) < 0) off++;
  if (off > 0.9 * table.count * table.columns) return false;
  return table.columns === 92 ? true : table.columns === 80 || table.columns === 91 ? false : undefined;
}

function shareWithLargest(table: PredictionTable, wanted: number): number {
  let hits = 0;
  for (let n = 0; n < table.count; n++) {
    let best = 0;
    for (let column = 1; column < table.columns; column++)
      if (table.value(n, column) > table.value(n, best)) best = column;
    if (best === wanted) hits++;
  }
  return hits / Math.max(1, table.count);
}

/**
 * Corners or centres, by what the rows can be, and by convention where they can be both; a string says what is unclear.
 */
function formatOf(rows: BoxRows, box: View, scoring: Scoring, { input }: DetectionFacts): BoxFormat | string {
  if (/raw_detection_?boxes/i.test(box.name)) return areCorners(rows) ? "yxyx" : "the boxes are not ordered corners";
  const size = unitOf(rows) === "pixels" ? input : { width: 1, height: 1 };
  const [corners, centres] = [areCorners(rows), centresFit(rows, size)];
  // The papers' own: DETR's family has centres, SSD's decoded boxes are corners.
  if (corners && centres)
    return scoring.head === "SSD"
      ? "xyxy"
      : scoring.said.startsWith("logits")
        ? "cxcywh"
        : "it is not clear whether the boxes are corners or centres and sizes";
  if (corners)
    return scoring.said.startsWith("logits") && scoring.head === "DETR"
      ? "its boxes are corners, not DETR's centres and sizes"
      : "xyxy";
  return centres || areCentres(rows, size)
    ? "cxcywh"
    : "the boxes are neither corners nor centres and sizes within the image: they may be offsets from anchors";
}
