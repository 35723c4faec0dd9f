import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import type { ImageArtifact } from "../../src/protocol/artifacts.ts";
import { PixelCanvas } from "../ui/canvas.tsx";

/** The input's picture with what is drawn over it; where there is none, its place. */
export function PictureFrame({
  picture,
  size,
  label,
  onLeave,
  children,
}: {
  readonly picture: ImageArtifact | undefined;
  /** Its proportions. */
  readonly size: { readonly width: number; readonly height: number };
  /** For screen readers: what is over it. */
  readonly label: string;
  readonly onLeave: () => void;
  readonly children: ComponentChildren;
}): VNode {
  const below = useMemo(() => picture && withAlpha(picture.pixels), [picture]);
  return (
    <div class="frame" style={{ aspectRatio: `${size.width} / ${size.height}` }} onPointerLeave={onLeave}>
      {picture && below ? (
        <PixelCanvas
          width={picture.width}
          height={picture.height}
          rgba={below}
          smooth
          label={`${picture.title}, ${label}`}
          testid="picture"
        />
      ) : null}
      {children}
    </div>
  );
}
