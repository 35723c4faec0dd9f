import { dirname, resolve } from "node:path";
import { UsageError } from "../../model/errors.ts";
import type { ImageArtifact } from "../../protocol/artifacts.ts";
import type { Job } from "../../protocol/job.ts";
import type { InputSources } from "../../protocol/sample.ts";
import { readSamples, type Sample } from "../../data/index.ts";
import { tokensOf } from "../../data/text.ts";
import { readMask, type Mask } from "../../data/mask.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import { floatsOf, type Feeds, type TensorValue } from "../../runtime/ort.ts";
import { cutAt } from "../../runtime/rewrite.ts";
import { withTextCodes } from "../../runtime/text-codes.ts";
import { explainedInput, tensorOf, type ExplainedInput } from "./explained-input.ts";
import { BaselineReader, type Note } from "./input-baseline.ts";
import { chosenInputs, inputChoices } from "./input-choices.ts";
import type { InputInfo } from "./technique.ts";

/** A model fed with a sample: what every technique starts from. */
export interface PreparedInput {
  /** What runs: where inputs are of token numbers, the model from their vectors on. */
  readonly model: LoadedModel;
  readonly feeds: Feeds;
  readonly samples: Readonly<Record<string, Sample>>;
  /** What a technique is about: of several explained inputs the leading one, unless they are taken together. */
  readonly input: InputInfo;
  /** All inputs that are explained, in the model's order; and those that are not, with the reason. */
  readonly explained: readonly ExplainedInput[];
  readonly notExplained: readonly { readonly input: string; readonly reason: string }[];
  /** The model from the values on that its integers are looked up as: all that is explained has gradients in it. */
  readonly cut: { readonly model: LoadedModel; readonly feeds: Feeds };
  /** The file's own model and what it is fed, before anything was looked up. */
  readonly whole: { readonly model: LoadedModel; readonly feeds: Feeds };
  readonly baselines: BaselineReader;
  /** Pictures of the explained inputs; the first is the leading one's, where that has one. */
  readonly pictures: readonly ImageArtifact[];
  /** What a part of a `baseline` parameter names, in the shape of `input`. */
  baseline(text: string, note: Note): Promise<Float32Array>;
  readMask(file: string): Promise<Mask>;
  /** Tokens by their numbers, by the tokenizer that reads the sample's text; undefined where none does. */
  readonly tokens?: (ids: readonly number[]) => Promise<readonly (string | undefined)[]>;
  /** Hashes of the baselines and masks that were read, by the file's name. */
  readonly filesRead: ReadonlyMap<string, string>;
}

/** One sample of a job. */
export interface SampleFiles {
  readonly inputs: InputSources;
  readonly recipe: Job["recipe"];
}

/** Reads a sample's files through the recipe, for all of the model's inputs. DataError where they do not fit. */
export async function readFeeds(
  model: LoadedModel,
  { inputs, recipe }: SampleFiles,
): Promise<Pick<PreparedInput, "feeds" | "samples">> {
  const samples = await readSamples(inputs, recipe, model.description.inputs, model.open.path);
  return {
    samples,
    feeds: Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, tensorOf(sample)])),
  };
}

/**
 * Feeds a model for techniques: where inputs are of token numbers, from their vectors on. DataError where files do not
 * fit.
 */
