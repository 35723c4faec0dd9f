import { elementCount } from "../../../model/graph.ts";
import { vectorNumbers } from "../../../draw/kinds/vector.ts";
import type { VectorArtifact } from "../../../protocol/artifacts.ts";
import type { SampleContext } from "../../framework/technique.ts";
import type { Reader } from "./reader.ts";

/** A feature vector [N, D]: bars over the dimension. */
export const embedding: Reader = {
  as: "embedding",
  problem({ output: { dims, texts } }) {
    if (texts) return "it holds texts";
    return isVector(dims) ? undefined : "it is no vector: more than one axis is longer than one";
  },
  guess({ output: { meaning, dims } }) {
    if (meaning.kind !== "embedding" || elementCount(dims.slice(1)) < 2) return undefined;
    return { why: meaning.why, assumed: meaning.why !== "Set in the recipe." };
  },
  views: (context) => [vectorOf(context)],
};

function isVector(dims: readonly number[]): boolean {
  return elementCount(dims.slice(1)) > 0 && dims.slice(1).filter((size) => size > 1).length <= 1;
}

function vectorOf({ output }: Pick<SampleContext, "output">): VectorArtifact {
  const { name, dims } = output;
  const values = output.values.slice(0, elementCount(dims.slice(1)));
  return {
    kind: "vector",
    id: "embedding",
    title: "Embedding",
    values,
    dims: [values.length],
    source: { output: name, dims },
    quantity: name,
    ...vectorNumbers(values),
    caption: `${values.length} dimensions of ${name}, the model's own values`,
  };
}
