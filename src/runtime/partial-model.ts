import { ModelError, RuledOutError, TooLargeError, UsageError } from "../model/errors.ts";
import { elementCount, isFloat, type Node } from "../model/graph.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import { alike, hasOpenBatch, joined, parted, repeat } from "./batch.ts";
import { admit } from "./memory-need.ts";
import { mayBeLengths } from "./other-path.ts";
import { planRun } from "./run-plan.ts";
import type { LoadedModel } from "./models.ts";
import { asFloat32, createSession, floatsOf, fromFloat32, numbersOf, type Feeds, type TensorValue } from "./ort.ts";
import { openFullModel } from "./full-model.ts";

/**
 * The part of a model from a value to another: what follows `from` is run, on changed copies of it, and what does not
 * depend on it (a residual's other branch) was run once.
 */
export interface PartialModel {
  /** So many copies run at once. */
  readonly batch: number;
  /** Of one copy of `from`: batch axis 1 (or the sample's own, where `batch` is 1). */
  readonly dims: readonly number[];
  /** One copy of `from` for the feeds, in `dims`. */
  readonly values: Float32Array;
  /** The elements of `to` for each of up to `batch` copies of `from`, each in `dims`. */
  run(copies: readonly Float32Array[]): Promise<Float32Array[]>;
  release(): Promise<void>;
}

export interface PartialRun {
  readonly from: string;
  readonly to: string;
  /** Copies to run at once, where the model's batch axis is open; else 1. */
  readonly batch: number;
}

/** Undefined where `to` does not depend on `from`. From one of the model's inputs on, that is the whole model. */
export async function openPartialModel(
  model: LoadedModel,
  feeds: Feeds,
  { from, to, batch }: PartialRun,
): Promise<PartialModel | undefined> {
  if (feeds[from]) {
    const whole = await openFullModel(model, feeds, { from, to, batch });
    if (whole !== "inside") return whole;
  }
  if (batch > 1 && hasOpenBatch(model, feeds)) {
    const tail = await openBatched(model, feeds, from, to, batch).catch((error: unknown) => {
      // A batch axis that says it is open and is not: a Reshape inside has 1 in it. One at a time always works.
      // And less at a time takes less memory.
      if (error instanceof ModelError || error instanceof UsageError || error instanceof TooLargeError)
        return "closed" as const;
      throw error;
    });
    if (tail !== "closed") return tail;
  }
  return openOne(model, feeds, from, to, 1);
}

async function openBatched(
  model: LoadedModel,
  feeds: Feeds,
  from: string,
  to: string,
  batch: number,
): Promise<PartialModel | undefined | "closed"> {
  const repeated = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, repeat(value, batch)]));
  const tail = await openOne(model, repeated, from, to, batch);
  if (tail === undefined) return undefined;
  // Entries of a batch must not mix: equal copies have equal results.
  let same = false;
  try {
    const results = tail.dims[0] === 1 ? await tail.run(Array.from({ length: batch }, () => tail.values)) : [];
    same = results.length === batch && results.every((result) => alike(results[0], result));
  } finally {
    if (!same) await tail.release();
  }
  return same ? tail : "closed";
}

async function openOne(
  model: LoadedModel,
  feeds: Feeds,
  from: string,
  to: string,
  batch: number,
): Promise<PartialModel | undefined> {
  const { specialised, graph } = await model.traced(feeds);
  for (const value of [from, to]) {
    if (!specialised.g.has(value))
      throw new UsageError(
        `The value "${value}" is not computed for this input.`,
        value,
        "`inspect` lists the model's layers and their outputs.",
      );
  }
  const cut = cutAt(
    specialised.forward,
    graph.inputs.map(({ name }) => name),
    from,
  );
  if (!cut.after.has(to)) return undefined;
  const dims = specialised.g.shape(from);
  if (dims.length === 0 || dims[0] % batch !== 0)
    throw new ModelError(`"${from}" [${dims.join(", ")}] has no batch axis of ${batch}.`);
  const guards = specialised.guards.filter(({ value }) => cut.after.has(value));
  const fed = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, asFloat32(value)]));
  const given = await valuesAt(model, specialised, fed, cut.given);
  const session = await sessionFor(model, specialised, cut.nodes, [to, ...guards.map(({ value }) => value)], cut.given);
  const one = elementCount(dims) / batch;
  const own = feeds[from]?.dataType;
  // Integer inputs stay what they are; all that is of floats is float32 here.
  const changed = (data: Float32Array): TensorValue =>
    own !== undefined && !isFloat(own) ? fromFloat32(own, dims, data) : { dataType: "float32", dims, data };
  return {
    batch,
    dims: [dims[0] / batch, ...dims.slice(1)],
    values: floatsOf(given[from] ?? fed[from]).slice(0, one),
    release: () => session.release(),
    async run(copies) {
      const data = joined(copies, batch);
      const [result, ...seen] = await timed(model, () =>
        session.run({ ...fed, ...given, [from]: changed(data) }),
      ).catch((error: unknown) => {
        throw guards.length > 0 && mayBeLengths(error) ? otherFrom(from) : error;
      });
      seen.forEach((value, i) => checkGuard(numbersOf(value), guards[i].expected, from));
      return parted(to, result, batch).slice(0, copies.length);
    },
  };
}

