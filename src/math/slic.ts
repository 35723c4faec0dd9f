/** A picture's segments: a label from 0 to `count` − 1 for each pixel, [height, width] row-major. */
export interface Segmentation {
  readonly labels: Int32Array;
  readonly count: number;
}

/** How much nearness in space counts against likeness of colour: scikit-image's default. */
const COMPACTNESS = 10;
const ITERATIONS = 10;
/**
 * Connected pieces smaller than this part of a segment's expected size join a neighbour; larger than that many times,
 * they are cut.
 */
const SMALLEST = 0.5;
const LARGEST = 3;

/**
 * SLIC superpixels (Achanta et al. 2012) as scikit-image's `segmentation.slic` makes them by default: k-means over
 * CIELAB colour and place from centres on a grid, ten rounds, then every segment in one piece. `pixels` are RGB bytes
 * [height, width, 3]; `segments` is about how many there will be.
 */
export function slic(pixels: Uint8Array, height: number, width: number, segments: number): Segmentation {
  const rows = gridAlong(height, width, segments);
  const columns = gridAlong(width, height, segments);
  const colours = labColours(pixels).map((value) => value / COMPACTNESS);
  const centres: number[][] = [];
  for (const y of rows.places) for (const x of columns.places) centres.push([y, x]);
  const nearest = cluster(colours, height, width, centres, Math.max(rows.step, columns.step));
  return connect(nearest, width, (height * width) / centres.length);
}

/** Places and their distance along an axis, where `count` places cover an area of `length` × `other` evenly. */
function gridAlong(length: number, other: number, count: number): { places: number[]; step: number } {
  let size = Math.sqrt((length * other) / count);
  if (length * other <= count) size = 1;
  // A strip that is thinner than a cell gets its places along the other axis only.
  else if (Math.min(length, other) < size) size = length <= other ? length : length / count;
  const step = roundHalfToEven(size);
  const places: number[] = [];
  for (let place = Math.floor(size / 2); place < length; place += step) places.push(place);
  return { places, step };
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.max(1, Math.round(value));
  return Math.max(1, below % 2 === 0 ? below : below + 1);
}

/** The index of the centre that each pixel is nearest to in the end. `colours` are [height, width, 3]. */
function cluster(
  colours: Float64Array,
  height: number,
  width: number,
  grid: readonly (readonly number[])[],
  step: number,
): Int32Array {
  const count = grid.length;
  // Of each centre: y, x and three colour components. At first the colours are zero, as in scikit-image.
  const centres = new Float64Array(count * 5);
  grid.forEach(([y, x], k) => centres.set([y, x], 5 * k));
  const [rowReach, columnReach] = [2 * gridAlong(height, width, count).step, 2 * gridAlong(width, height, count).step];
  const nearness = 1 / (step * step);
  const nearest = new Int32Array(height * width);
  const distance = new Float64Array(height * width);
  const sizes = new Int32Array(count);
  for (let round = 0; round < ITERATIONS; round++) {
    distance.fill(Infinity);
    for (let k = 0; k < count; k++) {
      const [cy, cx, c0, c1, c2] = centres.subarray(5 * k, 5 * k + 5);
      // A centre that lost all of its pixels is not a number, and takes none again.
      if (Number.isNaN(cy)) continue;
      const bottom = Math.trunc(Math.min(cy + rowReach + 1, height));
      const left = Math.trunc(Math.max(cx - columnReach, 0));
      const right = Math.trunc(Math.min(cx + columnReach + 1, width));
      for (let y = Math.trunc(Math.max(cy - rowReach, 0)); y < bottom; y++) {
        const dy = (cy - y) * (cy - y);
        for (let x = left, at = y * width + left; x < right; x++, at++) {
          const d0 = colours[3 * at] - c0;
          const d1 = colours[3 * at + 1] - c1;
          const d2 = colours[3 * at + 2] - c2;
          const found = (dy + (cx - x) * (cx - x)) * nearness + (d0 * d0 + d1 * d1 + d2 * d2);
          if (distance[at] > found) {
            distance[at] = found;
            nearest[at] = k;
          }
        }
      }
    }
    centres.fill(0);
    sizes.fill(0);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const k = nearest[at];
        sizes[k]++;
        centres[5 * k] += y;
        centres[5 * k + 1] += x;
        for (let c = 0; c < 3; c++) centres[5 * k + 2 + c] += colours[3 * at + c];
      }
    }
    for (let i = 0; i < centres.length; i++) centres[i] /= sizes[Math.floor(i / 5)];
  }
  return nearest;
}

/** Gives each connected piece a label of its own; a small one gets that of a neighbour found before it. */
function connect(nearest: Int32Array, width: number, expected: number): Segmentation {
  const [smallest, largest] = [Math.trunc(SMALLEST * expected), Math.trunc(LARGEST * expected)];
  const labels = new Int32Array(nearest.length).fill(-1);
  let count = 0;
  for (let start = 0; start < nearest.length; start++) {
    if (labels[start] >= 0) continue;
    labels[start] = count;
    const piece = [start];
    let neighbour = count;
    for (let next = 0; next < piece.length && piece.length < largest; next++) {
      const at = piece[next];
      const x = at % width;
      const around = [
        x + 1 < width ? at + 1 : -1,
        x > 0 ? at - 1 : -1,
        at + width < nearest.length ? at + width : -1,
        at - width,
      ];
      for (const beside of around) {
        if (beside < 0) continue;
        if (nearest[beside] === nearest[start] && labels[beside] < 0) {
          labels[beside] = count;
          piece.push(beside);
          if (piece.length >= largest) break;
        } else if (labels[beside] >= 0 && labels[beside] !== count) neighbour = labels[beside];
      }
    }
    if (piece.length >= smallest) count++;
    else for (const at of piece) labels[at] = neighbour;
  }
  // A first piece that is too small, with no neighbour before it, keeps the label that the next one gets as well.
  return {
    labels,
    count: Math.max(
      count,
      labels.reduce((most, label) => Math.max(most, label + 1), 0),
    ),
  };
}

/** sRGB bytes, stretched so that they reach from 0 to 1, as CIELAB under D65 (2°): [pixels, 3]. */
function labColours(pixels: Uint8Array): Float64Array {
  let [least, most] = [255, 0];
  for (const value of pixels) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const linear = Float64Array.from({ length: 256 }, (_, byte) => {
    const value = (byte - least) / (most > least ? most - least : 255);
    return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
  });
  const lab = new Float64Array(pixels.length);
  for (let at = 0; at < pixels.length; at += 3) {
    const [r, g, b] = [linear[pixels[at]], linear[pixels[at + 1]], linear[pixels[at + 2]]];
    const x = labCurve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
    const y = labCurve(0.212671 * r + 0.71516 * g + 0.072169 * b);
    const z = labCurve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
    lab[at] = 116 * y - 16;
    lab[at + 1] = 500 * (x - y);
    lab[at + 2] = 200 * (y - z);
  }
  return lab;
}

function labCurve(value: number): number {
  return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;
}
