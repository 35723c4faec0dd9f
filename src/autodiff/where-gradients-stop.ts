import { NoGradientError } from "../model/errors.ts";
import { isFloat, nodeLabel, type Graph, type Node } from "../model/graph.ts";
import { inferTypes } from "../model/types.ts";
import { captured, neededFor, reachedFrom } from "./differentiate.ts";
import { hasTrait, operatorOf } from "../model/operators.ts";

/**
 * Why no gradient of `to` comes back to `from` although `to` depends on it: the node that makes integers, booleans or
 * strings of it, or the decision trees that stand before that. Undefined where `to` does not depend on `from` at all,
 * or a gradient does come back.
 */
export function whereGradientsStop(graph: Graph, from: string, to: string): NoGradientError | undefined {
  const nodes = neededFor([to], graph.nodes);
  const everything = reachedFrom([from], nodes, () => true);
  if (!everything.has(to)) return undefined;
  const types = inferTypes(graph);
  const flows = (value: string): boolean => isFloat(types.get(value) ?? "float32");
  const reached = reachedFrom([from], nodes, flows);
  const takes = (node: Node): boolean =>
    [...node.inputs, ...captured(node)].some((input) => reached.has(input) && flows(input));
  const trees = nodes.find(
    (node) => takes(node) && node.domain === "ai.onnx.ml" && node.opType.startsWith("TreeEnsemble"),
  );
  if (trees)
    return new NoGradientError(
      operatorOf(trees),
      nodeLabel(trees),
      "decision trees are piecewise constant, so their gradient is zero wherever it exists",
    );
  const stop = nodes.find(
    (node) =>
      takes(node) &&
      !hasTrait(node, "shape-of") &&
      node.outputs.some((output) => everything.has(output) && !flows(output)),
  );
  if (!stop) return undefined;
  const type = types.get(stop.outputs.find((output) => everything.has(output) && !flows(output)) ?? "") ?? "integer";
  return new NoGradientError(
    operatorOf(stop),
    nodeLabel(stop),
    `"${to}" depends on "${from}" only through ${type} values, which have no gradient`,
  );
}
