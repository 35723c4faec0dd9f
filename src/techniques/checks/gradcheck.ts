import { STRAIGHT_THROUGH } from "../../autodiff/quantised.ts";
import { DATA_TYPES, type DataType } from "../../model/graph.ts";
import { Random } from "../../math/random.ts";
import { floatsOf, fromFloat32 } from "../../runtime/ort.ts";
import { judgeLine, judgePoint, type Judgement, type Step, type Verdict } from "./gradcheck-verdict.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import type { SampleContext } from "../framework/technique.ts";

export interface GradientCheck {
  readonly verdict: Verdict;
  /** Why it differs or is inconclusive; what was left open where it agrees. */
  readonly why?: string;
  /** The largest relative error over the directions that agree or differ. */
  readonly worst: number;
  readonly directions: readonly DirectionCheck[];
}

interface DirectionCheck {
  /** "along": the gradient itself in a random half of the coordinates, with some noise; "random": noise alone. */
  readonly kind: "along" | "random";
  readonly verdict: Verdict;
  readonly why?: string;
  /** At the step that the verdict rests on. */
  readonly analytic: number;
  readonly numeric: number;
  readonly error: number;
  readonly steps: readonly Step[];
}

/**
 * Steps as fractions of the input's size, in the order that they are tried: float32 noise spoils small ones, kinks and
 * curvature large ones. Most models agree at the first two.
 */
const STEPS = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-6, 1e-6, 3e-3, 1e-2, 3e-2, 1e-1];
/**
 * Beyond those only where the nearest step is the last on that side: scores that bend within a millionth of the input's
 * size, or hardly change.
 */
const SMALLER = [3e-7, 1e-7, 3e-8, 1e-8];
const LARGER = [3e-1, 1];
/** So many directions are looked at along their way, at three steps of ten gradients each. */
const LINES = 4;
const DIRECTIONS = 8;

/**
 * Gauss's two and Kronrod's five nodes on [−1, 1] (Laurie 1997): how far the two lie apart says how sure the average
 * is.
 */
const KRONROD = [
  { node: 0, kronrod: 28 / 45, gauss: 0 },
  ...[-1, 1].flatMap((sign) => [
    { node: sign * Math.sqrt(1 / 3), kronrod: 27 / 55, gauss: 1 },
    { node: sign * Math.sqrt(6 / 7), kronrod: 98 / 495, gauss: 0 },
  ]),
];

/**
 * Our gradient of the target's score against differences of the model as ONNX Runtime runs it: along random directions,
 * at steps of several sizes, until they settle. Where they do not settle at the point, the gradient's average along the
 * way must give the score's difference: that holds with kinks and curvature as well. Straight-through estimates are
 * never said to differ: rounding has no gradient.
 */
export async function checkGradients(context: SampleContext, seed = 0): Promise<GradientCheck> {
  const probe = await Probe.create(context);
  const quantised = (await context.traced()).specialised.remarks.includes(STRAIGHT_THROUGH);
  const random = new Random(seed);
  const directions: DirectionCheck[] = [];
  let lines = 0;
  for (let index = 0; index < DIRECTIONS; index++) {
    context.signal.throwIfAborted();
    context.progress(index / DIRECTIONS, `Direction ${index + 1} of ${DIRECTIONS}`);
    const kind = index % 4 === 3 ? "random" : "along";
    const direction = probe.direction(kind, random);
    const steps: Step[] = [];
    let judged = await atPoint(probe, direction, kind, steps);
    if (judged.verdict !== "agrees" && !quantised)
      judged = lines++ < LINES ? await byLine(probe, direction, kind, steps, judged) : unconfirmed(judged);
    if (judged.verdict !== "agrees" && quantised)
      judged = {
        ...judged,
        verdict: "inconclusive",
        why: "quantised model: the score changes in steps, and the gradient is a straight-through estimate",
      };
    const { verdict, why, best } = judged;
    directions.push({
      kind,
      verdict,
      ...(why === undefined ? {} : { why }),
      analytic: best.line?.analytic ?? best.analytic,
      numeric: best.numeric,
      error: probe.errorOf(best, kind, direction),
      steps,
    });
    await yieldToEventLoop();
  }
  return summarise(directions);
}

