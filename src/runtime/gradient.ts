import { differentiate } from "../autodiff/differentiate.ts";
import type { RuleSet } from "../autodiff/rule.ts";
import { Reference, type ComparingRules } from "../autodiff/rules/deeplift/reference.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import { withQuotients, withWholeSoftmax } from "../autodiff/rules/taken-apart.ts";
import type { Guard, Specialised } from "../autodiff/specialise.ts";
import { ModelError, UsageError } from "../model/errors.ts";
import { elementCount, sameNumbers, type DataType, type Model, type Node } from "../model/graph.ts";
import type { OpenModel } from "../model/open.ts";
import { admit } from "./memory-need.ts";
import type { MemoryBudget } from "./memory.ts";
import { mayBeLengths, OtherPath, otherForBaseline } from "./other-path.ts";
import { planRun, type RunPlan } from "./run-plan.ts";
import { asFloat32, createSession, numbersOf, type Feeds, type Session, type TensorValue } from "./ort.ts";

export interface GradientRequest {
  /** The value that is explained. */
  readonly of: string;
  /** ∂score/∂of, as many elements as `of` has: one-hot for a class. */
  readonly seed: Float32Array;
  /** Values whose gradients are asked for: any of the graph. */
  readonly wrt: readonly string[];
  /** Values to give along from the same run. */
  readonly fetch?: readonly string[];
  /** Other rules than the gradient's. */
  readonly rules?: RuleSet;
  /** In place of `rules`: such as compare the run with one of a baseline, and the inputs that are others in it. */
  readonly against?: { readonly rules: ComparingRules; readonly baseline: Feeds };
}

export interface Gradients {
  /** By the names of `wrt`, float32, in the value's shape; undefined where the score does not depend on it. */
  readonly gradients: ReadonlyMap<string, TensorValue | undefined>;
  /** By the names of `fetch`. */
  readonly values: ReadonlyMap<string, TensorValue>;
  /** With `against`: the values of `fetch` for the baseline, and what its rules met. */
  readonly reference?: {
    readonly values: ReadonlyMap<string, TensorValue>;
    readonly met: Pick<Reference, "products" | "kept" | "explainedSoftmax">;
  };
}

export interface GradientSession extends Session {
  /** An OtherPath where the feeds do not fit, or may not fit, what the graph was specialised on. */
  gradients(feeds: Feeds, seed: Float32Array, baseline?: Feeds): Promise<Gradients | OtherPath>;
}

/**
 * A session that runs the model forward and back: the gradient graph of a specialised model. UsageError where the
 * budget does not hold its run.
 */
