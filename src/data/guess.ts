import path from "node:path";
import type { ModelDescription, ValueDescription } from "../protocol/model.ts";
import type { ImageRecipe, InputRecipe, Recipe, RecipeReport, TextRecipe } from "../protocol/recipe.ts";
import { readFilesBeside } from "./beside.ts";
import type { FilesBeside } from "./beside.ts";
import { namesFromMetadata, readClasses } from "./classes.ts";
import { findFrontNormalization } from "./graph-front.ts";
import type { ReadConstant } from "./graph-front.ts";
import { findHints } from "./preprocessing-hints.ts";
import { guessSamplingRate } from "./sampling-rate.ts";
import { LARGEST_SIDE } from "./validate.ts";

/**
 * A recipe for a model that comes without one, from the names and shapes of its inputs, a normalization at the graph's
 * front, the file's metadata, and the files beside it. `reasons` has a sentence for each thing assumed, for the person
 * to judge.
 */
export async function guessRecipe(description: ModelDescription, readConstant?: ReadConstant): Promise<RecipeReport> {
  const beside = await readFilesBeside(description.path);
  const reasons: string[] = [...beside.problems];
  const inputs: [string, InputRecipe][] = [];
  for (const input of description.inputs) {
    inputs.push([input.name, await guessInput(input, description, beside, reasons, readConstant)]);
  }
  const problems: string[] = [];
  const { classes, names } = await guessClasses(description, beside, reasons, problems);
  const recipe: Recipe = { version: 1, inputs: Object.fromEntries(inputs), ...(classes !== undefined && { classes }) };
  return { recipe, reasons: [...reasons, ...problems], classes: names, ...(problems.length > 0 && { problems }) };
}

async function guessInput(
  input: ValueDescription,
  description: ModelDescription,
  beside: FilesBeside,
  reasons: string[],
  readConstant?: ReadConstant,
): Promise<InputRecipe> {
  if (input.type === "string") {
    reasons.push(`Input "${input.name}": text, by its type: table cells (.csv), one text (.txt) or a list (.json).`);
    return { kind: "row" };
  }
  if (input.tensor) {
    const { keys } = input.tensor;
    reasons.push(
      `Input "${input.name}": a map, given as a tensor: an object (.json)${keys ? ", or a table row with its keys as columns" : ""}.`,
    );
    return { kind: "row", ...(keys && { columns: keys }) };
  }
  const layout = imageLayout(input);
  if (layout) return guessImage(input, layout, description, beside, reasons, readConstant);
  const text = guessText(input, beside);
  if (text) {
    reasons.push(`Input "${input.name}": ${text.part} of ${text.tokenizer}, at most ${text.maxLength} tokens.`);
    return text;
  }
  const rank = input.dims?.length ?? 0;
  const sampling = guessSamplingRate(input, description.metadata, beside);
  if (sampling) {
    reasons.push(
      `Input "${input.name}": a signal (.npy) with ${sampling.rate} samples per second, from ${sampling.from}.`,
    );
    return { kind: "array", rate: sampling.rate };
  }
  if (/^(float|u?int)/.test(input.type) && rank >= 1 && rank <= 2 && !isTokenInput(input)) {
    const columns = guessColumns(input, description);
    reasons.push(
      `Input "${input.name}": a row of numbers, by its shape${columns ? `; its columns from the model's metadata ("${columns.key}")` : ""}.`,
    );
    return { kind: "row", ...(columns && { columns: columns.names }) };
  }
  const why =
    isTokenInput(input) && !beside.tokenizer
      ? `token IDs, but there is no tokenizer.json beside the model${isRepository(description.path) ? "or above its folder" : ""}`
      : "not an image, a table row or text by its shape";
  reasons.push(`Input "${input.name}": an array (.npy), unchanged: ${why}.`);
  return { kind: "array" };
}

/** Where an input's axes are, if it may be a picture of one or three channels. */
interface Layout {
  readonly layout: "nchw" | "nhwc";
  readonly channels: 1 | 3;
  readonly height?: number;
  readonly width?: number;
  /** The channel count is not fixed by the model. */
  readonly open: boolean;
}