interface Cut {
  /** `from`, and values that depend on it. */
  readonly after: ReadonlySet<string>;
  /**
   * What the nodes after it take and do not make: `from`, and values that depend on the model's input but not on
   * `from`.
   */
  readonly given: readonly string[];
  /** The nodes after it, and those that depend on constants alone. */
  readonly nodes: readonly Node[];
}

function cutAt(forward: readonly Node[], inputs: readonly string[], from: string): Cut {
  const fed = reached(forward, inputs);
  const others = forward.filter(({ outputs }) => !outputs.includes(from));
  const after = reached(others, [from]);
  const following = others.filter((node) => node.inputs.some((input) => after.has(input)));
  const given = new Set([
    from,
    ...following.flatMap((node) => node.inputs.filter((input) => fed.has(input) && !after.has(input))),
  ]);
  return {
    after,
    given: [...given].filter((value) => !inputs.includes(value)),
    nodes: others.filter((node) => following.includes(node) || !node.outputs.some((output) => fed.has(output))),
  };
}

/** `values`, and all that nodes make of them. */
function reached(nodes: readonly Node[], values: readonly string[]): Set<string> {
  const found = new Set(values);
  for (const node of nodes)
    if (node.inputs.some((input) => found.has(input)))
      for (const output of node.outputs) if (output !== "") found.add(output);
  return found;
}

/** The values of `names` for the feeds, by name. */
async function valuesAt(
  model: LoadedModel,
  specialised: Specialised,
  feeds: Feeds,
  names: readonly string[],
): Promise<Record<string, TensorValue>> {
  if (names.length === 0) return {};
  const session = await sessionFor(model, specialised, specialised.forward, names, []);
  try {
    const values = await timed(model, () => session.run(feeds));
    return Object.fromEntries(names.map((name, index) => [name, values[index]]));
  } finally {
    await session.release();
  }
}

/** Runs and gives the values in order. */
interface ListSession {
  run(feeds: Feeds): Promise<TensorValue[]>;
  release(): Promise<void>;
}

/** A session that computes `outputs` by `nodes` from the model's inputs and `given` values. */
async function sessionFor(
  model: LoadedModel,
  specialised: Specialised,
  nodes: readonly Node[],
  outputs: readonly string[],
  given: readonly string[],
): Promise<ListSession> {
  const g = specialised.g.fork();
  g.nodes.splice(0, g.nodes.length, ...nodes);
  // Through Identity, so that a value may be an input and given out, too.
  const names = outputs.map((value) => g.op("Identity", [value], g.shape(value)));
  const graph = specialised.graphFor(
    g,
    names,
    given.map((name) => ({ name, dims: g.shape(name) })),
  );
  const inputs = graph.inputs.map((input) =>
    given.includes(input.name) && input.type.kind === "tensor"
      ? {
          ...input,
          type: {
            ...input.type,
            dataType: g.typeOf(input.name) ?? specialised.typeOf(input.name) ?? input.type.dataType,
          },
        }
      : input,
  );
  const plan = planRun(g, specialised, { ...graph, inputs }, given);
  admit(model.budget, model.open, plan.bytes, "One run of this part of the model");
  const derived = {
    irVersion: 10,
    producer: "neural-loupe",
    opsets: { ...model.model.opsets, "": specialised.derivedOpset },
    graph: plan.graph,
  };
  const session = await createSession(derived, model.open, { threads: model.threads, optimization: plan.optimization });
  return {
    release: () => session.release(),
    async run(feeds) {
      const values = await session.run({ ...feeds, ...plan.feeds });
      return names.map((name) => values.get(name)!);
    },
  };
}

async function timed<T>(model: LoadedModel, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    model.runTime += performance.now() - start;
  }
}

function checkGuard(found: readonly number[], expected: readonly number[], from: string): void {
  if (found.length === expected.length && found.every((value, i) => value === expected[i])) return;
  throw otherFrom(from);
}

function otherFrom(from: string): RuledOutError {
  return new RuledOutError(
    `The model takes a different path when "${from}" changes, so its scores cannot be compared.`,
    from,
    ["forward runs that compare"],
  );
}
