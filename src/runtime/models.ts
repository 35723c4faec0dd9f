import { resolve } from "node:path";
import { elementCount, sameNumbers, type Graph, type Model, type Node } from "../model/graph.ts";
import { decodeTensor, toNumbers } from "../model/tensor.ts";
import { describe } from "../model/describe.ts";
import { inlineFunctions, liftConstants } from "../model/inline.ts";
import { withLinearModels } from "../model/linear-models.ts";
import { withoutMapInputs } from "../model/map-inputs.ts";
import { placeInside, withUniqueInnerNames } from "../model/inner-names.ts";
import { openModel, type OpenModel } from "../model/open.ts";
import { withStandIns } from "../model/stand-ins/index.ts";
import { UsageError } from "../model/errors.ts";
import type { ModelDescription } from "../protocol/model.ts";
import { admit, forwardBytes, plainRunBytes } from "./memory-need.ts";
import { columnOutputs, type ColumnOutputs } from "./column-outputs.ts";
import { explainableTensor, type Explainable, type ReadTexts } from "./explainable.ts";
import { describeDerived, withExplainable } from "./described.ts";
import { gradientSession, type Gradients, type GradientRequest, type GradientSession } from "./gradient.ts";
import { Leased } from "./lease.ts";
import { MemoryBudget } from "./memory.ts";
import { createSession, numbersOf, ortVersion, type Feeds, type Session, type TensorValue } from "./ort.ts";
import { noWay, otherForBaseline, OtherPath, sameWay } from "./other-path.ts";
import { specialise } from "./trace.ts";
import type { Specialised, Trace } from "../autodiff/specialise.ts";

/** What a rewritten model or a trace takes without its numbers: a guess at its nodes. */
const GRAPH_BYTES = 2 ** 20;
/** Ways that one run is tried along, after the first two, before it is said to have none. */
const MOST_ATTEMPTS = 3;
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

let created = 0;

/**
 * A model that can be run: its file, and the sessions made from it. What it keeps for the next time is bounded by a
 * budget that models share.
 */
export class LoadedModel {
  readonly description: ModelDescription;
  readonly budget: MemoryBudget;
  private prepared: Model | undefined;
  private readonly clock: { milliseconds: number };
  private readonly sessions = new Map<string, Leased<Promise<Session>>>();
  private readonly traces: Traced[] = [];
  private readonly tracedFor = new WeakMap<Feeds, Traced>();
  private readonly derived = new Map<string, LoadedModel>();
  private readonly standIns = new Map<string, Explainable | undefined>();
  private readonly tables = new Map<string, ColumnOutputs | undefined>();
  private traceCount = 0;
  /**
   * Whether gradients run without ONNX Runtime's optimisations, as traces do: where both round a threshold differently.
   */
  private asTraced = false;
  /** What its keys in the budget begin with; those of derived models begin so, too. */
  private readonly id: string;
  private readonly root: string;

  constructor(
    readonly open: OpenModel,
    readonly threads: number | undefined,
    from?: { readonly budget: MemoryBudget } | { readonly parent: LoadedModel; readonly model: Model },
  ) {
    const parent = from && "parent" in from ? from.parent : undefined;
    this.description = parent
      ? describeDerived(parent.description, (from as { model: Model }).model.graph)
      : withExplainable(describe(open), open.model.graph);
    this.prepared = from && "model" in from ? from.model : undefined;
    this.clock = parent?.clock ?? { milliseconds: 0 };
    this.budget = parent?.budget ?? (from as { budget?: MemoryBudget } | undefined)?.budget ?? new MemoryBudget();
    this.id = `${parent?.id ?? ""}${created++}/`;
    this.root = parent?.root ?? this.id;
  }

  /**
   * Time spent inside ONNX Runtime's run, in milliseconds, since the model was loaded: its own and that of models
   * derived from it.
   */
  get runTime(): number {
    return this.clock.milliseconds;
  }
  set runTime(milliseconds: number) {
    this.clock.milliseconds = milliseconds;
  }