function imageLayout({ name, type, dims }: ValueDescription): Layout | undefined {
  const looksImage = /image|img|pixel|picture|photo/i.test(name);
  if (!/^(float(16|32|64)|u?int8)$/.test(type)) return undefined;
  if (!dims) return looksImage ? { layout: "nchw", channels: 3, open: true } : undefined;
  const withoutBatch = dims.length === 3 && (dims[0] === 1 || dims[0] === 3 || dims[2] === 3) && looksLikeSides(dims);
  if (dims.length !== 4 && !withoutBatch) return undefined;
  const axes = dims.slice(dims.length - 3);
  const read = (layout: "nchw" | "nhwc", open = false): Layout => {
    const [c, h, w] = layout === "nchw" ? axes : [axes[2], axes[0], axes[1]];
    return { layout, channels: c === 1 ? 1 : 3, height: numberOf(h), width: numberOf(w), open };
  };
  if (axes[0] === 3) return read("nchw");
  if (axes[2] === 3) return read("nhwc");
  if (axes[0] === 1) return read("nchw");
  if (axes[2] === 1) return read("nhwc");
  // Symbols, or nothing: a name may say which axis is which.
  if (typeof axes[0] === "number") return typeof axes[2] === "number" ? undefined : read("nhwc", true);
  return read(/^c(h|han)?/i.test(String(axes[2] ?? "")) ? "nhwc" : "nchw", true);
}

/** [3,H,W] or [H,W,3] without a batch: sides of a picture rather than a batch of sequences. */
function looksLikeSides(dims: NonNullable<ValueDescription["dims"]>): boolean {
  const sides = dims[2] === 3 ? [dims[0], dims[1]] : [dims[1], dims[2]];
  return sides.every((side) => typeof side === "number" && side >= 16) && (dims[0] !== 1 || sides[0] === sides[1]);
}

async function guessImage(
  input: ValueDescription,
  found: Layout,
  description: ModelDescription,
  beside: FilesBeside,
  reasons: string[],
  readConstant?: ReadConstant,
): Promise<ImageRecipe> {
  const say = (text: string): void => {
    reasons.push(`Input "${input.name}": ${text}.`);
  };
  const { layout, channels } = found;
  const place = found.open ? "assumed, because its channels are not fixed" : "by its shape";
  say(`an image, ${channels === 1 ? "grey" : "RGB"}, ${layout.toUpperCase()}, ${place}`);
  const hints = findHints(description.metadata, beside);
  const line = hints ? undefined : lineOfText(found, description);
  const size = line ?? guessSize(found, hints?.size, say);
  const base: ImageRecipe = {
    kind: "image",
    size,
    fit: "center-crop",
    cropFraction: 1,
    fill: 0,
    interpolation: "bilinear",
    channels: channels === 1 ? "gray" : "rgb",
    layout,
    scale: 1 / 255,
    mean: [0],
    std: [1],
  };
  const front = await findFrontNormalization(description, input.name, readConstant);
  const { channels: order, ...shape } = hints?.geometry ?? {};
  const geometry = { ...shape, ...(order && channels === 3 && { channels: order }) };
  if (hints) {
    say(`${Object.keys({ ...geometry, ...(front ? {} : hints.values) }).join(", ") || "size"} from ${hints.from}`);
    for (const note of hints.notes ?? []) say(`${hints.from}: ${note}`);
    if (hints.unfollowed?.length)
      say(
        `${hints.from} asks for ${hints.unfollowed.join("; ")}; this is not supported here. If it matters, preprocess the image yourself and give an array (.npy)`,
      );
    if (hints.size && `${hints.size}` !== `${size}`)
      say(`${hints.from} asks for ${hints.size.join("×")}, but the model takes ${size.join("×")}`);
  }
  if (line) {
    say(
      `${line.join("×")}, because the model has a fixed height and outputs a sequence, like a text line recogniser: the width is assumed, and the line is padded to it`,
    );
    Object.assign(base, { fit: "pad" as const });
  } else if (geometry.fit === undefined && !(channels === 3 && classCount(description) === 1000))
    say("an image of another aspect ratio is cropped at the centre, which is assumed");
  if (/int8$/.test(input.type)) {
    say("bytes, unchanged, by its type");
    return { ...base, ...geometry, scale: 1 };
  }
  if (front) {
    const scale = front.expects === "bytes" ? 1 : 1 / 255;
    const range = { bytes: "bytes from 0 to 255", unit: "values from 0 to 1" }[front.expects ?? "unit"];
    say(
      `the graph normalises its input (${front.operators.join(", ")}): it gets ${range}${front.expects ? "" : ", which is assumed"}`,
    );
    return { ...base, ...geometry, scale };
  }
  if (hints?.values) return { ...base, ...geometry, ...fitChannels(hints.values, channels) };
  if (channels === 3 && classCount(description) === 1000) {
    say("mean, std and crop of ImageNet's usual preprocessing (resize 256, crop 224), because there are 1000 classes");
    return { ...base, cropFraction: 0.875, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], ...geometry };
  }
  say("values from 0 to 1, which is assumed: the mean and standard deviation used in training are not known");
  return { ...base, ...geometry };
}

/** Models of a Hugging Face repository lie in its folder `onnx`. */
function isRepository(modelPath: string): boolean {
  return path.basename(path.dirname(path.resolve(modelPath))) === "onnx";
}

