import { gridOf } from "./grid.ts";
import { areCorners, areCentres, toCorners, toInputPixels, unitOf, type BoxFormat, type BoxRows } from "./boxes.ts";
import { hasSuppression, suppressesCentres } from "./suppression.ts";
import { tableOf } from "./table.ts";
import type { Candidate, DetectionFacts, Head } from "./types.ts";

/**
 * Graphs that end in ONNX's NonMaxSuppression and give its selected_indices [K,3] (picture, class, box) beside the
 * boxes [N,4] and the scores [C,N] that went into it, as YOLO v3 of the ONNX model zoo does.
 */
export const selected: Head = (facts, views) => {
  if (!hasSuppression(facts)) return undefined;
  const indices = views.find(({ dims, integer }) => integer && dims.length === 2 && dims[1] === 3);
  const boxes = views.find(({ dims, integer }) => !integer && dims.length === 2 && dims[1] === 4);
  const scores =
    boxes &&
    views.find((view) => view !== boxes && !view.integer && view.dims.length === 2 && view.dims[1] === boxes.dims[0]);
  if (!indices || !boxes || !scores) return undefined;
  const table = tableOf(scores, "last");
  const picks = Array.from({ length: indices.dims[0] }, (_, k) => [0, 1, 2].map((i) => indices.values[3 * k + i]))
    // Lists of fixed length are filled up with −1.
    .filter(([picture, label, box]) => picture === 0 && label >= 0 && box >= 0);
  if (picks.some(([, label, box]) => label >= table.columns || box >= table.count))
    return {
      undecided: `"${indices.name}" names boxes or classes that "${boxes.name}" and "${scores.name}" do not have.`,
    };
  const rows: BoxRows = { count: table.count, row: (n) => [0, 1, 2, 3].map((i) => boxes.values[4 * n + i]) };
  const format = formatOf(rows, facts);
  const unit = unitOf(rows);
  return {
    head: "NonMaxSuppression",
    why: `"${indices.name}" lists the boxes of "${boxes.name}" (${format.said} in ${unit}) that the graph's NonMaxSuppression kept, "${scores.name}" their scores`,
    candidates: picks.map(([, label, box]): Candidate => ({
      ...ordered(toInputPixels(toCorners(format.format, rows.row(box)), unit, facts)),
      score: table.value(box, label),
      classIndex: label,
      at: table.at(box, label),
    })),
    scores: scores.name,
    outputs: [indices.name, boxes.name, scores.name],
    select: "none",
    notes: format.note ? [format.note] : [],
  };
};

/** NonMaxSuppression takes any two opposite corners. */
function ordered({ x0, y0, x1, y1 }: ReturnType<typeof toCorners>): ReturnType<typeof toCorners> {
  return { x0: Math.min(x0, x1), y0: Math.min(y0, y1), x1: Math.max(x0, x1), y1: Math.max(y0, y1) };
}

/**
 * Centres where the operator says so; of corners the operator's order, unless the boxes' cells or the picture's sides
 * say that x comes first.
 */
function formatOf(rows: BoxRows, facts: DetectionFacts): { format: BoxFormat; said: string; note?: string } {
  if (suppressesCentres(facts)) return { format: "cxcywh", said: "centre and size" };
  const away = (format: BoxFormat): number => awayFromCells(rows, format, facts);
  const swapped = away("xyxy") < away("yxyx");
  if (swapped && areCorners(rows)) return { format: "xyxy", said: "x0, y0, x1, y1" };
  return {
    format: "yxyx",
    said: "y0, x0, y1, x1",
    ...(away("xyxy") === away("yxyx")
      ? {
          note: "Boxes are read as y0, x0, y1, x1, as ONNX's NonMaxSuppression is defined; a model that puts x first cannot be recognised.",
        }
      : {}),
  };
}

/** How many boxes' centres lie far from the cell that predicts them, or, without a grid, out of the picture. */
function awayFromCells(rows: BoxRows, format: BoxFormat, { input }: DetectionFacts): number {
  const grid = gridOf(rows.count, input);
  const scale = unitOf(rows) === "fractions" ? input : { width: 1, height: 1 };
  if (!grid) return areCentres({ count: rows.count, row: (n) => centreOf(rows, n, format, scale) }, input) ? 0 : 1;
  let away = 0;
  for (const [n, { x, y, stride }] of grid.cells.entries()) {
    const [cx, cy] = centreOf(rows, n, format, scale);
    if (Math.abs(cx / stride - x) > 8 || Math.abs(cy / stride - y) > 8) away++;
  }
  return away;
}

function centreOf(
  rows: BoxRows,
  n: number,
  format: BoxFormat,
  scale: { readonly width: number; readonly height: number },
): readonly number[] {
  const { x0, y0, x1, y1 } = toCorners(format, rows.row(n));
  return [
    ((x0 + x1) / 2) * scale.width,
    ((y0 + y1) / 2) * scale.height,
    Math.abs(x1 - x0) * scale.width,
    Math.abs(y1 - y0) * scale.height,
  ];
}
