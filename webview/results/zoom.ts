/**
 * The part of every picture that is seen: u and v of its upper left corner (0 to 1), and how often it fits into the
 * whole.
 */
export interface Zoom {
  readonly scale: number;
  readonly u: number;
  readonly v: number;
}

export const WHOLE: Zoom = { scale: 1, u: 0, v: 0 };
export const MOST = 16;

/** The part of an axis that is seen, from 0 to 1. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const WHOLE_SPAN: Span = { from: 0, to: 1 };

/** What is seen of the horizontal axis. */
export function spanOf({ scale, u }: Zoom): Span {
  return scale === 1 ? WHOLE_SPAN : { from: u, to: u + 1 / scale };
}

/** Larger or smaller by a factor, at the most `most` times, with the point (u, v) staying where it is. */
export function zoomAt(zoom: Zoom, factor: number, u: number, v: number, most = MOST): Zoom {
  const scale = Math.min(most, Math.max(1, zoom.scale * factor));
  const ratio = zoom.scale / scale;
  return within({ scale, u: u - (u - zoom.u) * ratio, v: v - (v - zoom.v) * ratio });
}

/** Larger or smaller about the middle of what is seen. */
export function zoomBy(zoom: Zoom, factor: number): Zoom {
  return zoomAt(zoom, factor, zoom.u + 0.5 / zoom.scale, zoom.v + 0.5 / zoom.scale);
}

/** What is seen moves by parts of itself. */
export function pan(zoom: Zoom, right: number, down: number): Zoom {
  return within({ ...zoom, u: zoom.u + right / zoom.scale, v: zoom.v + down / zoom.scale });
}

/** So that the point is in sight; the same zoom where it is. */
export function reveal(zoom: Zoom, u: number, v: number): Zoom {
  const seen = 1 / zoom.scale;
  const to = (start: number, point: number): number =>
    point < start ? point : point > start + seen ? point - seen : start;
  const [left, top] = [to(zoom.u, u), to(zoom.v, v)];
  return left === zoom.u && top === zoom.v ? zoom : within({ ...zoom, u: left, v: top });
}

/** The point of the picture at a part of what is seen. */
export function pointAt(zoom: Zoom, across: number, down: number): { readonly u: number; readonly v: number } {
  return { u: zoom.u + across / zoom.scale, v: zoom.v + down / zoom.scale };
}

/** Where the whole picture lies so that its frame shows just this part. */
export function zoomStyle({ scale, u, v }: Zoom): {
  readonly left: string;
  readonly top: string;
  readonly width: string;
  readonly height: string;
} {
  const percent = (part: number): string => `${100 * part}%`;
  return { left: percent(-u * scale), top: percent(-v * scale), width: percent(scale), height: percent(scale) };
}

function within({ scale, u, v }: Zoom): Zoom {
  const maxOffset = 1 - 1 / scale;
  const clamp = (start: number): number => Math.min(maxOffset, Math.max(0, start));
  return { scale, u: clamp(u), v: clamp(v) };
}
