import { areCentres, shareOfCentres, toCorners, toInputPixels, unitOf, type BoxRows, type BoxUnit } from "./boxes.ts";
import { extrasNote, extrasOf, keypointsOf, type Extras } from "./extras.ts";
import { gridOf, type Grid } from "./grid.ts";
import { leastScoreOf } from "./nms.ts";
import { areShares, tableOf, type PredictionTable } from "./table.ts";
import type { Candidate, DetectionFacts, Head, HeadResult, Undecided, View } from "./types.ts";

/**
 * YOLO's heads with all predictions in one output, centre and size first: v5, v7 [25200, 5+C]: x, y, w, h, objectness,
 * classes; v6 the same with objectness 1; YOLOX the same for one anchor, often still in cells (centre = (x + cell) ×
 * stride, size = exp(w) × stride); v8, v9, v11 [4+C, 8400] or turned: no objectness. RT-DETR as Ultralytics exports it
 * is alike: [300, 4+C] in fractions. Segmentation and pose heads have columns more.
 */
export const yolo: Head = (facts, views) => {
  const undecided: string[] = [];
  for (const view of views) {
    if (view.dims.length !== 2 || view.integer) continue;
    // Either axis may list the predictions: one that matches a grid comes first, else the longer one.
    const grids = { first: gridOf(view.dims[0], facts.input), last: gridOf(view.dims[1], facts.input) };
    const likely =
      (grids.first !== undefined) === (grids.last !== undefined)
        ? view.dims[0] >= view.dims[1]
        : grids.first !== undefined;
    for (const listed of likely ? (["first", "last"] as const) : (["last", "first"] as const)) {
      const found = decode(view, tableOf(view, listed), grids[listed], facts, views);
      if (found && !("undecided" in found)) return found;
      if (found) undecided.push(found.undecided);
    }
  }
  return undecided.length > 0 ? { undecided: undecided[0] } : undefined;
};

function decode(
  view: View,
  table: PredictionTable,
  grid: Grid | undefined,
  facts: DetectionFacts,
  views: readonly View[],
): HeadResult | Undecided | undefined {
  if (table.columns < 5 || table.count < 1) return undefined;
  const declared = facts.metadata.stride !== undefined && facts.metadata.names !== undefined;
  const evident = grid !== undefined || declared;
  const refuse = (why: string): Undecided | undefined =>
    evident ? { undecided: `"${view.name}" looks like YOLO's predictions, but ${why}.` } : undefined;
  if (facts.metadata.task === "obb") return refuse("its boxes are oriented (task obb), which are not decoded");
  const rows: BoxRows = { count: table.count, row: (n) => [0, 1, 2, 3].map((column) => table.value(n, column)) };
  const boxes = boxesOf(table, rows, grid, facts, declared);
  if (!boxes)
    return refuse("its first four columns are neither centres and sizes within the image nor offsets in cells");
  const extras = extrasOf(table, 5, facts, views, true);
  if (!extras) return refuse("it has columns that are neither scores from 0 to 1, mask coefficients nor keypoints");
  if (!areShares(table, 4, extras.from)) return refuse("its scores are not from 0 to 1");
  // Without a grid only pixels tell boxes from scores; fractions need the number of classes.
  const counted = facts.classes.length > 0 && facts.classes.length === extras.from - 4;
  if (!evident && boxes.unit === "fractions" && !counted) return undefined;
  const objectness = hasObjectness(table, extras.from, grid, facts);
  if (objectness === undefined) {
    return refuse(
      `with ${extras.from - 4} columns of scores it is not clear whether column 4 is the objectness or the first class: name the classes in the recipe`,
    );
  }
  const set = !grid && boxes.unit === "fractions" && !objectness;
  const candidates = candidatesOf(table, boxes, objectness, extras, facts);
  const inverted = candidates.filter(({ x0, y0, x1, y1 }) => !(x1 >= x0 && y1 >= y0)).length;
  const name = set ? "RT-DETR" : headName(table, objectness, grid, boxes.inCells);
  return {
    head: name,
    why: [
      grid
        ? `${table.count} predictions are the cells of strides ${grid.strides.join(", ")}${grid.anchors > 1 ? ` with ${grid.anchors} anchors` : ""}`
        : `${table.count} predictions`,
      boxes.inCells
        ? "offsets in cells and logarithms of sizes first"
        : `centres and sizes in ${boxes.unit === "pixels" ? "pixels" : "fractions of the image"} first`,
      objectness ? `then the objectness and ${extras.from - 5} class scores` : `then ${extras.from - 4} class scores`,
    ].join(", "),
    candidates: candidates.filter(({ x0, y0, x1, y1 }) => x1 >= x0 && y1 >= y0),
    scores: view.name,
    outputs: [view.name],
    select: set ? "threshold" : "nms",
    notes: [
      ...(objectness
        ? ["A box's score is its objectness times its class score; the target is the class score alone."]
        : []),
      ...extrasNote(extras, table),
      ...(inverted > 0
        ? [`Omitted: ${inverted} ${inverted === 1 ? "prediction" : "predictions"} with a negative size.`]
        : []),
    ],
  };
}

