import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
import { FONT_FAMILY, GLYPH, isDrawn, measureText } from "../scene/font.ts";
import { encodePng } from "./png.ts";
import { layoutScene } from "../scene/scene.ts";
import type { Ink, LinePart, Part, Scene } from "../scene/parts.ts";
import { LINE_COLORS } from "../scene/strokes.ts";

export interface Theme {
  /** CSS colours. */
  readonly foreground: string;
  readonly background: string;
}

export const LIGHT_THEME: Theme = { foreground: "#1f2328", background: "#ffffff" };

/**
 * The same picture as composePicture's: text as text, pixels embedded as PNG. Every text that came from outside is
 * escaped.
 */
export function composeSvg(result: Result, artifact: Artifact, looks: Looks, theme: Theme = LIGHT_THEME): string {
  return writeSvg(layoutScene(result, artifact, looks), {
    title: artifact.title,
    metadata: JSON.stringify(result.provenance),
    theme,
  });
}

/** A scene as an SVG file. Without a background where the theme's is "none". */
export function writeSvg(
  scene: Scene,
  { title, metadata, theme }: { readonly title: string; readonly metadata: string; readonly theme: Theme },
): string {
  const [width, height] = [Math.ceil(scene.width), Math.ceil(scene.height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="${FONT_FAMILY}" style="font-kerning:none" role="img" aria-label="${escapeXml(title)}">`,
    `<title>${escapeXml(title)}</title>`,
    `<metadata>${escapeXml(metadata)}</metadata>`,
    ...(theme.background === "none"
      ? []
      : [`<rect width="${width}" height="${height}" fill="${escapeXml(theme.background)}"/>`]),
    ...scene.parts.map((part, index) => writePart(part, index, theme)),
    "</svg>\n",
  ].join("\n");
}

function writePart(part: Part, index: number, theme: Theme): string {
  switch (part.kind) {
    case "line":
      return part.colors ? coloredStroke(part, part.colors, `line-${index}`) : strokeOf(part);
    case "rect":
      return `<rect x="${part.x}" y="${part.y}" width="${part.width}" height="${part.height}" ${inkOf(part.ink, theme)}/>`;
    case "text": {
      const size = GLYPH.em * part.scale;
      const y = part.y + Math.round(GLYPH.ascent * part.scale);
      const anchor = part.anchor ? `text-anchor="${part.anchor}" ` : "";
      const turn = part.turned ? `transform="rotate(-90 ${part.x} ${part.y})" ` : "";
      // As wide as it was laid out, whatever font there is; what the packed font lacks is as wide as it is.
      const width = isDrawn(part.text) ? `textLength="${(measureText(part.text) * size).toFixed(2)}" ` : "";
      return (
        `<text x="${part.x}" y="${y}" ${anchor}${turn}${width}lengthAdjust="spacingAndGlyphs" font-size="${size}" ` +
        `xml:space="preserve" ${inkOf(part.ink, theme)}>${escapeXml(part.text)}</text>`
      );
    }
    case "image": {
      const png = encodePng(part.pixelWidth, part.pixelHeight, part.rgba);
      return (
        `<image x="${part.x}" y="${part.y}" width="${part.width}" height="${part.height}" preserveAspectRatio="none" ` +
        `style="image-rendering:pixelated" href="data:image/png;base64,${base64(png)}"><title>${escapeXml(part.label)}</title></image>`
      );
    }
  }
}

/** A line as the mask of its columns' colours. */
function coloredStroke(part: LinePart, { width, rgba }: NonNullable<LinePart["colors"]>, id: string): string {
  const ys = part.points.filter((_, i) => i % 2 === 1);
  const [top, bottom] = ys.reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [Infinity, -Infinity]);
  const edge = part.width;
  const box = `x="${part.x - edge}" y="${part.y + top - edge}" width="${width + 2 * edge}" height="${bottom - top + 2 * edge}"`;
  const image = base64(encodePng(rgba.length / 4, 1, rgba));
  return (
    `<mask id="${id}" maskUnits="userSpaceOnUse" ${box}>${strokeOf(part, "#fff")}</mask>` +
    `<image x="${part.x}" y="${part.y + top - edge}" width="${width}" height="${bottom - top + 2 * edge}" mask="url(#${id})" ` +
    `preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,${image}"/>`
  );
}

function strokeOf(
  { x, y, points, width, color, dash, dots }: LinePart,
  stroke: string = LINE_COLORS[color % LINE_COLORS.length],
): string {
  const at = Array.from({ length: points.length / 2 }, (_, i) => [x + points[2 * i], y + points[2 * i + 1]]);
  if (dots) return at.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="${width / 2}" fill="${stroke}"/>`).join("");
  return (
    `<polyline points="${at.map((point) => point.join(",")).join(" ")}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"` +
    `${dash && dash.length > 0 ? ` stroke-dasharray="${dash.join(" ")}"` : ""}/>`
  );
}

function inkOf(ink: Ink, theme: Theme): string {
  if (ink === "accent") return 'fill="#3b82d6"';
  const color = escapeXml(ink === "background" ? theme.background : theme.foreground);
  return ink === "muted" ? `fill="${color}" fill-opacity="0.65"` : `fill="${color}"`;
}

/** For text and for attributes in double quotes; characters that XML 1.0 forbids become U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
      .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}
