import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { curveRanges, lineStyles } from "../../src/draw/kinds/curves.ts";
import { LINE_COLORS } from "../../src/draw/scene/strokes.ts";
import { column } from "../../src/draw/scene/table.ts";
import type { Table } from "../../src/draw/scene/table.ts";
import { ticks } from "../../src/draw/scene/ticks.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { CurvesArtifact } from "../../src/protocol/artifacts.ts";
import "./curves.css";
import { DataTable } from "./data-table.tsx";
import { Announce } from "../ui/feedback.tsx";
import { Disclosure } from "../ui/fields.tsx";
import { useTheme, useWidth } from "../ui/hooks.ts";
import type { FullProps, KindView } from "./view.ts";

export const curves: KindView<CurvesArtifact> = { Full: Curves };

/**
 * VS Code's colours for charts, for the lines in turn (its orange is half transparent in some themes); LINE_COLORS
 * stand in where a theme has none.
 */
const CHART_COLORS = ["blue", "yellow", "green", "purple", "red", "foreground"] as const;

/**
 * Lines in a frame; under the pointer, or by arrow keys, the values that the lines have there; all values as a table.
 */
function Curves({ artifact, compact }: Pick<FullProps<CurvesArtifact>, "artifact" | "compact">): VNode {
  const height = compact ? 240 : 320;
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const theme = useTheme();
  const plot = useRef<uPlot>(undefined);
  const data = useMemo(() => joined(artifact), [artifact]);
  const [at, setAt] = useState<number | undefined>(undefined);
  const [byKey, setByKey] = useState(false);
  const [table, setTable] = useState(false);

  useLayoutEffect(() => {
    if (!place.current || width < 80) return undefined;
    const made = new uPlot(
      options(artifact, width, height, place.current, (index) => {
        setAt(index);
        setByKey(false);
      }),
      data.aligned,
      place.current,
    );
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, [artifact, data, width, height, theme]);
  // Before the next key can come: an effect after the paint would take away what that key did.
  useLayoutEffect(() => setAt(undefined), [artifact]);

  const move = (event: KeyboardEvent): void => {
    const last = data.x.length - 1;
    const from = at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const to = {
      ArrowRight: Math.min(last, from + 1),
      ArrowLeft: Math.max(0, from - 1),
      Home: 0,
      End: last,
      PageUp: Math.max(0, from - 10),
      PageDown: Math.min(last, from + 10),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    plot.current?.setCursor({ left: plot.current.valToPos(data.x[to], "x"), top: -10 }, false);
    setAt(to);
    setByKey(true);
  };
  const styles = lineStyles(artifact.lines);
  const words =
    at === undefined
      ? ""
      : `${where(artifact, data.x[at])}: ${artifact.lines.flatMap((line, i) => (data.rows[i][at] === undefined ? [] : [`${line.label} ${formatValue(data.rows[i][at])}`])).join(", ")}`;
  return (
    <figure class="curves" data-testid={`curves-${artifact.id}`}>
      <div class="muted curves-axis" aria-hidden="true">
        {artifact.y.label}
      </div>
      <div
        class="curves-plot"
        ref={place}
        tabIndex={0}
        role="img"
        onKeyDown={move}
        data-testid="curves-plot"
        style={{ minHeight: `${height + namesSize(artifact)}px` }}
        aria-label={`${artifact.title}. ${artifact.y.label} over ${artifact.x.label}. ${artifact.numbers.map(({ label, value }) => `${label} ${formatValue(value)}`).join(", ")}. Arrow keys read values.`}
      />
      <div class="muted curves-axis curves-below" aria-hidden="true">
        {artifact.x.label}
      </div>
      <div class="curves-legend" data-testid="curves-legend">
        {artifact.lines.map((line, i) => (
          <div key={line.id} class="curves-line">
            <Swatch color={styles[i].color} dash={styles[i].dash} dots={line.style === "points"} />
            <span>{line.label}</span>
            {line.summary ? (
              <span class="muted number">
                {line.summary.label} {formatValue(line.summary.value)}
              </span>
            ) : null}
            {at !== undefined && data.rows[i][at] !== undefined ? (
              <span class="number curves-value" data-testid={`value-${line.id}`} data-value={data.rows[i][at]}>
                {formatValue(data.rows[i][at])}
              </span>
            ) : null}
          </div>
        ))}
        <div class="curves-where muted number" data-testid="curves-where">
          {at === undefined ? "\u00a0" : where(artifact, data.x[at])}
        </div>
      </div>
      <dl class="curves-numbers" data-testid="curves-numbers">
        {artifact.numbers.map(({ id, label, value, help }) => (
          <div key={id} title={help}>
            <dt>{label}</dt>
            <dd class="number" data-testid={`number-${id}`} data-value={value}>
              {formatValue(value)}
            </dd>
            <dd class="muted curves-help">{help}</dd>
          </div>
        ))}
      </dl>
      <p class="curves-reading">{artifact.reading}</p>
      <figcaption>{artifact.caption}</figcaption>
      <Announce testid="curves-live" text={byKey ? words : ""} />
      <Disclosure title="Values as a table" open={table} onToggle={setTable} testid="curves-table">
        {() => <DataTable table={wideTable(artifact, data)} label={`${artifact.title}: values`} />}
      </Disclosure>
    </figure>
  );
}

function Swatch({
  color,
  dash,
  dots,
}: {
  readonly color: number;
  readonly dash: readonly number[];
  readonly dots: boolean;
}): VNode {
  return (
    <svg
      class="curves-swatch"
      width="26"
      height="10"
      aria-hidden="true"
      style={{ color: `var(--vscode-charts-${CHART_COLORS[color]}, ${LINE_COLORS[color]})` }}
    >
      {dots ? (
        <circle cx="13" cy="5" r="3" fill="currentColor" />
      ) : (
        <line
          x1="0"
          y1="5"
          x2="26"
          y2="5"
          stroke="currentColor"
          stroke-width="2"
          stroke-dasharray={dash.map((length) => length * 0.8).join(" ")}
        />
      )}
    </svg>
  );
}

/** A row for each x, a column for each line. */
function wideTable({ x, lines }: CurvesArtifact, data: Joined): Table {
  return {
    rows: data.x.length,
    columns: [
      column(x.label, x.names ? "text" : "number", (row) => x.names?.[data.x[row]] ?? data.x[row]),
      ...lines.map(({ label }, i) => column(label, "number", (row) => data.rows[i][row] ?? "")),
    ],
  };
}

/** "pixels taken, % 12.5", or a place's name. */
function where({ x }: CurvesArtifact, value: number): string {
  return x.names ? (x.names[Math.round(value)] ?? "") : `${x.label}: ${formatValue(value)}`;
}

interface Joined {
  readonly x: readonly number[];
  /** Of each line its value at every x; undefined where it has none of its own there. */
  readonly rows: readonly (readonly (number | undefined)[])[];
  /** As uPlot takes them: null breaks a line, undefined does not. */
  readonly aligned: uPlot.AlignedData;
}

function joined({ lines }: CurvesArtifact): Joined {
  const x = [...new Set(lines.flatMap((line) => [...line.x]))].filter(Number.isFinite).sort((a, b) => a - b);
  const positions = new Map(x.map((value, position) => [value, position]));
  const rows = lines.map((line) => {
    const row = new Array<number | undefined>(x.length).fill(undefined);
    line.x.forEach((value, i) => {
      if (positions.has(value)) row[positions.get(value)!] = line.y[i];
    });
    return row;
  });
  return {
    x,
    rows,
    aligned: [
      x,
      ...rows.map((row) => row.map((value) => (value === undefined || Number.isFinite(value) ? value : null))),
    ] as uPlot.AlignedData,
  };
}

function options(
  artifact: CurvesArtifact,
  width: number,
  height: number,
  element: HTMLElement,
  onIndex: (index: number | undefined) => void,
): uPlot.Options {
  const css = getComputedStyle(element);
  const value = (name: string, otherwise: string): string => css.getPropertyValue(name).trim() || otherwise;
  const ink = value("--vscode-foreground", "#888");
  const line = value("--vscode-panel-border", "#80808059");
  const font = `${css.fontSize} ${css.fontFamily}`;
  const styles = lineStyles(artifact.lines);
  const ranges = curveRanges(artifact);
  const names = artifact.x.names;
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return {
    width,
    height: height + namesSize(artifact),
    legend: { show: false },
    padding: [12, 12, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false, range: [ranges.x.min, ranges.x.max] }, y: { range: [ranges.y.min, ranges.y.max] } },
    axes: [
      names
        ? {
            ...axis,
            size: 30 + namesSize(artifact),
            rotate: -90,
            splits: () => placesOf(names.length, width),
            values: (_, splits) => splits.map((at) => shorten(names[at] ?? "")),
          }
        : {
            ...axis,
            size: 30,
            splits: () => ticks(ranges.x.min, ranges.x.max, width / 90),
            values: (_, splits) => splits.map(formatValue),
          },
      {
        ...axis,
        size: 56,
        splits: () => ticks(ranges.y.min, ranges.y.max, height / 50),
        values: (_, splits) => splits.map(formatValue),
      },
    ],
    series: [
      {},
      ...artifact.lines.map(({ label, style }, i): uPlot.Series => {
        const color = value(`--vscode-charts-${CHART_COLORS[styles[i].color]}`, LINE_COLORS[styles[i].color]);
        const dots = style === "points";
        return {
          label,
          stroke: color,
          width: style === "guide" ? 1 : 2,
          dash: [...styles[i].dash],
          ...(dots ? { paths: () => null } : {}),
          points: { show: dots, size: 6, fill: color, stroke: color },
        };
      }),
    ],
    hooks: { setCursor: [(plot) => onIndex(plot.cursor.idx ?? undefined)] },
  };
}

/** As many places as there is room for their names. */
function placesOf(count: number, width: number): number[] {
  const every = Math.max(1, Math.ceil((count * 18) / Math.max(100, width - 80)));
  return Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
}

/** Room under the axis for names that stand on end. */
function namesSize({ x }: CurvesArtifact): number {
  return x.names ? 7 * Math.max(...x.names.map((name) => shorten(name).length)) - 10 : 0;
}

/** A layer's block is told by the beginning of its name, its kind by the end. */
function shorten(name: string): string {
  return name.length > 19 ? `${name.slice(0, 12)}…${name.slice(-6)}` : name;
}
