/** A rule for ∫₀¹ f: the places where f is asked, and what each answer weighs. */
export interface Quadrature {
  readonly points: readonly number[];
  readonly weights: readonly number[];
}

export type QuadratureRule =
  "gausslegendre" | "riemann_left" | "riemann_right" | "riemann_middle" | "riemann_trapezoid";

/**
 * `steps` points of a rule on [0, 1], as Captum has them. Its trapezoid's weights sum to 1 − 1/steps: the points are
 * those of steps − 1 intervals, the weights those of `steps`.
 */
export function quadrature(rule: QuadratureRule, steps: number): Quadrature {
  if (rule === "gausslegendre") return gaussLegendre(steps);
  const evenlySpaced = (from: number, to: number): number[] =>
    Array.from({ length: steps }, (_, i) => (steps === 1 ? from : from + ((to - from) * i) / (steps - 1)));
  const weights = Array.from({ length: steps }, () => 1 / steps);
  switch (rule) {
    case "riemann_left":
      return { points: evenlySpaced(0, 1 - 1 / steps), weights };
    case "riemann_right":
      return { points: evenlySpaced(1 / steps, 1), weights };
    case "riemann_middle":
      return { points: evenlySpaced(1 / (2 * steps), 1 - 1 / (2 * steps)), weights };
    case "riemann_trapezoid":
      return {
        points: evenlySpaced(0, 1),
        weights: weights.map((weight, i) => (i === 0 || i === steps - 1 ? weight / 2 : weight)),
      };
  }
}

/**
 * Gauss and Legendre's rule, exact for polynomials of degree 2·steps − 1: roots of the Legendre polynomial by Newton's
 * method.
 */
function gaussLegendre(steps: number): Quadrature {
  const points = new Array<number>(steps);
  const weights = new Array<number>(steps);
  for (let i = 0; i < steps; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (steps + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 100; iteration++) {
      const { value, derivative } = legendre(steps, x);
      slope = derivative;
      const move = value / derivative;
      x -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    points[i] = (1 + x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

/** The Legendre polynomial of a degree at x in (−1, 1), and its derivative, by the three-term recurrence. */
function legendre(degree: number, x: number): { value: number; derivative: number } {
  let [before, value] = [0, 1];
  for (let n = 1; n <= degree; n++) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
  return { value, derivative: (degree * (x * value - before)) / (x * x - 1) };
}
