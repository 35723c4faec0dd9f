import { basename, dirname, resolve } from "node:path";
import { sameDims } from "../autodiff/builder.ts";
import { UsageError } from "../model/errors.ts";
import { isFloat, type DataType, type Graph } from "../model/graph.ts";
import type { ImageArtifact } from "../protocol/artifacts.ts";
import type { Job } from "../protocol/engine.ts";
import { readSample, readSamples, type Sample } from "../data/index.ts";
import { readMask, type Mask } from "../data/mask.ts";
import { inputLayout, type InputLayout } from "../runtime/input-layout.ts";
import { spatialAxes, type Layout } from "../runtime/layout.ts";
import type { LoadedModel } from "../runtime/models.ts";
import { floatsOf, numbersOf, type Feeds, type TensorValue } from "../runtime/ort.ts";
import { cutAt } from "../runtime/rewrite.ts";
import { withTextCodes } from "../runtime/text-codes.ts";
import { findEmbedding } from "./embedding.ts";
import type { InputInfo } from "./technique.ts";

/** A model fed with a sample: what every technique starts from. */
export interface PreparedInput {
  /** What runs: where the input is of token numbers, the model from their vectors on. */
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly samples: Readonly<Record<string, Sample>>;
  readonly input: InputInfo;
  readonly picture?: ImageArtifact;
  /** Another file read as the input was, in its shape. */
  readLike(file: string): Promise<Float32Array>;
  readMask(file: string): Promise<Mask>;
}

/** Reads the job's files through its recipe, for all of the model's inputs. DataError where they do not fit. */
export async function readFeeds(model: LoadedModel, job: Pick<Job, "inputs" | "recipe">): Promise<Pick<PreparedInput, "feeds" | "samples">> {
  const samples = await readSamples(job.inputs, job.recipe, model.description.inputs, model.open.path);
  return { samples, feeds: Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, tensorOf(sample)])) };
}

/** Feeds a model for techniques: where its input is of token numbers, from their vectors on. DataError where files do not fit. */
export async function prepareInput(file: LoadedModel, job: Pick<Job, "inputs" | "recipe">): Promise<PreparedInput> {
  const folder = dirname(file.open.path);
  const read = await readFeeds(file, job);
  const { model, feeds, texts } = withTextCodes(file, read.feeds);
  const samples = withTextLabels(read.samples, texts);
  const { inputs } = model.description;
  const main = inputs.find(({ name }) => feeds[name] && isFloat(feeds[name].dataType)) ?? inputs.find(({ name }) => feeds[name]);
  if (!main) throw new UsageError("The model has no inputs to feed.");
  const whole = { model, feeds, samples, readMask: (file: string) => readMask(resolve(folder, file)) };
  const readFile = async (name: string, file: string): Promise<TensorValue> => {
    const description = inputs.find((input) => input.name === name)!;
    const recipe = Object.hasOwn(job.recipe.inputs, name) ? job.recipe.inputs[name] : { kind: "array" as const };
    const value = tensorOf(await readSample(resolve(folder, file), recipe, description, model.open.path));
    if (!sameDims(value.dims, feeds[name].dims)) {
      throw new UsageError(`"${basename(file)}" is [${value.dims.join(", ")}], the input "${name}" is [${feeds[name].dims.join(", ")}].`, "baseline", "A baseline has the input's shape.");
    }
    return value;
  };
  if (!isFloat(feeds[main.name].dataType)) {
    const embedded = await fromVectors(whole, readFile);
    if (embedded) return embedded;
  }
  const sample = samples[main.name];
  const picture: ImageArtifact | undefined = sample.picture && {
    kind: "image", id: "input", title: "Input", ...sample.picture, caption: `${sample.name} · ${sample.picture.height}×${sample.picture.width}`,
    source: { name: sample.name, hash: sample.hash },
  };
  return {
    ...whole, picture, input: { ...inputInfo(model.model.graph, main.name, feeds[main.name], sample, picture?.id), ...pixelRange(job.recipe, main.name) },
    readLike: async (file) => floatsOf(await readFile(main.name, file)),
  };
}

/** Texts are shown as themselves where they have no columns' names. */
function withTextLabels(samples: PreparedInput["samples"], texts: ReadonlyMap<string, unknown>): PreparedInput["samples"] {
  return Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, texts.has(name) ? { ...sample, labels: sample.labels ?? (sample.data as readonly string[]) } : sample]));
}

/** The model from its token vectors on; undefined where it looks none of its inputs up. */
async function fromVectors({ model, feeds, samples, readMask }: Pick<PreparedInput, "model" | "feeds" | "samples" | "readMask">, readFile: (name: string, file: string) => Promise<TensorValue>): Promise<PreparedInput | undefined> {
  const found = findEmbedding(model.model.graph, Object.keys(feeds));
  if (!found) return undefined;
  const vectorsFor = async (tokens: TensorValue): Promise<TensorValue> => (await model.forward({ ...feeds, [found.input]: tokens }, [found.value])).get(found.value)!;
  const vectors = await vectorsFor(feeds[found.input]);
  const open = typeof model.description.inputs.find(({ name }) => name === found.input)!.dims?.[0] !== "number";
  const dims = open ? [null, ...vectors.dims.slice(1)] : vectors.dims;
  const cut = model.derive(`vectors:${found.value}:${JSON.stringify([dims, vectors.dataType])}`, (whole) => cutAt(whole, found.value, { dims, dataType: vectors.dataType }));
  const rest = Object.fromEntries(Object.entries(feeds).filter(([name]) => cut.description.inputs.some((input) => input.name === name)));
  const sample = samples[found.input];
  const labels = sample.labels ?? numbersOf(feeds[found.input]).map(String);
  const layout = vectors.dims.length === 3 ? { channel: 2, spatial: [1] } : undefined;
  return {
    model: cut, feeds: { ...rest, [found.value]: vectors }, samples, readMask,
    input: { name: found.value, dims: vectors.dims, values: floatsOf(vectors), labels, tokensOf: found.input, ...(layout ? { layout } : {}) },
    readLike: async (file) => floatsOf(await vectorsFor(await readFile(found.input, file))),
  };
}

function tensorOf(sample: Sample): TensorValue {
  return { dataType: sample.dataType as DataType, dims: sample.dims, data: sample.data };
}

function inputInfo(graph: Graph, name: string, value: TensorValue, sample: Sample, picture: string | undefined): InputInfo {
  const { layout, assumed }: InputLayout = sample.axes ? { layout: layoutOf(sample) } : inputLayout(graph, name, value.dims);
  const axes = sample.axes ?? (layout && spatialAxes(layout));
  return { name, dims: value.dims, values: floatsOf(value), labels: sample.labels, picture, ...(layout ? { layout } : {}), ...(axes ? { axes } : {}), ...(assumed === undefined ? {} : { assumed }) };
}

/** What a recipe for pictures makes of black and of white. */
function pixelRange(recipe: Job["recipe"], name: string): Pick<InputInfo, "range"> {
  const one = Object.hasOwn(recipe.inputs, name) ? recipe.inputs[name] : undefined;
  if (one?.kind !== "image") return {};
  const of = (byte: number): number[] => one.mean.map((mean, channel) => (byte * one.scale - mean) / (one.std[channel] ?? one.std[0] ?? 1));
  return { range: { low: of(0), high: of(255), axis: one.layout === "nchw" ? 1 : 3 } };
}

function layoutOf(sample: Sample): Layout {
  const { channel, height, width } = sample.axes!;
  return { channel, spatial: [height, width] };
}

