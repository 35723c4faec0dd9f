import { NoGradientError } from "../model/errors.ts";
import { isFloat, nodeLabel, type Graph, type Node } from "../model/graph.ts";
import { hasSubgraph } from "../model/inner-names.ts";
import { factsOf, hasTrait, operatorOf } from "../model/operators.ts";
import { inferTypes } from "../model/types.ts";
import { REWRITES } from "./canonical.ts";
import { captured, reachedFrom } from "./differentiate.ts";
import { carryingIntegers } from "./quantised.ts";
import { REFUSED } from "./rules/gradient/ml.ts";
import { gradientRules } from "./rules/index.ts";
import { whereGradientsStop } from "./where-gradients-stop.ts";

/** Which gradients of a score a graph allows, as far as that can be told without running it. */
export interface GradientWays {
  /** Why there is no gradient of the score by a value; undefined where there is one, or a run has to tell. */
  stop(value: string): NoGradientError | undefined;
  /** Whether there may be a gradient of the score by any value that a node makes. */
  readonly isOpen: boolean;
}

/**
 * Walks from `score` back over the operators that have rules. Branches, loops and lists are taken for passable: what
 * runs in them is known when they run.
 */
export function gradientWays(graph: Graph, score: string): GradientWays {
  const flows = flowsIn(graph);
  const reached = new Set([score]);
  const blockedBy = new Map<string, Node>();
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    const takes = [...node.inputs, ...captured(node)].filter(flows);
    const below = node.outputs.map((output) => blockedBy.get(output)).find((blocking) => blocking !== undefined);
    const isReached = node.outputs.some((output) => reached.has(output));
    const blocking = below ?? (isReached && !isPassable(node) ? node : undefined);
    for (const value of takes) {
      if (blocking !== undefined && !blockedBy.has(value)) blockedBy.set(value, blocking);
      if (isReached && isPassable(node)) reached.add(value);
    }
  }
  return {
    stop(value) {
      const node = blockedBy.get(value);
      if (node) return new NoGradientError(operatorOf(node), nodeLabel(node), REFUSED[operatorOf(node)]);
      // Quantised numbers carry gradients on where a run can tell what they stand for.
      return reached.has(value) || graph.nodes.some((one) => hasTrait(one, "quantised"))
        ? undefined
        : whereGradientsStop(graph, value, score);
    },
    isOpen: graph.nodes
      .flatMap(({ outputs }) => outputs)
      .some((value) => value !== score && reached.has(value) && !blockedBy.has(value)),
  };
}

/** Whether any value that a node makes may have a gradient by one of `sources`. */
export function hasGradients(graph: Graph, sources: readonly string[]): boolean {
  return reachedFrom(sources, graph.nodes.filter(isPassable), flowsIn(graph)).size > sources.length;
}

/** Whether gradients go through a value: floats, and integers that stand for them. */
function flowsIn(graph: Graph): (value: string) => boolean {
  const types = inferTypes(graph);
  const isReal = (value: string): boolean => isFloat(types.get(value) ?? "float32");
  const carriers = carryingIntegers(graph.nodes, isReal);
  return (value) => value !== "" && (isReal(value) || carriers.has(value));
}

function isPassable(node: Node): boolean {
  const operator = operatorOf(node);
  return (
    Object.hasOwn(REWRITES, operator) ||
    (Object.hasOwn(gradientRules, operator) && !Object.hasOwn(REFUSED, operator)) ||
    hasSubgraph(node) ||
    factsOf(node)?.family === "sequence"
  );
}
