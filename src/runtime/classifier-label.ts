import type { Graph, Node } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { keepsElements } from "../model/operators.ts";

/**
 * The output that holds the label of the classifier (ai.onnx.ml) which makes `value` its scores, and that classifier:
 * its label need not be the largest score's, as of a support vector machine of two classes. Undefined where no
 * classifier makes them or its label is no output.
 */
export function classifierLabel(
  graph: Graph,
  value: string,
): { readonly label: string; readonly by: string } | undefined {
  const makers = makersOf(graph);
  const source = behind(makers, value);
  if (
    source.node?.domain !== "ai.onnx.ml" ||
    !/Classifier$/.test(source.node.opType) ||
    source.node.outputs[1] !== source.value
  )
    return undefined;
  const label = graph.outputs.find(({ name }) => {
    const found = behind(makers, name);
    return found.node === source.node && found.value === source.node?.outputs[0];
  });
  return label && { label: label.name, by: source.node.opType };
}

/** Past operators that keep a label, or which element of scores is whose. */
function behind(makers: ReadonlyMap<string, Node>, value: string): { readonly value: string; readonly node?: Node } {
  let node = makers.get(value);
  while (node && keepsElements(node)) {
    value = node.inputs[0];
    node = makers.get(value);
  }
  return { value, node };
}
