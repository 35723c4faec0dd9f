import { areCorners, toCorners, toInputPixels, unitOf, type BoxRows } from "./boxes.ts";
import { extrasNote, extrasOf, keypointsOf } from "./extras.ts";
import { gridOf } from "./grid.ts";
import { hasSuppression } from "./suppression.ts";
import { isShare, tableOf, type PredictionTable } from "./table.ts";
import type { Candidate, DetectionFacts, Head, HeadResult, View } from "./types.ts";

/** A row of a detection: corners, a score and a class in some order. */
interface RowFormat {
  readonly head: string;
  readonly columns: number;
  /** Where the box's four corners begin. */
  readonly box: number;
  readonly score: number;
  readonly label: number;
  /** A column that says which picture of the batch. */
  readonly picture?: number;
  readonly said: string;
}

const FORMATS: readonly RowFormat[] = [
  { head: "YOLO v10", columns: 6, box: 0, score: 4, label: 5, said: "x0, y0, x1, y1, score, class" },
  { head: "PaddleDetection", columns: 6, box: 2, score: 1, label: 0, said: "class, score, x0, y0, x1, y1" },
  {
    head: "YOLO v7",
    columns: 7,
    picture: 0,
    box: 1,
    label: 5,
    score: 6,
    said: "picture, x0, y0, x1, y1, class, score",
  },
  { head: "SSD", columns: 7, picture: 0, label: 1, score: 2, box: 3, said: "picture, class, score, x0, y0, x1, y1" },
];

/** More rows than this are predictions before any selection. */
const MOST_ROWS = 5000;

/** Detectors that end in a list of detections, one a row: YOLO v10 and what is exported with its selection inside. */
export const rows: Head = (facts, views) => {
  for (const view of views) {
    if (view.dims.length !== 2 || view.integer || view.dims[0] > MOST_ROWS || gridOf(view.dims[0], facts.input))
      continue;
    const table = tableOf(view, "first");
    const filled = Array.from({ length: table.count }, (_, n) => n).filter((n) => isFilled(table, n));
    const fitting = FORMATS.filter((format) => fits(table, filled, format, facts, views));
    if (fitting.length > 1 && filled.length > 0)
      return {
        undecided: `The rows of "${view.name}" can be read as ${fitting.map(({ said }) => said).join(" or as ")}.`,
      };
    if (fitting.length > 0) return listOf(view, table, filled, fitting[0], facts, views);
  }
  return undefined;
};

/** Rows of zeros, or of class or picture -1, fill a list of fixed length up. */
function isFilled(table: PredictionTable, n: number): boolean {
  let zero = true;
  for (let column = 0; column < table.columns && zero; column++) zero = table.value(n, column) === 0;
  return (
    !zero &&
    !FORMATS.some(
      ({ columns, label, picture }) =>
        columns === table.columns &&
        (table.value(n, label) === -1 || (picture !== undefined && table.value(n, picture) === -1)),
    )
  );
}

function fits(
  table: PredictionTable,
  filled: readonly number[],
  format: RowFormat,
  facts: DetectionFacts,
  views: readonly View[],
): boolean {
  // Only the first format has masks' or keypoints' columns behind it in any export.
  if (
    table.columns !== format.columns &&
    !(format === FORMATS[0] && table.columns > format.columns && hasMore(table, facts, views))
  )
    return false;
  const index = (column: number): boolean =>
    filled.every(
      (n) => Number.isInteger(table.value(n, column)) && table.value(n, column) >= 0 && table.value(n, column) < 1e5,
    );
  return (
    index(format.label) &&
    (format.picture === undefined || index(format.picture)) &&
    isShare(table, format.score) &&
    areCorners(boxRows(table, filled, format))
  );
}

function hasMore(table: PredictionTable, facts: DetectionFacts, views: readonly View[]): boolean {
  return extrasOf(table, FORMATS[0].columns, facts, views, false)?.from === FORMATS[0].columns;
}

function boxRows(table: PredictionTable, filled: readonly number[], { box }: RowFormat): BoxRows {
  return { count: filled.length, row: (n) => [0, 1, 2, 3].map((i) => table.value(filled[n], box + i)) };
}

function listOf(
  view: View,
  table: PredictionTable,
  filled: readonly number[],
  format: RowFormat,
  facts: DetectionFacts,
  views: readonly View[],
): HeadResult {
  const boxes = boxRows(table, filled, format);
  const unit = unitOf(boxes);
  const extras = extrasOf(table, format.columns, facts, views, false)!;
  const [sx, sy] = unit === "fractions" ? [facts.input.width, facts.input.height] : [1, 1];
  const candidates = filled.flatMap((n, row): Candidate[] => {
    if (format.picture !== undefined && table.value(n, format.picture) > 0) return [];
    return [
      {
        ...toInputPixels(toCorners("xyxy", boxes.row(row)), unit, facts),
        score: table.value(n, format.score),
        classIndex: table.value(n, format.label),
        at: table.at(n, format.score),
        ...keypointsOf(table, n, extras, sx, sy),
      },
    ];
  });
  return {
    head: format.head,
    why: `rows of ${format.said}${unit === "fractions" ? ", in fractions of the picture" : ""}`,
    candidates,
    scores: view.name,
    outputs: [view.name],
    select: hasSuppression(facts) ? "none" : "threshold",
    notes: extrasNote(extras, table),
  };
}
