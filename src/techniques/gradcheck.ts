import { Random } from "../math/random.ts";
import { floatsOf, fromFloat32 } from "../runtime/ort.ts";
import type { Context } from "./technique.ts";
import { breathe } from "./noise.ts";

export interface GradientCheck {
  /** The worst relative error over all directions. */
  readonly worst: number;
  readonly directions: readonly { readonly kind: string; readonly analytic: number; readonly numeric: number; readonly error: number }[];
  /** Directions along which the score had a kink at every step tried, so that nothing can be said. */
  readonly kinked: number;
}

/** Steps as fractions of the input's size: float32 noise spoils small ones, kinks and curvature large ones; where, differs by model. */
const STEPS = [3e-6, 1e-5, 1e-6, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
const DIRECTIONS = 8;

/**
 * Our gradient of the target's score against central differences of the model as ONNX Runtime runs it: along random directions, each the
 * gradient itself in a random half of the coordinates plus noise. The relative error of a direction is that of its best step.
 */
export async function checkGradients(context: Context, seed = 0): Promise<GradientCheck> {
  const { input } = context;
  const { gradients } = await context.gradients({ wrt: [input.name] });
  const found = gradients.get(input.name);
  if (!found) throw context.independent(input.name);
  const gradient = floatsOf(found);
  context.checkResult(gradient, input.name);
  const score = await context.score();
  const random = new Random(seed);
  const scale = rms(input.values) || 1;
  const size = rms(gradient) || 1;

  const evaluate = async (moved: Float32Array): Promise<number> => {
    const feed = context.feeds[input.name];
    const values = await context.model.forward({ ...context.feeds, [input.name]: fromFloat32(feed.dataType, feed.dims, moved) }, [score.value]);
    return context.scoreIn(floatsOf(values.get(score.value)!));
  };

  const directions: GradientCheck["directions"][number][] = [];
  let kinked = 0;
  for (let index = 0; index < DIRECTIONS; index++) {
    context.signal.throwIfAborted();
    context.progress(index / DIRECTIONS, `Direction ${index + 1} of ${DIRECTIONS}`);
    const aligned = index % 4 !== 3;
    const direction = Float64Array.from(gradient, (value) => (aligned && random.uniform() < 0.5 ? value / size : 0) + (aligned ? 0.1 : 1) * random.normal());
    let best = { error: Infinity, numeric: NaN, analytic: NaN };
    // A random direction may lie nearly across the gradient, so what it should give is measured by what it could give.
    const length = rms(direction) || 1;
    for (const step of STEPS) {
      const h = (step * scale) / length;
      const up = input.values.map((value, i) => value + h * direction[i]);
      const down = input.values.map((value, i) => value - h * direction[i]);
      const numeric = ((await evaluate(up)) - (await evaluate(down))) / (2 * h);
      // float32 holds the moved inputs only roughly: the gradient is asked about the move that was really made.
      const analytic = gradient.reduce((sum, value, i) => sum + value * (up[i] - down[i]), 0) / (2 * h);
      const measure = aligned ? Math.max(Math.abs(numeric), Math.abs(analytic)) : Math.max(Math.abs(numeric), Math.abs(analytic), size * length * Math.sqrt(gradient.length));
      const error = Math.abs(numeric - analytic) / (measure || 1);
      if (error < best.error) best = { error, numeric, analytic };
      if (best.error < 1e-3) break;
    }
    await breathe();
    if (Number.isNaN(best.numeric)) kinked++;
    else directions.push({ kind: aligned ? "along" : "random", ...best });
  }
  return { worst: directions.reduce((worst, { error }) => Math.max(worst, error), 0), directions, kinked };
}

function rms(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum / Math.max(1, values.length));
}
