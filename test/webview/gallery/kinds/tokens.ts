import type { TokensArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy } from "../made.ts";
import type { KindStates } from "./kind-states.ts";

const review = madeBy("tokens", "tokens");

const first = (count: number): TokensArtifact => {
  const { tokens, values, ...rest } = review();
  return { ...rest, tokens: tokens.slice(0, count), values: values.slice(0, count), dims: [count] };
};

export const tokens: KindStates<TokensArtifact> = { typical: review, one: () => first(1), none: () => first(0) };
