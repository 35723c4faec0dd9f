import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { resolveColorMap } from "../../src/draw/scene/colormap.ts";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { paintMap } from "../../src/draw/scene/paint.ts";
import { clipRange } from "../../src/draw/scene/range.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { tokenColors, tokenText } from "../../src/draw/kinds/tokens.ts";
import type { TokensArtifact } from "../../src/protocol/artifacts.ts";
import { ColorBar } from "../ui/colorbar.tsx";
import { useTheme } from "../ui/hooks.ts";
import { roveFocus } from "../ui/roving.ts";
import { ValuesTable } from "./data-table.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { cursorAt, ScaleBar } from "./linked.tsx";
import { pageTable } from "./token-table.ts";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const tokens: KindView<TokensArtifact> = { Full: Tokens };
export const tokensCell: KindCell<TokensArtifact> = { Small: SmallTokens, zooms: false };

/** A text whose tokens are coloured by what they amount to. Arrow keys go from token to token and read their values. */
function Tokens({ artifact, page, withoutOptions }: FullProps<TokensArtifact>): VNode {
  const { looks } = page;
  const { colorMap, clip } = looks;
  const theme = useTheme();
  const table = useMemo(
    () => pageTable(resolveColorMap(colorMap, artifact.signed), pageColor()),
    [colorMap, artifact.signed, theme],
  );
  const colors = useMemo(() => tokenColors(artifact, { colorMap, clip }, table), [artifact, colorMap, clip, table]);
  const range = useMemo(() => clipRange(artifact.values, clip, artifact.signed), [artifact, clip]);
  const [marked, setMarked] = useState<number | undefined>(undefined);
  const strongest = useMemo(
    () =>
      artifact.values.reduce(
        (best, value, token) => (Math.abs(value) > Math.abs(artifact.values[best]) ? token : best),
        0,
      ),
    [artifact],
  );
  const shown = marked !== undefined && marked < artifact.tokens.length ? marked : undefined;
  return (
    <div class="tokens-stage">
      <div class="tokens-part">
        <div
          class="tokens"
          role="toolbar"
          aria-label={
            artifact.tokens.length
              ? `${artifact.title}, ${artifact.tokens.length} tokens; the strongest is ${tokenText(artifact.tokens[strongest])}.`
              : `${artifact.title}, no tokens.`
          }
          data-testid="tokens"
          onKeyDown={roveFocus}
        >
          {artifact.tokens.map((token, index) => (
            <button
              key={index}
              type="button"
              class="token"
              data-rove
              data-testid={`token-${index}`}
              data-value={artifact.values[index]}
              tabIndex={index === strongest ? 0 : -1}
              style={inkOn(colors.subarray(index * 3, index * 3 + 3))}
              aria-label={`${tokenText(token)}: ${formatValue(artifact.values[index])}`}
              title={`${tokenText(token)} · token ${index}\n${artifact.quantity} ${formatValue(artifact.values[index])}`}
              onFocus={() => setMarked(index)}
              onPointerEnter={() => setMarked(index)}
              onPointerLeave={() => setMarked(undefined)}
              onBlur={() => setMarked(undefined)}
            >
              {tokenText(token)}
            </button>
          ))}
        </div>
        <ColorBar
          range={range}
          table={table}
          quantity={artifact.quantity}
          clipped={{
            low: artifact.values.some((value) => value < range.min),
            high: artifact.values.some((value) => value > range.max),
          }}
          mark={shown === undefined ? undefined : artifact.values[shown]}
        />
      </div>
      <p class="caption" data-testid="token-reading">
        {shown === undefined
          ? [artifact.title, artifact.caption].filter(Boolean).join(" · ")
          : `${tokenText(artifact.tokens[shown])} · token ${shown} · ${artifact.quantity} ${formatValue(artifact.values[shown])}`}
      </p>
      {withoutOptions ? null : (
        <DisplayOptions options={kindOf(artifact).options} looks={looks} onChange={page.setLooks} />
      )}
      <ValuesTable artifact={artifact} testid="tokens-table" />
    </div>
  );
}

/** The text, each token on its colour's line; the one under the cursor in any cell is marked in all. */
function SmallTokens({ artifact, drawing, reading, bar, linked }: SmallProps<TokensArtifact>): VNode {
  const colors = useMemo(() => paintMap(drawing.map, drawing.range, drawing.table), [drawing]);
  return (
    <>
      <p class="cell-tokens" data-testid="tokens" onPointerLeave={() => linked.onCursor(undefined)}>
        {artifact.tokens.map((token, index) => (
          <span
            key={index}
            class={`cell-token ${index === reading?.cell.column ? "marked" : ""}`}
            data-index={index}
            title={`${tokenText(token)}: ${artifact.quantity} ${formatValue(artifact.values[index])}`}
            style={{ borderBottomColor: `rgb(${colors.subarray(index * 4, index * 4 + 3).join(", ")})` }}
            onPointerEnter={() => linked.onCursor(cursorAt(index, artifact.tokens.length))}
          >
            {tokenText(token)}
          </span>
        ))}
      </p>
      {bar ? <ScaleBar drawing={drawing} mark={reading?.value} /> : null}
    </>
  );
}

/** The page's background as the theme has it, as sRGB bytes; white where it says nothing. */
function pageColor(): [number, number, number] {
  const found =
    getComputedStyle(document.body)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number) ?? [];
  return found.length >= 3 && found[3] !== 0 ? [found[0], found[1], found[2]] : [255, 255, 255];
}

/** A background with black or white on it, whichever reads better (WCAG relative luminance). */
function inkOn(color: Uint8Array): { background: string; color: string } {
  const [red, green, blue] = Array.from(color, (byte) =>
    byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
  );
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return { background: `rgb(${color.join(", ")})`, color: luminance > 0.179 ? "#000" : "#fff" };
}
