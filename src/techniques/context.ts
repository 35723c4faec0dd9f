import { dirname } from "node:path";
import { UsageError } from "../model/errors.ts";
import { elementCount, isFloat, type DataType } from "../model/graph.ts";
import type { ImageArtifact } from "../protocol/artifacts.ts";
import type { Job, TargetSpec } from "../protocol/engine.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";
import { readSamples, type Sample } from "../data/index.ts";
import { channelsFirst, findLayouts, spatialAxes, type Layout, type Layouts } from "../runtime/layout.ts";
import type { LoadedModel, Traced } from "../runtime/models.ts";
import { floatsOf, type Feeds, type TensorValue } from "../runtime/ort.ts";
import { scoreOf, type Score } from "../runtime/score.ts";
import { findLayer } from "./layers.ts";
import { classLabel } from "./predictions.ts";
import type { Context, InputInfo, LayerInfo, TargetInfo } from "./technique.ts";

/** A model fed with a sample: what every technique starts from. */
export interface Fed {
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly samples: Readonly<Record<string, Sample>>;
  readonly input: InputInfo;
  readonly picture?: ImageArtifact;
}

/** Reads the job's files through its recipe. DataError where they do not fit. */
export async function feed(model: LoadedModel, job: Pick<Job, "inputs" | "recipe">): Promise<Fed> {
  const inputs = model.description.inputs;
  const samples = await readSamples(job.inputs, job.recipe, inputs, dirname(model.open.path));
  const feeds: Record<string, TensorValue> = {};
  for (const [name, sample] of Object.entries(samples)) feeds[name] = { dataType: sample.dataType as DataType, dims: sample.dims, data: sample.data };
  const main = inputs.find(({ name }) => feeds[name] && isFloat(feeds[name].dataType)) ?? inputs.find(({ name }) => feeds[name]);
  if (!main) throw new UsageError("The model has no inputs to feed.");
  const sample = samples[main.name];
  const picture: ImageArtifact | undefined = sample.picture && {
    kind: "image", id: "input", title: "Input", ...sample.picture, caption: `${sample.name} · ${sample.picture.height}×${sample.picture.width}`,
  };
  return { model, feeds, samples, picture, input: inputInfo(main.name, feeds[main.name], sample, picture?.id) };
}

function inputInfo(name: string, value: TensorValue, sample: Sample, picture: string | undefined): InputInfo {
  const layout = sample.axes ? layoutOf(sample) : channelsFirst(value.dims.length);
  const axes = sample.axes ?? (layout && spatialAxes(layout));
  return { name, dims: value.dims, values: floatsOf(value), labels: sample.labels, picture, ...(layout ? { layout } : {}), ...(axes ? { axes } : {}) };
}

function layoutOf(sample: Sample): Layout {
  const { channel, height, width } = sample.axes!;
  return { channel, spatial: [height, width] };
}

export interface ContextOptions {
  readonly info: TechniqueInfo;
  readonly classes: readonly string[];
  readonly target?: TargetSpec;
  readonly layer?: string;
  readonly params: Context["params"];
  readonly signal: AbortSignal;
  readonly progress: (progress: { fraction?: number; text: string }) => void;
}

/** Everything a technique may ask for, made when it asks. */
export class JobContext implements Context {
  readonly notes: string[] = [];
  /** The layer that the technique used. */
  usedLayer: string | undefined;
  usedScore: Score | undefined;
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly input: InputInfo;
  readonly classes: readonly string[];
  readonly params: Context["params"];
  readonly signal: AbortSignal;

  private constructor(fed: Fed, private readonly options: ContextOptions, readonly output: Context["output"], readonly target: TargetInfo) {
    this.model = fed.model;
    this.feeds = fed.feeds;
    this.input = fed.input;
    this.classes = options.classes;
    this.params = options.params;
    this.signal = options.signal;
  }