/** Differences at the point, step after step until they agree. */
async function atPoint(
  probe: Probe,
  direction: Float64Array,
  kind: DirectionCheck["kind"],
  steps: Step[],
): Promise<Judgement> {
  const add = async (step: number): Promise<Judgement> => {
    steps.push(await probe.step(direction, kind, step));
    steps.sort((a, b) => a.step - b.step);
    return judgePoint(steps);
  };
  let judged: Judgement;
  const order = [...STEPS];
  const [smaller, larger] = [[...SMALLER], [...LARGER]];
  do {
    judged = await add(order.shift()!);
    if (order.length > 0 || judged.verdict === "agrees") continue;
    const nearest = steps.indexOf(steps.reduce((best, one) => (one.error < best.error ? one : best)));
    const side = nearest === 0 ? smaller : nearest === steps.length - 1 ? larger : [];
    order.push(...side.splice(0, 1));
  } while (order.length > 0 && judged.verdict !== "agrees");
  return judged;
}

/** Averages of the gradient along the way, about the step that comes nearest; what they leave open stays open. */
async function byLine(
  probe: Probe,
  direction: Float64Array,
  kind: DirectionCheck["kind"],
  steps: Step[],
  judged: Judgement,
): Promise<Judgement> {
  const middle = Math.max(1, Math.min(steps.length - 2, steps.indexOf(judged.best)));
  for (const place of [middle, middle + 1, middle - 1]) {
    steps[place] = { ...steps[place], line: await probe.line(direction, steps[place].step) };
    const along = judgeLine(steps, (one) => probe.measure(one.numeric, one.line!.analytic, kind, direction));
    if (along) return along;
  }
  return unconfirmed(judged);
}

/** What differs at the point alone may be due to kinks that no step tells apart. */
function unconfirmed(judged: Judgement): Judgement {
  return judged.verdict === "differs"
    ? {
        ...judged,
        verdict: "inconclusive",
        why: `${judged.why}, but the average gradient along the step does not: there are kinks nearby`,
      }
    : judged;
}

function summarise(directions: readonly DirectionCheck[]): GradientCheck {
  const of = (verdict: Verdict): DirectionCheck[] => directions.filter((direction) => direction.verdict === verdict);
  const [differing, agreeing, open] = [of("differs"), of("agrees"), of("inconclusive")];
  const said = (list: readonly DirectionCheck[]): string => [...new Set(list.map(({ why }) => why))].join("; ");
  const worst = [...differing, ...agreeing].reduce((most, { error }) => Math.max(most, error), 0);
  if (differing.length > 0)
    return {
      verdict: "differs",
      why: `along ${differing.length} of ${directions.length} directions: ${said(differing)}`,
      worst,
      directions,
    };
  if (2 * agreeing.length >= directions.length)
    return {
      verdict: "agrees",
      ...(open.length > 0
        ? { why: `${open.length} of ${directions.length} directions are inconclusive: ${said(open)}` }
        : {}),
      worst,
      directions,
    };
  return { verdict: "inconclusive", why: said(open), worst, directions };
}

/** The score and its gradient about the sample. */
class Probe {
  private constructor(
    private readonly context: SampleContext,
    private readonly gradient: Float32Array,
    private readonly score: string,
    private readonly here: number,
    /** The input's size, and the gradient's: root mean squares. */
    private readonly scale: number,
    private readonly size: number,
    /** The least relative difference between two scores. */
    private readonly precision: number,
  ) {}

  static async create(context: SampleContext): Promise<Probe> {
    const { input } = context;
    const gradient = await gradientAt(context, context.feeds);
    context.checkFinite(gradient, input.name);
    const { value } = await context.score();
    const values = await context.model.forward(context.feeds, [value]);
    return new Probe(
      context,
      gradient,
      value,
      context.scoreIn(floatsOf(values.get(value)!)),
      rms(input.values) || 1,
      rms(gradient) || 1,
      await precisionOf(context),
    );
  }

  direction(kind: DirectionCheck["kind"], random: Random): Float64Array {
    const aligned = kind === "along";
    return Float64Array.from(
      this.gradient,
      (value) => (aligned && random.uniform() < 0.5 ? value / this.size : 0) + (aligned ? 0.1 : 1) * random.normal(),
    );
  }

