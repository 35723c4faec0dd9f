/** A detector's cells: one prediction for each cell of feature maps of falling resolution, or several (anchors). */
export interface Grid {
  readonly strides: readonly number[];
  readonly anchors: 1 | 3;
  /** Each prediction's cell, in cells, and its stride in pixels; level by level, anchor by anchor, row by row. */
  readonly cells: readonly { readonly x: number; readonly y: number; readonly stride: number }[];
}

/**
 * What YOLO heads are built with, by anchors: P6 models have a fourth level, models for small objects a finer one, tiny
 * ones two.
 */
const STRIDES: Readonly<Record<1 | 3, readonly (readonly number[])[]>> = {
  1: [
    [8, 16, 32],
    [8, 16, 32, 64],
    [4, 8, 16, 32],
  ],
  3: [
    [8, 16, 32],
    [8, 16, 32, 64],
    [4, 8, 16, 32],
    [16, 32],
  ],
};

/** The grid that has `count` predictions for a picture of this size; undefined where none does. */
export function gridOf(
  count: number,
  { width, height }: { readonly width: number; readonly height: number },
): Grid | undefined {
  for (const anchors of [1, 3] as const) {
    for (const strides of STRIDES[anchors]) {
      const cells = strides.reduce((sum, stride) => sum + Math.ceil(height / stride) * Math.ceil(width / stride), 0);
      if (count > 0 && count === cells * anchors)
        return { strides, anchors, cells: cellsOf(strides, anchors, width, height) };
    }
  }
  return undefined;
}

function cellsOf(strides: readonly number[], anchors: number, width: number, height: number): Grid["cells"] {
  const cells: { x: number; y: number; stride: number }[] = [];
  for (const stride of strides) {
    const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
    for (let anchor = 0; anchor < anchors; anchor++)
      for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) cells.push({ x, y, stride });
  }
  return cells;
}
