import { differentiate } from "../autodiff/differentiate.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import { UsageError } from "../model/errors.ts";
import { elementCount } from "../model/graph.ts";
import { admit } from "./memory-need.ts";
import type { LoadedModel } from "./models.ts";
import type { Traced } from "./kept-traces.ts";
import { mayBeLengths, noWay, OtherPath } from "./other-path.ts";
import { planRun } from "./run-plan.ts";
import { asFloat32, createSession, numbersOf, type Feeds, type TensorValue } from "./ort.ts";

export interface HessianRequest {
  /** The value that is explained, and ∂score/∂of: the score is Σ seed·of. */
  readonly of: string;
  readonly seed: Float32Array;
  /** The value with respect to which the score is differentiated twice. */
  readonly wrt: string;
  /** As many elements as `wrt` has. */
  readonly vector: Float32Array;
}

/**
 * The Hessian of a score times a vector, in the shape of `wrt` (float32): the gradient graph differentiated once more,
 * Pearlmutter 1994. Undefined where the score's gradient does not depend on `wrt` (the score is linear in it, or does
 * not depend on it). UsageError where `of` or `wrt` is not computed; NoGradientError as for gradients.
 */
export async function hessianVector(
  model: LoadedModel,
  feeds: Feeds,
  request: HessianRequest,
): Promise<TensorValue | undefined> {
  for (let attempt = 0; ; attempt++) {
    // As it was traced before, then as these feeds go, then without the optimisations, by which it may round a
    // threshold as the trace does not.
    const traced = await model.traced(feeds, attempt > 0);
    const result = await run(model, traced, feeds, request, attempt > 1);
    if (!(result instanceof OtherPath)) return result;
    if (attempt > 1) throw noWay(traced, result, (await model.traced(feeds, true)) === traced);
  }
}

async function run(
  model: LoadedModel,
  { specialised }: Traced,
  feeds: Feeds,
  { of, seed, wrt, vector }: HessianRequest,
  unoptimised: boolean,
): Promise<TensorValue | undefined | OtherPath> {
  const g = specialised.g.fork();
  for (const value of [of, wrt])
    if (!g.has(value))
      throw new UsageError(
        `The value "${value}" is not computed for this input.`,
        value,
        "`inspect` lists the model's layers and their outputs.",
      );
  const feed = (name: string, like: string, data: Float32Array): TensorValue & { readonly name: string } => {
    const dims = g.shape(like);
    if (data.length !== elementCount(dims))
      throw new UsageError(`${data.length} numbers were given for "${like}", which has ${elementCount(dims)}.`, like);
    const fresh = g.fresh(name);
    g.declare(fresh, dims);
    return { name: fresh, dataType: "float32", dims, data };
  };
  const extra = [feed("seed", of, seed), feed("vector", wrt, vector)];
  const options = {
    rules: gradientRules,
    types: (value: string) => specialised.typeOf(value),
    known: specialised.known,
  };
  const gradient = differentiate(g, specialised.forward, { ...options, of, seed: extra[0].name, wrt: [wrt] }).get(wrt);
  if (gradient === undefined) return undefined;
  const product = differentiate(g, [...g.nodes], { ...options, of: gradient, seed: extra[1].name, wrt: [wrt] }).get(
    wrt,
  );
  if (product === undefined) return undefined;

  const out = (value: string): string => g.op("Identity", [value], g.shape(value));
  const result = out(product);
  const guards = specialised.guards.map((guard) => ({ guard, name: out(guard.value) }));
  const graph = specialised.graphFor(g, [result, ...guards.map(({ name }) => name)], extra);
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const plan = planRun(
    g,
    specialised,
    { ...graph, inputs: graph.inputs.filter(({ name }) => used.has(name)) },
    extra.map(({ name }) => name),
  );
  admit(model.budget, model.open, plan.bytes, "One run of the model with second derivatives");
  const derived = {
    irVersion: 10,
    producer: "neural-loupe",
    opsets: { ...model.model.opsets, "": specialised.derivedOpset },
    graph: plan.graph,
  };
  const session = await createSession(derived, model.open, {
    threads: model.threads,
    optimization: unoptimised ? "disabled" : plan.optimization,
  });
  try {
    const inputs = {
      ...plan.feeds,
      ...Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, asFloat32(value)])),
      ...Object.fromEntries(extra.map(({ name, ...value }) => [name, value])),
    };
    const values = await session.run(inputs);
    const differing = guards.filter(({ guard, name }) =>
      numbersOf(values.get(name)!).some((value, index) => value !== guard.expected[index]),
    );
    return differing.length === 0 ? values.get(result)! : new OtherPath(differing.map(({ guard }) => guard.value));
  } catch (error) {
    if (guards.length === 0 || !mayBeLengths(error)) throw error;
    return new OtherPath([], error);
  } finally {
    await session.release();
  }
}
