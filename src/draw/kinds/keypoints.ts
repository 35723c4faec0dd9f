import type { HeatmapArtifact, ImageArtifact, KeypointsArtifact } from "../../protocol/artifacts.ts";
import { formatValue } from "../../protocol/format.ts";
import { GLYPH } from "../scene/font.ts";
import { TARGET_SIZE, textWidth, type Block, type Part } from "../scene/parts.ts";
import { LINE_COLORS } from "../scene/strokes.ts";
import { tableOfList } from "../scene/table.ts";
import { pictureImage } from "./image.ts";
import { firstStands, onceFor, type Kind } from "./kind.ts";
import { plainMap } from "./plain-map.ts";

export const keypoints: Kind<KeypointsArtifact> = {
  layout: (artifact, { pictures }) =>
    layoutPoints(
      artifact,
      pictures.find(({ id }) => id === artifact.over),
    ),
  table: ({ points }) =>
    tableOfList(points, [
      ["point", "text", ({ name }) => name],
      ["x", "number", ({ x }) => x],
      ["y", "number", ({ y }) => y],
      ["score", "number", ({ score }) => score],
      ["row", "integer", ({ row }) => row],
      ["column", "integer", ({ column }) => column],
      ["target", "text", ({ target }) => target],
    ]),
  numbers: ({ dims, values }) => ({ dims, values }),
  // The heat maps are the output, which a .json has as `raw`.
  json: ({ maps: _, ...rest }) => rest,
  jsonTop: ({ points, skeleton, pixels }) => ({ keypoints: { pixels, points, skeleton } }),
  ...firstStands(),
  compare: {
    values: onceFor(allMaps),
    label: ({ points }, { row, column }) => points.find((point) => point.row === row && point.column === column)?.name,
    colored: false,
    options: [],
    layout: (artifact, { pictures }) =>
      layoutPoints(
        artifact,
        pictures.find(({ id }) => id === artifact.over),
      ),
  },
  options: ["arrangement", "opacity", "colorMap", "clip"],
};

/** Of all points' maps the largest value at each place. */
function allMaps(artifact: KeypointsArtifact): HeatmapArtifact {
  const { maps, points, height, width } = artifact;
  const values = new Float32Array(height * width).fill(-Infinity);
  points.forEach((_, point) => {
    for (let place = 0; place < values.length; place++)
      values[place] = Math.max(values[place], maps[point * values.length + place]);
  });
  return mapOf(artifact, values, artifact.title);
}

/** One point's heat map. */
export function pointMap(artifact: KeypointsArtifact, point: number): HeatmapArtifact {
  const size = artifact.height * artifact.width;
  return mapOf(artifact, artifact.maps.slice(point * size, (point + 1) * size), artifact.points[point].name);
}

function mapOf(artifact: KeypointsArtifact, values: Float32Array, title: string): HeatmapArtifact {
  const { height, width, over } = artifact;
  return plainMap({ ...artifact, title, values }, [height, width], {
    smooth: true,
    ...(over === undefined ? {} : { over }),
  });
}

/** "left hand 0.87". */
export function pointLabel({ name, score }: KeypointsArtifact["points"][number]): string {
  return `${name} ${formatValue(Number(score.toPrecision(2)))}`;
}

/** A number of LINE_COLORS for each point. */
export function pointColor(point: number): number {
  return point % LINE_COLORS.length;
}

/** Names beyond these would cover the picture: a table has them. */
const MOST_NAMED = 20;

/** The picture with the skeleton, a dot for each point and its name beside it. */
function layoutPoints(artifact: KeypointsArtifact, picture: ImageArtifact | undefined): Block {
  const { points, skeleton } = artifact;
  const image = picture && pictureImage(picture);
  const [width, height] = image
    ? [image.width, image.height]
    : [Math.round((TARGET_SIZE * artifact.width) / artifact.height), TARGET_SIZE];
  const at = (point: number): [number, number] => [points[point].u * width, points[point].v * height];
  const line = (ends: readonly number[], color: number): Part => ({
    kind: "line",
    x: 0,
    y: 0,
    points: ends,
    width: 3,
    color,
  });
  const parts: Part[] = [
    ...(image ? [image] : []),
    ...skeleton.map(([from, to]) => line([...at(from), ...at(to)], 5)),
    ...points.map((_, point): Part => ({
      kind: "line",
      x: 0,
      y: 0,
      points: at(point),
      width: 10,
      color: pointColor(point),
      dots: true,
    })),
  ];
  for (const [place, point] of points.slice(0, MOST_NAMED).entries()) {
    const [x, y] = at(place);
    const size = { width: textWidth(point.name, 1) + 6, height: GLYPH.line };
    const left = Math.round(Math.max(0, Math.min(width - size.width, x + 7)));
    const top = Math.round(Math.max(0, Math.min(height - size.height, y - size.height / 2)));
    parts.push(
      { kind: "rect", x: left, y: top, ...size, ink: "background" },
      { kind: "text", x: left + 3, y: top + 2, text: point.name, scale: 1, ink: "foreground" },
    );
  }
  return { width, height, parts };
}
