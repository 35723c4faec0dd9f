import type { VNode } from "preact";
import { formatShare, formatValue } from "../../src/protocol/format.ts";
import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import { nounOf, targetOfItem } from "../../src/protocol/target.ts";
import { barWidth, longestOf } from "./bar-width.ts";
import { Prediction, PredictionList } from "./prediction-list.tsx";

interface Row {
  readonly label: string;
  readonly index: number;
  readonly value: number;
  readonly target: TargetSpec;
}

/** The model's answers as bars; a click explains that class instead. */
export function Predictions({
  bars,
  target,
  label,
  canExplain,
  limit,
  large = false,
  onExplain,
  onAny,
}: {
  readonly bars: BarsArtifact;
  readonly target: TargetSpec;
  readonly label?: string;
  readonly canExplain: boolean;
  readonly limit: number;
  readonly large?: boolean;
  readonly onExplain: (target: TargetSpec) => void;
  readonly onAny: () => void;
}): VNode {
  const noun = nounOf(bars);
  const chosen = chosenIndex(bars, target);
  const rows = shownRows(bars, chosen, label, limit);
  const largest = bars.share ? 1 : longestOf(rows.map(({ value }) => value));
  const stop = rows.some((row) => row.index === chosen) ? chosen : rows[0]?.index;
  return (
    <section class={`predictions ${large ? "large" : ""}`}>
      <h2>{bars.title}</h2>
      <PredictionList label={`Explain ${noun === "element" ? "an" : "a"} ${noun}`}>
        {rows.map((row) => (
          <Prediction
            key={row.index}
            name={row.label}
            detail={row.label === String(row.index) || row.index < 0 || bars.dims.length > 2 ? undefined : row.index}
            value={amount(row.value, bars)}
            bar={barWidth(row.value, largest)}
            title={`${row.label}${row.index < 0 ? "" : `, ${noun} ${row.index}`}: ${amount(row.value, bars)} ${bars.quantity}`}
            chosen={row.index === chosen}
            stop={row.index === stop}
            disabled={!canExplain}
            testid={`${large ? "bar" : "prediction"}-${row.index}`}
            onPick={() => {
              if (row.index !== chosen || target.index === undefined) onExplain(row.target);
            }}
          />
        ))}
      </PredictionList>
      <button
        type="button"
        class="link-button"
        data-testid={large ? "any-class-large" : "any-class"}
        disabled={!canExplain}
        onClick={onAny}
      >
        Other {noun}…
      </button>
    </section>
  );
}

/** The item that is explained: the result's own choice where the person left it open. */
function chosenIndex(bars: BarsArtifact, { index, not }: TargetSpec): number | undefined {
  if (index === undefined) return bars.selected ?? bars.items[0]?.index;
  const flat =
    index.length === bars.dims.length - 1
      ? index.reduce((sum, at, axis) => sum * bars.dims[axis + 1] + at, 0)
      : index.length === 1
        ? index[0]
        : undefined;
  return flat !== undefined && not ? -1 - flat : flat;
}

/** The strongest, and below them the explained class where it is not among them. */
function shownRows(
  bars: BarsArtifact,
  chosen: number | undefined,
  label: string | undefined,
  limit: number,
): readonly Row[] {
  const rows: Row[] = bars.items
    .slice(0, limit)
    .map((item) => ({
      label: item.label,
      index: item.index,
      value: item.value,
      target: targetOfItem(bars.dims, item),
    }));
  if (chosen === undefined || rows.some((row) => row.index === chosen)) return rows;
  const further = bars.items.find((item) => item.index === chosen);
  const value = further?.value ?? bars.values[chosen];
  if (value === undefined) return rows;
  return [
    ...rows,
    {
      label: further?.label ?? label ?? String(chosen),
      index: chosen,
      value,
      target: targetOfItem(bars.dims, further ?? { index: chosen }),
    },
  ];
}

function amount(value: number, { share }: BarsArtifact): string {
  return share ? formatShare(value) : formatValue(value);
}
