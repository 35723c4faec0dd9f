import type { VNode } from "preact";
import { comparisonOf, isKnown, kindOf, unknownKind } from "../../src/draw/kinds/index.ts";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import { bars } from "./bars.tsx";
import { boxes } from "./boxes.tsx";
import { curves } from "./curves.tsx";
import { heatmap } from "./heatmap.tsx";
import { image } from "./image.tsx";
import "./results.css";
import { line } from "./line.tsx";
import { table } from "./table.tsx";
import { tiles } from "./tiles.tsx";
import { tokens } from "./tokens.tsx";
import type { FullProps, KindView, SmallProps } from "./view.ts";

/** The views of all kinds of artifacts; what else is known of a kind: src/draw/kinds/index.ts. */
const views: { readonly [K in Artifact["kind"]]: KindView<Extract<Artifact, { kind: K }>> } = {
  bars,
  boxes,
  curves,
  heatmap,
  image,
  line,
  table,
  tiles,
  tokens,
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

/** Any artifact in a cell of a comparison; why it has no such form where it has none. */
export function SmallView(props: Omit<SmallProps<Artifact>, "drawing"> & Partial<SmallProps<Artifact>>): VNode {
  const { artifact, drawing } = props;
  const Small = viewOf(artifact)?.Small;
  if (Small && drawing && comparisonOf(artifact)) return <Small {...props} drawing={drawing} />;
  if (!isKnown(artifact.kind)) return <UnknownKind kind={artifact.kind} />;
  const { compare } = kindOf(artifact);
  return (
    <p class="cell-words muted" data-testid="other">
      {"reason" in compare ? `${compare.reason} ` : ""}Open it in its own panel.
    </p>
  );
}

function UnknownKind({ kind }: { readonly kind: string }): VNode {
  return (
    <p class="empty" role="alert" data-testid="unknown-kind">
      {unknownKind(kind)}
    </p>
  );
}
