import { NoGradientError, NotFiniteError, UsageError } from "../model/errors.ts";
import { elementCount, isFloat } from "../model/graph.ts";
import type { ImageArtifact } from "../protocol/artifacts.ts";
import type { TargetSpec } from "../protocol/engine.ts";
import { regionText } from "../protocol/target.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";
import type { Mask } from "../data/mask.ts";
import { findLayouts, type Layouts } from "../runtime/layout.ts";
import type { LoadedModel, Traced } from "../runtime/models.ts";
import { floatsOf, fromFloat32, type Feeds } from "../runtime/ort.ts";
import { LOSS, withLoss } from "../runtime/rewrite.ts";
import { scoreOf, type Score } from "../runtime/score.ts";
import { baselineParts, isNumber } from "./baselines.ts";
import { withoutGradient } from "./input-gradient.ts";
import { lastLayer, namedLayer, pickSpatialLayer } from "./layers.ts";
import { classLabel } from "./predictions.ts";
import type { PreparedInput } from "./prepared-input.ts";
import type { Context, InputInfo, LayerInfo, ResultAbout, TargetInfo, Variation } from "./technique.ts";
import type { ZeroResult } from "./zero.ts";

export interface ContextOptions {
  readonly info: TechniqueInfo;
  readonly classes: readonly string[];
  readonly target?: TargetSpec;
  readonly layer?: string | readonly string[];
  readonly params: Context["params"];
  readonly signal: AbortSignal;
  readonly progress: (progress: { fraction?: number; text: string }) => void;
}

/** Everything a technique may ask for, made when it asks. */
export class JobContext implements Context {
  readonly notes: string[] = [];
  /** The layers that the technique used. */
  usedLayers: readonly string[] = [];
  usedScore: Score | undefined;
  /** The context that this one is a variation of. */
  private of: JobContext | undefined;
  /** The last checked result that was zero everywhere. */
  zeroResult: ZeroResult | undefined;
  private readBaselines: Promise<readonly Float32Array[]> | undefined;
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly input: InputInfo;
  readonly classes: readonly string[];
  readonly params: Context["params"];
  readonly signal: AbortSignal;

  private constructor(private readonly prepared: PreparedInput, private readonly options: ContextOptions, readonly output: Context["output"], readonly target: TargetInfo) {
    this.model = options.params.score === "loss" ? prepared.model.derive(`loss:${output.name}:${output.dims.length}`, (model) => withLoss(model, output.name, output.dims)) : prepared.model;
    this.feeds = prepared.feeds;
    this.input = prepared.input;
    this.classes = options.classes;
    this.params = options.params;
    this.signal = options.signal;
  }

  static async create(prepared: PreparedInput, options: ContextOptions): Promise<JobContext> {
    const output = await outputOf(prepared, options.target?.output);
    return new JobContext(prepared, options, output, resolveTarget(output, options.target ?? {}, options.classes));
  }