  static async create(fed: Fed, options: ContextOptions): Promise<JobContext> {
    const output = await outputOf(fed, options.target?.output);
    return new JobContext(fed, options, output, resolveTarget(output, options.target ?? {}, options.classes));
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

  async layer(kind: "any" | "spatial"): Promise<LayerInfo> {
    const score = await this.score();
    const layer = findLayer(await this.traced(), await this.layouts(), { kind, asked: this.options.layer, input: this.input.name, score: score.value });
    if (layer.picked) this.note(`Layer picked: ${layer.value} [${layer.dims.join("×")}].`);
    this.usedLayer = layer.value;
    return layer;
  }

  async score(): Promise<Score> {
    const kind = this.params.score === "output" ? "output" : "logit";
    const { graph } = await this.traced();
    const score = scoreOf(graph, this.output.name, kind);
    if (score.before) this.note(`Explains the value before ${score.before}, "${score.value}".`);
    this.usedScore = score;
    return score;
  }

  async gradients(request: Parameters<Context["gradients"]>[0], feeds: Feeds = this.feeds): ReturnType<Context["gradients"]> {
    for (const value of request.wrt) {
      const input = this.model.description.inputs.find(({ name }) => name === value);
      if (input && !isFloat(this.feeds[value]?.dataType ?? "float32")) {
        throw new UsageError(`The input "${value}" is ${input.type}: only inputs of a float type have a gradient.`, value, "Methods that run the model forward (predictions, feature maps) still work.");
      }
    }
    const score = await this.score();
    const gradients = await this.model.gradients(feeds, { of: score.value, seed: this.seed(), ...request });
    for (const remark of (await this.model.traced(feeds)).specialised.remarks) this.note(remark);
    return gradients;
  }

  scoreIn(values: Float32Array): number {
    const { index, against } = this.target;
    return values[flatIndex(this.output, index)] - (against ? values[flatIndex(this.output, against)] : 0);
  }

  independent(value: string): UsageError {
    return new UsageError(`The score "${this.target.label}" does not depend on "${value}", so there is nothing to show.`, value, "Choose another target, output or layer.");
  }

  checkGradient(values: Float32Array, value: string): void {
    const broken = values.findIndex((number) => !Number.isFinite(number));
    if (broken >= 0) {
      throw new UsageError(`The result for "${value}" has values that are ${Number.isNaN(values[broken]) ? "not a number (NaN)" : "infinite"}.`, value,
        "Weights or activations overflow or hold NaN: the model's editor shows which tensors are not finite.");
    }
    if (values.every((number) => number === 0)) this.note(`The gradient at "${value}" is zero everywhere for this input.`);
  }

  /** ∂score/∂output: 1 at the target, −1 at the one against it, in batch entry 0. */
  private seed(): Float32Array {
    const seed = new Float32Array(elementCount(this.output.dims));
    seed[flatIndex(this.output, this.target.index)] += 1;
    if (this.target.against) seed[flatIndex(this.output, this.target.against)] -= 1;
    return seed;
  }
}

export function layoutsOf({ graph, trace }: Traced, input: InputInfo): Layouts {
  return findLayouts(graph.nodes, trace.dims, input.layout ? new Map([[input.name, input.layout]]) : new Map());
}

async function outputOf({ model, feeds }: Fed, asked: string | undefined): Promise<Context["output"]> {
  const outputs = model.description.outputs;
  const name = asked ?? outputs[0]?.name;
  if (name === undefined) throw new UsageError("The model has no outputs.");
  if (!outputs.some((output) => output.name === name)) throw new UsageError(`The model has no output "${name}".`, name, `Its outputs are ${outputs.map((output) => output.name).join(", ")}.`);
  const value = (await model.forward(feeds, [name])).get(name)!;
  return { name, dims: value.dims, values: floatsOf(value) };
}

function resolveTarget(output: Context["output"], spec: TargetSpec, classes: readonly string[]): TargetInfo {
  const index = spec.index ?? largest(output);
  checkIndex(output, index);
  if (spec.against) checkIndex(output, spec.against);
  const name = (at: readonly number[]): string => (output.dims.length <= 2 ? classLabel(classes, output.dims, at[0] ?? 0) : at.join(", "));
  return { index, against: spec.against, label: spec.against ? `${name(index)} − ${name(spec.against)}` : name(index) };
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
