import type { VNode } from "preact";
import { comparisonOf, isKnown, kindOf } from "../../src/draw/kinds/index.ts";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import { barsCell } from "./bars.tsx";
import { heatmapCell } from "./heatmap.tsx";
import { keypointsCell } from "./keypoints.tsx";
import { lineCell } from "./line.tsx";
import { maskCell } from "./mask.tsx";
import { numbersCell } from "./numbers.tsx";
import { outputImageCell } from "./output-image.tsx";
import "./results.css";
import { tokenScoresCell } from "./token-scores.tsx";
import { tokensCell } from "./tokens.tsx";
import { vectorCell } from "./vector.tsx";
import { waveCell } from "./wave.tsx";
import { UnknownKind } from "./unknown.tsx";
import type { KindCell, SmallProps } from "./view.ts";

/** The small views of all kinds of artifacts; null where the kind's record says why there is none. */
const cells: { readonly [K in Artifact["kind"]]: KindCell<Extract<Artifact, { kind: K }>> | null } = {
  bars: barsCell,
  boxes: null,
  curves: null,
  heatmap: heatmapCell,
  image: null,
  keypoints: keypointsCell,
  line: lineCell,
  mask: maskCell,
  numbers: numbersCell,
  "output-image": outputImageCell,
  table: null,
  tiles: null,
  "token-scores": tokenScoresCell,
  tokens: tokensCell,
  vector: vectorCell,
  wave: waveCell,
};

/** A kind's small view; undefined where there is none. */
export function cellOf<A extends Artifact>({ kind }: A): KindCell<A> | undefined {
  return isKnown(kind) ? ((cells[kind] as unknown as KindCell<A> | null) ?? undefined) : undefined;
}

/** Any artifact in a cell of a comparison; why it has no such form where it has none. */
export function SmallView(props: Omit<SmallProps<Artifact>, "drawing"> & Partial<SmallProps<Artifact>>): VNode {
  const { artifact, drawing } = props;
  const Small = cellOf(artifact)?.Small;
  if (Small && drawing && comparisonOf(artifact)) return <Small {...props} drawing={drawing} />;
  if (!isKnown(artifact.kind)) return <UnknownKind kind={artifact.kind} />;
  const { compare } = kindOf(artifact);
  return (
    <p class="cell-words muted" data-testid="other">
      {"reason" in compare ? `${compare.reason} ` : ""}Open it in its own panel.
    </p>
  );
}
