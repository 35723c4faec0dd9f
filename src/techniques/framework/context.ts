import { whereGradientsStop } from "../../autodiff/where-gradients-stop.ts";
import { NoGradientError, NotFiniteError, UsageError } from "../../model/errors.ts";
import { elementCount, isFloat } from "../../model/graph.ts";
import type { Artifact, ImageArtifact } from "../../protocol/artifacts.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import type { Mask } from "../../data/mask.ts";
import { findLayouts, type Layouts } from "../../runtime/layout.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import { floatsOf, fromFloat32, type Feeds } from "../../runtime/ort.ts";
import type { ModelOutput } from "../../runtime/outputs.ts";
import { LOSS } from "../../runtime/rewrite.ts";
import { scoreOf, type Score } from "../../runtime/score.ts";
import { graphOf } from "../../runtime/value-facts.ts";
import { baselineParts } from "./baselines.ts";
import { inputFault } from "./input-faults.ts";
import { boxSelection } from "./detections.ts";
import { withoutGradient } from "./input-gradient.ts";
import { inPeoplesNames } from "./input-name.ts";
import { namedLayer } from "./layer-names.ts";
import { pickLayer, type LayerSlopes } from "./layers.ts";
import type { OutputHints } from "./output.ts";
import type { PreparedInput } from "./prepared-input.ts";
import { joinedEnd, lossModel, scoreNotes } from "./score.ts";
import { readSubject, type Subject } from "./subject.ts";
import type {
  SampleContext,
  InputInfo,
  LayerInfo,
  LayerKind,
  ResultAbout,
  TargetInfo,
  Variation,
} from "./technique.ts";
import type { ZeroResult } from "./zero.ts";

export interface ContextOptions {
  readonly info: TechniqueInfo;
  /** What the recipe says of outputs. */
  readonly hints: OutputHints;
  readonly target?: TargetSpec;
  readonly layer?: string | readonly string[];
  readonly params: SampleContext["params"];
  readonly signal: AbortSignal;
  readonly progress: (progress: { fraction?: number; text: string }) => void;
  /** Takes views so far; left out where they stand for a part of the job only. */
  readonly show?: (views: readonly Artifact[], context: JobContext) => void;
}

/** Milliseconds between views that are shown while a job runs. */
const SHOW_EVERY = 500;

/** Everything a technique may ask for, made when it asks. */
export class JobContext implements SampleContext {
  readonly notes: string[] = [];
  /** The layers that the technique used. */
  usedLayers: readonly string[] = [];
  usedScore: Score | undefined;
  /** The context that this one is a variation of. */
  private of: JobContext | undefined;
  /** The last checked result that was zero everywhere. */
  zeroResult: ZeroResult | undefined;
  /** How far the technique is. */
  lastProgress: { readonly fraction?: number; readonly text: string };
  /** When views were last shown, in milliseconds. */
  private shownAt = -Infinity;
  private readBaselines: Promise<readonly Float32Array[]> | undefined;
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly input: InputInfo;
  readonly classes: readonly string[];
  readonly output: ModelOutput;
  readonly target: TargetInfo;
  readonly detections: SampleContext["detections"];
  readonly ownValues: boolean;
  readonly params: SampleContext["params"];
  readonly signal: AbortSignal;

  private constructor(
    private readonly prepared: PreparedInput,
    private readonly options: ContextOptions,
    { classes, output, target, detections, ownValues }: Subject,
  ) {
    [this.classes, this.output, this.target] = [classes, output, target];
    [this.detections, this.ownValues] = [detections, ownValues];
    this.model =
      options.params.score === "loss" ? lossModel(prepared.model, output, target.negated === true) : prepared.model;
    this.feeds = prepared.feeds;
    this.input = prepared.input;
    this.params = options.params;
    this.signal = options.signal;
    this.lastProgress = { text: options.info.title };
  }

  static async create(prepared: PreparedInput, options: ContextOptions): Promise<JobContext> {
    const { info, hints, target } = options;
    const subject = await readSubject(prepared, {
      takesTarget: info.needs.target,
      hints,
      target,
      selection: boxSelection(options.params),
    });
    const context = new JobContext(prepared, options, subject);
    for (const note of subject.notes) context.note(note);
    return context;
  }

  progress(fraction: number | undefined, text: string): void {
    this.lastProgress = { ...(fraction === undefined ? {} : { fraction }), text };
    this.options.progress({ fraction, text });
  }

  show(draw: () => readonly Artifact[]): void {
    // A variation's views are not this job's, and drawing must not hold up the work.
    const { show } = this.options;
    if (!show || this.of !== undefined || performance.now() - this.shownAt < SHOW_EVERY) return;
    show(draw(), this);
    this.shownAt = performance.now();
  }

