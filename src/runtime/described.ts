import { describeValue } from "../model/describe.ts";
import type { Graph } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import type { ModelDescription } from "../protocol/model.ts";
import { explainableTensor } from "./explainable.ts";
import { oneHotOf } from "./one-hot.ts";
import { looksLikeBoxes } from "./output-from-names.ts";
import { isPlaceOfLargest } from "./score.ts";

/**
 * The description with the outputs that can be explained: those with scores of their own first, then places (boxes),
 * then labels that scores chose.
 */
export function withExplainable(description: ModelDescription, graph: Graph): ModelDescription {
  const makers = makersOf(graph);
  const rank = ({ name, type, dims }: ModelDescription["outputs"][number]): number | undefined => {
    const by = /^b?float/.test(type) && !oneHotOf(makers, name) ? "itself" : explainableTensor(graph, name)?.by;
    return by === undefined
      ? undefined
      : by === "label" || isPlaceOfLargest(graph, name)
        ? 2
        : looksLikeBoxes(name, dims)
          ? 1
          : 0;
  };
  const ranks = new Map(description.outputs.map((output) => [output.name, rank(output)]));
  return {
    ...description,
    explainable: [0, 1, 2].flatMap((wanted) =>
      description.outputs.filter(({ name }) => ranks.get(name) === wanted).map(({ name }) => name),
    ),
  };
}

/** What is known of a rewritten graph: the file's facts, and its own inputs and outputs. */
export function describeDerived(parent: ModelDescription, graph: Graph): ModelDescription {
  const weights = new Set(graph.initializers.map(({ name }) => name));
  const known = new Map([...parent.inputs, ...parent.outputs].map((value) => [value.name, value]));
  return {
    ...parent,
    inputs: graph.inputs
      .filter(({ name }) => !weights.has(name))
      .map((input) => known.get(input.name) ?? describeValue(input)),
    outputs: graph.outputs.map((output) => known.get(output.name) ?? describeValue(output)),
  };
}
