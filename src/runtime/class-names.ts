import type { Graph, Node } from "../model/graph.ts";
import type { ReadTexts } from "./explainable.ts";
import { hasTrait, keepsElements, operatorOf } from "../model/operators.ts";

/**
 * The names of a tensor's classes, in the order of its last axis, as the graph itself has them: from the ZipMap that
 * takes it, from the classifier that makes it, or from the list that the place of its largest element is looked up in.
 * Also through Softmax, Normalizer and the like, before or after it; else the graph's only list of names. Whether as
 * many as it has elements, is for the caller to see (`namesFit`).
 */
export function classNames(graph: Graph, value: string, texts: ReadTexts): readonly string[] | undefined {
  const alike = sameClasses(graph, value);
  for (const node of graph.nodes) {
    const names =
      alike.has(node.inputs[0]) || alike.has(node.outputs[1] ?? "") ? labelNames(node, graph, texts) : undefined;
    if (names) return names;
  }
  return onlyNames(graph, texts);
}

/** The class names of a graph that has one list of them, in however many nodes. */
function onlyNames(graph: Graph, texts: ReadTexts): readonly string[] | undefined {
  const lists = graph.nodes.map((node) => labelNames(node, graph, texts)).filter((names) => names !== undefined);
  return lists.length > 0 && lists.every((names) => names.join("\n") === lists[0].join("\n")) ? lists[0] : undefined;
}

/** The class names that a node holds: ZipMap's, a classifier's, or those that ArgMax's result is looked up in. */
export function labelNames(node: Node, graph: Graph, texts: ReadTexts): readonly string[] | undefined {
  const { attributes } = node;
  if (node.domain === "ai.onnx.ml") {
    for (const name of ["classlabels_strings", "classlabels_int64s", "classlabels_ints"]) {
      const labels = attributes[name];
      if (labels?.type === "strings" && labels.value.length > 0) return labels.value;
      if (labels?.type === "ints" && labels.value.length > 0) return labels.value.map(String);
    }
    return undefined;
  }
  return node.domain === "" && (node.opType === "ArgMax" || node.opType === "ArgMin")
    ? lookedUp(node.outputs[0], graph, texts)
    : undefined;
}

/**
 * Values whose last axis has the same classes as `value`'s: what it is made from and what is made from it, one element
 * from one.
 */
function sameClasses(graph: Graph, value: string): ReadonlySet<string> {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const alike = new Set([value]);
  for (let before = 0; before !== alike.size;) {
    before = alike.size;
    for (const node of graph.nodes) {
      if (!keepsClasses(node) || node.outputs.length === 0) continue;
      if (alike.has(node.inputs[0])) alike.add(node.outputs[0]);
      else if (alike.has(node.outputs[0]) && !constants.has(node.inputs[0])) alike.add(node.inputs[0]);
    }
  }
  return alike;
}

/** Whether the classes stay where they are from the first input to the first output. */
function keepsClasses(node: Node): boolean {
  return (
    hasTrait(node, "elementwise") || /Softmax$/.test(operatorOf(node)) || operatorOf(node) === "ai.onnx.ml.Normalizer"
  );
}

/** The constant that an index is looked up in, through casts and reshapes. */
function lookedUp(index: string, graph: Graph, texts: ReadTexts): readonly string[] | undefined {
  for (const node of graph.nodes) {
    const passes = keepsElements(node) && node.inputs[0] === index;
    const names = passes
      ? lookedUp(node.outputs[0], graph, texts)
      : node.inputs[1] === index &&
          ((node.domain === "" && node.opType === "Gather") ||
            (node.domain === "ai.onnx.ml" && node.opType === "ArrayFeatureExtractor"))
        ? constantTexts(node.inputs[0], graph, texts)
        : node.inputs[0] === index && node.domain === "ai.onnx.ml" && node.opType === "LabelEncoder"
          ? encoded(node)
          : undefined;
    if (names) return names;
  }
  return undefined;
}

function constantTexts(name: string, graph: Graph, texts: ReadTexts): readonly string[] | undefined {
  const tensor = graph.initializers.find((one) => one.name === name);
  return tensor && texts(tensor);
}

/** What a LabelEncoder makes of 0, 1, 2 ...; undefined where it does not know one of them. */
function encoded({ attributes }: Node): readonly string[] | undefined {
  const { keys_int64s: keys, values_strings: strings, values_int64s: integers } = attributes;
  const values =
    strings?.type === "strings" ? strings.value : integers?.type === "ints" ? integers.value.map(String) : undefined;
  if (keys?.type !== "ints" || !values) return undefined;
  const names = new Map(keys.value.map((key, at) => [key, values[at]]));
  const inOrder = keys.value.map((_, index) => names.get(index));
  return inOrder.every((name) => name !== undefined) ? inOrder : undefined;
}
