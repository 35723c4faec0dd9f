import { UsageError } from "../../model/errors.ts";
import { elementCount, isFloat, type DataType } from "../../model/graph.ts";
import { makersOf } from "../../model/makers.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import type { ValueDescription } from "../../protocol/model.ts";
import type { OutputRecipe } from "../../protocol/recipe.ts";
import { elementIndex, normaliseIndex, regionText, usualOutput } from "../../protocol/target.ts";
import { namesFit } from "../../runtime/explainable.ts";
import type { ColumnOutputs } from "../../runtime/column-outputs.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import { floatsOf, numbersOf, type Feeds, type TensorValue } from "../../runtime/ort.ts";
import { hasBatchAxis, type BatchFacts } from "../../runtime/batch-axis.ts";
import { classifierLabel } from "../../runtime/classifier-label.ts";
import { contradiction } from "../../runtime/output-claims.ts";
import { outputMeaning, type ModelOutput, type OutputMeaning } from "../../runtime/outputs.ts";
import { oneHotOf } from "../../runtime/one-hot.ts";
import { isPlaceOfLargest } from "../../runtime/score.ts";
import { topScores } from "../../runtime/top-scores.ts";
import { graphOf } from "../../runtime/value-facts.ts";
import type { InputInfo, TargetInfo } from "./technique.ts";

/**
 * What the recipe says of outputs, with its files of class names read: by output name, and for the one that is looked
 * at by itself.
 */
export interface OutputHints {
  /** Class names of the recipe itself, which belong to the output that is chosen by itself. */
  readonly classes: readonly string[];
  readonly outputs: Readonly<
    Record<string, { readonly kind?: OutputRecipe["kind"]; readonly classes?: readonly string[] }>
  >;
}

export const NO_HINTS: OutputHints = { classes: [], outputs: {} };

export interface ReadOutput {
  readonly output: ModelOutput;
  readonly classes: readonly string[];
  /** What a person should know of the choice. */
  readonly notes: readonly string[];
  /** What speaks against the class names: how many more or fewer they are than the output's values. */
  readonly names?: { readonly missing: number; readonly note: string };
}

