import { solveGrid, type GridSystem } from "./multigrid.ts";

/** Weights of a place's neighbours (Rong et al. 2022): a sixth for the four sides, a twelfth for the four corners. */
const NEIGHBOURS: readonly (readonly [down: number, right: number, weight: number])[] = [
  [0, -1, 1 / 6],
  [0, 1, 1 / 6],
  [-1, 0, 1 / 6],
  [1, 0, 1 / 6],
  [-1, -1, 1 / 12],
  [-1, 1, 1 / 12],
  [1, -1, 1 / 12],
  [1, 1, 1 / 12],
];

/**
 * ROAD's linear imputation (Rong, Leemann et al. 2022): every removed place becomes the weighted mean of its neighbours
 * inside the picture, removed ones included, which is a sparse system of equations. `planes`: channels, each [height,
 * width]; `removed`: places. Gives the planes with the removed places filled. `guess`, planes in which they are filled
 * somehow, is where the search begins. RangeError where all places are removed.
 */
export function impute(
  planes: readonly Float32Array[],
  height: number,
  width: number,
  removed: Uint32Array,
  guess: readonly Float32Array[] = planes,
): Float32Array[] {
  if (removed.length >= height * width) throw new RangeError("Nothing is left to impute from.");
  // In the picture's order, so that neighbours lie near each other in memory.
  const places = removed.slice().sort();
  const { system, known } = equations(height, width, places);
  return planes.map((plane, channel) => {
    const solution = Float64Array.from(places, (place) => guess[channel][place]);
    solveGrid(system, known(plane), solution);
    const filled = plane.slice();
    places.forEach((place, i) => {
      filled[place] = solution[i];
    });
    return filled;
  });
}

/** (Σ weights) · x − Σ weight · unknown neighbour = Σ weight · known neighbour, for every removed place. */
function equations(
  height: number,
  width: number,
  places: Uint32Array,
): { system: GridSystem; known(plane: Float32Array): Float64Array } {
  const numbers = new Int32Array(height * width).fill(-1);
  places.forEach((place, i) => {
    numbers[place] = i;
  });
  const starts = new Int32Array(places.length + 1);
  const columns = new Int32Array(places.length * 8);
  const weights = new Float64Array(places.length * 8);
  const diagonal = new Float64Array(places.length);
  /** Eight places per row, or −1; beside them their weights are those of NEIGHBOURS. */
  const sources = new Int32Array(places.length * 8).fill(-1);
  let entries = 0;
  places.forEach((place, i) => {
    const [y, x] = [Math.floor(place / width), place % width];
    for (let n = 0; n < 8; n++) {
      const [down, right, weight] = NEIGHBOURS[n];
      if (y + down < 0 || y + down >= height || x + right < 0 || x + right >= width) continue;
      diagonal[i] += weight;
      const neighbour = place + down * width + right;
      if (numbers[neighbour] < 0) {
        sources[i * 8 + n] = neighbour;
        continue;
      }
      columns[entries] = numbers[neighbour];
      weights[entries++] = weight;
    }
    starts[i + 1] = entries;
  });
  const rows = Int32Array.from(places, (place) => Math.floor(place / width));
  return {
    system: { starts, columns, weights, diagonal, y: rows, x: Int32Array.from(places, (place) => place % width) },
    known: (plane) =>
      Float64Array.from(places, (_, i) => {
        let sum = 0;
        for (let n = 0; n < 8; n++) if (sources[i * 8 + n] >= 0) sum += NEIGHBOURS[n][2] * plane[sources[i * 8 + n]];
        return sum;
      }),
  };
}