  async step(direction: Float64Array, kind: DirectionCheck["kind"], step: number): Promise<Step> {
    const h = this.lengthOf(direction, step);
    const [up, down] = [this.moved(direction, h), this.moved(direction, -h)];
    const [above, below] = [await this.scoreAt(up), await this.scoreAt(down)];
    // float32 holds the moved inputs only roughly: the gradient is asked about the move that was really made.
    const analytic = along(this.gradient, up, down) / (2 * h);
    const numeric = (above - below) / (2 * h);
    const size = this.measure(numeric, analytic, kind, direction);
    return {
      step,
      analytic,
      numeric,
      forward: (above - this.here) / h,
      backward: (this.here - below) / h,
      error: Math.abs(numeric - analytic) / size,
      rounding: (2 * this.precision * Math.max(Math.abs(above), Math.abs(below))) / (2 * h) / size,
    };
  }

  /**
   * The gradient averaged over the way of a step, for each unit of the direction, and how far two quadratures of it lie
   * apart.
   */
  async line(direction: Float64Array, step: number): Promise<NonNullable<Step["line"]>> {
    const h = this.lengthOf(direction, step);
    const [up, down] = [this.moved(direction, h), this.moved(direction, -h)];
    let [kronrod, gauss] = [0, 0];
    // Both sides by themselves: a kink at the input lies between them.
    for (const side of [-1, 1]) {
      for (const { node, ...weight } of KRONROD) {
        this.context.signal.throwIfAborted();
        const gradient = await gradientAt(this.context, this.feeds(this.moved(direction, (side * (1 + node) * h) / 2)));
        const slope = along(gradient, up, down) / (2 * h);
        kronrod += (weight.kronrod * slope) / 4;
        gauss += (weight.gauss * slope) / 4;
      }
    }
    return { analytic: kronrod, doubt: Math.abs(kronrod - gauss) };
  }

  /**
   * What an error is a fraction of: a random direction may lie nearly across the gradient, so what it could give
   * counts.
   */
  measure(numeric: number, analytic: number, kind: DirectionCheck["kind"], direction: Float64Array): number {
    const larger = Math.max(Math.abs(numeric), Math.abs(analytic));
    return (
      (kind === "along" ? larger : Math.max(larger, this.size * (rms(direction) || 1) * Math.sqrt(direction.length))) ||
      1
    );
  }

  errorOf({ numeric, line, error }: Step, kind: DirectionCheck["kind"], direction: Float64Array): number {
    return line ? Math.abs(numeric - line.analytic) / this.measure(numeric, line.analytic, kind, direction) : error;
  }

  private lengthOf(direction: Float64Array, step: number): number {
    return (step * this.scale) / (rms(direction) || 1);
  }

  /** The input moved, as its own type holds it. */
  private moved(direction: Float64Array, h: number): Float32Array {
    const { dataType, dims } = this.context.feeds[this.context.input.name];
    return floatsOf(
      fromFloat32(
        dataType,
        dims,
        this.context.input.values.map((value, i) => value + h * direction[i]),
      ),
    );
  }

  private feeds(values: Float32Array): SampleContext["feeds"] {
    const { name } = this.context.input;
    const { dataType, dims } = this.context.feeds[name];
    return { ...this.context.feeds, [name]: fromFloat32(dataType, dims, values) };
  }

  private async scoreAt(values: Float32Array): Promise<number> {
    const made = await this.context.model.forward(this.feeds(values), [this.score]);
    return this.context.scoreIn(floatsOf(made.get(this.score)!));
  }
}

/** Half the distance of neighbouring numbers about 1, in the coarsest float type that the model computes in. */
const PRECISION: Partial<Record<DataType, number>> = { float16: 2 ** -11, bfloat16: 2 ** -8 };

async function precisionOf(context: SampleContext): Promise<number> {
  const { graph } = await context.traced();
  const types = [
    ...graph.initializers.map(({ dataType }) => dataType),
    ...graph.nodes.map(({ attributes }) =>
      attributes.to?.type === "int" ? DATA_TYPES[attributes.to.value] : undefined,
    ),
  ];
  return Math.max(2 ** -24, ...types.map((type) => (type && PRECISION[type]) ?? 0));
}

async function gradientAt(context: SampleContext, feeds: SampleContext["feeds"]): Promise<Float32Array> {
  const { name } = context.input;
  const found = (await context.gradients({ wrt: [name] }, feeds)).gradients.get(name);
  if (!found) throw context.independent(name);
  return floatsOf(found);
}

function along(gradient: Float32Array, up: Float32Array, down: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * (up[i] - down[i]);
  return sum;
}

function rms(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum / Math.max(1, values.length));
}
