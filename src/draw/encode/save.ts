import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
import { isKnown, kindOf } from "../kinds/index.ts";
import { composePicture } from "../scene/compose.ts";
import { encodeCsv, encodeCsvOfInputs } from "./csv.ts";
import { picturesOfInputs } from "../scene/inputs.ts";
import { encodeNpy } from "./npy.ts";
import { encodeNpz } from "./npz.ts";
import { encodePng } from "./png.ts";
import { composeSvg } from "./svg.ts";
import type { Theme } from "./svg.ts";

export type SaveFormat = "png" | "svg" | "npy" | "npz" | "json" | "csv";

/** The keyword of the PNG text chunk that holds the provenance as JSON. */
export const PROVENANCE_KEYWORD = "neural-loupe";

/**
 * A result as a file's bytes. png, svg: the picture of one artifact; csv: its numbers as a table; npy: the raw numbers
 * of the result, or of the artifact that is named; json: everything but the input's pixels, with numbers that JSON
 * lacks as "NaN", "Infinity", "-Infinity". Without `artifactId` it is the result's first artifact. Throws RangeError
 * for an id that the result does not have. /
 */
export function saveResult(
  result: Result,
  looks: Looks,
  format: SaveFormat,
  artifactId?: string,
  theme?: Theme,
): Uint8Array<ArrayBuffer> {
  return writers[format](result, looks, artifactId, theme);
}

type Writer = (result: Result, looks: Looks, artifactId?: string, theme?: Theme) => Uint8Array<ArrayBuffer>;

const writers: Record<SaveFormat, Writer> = {
  png(result, looks, artifactId) {
    const { width, height, rgba } = composePicture(result, findArtifact(result, artifactId), looks);
    const text = { Software: "Neural Loupe", [PROVENANCE_KEYWORD]: toJson(result.provenance) };
    return encodePng(width, height, rgba, { text });
  },
  svg: (result, looks, artifactId, theme) => utf8(composeSvg(result, findArtifact(result, artifactId), looks, theme)),
  npz: (result) =>
    encodeNpz(
      (result.inputs ?? [result.raw]).map(({ name, dims, values }) => ({
        name: (name ?? "values").replace(/[/\\]/g, "_"),
        dims,
        values,
      })),
    ),
  npy(result, _looks, artifactId) {
    if (artifactId === undefined) return encodeNpy(result.raw.dims, result.raw.values);
    const artifact = findArtifact(result, artifactId);
    const { dims, values } = kindOf(artifact).numbers(artifact);
    return encodeNpy(dims, values);
  },
  json: ({ provenance, notes, time, views: artifacts, raw, inputs, notExplained }) =>
    utf8(
      `${toJson({ ...topOf(artifacts), provenance, notes, time, artifacts: artifacts.map(jsonOf), raw, inputs, notExplained })}\n`,
    ),
  csv: (result, _looks, artifactId) =>
    utf8(
      artifactId === undefined && result.inputs
        ? encodeCsvOfInputs(picturesOfInputs(result))
        : encodeCsv(findArtifact(result, artifactId)),
    ),
};

function jsonOf(artifact: Artifact): object {
  return (isKnown(artifact.kind) ? kindOf(artifact).json?.(artifact) : undefined) ?? artifact;
}

/** What artifacts add at the top of the .json: of two with the same the first. */
function topOf(artifacts: readonly Artifact[]): object {
  const tops = artifacts.map((artifact) => (isKnown(artifact.kind) ? kindOf(artifact).jsonTop?.(artifact) : undefined));
  return Object.assign({}, ...tops.reverse()) as object;
}

function findArtifact(result: Result, id: string | undefined): Artifact {
  const artifact = id === undefined ? result.views[0] : result.views.find((one) => one.id === id);
  if (!artifact) {
    throw new RangeError(
      id === undefined ? "The result has no picture to save." : `The result has no part named "${id}".`,
    );
  }
  return artifact;
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
  if (Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
