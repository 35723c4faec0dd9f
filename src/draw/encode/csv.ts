import type { Artifact } from "../../protocol/artifacts.ts";
import { frameCount, framesIn, tilesIn } from "../scene/frames.ts";
import type { InputArtifact } from "../scene/inputs.ts";
import { stridesOf } from "../scene/reduce.ts";

/**
 * An artifact's numbers as CSV (RFC 4180): a header, then one row per part, item, value, channel or pixel; every digit
 * kept.
 */
export function encodeCsv(artifact: Artifact): string {
  const [header, rows] = tableOf(artifact);
  return csvOf(header, rows);
}

/** A header and rows as CSV. */
export function csvOf(header: readonly string[], rows: Iterable<Row>): string {
  let text = `${header.map(field).join(",")}\r\n`;
  for (const row of rows) text += `${row.map(field).join(",")}\r\n`;
  return text;
}

/** Several inputs' numbers in one table: a first column `input`, then what tells their rows apart, then the value. */
export function encodeCsvOfInputs(artifacts: readonly InputArtifact[]): string {
  const tables = artifacts.map((artifact) => {
    const [header, rows] = tableOf(artifact);
    // Tokens and parts are counted and called something, as bars are.
    return {
      input: artifact.input,
      columns: [...header.slice(0, -1).map((name) => ({ token: "index", text: "label" })[name] ?? name), "value"],
      rows,
    };
  });
  const columns = [...new Set(tables.flatMap((table) => table.columns.slice(0, -1))), "value"];
  let text = `${["input", ...columns].map(field).join(",")}\r\n`;
  for (const table of tables) {
    const places = columns.map((column) => table.columns.indexOf(column));
    for (const row of table.rows)
      text += `${[table.input, ...places.map((place) => (place < 0 ? "" : row[place]))].map(field).join(",")}\r\n`;
  }
  return text;
}

type Row = readonly (string | number)[];

/** The header (plain) and rows of an artifact as a table. */
export function tableOf(artifact: Artifact): [header: readonly string[], rows: Iterable<Row>] {
  if ("parts" in artifact && artifact.parts)
    return [
      ["index", "label", artifact.quantity],
      artifact.parts.map(({ index, label, value }) => [index, label, value]),
    ];
  switch (artifact.kind) {
    case "bars": {
      // What a target takes for it, where it is a prediction.
      const targets = artifact.items.some(({ target }) => target !== undefined);
      const rows = artifact.items.map(({ index, label, value, target }) => [
        index < 0 ? -1 - index : index,
        label,
        value,
        ...(targets ? [target ?? ""] : []),
      ]);
      return [["index", "label", artifact.quantity, ...(targets ? ["target"] : [])], rows];
    }
    case "tiles":
      return artifact.frames
        ? [
            ["frame", "channel", "min", "max", "mean", "strength"],
            tilesIn(artifact).flatMap((frame, index) => [...tileRows(frame)].map((row) => [index, ...row])),
          ]
        : [["channel", "min", "max", "mean", "strength"], tileRows(artifact)];
    case "heatmap":
      return frameCount(artifact) > 1
        ? [
            ["frame", "channel", "y", "x", "value"],
            framesIn(artifact).flatMap((frame, index) => [...mapRows(frame)].map((row) => [index, ...row])),
          ]
        : [["channel", "y", "x", "value"], mapRows(artifact)];
    case "tokens":
      return [
        ["token", "text", artifact.quantity],
        artifact.tokens.map((text, token) => [token, text, artifact.values[token]]),
      ];
    case "curves":
      return [["line", artifact.x.label, artifact.y.label], curveRows(artifact)];
    case "boxes": {
      const rows = artifact.boxes.map((box) => [
        box.class,
        box.classIndex,
        box.score,
        box.x0,
        box.y0,
        box.x1,
        box.y1,
        box.target,
        box.output,
      ]);
      return [["class", "class index", "score", "x0", "y0", "x1", "y1", "target", "output"], rows];
    }
    case "image":
      return [["y", "x", "red", "green", "blue"], pixelRows(artifact)];
  }
}

function* curveRows({ lines, x: { names } }: Extract<Artifact, { kind: "curves" }>): Iterable<Row> {
  for (const { label, x, y } of lines) for (let i = 0; i < x.length; i++) yield [label, names?.[x[i]] ?? x[i], y[i]];
}

function* tileRows(artifact: Extract<Artifact, { kind: "tiles" }>): Iterable<Row> {
  const { count, min, max, mean, strength } = artifact;
  for (let channel = 0; channel < count; channel++)
    yield [channel, min[channel], max[channel], mean[channel], strength[channel]];
}

function* mapRows({ values, dims, axes }: Extract<Artifact, { kind: "heatmap" }>): Iterable<Row> {
  const strides = stridesOf(dims);
  const channels = axes.channel === undefined ? 1 : dims[axes.channel];
  for (let c = 0; c < channels; c++) {
    const start = axes.channel === undefined ? 0 : c * strides[axes.channel];
    for (let y = 0; y < dims[axes.height]; y++) {
      const row = start + y * strides[axes.height];
      for (let x = 0; x < dims[axes.width]; x++) yield [c, y, x, values[row + x * strides[axes.width]]];
    }
  }
}

function* pixelRows({ pixels, width, height }: Extract<Artifact, { kind: "image" }>): Iterable<Row> {
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) yield [y, x, pixels[i], pixels[i + 1], pixels[i + 2]];
  }
}

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