export async function gradientSession(
  specialised: Specialised,
  request: GradientRequest,
  model: Model,
  open: OpenModel,
  options: { readonly threads?: number; readonly budget: MemoryBudget; readonly unoptimised?: boolean },
): Promise<GradientSession> {
  const { of, wrt, fetch = [] } = request;
  const g = specialised.g.fork();
  for (const value of [of, ...wrt, ...fetch]) {
    if (!g.has(value))
      throw new UsageError(
        `The value "${value}" is not computed for this input.`,
        value,
        "`inspect` lists the model's layers and their outputs.",
      );
  }
  const seedDims = g.shape(of);
  const seed = g.fresh("seed");
  g.declare(seed, seedDims);
  const types = (value: string): DataType | undefined => specialised.typeOf(value);
  const reference = request.against && new Reference(g, of, types);
  const twins = Object.keys(request.against?.baseline ?? {}).map((input) => ({
    input,
    twin: reference!.addInput(input),
  }));
  const { table = gradientRules, startsWithValue = false } = request.rules ?? {};
  const known = (value: string): readonly number[] | undefined => g.known(value) ?? specialised.known(value);
  // Rules that share out relevance or differences have one for a quotient, and for a softmax as a whole, however both
  // are written.
  const whole = (nodes: readonly Node[], as: typeof withWholeSoftmax): readonly Node[] =>
    as({ g, nodes, kept: new Set([of, ...wrt]), known });
  const forward =
    request.rules || request.against
      ? whole(whole(specialised.forward, withQuotients), withWholeSoftmax)
      : specialised.forward;
  const rules =
    typeof table === "function" ? table({ g, nodes: forward, tainted: specialised.tainted, of, known }) : table;
  const gradients = differentiate(g, forward, {
    of,
    seed: startsWithValue ? g.times(seed, of) : seed,
    wrt,
    types,
    known: specialised.known,
    ...(reference ? { rules: request.against!.rules.table(reference), meet: reference.meet } : { rules }),
  });
  // What no node makes, or what is given out already, through Identity. Not all: ONNX Runtime (1.30) loses values whose
  // Identity it removes.
  const outputs: string[] = [];
  const made = new Set(g.nodes.flatMap((node) => node.outputs));
  const out = (value: string): string => {
    const name = made.has(value) && !outputs.includes(value) ? value : g.op("Identity", [value], g.shape(value));
    outputs.push(name);
    return name;
  };
  const gradientNames = new Map(
    [...gradients].map(([value, gradient]) => [value, gradient === undefined ? undefined : out(gradient)]),
  );
  const valueNames = new Map(fetch.map((value) => [value, out(value)]));
  const referenceNames = new Map(reference ? fetch.map((value) => [value, out(reference.of(value))]) : []);
  const guards: { guard: Guard; name: string; ofBaseline?: true }[] = specialised.guards.flatMap((guard) => [
    { guard, name: out(guard.value) },
    ...(reference?.differs(guard.value)
      ? [{ guard, name: out(reference.of(guard.value)), ofBaseline: true as const }]
      : []),
  ]);
  if (outputs.length === 0) return withoutRun(wrt);

  const extra = [{ name: seed, dims: seedDims }, ...twins.map(({ twin }) => ({ name: twin, dims: g.shape(twin) }))];
  const graph = specialised.graphFor(g, outputs, extra);
  const taken = new Set(graph.nodes.flatMap((node) => node.inputs));
  const used = {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => taken.has(name) || !extra.some((one) => one.name === name)),
  };
  const plan = planRun(
    g,
    specialised,
    used,
    extra.map(({ name }) => name),
  );
  admit(options.budget, open, plan.bytes, "One forward and backward run of the model");
  const derived = {
    irVersion: 10,
    producer: "neural-loupe",
    opsets: { ...model.opsets, "": specialised.derivedOpset },
    graph: plan.graph,
  };
  const session = await robustSession(
    derived,
    open,
    options.threads,
    options.unoptimised ? "disabled" : plan.optimization,
  );
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    bytes: session.bytes,
    runBytes: plan.bytes,
    run: (feeds, names) => session.run({ ...feeds, ...plan.feeds }, names),
    release: () => session.release(),
    async gradients(feeds, seedValues, baseline = {}) {
      if (seedValues.length !== elementCount(seedDims))
        throw new ModelError(`The seed has ${seedValues.length} elements, "${of}" has ${elementCount(seedDims)}.`);
      const inputs: Record<string, TensorValue> = {
        ...plan.feeds,
        ...Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, asFloat32(value)])),
      };
      inputs[seed] = { dataType: "float32", dims: seedDims, data: seedValues };
      for (const { input, twin } of twins) inputs[twin] = asFloat32(baseline[input]);
      let values: ReadonlyMap<string, TensorValue>;
      try {
        values = await session.run(inputs, outputs);
      } catch (error) {
        // Of another length than the graph was written out for, it does not come as far as its guards.
        if (guards.length === 0 || !mayBeLengths(error)) throw error;
        return new OtherPath([], error);
      }
      const differing = guards.filter(({ guard, name }) => !sameNumbers(numbersOf(values.get(name)!), guard.expected));
      const own = differing.filter(({ ofBaseline }) => !ofBaseline);
      if (own.length > 0) return new OtherPath(own.map(({ guard }) => guard.value));
      if (differing.length > 0) throw otherForBaseline();
      return {
        gradients: new Map(
          [...gradientNames].map(([value, name]) => [value, name === undefined ? undefined : values.get(name)]),
        ),
        values: new Map([...valueNames].map(([value, name]) => [value, values.get(name)!])),
        ...(reference
          ? {
              reference: {
                values: new Map([...referenceNames].map(([value, name]) => [value, values.get(name)!])),
                met: reference,
              },
            }
          : {}),
      };
    },
  };
}

/**
 * ONNX Runtime's optimizations break some quantised graphs that it runs without them (1.30 moves QuantizeLinear past
 * Reshape): then fewer are asked for.
 */
async function robustSession(
  derived: Parameters<typeof createSession>[0],
  open: OpenModel,
  threads: number | undefined,
  optimization: RunPlan["optimization"] | "disabled",
): Promise<Session> {
  try {
    return await createSession(derived, open, { threads, optimization });
  } catch (error) {
    if (!(error instanceof ModelError) || optimization === "disabled") throw error;
    return createSession(derived, open, { threads, optimization: "basic" }).catch(() => {
      throw error;
    });
  }
}

/** Where the score depends on none of `wrt`, there is nothing to run. */
function withoutRun(wrt: readonly string[]): GradientSession {
  const nothing: Gradients = { gradients: new Map(wrt.map((value) => [value, undefined])), values: new Map() };
  return {
    inputs: [],
    outputs: [],
    bytes: 0,
    run: () => Promise.resolve(new Map()),
    release: () => Promise.resolve(),
    gradients: () => Promise.resolve(nothing),
  };
}
