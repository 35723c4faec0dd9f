import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { heatmap as heatmapKind } from "../../src/draw/kinds/heatmap.ts";
import { areaOfTarget } from "../../src/draw/kinds/mask.ts";
import { channelCount, comparedText, pixelTarget, valueAt } from "../../src/draw/kinds/output-image.ts";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import type { HeatmapArtifact, OutputImageArtifact } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import { Select } from "../ui/fields.tsx";
import { AreaMark } from "./area-mark.tsx";
import { ValuesTable } from "./data-table.tsx";
import { Difference } from "./difference.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { MapPicture } from "./linked.tsx";
import type { Cell } from "./map-values.ts";
import { Heatmap } from "./map-view.tsx";
import { PixelStage, type PlaceReading } from "./pixel-stage.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const outputImage: KindView<OutputImageArtifact> = { Full: OutputImage };

export const outputImageCell: KindCell<OutputImageArtifact> = { Small: SmallImage, zooms: true };

const RANGES = [
  { value: "auto", label: "automatic" },
  { value: "input", label: "as the input" },
  { value: "unit", label: "0 to 1" },
  { value: "signed", label: "−1 to 1" },
  { value: "bytes", label: "0 to 255" },
  { value: "values", label: "smallest to largest" },
] as const;

/** The model's picture beside the input's, and below them the difference. A click on a pixel explains it. */
function OutputImage({ artifact, result, page, withoutOptions }: FullProps<OutputImageArtifact>): VNode {
  const { looks, target, canExplain } = page;
  const picture = picturesOf(result).find(({ id }) => id === artifact.input);
  const difference = result.views.find(
    (view): view is HeatmapArtifact => view.kind === "heatmap" && view.id === "difference",
  );
  const grid = { width: artifact.width, height: artifact.height };
  const layer = useMemo(() => ({ ...grid, rgba: withAlpha(artifact.pixels) }), [artifact]);
  const chosen = areaOfTarget(artifact.source, target);
  const compared = comparedText(artifact);
  const channels = channelCount(artifact);
  return (
    <div class="output-image">
      <PixelStage
        layer={layer}
        grid={grid}
        picture={picture}
        looks={{ ...looks, arrangement: picture ? "side-by-side" : "map" }}
        label={`${artifact.title}, ${artifact.width} by ${artifact.height} pixels.`}
        role="output image"
        caption={[artifact.title, artifact.caption].join(" · ")}
        read={(cell) => readingAt(artifact, page.channelNames(channels), cell)}
        onPick={
          canExplain
            ? ({ row, column }) =>
                page.explain(pixelTarget(artifact, { rows: [row, row + 1], columns: [column, column + 1] }))
            : undefined
        }
        over={chosen ? <AreaMark area={chosen.area} grid={grid} /> : undefined}
        testid="output-image"
      />
      <div class="looks">
        <Select
          label="value range"
          shown
          value={String(page.params.value_range ?? "auto")}
          choices={RANGES}
          title={`Which of the output's values are black and white; now ${artifact.range}`}
          testid="value-range"
          onChange={(range) => page.setParam("value_range", range)}
        />
        <span class="muted">{artifact.range}</span>
      </div>
      {difference ? (
        <Difference compared={compared}>
          <Heatmap
            artifact={difference}
            looks={{ ...looks, arrangement: "map" }}
            channelNames={page.channelNames(channels)}
            tableTitle="Difference as a table"
          >
            {withoutOptions ? null : (
              <DisplayOptions
                options={heatmapKind.options}
                looks={looks}
                hasChannels={channels > 1}
                onChange={page.setLooks}
              />
            )}
          </Heatmap>
        </Difference>
      ) : null}
      <ValuesTable artifact={artifact} testid="output-image-table" title="Output as a table" />
    </div>
  );
}

/** Every channel's own value at a pixel. */
function readingAt(
  artifact: OutputImageArtifact,
  names: readonly string[] | undefined,
  { row, column }: Cell,
): PlaceReading {
  const values = Array.from({ length: channelCount(artifact) }, (_, channel) =>
    valueAt(artifact, channel, row, column),
  );
  return {
    rows: [
      { label: "x, y", text: `${column}, ${row}` },
      ...values.map((value, channel) => ({
        label: values.length === 1 ? "value" : (names?.[channel] ?? `channel ${channel}`),
        text: formatValue(value),
      })),
    ],
    data: { values: values.join(",") },
  };
}

function SmallImage({ artifact, drawing, reading, result, looks, linked }: SmallProps<OutputImageArtifact>): VNode {
  const pixels = useMemo(
    () => ({ width: artifact.width, height: artifact.height, rgba: withAlpha(artifact.pixels) }),
    [artifact],
  );
  return (
    <>
      <MapPicture
        drawing={drawing}
        picture={picturesOf(result).find(({ id }) => id === artifact.input)}
        reading={reading}
        looks={{ ...looks, arrangement: "map" }}
        linked={linked}
        bar={false}
        pixels={pixels}
      />
      <p class="cell-legend">{comparedText(artifact) ?? artifact.range}</p>
    </>
  );
}
