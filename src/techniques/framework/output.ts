import { UsageError } from "../../model/errors.ts";
import { elementCount, isFloat, type DataType } from "../../model/graph.ts";
import { makersOf } from "../../model/makers.ts";
import type { ValueDescription } from "../../protocol/model.ts";
import type { OutputRecipe } from "../../protocol/recipe.ts";
import { usualOutput } from "../../protocol/target.ts";
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
import type { InputInfo } from "./technique.ts";

/**
 * What the recipe says of outputs, with its files of class names read: by output name, and for the one that is looked
 * at by itself.
 */
export interface OutputHints {
  /** Class names of the recipe itself, which belong to the output that is chosen by itself. */
  readonly classes: readonly string[];
  readonly outputs: Readonly<Record<string, Omit<OutputRecipe, "classes"> & { readonly classes?: readonly string[] }>>;
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
  /** Whether the outputs are kept, for another look at them. */
  kept = false,
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
  const fetch = [value, ...(top && top.indices !== value ? [top.indices] : []), ...(label ? [label.label] : [])];
  const ran = await (kept ? model.forwardKept(feeds, fetch) : model.forward(feeds, fetch));
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
    ...(recipe?.as ? { as: recipe.as } : {}),
    ...(recipe?.unit ? { unit: recipe.unit } : {}),
    ...(recipe?.skeleton ? { skeleton: recipe.skeleton } : {}),
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
