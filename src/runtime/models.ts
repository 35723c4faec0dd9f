import { statSync } from "node:fs";
import { resolve } from "node:path";
import { elementCount, type Graph, type Model, type Node } from "../model/graph.ts";
import { decodeTensor, toNumbers } from "../model/tensor.ts";
import { describe, describeValue } from "../model/describe.ts";
import { inlineFunctions, liftConstants } from "../model/inline.ts";
import { placeInside, withUniqueInnerNames } from "../model/inner-names.ts";
import { openModel, type OpenModel } from "../model/onnx/index.ts";
import { UsageError } from "../model/errors.ts";
import type { ModelDescription } from "../protocol/model.ts";
import { explainableTensor, type Explainable } from "./explainable.ts";
import { gradientSession, type Gradients, type GradientRequest } from "./gradient.ts";
import { createSession, numbersOf, ortVersion, type Feeds, type Session, type TensorValue } from "./ort.ts";
import { specialise } from "./trace.ts";
import type { Specialised, Trace } from "../autodiff/specialise.ts";

/** Sessions kept per model: enough to move between a few methods and layers without making them anew. */
const MOST_SESSIONS = 8;
const MOST_TRACES = 4;
/** Rewritten models kept per model. */
const MOST_DERIVED = 6;
/** Normalizations are by channel: more elements than this are weights. */
const MOST_CONSTANT = 4096;
/** A list of class names has no more than this. */
const MOST_CLASSES = 1 << 20;

export interface Traced {
  readonly specialised: Specialised;
  readonly trace: Trace;
  /** The graph that was traced: functions inlined, constants lifted, branches taken. */
  readonly graph: Graph;
  /** Values of it that decided which branches were taken and how many steps loops ran. */
  readonly conditions: readonly string[];
  readonly key: string;
}

/** A model that can be run: its file, and the sessions made from it. */
export class LoadedModel {
  readonly description: ModelDescription;
  private prepared: Model | undefined;
  private readonly clock: { milliseconds: number };
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly traces: Traced[] = [];
  private readonly tracedFor = new WeakMap<Feeds, Traced>();
  private readonly derived = new Map<string, LoadedModel>();
  private traceCount = 0;

  constructor(readonly open: OpenModel, readonly threads: number | undefined, from?: { readonly parent: LoadedModel; readonly model: Model }) {
    this.description = from ? describeDerived(from.parent.description, from.model.graph) : describe(open);
    this.prepared = from?.model;
    this.clock = from?.parent.clock ?? { milliseconds: 0 };
  }

  /** Time spent inside ONNX Runtime's run, in milliseconds, since the model was loaded: its own and that of models derived from it. */
  get runTime(): number {
    return this.clock.milliseconds;
  }
  set runTime(milliseconds: number) {
    this.clock.milliseconds = milliseconds;
  }

  /**
   * Another graph over the same file and weights: `rewrite` gets the model as it is run (functions inlined, constants lifted) and gives what
   * is run instead. Made once for each `key`, which must say all that the rewriting depends on; released with this model.
   */
  derive(key: string, rewrite: (model: Model) => Model): LoadedModel {
    let model = this.derived.get(key);
    if (model) this.derived.delete(key);
    else model = new LoadedModel(this.open, this.threads, { parent: this, model: rewrite(this.model) });
    this.derived.set(key, model);
    while (this.derived.size > MOST_DERIVED) {
      const [oldest, stale] = this.derived.entries().next().value!;
      this.derived.delete(oldest);
      void stale.releaseSessions();
    }
    return model;
  }

  /** The model with its functions inlined and its Constant nodes as initializers: what is run. */
  get model(): Model {
    if (!this.prepared) {
      const inlined = inlineFunctions(this.open.model);
      this.prepared = { ...inlined, graph: withUniqueInnerNames(liftConstants(inlined.graph, (tensor) => this.open.bytesOf(tensor))) };
    }
    return this.prepared;
  }

  /** The elements of a small constant, for guessing recipes; undefined where there is none of this name. */
  readonly readConstant = (name: string): Promise<readonly number[] | undefined> => {
    const tensor = this.model.graph.initializers.find((one) => one.name === name);
    if (!tensor || tensor.problem !== undefined || tensor.dataType === "string" || elementCount(tensor.dims) > MOST_CONSTANT) return Promise.resolve(undefined);
    return Promise.resolve(toNumbers(tensor, this.open.bytesOf(tensor)));
  };

  /** The float tensor that stands for an output in all that explains (see `explainableTensor`); undefined where there is none. */
  explainable(output: string): Explainable | undefined {
    return explainableTensor(this.model.graph, output, (tensor) => {
      if (tensor.problem !== undefined || elementCount(tensor.dims) > MOST_CLASSES) return undefined;
      return Array.from(decodeTensor(tensor, this.open.bytesOf(tensor)).data as ArrayLike<unknown>, String);
    });
  }

