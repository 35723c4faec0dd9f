/**
 * A symmetric system over places of a grid: diagonal · x − Σ weight · x[column] = right side, weights positive and in
 * each row together at most the diagonal (compressed rows: row i's entries are starts[i] to starts[i + 1]).
 */
export interface GridSystem {
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly weights: Float64Array;
  readonly diagonal: Float64Array;
  /** Where each unknown lies. */
  readonly y: Int32Array;
  readonly x: Int32Array;
}

/** The residual at which the solution counts as found, of the right side's norm. */
const TOLERANCE = 1e-7;
const MOST_ITERATIONS = 1000;
/** Systems this small are only relaxed. */
const SMALL = 8;

interface Level extends GridSystem {
  /** For each unknown its block's number on the next coarser level. */
  readonly block: Int32Array;
  readonly right: Float64Array;
  readonly solution: Float64Array;
  readonly residual: Float64Array;
}

const prepared = new WeakMap<GridSystem, Level[]>();

/**
 * Solves in place, from what `solution` holds: conjugate gradients, each step prepared by a multigrid W-cycle over 2×2
 * blocks of places (plain aggregation; symmetric Gauss–Seidel on each level), so that large holes cost little more than
 * small ones.
 */
export function solveGrid(system: GridSystem, right: Float64Array, solution: Float64Array): void {
  const levels = prepared.get(system) ?? levelsOf(system);
  prepared.set(system, levels);
  const count = right.length;
  const residual = new Float64Array(count);
  subtract(system, right, solution, residual);
  const enough = TOLERANCE ** 2 * Math.max(dot(right, right), Number.MIN_VALUE);
  if (dot(residual, residual) <= enough) return;
  const [prepare, image] = [new Float64Array(count), new Float64Array(count)];
  cycle(levels, 0, residual, prepare);
  const direction = prepare.slice();
  let slope = dot(residual, prepare);
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    multiply(system, direction, image);
    const step = slope / dot(direction, image);
    for (let i = 0; i < count; i++) {
      solution[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
    if (dot(residual, residual) <= enough) return;
    cycle(levels, 0, residual, prepare);
    const next = dot(residual, prepare);
    const turn = next / slope;
    slope = next;
    for (let i = 0; i < count; i++) direction[i] = prepare[i] + turn * direction[i];
  }
}

/** solution ≈ A⁻¹ right, from zero: relax forwards, correct twice on the coarser level, relax backwards. */
function cycle(levels: readonly Level[], depth: number, right: Float64Array, solution: Float64Array): void {
  const level = levels[depth];
  solution.fill(0);
  relax(level, right, solution, true);
  const coarse = levels[depth + 1];
  if (!coarse) {
    for (let sweep = 0; sweep < 4; sweep++) {
      relax(level, right, solution, false);
      relax(level, right, solution, true);
    }
  } else {
    const { residual, block } = level;
    subtract(level, right, solution, residual);
    coarse.right.fill(0);
    for (let i = 0; i < residual.length; i++) coarse.right[block[i]] += residual[i];
    cycle(levels, depth + 1, coarse.right, coarse.solution);
    const first = coarse.solution.slice();
    const again = new Float64Array(first.length);
    subtract(coarse, coarse.right, first, again);
    cycle(levels, depth + 1, again, coarse.solution);
    for (let i = 0; i < residual.length; i++) solution[i] += first[block[i]] + coarse.solution[block[i]];
  }
  relax(level, right, solution, false);
}

function levelsOf(system: GridSystem): Level[] {
  const levels: Level[] = [];
  for (let current = system; ;) {
    const count = current.diagonal.length;
    const { coarse, block } = coarser(current);
    levels.push({
      ...current,
      block,
      right: new Float64Array(count),
      solution: new Float64Array(count),
      residual: new Float64Array(count),
    });
    if (count <= SMALL || coarse.diagonal.length === count) return levels;
    current = coarse;
  }
}

/** Places in blocks of 2×2 as one unknown each: rows and columns added up. */
function coarser({ starts, columns, weights, diagonal, y, x }: GridSystem): { coarse: GridSystem; block: Int32Array } {
  const numbers = new Map<number, number>();
  const block = Int32Array.from(diagonal, (_, i) => {
    const key = (y[i] >> 1) * 65536 + (x[i] >> 1);
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  const count = numbers.size;
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  const sums = new Float64Array(count);
  const [coarseY, coarseX] = [new Int32Array(count), new Int32Array(count)];
  for (let i = 0; i < block.length; i++) {
    const own = block[i];
    coarseY[own] = y[i] >> 1;
    coarseX[own] = x[i] >> 1;
    sums[own] += diagonal[i];
    for (let entry = starts[i]; entry < starts[i + 1]; entry++) {
      const other = block[columns[entry]];
      if (other === own) sums[own] -= weights[entry];
      else rows[own].set(other, (rows[own].get(other) ?? 0) + weights[entry]);
    }
  }
  const coarseStarts = new Int32Array(count + 1);
  rows.forEach((row, i) => {
    coarseStarts[i + 1] = coarseStarts[i] + row.size;
  });
  const coarse = {
    starts: coarseStarts,
    columns: Int32Array.from(rows.flatMap((row) => [...row.keys()])),
    weights: Float64Array.from(rows.flatMap((row) => [...row.values()])),
    diagonal: sums,
    y: coarseY,
    x: coarseX,
  };
  return { coarse, block };
}

/** One Gauss–Seidel sweep. */
function relax(
  { starts, columns, weights, diagonal }: GridSystem,
  right: Float64Array,
  solution: Float64Array,
  forwards: boolean,
): void {
  const count = solution.length;
  for (let step = 0; step < count; step++) {
    const i = forwards ? step : count - 1 - step;
    let sum = right[i];
    for (let entry = starts[i]; entry < starts[i + 1]; entry++) sum += weights[entry] * solution[columns[entry]];
    solution[i] = sum / diagonal[i];
  }
}

function multiply({ starts, columns, weights, diagonal }: GridSystem, v: Float64Array, out: Float64Array): void {
  for (let i = 0; i < v.length; i++) {
    let sum = diagonal[i] * v[i];
    for (let entry = starts[i]; entry < starts[i + 1]; entry++) sum -= weights[entry] * v[columns[entry]];
    out[i] = sum;
  }
}

function subtract(system: GridSystem, right: Float64Array, v: Float64Array, out: Float64Array): void {
  multiply(system, v, out);
  for (let i = 0; i < out.length; i++) out[i] = right[i] - out[i];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
