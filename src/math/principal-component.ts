/** Lanczos stops when the eigenpair's residual is under this part of the eigenvalue. */
const TOLERANCE = 1e-10;
const CHECK_EVERY = 8;

/**
 * The first principal component of `rows` points with `columns` coordinates (row-major): each point's projection on it,
 * centred, in the data's units; zeros where all points are equal. Its sign is open. By Lanczos iteration with full
 * reorthogonalisation (Golub & Van Loan, section 10.3) on the covariance of the shorter side, which is never formed.
 */
export function firstComponent(data: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const centred = centre(data, rows, columns);
  const project = (direction: Float64Array): Float64Array => times(centred, rows, columns, direction);
  const gather = (weights: Float64Array): Float64Array => transposedTimes(centred, rows, columns, weights);
  if (rows <= columns) {
    // XXᵀu = σ²u, and the projection on v is σu.
    const { value, vector } = largestEigenpair(rows, (u) => project(gather(u)));
    return vector.map((u) => u * Math.sqrt(Math.max(0, value)));
  }
  return project(largestEigenpair(columns, (v) => gather(project(v))).vector);
}

function centre(data: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) sums[column] += data[at];
  return Float64Array.from({ length: rows * columns }, (_, at) => data[at] - sums[at % columns] / rows);
}

function times(matrix: Float64Array, rows: number, columns: number, vector: Float64Array): Float64Array {
  const out = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++, at++) sum += matrix[at] * vector[column];
    out[row] = sum;
  }
  return out;
}

function transposedTimes(matrix: Float64Array, rows: number, columns: number, vector: Float64Array): Float64Array {
  const out = new Float64Array(columns);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) out[column] += matrix[at] * vector[row];
  return out;
}

/**
 * The largest eigenvalue, and its vector of length 1, of a positive semidefinite operator on vectors of length `size`;
 * zeros for the zero operator.
 */
export function largestEigenpair(
  size: number,
  apply: (vector: Float64Array) => Float64Array,
): { value: number; vector: Float64Array } {
  const basis: Float64Array[] = [];
  const [diagonal, below]: [number[], number[]] = [[], []];
  // A fixed start, so that the same data gives the same result; irregular, so that it is not orthogonal to what is
  // looked for.
  let next = unit(Float64Array.from({ length: size }, (_, index) => Math.sin(index * 12.9898 + 78.233)));
  for (let step = 1; ; step++) {
    const current = next;
    basis.push(current);
    const image = apply(current);
    diagonal.push(dot(image, current));
    for (const known of [...basis, ...basis]) subtract(image, known, dot(image, known));
    const residual = Math.sqrt(dot(image, image));
    const last = step === size || residual <= TOLERANCE * Math.max(...diagonal);
    if (!(Math.max(...diagonal) > 0)) return { value: 0, vector: new Float64Array(size) };
    if (last || step % CHECK_EVERY === 0) {
      const { value, vector } = largestOfTridiagonal(diagonal, below);
      if (last || residual * Math.abs(vector[step - 1]) <= TOLERANCE * value)
        return { value, vector: combine(basis, vector) };
    }
    below.push(residual);
    next = image.map((number) => number / residual);
  }
}

/**
 * Bisection by Sturm counts for the value, then inverse iteration from just above it, where elimination needs no
 * pivots.
 */
function largestOfTridiagonal(
  diagonal: readonly number[],
  below: readonly number[],
): { value: number; vector: Float64Array } {
  const radius = diagonal.map((_, i) => Math.abs(below[i - 1] ?? 0) + Math.abs(below[i] ?? 0));
  let low = Math.max(...diagonal);
  let high = Math.max(...diagonal.map((value, i) => value + radius[i]));
  for (let round = 0; round < 100 && high > low; round++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (allBelow(diagonal, below, middle)) high = middle;
    else low = middle;
  }
  const shift = high * (1 + 1e-13) + Number.MIN_VALUE;
  let vector = unit(new Float64Array(diagonal.length).fill(1));
  for (let round = 0; round < 4; round++) vector = unit(solveShifted(diagonal, below, shift, vector));
  return { value: high, vector };
}

/** Whether all eigenvalues are below `bound`: all pivots of bound·I − T are positive. */
function allBelow(diagonal: readonly number[], below: readonly number[], bound: number): boolean {
  let pivot = bound - diagonal[0];
  for (let i = 1; i < diagonal.length && pivot > 0; i++)
    pivot = bound - diagonal[i] - (below[i - 1] * below[i - 1]) / pivot;
  return pivot > 0;
}

/** Solves (shift·I − T) x = right. */
function solveShifted(
  diagonal: readonly number[],
  below: readonly number[],
  shift: number,
  right: Float64Array,
): Float64Array {
  const tiny = Math.abs(shift) * 1e-16 + Number.MIN_VALUE;
  const pivots = new Float64Array(diagonal.length);
  const out = right.slice();
  for (let i = 0; i < diagonal.length; i++) {
    const coupling = i > 0 ? below[i - 1] / pivots[i - 1] : 0;
    pivots[i] = Math.max(tiny, shift - diagonal[i] - (i > 0 ? coupling * below[i - 1] : 0));
    if (i > 0) out[i] += coupling * out[i - 1];
  }
  for (let i = diagonal.length - 1; i >= 0; i--) out[i] = (out[i] + (below[i] ?? 0) * (out[i + 1] ?? 0)) / pivots[i];
  return out;
}

function combine(basis: readonly Float64Array[], weights: Float64Array): Float64Array {
  const out = new Float64Array(basis[0].length);
  basis.forEach((vector, index) => subtract(out, vector, -weights[index]));
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function subtract(from: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < from.length; i++) from[i] -= factor * vector[i];
}

function unit(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return vector;
  const scaled = vector.map((value) => value / largest);
  const length = Math.sqrt(dot(scaled, scaled));
  return scaled.map((value) => value / length);
}
