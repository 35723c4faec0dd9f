import { stat } from "node:fs/promises";
import path from "node:path";
import { DataError } from "../model/errors.ts";
import type { SpatialAxes } from "../protocol/artifacts.ts";
import { PICTURE_EXTENSIONS, hasEnding, isArrayName, isNpy, isNpz } from "../protocol/file-types.ts";
import type { ValueDescription } from "../protocol/model.ts";
import type { InputRecipe, PictureGeometry } from "../protocol/recipe.ts";
import { looksLike, readBytes, readHead, sha256 } from "./files.ts";
import { pictureGeometry } from "./geometry.ts";
import { isJson, readJsonSample } from "./json-sample.ts";
import { decodeNpy, decodeNpz } from "./npy.ts";
import type { NpyArray } from "./npy.ts";
import { readPicture } from "./picture.ts";
import { preparePicture } from "./preprocess.ts";
import { displayArray, imageAxes } from "./array-picture.ts";
import { matchDims, shapeText } from "./shape.ts";
import { readRows } from "./row.ts";
import { isTable, splitRow } from "./table.ts";
import { convertElements, elementTypeOf, fromNumbers, toNumbers } from "./tensor.ts";
import type { ElementType, TensorData } from "./tensor.ts";
import { readText } from "./text.ts";
import { textSample } from "./text-sample.ts";

/** What one model input is fed. */
export interface Sample {
  /** The file's name ("cat.png", "t.csv#12") or the beginning of a text. */
  readonly name: string;
  /** SHA-256 of the file's bytes (and the row, or the array's name). */
  readonly hash: string;
  readonly dataType: ElementType | "string";
  readonly dims: readonly number[];
  /** For onnxruntime: float16 as bits in a Uint16Array, bool as bytes. */
  readonly data: TensorData | readonly string[];
  /** What the model sees, in display colours, after crop and resize: RGB bytes [height, width, 3]. */
  readonly picture?: { readonly width: number; readonly height: number; readonly pixels: Uint8Array };
  /** Where that lies in the picture file; absent for arrays. */
  readonly geometry?: PictureGeometry;
  /** The tensor's axes, where it is a picture. */
  readonly axes?: SpatialAxes;
  /** The columns behind a row's values; the tokens behind a text's. */
  readonly labels?: readonly string[];
  /** What was assumed in reading it, in sentences. */
  readonly notes?: readonly string[];
}

/** The model's input as a description of it says. */
export type SampleInput = Pick<ValueDescription, "name" | "type" | "dims" | "tensor">;

/** An input of maps as the tensor that is given in its place. */
export function asTensorInput<T extends SampleInput>(input: T): T {
  return input.tensor ? { ...input, type: input.tensor.type } : input;
}

const fileLimit = 2 ** 30;

/**
 * One file (or text) as what the model's input takes. A .npy is the tensor itself, past the recipe: its type must
 * convert without loss (floats may be rounded), its shape must be the model's (a batch axis of one is added where
 * exactly that is missing). So is a .json, and so are the texts of an input of strings: a table's cells, a .txt file,
 * or the text itself. Everything else goes through the recipe. A text recipe's tokenizer lies beside the model. Throws
 * a DataError that names the file, both shapes or types, and what to do.
 */