interface GridBoxes {
  readonly unit: BoxUnit;
  readonly inCells: boolean;
  /** Centre and size in `unit`. */
  row(prediction: number): readonly number[];
}

/**
 * Cells of the background may lie outside or have sizes below zero, as nothing taught them: so many do not. Of a file
 * that says it is YOLO's, half is enough.
 */
const FITTING = 0.95;
const FITTING_DECLARED = 0.5;

/** @param declared Whether the file's metadata says that it is Ultralytics' YOLO, whose boxes are decoded. */
function boxesOf(
  table: PredictionTable,
  rows: BoxRows,
  grid: Grid | undefined,
  { input }: DetectionFacts,
  declared: boolean,
): GridBoxes | undefined {
  const finite = [0, 1, 2, 3].every(
    (column) => Number.isFinite(table.range(column).min) && Number.isFinite(table.range(column).max),
  );
  if (!finite) return undefined;
  const unit = unitOf(rows);
  const size = unit === "pixels" ? input : { width: 1, height: 1 };
  const share = shareOfCentres(rows, { width: 2 * size.width, height: 2 * size.height });
  // Offsets in cells are small numbers, centres in pixels go over the picture.
  const fillsPicture =
    unit === "pixels" && table.range(0).max > input.width / 2 && table.range(1).max > input.height / 2;
  if (share === 1 || share >= (declared ? FITTING_DECLARED : grid && fillsPicture ? FITTING : 1))
    return { unit, inCells: false, row: rows.row };
  if (table.range(2).min < 0 || table.range(3).min < 0) {
    // Sizes below zero are logarithms: YOLOX without its decoding.
    if (!grid || grid.anchors !== 1) return undefined;
    const row = (n: number): readonly number[] => {
      const { x, y, stride } = grid.cells[n];
      const [dx, dy, w, h] = rows.row(n);
      return [(dx + x) * stride, (dy + y) * stride, Math.exp(w) * stride, Math.exp(h) * stride];
    };
    return areCentres({ count: rows.count, row }, { width: 2 * input.width, height: 2 * input.height })
      ? { unit: "pixels", inCells: true, row }
      : undefined;
  }
  return undefined;
}

/** By the number of classes where it is known, else by what exporters do; undefined where neither says. */
function hasObjectness(
  table: PredictionTable,
  before: number,
  grid: Grid | undefined,
  { classes }: DetectionFacts,
): boolean | undefined {
  const scores = before - 4;
  if (scores === 1) return false;
  if (classes.length === scores) return false;
  if (classes.length === scores - 1) return true;
  if (grid?.anchors === 3) return true;
  if (table.listed === "last") return false;
  if (constantOne(table)) return true;
  // COCO has 80 classes.
  return scores === 81 ? true : scores === 80 ? false : undefined;
}

function constantOne(table: PredictionTable): boolean {
  const { min, max } = table.range(4);
  return min === 1 && max === 1;
}

function headName(table: PredictionTable, objectness: boolean, grid: Grid | undefined, inCells: boolean): string {
  if (!objectness) return "YOLO v8";
  if (inCells) return "YOLOX";
  if (constantOne(table)) return "YOLO v6";
  return grid?.anchors === 1 ? "YOLOX" : "YOLO v5";
}

function candidatesOf(
  table: PredictionTable,
  boxes: GridBoxes,
  objectness: boolean,
  extras: Extras,
  facts: DetectionFacts,
): Candidate[] {
  const first = objectness ? 5 : 4;
  const [sx, sy] = boxes.unit === "fractions" ? [facts.input.width, facts.input.height] : [1, 1];
  const least = leastScoreOf(facts);
  const candidates: Candidate[] = [];
  for (let n = 0; n < table.count; n++) {
    let best = first;
    for (let column = first + 1; column < extras.from; column++)
      if (table.value(n, column) > table.value(n, best)) best = column;
    const score = table.value(n, best) * (objectness ? table.value(n, 4) : 1);
    if (!(score > least)) continue;
    candidates.push({
      ...toInputPixels(toCorners("cxcywh", boxes.row(n)), boxes.unit, { input: facts.input }),
      score,
      classIndex: best - first,
      at: table.at(n, best),
      ...keypointsOf(table, n, extras, sx, sy),
    });
  }
  return candidates;
}