/** Runs the model to its chosen output, and says what that is. UsageError for one that it does not have. */
export async function readOutput(
  model: LoadedModel,
  feeds: Feeds,
  input: InputInfo,
  asked: string | undefined,
  hints: OutputHints,
): Promise<ReadOutput> {
  const { outputs } = model.description;
  const usual = usualOutput(model.description);
  const name = asked ?? usual;
  if (name === undefined || usual === undefined) throw new UsageError("The model has no outputs.");
  const table = tableOf(model, name, asked !== undefined);
  const described = outputs.find((one) => one.name === (table?.outputs[0] ?? name));
  if (!described)
    throw new UsageError(
      `The model has no output "${name}".`,
      name,
      `Its outputs are ${outputs.map((one) => one.name).join(", ")}.`,
    );
  const notes: string[] = [];
  if (asked === undefined && !table && usual !== outputs[0].name)
    notes.push(`The output is "${usual}": "${outputs[0].name}" (${outputs[0].type}) ${notScores(model, outputs[0])}.`);
  const { value, note, names } = table
    ? {
        value: table.table,
        names: table.classes,
        note: `The outputs ${table.outputs.map((one) => `"${one}"`).join(", ")} are the classes of one table, "${table.table}".`,
      }
    : standsFor(model, name, asked !== undefined);
  if (note) notes.push(note);
  const top = topScores(model.model.graph, value);
  const label = names && classifierLabel(model.model.graph, value);
  const ran = await model.forward(feeds, [
    value,
    ...(top && top.indices !== value ? [top.indices] : []),
    ...(label ? [label.label] : []),
  ]);
  const tensor = ran.get(value)!;
  const indices = top && ran.get(top.indices);
  const dims = hasBatch(model, input, value, tensor.dims, described.dims?.[0]) ? tensor.dims : [1, ...tensor.dims];
  const recipe = Object.hasOwn(hints.outputs, name) ? hints.outputs[name] : undefined;
  const known = recipe?.classes ?? (name === usual && hints.classes.length > 0 ? hints.classes : undefined);
  const column = table ? undefined : model.columns(name);
  const own = column && column.classes[column.outputs.indexOf(name)];
  const classes = known ?? (own !== undefined ? [`not ${own}`, own] : names && namesFit(names, dims) ? names : []);
  const values = numbersIn(tensor);
  const seen = await graphOf(model, feeds, value);
  const ofTable: OutputMeaning | undefined =
    column && recipe?.kind === undefined && elementCount(dims.slice(1)) === 1
      ? {
          kind: "independent",
          form: "as-is",
          binary: true,
          assumed: false,
          classAxis: dims.length - 1,
          why: `It is the probability of one class, a column of "${column.table}": without --output, all columns are read as one table, from their logits.`,
        }
      : undefined;
  const meaning =
    ofTable ??
    outputMeaning({
      ...seen,
      file: model.open.model.graph,
      name,
      value,
      dataType: tensor.dataType,
      dims,
      values,
      classes: classes.length,
      recipe: recipe?.kind ? { kind: recipe.kind } : undefined,
      inputs: floatInputs(feeds, input),
    });
  const mismatch = indices ? undefined : namesMismatch(classes, meaning, dims);
  const doubt =
    mismatch === undefined
      ? {}
      : {
          names: {
            missing: dims[meaning.classAxis] - classes.length,
            note: `There ${classes.length === 1 ? "is one class name" : `are ${classes.length} class names`} for the output "${name}", which has ${mismatch}: the names may belong to another model.`,
          },
        };
  const chosen = label && namesFit(names, dims) ? otherLabel(ran.get(label.label)!, names, values) : undefined;
  if (chosen)
    notes.push(
      `The model's own label, "${label!.label}", is ${chosen.label}, though the largest of "${value}" is ${chosen.largest}'s: ${label!.by} does not choose the largest score here.`,
    );
  const texts = tensor.dataType === "string" ? { texts: tensor.data as readonly string[] } : {};
  const output = {
    name: table?.table ?? name,
    ...(table ? { columns: table.outputs } : {}),
    value,
    dims,
    shape: tensor.dims,
    values,
    meaning,
    ...texts,
    ...(indices && indices !== tensor ? { numbers: numbersOf(indices) } : {}),
  };
  const against = recipe?.kind ? contradiction(output) : undefined;
  if (against) notes.push(against);
  return { output, classes, notes, ...doubt };
}

/**
 * Of outputs that are a class each, all of them as one table: where nobody asks for one, or asks for the table by its
 * name.
 */
function tableOf(model: LoadedModel, name: string, asked: boolean): ColumnOutputs | undefined {
  if (!asked) return model.columns(name);
  if (model.description.outputs.some((one) => one.name === name)) return undefined;
  return model.description.outputs.map((one) => model.columns(one.name)).find((table) => table?.table === name);
}

/** Why an output is not the one that is looked at by itself. */
function notScores(model: LoadedModel, { name, type }: ValueDescription): string {
  if (isPlaceOfLargest(model.model.graph, name) || oneHotOf(makersOf(model.model.graph), name)) return "is a label";
  if (/^b?float/.test(type)) return "is a map, not scores";
  return type.startsWith("seq") || type.startsWith("optional") ? "is not a tensor" : "holds no scores";
}

/**
 * The value that is run to for an output: another one where the output is no tensor of floats, and that is said. A
 * label that is asked for stays one.
 */
function standsFor(
  model: LoadedModel,
  name: string,
  asked: boolean,
): { value: string; note?: string; names?: readonly string[] } {
  const found = model.explainable(name);
  if (!found || found.by === "itself") return { value: name, names: found?.classes };
  if (found.by === "label" && asked && model.description.explainable?.[0] !== name) return { value: name };
  return { value: found.value, names: found.classes, note: `Instead of the output "${name}", this uses ${found.why}.` };
}

/**
 * The first sample's label and the class of its largest score, where they are two; undefined where they are one, or
 * where the label is none of the names.
 */
function otherLabel(
  label: TensorValue,
  names: readonly string[],
  values: Float32Array,
): { readonly label: string; readonly largest: string } | undefined {
  const own = label.dataType === "string" ? (label.data as readonly string[])[0] : String(numbersOf(label)[0]);
  const at = names.indexOf(own);
  const scores = values.subarray(0, names.length);
  const largest = scores.reduce((best, value) => Math.max(best, value), -Infinity);
  return at < 0 || !(scores[at] < largest) ? undefined : { label: own, largest: names[scores.indexOf(largest)] };
}

