import type { Artifact } from "../../protocol/artifacts.ts";
import { partsOf, type Result, type WholeResult } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
import { isKnown, kindOf } from "../kinds/index.ts";
import { rasterise } from "../scene/compose.ts";
import { isDrawn } from "../scene/font.ts";
import { layoutScene } from "../scene/scene.ts";
import { textsOf } from "../scene/parts.ts";
import { encodeCsv, encodeCsvOfInputs } from "./csv.ts";
import { picturesOfInputs } from "../scene/inputs.ts";
import { encodeNpy } from "./npy.ts";
import { encodeNpz } from "./npz.ts";
import { encodePng } from "./png.ts";
import { composeSvg } from "./svg.ts";
import type { Theme } from "./svg.ts";
import { decimalOfFloat32 } from "../../protocol/format.ts";

export const SAVE_FORMATS = ["png", "svg", "npy", "npz", "json", "csv"] as const;
export type SaveFormat = (typeof SAVE_FORMATS)[number];
/** The raw numbers, in full. */
export type NumberFormat = Extract<SaveFormat, "npy" | "npz" | "json">;
/** How a result looks, and its numbers as a table: made of its views. */
export type PictureFormat = Exclude<SaveFormat, NumberFormat>;

/** The keyword of the PNG text chunk that holds the provenance as JSON. */
export const PROVENANCE_KEYWORD = "neural-loupe";

/** A result as a file's bytes: see savePicture and saveNumbers. */
export function saveResult(
  result: WholeResult,
  looks: Looks,
  format: SaveFormat,
  viewId?: string,
  theme?: Theme,
): Uint8Array<ArrayBuffer> {
  return isNumberFormat(format)
    ? saveNumbers(result, format, viewId)
    : savePicture(result, looks, format, viewId, theme);
}

export function isNumberFormat(format: SaveFormat): format is NumberFormat {
  return format === "npy" || format === "npz" || format === "json";
}

/** A view of a result (the first one where none is named) as it looks, or its numbers as a table. RangeError for an id that the result does not have. */
export function savePicture(
  result: Result,
  looks: Looks,
  format: PictureFormat,
  viewId?: string,
  theme?: Theme,
): Uint8Array<ArrayBuffer> {
  switch (format) {
    case "png": {
      const view = findView(result, viewId);
      const scene = layoutScene(result, view, looks);
      const { width, height, rgba } = rasterise(scene);
      const text = {
        Software: "Neural Loupe",
        Title: view.title,
        Description: textsOf(scene),
        [PROVENANCE_KEYWORD]: toJson(result.provenance),
      };
      return encodePng(width, height, rgba, { text });
    }
    case "svg":
      return utf8(composeSvg(result, findView(result, viewId), looks, theme));
    case "csv":
      return utf8(
        viewId === undefined && result.arrays.length > 1
          ? encodeCsvOfInputs(picturesOfInputs(result))
          : encodeCsv(findView(result, viewId)),
      );
  }
}

/** What a person should know of a picture that was saved; nothing where all is in it. */
export function pictureNote(result: Result, looks: Looks, format: PictureFormat, viewId?: string): string | undefined {
  return format === "png" &&
    !textsOf(layoutScene(result, findView(result, viewId), looks))
      .split("\n")
      .every(isDrawn)
    ? "Characters that its font lacks are boxes: the SVG has them, and the PNG's description."
    : undefined;
}

/**
 * npy: the first array, or the numbers of the view that is named; npz: all arrays; json: everything but the input's
 * pixels, with numbers that JSON lacks as "NaN", "Infinity", "-Infinity". RangeError for an id that the result does not have.
 */
export function saveNumbers(result: WholeResult, format: NumberFormat, viewId?: string): Uint8Array<ArrayBuffer> {
  switch (format) {
    case "npy": {
      const view = viewId === undefined ? undefined : findView(result, viewId);
      const numbers = view ? kindOf(view).numbers(view) : result.arrays.at(0);
      if (!numbers) throw new RangeError("The result has no array of numbers to save.");
      const { dims, values } = numbers;
      return encodeNpy(dims, values);
    }
    case "npz":
      return encodeNpz(
        result.arrays.map(({ name, dims, values }) => ({
          name: (name ?? "values").replace(/[/\\]/g, "_"),
          dims,
          values,
        })),
      );
    case "json": {
      const { provenance, notes, time, views, notExplained } = result;
      return utf8(
        `${toJson({ ...topOf(views), provenance, notes, time, artifacts: partsOf(result).map(jsonOf), ...jsonArrays(result), notExplained })}\n`,
      );
    }
  }
}

/** A result's arrays as its JSON has them: `raw` is the first one, `inputs` all of several. */
export function jsonArrays({ arrays }: WholeResult): object {
  const all = arrays.map(({ name, dims, values }) => ({ ...(name === undefined ? {} : { name }), dims, values }));
  return { raw: all[0], ...(all.length > 1 ? { inputs: all } : {}) };
}

function jsonOf(artifact: Artifact): object {
  return (isKnown(artifact.kind) ? kindOf(artifact).json?.(artifact) : undefined) ?? artifact;
}

/** What artifacts add at the top of the .json: of two with the same the first. */
function topOf(artifacts: readonly Artifact[]): object {
  const tops = artifacts.map((artifact) => (isKnown(artifact.kind) ? kindOf(artifact).jsonTop?.(artifact) : undefined));
  return Object.assign({}, ...tops.reverse()) as object;
}

/** A view, or what a result is about. */
function findView(result: Result, id: string | undefined): Artifact {
  const view = id === undefined ? result.views[0] : partsOf(result).find((one) => one.id === id);
  if (view) return view;
  throw new RangeError(id === undefined ? "The result has no image to save." : `The result has no part named "${id}".`);
}

/** JSON with typed arrays as plain ones, each float32 by the fewest digits that bring it back exactly. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => {
    if (field instanceof Float32Array) return Array.from(field, jsonFloat);
    if (ArrayBuffer.isView(field) && !(field instanceof DataView)) return Array.from(field as Uint8Array);
    if (typeof field === "bigint") return String(field);
    return typeof field === "number" && !Number.isFinite(field) ? String(field) : field;
  });
}

function jsonFloat(value: number): number | string {
  if (!Number.isFinite(value)) return String(value);
  return Number.isInteger(value) ? value : decimalOfFloat32(value);
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
