import { NoGradientError } from "../model/errors.ts";
import { isFloat, nodeLabel, type Graph, type Node } from "../model/graph.ts";
import { hasSubgraph } from "../model/inner-names.ts";
import { factsOf, operatorOf } from "../model/operators.ts";
import { inferTypes } from "../model/types.ts";
import { REWRITES } from "./canonical.ts";
import { captured, reachedFrom } from "./differentiate.ts";
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
  const types = inferTypes(graph);
  const flows = (value: string): boolean => value !== "" && isFloat(types.get(value) ?? "float32");
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
      return reached.has(value) ? undefined : whereGradientsStop(graph, value, score);
    },
    isOpen: graph.nodes
      .flatMap(({ outputs }) => outputs)
      .some((value) => value !== score && reached.has(value) && !blockedBy.has(value)),
  };
}

/** Whether any value that a node makes may have a gradient by one of `sources`. */
export function hasGradients(graph: Graph, sources: readonly string[]): boolean {
  const types = inferTypes(graph);
  const flows = (value: string): boolean => isFloat(types.get(value) ?? "float32");
  return reachedFrom(sources, graph.nodes.filter(isPassable), flows).size > sources.length;
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