/**
 * How many elements the class names do not fit; undefined where they do, or where the output has no list of classes.
 */
function namesMismatch(
  classes: readonly string[],
  { kind, binary, classAxis }: ModelOutput["meaning"],
  dims: readonly number[],
): string | undefined {
  const known = ["logits", "probabilities", "independent", "log-probabilities", "mask"].includes(kind);
  const count = binary ? 2 : dims[classAxis];
  if (
    !known ||
    classes.length === 0 ||
    classes.length === count ||
    (binary && classes.length === 1) ||
    (kind === "mask" && count === 1)
  )
    return undefined;
  return binary ? "one number for two classes" : `${count} values`;
}

/** Texts have no numbers. */
function numbersIn(tensor: TensorValue): Float32Array {
  return tensor.dataType === "string" ? new Float32Array(elementCount(tensor.dims)).fill(NaN) : floatsOf(tensor);
}

/** Whether a value's first axis is the input's batch; `declared`: what the file says of it. */
export function hasBatch(
  model: LoadedModel,
  input: InputInfo,
  value: string,
  shape: readonly number[],
  declared: BatchFacts["declared"],
): boolean {
  return hasBatchAxis(model.model.graph, value, {
    shape,
    declared,
    batch: batchOf(input, model.description.inputs.find((one) => one.name === input.name)?.dims),
  });
}

/**
 * The input's batch axis; undefined where the picture begins with its first axis, or where a vector has a fixed length.
 */
function batchOf({ dims, layout, tokensOf }: InputInfo, declared: ValueDescription["dims"]): BatchFacts["batch"] {
  if (dims.length === 0 || layout?.channel === 0 || layout?.spatial.includes(0)) return undefined;
  if (dims.length === 1 && typeof declared?.[0] === "number" && tokensOf === undefined) return undefined;
  return { length: dims[0], declared: declared?.[0] };
}

function floatInputs(feeds: Feeds, input: InputInfo): { dims: readonly number[]; picture: boolean }[] {
  return Object.entries(feeds)
    .filter(([, { dataType }]) => isFloat(dataType as DataType))
    .map(([name, { dims }]) => ({
      dims,
      picture: name === input.name && (input.picture !== undefined || input.axes !== undefined),
    }));
}

/**
 * What is explained of an output: its largest element where nothing is asked for, of distances the smallest. UsageError
 * where it is none of the output's.
 */
export function resolveTarget(output: ModelOutput, spec: TargetSpec, classes: readonly string[]): TargetInfo {
  if (output.values.length === 0)
    throw new UsageError(
      `The output "${output.name}" [${output.shape.join(", ")}] is empty for this input, so there is no score to explain.`,
      output.name,
      "Choose another input or output.",
    );
  if (spec.region) return regionTarget(output, spec.region);
  const index = spec.index ? checkedIndex(output, spec.index) : strongest(output);
  if (spec.not) return negatedTarget(output, index, classes);
  const against = spec.against && checkedIndex(output, spec.against);
  const flat = flatIndex(output, index);
  const name = (at: readonly number[]): string => classLabel(classes, output, flatIndex(output, at));
  return {
    index,
    at: [flat],
    label: against ? `${name(index)} − ${name(against)}` : name(index),
    ...(against ? { against, againstAt: flatIndex(output, against) } : {}),
  };
}

function negatedTarget(output: ModelOutput, index: readonly number[], classes: readonly string[]): TargetInfo {
  if (!output.meaning.binary) {
    throw new UsageError(
      `not: applies to one score for two classes; the output "${output.name}" [${output.shape.join(", ")}] is read as ${output.meaning.kind}.`,
      output.name,
      "--against explains the difference of two elements.",
    );
  }
  return { index, at: [flatIndex(output, index)], negated: true, label: negativeLabel(classes) };
}

