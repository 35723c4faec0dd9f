import type { TokenScoresArtifact } from "../../../../src/protocol/artifacts.ts";
import { languageModel } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

const first = (places: number, listed: number): TokenScoresArtifact => {
  const all = languageModel().main;
  const rows = all.rows.slice(0, places).map((row) => ({ ...row, top: row.top.slice(0, listed) }));
  return {
    ...all,
    rows,
    values: Float32Array.from(rows.flatMap(({ top }) => top.map(({ value }) => value))),
    dims: [places, listed],
    caption: `the ${listed} largest of ${all.vocabulary} at each of ${places} places`,
  };
};

export const tokenScores: KindStates<TokenScoresArtifact> = {
  typical: () => languageModel().main,
  one: () => first(1, 1),
  none: () => first(0, 0),
};
