import type { Artifact } from "../../protocol/artifacts.ts";
import { bars } from "./bars.ts";
import { boxes } from "./boxes.ts";
import { curves } from "./curves.ts";
import { heatmap } from "./heatmap.ts";
import { image } from "./image.ts";
import type { Comparison, Kind } from "./kind.ts";
import { keypoints } from "./keypoints.ts";
import { line } from "./line.ts";
import { mask } from "./mask.ts";
import { numbers } from "./numbers.ts";
import { outputImage } from "./output-image.ts";
import { table } from "./table.ts";
import { tiles } from "./tiles.ts";
import { tokenScores } from "./token-scores.ts";
import { tokens } from "./tokens.ts";
import { vector } from "./vector.ts";
import { wave } from "./wave.ts";

/** All kinds of artifacts, one record each. Their views in the window: webview/results/index.tsx. */
const kinds: { readonly [K in Artifact["kind"]]: Kind<Extract<Artifact, { kind: K }>> } = {
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

/** An artifact's record. RangeError for a kind that another version made and this one does not know. */
export function kindOf<A extends Artifact>({ kind }: A): Kind<A> {
  if (!isKnown(kind)) throw new RangeError(unknownKind(kind));
  return kinds[kind] as unknown as Kind<A>;
}

export function isKnown(kind: string): kind is Artifact["kind"] {
  return Object.hasOwn(kinds, kind);
}

/** What is said where a result of an unknown kind should be drawn. */
export function unknownKind(kind: string): string {
  return `This version cannot show "${kind}" results. Update Neural Loupe, or run the method again.`;
}

/** How an artifact is compared; undefined where its kind has no such form, or is not known. */
export function comparisonOf<A extends Artifact>(artifact: A | undefined): Comparison<A> | undefined {
  if (!artifact || !isKnown(artifact.kind)) return undefined;
  const { compare } = kindOf(artifact);
  return "reason" in compare ? undefined : compare;
}
