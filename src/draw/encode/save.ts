import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
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
    const { dims, values } = numbersOf(findArtifact(result, artifactId));
    return encodeNpy(dims, values);
  },
  json: ({ provenance, notes, time, views: artifacts, raw, inputs, notExplained }) =>
    utf8(
      `${toJson({ ...detectionsOf(artifacts), provenance, notes, time, artifacts: artifacts.map(withoutInput), raw, inputs, notExplained })}\n`,
    ),
  csv: (result, _looks, artifactId) =>
    utf8(
      artifactId === undefined && result.inputs
        ? encodeCsvOfInputs(picturesOfInputs(result))
        : encodeCsv(findArtifact(result, artifactId)),
    ),
};

/** The input's picture is a file that who reads this has: its name, hash and size stand for it. */
function withoutInput(artifact: Artifact): object {
  if (artifact.kind !== "image" || !artifact.source) return artifact;
  const { kind, id, title, width, height, caption, source } = artifact;
  return { kind, id, title, width, height, caption, ...source };
}

/** What a detector found, at the top of the JSON: the boxes, and whose pixels they are in. */
function detectionsOf(artifacts: readonly Artifact[]): object {
  const found = artifacts.find((artifact) => artifact.kind === "boxes");
  if (!found) return {};
  const { boxes, head, why, width, height, geometry } = found;
  return { detections: { head, why, pixels: geometry ? "picture file" : "model input", width, height }, boxes };
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

function numbersOf(artifact: Artifact): { dims: readonly number[]; values: Float32Array } {
  switch (artifact.kind) {
    case "tiles":
      return { dims: [artifact.sent, artifact.tileHeight, artifact.tileWidth], values: artifact.tiles };
    case "curves":
      return curveNumbers(artifact);
    case "image":
      return { dims: [artifact.height, artifact.width, 3], values: Float32Array.from(artifact.pixels) };
    default:
      return artifact;
  }
}

/** [lines, 2, points]: each line's x and y; shorter lines end in NaN. */
function curveNumbers({ lines }: Extract<Artifact, { kind: "curves" }>): {
  dims: readonly number[];
  values: Float32Array;
} {
  const points = Math.max(0, ...lines.map(({ x }) => x.length));
  const values = new Float32Array(lines.length * 2 * points).fill(NaN);
  lines.forEach(({ x, y }, i) => {
    values.set(x, 2 * i * points);
    values.set(y, (2 * i + 1) * points);
  });
  return { dims: [lines.length, 2, points], values };
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