  /**
   * Runs the model as it is and gives the values of `fetch`, any values of its graph; where one lies in a branch or a loop's body, what runs is the
   * model written out for these feeds (`traced`). UsageError for values that the model has not, or that these feeds do not come to.
   */
  async forward(feeds: Feeds, fetch: readonly string[]): Promise<Map<string, TensorValue>> {
    const { graph } = this.model;
    if (!fetch.every((name) => hasValue(graph, name))) return this.forwardInside(feeds, fetch);
    const session = await this.session(JSON.stringify(["forward", fetch]), () => this.fetching(graph, fetch));
    return valuesOf(await this.timed(() => session.run(feeds)), fetch);
  }

  private async forwardInside(feeds: Feeds, fetch: readonly string[]): Promise<Map<string, TensorValue>> {
    const { graph, key } = await this.traced(feeds);
    const missing = fetch.find((name) => !hasValue(graph, name));
    if (missing !== undefined) throw this.missing(missing);
    const session = await this.session(JSON.stringify(["forward", key, fetch]), () => this.fetching(graph, fetch));
    return valuesOf(await this.timed(() => session.run(feeds)), fetch);
  }

  /** A session of a graph that gives `names`. */
  private fetching(graph: Graph, names: readonly string[]): Promise<Session> {
    const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
    const copies = names.flatMap((name, index): Node[] => (made.has(name) ? [] : [{ name: "", opType: "Identity", domain: "", inputs: [name], outputs: [fetched(index)], attributes: {} }]));
    const outputs = names.map((name, index) => ({ name: made.has(name) ? name : fetched(index), type: { kind: "unknown" as const } }));
    return createSession({ ...this.model, graph: { ...graph, nodes: [...graph.nodes, ...copies], outputs, valueInfo: [] } }, this.open, { threads: this.threads });
  }

  /** The error for a value or node that a run has not: there is none, or it lies in a branch that is not taken. */
  missing(name: string): UsageError {
    const inside = placeInside(this.model.graph, name);
    return inside === undefined
      ? new UsageError(`The model has no value "${name}".`, name, "`inspect` lists its layers and their outputs.")
      : new UsageError(`"${name}" lies in the ${inside}, which does not run for what the model is given here.`, name, "Choose a layer that runs for the input, and for its baseline where there is one.");
  }

  /** The model as a straight line for the shapes and branches of `feeds`; kept for the next feeds that go the same way. */
  async traced(feeds: Feeds, anew = false): Promise<Traced> {
    const before = this.tracedFor.get(feeds);
    if (before && !anew && this.traces.includes(before)) return before;
    let found: Traced | undefined;
    for (const known of anew ? [] : this.tracesLike(feeds)) if (!found && (await this.goesThisWay(known, feeds))) found = known;
    if (!found) {
      found = { ...(await specialise(this.model, this.open, feeds)), key: `${shapesKey(feeds)}#${this.traceCount++}` };
      this.traces.unshift(found);
      this.traces.splice(MOST_TRACES);
    }
    this.tracedFor.set(feeds, found);
    return found;
  }

  private tracesLike(feeds: Feeds): Traced[] {
    const shapes = shapesKey(feeds);
    return this.traces.filter(({ key }) => key.startsWith(`${shapes}#`));
  }

  /** Whether the conditions that a trace was written out for are these feeds', too. */
  private async goesThisWay({ graph, key, trace, conditions, specialised }: Traced, feeds: Feeds): Promise<boolean> {
    const names = [...new Set(conditions)].filter((name) => specialised.tainted.has(name) && trace.known.has(name) && hasValue(graph, name));
    if (names.length === 0) return true;
    const session = await this.session(JSON.stringify(["conditions", key]), () => this.fetching(graph, names));
    const values = valuesOf(await this.timed(() => session.run(feeds)), names);
    return names.every((name) => sameNumbers(numbersOf(values.get(name)!), trace.known.get(name)!));
  }

