/** Cells whose result is no map: a table row's bars, a text's tokens; and what has no small form. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { formatValue } from "../../src/draw/ticks.ts";
import { tokenColors, tokenText } from "../../src/draw/tokens.ts";
import type { Artifact, BarsArtifact, TokensArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/panel.ts";

const mostBars = 10;

/** Any artifact but a heat map, as small as a cell. */
export function OtherPicture({ artifact, looks }: { readonly artifact: Artifact; readonly looks: Looks }): VNode {
  switch (artifact.kind) {
    case "bars": return <BarsPicture artifact={artifact} />;
    case "tokens": return <TokensPicture artifact={artifact} looks={looks} />;
    default: return <p class="cell-words muted" data-testid="other">{artifact.title} has no small form. Open it in its own panel.</p>;
  }
}

function BarsPicture({ artifact: { items, title, quantity } }: { readonly artifact: BarsArtifact }): VNode {
  const shown = items.slice(0, mostBars);
  const largest = Math.max(...shown.map(({ value }) => Math.abs(value)).filter(Number.isFinite), Number.MIN_VALUE);
  return (
    <div class="cell-bars" role="img" aria-label={`${title}: ${shown.map(({ label, value }) => `${label} ${formatValue(value)}`).join(", ")}`} data-testid="bars">
      {shown.map(({ label, value, index }) => (
        <div key={index} class="cell-bar" title={`${label}: ${quantity} ${formatValue(value)}`}>
          <span class="cell-bar-label">{label}</span><span class="number">{formatValue(value)}</span>
          <span class="cell-bar-track"><i class={value < 0 ? "negative" : ""} style={{ width: `${(Math.abs(value) / largest) * 50}%` }} /></span>
        </div>
      ))}
      {items.length > shown.length ? <span class="muted">and {items.length - shown.length} more</span> : null}
    </div>
  );
}

function TokensPicture({ artifact, looks: { colorMap, clip } }: { readonly artifact: TokensArtifact; readonly looks: Looks }): VNode {
  const colors = useMemo(() => tokenColors(artifact, { colorMap, clip }), [artifact, colorMap, clip]);
  return (
    <p class="cell-tokens" data-testid="tokens">
      {artifact.tokens.map((token, index) => (
        <span key={index} class="cell-token" title={`${tokenText(token)}: ${artifact.quantity} ${formatValue(artifact.values[index])}`}
          style={{ borderBottomColor: `rgb(${colors.subarray(index * 3, index * 3 + 3).join(", ")})` }}>{tokenText(token)}</span>
      ))}
    </p>
  );
}