  /**
   * Another graph over the same file and weights: `rewrite` gets the model as it is run (functions inlined, constants
   * lifted) and gives what is run instead. Made once for each `key`, which must say all that the rewriting depends on;
   * kept as long as the budget has room. /
   */
  derive(key: string, rewrite: (model: Model) => Model): LoadedModel {
    const known = this.derived.get(key);
    const kept = `${this.id}derived:${key}`;
    if (known) {
      this.budget.touch(kept);
      return known;
    }
    const model = new LoadedModel(this.open, this.threads, { parent: this, model: rewrite(this.model) });
    this.derived.set(key, model);
    this.budget.keep(kept, {
      bytes: GRAPH_BYTES,
      drop: () => {
        this.derived.delete(key);
        model.forgetKept();
      },
    });
    return model;
  }

  /**
   * The model with its functions inlined, its Constant nodes as initializers, its linear models as dense layers, what
   * runs on one kind of machine as what runs on all: what is run.
   */
  get model(): Model {
    if (!this.prepared) {
      const inlined = inlineFunctions(this.open.model);
      this.prepared = withStandIns(
        withLinearModels(
          withoutMapInputs({
            ...inlined,
            graph: withUniqueInnerNames(liftConstants(inlined.graph, (tensor) => this.open.bytesOf(tensor))),
          }),
        ),
      );
    }
    return this.prepared;
  }

  /** The elements of a small constant, for guessing recipes; undefined where there is none of this name. */
  readonly readConstant = (name: string): Promise<readonly number[] | undefined> => {
    const tensor = this.model.graph.initializers.find((one) => one.name === name);
    if (
      !tensor ||
      tensor.problem !== undefined ||
      tensor.dataType === "string" ||
      elementCount(tensor.dims) > MOST_CONSTANT
    )
      return Promise.resolve(undefined);
    return Promise.resolve(toNumbers(tensor, this.open.bytesOf(tensor)));
  };

  /** The outputs that one of a class each is among (see `columnOutputs`); undefined for any other. */
  columns(output: string): ColumnOutputs | undefined {
    if (!this.tables.has(output)) this.tables.set(output, columnOutputs(this.model.graph, output, this.readTexts));
    return this.tables.get(output);
  }

  private readonly readTexts: ReadTexts = (tensor) => {
    if (tensor.problem !== undefined || elementCount(tensor.dims) > MOST_CLASSES) return undefined;
    return Array.from(decodeTensor(tensor, this.open.bytesOf(tensor)).data as ArrayLike<unknown>, String);
  };

  /**
   * The float tensor that stands for an output in all that explains (see `explainableTensor`); undefined where there is
   * none.
   */
  explainable(output: string): Explainable | undefined {
    if (!this.standIns.has(output)) {
      this.standIns.set(output, explainableTensor(this.model.graph, output, this.readTexts));
    }
    return this.standIns.get(output);
  }

  /**
   * Runs the model as it is and gives the values of `fetch`, any values of its graph; where one lies in a branch or a
   * loop's body, what runs is the model written out for these feeds (`traced`). UsageError for values that the model
   * has not, or that these feeds do not come to. /
   */
  async forward(feeds: Feeds, fetch: readonly string[]): Promise<Map<string, TensorValue>> {
    const { graph } = this.model;
    if (!fetch.every((name) => hasValue(graph, name))) return this.forwardInside(feeds, fetch);
    return this.run(JSON.stringify(["forward", fetch]), graph, feeds, fetch);
  }

  private async forwardInside(feeds: Feeds, fetch: readonly string[]): Promise<Map<string, TensorValue>> {
    const { graph, key } = await this.traced(feeds);
    const missing = fetch.find((name) => !hasValue(graph, name));
    if (missing !== undefined) throw this.missing(missing);
    return this.run(JSON.stringify(["forward", key, fetch]), graph, feeds, fetch);
  }

  private async run(
    key: string,
    graph: Graph,
    feeds: Feeds,
    names: readonly string[],
  ): Promise<Map<string, TensorValue>> {
    return valuesOf(
      await this.withSession(
        key,
        () => this.fetching(graph, names, feeds),
        (session) => this.timed(() => session.run(feeds)),
      ),
      names,
    );
  }