  note(text: string): void {
    // Several inputs at once are one vector here, tokens their vectors; people know them by their names.
    const said = inPeoplesNames(this.input, text);
    if (!this.notes.includes(said)) this.notes.push(said);
  }

  traced(): Promise<Traced> {
    return this.model.traced(this.feeds);
  }

  async layouts(): Promise<Layouts> {
    return layoutsOf(await this.traced(), this.input);
  }

  /** The layer that the technique used, where it used one. */
  get usedLayer(): string | undefined {
    return this.usedLayers.length === 1 ? this.usedLayers[0] : undefined;
  }

  async layer(kind: LayerKind): Promise<LayerInfo> {
    const [layer, ...others] = await this.layers(kind);
    if (others.length > 0)
      throw new UsageError(
        `${this.options.info.title} takes one layer, not ${others.length + 1}.`,
        undefined,
        "Class activation maps can average several layers.",
      );
    return layer;
  }

  async layers(kind: LayerKind): Promise<readonly LayerInfo[]> {
    const [traced, layouts, { layer: asked = [] }] = [await this.traced(), await this.layouts(), this.options];
    const names = (typeof asked === "string" ? [asked] : asked).filter((name) => name !== "");
    const layers =
      names.length > 0
        ? names.map((name) => namedLayer(traced, layouts, name, this.model))
        : [await pickLayer(kind, { traced, layouts, score: (await this.scoreValue()).value, gradients: this.slopes })];
    for (const { picked, value, dims, why } of layers)
      if (picked) this.note(`Layer chosen automatically: ${value} [${dims.join("×")}]${why ? `, ${why}` : ""}.`);
    this.usedLayers = layers.map(({ value }) => value);
    // What a check's method looked at is what the check is about.
    if (this.of) this.of.usedLayers = this.usedLayers;
    return layers;
  }

  /** Gradients by which a layer is picked: without a word on the score, as techniques that know no target have a layer, too. */
  private readonly slopes: LayerSlopes = async (score, values, dims) => {
    try {
      const { gradients } = await this.model.gradients(this.feeds, {
        of: score,
        seed: this.seed(),
        wrt: values,
        fetch: values,
      });
      return new Map([...gradients].map(([value, gradient]) => [value, gradient && floatsOf(gradient)]));
    } catch (error) {
      // What takes no gradient does without: any value has a say, then.
      if (!(error instanceof NoGradientError) || this.options.info.needs.gradient) throw error;
      return new Map(values.map((value) => [value, new Float32Array(elementCount(dims(value))).fill(1)]));
    }
  };

  async baselines(): Promise<readonly Float32Array[]> {
    this.readBaselines ??= Promise.all(
      baselineParts(String(this.params.baseline)).map((part) =>
        this.prepared.baseline(part, (text) => this.note(text)),
      ),
    );
    const all = await this.readBaselines;
    if (all.some((baseline) => baseline.some((number) => !Number.isFinite(number)))) {
      throw new UsageError(
        "The baseline has NaN or infinite values.",
        "baseline",
        "Replace them: results computed from them would not be finite.",
      );
    }
    return all;
  }

  get picture(): ImageArtifact | undefined {
    return this.prepared.pictures.find(({ id }) => id === this.input.picture);
  }

  get tokens(): SampleContext["tokens"] {
    return this.prepared.tokens;
  }

  mask(file: string): Promise<Mask> {
    return this.prepared.readMask(file);
  }

  async score(): Promise<Score> {
    const { name, meaning } = this.output;
    if (meaning.kind === "label") {
      throw new UsageError(
        `The output "${name}" is a label, which has no score to explain: ${meaning.why}`,
        name,
        "Choose another output, or say in the recipe what it is (outputs).",
      );
    }
    const score = await this.scoreValue();
    const asked = String(this.params.score);
    const joined =
      score.kind === "output" && asked === "logit"
        ? // Shapes take a trace, which methods that run forward do without where it fails.
          await joinedEnd(this.model, this, () =>
            this.traced().catch((error: unknown) => {
              if (this.options.info.needs.gradient) throw error;
              return undefined;
            }),
          )
        : undefined;
    for (const note of scoreNotes(score, this, { asked, ...(joined ? { joined } : {}) })) this.note(note);
    this.usedScore = score;
    if (this.of) this.of.usedScore = score;
    return score;
  }

  private async scoreValue(): Promise<Score> {
    if (this.params.score === "loss") return { value: LOSS, kind: "loss" };
    if (this.params.score === "output") return { value: this.output.value, kind: "output" };
    // Methods that run forward need no trace where the graph itself shows how the output is made.
    const { graph, known } = await graphOf(this.model, this.feeds, this.output.value);
    return scoreOf(graph, this.output.value, "logit", known);
  }

