import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { pointColor, pointLabel, pointMap } from "../../src/draw/kinds/keypoints.ts";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import { LINE_COLORS } from "../../src/draw/scene/strokes.ts";
import type { ImageArtifact, Keypoint, KeypointsArtifact } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import { Select } from "../ui/fields.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import { barWidth, longestOf } from "./bar-width.ts";
import { ValuesTable } from "./data-table.tsx";
import { DisplayOptions } from "./display-options.tsx";
import { elementTarget, isTarget } from "./is-target.ts";
import { MapPicture } from "./linked.tsx";
import { Heatmap } from "./map-view.tsx";
import { PictureFrame } from "./picture-frame.tsx";
import { Prediction, PredictionList } from "./prediction-list.tsx";
import type { FullProps, KindCell, KindView, SmallProps } from "./view.ts";

export const keypoints: KindView<KeypointsArtifact> = { Full: Keypoints };

export const keypointsCell: KindCell<KeypointsArtifact> = { Small: SmallKeypoints, zooms: true };

/**
 * Points over the picture, and beside them the same as a list; or one point's heat map. A click on either explains the
 * largest element of that point's map; the list is what keyboards and screen readers use.
 */
function Keypoints({ artifact, result, page, withoutOptions }: FullProps<KeypointsArtifact>): VNode {
  const { points, source, title, caption, quantity } = artifact;
  const { target, canExplain, looks } = page;
  const picture = picturesOf(result).find(({ id }) => id === artifact.over);
  const [marked, setMarked] = useState<number | undefined>(undefined);
  const [mapped, setMapped] = useState<number | undefined>(undefined);
  const shown = mapped !== undefined && mapped < points.length ? mapped : undefined;
  const map = useMemo(() => (shown === undefined ? undefined : pointMap(artifact, shown)), [artifact, shown]);
  const chosen = points.findIndex((point) => isTarget(source.output, point.target, target));
  const explain = (point: number): void => {
    if (canExplain && point !== chosen) page.explain(elementTarget(source.output, points[point].target));
  };
  const longest = longestOf(points.map(({ score }) => score));
  return (
    <div class="keypoints-stage">
      <div class="looks">
        <Select
          label="show"
          shown
          value={shown === undefined ? "points" : String(shown)}
          choices={[
            { value: "points", label: "all points" },
            ...points.map(({ name }, point) => ({ value: String(point), label: `heat map of ${name}` })),
          ]}
          testid="keypoint-map"
          onChange={(value) => setMapped(value === "points" ? undefined : Number(value))}
        />
      </div>
      <div class="boxes-stage">
        {map ? (
          <Heatmap artifact={map} picture={picture} looks={looks}>
            {withoutOptions ? null : (
              <DisplayOptions
                options={kindOf(artifact).options}
                looks={looks}
                hasPicture={picture !== undefined}
                onChange={page.setLooks}
              />
            )}
          </Heatmap>
        ) : (
          <figure class="picture">
            <PointsPicture
              artifact={artifact}
              picture={picture}
              marked={marked}
              chosen={chosen}
              onMark={setMarked}
              onPick={explain}
            />
            <figcaption>{caption}</figcaption>
          </figure>
        )}
        <section class="predictions">
          <h2>{title}</h2>
          {points.length === 0 ? <p class="muted">No points.</p> : null}
          <PredictionList label="Explain a point">
            {points.map((point, place) => (
              <Prediction
                key={place}
                name={point.name}
                color={LINE_COLORS[pointColor(place)]}
                detail={placeText(point)}
                value={formatValue(point.score)}
                bar={barWidth(point.score, longest)}
                title={`${source.output} ${point.target}: ${quantity} ${formatValue(point.score)}`}
                chosen={place === chosen}
                stop={place === Math.max(0, chosen)}
                disabled={!canExplain}
                class={place === marked ? "marked" : ""}
                testid={`point-row-${place}`}
                data={{ "data-target": point.target }}
                onPick={() => explain(place)}
                onMark={(on) => setMarked(on ? place : undefined)}
              />
            ))}
          </PredictionList>
        </section>
      </div>
      <ValuesTable artifact={artifact} testid="keypoints-table" />
    </div>
  );
}

function PointsPicture({
  artifact,
  picture,
  marked,
  chosen,
  onMark,
  onPick,
}: {
  readonly artifact: KeypointsArtifact;
  readonly picture: ImageArtifact | undefined;
  readonly marked: number | undefined;
  readonly chosen: number;
  readonly onMark: (point: number | undefined) => void;
  readonly onPick: (point: number) => void;
}): VNode {
  const { points } = artifact;
  const tip = marked === undefined ? undefined : points[marked];
  return (
    <PictureFrame
      picture={picture}
      size={picture ?? artifact}
      label={`${points.length} points: ${points.map(pointLabel).join(", ")}`}
      onLeave={() => onMark(undefined)}
    >
      <Bones artifact={artifact} />
      {points.map((point, place) => (
        <span
          key={place}
          class={`keypoint ${place === marked ? "marked" : ""} ${place === chosen ? "chosen" : ""}`}
          aria-hidden="true"
          data-testid={`point-${place}`}
          style={{ ...placeStyle(point), background: LINE_COLORS[pointColor(place)] }}
          onPointerEnter={() => onMark(place)}
          onClick={() => onPick(place)}
        />
      ))}
      {tip ? (
        <Tooltip
          u={tip.u}
          v={tip.v}
          testid="point-tip"
          data={{ x: tip.x, y: tip.y, score: tip.score }}
          rows={[
            { label: "point", text: tip.name },
            { label: "x, y", text: `${formatValue(tip.x)}, ${formatValue(tip.y)}` },
            { label: artifact.quantity, text: formatValue(tip.score) },
          ]}
        />
      ) : null}
    </PictureFrame>
  );
}

/** The lines of the skeleton. */
function Bones({ artifact: { points, skeleton } }: Pick<FullProps<KeypointsArtifact>, "artifact">): VNode {
  return (
    <svg class="bones" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true" data-testid="bones">
      {skeleton.map(([from, to], place) => (
        <line key={place} x1={points[from].u} y1={points[from].v} x2={points[to].u} y2={points[to].v} />
      ))}
    </svg>
  );
}

function placeStyle({ u, v }: Keypoint): { left: string; top: string } {
  return { left: `${u * 100}%`, top: `${v * 100}%` };
}

/** "x 12.5, y 44": pixels of the picture file. */
function placeText({ x, y }: Keypoint): string {
  return `x ${formatValue(x)}, y ${formatValue(y)}`;
}

/** The points over the picture in a comparison. */
function SmallKeypoints({ artifact, drawing, reading, result, looks, linked }: SmallProps<KeypointsArtifact>): VNode {
  const picture = picturesOf(result).find(({ id }) => id === artifact.over);
  const pixels = useMemo(
    () => picture && { width: picture.width, height: picture.height, rgba: withAlpha(picture.pixels) },
    [picture],
  );
  return (
    <>
      <MapPicture
        drawing={drawing}
        picture={picture}
        reading={reading}
        looks={{ ...looks, arrangement: "map" }}
        linked={linked}
        bar={false}
        {...(pixels ? { pixels } : {})}
      >
        <Bones artifact={artifact} />
        {artifact.points.map((point, place) => (
          <span
            key={place}
            class="keypoint"
            aria-hidden="true"
            style={{ ...placeStyle(point), background: LINE_COLORS[pointColor(place)] }}
          />
        ))}
      </MapPicture>
      <p class="cell-legend">{artifact.points.slice(0, 4).map(pointLabel).join(", ")}</p>
    </>
  );
}
