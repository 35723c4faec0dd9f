import type { TokensArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { colorTable, resolveColorMap } from "../scene/colormap.ts";
import { GLYPH } from "../scene/font.ts";
import { textWidth, type Block, type Part } from "../scene/parts.ts";
import { paintMap } from "../scene/paint.ts";
import { clipRange } from "../scene/range.ts";
import { tableOfList, tableOfParts } from "../scene/table.ts";
import { combineValues, onceFor } from "./kind.ts";
import type { Kind } from "./kind.ts";
import { rowMap } from "./plain-map.ts";

export const tokens: Kind<TokensArtifact> = {
  layout: (artifact, { looks }) => layoutTokens(artifact, tokenColors(artifact, looks)),
  table: ({ tokens: texts, values, quantity, parts }) =>
    parts
      ? tableOfParts(parts, quantity)
      : tableOfList(texts, [
          ["token", "integer", (_, token) => token],
          ["text", "text", (text) => text],
          [quantity, "number", (_, token) => values[token]],
        ]),
  numbers: ({ dims, values }) => ({ dims, values }),
  combine: combineValues,
  overSamples: (artifact, count) => ({
    ...artifact,
    caption: `${artifact.caption}; mean over ${count} samples, tokens by place`,
  }),
  compare: {
    values: onceFor((artifact) => rowMap(artifact, artifact.signed)),
    label: ({ tokens: texts }, { column }) => (texts[column] === undefined ? undefined : tokenText(texts[column])),
    colored: true,
    options: ["colorMap", "clip"],
    layout(artifact, _, { map, range, table }) {
      const rgba = paintMap(map, range, table);
      return layoutTokens(
        artifact,
        Uint8Array.from({ length: artifact.tokens.length * 3 }, (_, i) => rgba[4 * Math.floor(i / 3) + (i % 3)]),
      );
    },
  },
  options: ["colorMap", "clip"],
};

const LINE_WIDTH = 720;
const GAP = 10;
const BAR = 8;

/** The colour of each token as RGB bytes, [tokens, 3], by the looks that maps have. */
export function tokenColors(
  artifact: Pick<TokensArtifact, "values" | "signed">,
  looks: Pick<Looks, "colorMap" | "clip">,
  table = colorTable(resolveColorMap(looks.colorMap, artifact.signed)),
): Uint8Array {
  const { min: low, max: high } = clipRange(artifact.values, looks.clip, artifact.signed);
  const colors = new Uint8Array(artifact.values.length * 3);
  artifact.values.forEach((value, token) => {
    const place = high > low && Number.isFinite(value) ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
    const entry = Math.round(place * (table.length / 3 - 1)) * 3;
    colors.set(table.subarray(entry, entry + 3), token * 3);
  });
  return colors;
}

/** How a token is shown: word beginnings and spaces of the usual tokenizers made plain. */
export function tokenText(token: string): string {
  const plain = token.replace(/^[Ġ▁]/, " ").replace(/Ċ/g, "⏎");
  return plain.trim() === "" ? "␣" : plain.trim();
}

/** The text in lines, a bar of the token's colour (RGB bytes, [tokens, 3]) under each token: legible in every theme. */
function layoutTokens(artifact: TokensArtifact, colors: Uint8Array): Block {
  const parts: Part[] = [];
  const step = GLYPH.line * 2 + BAR + 12;
  let [x, y, widest] = [0, 0, 0];
  artifact.tokens.forEach((token, index) => {
    const text = tokenText(token);
    const width = Math.max(GLYPH.em, textWidth(text, 2));
    if (x > 0 && x + width > LINE_WIDTH) [x, y] = [0, y + step];
    const [red, green, blue] = colors.subarray(index * 3, index * 3 + 3);
    parts.push(
      { kind: "text", x, y, text, scale: 2, ink: "foreground" },
      {
        kind: "image",
        x,
        y: y + GLYPH.ascent * 2 + 5,
        width,
        height: BAR,
        pixelWidth: 1,
        pixelHeight: 1,
        rgba: Uint8ClampedArray.of(red, green, blue, 255),
        label: `${text}: ${artifact.values[index]}`,
      },
    );
    x += width + GAP;
    widest = Math.max(widest, x - GAP);
  });
  return { width: widest, height: y + step, parts };
}
