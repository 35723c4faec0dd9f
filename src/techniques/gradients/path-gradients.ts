import type { ParamsOf } from "../../protocol/technique.ts";
import type { NoiseParams } from "../framework/smoothgrad.ts";
import { quadrature, type Quadrature } from "../../math/quadrature.ts";
import { isFloat } from "../../model/graph.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import type { RuleSet } from "../../autodiff/rule.ts";
import { needOf, roundedUp } from "../../runtime/memory-need.ts";
import { manyGradients, type RunGradients } from "../../runtime/batch-gradients.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { Feeds } from "../../runtime/ort.ts";
import { withoutGradient } from "../framework/input-gradient.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { choiceParam, wholeNumberParam } from "../framework/params.ts";
import type { SampleContext } from "../framework/technique.ts";
import { formatMemory } from "../../protocol/format.ts";

export const STEPS = wholeNumberParam(
  "steps",
  "Steps",
  { default: 50, min: 2, max: 10_000, step: 10 },
  "Number of gradients along the path from the baseline to the input. More are slower and more accurate.",
);

export const RULE = choiceParam(
  "rule",
  "Quadrature",
  [
    ["gausslegendre", "Gauss–Legendre"],
    ["riemann_left", "Riemann, left"],
    ["riemann_right", "Riemann, right"],
    ["riemann_middle", "Riemann, middle"],
    ["riemann_trapezoid", "Trapezoid"],
  ],
  "How the integral is approximated, as in Captum. Captum's trapezoid rule underestimates by 1/steps.",
);

export const MEMORY = {
  type: "number",
  name: "memory",
  label: "Memory",
  unit: "MB",
  default: 0,
  min: 0,
  max: 1_048_576,
  step: 256,
  integer: true,
  help: "Memory limit for running the model. Runs are batched as far as the limit allows and batching saves time; a model that needs more is refused. 0: the memory budget (neuralLoupe.memoryBudget; half of the available memory if not set).",
} as const satisfies ParamSpec;

export type MemoryParams = ParamsOf<readonly [typeof MEMORY]>;
export type PathParams = ParamsOf<readonly [typeof STEPS, typeof RULE]>;
/** What a gradient along a path is asked with. */
export type PathContext = SampleContext<PathParams & Partial<MemoryParams> & Partial<NoiseParams>>;

/** What is asked at many points. */
export interface PointsRequest {
  readonly count: number;
  /** The values of `varied` at point `index`; asked once for each, in order. */
  readonly point: (index: number) => Float32Array;
  readonly wrt: readonly string[];
  readonly fetch?: readonly string[];
  readonly rules?: RuleSet;
  /** What is explained: a value and the gradient it starts with; the target's score where it is left out. */
  readonly of?: { readonly value: string; readonly seed: Float32Array };
  /** The model and what else it is fed, where they are not the context's. */
  readonly model?: LoadedModel;
  readonly feeds?: Feeds;
  /** The input that the points are values of; the explained one where it is left out. */
  readonly varied?: string;
  /** What a point is called where progress is said: "Step". None is said where it is left out. */
  readonly called?: string;
}

/**
 * Gradients at many points, in order, each handed to `each`: in batches where that fits the memory and pays. Stops
 * between runs when cancelled. Errors as for the context's gradients.
 */
export async function gradientsAt(
  context: SampleContext<Partial<MemoryParams>>,
  request: PointsRequest,
  each: (index: number, found: RunGradients) => void,
): Promise<void> {
  const {
    count,
    called,
    model = context.model,
    feeds = context.feeds,
    varied = context.input.name,
    wrt,
    fetch,
    rules,
  } = request;
  requireFloat(varied, feeds, context);
  const of = request.of ?? { value: (await context.score()).value, seed: context.seed() };
  const memory = context.params.memory ?? 0;
  const { batch, unfit, need } = await manyGradients({
    model,
    feeds,
    varied,
    memory,
    count,
    point: request.point,
    each,
    request: { of: of.value, seed: of.seed, wrt, ...(fetch ? { fetch } : {}), ...(rules ? { rules } : {}) },
    async before(index) {
      await yieldToEventLoop();
      context.signal.throwIfAborted();
      if (called !== undefined) context.progress(index / count, `${called} ${index + 1} of ${count}`);
    },
  });
  for (const remark of (await model.traced(feeds)).specialised.remarks) context.note(remark);
  if (unfit !== undefined) {
    const all = needOf(need, unfit);
    const limit =
      memory > 0
        ? `the memory limit of ${formatMemory(memory * 2 ** 20)} (${roundedUp(all)} would be enough)`
        : "the memory budget (half of the available memory if not set)";
    context.note(
      `Ran ${batch === 1 ? "one by one" : `in batches of ${batch}`}: ${unfit} at once would take about ${formatMemory(all)}, more than ${limit}.`,
    );
  }
}

/** UsageError where an input is of integers, along which there is no way. */
function requireFloat(input: string, feeds: Feeds, context: SampleContext): void {
  const { dataType } = feeds[input];
  if (isFloat(dataType)) return;
  const said = context.model.description.inputs.find(({ name }) => name === input)?.type;
  throw withoutGradient(input, said ?? dataType, input === context.input.name ? context.input.noGradient : undefined);
}

/** The points of a straight way from `from` to `to`, each at its share of it. */
export function between(
  from: Float32Array,
  to: Float32Array,
  shares: readonly number[],
): (index: number) => Float32Array {
  return (index) => to.map((value, i) => from[i] + shares[index] * (value - from[i]));
}

/**
 * ∫₀¹ of the gradient by `wrt` at from + α(to − from) dα, by the technique's `rule` and `steps`: in the shape of `wrt`;
 * undefined where what is explained does not depend on it. `factors`: what the gradient at each point is multiplied by.
 */
export async function pathGradient(
  context: PathContext,
  from: Float32Array,
  to: Float32Array,
  { wrt, ...request }: Omit<PointsRequest, "count" | "point" | "wrt" | "called"> & { readonly wrt: string },
  factors?: ArrayLike<number>,
): Promise<Float64Array | undefined> {
  const { points, weights } = waysOf(context);
  let sum: Float64Array | undefined;
  await gradientsAt(
    context,
    { ...request, count: points.length, point: between(from, to, points), wrt: [wrt], ...stepName(context) },
    (index, { gradients }) => {
      const gradient = gradients.get(wrt);
      if (!gradient) return;
      sum ??= new Float64Array(gradient.length);
      const weight = weights[index] * (factors?.[index] ?? 1);
      for (let i = 0; i < sum.length; i++) sum[i] += weight * gradient[i];
    },
  );
  return sum;
}

/** The quadrature that a technique's parameters ask for; with `more` points than steps. */
export function waysOf({ params }: SampleContext<PathParams>, more = 0): Quadrature {
  return quadrature(params.rule, params.steps + more);
}

/** Steps are said one by one, but for those of each noisy copy. */
export function stepName({ params }: SampleContext<Partial<NoiseParams>>): Pick<PointsRequest, "called"> {
  return (params.samples ?? 0) === 0 ? { called: "Step" } : {};
}