  progress(fraction: number | undefined, text: string): void {
    this.options.progress({ fraction, text });
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
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

  async layer(kind: "any" | "spatial"): Promise<LayerInfo> {
    const [layer, ...others] = await this.layers(kind);
    if (others.length > 0) throw new UsageError(`${this.options.info.title} takes one layer, not ${others.length + 1}.`, undefined, "Class activation maps average several.");
    return layer;
  }

  async layers(kind: "any" | "spatial"): Promise<readonly LayerInfo[]> {
    const [traced, layouts, { layer: asked = [] }] = [await this.traced(), await this.layouts(), this.options];
    const names = (typeof asked === "string" ? [asked] : asked).filter((name) => name !== "");
    const layers = names.length > 0 ? names.map((name) => namedLayer(traced, layouts, name, this.model)) : [await this.pickLayer(kind, traced, layouts)];
    for (const { picked, value, dims } of layers) if (picked) this.note(`Layer picked: ${value} [${dims.join("×")}].`);
    this.usedLayers = layers.map(({ value }) => value);
    // What a check's method looked at is what the check is about.
    if (this.of) this.of.usedLayers = this.usedLayers;
    return layers;
  }

  /** By the score, but without a word on it: techniques that know no target have a layer, too. */
  private async pickLayer(kind: "any" | "spatial", traced: Traced, layouts: Layouts): Promise<LayerInfo> {
    const score = await this.scoreValue();
    if (kind === "any") return lastLayer(traced, layouts, score.value);
    return pickSpatialLayer(traced, layouts, score.value, async (values) => {
      try {
        const { gradients } = await this.model.gradients(this.feeds, { of: score.value, seed: this.seed(), wrt: values, fetch: values });
        return new Map([...gradients].map(([value, gradient]) => [value, gradient && floatsOf(gradient)]));
      } catch (error) {
        // What takes no gradient does without: any value has a say, then.
        if (!(error instanceof NoGradientError) || this.options.info.needs.gradient) throw error;
        return new Map(values.map((value) => [value, new Float32Array(elementCount(traced.trace.dims.get(value)!)).fill(1)]));
      }
    });
  }

  async baselines(): Promise<readonly Float32Array[]> {
    this.readBaselines ??= Promise.all(baselineParts(String(this.params.baseline)).map(async (part) => (
      isNumber(part) ? new Float32Array(this.input.values.length).fill(Number(part)) : this.prepared.readLike(part))));
    return this.readBaselines;
  }

  get picture(): ImageArtifact | undefined {
    return this.prepared.picture;
  }

  mask(file: string): Promise<Mask> {
    return this.prepared.readMask(file);
  }

  async score(): Promise<Score> {
    const score = await this.scoreValue();
    if (score.kind === "loss") this.note(`Explains the cross-entropy loss of ${this.target.label}: what is positive makes the model more wrong.`);
    if (score.before) this.note(`Explains the value before ${score.before}, "${score.value}".`);
    this.usedScore = score;
    if (this.of) this.of.usedScore = score;
    return score;
  }

  private async scoreValue(): Promise<Score> {
    if (this.params.score === "loss") return { value: LOSS, kind: "loss" };
    const { graph } = await this.traced();
    return scoreOf(graph, this.output.name, this.params.score === "output" ? "output" : "logit");
  }

  async gradients(request: Parameters<Context["gradients"]>[0], feeds: Feeds = this.feeds): ReturnType<Context["gradients"]> {
    for (const value of request.wrt) {
      const input = this.model.description.inputs.find(({ name }) => name === value);
      if (input && !isFloat(this.feeds[value]?.dataType ?? "float32")) {
        throw withoutGradient(value, input.type);
      }
    }
    const score = await this.score();
    const gradients = await this.model.gradients(feeds, { of: score.value, seed: this.seed(), ...request });
    for (const remark of (await this.model.traced(feeds)).specialised.remarks) this.note(remark);
    return gradients;
  }

  scoreIn(values: Float32Array): number {
    const { index, against, region } = this.target;
    if (region) return flatRegion(this.output, region).reduce((sum, at) => sum + values[at], 0);
    return values[flatIndex(this.output, index)] - (against ? values[flatIndex(this.output, against)] : 0);
  }

  independent(value: string): UsageError {
    return new UsageError(`The score "${this.target.label}" does not depend on "${value}", so there is nothing to show.`, value, "Choose another target, output or layer.");
  }

  checkResult(values: Float32Array, value: string, about: ResultAbout = {}): void {
    this.checkFinite(values, value);
    if (values.every((number) => number === 0)) this.zeroResult = { value, ...about };
  }

  checkFinite(values: Float32Array, value: string): void {
    const broken = values.findIndex((number) => !Number.isFinite(number));
    if (broken >= 0) {
      throw new NotFiniteError(`The result for "${value}" has values that are ${Number.isNaN(values[broken]) ? "not a number (NaN)" : "infinite"}.`, value,
        "Weights or activations overflow or hold NaN: the model's editor shows which tensors are not finite.");
    }
  }

  vary({ params, values, model, layer, progress }: Variation): JobContext {
    const { name } = this.input;
    const { dataType, dims } = this.feeds[name];
    const prepared: PreparedInput = {
      ...this.prepared, ...(model ? { model } : {}),
      ...(values ? { feeds: { ...this.feeds, [name]: fromFloat32(dataType, dims, values) }, input: { ...this.input, values } } : {}),
    };
    const varied = new JobContext(prepared, {
      ...this.options, ...(params ? { params } : {}), ...(layer === undefined || (this.options.layer?.length ?? 0) > 0 ? {} : { layer: `value:${layer}` }),
      ...(progress ? { progress: ({ fraction, text }) => progress(fraction, text) } : {}),
    }, this.output, this.target);
    varied.of = this;
    return varied;
  }

  seed(): Float32Array {
    const seed = new Float32Array(elementCount(this.output.dims));
    if (this.target.region) {
      for (const at of flatRegion(this.output, this.target.region)) seed[at] = 1;
      return seed;
    }
    seed[flatIndex(this.output, this.target.index)] += 1;
    if (this.target.against) seed[flatIndex(this.output, this.target.against)] -= 1;
    return seed;
  }
}

export function layoutsOf({ graph, trace }: Traced, input: InputInfo): Layouts {
  return findLayouts(graph.nodes, trace.dims, input.layout ? new Map([[input.name, input.layout]]) : new Map(), (value) => trace.known.get(value));
}

async function outputOf({ model, feeds }: PreparedInput, asked: string | undefined): Promise<Context["output"]> {
  const outputs = model.description.outputs;
  const name = asked ?? outputs[0]?.name;
  if (name === undefined) throw new UsageError("The model has no outputs.");
  if (!outputs.some((output) => output.name === name)) throw new UsageError(`The model has no output "${name}".`, name, `Its outputs are ${outputs.map((output) => output.name).join(", ")}.`);
  const value = (await model.forward(feeds, [name])).get(name)!;
  return { name, dims: value.dims, values: floatsOf(value) };
}

function resolveTarget(output: Context["output"], spec: TargetSpec, classes: readonly string[]): TargetInfo {
  if (spec.region) return regionTarget(output, spec.region);
  const index = spec.index ?? largest(output);
  checkIndex(output, index);
  if (spec.against) checkIndex(output, spec.against);
  const name = (at: readonly number[]): string => (output.dims.length <= 2 ? classLabel(classes, output.dims, at[0] ?? 0) : at.join(", "));
  return { index, against: spec.against, label: spec.against ? `${name(index)} − ${name(spec.against)}` : name(index) };
}

function regionTarget(output: Context["output"], region: NonNullable<TargetSpec["region"]>): TargetInfo {
  checkIndex(output, region.map(([from]) => from));
  checkIndex(output, region.map(([, before]) => before - 1));
  if (region.some(([from, before]) => before <= from)) throw new UsageError(`The region ${regionText(region)} is empty.`, output.name, "Each range is FROM:BEFORE, such as 10:20.");
  const count = region.reduce((product, [from, before]) => product * (before - from), 1);
  return { index: region.map(([from]) => from), region, label: `sum over ${regionText(region)} (${count} values)` };
}

/** Flat indices, in batch entry 0, of a region. */
function flatRegion({ dims }: Context["output"], region: NonNullable<TargetInfo["region"]>): number[] {
  return region.reduce<number[]>((flat, [from, before], axis) => flat.flatMap((index) => (
    Array.from({ length: before - from }, (_, i) => index * dims[axis + 1] + from + i))), [0]);
}

/** Index, without the batch axis, of the largest finite element of batch entry 0. */
function largest({ dims, values }: Context["output"]): number[] {
  const inner = dims.slice(1);
  const count = dims.length === 0 ? 1 : elementCount(inner);
  let best = 0;
  for (let i = 1; i < count; i++) if (values[i] > values[best] || Number.isNaN(values[best])) best = i;
  const index: number[] = [];
  for (let axis = inner.length - 1; axis >= 0; axis--) {
    index.unshift(best % inner[axis]);
    best = Math.floor(best / inner[axis]);
  }
  return index;
}

function checkIndex({ name, dims }: Context["output"], index: readonly number[]): void {
  const inner = dims.slice(1);
  if (index.length !== inner.length && !(inner.length === 0 && index.length <= 1)) {
    throw new UsageError(`The target ${index.join(",")} has ${index.length} ${index.length === 1 ? "index" : "indices"}; the output "${name}" [${dims.join(", ")}] needs ${inner.length}, without the batch axis.`, name);
  }
  inner.forEach((size, axis) => {
    if (!Number.isInteger(index[axis]) || index[axis] < 0 || index[axis] >= size) {
      throw new UsageError(`The target ${index.join(",")} is out of range: the output "${name}" has ${size} entries along axis ${axis + 1}, so 0 to ${size - 1}.`, name);
    }
  });
}

function flatIndex({ dims }: Context["output"], index: readonly number[]): number {
  return dims.slice(1).reduce((flat, size, axis) => flat * size + (index[axis] ?? 0), 0);
}
