/**
 * A Gaussian of deviation 5 on 11 places, as RISE's evaluation makes it (Petsiuk et al. 2018): SciPy's gaussian_filter
 * on a single one in the middle, whose tails are reflected at the ends, so that it sums to one.
 */
export const RISE_KERNEL: Float64Array = reflectedGaussian(11, 5);

/** Convolution of [height, width] with kernel × kernel, zeros around it. */
export function blur(
  values: ArrayLike<number>,
  height: number,
  width: number,
  kernel: Float64Array = RISE_KERNEL,
): Float32Array {
  const rows = along(values, height, width, 1, width, kernel);
  return Float32Array.from(along(rows, width, height, width, 1, kernel));
}

/** Convolution along one axis of `length` places `step` apart, for each of `lines` lines that begin `next` apart. */
function along(
  values: ArrayLike<number>,
  lines: number,
  length: number,
  step: number,
  next: number,
  kernel: Float64Array,
): Float64Array {
  const out = new Float64Array(lines * length);
  const half = kernel.length >> 1;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = Math.max(0, half - i); k < kernel.length && i + k - half < length; k++)
        sum += kernel[k] * values[line * next + (i + k - half) * step];
      out[line * next + i * step] = sum;
    }
  }
  return out;
}

function reflectedGaussian(size: number, deviation: number): Float64Array {
  // scipy.ndimage: the filter reaches four deviations, and (d c b a | a b c d | d c b a) is what lies beyond the ends.
  const radius = Math.floor(4 * deviation + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / deviation) ** 2),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  const middle = size >> 1;
  return Float64Array.from({ length: size }, (_, place) => {
    let sum = 0;
    for (let k = -radius; k <= radius; k++) {
      const beyond = (((place + k) % (2 * size)) + 2 * size) % (2 * size);
      if (Math.min(beyond, 2 * size - 1 - beyond) === middle) sum += weights[k + radius] / total;
    }
    return sum;
  });
}
