import type { TokenScore, TokenScoresArtifact } from "../../protocol/artifacts.ts";
import { formatShare, formatValue } from "../../protocol/format.ts";
import { GLYPH } from "../scene/font.ts";
import { textWidth, type Block, type Part } from "../scene/parts.ts";
import { column } from "../scene/table.ts";
import { firstStands, onceFor, type Kind } from "./kind.ts";
import { plainMap } from "./plain-map.ts";
import { tokenText } from "./tokens.ts";

export const tokenScores: Kind<TokenScoresArtifact> = {
  layout: (artifact) => layoutPlaces(artifact, MOST_ROWS),
  table(artifact) {
    const { rows, noun, quantity } = artifact;
    const listed = rows.flatMap(({ place, token, top }) =>
      top.map((one, rank) => ({ place, input: token ?? "", rank, ...one })),
    );
    const along = rows.some(({ token }) => token !== undefined);
    return {
      rows: listed.length,
      columns: [
        column("place", "integer", (row) => listed[row].place),
        ...(along ? [column("input", "text", (row) => listed[row].input)] : []),
        column("rank", "integer", (row) => listed[row].rank + 1),
        column(noun, "text", (row) => listed[row].token),
        column("index", "integer", (row) => listed[row].index),
        column(quantity, "number", (row) => listed[row].value),
        column("target", "text", (row) => listed[row].target),
      ],
    };
  },
  numbers: ({ dims, values }) => ({ dims, values }),
  jsonTop: ({ rows, vocabulary, output }) => ({ tokensByPlace: { output, vocabulary, places: rows } }),
  ...firstStands(),
  compare: {
    values: onceFor((artifact) => plainMap(artifact, artifact.dims)),
    label: ({ rows }, { row, column: rank }) => {
      const one = rows[row]?.top[rank];
      return one && `place ${row}: ${tokenText(one.token)}`;
    },
    colored: false,
    options: [],
    layout: (artifact) => layoutPlaces(artifact, MOST_COMPARED),
  },
  options: [],
};

const [MOST_ROWS, MOST_COMPARED] = [60, 16];
/** Tokens of a place that a picture has room for. */
const MOST_LISTED = 5;

/** "39.6%", or the value. */
export function scoreText({ value }: Pick<TokenScore, "value">, { share }: Pick<TokenScoresArtifact, "share">): string {
  return share && Number.isFinite(value) ? formatShare(value) : formatValue(value);
}

/** What stands before a place's tokens: its token in the input, or its number. */
export function placeLabel({ place, token }: TokenScoresArtifact["rows"][number]): string {
  return token === undefined ? String(place) : tokenText(token);
}

/** A row for each place: what stands there, and the most probable with their probabilities. */
function layoutPlaces(artifact: TokenScoresArtifact, most: number): Block {
  const rows = artifact.rows.slice(0, most);
  const cells = rows.map((row) => [
    placeLabel(row),
    ...row.top.slice(0, MOST_LISTED).map((one) => `${tokenText(one.token)} ${scoreText(one, artifact)}`),
  ]);
  const columns = Math.max(0, ...cells.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(0, ...cells.map((row) => (row[at] === undefined ? 0 : textWidth(row[at], 2)))),
  );
  const lefts = widths.map((_, at) => widths.slice(0, at).reduce((sum, width) => sum + width + 20, 0));
  const step = GLYPH.line * 2 + 4;
  const parts = cells.flatMap((row, at) =>
    row.map((text, place): Part => ({
      kind: "text",
      x: lefts[place],
      y: at * step,
      text,
      scale: 2,
      ink: place === 1 ? "foreground" : "muted",
    })),
  );
  const more = artifact.rows.length - rows.length;
  if (more > 0)
    parts.push({ kind: "text", x: 0, y: rows.length * step, text: `and ${more} more places`, scale: 2, ink: "muted" });
  const width = columns > 0 ? lefts[columns - 1] + widths[columns - 1] : 0;
  return { width, height: (rows.length + (more > 0 ? 1 : 0)) * step, parts };
}