  /** A session of a graph that gives `names`. */
  private fetching(graph: Graph, names: readonly string[], feeds: Feeds): Promise<Session> {
    admit(this.budget, this.open, plainRunBytes(forwardBytes(this.model, graph, feeds, names)), "One run of the model");
    const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
    const copies = names.flatMap((name, index): Node[] =>
      made.has(name)
        ? []
        : [{ name: "", opType: "Identity", domain: "", inputs: [name], outputs: [fetched(index)], attributes: {} }],
    );
    const outputs = names.map((name, index) => ({
      name: made.has(name) ? name : fetched(index),
      type: { kind: "unknown" as const },
    }));
    return createSession(
      { ...this.model, graph: { ...graph, nodes: [...graph.nodes, ...copies], outputs, valueInfo: [] } },
      this.open,
      { threads: this.threads },
    );
  }

  /** The error for a value or node that a run has not: there is none, or it lies in a branch that is not taken. */
  missing(name: string): UsageError {
    const inside = placeInside(this.model.graph, name);
    return inside === undefined
      ? new UsageError(`The model has no value "${name}".`, name, "`inspect` lists its layers and their outputs.")
      : new UsageError(
          `"${name}" lies in the ${inside}, which does not run for this input.`,
          name,
          "Choose a layer that runs for the input (and for the baseline, if there is one).",
        );
  }

  /**
   * The model as a straight line for the shapes and branches of `feeds`; kept for the next feeds that go the same way.
   */
  async traced(feeds: Feeds, anew = false): Promise<Traced> {
    const before = this.tracedFor.get(feeds);
    if (before && !anew && this.traces.includes(before)) return before;
    let found: Traced | undefined;
    for (const known of anew ? [] : this.tracesLike(feeds))
      if (!found && (await this.goesThisWay(known, feeds))) found = known;
    if (!found) {
      const { graph } = this.model;
      admit(
        this.budget,
        this.open,
        plainRunBytes(
          forwardBytes(
            this.model,
            graph,
            feeds,
            graph.outputs.map(({ name }) => name),
          ),
        ),
        "One run of the model",
      );
      const made = {
        ...(await specialise(this.model, this.open, feeds)),
        key: `${shapesKey(feeds)}#${this.traceCount++}`,
      };
      found = this.tracesLike(feeds).find((known) => sameWay(known, made));
      if (!found) this.keepTrace((found = made));
    }
    this.budget.touch(`${this.id}trace:${found.key}`);
    this.tracedFor.set(feeds, found);
    return found;
  }

  private keepTrace(traced: Traced): void {
    this.traces.unshift(traced);
    this.budget.keep(`${this.id}trace:${traced.key}`, {
      bytes: traceBytes(traced),
      drop: () => {
        this.traces.splice(this.traces.indexOf(traced), 1);
      },
    });
    this.keepFile();
  }

  private tracesLike(feeds: Feeds): Traced[] {
    const shapes = shapesKey(feeds);
    return this.traces.filter(({ key }) => key.startsWith(`${shapes}#`));
  }

  /** Whether the conditions that a trace was written out for are these feeds', too. */
  private async goesThisWay({ graph, key, trace, conditions, specialised }: Traced, feeds: Feeds): Promise<boolean> {
    const names = [...new Set(conditions)].filter(
      (name) => specialised.tainted.has(name) && trace.known.has(name) && hasValue(graph, name),
    );
    if (names.length === 0) return true;
    const values = await this.run(JSON.stringify(["conditions", key]), graph, feeds, names);
    return names.every((name) => sameNumbers(numbersOf(values.get(name)!), trace.known.get(name)!));
  }

