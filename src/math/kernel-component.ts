import { largestEigenpair } from "./principal-component.ts";

/**
 * The first component of kernel principal component analysis (Schölkopf et al. 1998) with the kernel tanh(γ x·y + 1):
 * each point's projection on it, as scikit-learn's KernelPCA(kernel="sigmoid", n_components=1).fit_transform gives it.
 * Its sign is open; zeros where all points are equal. Points are `rows` of `columns` coordinates, row-major. The
 * kernel's matrix is kept, rows² numbers of four bytes.
 */
export function sigmoidComponent(
  points: ArrayLike<number>,
  rows: number,
  columns: number,
  gamma = 1 / columns,
): Float64Array {
  const matrix = kernel(points, rows, columns, gamma);
  // The kernel is not positive definite. Moved up by more than its norm it is, with the same order of eigenvalues.
  const shift = largestRowSum(matrix, rows);
  const centred = (vector: Float64Array): Float64Array => {
    const mean = vector.reduce((sum, value) => sum + value, 0) / rows;
    return vector.map((value) => value - mean);
  };
  const { value, vector } = largestEigenpair(rows, (direction) => {
    const image = centred(times(matrix, rows, centred(direction)));
    return image.map((number, row) => number + shift * direction[row]);
  });
  const length = Math.sqrt(Math.max(0, value - shift));
  return length * length > 1e-12 * shift ? vector.map((number) => number * length) : new Float64Array(rows);
}

function kernel(points: ArrayLike<number>, rows: number, columns: number, gamma: number): Float32Array {
  const matrix = new Float32Array(rows * rows);
  for (let a = 0; a < rows; a++) {
    for (let b = a; b < rows; b++) {
      let product = 0;
      for (let column = 0, i = a * columns, j = b * columns; column < columns; column++, i++, j++)
        product += points[i] * points[j];
      matrix[a * rows + b] = matrix[b * rows + a] = Math.tanh(gamma * product + 1);
    }
  }
  return matrix;
}

function times(matrix: Float32Array, rows: number, vector: Float64Array): Float64Array {
  const out = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < rows; column++, at++) sum += matrix[at] * vector[column];
    out[row] = sum;
  }
  return out;
}

/** No eigenvalue is larger in magnitude. */
function largestRowSum(matrix: Float32Array, rows: number): number {
  let largest = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < rows; column++, at++) sum += Math.abs(matrix[at]);
    largest = Math.max(largest, sum);
  }
  return largest;
}