/**
 * Recognisers of text take a line of a fixed height and any width, and give a score for each step along it: PP-OCR's
 * are trained at 320 wide.
 */
function lineOfText({ height, width }: Layout, { outputs }: ModelDescription): [number, number] | undefined {
  return height !== undefined && height <= 64 && width === undefined && outputs[0]?.dims?.length === 3
    ? [height, 320]
    : undefined;
}

function guessSize(
  found: Layout,
  hinted: readonly [number, number] | undefined,
  say: (text: string) => void,
): [number, number] {
  const [height, width] = [found.height, found.width].map((side) =>
    side !== undefined && side <= LARGEST_SIDE ? side : undefined,
  );
  if (height !== undefined && width !== undefined) return [height, width];
  const known = height ?? width;
  if (hinted) return [height ?? hinted[0], width ?? hinted[1]];
  say(
    known === undefined
      ? "224×224, because the model takes any size"
      : `${known}×${known}, because the model fixes only one side`,
  );
  return [height ?? known ?? 224, width ?? known ?? 224];
}

/** Three means for a grey input become their average. */
function fitChannels(values: Partial<Pick<ImageRecipe, "scale" | "mean" | "std">>, channels: 1 | 3): typeof values {
  const fit = (list: readonly number[]): readonly number[] =>
    list.length === channels || list.length === 1 ? list : [list.reduce((sum, one) => sum + one, 0) / list.length];
  return { ...values, ...(values.mean && { mean: fit(values.mean) }), ...(values.std && { std: fit(values.std) }) };
}

const tokenParts: readonly (readonly [RegExp, TextRecipe["part"]])[] = [
  [/attention|mask/i, "attention-mask"],
  [/token_?type|segment/i, "type-ids"],
  [/position/i, "positions"],
  [/ids?$|tokens?|input/i, "ids"],
];

/** [N, 1] is a column of a table: what converters make of a data frame. */
function isTokenInput({ type, dims }: ValueDescription): boolean {
  return /^int(32|64)$/.test(type) && (dims === undefined || (dims.length === 2 && dims[1] !== 1) || dims.length === 1);
}

/** Columns' names that the model's file holds, where they are as many as the only input takes. */
function guessColumns(
  { dims }: ValueDescription,
  { inputs, metadata }: ModelDescription,
): { names: readonly string[]; key: string } | undefined {
  if (inputs.length !== 1) return undefined;
  const found = namesFromMetadata(metadata, [
    "feature_names",
    "feature_names_in_",
    "features",
    "columns",
    "input_features",
  ]);
  return found && found.names.length === numberOf(dims?.at(-1)) && found.names.every((name) => name !== "")
    ? found
    : undefined;
}

function guessText(input: ValueDescription, beside: FilesBeside): TextRecipe | undefined {
  const part = tokenParts.find(([pattern]) => pattern.test(input.name))?.[1];
  if (!beside.tokenizer || !isTokenInput(input) || !part) return undefined;
  return {
    kind: "text",
    tokenizer: beside.tokenizer,
    maxLength: numberOf(input.dims?.at(-1)) ?? beside.maxLength ?? 512,
    part,
  };
}

async function guessClasses(
  description: ModelDescription,
  beside: FilesBeside,
  reasons: string[],
  problems: string[],
): Promise<{ classes?: readonly string[] | string; names: readonly string[] }> {
  const wanted = classCount(description);
  const embedded = namesFromMetadata(description.metadata);
  if (embedded) {
    reasons.push(`Class names from the model's metadata ("${embedded.key}").`);
    return { classes: embedded.names, names: embedded.names };
  }
  const others: string[] = [];
  for (const file of beside.classFiles) {
    const { classes, reason, notes = [] } = await readClasses(file, description.path);
    if (reason) problems.push(reason);
    if (classes.length === 0) continue;
    // A list of another length is another model's; several may lie in one folder. Without a known count any list will
    // do.
    if (wanted !== undefined && classes.length !== wanted) {
      others.push(
        `${file} has ${classes.length} class names, but the model's first output has ${wanted} values: they are not used.${notes.map((note) => ` ${note}`).join("")}`,
      );
      continue;
    }
    reasons.push(`Class names from ${file}.`);
    return { classes: file, names: classes };
  }
  problems.push(...others);
  return { names: [] };
}

/** The length of the first output's last axis, where it is a list of scores. */
function classCount({ outputs }: ModelDescription): number | undefined {
  const dims = outputs[0]?.dims;
  return dims && dims.length <= 2 ? numberOf(dims.at(-1)) : undefined;
}

function numberOf(dim: number | string | null | undefined): number | undefined {
  return typeof dim === "number" && dim > 0 ? dim : undefined;
}