export async function readSample(
  spec: string,
  recipe: InputRecipe,
  given: SampleInput,
  modelPath = spec,
): Promise<Sample> {
  const input = asTensorInput(given);
  if (isJson(spec)) return readJsonSample(spec, input);
  if (input.type === "string") return readTexts(spec, recipe, input);
  if (isNpy(spec)) {
    const bytes = await readBytes(spec, fileLimit);
    return arraySample(decodeNpy(bytes, spec), path.basename(spec), sha256(bytes), spec, recipe, input);
  }
  if (isNpz(spec)) {
    const bytes = await readBytes(spec, fileLimit);
    const arrays = decodeNpz(bytes, spec);
    const array = arrays.get(input.name) ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined);
    if (!array)
      throw new DataError(
        `The archive has no array "${input.name}".`,
        spec,
        `It has ${[...arrays.keys()].join(", ") || "none"}.`,
      );
    return arraySample(array, path.basename(spec), sha256(bytes, `#${input.name}`), spec, recipe, input);
  }
  switch (recipe.kind) {
    case "image": {
      const { hash, notes, ...picture } = await readPicture(spec);
      const { dims, values, shown } = preparePicture(picture, recipe);
      const fixed = matchDims(
        dims,
        input,
        spec,
        "The recipe produces an image of",
        "Change the recipe's size, channels or layout.",
      );
      const dataType = elementTypeOf(input.type, input.name);
      const axes = axesOf(recipe.layout, fixed.length);
      return {
        name: path.basename(spec),
        hash,
        dataType,
        dims: fixed,
        data: fromNumbers(values, dataType),
        picture: shown,
        geometry: pictureGeometry(picture, recipe),
        axes,
        notes,
      };
    }
    case "row": {
      if (!isTable(spec))
        throw await wrongFile(spec, input, "a row of a table (.csv, with #12 for row 12) or an array (.npy, .npz)");
      return (await readRows(spec, [{ ...input, recipe }])).get(input.name)!;
    }
    case "text": {
      const { text, name, hash, isFile } = await readText(spec);
      if (!isFile && (await isOtherFile(spec)))
        throw await wrongFile(spec, input, "a text: a .txt or .md file, or the text itself");
      const notes =
        isFile || !/^\S+\.\w{1,5}$/.test(spec) ? [] : [`There is no file "${spec}", so it is used as the text itself.`];
      return textSample({ text, name, hash, notes }, recipe, input, modelPath);
    }
    case "array":
      throw await wrongFile(spec, input, "an array (.npy or .npz)");
  }
}

/** What an input of strings takes: cells of a table's row, or one text, from a .txt file or as it is given. */
async function readTexts(spec: string, recipe: InputRecipe, input: SampleInput): Promise<Sample> {
  if (isTable(spec))
    return (await readRows(spec, [{ ...input, recipe: recipe.kind === "row" ? recipe : { kind: "row" } }])).get(
      input.name,
    )!;
  if (isArrayName(spec) || isPictureName(spec))
    throw await wrongFile(spec, input, "text: a table row (.csv), one text (.txt) or a list (.json)");
  const { text, name, hash, isFile } = await readText(spec);
  const dims = matchDims(
    (input.dims ?? [1]).map(() => 1),
    input,
    spec,
    "One text is",
    "Use a .csv file for a row of texts, a .json file for a list.",
  );
  return {
    name,
    hash,
    dataType: "string",
    dims,
    data: [isFile ? text.replace(/\r?\n$/, "") : text],
    ...(isFile ? {} : { notes: [`The input "${input.name}" is the literal text ${JSON.stringify(name)}.`] }),
  };
}

/** A text that is a file's path by mistake: cat.png given to a model of texts. */
function isOtherFile(spec: string): Promise<boolean> {
  return spec.length < 1000 && !spec.includes("\n")
    ? stat(splitRow(spec).file).then(
        () => true,
        () => false,
      )
    : Promise.resolve(false);
}

function isPictureName(spec: string): boolean {
  return hasEnding(spec, PICTURE_EXTENSIONS);
}

/** What a file is, and what the input takes in its place. That it is missing or a folder goes first. */
async function wrongFile(spec: string, input: SampleInput, wanted: string): Promise<DataError> {
  const takes = `he input "${input.name}" (${input.type} ${shapeText(input.dims)}) takes ${wanted}`;
  let kind: string;
  try {
    kind = looksLike(await readHead(splitRow(spec).file));
  } catch (error) {
    return new DataError(`${(error as DataError).message} T${takes}.`, spec);
  }
  return new DataError(
    `This is ${kind}, and t${takes}.`,
    spec,
    "Give such a file, or change the kind of this input in the recipe.",
  );
}

function arraySample(
  array: NpyArray,
  name: string,
  hash: string,
  where: string,
  recipe: InputRecipe,
  input: SampleInput,
): Sample {
  const dims = matchDims(array.dims, input, where, "The array is", "Save it with the model's input shape.");
  const dataType = elementTypeOf(input.type, input.name);
  const data = convertElements(array.data, array.dtype, dataType, where);
  const axes = imageAxes(dims, recipe);
  const picture = axes && displayArray(toNumbers(data, dataType), dims, axes, recipe);
  return { name, hash, dataType, dims, data, ...(axes && { axes, picture }) };
}

/** Axes of a prepared picture; with the batch axis dropped they move down by one, a grey [H,W] has no channel axis. */
function axesOf(layout: "nchw" | "nhwc", rank: number): SpatialAxes {
  if (rank === 2) return { height: 0, width: 1 };
  const first = rank - 3;
  return layout === "nchw"
    ? { channel: first, height: first + 1, width: first + 2 }
    : { channel: first + 2, height: first, width: first + 1 };
}