  /**
   * Gradients for `feeds`. The graph they come from was specialised on some integers and branches; where these feeds
   * take others, the model is traced anew. /
   */
  async gradients(feeds: Feeds, request: GradientRequest): Promise<Gradients> {
    // The graph checks its own guards: it is first asked as it is, then traced with care, then anew.
    const tried: Traced[] = [];
    let last: OtherPath | undefined;
    for (let attempt = 0; ; attempt++) {
      let traced = (attempt === 0 && this.tracesLike(feeds)[0]) || (await this.traced(feeds));
      if (tried.includes(traced)) traced = await this.traced(feeds, true);
      // Traced anew it goes the same way, and its gradient's graph another: by rounding, since that runs optimised.
      // Then it runs as the trace does.
      const again = tried.includes(traced);
      if (again && last?.error && request.against)
        await this.sameForBaseline(traced, { ...feeds, ...request.against.baseline });
      if (again && this.asTraced) throw noWay(traced, last!, true);
      if (again) this.asTraced = true;
      tried.push(traced);
      const key = JSON.stringify([
        "gradient",
        traced.key,
        this.asTraced,
        request.of,
        request.wrt,
        request.fetch ?? [],
        request.rules?.name ?? "",
        request.against ? [request.against.rules.name, Object.keys(request.against.baseline)] : [],
      ]);
      const options = { threads: this.threads, budget: this.budget, unoptimised: this.asTraced };
      const make = (): Promise<GradientSession> =>
        gradientSession(traced.specialised, request, this.model, this.open, options);
      const result = await this.withSession(key, make, (session) =>
        this.timed(() => session.gradients(feeds, request.seed, request.against?.baseline)),
      );
      if (!(result instanceof OtherPath)) {
        this.preferTrace(traced);
        return result;
      }
      last = result;
      if (attempt > MOST_ATTEMPTS) throw noWay(traced, result, false);
    }
  }

  /** UsageError where the baseline's lengths or branches are others than the input's. */
  private async sameForBaseline(traced: Traced, baseline: Feeds): Promise<void> {
    if ((await this.traced(baseline, true)) !== traced) throw otherForBaseline();
  }

  /** The way that was gone last is the first to be tried. */
  private preferTrace(traced: Traced): void {
    const at = this.traces.indexOf(traced);
    if (at > 0) this.traces.unshift(...this.traces.splice(at, 1));
  }

  /** Nobody uses it any more: gives everything back. Sessions that still run end first. */
  release(): Promise<void> {
    this.forgetKept();
    this.open.close();
    return Promise.resolve();
  }

  private forgetKept(): void {
    this.budget.forgetAll(this.id);
    // What is still being made is not yet in the budget.
    for (const [key, session] of [...this.sessions]) this.letGo(key, session);
  }

  /**
   * A session made once for each key: kept while the budget has room, and until `work` has ended. A key stands for one
   * kind of session.
   */
  private withSession<S extends Session, R>(
    key: string,
    make: () => Promise<S>,
    work: (session: S) => Promise<R>,
  ): Promise<R> {
    let leased = this.sessions.get(key);
    if (leased) this.budget.touch(`${this.id}session:${key}`);
    else
      this.sessions.set(
        key,
        (leased = new Leased(
          this.openSession(key, make),
          (session) =>
            void session.then(
              (made) => made.release(),
              () => undefined,
            ),
        )),
      );
    return leased.use(async (made) => {
      const session = (await made) as S;
      if (session.runBytes !== undefined) this.budget.makeRoom(session.runBytes);
      return work(session);
    });
  }

  private async openSession(key: string, make: () => Promise<Session>): Promise<Session> {
    try {
      // Not at once: first it is among the sessions.
      const session = await Promise.resolve().then(make);
      const leased = this.sessions.get(key);
      if (leased)
        this.budget.keep(`${this.id}session:${key}`, { bytes: session.bytes, drop: () => this.letGo(key, leased) });
      this.keepFile();
      return session;
    } catch (error) {
      this.sessions.delete(key);
      throw error;
    }
  }

  /** The file's bytes stay in memory for further sessions as long as there is room. */
  private keepFile(): void {
    const { file, external } = this.open.size;
    if (!this.budget.touch(`${this.root}file`))
      this.budget.keep(`${this.root}file`, { bytes: file + external, drop: () => this.open.release() });
  }

