import type { Artifact } from "../../../../src/protocol/artifacts.ts";
import { derivations, derive } from "../derived.ts";
import { bars } from "./bars.ts";
import { boxes } from "./boxes.ts";
import { curves } from "./curves.ts";
import { heatmap } from "./heatmap.ts";
import { image } from "./image.ts";
import type { KindStates } from "./kind-states.ts";
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

/** All kinds of artifacts, in all their states. */
const kinds: { readonly [K in Artifact["kind"]]: KindStates<Extract<Artifact, { kind: K }>> } = {
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

export const kindNames = Object.keys(kinds) as Artifact["kind"][];

/** The states of a kind, each an artifact, or why it has none. */
export function statesOf(kind: Artifact["kind"]): Readonly<Record<string, (() => Artifact) | string>> {
  const { typical, one, none, more } = kinds[kind] as unknown as KindStates<Artifact>;
  const derived = derivations.map((name) => [name, () => derive(typical(), name)] as const);
  return { typical, "one element": one, "no elements": none, ...Object.fromEntries(derived), ...more };
}
