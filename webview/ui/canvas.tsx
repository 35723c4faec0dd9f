import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Pixels on the screen: RGBA bytes [height, width, 4], stretched by the style sheet. `smooth` interpolates when
 * stretched, else every pixel stays a square. `label` is the picture's text alternative; without one it is decoration.
 */
export function PixelCanvas({
  width,
  height,
  rgba,
  smooth,
  label,
  testid,
  opacity,
  class: className,
}: {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly smooth: boolean;
  readonly label?: string;
  readonly testid?: string;
  readonly opacity?: number;
  readonly class?: string;
}): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    // Setting the size clears the canvas, so it is set only where it changed.
    if (!context || !canvas.current) return;
    if (canvas.current.width !== width) canvas.current.width = width;
    if (canvas.current.height !== height) canvas.current.height = height;
    context.putImageData(new ImageData(rgba, width, height), 0, 0);
  }, [width, height, rgba]);
  return (
    <canvas
      ref={canvas}
      class={`pixels ${smooth ? "" : "pixelated"} ${className ?? ""}`}
      data-testid={testid}
      style={{ aspectRatio: `${width} / ${height}`, opacity: opacity === undefined ? "" : String(opacity) }}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : "true"}
    />
  );
}
