import type { VNode } from "preact";
import { IconButton } from "../ui/fields.tsx";

/** Below lines: what the place under the cursor says, and the zoom. */
export function Foot({
  reading,
  data,
  zoom: { scale, most, by },
}: {
  readonly reading: string | undefined;
  readonly data: Readonly<Record<`data-${string}`, number | undefined>>;
  readonly zoom: { readonly scale: number; readonly most: number; readonly by: (factor: number) => void };
}): VNode {
  return (
    <div class="line-foot">
      <p class="line-reading number" data-testid="line-reading" {...data}>
        {reading ?? "\u00a0"}
      </p>
      <span class="line-zoom" role="group" aria-label="Zoom">
        <IconButton
          icon="zoom-out"
          label="Zoom out"
          testid="line-zoom-out"
          disabled={scale <= 1}
          onClick={() => by(1 / 1.5)}
        />
        <IconButton
          icon="zoom-in"
          label="Zoom in (Ctrl and wheel on a line; drag to move)"
          testid="line-zoom-in"
          disabled={scale >= most}
          onClick={() => by(1.5)}
        />
      </span>
    </div>
  );
}