  async gradients(
    request: Parameters<SampleContext["gradients"]>[0],
    feeds: Feeds = this.feeds,
  ): ReturnType<SampleContext["gradients"]> {
    for (const value of request.wrt) {
      const input = this.model.description.inputs.find(({ name }) => name === value);
      if (input && !isFloat(this.feeds[value]?.dataType ?? "float32")) {
        throw withoutGradient(value, input.type, value === this.input.name ? this.input.noGradient : undefined);
      }
    }
    const score = await this.score();
    const gradients = await this.model.gradients(feeds, { of: score.value, seed: this.seed(), ...request });
    for (const remark of (await this.model.traced(feeds)).specialised.remarks) this.note(remark);
    return gradients;
  }

  scoreIn(values: Float32Array, of: "score" | "probability" = "score"): number {
    const { at, againstAt, negated } = this.target;
    let sum = 0;
    for (const place of at) sum += values[place];
    if (negated && this.usedScore?.kind !== "loss") {
      const probability =
        of === "probability" || (this.usedScore?.kind !== "logit" && this.output.meaning.form === "as-is");
      return probability ? 1 - sum : -sum;
    }
    return sum - (againstAt === undefined ? 0 : values[againstAt]);
  }

  independent(value: string): Error {
    const joint =
      value === this.input.name
        ? this.input.parts?.flatMap(({ segments }) => segments.map(({ name }) => name))
        : undefined;
    const stop = (joint ?? [value])
      .map((one) => whereGradientsStop(this.model.model.graph, one, this.usedScore?.value ?? this.output.value))
      .find((one) => one !== undefined);
    const parts = joint && this.input.parts!.map(({ input }) => `"${input}"`).join(" or ");
    return (
      stop ??
      new UsageError(
        `The score "${this.target.label}" does not depend on ${parts ?? `"${value}"`}, so there is nothing to show.`,
        value,
        "Choose another target, output or layer.",
      )
    );
  }

  checkResult(values: Float32Array, value: string, about: ResultAbout = {}): void {
    this.checkFinite(values, value);
    if (values.every((number) => number === 0)) this.zeroResult = { value, ...about };
  }

  checkFinite(values: Float32Array, value: string): void {
    const broken = values.findIndex((number) => !Number.isFinite(number));
    if (broken >= 0) {
      const place = value === this.input.name ? partAt(this.input, broken) : undefined;
      const what = `The result for "${place ?? value}" has values that are ${Number.isNaN(values[broken]) ? "not a number (NaN)" : "infinite"}.`;
      const fault = inputFault(this.prepared.samples);
      if (fault)
        throw new NotFiniteError(
          `${what} ${fault}`,
          value,
          "Replace these values in the input: results computed from them are not finite.",
        );
      throw new NotFiniteError(
        what,
        value,
        "Weights or activations overflow or contain NaN: the model editor shows which tensors are not finite.",
      );
    }
  }

  vary({ params, values, model, layer, progress }: Variation): JobContext {
    const { name } = this.input;
    const { dataType, dims } = this.feeds[name];
    const prepared: PreparedInput = {
      ...this.prepared,
      ...(model ? { model } : {}),
      ...(values
        ? {
            feeds: { ...this.feeds, [name]: fromFloat32(dataType, dims, values) },
            input: { ...this.input, values, given: this.input.given ?? this.input.values },
          }
        : {}),
    };
    const varied = new JobContext(
      prepared,
      {
        ...this.options,
        ...(params ? { params } : {}),
        ...(layer === undefined || (this.options.layer?.length ?? 0) > 0 ? {} : { layer: `value:${layer}` }),
        ...(progress ? { progress: ({ fraction, text }) => progress(fraction, text) } : {}),
      },
      { classes: this.classes, output: this.output, target: this.target, ownValues: false, notes: [] },
    );
    varied.of = this;
    return varied;
  }

  seed(): Float32Array {
    const { at, againstAt, negated } = this.target;
    const seed = new Float32Array(elementCount(this.output.dims));
    // The loss of the other class is a value of its own.
    const sign = negated && this.params.score !== "loss" ? -1 : 1;
    for (const place of at) seed[place] += sign;
    if (againstAt !== undefined) seed[againstAt] -= 1;
    return seed;
  }
}

function layoutsOf({ graph, trace }: Traced, input: InputInfo): Layouts {
  const inputs = input.parts ? input.parts.flatMap(({ segments }) => segments) : [input];
  // A single category has no places that a layer could keep.
  const known = new Map(
    inputs.flatMap(({ name, layout }) => (layout && layout.spatial.length > 0 ? [[name, layout] as const] : [])),
  );
  return findLayouts(graph.nodes, trace.dims, known, (value) => trace.known.get(value));
}

/** The input that an element of several is of. */
function partAt({ parts, dims }: InputInfo, element: number): string | undefined {
  const at = element % (dims[1] ?? 1);
  return parts?.find(({ from, before }) => at >= from && at < before)?.input;
}
