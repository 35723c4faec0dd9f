import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { boxLabel, placeBoxes } from "../../src/draw/kinds/boxes.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import { LINE_COLORS } from "../../src/draw/scene/strokes.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { BoxesArtifact, DetectedBox } from "../../src/protocol/artifacts.ts";
import { Slider } from "../ui/fields.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import { barWidth } from "./bar-width.ts";
import { elementTarget, isTarget } from "./is-target.ts";
import { PictureFrame } from "./picture-frame.tsx";
import { Prediction, PredictionList } from "./prediction-list.tsx";
import type { FullProps, KindView } from "./view.ts";

export const boxes: KindView<BoxesArtifact> = { Full: Boxes };

/**
 * A detector's boxes over the picture, and beside it the same as a list with every number. A click on either explains
 * that box's class score; the list is what keyboards and screen readers use.
 */
function Boxes({ artifact, result, page }: FullProps<BoxesArtifact>): VNode {
  const { target, canExplain } = page;
  const picture = picturesOf(result).find(({ id }) => id === artifact.over);
  const [marked, setMarked] = useState<number | undefined>(undefined);
  const size = picture ?? artifact;
  const placed = useMemo(() => placeBoxes(artifact, size), [artifact, size.width, size.height]);
  const chosen = artifact.boxes.findIndex((box) => isTarget(box.output, box.target, target));
  const explain = (index: number): void => {
    if (canExplain && index !== chosen)
      page.explain(elementTarget(artifact.boxes[index].output, artifact.boxes[index].target));
  };
  const tip = placed.find(({ index }) => index === marked);
  return (
    <div class="boxes-stage">
      <figure class="picture">
        <PictureFrame
          picture={picture}
          size={size}
          label={plural(artifact.boxes.length)}
          onLeave={() => setMarked(undefined)}
        >
          <svg
            class="boxes-over"
            viewBox="0 0 1 1"
            preserveAspectRatio="none"
            aria-hidden="true"
            data-testid="boxes-over"
          >
            {placed
              .slice()
              .reverse()
              .map(({ index, left, top, right, bottom, color }) => (
                <rect
                  key={index}
                  x={left}
                  y={top}
                  width={right - left}
                  height={bottom - top}
                  stroke={LINE_COLORS[color]}
                  class={index === chosen || index === marked ? "marked" : ""}
                  data-testid={`box-${index}`}
                  onPointerEnter={() => setMarked(index)}
                  onClick={() => explain(index)}
                />
              ))}
          </svg>
          {placed.map(({ box, index, left, top }) => (
            <span
              key={index}
              class="box-label"
              aria-hidden="true"
              style={{ left: `${left * 100}%`, top: `${top * 100}%`, maxWidth: `${(1 - left) * 100}%` }}
            >
              {boxLabel(box)}
            </span>
          ))}
          {tip ? (
            <Tooltip
              u={tip.left}
              v={tip.bottom}
              testid="box-tip"
              data={{ score: tip.box.score, x0: tip.box.x0, y0: tip.box.y0, x1: tip.box.x1, y1: tip.box.y1 }}
              rows={rowsOf(tip.box)}
            />
          ) : null}
        </PictureFrame>
        <figcaption>{artifact.caption}</figcaption>
      </figure>
      <section class="predictions">
        <h2>{artifact.title}</h2>
        <BoxSelection artifact={artifact} page={page} />
        {artifact.boxes.length === 0 ? <p class="muted">No box scores high enough.</p> : null}
        <PredictionList label="Explain a box">
          {artifact.boxes.map((box, index) => (
            <Prediction
              key={index}
              name={box.class}
              detail={corners(box)}
              value={formatValue(box.score)}
              bar={barWidth(Math.max(0, box.score), 1)}
              title={`${box.output} ${box.target}`}
              chosen={index === chosen}
              stop={index === Math.max(0, chosen)}
              disabled={!canExplain}
              testid={`box-row-${index}`}
              data={{ "data-target": box.target }}
              onPick={() => explain(index)}
              onMark={(on) => setMarked(on ? index : undefined)}
            />
          ))}
        </PredictionList>
      </section>
    </div>
  );
}

/** The thresholds by which boxes are selected: a change reads the model's outputs anew. */
function BoxSelection({
  artifact: { selection },
  page,
}: Pick<FullProps<BoxesArtifact>, "artifact" | "page">): VNode | null {
  if (!selection) return null;
  const { params, canExplain, setParam } = page;
  const asked = Number(params.min_score);
  const score = Number.isFinite(asked) ? asked : (selection.score ?? 0);
  const all = selection.by === "graph" && !Number.isFinite(asked);
  const iou = typeof params.iou === "number" ? params.iou : selection.iou;
  return (
    <div class="box-selection" role="group" aria-label="Selection of boxes">
      <Slider
        label="score over"
        value={score}
        min={0}
        max={1}
        step={0.01}
        text={all ? "all" : score.toFixed(2)}
        testid="min-score"
        disabled={!canExplain}
        title="Only boxes with a score over this are listed"
        onInput={(next) => setParam("min_score", String(next))}
      />
      {iou === undefined || selection.by !== "suppression" ? null : (
        <Slider
          label="IoU up to"
          value={iou}
          min={0}
          max={1}
          step={0.01}
          text={iou.toFixed(2)}
          testid="iou"
          disabled={!canExplain}
          title="Of boxes of one class that overlap by more than this (intersection over union), only the best is kept"
          onInput={(next) => setParam("iou", next)}
        />
      )}
      {selection.by === "suppression" ? null : (
        <p class="muted" data-testid="selection-said">
          {selection.said}
        </p>
      )}
    </div>
  );
}

function rowsOf(box: DetectedBox): { label: string; text: string }[] {
  return [
    { label: "class", text: `${box.class}${typeof box.class === "string" ? ` (${box.classIndex})` : ""}` },
    { label: "score", text: formatValue(box.score) },
    { label: "x", text: `${formatValue(box.x0)} to ${formatValue(box.x1)}` },
    { label: "y", text: `${formatValue(box.y0)} to ${formatValue(box.y1)}` },
  ];
}

/** "x 12.5 to 80, y 3 to 44": pixels of the picture file. */
function corners({ x0, y0, x1, y1 }: DetectedBox): string {
  return `x ${formatValue(x0)} to ${formatValue(x1)}, y ${formatValue(y0)} to ${formatValue(y1)}`;
}

function plural(count: number): string {
  return `${count} ${count === 1 ? "box" : "boxes"}`;
}