function regionTarget(output: ModelOutput, asked: NonNullable<TargetSpec["region"]>): TargetInfo {
  const { dims, name } = output;
  const extra = dims.length - 1 - asked.length;
  const region =
    extra > 0 && dims.slice(1, 1 + extra).every((size) => size === 1)
      ? [...Array.from({ length: extra }, () => [0, 1] as const), ...asked]
      : asked;
  const [first, last] = [region.map(([from]) => from), region.map(([, before]) => before - 1)];
  checkIndex(output, first);
  checkIndex(output, last);
  if (region.some(([from, before]) => before <= from))
    throw new UsageError(
      `The region ${regionText(region)} is empty.`,
      name,
      "Each range is START:END (END excluded), such as 10:20.",
    );
  const count = region.reduce((product, [from, before]) => product * (before - from), 1);
  return {
    index: first,
    region,
    at: flatRegion(output, region),
    label: `sum over ${regionText(region)} (${count} values)`,
  };
}

/** Flat indices, in batch entry 0, of a region. */
function flatRegion({ dims }: ModelOutput, region: NonNullable<TargetInfo["region"]>): number[] {
  return region.reduce<number[]>(
    (flat, [from, before], axis) =>
      flat.flatMap((index) => Array.from({ length: before - from }, (_, i) => index * dims[axis + 1] + from + i)),
    [0],
  );
}

/** Index, without the batch axis, of the largest finite element of batch entry 0; of distances the smallest. */
function strongest({ dims, values, meaning }: ModelOutput): number[] {
  const count = elementCount(dims.slice(1));
  const sign = meaning.least ? -1 : 1;
  let best = 0;
  for (let i = 1; i < count; i++) if (sign * values[i] > sign * values[best] || Number.isNaN(values[best])) best = i;
  return elementIndex(dims, best);
}

function checkedIndex(output: ModelOutput, asked: readonly number[]): readonly number[] {
  const index = normaliseIndex(output.dims, asked);
  checkIndex(output, index);
  return index;
}

function checkIndex({ name, dims, shape }: ModelOutput, index: readonly number[]): void {
  const inner = dims.slice(1);
  const batch = dims.length === shape.length;
  if (index.length !== inner.length && !(inner.length === 0 && index.length <= 1)) {
    throw new UsageError(
      `The target ${index.join(",")} has ${index.length} ${index.length === 1 ? "index" : "indices"}; the output "${name}" [${shape.join(", ")}] needs ${inner.length}${batch ? ", without the batch axis" : ""}.`,
      name,
    );
  }
  inner.forEach((size, axis) => {
    if (!Number.isInteger(index[axis]) || index[axis] < 0 || index[axis] >= size) {
      throw new UsageError(
        `The target ${index.join(",")} is out of range: the output "${name}" has ${size} entries along axis ${axis + (batch ? 1 : 0)} (0 to ${size - 1}).`,
        name,
      );
    }
  });
}

export function flatIndex({ dims }: Pick<ModelOutput, "dims">, index: readonly number[]): number {
  return dims.slice(1).reduce((flat, size, axis) => flat * size + (index[axis] ?? 0), 0);
}

/** An element's name: its class, or its index ("3, 17, 20"); in a map of classes both ("cat at 17, 20"). */
export function classLabel(
  classes: readonly string[],
  { dims, meaning, texts, values, numbers }: Pick<ModelOutput, "dims" | "meaning" | "texts" | "values" | "numbers">,
  flat: number,
): string {
  if (texts) return texts[flat];
  if (meaning.kind === "label") return classes[values[flat]] ?? String(values[flat]);
  if (numbers) return classes[numbers[flat]] ?? String(numbers[flat]);
  if (meaning.binary) return positiveLabel(classes);
  const inner = dims.slice(1);
  if (inner.filter((size) => size !== 1).length <= 1) return classes[flat] ?? String(flat);
  const index = elementIndex(dims, flat);
  const axis = meaning.classAxis - 1;
  const name = classes.length > 0 && classes.length === inner[axis] ? classes[index[axis]] : undefined;
  return name === undefined ? index.join(", ") : `${name} at ${index.filter((_, at) => at !== axis).join(", ")}`;
}

/**
 * Of one number that tells two classes apart. Two names are [negative, positive], as in scikit-learn and Keras; one is
 * the positive's.
 */
function positiveLabel(classes: readonly string[]): string {
  return classes[classes.length === 2 ? 1 : 0] ?? "positive";
}

export function negativeLabel(classes: readonly string[]): string {
  if (classes.length === 2) return classes[0];
  return classes[0] === undefined ? "negative" : `not ${classes[0]}`;
}
