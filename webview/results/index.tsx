import type { VNode } from "preact";
import { isKnown } from "../../src/draw/kinds/index.ts";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import { bars } from "./bars.tsx";
import { boxes } from "./boxes.tsx";
import { curves } from "./curves.tsx";
import { heatmap } from "./heatmap.tsx";
import { image } from "./image.tsx";
import "./results.css";
import { keypoints } from "./keypoints.tsx";
import { line } from "./line.tsx";
import { mask } from "./mask.tsx";
import { numbers } from "./numbers.tsx";
import { outputImage } from "./output-image.tsx";
import { table } from "./table.tsx";
import { tiles } from "./tiles.tsx";
import { tokenScores } from "./token-scores.tsx";
import { tokens } from "./tokens.tsx";
import { vector } from "./vector.tsx";
import { wave } from "./wave.tsx";
import { UnknownKind } from "./unknown.tsx";
import type { FullProps, KindView } from "./view.ts";

/** The views of all kinds of artifacts by themselves. In comparisons: cells.tsx; what else is known of a kind: src/draw/kinds/index.ts. */
const views: { readonly [K in Artifact["kind"]]: KindView<Extract<Artifact, { kind: K }>> } = {
  bars,
  boxes,
  curves,
  heatmap,
  image,
  keypoints,
  line,
  mask,
  numbers,
  "output-image": outputImage,
  table,
  tiles,
  "token-scores": tokenScores,
  tokens,
  vector,
  wave,
};

/** A kind's views; undefined for a kind that another version made and this one does not know. */
export function viewOf<A extends Artifact>({ kind }: A): KindView<A> | undefined {
  return isKnown(kind) ? (views[kind] as unknown as KindView<A>) : undefined;
}

/** Any artifact by itself. */
export function ArtifactView(props: FullProps<Artifact>): VNode {
  const Full = viewOf(props.artifact)?.Full;
  return Full ? <Full {...props} /> : <UnknownKind kind={props.artifact.kind} />;
}
