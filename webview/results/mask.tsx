import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { kindOf } from "../../src/draw/kinds/index.ts";
import {
  areaAround,
  areaOfTarget,
  areaTarget,
  classAt,
  classColor,
  maskColors,
  shareText,
} from "../../src/draw/kinds/mask.ts";
import type { MaskArtifact, MaskClass } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import { AreaMark } from "./area-mark.tsx";
import { ValuesTable } from "./data-table.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { MapPicture } from "./linked.tsx";
import type { Cell } from "./map-values.ts";
import { PixelStage, type PlaceReading } from "./pixel-stage.tsx";
import { PredictionList } from "./prediction-list.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const mask: KindView<MaskArtifact> = { Full: Mask };

export const maskCell: KindCell<MaskArtifact> = { Small: SmallMask, zooms: true };

/**
 * The mask over its picture, with its classes beside it. A class explains the sum of its scores, a click on the mask the
 * sum over the region there; the list is what keyboards and screen readers use for classes, Enter on the mask for regions.
 */
function Mask({ artifact, result, page, withoutOptions }: FullProps<MaskArtifact>): VNode {
  const { looks, target, canExplain } = page;
  const { classes, values, source, dims } = artifact;
  const grid = { height: dims[0], width: dims[1] };
  const picture = picturesOf(result).find(({ id }) => id === artifact.over);
  const [marked, setMarked] = useState<number | undefined>(undefined);
  const [under, setUnder] = useState<number | undefined>(undefined);
  const layer = useMemo(() => ({ ...grid, rgba: maskColors(values, marked) }), [values, marked]);
  const chosen = source && areaOfTarget(source, target);
  const whole =
    chosen !== undefined &&
    chosen.area.rows[1] - chosen.area.rows[0] === grid.height &&
    chosen.area.columns[1] - chosen.area.columns[0] === grid.width;
  const explainable = canExplain && source !== undefined;
  const pick = ({ row, column }: Cell): void => {
    const next = areaTarget(artifact, classAt(artifact, row, column)?.channel, areaAround(artifact, row, column));
    if (next) page.explain(next);
  };
  const names = classes.slice(0, 3).map(({ label, count }) => `${label} ${shareText(count, values.length)}`);
  return (
    <div class="mask-stage">
      <PixelStage
        layer={layer}
        grid={grid}
        picture={picture}
        looks={looks}
        label={`${artifact.title}: ${names.join(", ")}${classes.length > 3 ? `, and ${classes.length - 3} more` : ""}.`}
        role="segmentation"
        caption={[artifact.title, artifact.caption].filter(Boolean).join(" · ")}
        read={(cell) => readingAt(artifact, cell)}
        onCell={(cell) => setUnder(cell && classAt(artifact, cell.row, cell.column)?.index)}
        onPick={explainable ? pick : undefined}
        over={chosen && !whole ? <AreaMark area={chosen.area} grid={grid} /> : undefined}
        testid="mask"
      />
      <section class="predictions mask-legend">
        <h2>Classes</h2>
        <PredictionList label={source ? "Explain a class" : "Classes"}>
          {classes.map((one, place) => (
            <LegendRow
              key={one.index}
              one={one}
              share={shareText(one.count, values.length)}
              marked={one.index === under}
              pressed={whole && chosen.channel === one.channel}
              first={place === 0}
              why={!source ? "The model gives labels, which have no score to explain." : undefined}
              canExplain={canExplain}
              onMark={(on) => setMarked(on ? one.index : undefined)}
              onExplain={() => {
                const next = areaTarget(artifact, one.channel);
                if (next) page.explain(next);
              }}
            />
          ))}
        </PredictionList>
        {source ? (
          <p class="muted" data-testid="mask-help">
            A class is explained by the sum of its scores over the map. A click on the mask explains the rectangle
            around the region there.
          </p>
        ) : (
          <p class="muted">The model gives labels, which have no score to explain.</p>
        )}
      </section>
      {withoutOptions ? null : (
        <DisplayOptions
          options={kindOf(artifact).options}
          looks={looks}
          hasPicture={picture !== undefined}
          onChange={page.setLooks}
        />
      )}
      <ValuesTable artifact={artifact} testid="mask-table" />
    </div>
  );
}

function LegendRow({
  one,
  share,
  marked,
  pressed,
  first,
  why,
  canExplain,
  onMark,
  onExplain,
}: {
  readonly one: MaskClass;
  readonly share: string;
  readonly marked: boolean;
  readonly pressed: boolean;
  readonly first: boolean;
  readonly why?: string;
  readonly canExplain: boolean;
  readonly onMark: (on: boolean) => void;
  readonly onExplain: () => void;
}): VNode {
  const reason = why ?? (one.channel === undefined ? "Only the other class has a score of its own." : undefined);
  return (
    <button
      type="button"
      class={`prediction mask-class ${marked ? "marked" : ""}`}
      data-rove
      data-testid={`mask-class-${one.index}`}
      aria-pressed={pressed}
      aria-disabled={!canExplain || reason !== undefined}
      tabIndex={first ? 0 : -1}
      title={reason ?? `${one.label}, class ${one.index}: ${one.count} pixels of the map`}
      onClick={() => {
        if (canExplain && reason === undefined && !pressed) onExplain();
      }}
      onFocus={() => onMark(true)}
      onBlur={() => onMark(false)}
      onPointerEnter={() => onMark(true)}
      onPointerLeave={() => onMark(false)}
    >
      <span class="prediction-label">
        <i class="mask-swatch" aria-hidden="true" style={{ background: `rgb(${classColor(one.index).join(", ")})` }} />
        {one.label}
        {one.label === `class ${one.index}` ? null : <span class="prediction-index number"> {one.index}</span>}
      </span>
      <span class="prediction-value number">{share}</span>
    </button>
  );
}

/** The class and its score at a place. */
function readingAt(artifact: MaskArtifact, { row, column }: Cell): PlaceReading {
  const one = classAt(artifact, row, column);
  const score = artifact.scores?.[row * artifact.dims[1] + column];
  return {
    rows: [
      {
        label: "class",
        text: one ? `${one.label}${one.label === `class ${one.index}` ? "" : ` (${one.index})`}` : "none",
      },
      ...(score === undefined ? [] : [{ label: artifact.quantity, text: formatValue(score) }]),
      { label: "row, column", text: `${row}, ${column}` },
    ],
    data: { class: one?.index ?? "", ...(score === undefined ? {} : { score }) },
  };
}

/** The mask in a comparison; the class under the cursor is named. */
function SmallMask({ artifact, drawing, reading, result, looks, linked }: SmallProps<MaskArtifact>): VNode {
  const picture = picturesOf(result).find(({ id }) => id === artifact.over);
  const pixels = useMemo(
    () => ({ height: artifact.dims[0], width: artifact.dims[1], rgba: maskColors(artifact.values) }),
    [artifact],
  );
  const one = reading && classAt(artifact, reading.cell.row, reading.cell.column);
  return (
    <>
      <MapPicture
        drawing={drawing}
        picture={picture}
        reading={reading}
        looks={looks}
        linked={linked}
        bar={false}
        pixels={pixels}
      />
      <p class="cell-legend" data-testid="mask-cell">
        {(one ? [one] : artifact.classes.slice(0, 4)).map(({ index, label, count }) => (
          <span key={index}>
            <i class="mask-swatch" aria-hidden="true" style={{ background: `rgb(${classColor(index).join(", ")})` }} />
            {label} {shareText(count, artifact.values.length)}{" "}
          </span>
        ))}
      </p>
    </>
  );
}
