import type { VNode } from "preact";
import { amountText, exactText } from "../../src/draw/kinds/numbers.ts";
import type { NumbersArtifact } from "../../src/protocol/artifacts.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import { barWidth, longestOf } from "./bar-width.ts";
import { ValuesTable } from "./data-table.tsx";
import { FeatureLabel } from "./feature-label.tsx";
import { Picture } from "./image.tsx";
import { elementTarget, isTarget } from "./is-target.ts";
import { cursorAt } from "./linked.tsx";
import { Prediction, PredictionList } from "./prediction-list.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const numbers: KindView<NumbersArtifact> = { Full: Numbers };

export const numbersCell: KindCell<NumbersArtifact> = { Small: SmallNumbers, zooms: false };

/** One number large, several as bars, beside the input's picture. A click explains a number. */
function Numbers({ artifact, result, page }: FullProps<NumbersArtifact>): VNode {
  const { items, title, quantity, caption } = artifact;
  const { target, canExplain } = page;
  const longest = longestOf(items.map(({ value }) => value));
  const chosen = items.findIndex((item) => isTarget(quantity, item.target, target));
  const single = items.length === 1;
  return (
    <div>
      <div class="bars-stage">
        {picturesOf(result).map((picture) => (
          <Picture key={picture.id} image={picture} />
        ))}
        <section class="predictions">
          <h2>{title}</h2>
          {items.length === 0 ? <p class="muted">No numbers.</p> : null}
          <PredictionList label="Explain a number">
            {items.map((item, place) => (
              <Prediction
                key={place}
                name={item.label}
                value={amountText(item)}
                bar={single ? undefined : barWidth(item.value, longest)}
                title={`${item.label}: ${exactText(item)}`}
                chosen={place === chosen || (single && target.index === undefined)}
                stop={place === Math.max(0, chosen)}
                disabled={!canExplain}
                class={single ? "single-number" : ""}
                testid={`number-${place}`}
                data={{ "data-value": item.value }}
                onPick={() => {
                  if (place !== chosen) page.explain(elementTarget(quantity, item.target));
                }}
              />
            ))}
          </PredictionList>
          <p class="muted">{caption}</p>
        </section>
      </div>
      <ValuesTable artifact={artifact} testid="numbers-table" />
    </div>
  );
}

/** The numbers below one another; the one under the cursor in any cell is marked in all. */
function SmallNumbers({ artifact: { items, title }, reading, linked }: SmallProps<NumbersArtifact>): VNode {
  return (
    <div
      class="cell-bars"
      role="img"
      aria-label={`${title}: ${items.map((item) => `${item.label} ${amountText(item)}`).join(", ")}`}
      data-testid="numbers"
      onPointerLeave={() => linked.onCursor(undefined)}
    >
      {items.slice(0, 12).map((item, place) => (
        <div
          key={place}
          class={`cell-bar ${place === reading?.cell.column && items.length > 1 ? "marked" : ""}`}
          title={`${item.label}: ${exactText(item)}`}
          onPointerEnter={() => linked.onCursor(cursorAt(place, items.length))}
        >
          <FeatureLabel label={item.label} />
          <span class={items.length === 1 ? "cell-number number" : "number"}>{amountText(item)}</span>
        </div>
      ))}
      {items.length > 12 ? <span class="muted">and {items.length - 12} more</span> : null}
    </div>
  );
}
