import { elementCount, sameNumbers, type Graph, type Model } from "../model/graph.ts";
import { decodeTensor, toNumbers } from "../model/tensor.ts";
import { describe } from "../model/describe.ts";
import { placeInside } from "../model/inner-names.ts";
import type { OpenModel } from "../model/open.ts";
import { UsageError } from "../model/errors.ts";
import type { ModelDescription } from "../protocol/model.ts";
import { admit, forwardBytes, plainRunBytes } from "./memory-need.ts";
import { columnOutputs, type ColumnOutputs } from "./column-outputs.ts";
import { explainableTensor, type Explainable, type ReadTexts } from "./explainable.ts";
import { describeDerived, withExplainable } from "./described.ts";
import { gradientSession, type Gradients, type GradientRequest, type GradientSession } from "./gradient.ts";
import { KeptOutputs } from "./kept-outputs.ts";
import { KeptSessions } from "./kept-sessions.ts";
import { GRAPH_BYTES, KeptTraces, type Traced } from "./kept-traces.ts";
import { MemoryBudget } from "./memory.ts";
import { createSession, numbersOf, type Feeds, type Session, type TensorValue } from "./ort.ts";
import { noWay, otherForBaseline, OtherPath, sameWay } from "./other-path.ts";
import { specialise } from "./trace.ts";
import { giving, valuesOf } from "./fetched.ts";
import { prepared } from "./prepared.ts";

/** Ways that one run is tried along, after the first two, before it is said to have none. */
const MOST_ATTEMPTS = 3;
/** Normalizations are by channel: more elements than this are weights. */
const MOST_CONSTANT = 4096;
/** A list of class names has no more than this. */
const MOST_CLASSES = 1 << 20;

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
  private readonly sessions: KeptSessions;
  private readonly traces: KeptTraces;
  private readonly outputs: KeptOutputs;
  private readonly derived = new Map<string, LoadedModel>();
  private readonly standIns = new Map<string, Explainable | undefined>();
  private readonly tables = new Map<string, ColumnOutputs | undefined>();
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
    this.sessions = new KeptSessions(this.budget, `${this.id}session:`, () => this.keepFile());
    this.outputs = new KeptOutputs(this.budget, `${this.id}outputs:`);
    this.traces = new KeptTraces(this.budget, `${this.id}trace:`);
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
   * kept as long as the budget has room.
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
    this.prepared ??= prepared(this.open);
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
   * has not, or that these feeds do not come to.
   */
  async forward(feeds: Feeds, fetch: readonly string[]): Promise<Map<string, TensorValue>> {
    const { graph } = this.model;
    if (!fetch.every((name) => hasValue(graph, name))) return this.forwardInside(feeds, fetch);
    return this.run(JSON.stringify(["forward", fetch]), graph, feeds, fetch);
  }

  /**
   * As `forward`; where it was asked for the same values of the same feeds last, what it gave then, without another run.
   * For what is only read differently.
   */
  forwardKept(feeds: Feeds, fetch: readonly string[]): Promise<Map<string, TensorValue>> {
    return this.outputs.of(JSON.stringify(fetch), feeds, () => this.forward(feeds, fetch));
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
      await this.sessions.use(
        key,
        () => this.fetching(graph, names, feeds),
        (session) => this.timed(() => session.run(feeds)),
      ),
      names,
    );
  }

  /** A session of a graph that gives `names`. */
  private fetching(graph: Graph, names: readonly string[], feeds: Feeds): Promise<Session> {
    this.admitRun(graph, feeds, names);
    return createSession({ ...this.model, graph: giving(graph, names) }, this.open, { threads: this.threads });
  }

  /** Makes room for one run of a graph to `names`; TooLargeError where there is none. */
  private admitRun(graph: Graph, feeds: Feeds, names: readonly string[]): void {
    admit(this.budget, this.open, plainRunBytes(forwardBytes(this.model, graph, feeds, names)), "One run of the model");
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
    const before = anew ? undefined : this.traces.of(feeds);
    if (before) return before;
    let found: Traced | undefined;
    for (const known of anew ? [] : this.traces.like(feeds))
      if (!found && (await this.goesThisWay(known, feeds))) found = known;
    if (!found) {
      const { graph } = this.model;
      this.admitRun(graph, feeds, namesOf(graph.outputs));
      const made = { ...(await specialise(this.model, this.open, feeds)), key: this.traces.keyFor(feeds) };
      found = this.traces.like(feeds).find((known) => sameWay(known, made));
      if (!found) {
        this.traces.keep((found = made));
        this.keepFile();
      }
    }
    this.traces.used(found, feeds);
    return found;
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
   * take others, the model is traced anew.
   */
  async gradients(feeds: Feeds, request: GradientRequest): Promise<Gradients> {
    // The graph checks its own guards: it is first asked as it is, then traced with care, then anew.
    const tried: Traced[] = [];
    let last: OtherPath | undefined;
    for (let attempt = 0; ; attempt++) {
      let traced = (attempt === 0 && this.traces.like(feeds)[0]) || (await this.traced(feeds));
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
      const result = await this.sessions.use(key, make, (session) =>
        this.timed(() => session.gradients(feeds, request.seed, request.against?.baseline)),
      );
      if (!(result instanceof OtherPath)) {
        this.traces.prefer(traced);
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

  /** Nobody uses it any more: gives everything back. Sessions that still run end first. */
  release(): Promise<void> {
    this.forgetKept();
    this.open.close();
    return Promise.resolve();
  }

  private forgetKept(): void {
    this.budget.forgetAll(this.id);
    this.sessions.forget();
  }

  /** The file's bytes stay in memory for further sessions as long as there is room. */
  private keepFile(): void {
    const { file, external } = this.open.size;
    if (!this.budget.touch(`${this.root}file`))
      this.budget.keep(`${this.root}file`, { bytes: file + external, drop: () => this.open.release() });
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

function namesOf(values: readonly { readonly name: string }[]): string[] {
  return values.map(({ name }) => name);
}
