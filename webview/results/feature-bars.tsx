import type { VNode } from "preact";
import { formatValue } from "../../src/protocol/format.ts";
import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import { barWidth, longestOf } from "./bar-width.ts";
import { ValuesTable } from "./data-table.tsx";
import { FeatureLabel } from "./feature-label.tsx";
import { roveFocus } from "../ui/roving.ts";

/**
 * What each feature of a table's row amounts to, strongest first: bars to the right support the target, those to the
 * left oppose it.
 */
export function FeatureBars({ bars }: { readonly bars: BarsArtifact }): VNode {
  const largest = longestOf(bars.items.map(({ value }) => value));
  const signed = bars.items.some(({ value }) => value < 0);
  return (
    <section class={`feature-bars ${signed ? "signed" : ""}`} aria-label={`${bars.title}: ${bars.quantity}`}>
      <div
        class="feature-list"
        role="toolbar"
        aria-orientation="vertical"
        aria-label={bars.title}
        data-testid="feature-bars"
        onKeyDown={roveFocus}
      >
        {bars.items.map(({ index, label, value }, place) => (
          <button
            key={index}
            type="button"
            class="feature"
            data-rove
            data-testid={`feature-${index}`}
            data-value={value}
            tabIndex={place === 0 ? 0 : -1}
            title={`${label} · feature ${index}\n${bars.quantity} ${formatValue(value)}`}
          >
            <FeatureLabel label={label} />
            <span class="feature-track" aria-hidden="true">
              <i class={value < 0 ? "against" : "for"} style={{ width: barWidth(value, largest, signed ? 50 : 100) }} />
            </span>
            <span class="feature-value number">{formatValue(value)}</span>
          </button>
        ))}
      </div>
      {bars.items.length ? null : <p class="muted">No values.</p>}
      <p class="caption">
        {[
          bars.title,
          bars.caption,
          bars.quantity,
          bars.values.length > bars.items.length ? `the strongest ${bars.items.length} of ${bars.values.length}` : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <ValuesTable artifact={bars} testid="bars-table" />
    </section>
  );
}
