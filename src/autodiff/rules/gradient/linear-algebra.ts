import { range, type Builder } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";

/** Up to this length a Fourier transform goes back through its matrix. */
const LONGEST_TRANSFORM = 8192;

/** Determinants and Fourier transforms (ai.onnx 11, 17 and 20). */
export const linearAlgebraRules: RuleTable = {
  // ∂det/∂A = adj(A)ᵀ, which is defined for singular matrices too (Jacobi's formula).
  Det: (r) => {
    const { g } = r;
    const rank = r.dims().length;
    const adjugate = adjugateOf(g, r.x());
    const transposed = g.transpose(adjugate, [...range(0, rank - 2), rank - 1, rank - 2]);
    return [g.times(g.reshape(r.dy(), [...r.dims().slice(0, -2), 1, 1]), transposed)];
  },
  DFT: expanding((r) => {
    const rank = r.dims().length;
    const given = r.has(2) ? r.known(2)?.[0] : undefined;
    const axis = ((given ?? -2) + rank) % rank;
    const length = r.has(1) ? r.known(1)?.[0] : undefined;
    const oneSided = r.int("onesided", 0) !== 0;
    const inverse = r.int("inverse", 0) !== 0;
    const has = r.dims()[axis];
    const n = length ?? (inverse && oneSided ? 2 * (has - 1) : has);
    return [transform(r, r.x(), axis, n, { inverse, oneSided })];
  }),
  STFT: expanding((r) => {
    const { g } = r;
    const step = r.known(1)?.[0];
    if (step === undefined) throw r.refuse("its frame step is not known");
    const [batch, samples] = r.dims(0);
    const parts = r.dims(0)[2] ?? 1;
    const length = (r.has(3) ? r.known(3)?.[0] : undefined) ?? r.dims(2)[0];
    const frames = Math.floor((samples - length) / step) + 1;
    const places = range(0, frames).flatMap((frame) => range(frame * step, frame * step + length));
    const taken = g.reshape(g.gather(g.reshape(r.x(0), [batch, samples, parts]), places, 1), [
      batch,
      frames,
      length,
      parts,
    ]);
    const windowed = r.has(2) ? g.times(taken, g.reshape(r.x(2), [length, 1])) : taken;
    return [transform(r, windowed, 2, length, { inverse: false, oneSided: r.int("onesided", 1) !== 0 })];
  }),
};

/** det(A)·A⁻¹ by Faddeev and LeVerrier's recursion: M₁ = I, Mₖ₊₁ = A·Mₖ − tr(A·Mₖ)/k · I, adj(A) = (−1)ⁿ⁻¹·Mₙ. */
function adjugateOf(g: Builder, matrix: string): string {
  const dims = g.shape(matrix);
  const n = dims[dims.length - 1];
  const eye = g.floats(
    Float32Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? 1 : 0)),
    [n, n],
  );
  let m = g.expand(eye, dims);
  for (let k = 1; k < n; k++) {
    const product = g.matmul(matrix, m);
    const trace = g.sum(g.times(product, eye), [dims.length - 2, dims.length - 1]);
    m = g.minus(product, g.times(g.scale(trace, 1 / k), eye));
  }
  return n % 2 === 0 ? g.scale(m, -1) : m;
}

/**
 * The discrete Fourier transform of length `n` along `axis` of a value whose last axis is real (1) or real and
 * imaginary (2), as a product with cosines and sines: y_k = Σ x_j·e^(∓2πijk/n), the inverse divided by n.
 */
function transform(
  r: RuleContext,
  value: string,
  axis: number,
  n: number,
  { inverse, oneSided }: { inverse: boolean; oneSided: boolean },
): string {
  const { g } = r;
  if (n > LONGEST_TRANSFORM) throw r.refuse(`its length is ${n}; up to ${LONGEST_TRANSFORM} can be differentiated`);
  const rank = g.shape(value).length;
  const others = range(0, rank - 1).filter((other) => other !== axis);
  const perm = [...others, axis, rank - 1];
  const moved = g.transpose(value, perm);
  const dims = g.shape(moved);
  const has = dims[rank - 2];
  const parts = dims[rank - 1];
  const toReal = inverse && oneSided;
  const taken = Math.min(has, toReal ? Math.floor(n / 2) + 1 : n);
  const bins = oneSided && !inverse ? Math.floor(n / 2) + 1 : n;
  const outParts = toReal ? 1 : 2;
  // Rows: (j, part); columns: (k, part).
  const matrix = new Float32Array(taken * parts * bins * outParts);
  for (let j = 0; j < taken; j++) {
    // A one-sided spectrum stands for its mirror image as well.
    const weight = (inverse ? 1 / n : 1) * (toReal && j > 0 && 2 * j !== n ? 2 : 1);
    for (let k = 0; k < bins; k++) {
      const angle = ((inverse ? 1 : -1) * 2 * Math.PI * ((j * k) % n)) / n;
      const [cos, sin] = [weight * Math.cos(angle), weight * Math.sin(angle)];
      const put = (part: number, out: number, entry: number): void => {
        matrix[(j * parts + part) * bins * outParts + k * outParts + out] = entry;
      };
      put(0, 0, cos);
      if (outParts === 2) put(0, 1, sin);
      if (parts === 2) put(1, 0, -sin);
      if (parts === 2 && outParts === 2) put(1, 1, cos);
    }
  }
  const cut = g.slice(moved, rank - 2, 0, taken);
  const lead = dims.slice(0, rank - 2);
  const flat = g.reshape(cut, [...lead, 1, taken * parts]);
  const product = g.matmul(flat, g.floats(matrix, [taken * parts, bins * outParts]));
  const result = g.reshape(product, [...lead, bins, outParts]);
  return g.transpose(
    result,
    range(0, rank).map((place) => perm.indexOf(place)),
  );
}