  private letGo(key: string, session: Leased<Promise<Session>>): void {
    if (this.sessions.get(key) === session) this.sessions.delete(key);
    session.retire();
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
  return (
    inputs.some((one) => one.name === name) ||
    initializers.some((one) => one.name === name) ||
    nodes.some(({ outputs }) => outputs.includes(name))
  );
}

function fetched(index: number): string {
  return `loupe.fetch.${index}`;
}

function valuesOf(values: ReadonlyMap<string, TensorValue>, names: readonly string[]): Map<string, TensorValue> {
  return new Map(names.map((name, index) => [name, (values.get(name) ?? values.get(fetched(index)))!]));
}

export interface ModelCacheOptions {
  /** Models kept open that nobody uses (4). */
  readonly most?: number;
  readonly threads?: number;
  /** Shared by all of its models; by default half of the memory that is available. */
  readonly budget?: MemoryBudget;
}

/**
 * Models by path, the latest few kept; a file that changed on disk is read again. A model is given back after its last
 * user.
 */
export class ModelCache {
  onnxruntimeVersion: string | undefined;
  readonly budget: MemoryBudget;
  private readonly models = new Map<string, Leased<Promise<LoadedModel>>>();
  private readonly held = new Map<LoadedModel, () => void>();

  constructor(private readonly options: ModelCacheOptions = {}) {
    this.budget = options.budget ?? new MemoryBudget();
  }

  /** The model of this file, which stays until `work` has ended, whatever else is opened meanwhile. */
  async use<T>(path: string, work: (model: LoadedModel) => T | Promise<T>): Promise<T> {
    const { model, end } = await this.hold(path);
    try {
      return await work(model);
    } finally {
      end();
    }
  }

  /** The model of this file, held until `dispose()`: for a process that ends with its work. */
  async get(path: string): Promise<LoadedModel> {
    const { model, end } = await this.hold(path);
    if (this.held.has(model)) end();
    else this.held.set(model, end);
    return model;
  }

  async versions(): Promise<string> {
    return (this.onnxruntimeVersion ??= await ortVersion());
  }

  dispose(): void {
    for (const path of [...this.models.keys()]) this.drop(path);
    for (const end of this.held.values()) end();
    this.held.clear();
  }

  private async hold(path: string): Promise<{ readonly model: LoadedModel; readonly end: () => void }> {
    const absolute = resolve(path);
    for (;;) {
      const known = this.models.get(absolute);
      const leased = known ?? this.open(absolute);
      const end = leased.hold();
      try {
        const model = await leased.value;
        if (!known || model.open.isCurrent()) {
          this.touch(absolute, leased);
          return { model, end };
        }
      } catch (error) {
        end();
        throw error;
      }
      end();
      if (this.models.get(absolute) === leased) this.drop(absolute);
    }
  }

  private open(absolute: string): Leased<Promise<LoadedModel>> {
    const loading = openModel(absolute).then(
      (open) => new LoadedModel(open, this.options.threads, { budget: this.budget }),
    );
    const leased = new Leased(
      loading,
      (model) =>
        void model.then(
          (loaded) => loaded.release(),
          () => undefined,
        ),
    );
    this.models.set(absolute, leased);
    loading.catch(() => {
      if (this.models.get(absolute) === leased) this.drop(absolute);
    });
    while (this.models.size > (this.options.most ?? 4)) this.drop(this.models.keys().next().value!);
    return leased;
  }

  /** Used latest: last in the order. */
  private touch(absolute: string, leased: Leased<Promise<LoadedModel>>): void {
    if (this.models.get(absolute) !== leased) return;
    this.models.delete(absolute);
    this.models.set(absolute, leased);
  }

  private drop(path: string): void {
    this.models.get(path)?.retire();
    this.models.delete(path);
  }
}

/** A trace's numbers are JavaScript's, eight bytes each; its nodes are counted as a whole. */
function traceBytes({ trace }: Traced): number {
  return GRAPH_BYTES + [...trace.known.values()].reduce((sum, { length }) => sum + 8 * length, 0);
}

function shapesKey(feeds: Feeds): string {
  return JSON.stringify(
    Object.keys(feeds)
      .sort()
      .map((name) => [name, feeds[name].dims]),
  );
}
