import type { VNode } from "preact";
import { picturesOf } from "../../src/protocol/result.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import { ValuesTable } from "./data-table.tsx";
import { FeatureLabel } from "./feature-label.tsx";
import { barWidth } from "./bar-width.ts";
import { FeatureBars } from "./feature-bars.tsx";
import { Picture } from "./image.tsx";
import { cursorAt } from "./linked.tsx";
import { Predictions } from "./predictions.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

const mostBars = 10;

export const bars: KindView<BarsArtifact> = {
  Full: (props) =>
    props.artifact.id === "predictions" ? <PredictionsStage {...props} /> : <FeatureBars bars={props.artifact} />,
};

export const barsCell: KindCell<BarsArtifact> = { Small: SmallBars, zooms: false };

/** The model's answers, large, beside the picture they are about. */
function PredictionsStage({ artifact, result, page }: FullProps<BarsArtifact>): VNode {
  return (
    <div>
      <div class="bars-stage">
        {picturesOf(result).map((picture) => (
          <Picture key={picture.id} image={picture} />
        ))}
        <Predictions
          bars={artifact}
          target={page.target}
          label={result.provenance?.target?.label}
          canExplain={page.canExplain}
          limit={Infinity}
          large
          onExplain={page.explain}
          onAny={page.pickTarget}
        />
      </div>
      <ValuesTable artifact={artifact} testid="bars-table" />
    </div>
  );
}

/**
 * The strongest features; the one under the cursor in any cell is marked in all, and stands here even where it is weak.
 */
function SmallBars({
  artifact: { items, title, quantity, values },
  drawing,
  reading,
  linked,
}: SmallProps<BarsArtifact>): VNode {
  const marked = reading?.cell.column;
  const strongest = items.slice(0, mostBars);
  const further =
    marked === undefined || strongest.some(({ index }) => index === marked)
      ? undefined
      : items.find(({ index }) => index === marked);
  const shown = further ? [...strongest.slice(0, -1), further] : strongest;
  const largest = Math.max(-drawing.range.min, drawing.range.max, Number.MIN_VALUE);
  return (
    <div
      class="cell-bars"
      role="img"
      aria-label={`${title}: ${strongest.map(({ label, value }) => `${label} ${formatValue(value)}`).join(", ")}`}
      data-testid="bars"
      onPointerLeave={() => linked.onCursor(undefined)}
    >
      {shown.map(({ label, value, index }) => (
        <div
          key={index}
          class={`cell-bar ${index === marked ? "marked" : ""}`}
          title={`${label}: ${quantity} ${formatValue(value)}`}
          data-index={index}
          onPointerEnter={() => linked.onCursor(cursorAt(index, values.length))}
        >
          <FeatureLabel label={label} />
          <span class="number">{formatValue(value)}</span>
          <span class="cell-bar-track">
            <i class={value < 0 ? "negative" : ""} style={{ width: barWidth(value, largest, 50) }} />
          </span>
        </div>
      ))}
      {items.length > shown.length ? <span class="muted">and {items.length - shown.length} more</span> : null}
    </div>
  );
}