  /**
   * Gradients for `feeds`. The graph they come from was specialised on some integers and branches; where these feeds take others,
   * the model is traced anew.
   */
  async gradients(feeds: Feeds, request: GradientRequest): Promise<Gradients> {
    // The graph checks its own guards: it is first asked as it is, then traced with care, then anew.
    const tried: Traced[] = [];
    for (let attempt = 0; ; attempt++) {
      let traced = (attempt === 0 && this.tracesLike(feeds)[0]) || (await this.traced(feeds));
      if (tried.includes(traced)) traced = await this.traced(feeds, true);
      tried.push(traced);
      const key = JSON.stringify(["gradient", traced.key, request.of, request.wrt, request.fetch ?? [], request.rules?.name ?? "", request.against ? [request.against.rules.name, Object.keys(request.against.baseline)] : []]);
      const made = this.session(key, () => gradientSession(traced.specialised, request, this.model, this.open, this.threads));
      const session = (await made) as Awaited<ReturnType<typeof gradientSession>>;
      const result = await this.timed(() => session.gradients(feeds, request.seed, request.against?.baseline));
      if (result !== "other-path") return result;
      if (attempt > 1) throw new UsageError("The model takes another path each time it runs, so its gradient is not defined.");
    }
  }

  async release(): Promise<void> {
    await this.releaseSessions();
    this.open.close();
  }

  private async releaseSessions(): Promise<void> {
    const sessions = [...this.sessions.values()];
    const derived = [...this.derived.values()];
    this.sessions.clear();
    this.derived.clear();
    this.traces.length = 0;
    await Promise.allSettled([...sessions.map(async (session) => (await session).release()), ...derived.map((model) => model.releaseSessions())]);
  }

  private async session(key: string, make: () => Promise<Session>): Promise<Session> {
    let session = this.sessions.get(key);
    if (session) this.sessions.delete(key);
    else session = Promise.resolve().then(make);
    this.sessions.set(key, session);
    session.catch(() => this.sessions.delete(key));
    while (this.sessions.size > MOST_SESSIONS) {
      const [oldest, stale] = this.sessions.entries().next().value!;
      this.sessions.delete(oldest);
      void stale.then((old) => old.release(), () => undefined);
    }
    return session;
  }

  private async timed<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.runTime += performance.now() - start;
    }
  }
}

/** Whether a graph has a value: its inputs, weights, and what its nodes make. */
export function hasValue({ inputs, initializers, nodes }: Graph, name: string): boolean {
  return inputs.some((one) => one.name === name) || initializers.some((one) => one.name === name) || nodes.some(({ outputs }) => outputs.includes(name));
}

function fetched(index: number): string {
  return `loupe.fetch.${index}`;
}

function valuesOf(values: ReadonlyMap<string, TensorValue>, names: readonly string[]): Map<string, TensorValue> {
  return new Map(names.map((name, index) => [name, (values.get(name) ?? values.get(fetched(index)))!]));
}

function sameNumbers(found: readonly number[], expected: readonly number[]): boolean {
  return found.length === expected.length && found.every((value, i) => value === expected[i]);
}

/** What is known of a rewritten graph: the file's facts, and its own inputs and outputs. */
function describeDerived(parent: ModelDescription, graph: Graph): ModelDescription {
  const weights = new Set(graph.initializers.map(({ name }) => name));
  const known = new Map([...parent.inputs, ...parent.outputs].map((value) => [value.name, value]));
  return {
    ...parent,
    inputs: graph.inputs.filter(({ name }) => !weights.has(name)).map((input) => known.get(input.name) ?? describeValue(input)),
    outputs: graph.outputs.map((output) => known.get(output.name) ?? describeValue(output)),
  };
}

/** Models by path, the latest few kept; a file that changed on disk is read again. */
export class ModelCache {
  onnxruntimeVersion: string | undefined;
  private readonly models = new Map<string, Promise<LoadedModel>>();

  constructor(private readonly options: { readonly most?: number; readonly threads?: number } = {}) {}

  async get(path: string): Promise<LoadedModel> {
    const absolute = resolve(path);
    const cached = this.models.get(absolute);
    if (cached) {
      const model = await cached.catch(() => undefined);
      if (model && model.open.stamp.split("+")[0] === fileStamp(absolute)) {
        this.models.delete(absolute);
        this.models.set(absolute, cached);
        return model;
      }
      this.drop(absolute);
    }
    const loading = openModel(absolute).then((open) => new LoadedModel(open, this.options.threads));
    this.models.set(absolute, loading);
    loading.catch(() => this.models.delete(absolute));
    while (this.models.size > (this.options.most ?? 4)) this.drop(this.models.keys().next().value!);
    return loading;
  }

  async versions(): Promise<string> {
    return (this.onnxruntimeVersion ??= await ortVersion());
  }

  dispose(): void {
    for (const path of [...this.models.keys()]) this.drop(path);
  }

  private drop(path: string): void {
    const model = this.models.get(path);
    this.models.delete(path);
    void model?.then((loaded) => loaded.release(), () => undefined);
  }
}

function fileStamp(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size}-${mtimeMs}`;
  } catch {
    return "gone";
  }
}

function shapesKey(feeds: Feeds): string {
  return JSON.stringify(Object.keys(feeds).sort().map((name) => [name, feeds[name].dims]));
}
