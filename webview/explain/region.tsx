import type { VNode } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import type { BarsArtifact, ImageArtifact } from "../../src/protocol/artifacts.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import { elementIndex } from "../../src/protocol/target.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { Button } from "../ui/controls.tsx";
import { NumberField } from "../ui/fields.tsx";

/** Where a dense output has its height and width; the other axes (class, anchor) are single indices. */
interface DenseAxes {
  readonly height: number;
  readonly width: number;
}

/**
 * The axes of height and width of a dense output [N, K, H, W], [N, H, W, K] or [N, H, W]; undefined for vectors and
 * sequences.
 */
export function denseAxes(dims: readonly number[]): DenseAxes | undefined {
  if (dims.length === 3) return dims[1] > 1 && dims[2] > 1 ? { height: 1, width: 2 } : undefined;
  if (dims.length !== 4) return undefined;
  const last = dims[3] < dims[1] && dims[3] < dims[2];
  return last ? { height: 1, width: 2 } : dims[2] > 1 && dims[3] > 1 ? { height: 2, width: 3 } : undefined;
}

type Rows = readonly [from: number, before: number];

/**
 * Chooses what of a dense output is explained: a box drawn on the picture, or typed, of one class. The score is the sum
 * over it.
 */
export function RegionForm({
  output,
  picture,
  target,
  onExplain,
}: {
  readonly output: BarsArtifact;
  readonly picture: ImageArtifact | undefined;
  readonly target: TargetSpec;
  readonly onExplain: (target: TargetSpec) => void;
}): VNode | null {
  const { dims } = output;
  const axes = denseAxes(dims);
  const start = useMemo(() => axes && beginning(output, axes, target), [output, target]);
  const [box, setBox] = useState<{ readonly rows: Rows; readonly columns: Rows; readonly index: number } | undefined>(
    undefined,
  );
  const pressed = useRef<{ row: number; column: number } | undefined>(undefined);
  const below = useMemo(() => picture && withAlpha(picture.pixels), [picture]);
  if (!axes || !start) return null;
  const [height, width] = [dims[axes.height], dims[axes.width]];
  const shown = box ?? start;
  const classAxis = [1, 2, 3].find((axis) => axis < dims.length && axis !== axes.height && axis !== axes.width);
  const set = (part: Partial<typeof shown>): void => setBox({ ...shown, ...part });

  const placeOf = (event: PointerEvent): { row: number; column: number } => {
    const area = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const within = (part: number, size: number): number => Math.min(size - 1, Math.max(0, Math.floor(part * size)));
    return {
      row: within((event.clientY - area.top) / area.height, height),
      column: within((event.clientX - area.left) / area.width, width),
    };
  };
  const drag = (event: PointerEvent): void => {
    const from = pressed.current;
    if (!from) return;
    const to = placeOf(event);
    set({
      rows: [Math.min(from.row, to.row), Math.max(from.row, to.row) + 1],
      columns: [Math.min(from.column, to.column), Math.max(from.column, to.column) + 1],
    });
  };
  const apply = (): void => {
    const region = dims.slice(1).map((_, place): Rows => {
      const axis = place + 1;
      return axis === axes.height ? shown.rows : axis === axes.width ? shown.columns : [shown.index, shown.index + 1];
    });
    onExplain({ ...(target.output === undefined ? {} : { output: target.output }), region });
  };
  const percent = (part: number): string => `${part * 100}%`;
  return (
    <div class="region" data-testid="region">
      {picture && below ? (
        <div
          class="frame region-frame"
          style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
          data-testid="region-picture"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            pressed.current = placeOf(event);
            drag(event);
          }}
          onPointerMove={drag}
          onPointerUp={() => {
            pressed.current = undefined;
          }}
        >
          <PixelCanvas
            width={picture.width}
            height={picture.height}
            rgba={below}
            smooth
            label={`Drag a box on ${picture.title}, or enter its bounds below.`}
          />
          <div
            class="region-box"
            aria-hidden="true"
            style={{
              left: percent(shown.columns[0] / width),
              top: percent(shown.rows[0] / height),
              width: percent((shown.columns[1] - shown.columns[0]) / width),
              height: percent((shown.rows[1] - shown.rows[0]) / height),
            }}
          />
        </div>
      ) : null}
      <div class="region-fields" role="group" aria-label="Region of the output">
        {classAxis === undefined ? null : (
          <Field
            label="class"
            value={shown.index}
            max={dims[classAxis] - 1}
            onChange={(index) => set({ index })}
            testid="region-class"
          />
        )}
        <Field
          label="rows from"
          value={shown.rows[0]}
          max={height - 1}
          onChange={(from) => set({ rows: [from, Math.max(from + 1, shown.rows[1])] })}
          testid="region-top"
        />
        <Field
          label="before"
          value={shown.rows[1]}
          min={1}
          max={height}
          onChange={(before) => set({ rows: [Math.min(shown.rows[0], before - 1), before] })}
          testid="region-bottom"
        />
        <Field
          label="columns from"
          value={shown.columns[0]}
          max={width - 1}
          onChange={(from) => set({ columns: [from, Math.max(from + 1, shown.columns[1])] })}
          testid="region-left"
        />
        <Field
          label="before"
          value={shown.columns[1]}
          min={1}
          max={width}
          onChange={(before) => set({ columns: [Math.min(shown.columns[0], before - 1), before] })}
          testid="region-right"
        />
        <Button onClick={apply} testid="region-apply">
          Explain the sum
        </Button>
      </div>
    </div>
  );
}

function Field({
  label,
  value,
  min = 0,
  max,
  onChange,
  testid,
}: {
  readonly label: string;
  readonly value: number;
  readonly min?: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
  readonly testid: string;
}): VNode {
  return (
    <NumberField
      label={label}
      value={value}
      min={min}
      max={max}
      step={1}
      integer
      onChange={onChange}
      title={`${min} to ${max}`}
      testid={testid}
    />
  );
}

/** The region that is explained now; else all of the class that is. */
function beginning(
  { dims, items }: BarsArtifact,
  axes: DenseAxes,
  { region, index }: TargetSpec,
): { rows: Rows; columns: Rows; index: number } {
  const single = index ?? (items[0] && elementIndex(dims, items[0].index));
  const classAxis = [1, 2, 3].find((axis) => axis < dims.length && axis !== axes.height && axis !== axes.width);
  const fits = region?.length === dims.length - 1;
  return {
    rows: fits ? region[axes.height - 1] : [0, dims[axes.height]],
    columns: fits ? region[axes.width - 1] : [0, dims[axes.width]],
    index: classAxis === undefined ? 0 : fits ? region[classAxis - 1][0] : (single?.[classAxis - 1] ?? 0),
  };
}
