import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import type { ImageArtifact } from "../../src/protocol/artifacts.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import type { KindView } from "./view.ts";

export const image: KindView<ImageArtifact> = { Full: ({ artifact }) => <Picture image={artifact} /> };

/** A picture with its caption. */
export function Picture({ image }: { readonly image: ImageArtifact }): VNode {
  const rgba = useMemo(() => withAlpha(image.pixels), [image]);
  return (
    <figure class="picture" style={{ "--aspect": String(image.width / image.height) }}>
      <PixelCanvas
        width={image.width}
        height={image.height}
        rgba={rgba}
        smooth
        label={`${image.title}, ${image.width} by ${image.height} pixels`}
        testid="picture"
      />
      <figcaption>{image.caption || image.title}</figcaption>
    </figure>
  );
}