export async function prepareInput(file: LoadedModel, job: SampleFiles & Pick<Job, "explain">): Promise<PreparedInput> {
  const folder = dirname(file.open.path);
  const read = await readFeeds(file, job);
  const { model, feeds, texts } = withTextCodes(file, read.feeds);
  const samples = withTextLabels(read.samples, texts);
  const choices = inputChoices(model, job.recipe, [...texts.keys()]).filter(({ name }) => feeds[name]);
  const wanted = chosenInputs(choices, job.explain);
  if (choices.length === 0) throw new UsageError("The model has no inputs.");
  const lookups = wanted.flatMap((choice) => choice.lookups.map(({ value }) => value));
  const looked: ReadonlyMap<string, TensorValue> = lookups.length > 0 ? await model.forward(feeds, lookups) : new Map();
  const masks =
    job.explain || wanted.length < 2
      ? []
      : wanted.filter((choice) =>
          choice.lookups.some(({ value }) =>
            floatsOf(looked.get(value)!).some((number) => Math.abs(number) === Infinity),
          ),
        );
  const chosen = masks.length < wanted.length ? wanted.filter((choice) => !masks.includes(choice)) : wanted;
  const pictured = chosen.map(({ name }) => name).filter((name) => samples[name].picture);
  const idOf = (name: string): string | undefined =>
    pictured.includes(name) ? (name === pictured[0] ? "input" : `input:${name}`) : undefined;
  const given = { model, feeds, samples, recipe: job.recipe, looked };
  // Where nothing can be explained, techniques that only run the model still have an input.
  const listed = chosen.length > 0 ? chosen : choices.slice(0, 1);
  const explained = await Promise.all(listed.map((choice) => explainedInput(choice, given, idOf(choice.name))));
  const cut = fromLookedUp(model, feeds, explained, looked);
  const filesRead = new Map<string, string>();
  const noteFile = ({ name, hash }: { readonly name: string; readonly hash: string }): void => {
    filesRead.set(name, hash);
  };
  const baselines = new BaselineReader({
    model,
    feeds,
    recipe: job.recipe,
    folder,
    explained,
    texts: new Set(texts.keys()),
    chosen: job.explain !== undefined,
    noteFile,
  });
  const leading = leadingOf(explained);
  const text = Object.values(job.recipe.inputs).find((input) => input.kind === "text");
  const prepared = {
    cut,
    samples,
    explained,
    baselines,
    whole: { model, feeds },
    notExplained: choices
      .filter(({ name }) => !explained.some(({ input }) => input === name))
      .map(({ name, reason }) => ({
        input: name,
        reason:
          reason ??
          (masks.some((mask) => mask.name === name)
            ? "its looked-up values are infinite, as in a mask"
            : "another was chosen"),
      })),
    pictures: pictured.map((name): ImageArtifact => ({
      kind: "image",
      id: idOf(name)!,
      title: pictured.length > 1 ? name : "Input",
      ...samples[name].picture!,
      caption: `${samples[name].name} · ${samples[name].picture!.height}×${samples[name].picture!.width}`,
      source: { name: samples[name].name, hash: samples[name].hash },
    })),
    filesRead,
    ...(text ? { tokens: (ids: readonly number[]) => tokensOf(file.open.path, text.tokenizer, ids) } : {}),
    readMask: async (file: string) => {
      const mask = await readMask(resolve(folder, file));
      noteFile(mask);
      return mask;
    },
  };
  return aboutInput(prepared, leading);
}

/** Texts are shown as themselves where they have no columns' names. */
function withTextLabels(
  samples: PreparedInput["samples"],
  texts: ReadonlyMap<string, unknown>,
): PreparedInput["samples"] {
  return Object.fromEntries(
    Object.entries(samples).map(([name, sample]) => [
      name,
      texts.has(name) ? { ...sample, labels: sample.labels ?? (sample.data as readonly string[]) } : sample,
    ]),
  );
}

/**
 * The same with one of its explained inputs as the one that a technique is about; of tokens with several vectors, or
 * categories, their numbers.
 */
export function aboutInput(
  prepared: Omit<PreparedInput, "model" | "feeds" | "input" | "baseline">,
  { kind, shown, ...explained }: ExplainedInput,
): PreparedInput {
  const own = kind === "floats" || kind === "vectors";
  const { baselines } = prepared;
  return {
    ...prepared,
    ...(own ? prepared.cut : prepared.whole),
    input: shown,
    baseline: async (text, note) =>
      own
        ? (await baselines.segments({ kind, shown, ...explained }, text, note))[0]
        : baselines.integers({ kind, shown, ...explained }, text, note),
  };
}

/** A picture or signal before a row, floats before tokens: what maps lie over. */
function leadingOf(explained: readonly ExplainedInput[]): ExplainedInput {
  return (
    explained.find(({ shown }) => shown.picture !== undefined) ??
    explained.find(({ kind, shown }) => kind === "floats" && shown.layout) ??
    explained.find(({ kind }) => kind === "floats") ??
    explained.find(({ segments }) => segments.length === 1) ??
    explained[0]
  );
}

/** The model from the values on that its integers are looked up as. */
function fromLookedUp(
  model: LoadedModel,
  feeds: Feeds,
  explained: readonly ExplainedInput[],
  looked: ReadonlyMap<string, TensorValue>,
): Pick<PreparedInput, "model" | "feeds"> {
  const cuts = explained
    .filter(({ kind }) => kind !== "floats")
    .flatMap(({ input, segments }) => {
      const open = typeof model.description.inputs.find(({ name }) => name === input)?.dims?.[0] !== "number";
      return segments.map(({ name, dims, dataType }) => ({
        name,
        type: { dataType, dims: open && dims[0] === feeds[input].dims[0] ? [null, ...dims.slice(1)] : dims },
      }));
    });
  if (cuts.length === 0) return { model, feeds };
  const from = model.derive(`vectors:${JSON.stringify(cuts)}`, (whole) =>
    cuts.reduce((cut, { name, type }) => cutAt(cut, name, type), whole),
  );
  const names = new Set(from.description.inputs.map(({ name }) => name));
  return {
    model: from,
    feeds: Object.fromEntries([...Object.entries(feeds), ...looked].filter(([name]) => names.has(name))),
  };
}
