/** How a run of float32 is made: value[i] = float32(mean + scale * u[i]), with u uniform in [-1, 1). */
export interface SeededNumbers {
  readonly seed: number;
  readonly mean: number;
  readonly scale: number;
}

/** The same numbers as prng.py: Wellons' lowbias32 of seed + i (mod 2^32), its upper 24 bits. */
export function seededNumbers({ seed, mean, scale }: SeededNumbers, count: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = (seed + i) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    values[i] = mean + scale * ((x >>> 8) / 2 ** 23 - 1);
  }
  return values;
}
