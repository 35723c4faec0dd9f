import type { Graph } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { hasTrait, keepsElements } from "../model/operators.ts";
import type { OutputFacts, OutputMeaning } from "./outputs.ts";
import { lastOverOne, spaceOf, sumsToOne, isVector, withinOne, entrySize } from "./output-shape.ts";
import { EMBEDDING } from "./output-from-names.ts";

/** `certain`: only what sums to 1. */
export function fromValues(facts: OutputFacts, certain = false): OutputMeaning | undefined {
  const { dims, values } = facts;
  const axes = [...new Set([lastOverOne(dims), spaceOf(dims) ? 1 : dims.length - 1])].filter(
    (axis) => dims[axis] > 1 && axis > 0,
  );
  for (const classAxis of axes) {
    const base = { assumed: false, classAxis, binary: false };
    if (sumsToOne(values, dims, classAxis, 1e-3)) {
      return {
        ...base,
        kind: spaceOf(dims) ? "mask" : "probabilities",
        form: "as-is",
        why: "Its values are from 0 to 1 and sum to 1.",
      };
    }
    if (values.every((value) => value <= 1e-6) && sumsToOne(values.map(Math.exp), dims, classAxis, 1e-3)) {
      return {
        ...base,
        kind: spaceOf(dims) ? "mask" : "log-probabilities",
        form: "exp",
        why: "The exponentials of its values sum to 1.",
      };
    }
  }
  if (certain) return undefined;
  if (
    isVector(dims) &&
    withinOne(values) &&
    !endsLinear(facts.graph, facts.value) &&
    !EMBEDDING.test(facts.name) &&
    entrySize(facts) > 1
  ) {
    return {
      kind: "independent",
      form: "as-is",
      why: "All of its values are from 0 to 1 and they do not sum to 1.",
      assumed: true,
      classAxis: lastOverOne(dims),
      binary: false,
    };
  }
  if (isVector(dims) && entrySize(facts) >= 8 && Math.abs(lengthOf(values.subarray(0, entrySize(facts))) - 1) < 1e-3) {
    return {
      kind: "embedding",
      why: "Its vector has length 1.",
      assumed: false,
      classAxis: lastOverOne(dims),
      binary: false,
    };
  }
  return undefined;
}

function lengthOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Whether the last operator that computes is linear: such values have no bounds. */
function endsLinear(graph: Graph, output: string): boolean {
  const makers = makersOf(graph);
  let node = makers.get(output);
  while (node && (keepsElements(node) || node.opType === "Transpose")) node = makers.get(node.inputs[0]);
  return hasTrait(node, "convolution", "dense") || /^(Add|BatchNormalization)$/.test(node?.opType ?? "");
}
