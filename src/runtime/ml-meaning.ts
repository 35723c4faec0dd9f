import type { Graph, Node } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import type { OutputKind } from "../protocol/recipe.ts";
import { hasTrait, keepsElements } from "../model/operators.ts";

/**
 * What a graph says of a tensor by the machine learning operators (ai.onnx.ml) that make it, or by how it makes a label
 * of it.
 */
export interface MlMeaning {
  readonly kind: OutputKind;
  readonly why: string;
}

/**
 * A regression's values, decision values (which no softmax makes probabilities of: scikit-learn has none for them),
 * distances. Undefined where the graph says nothing of the kind. `graph` is the file's, before its linear models are
 * written as layers.
 */
export function mlMeaning(graph: Graph, value: string): MlMeaning | undefined {
  if (!graph.nodes.some(({ domain }) => domain === "ai.onnx.ml") && !graph.nodes.some(decides)) return undefined;
  const makers = makersOf(graph);
  return fromMaker(makers, value) ?? fromLabel(graph, value) ?? fromLargest(graph, value);
}

/**
 * Scores that the label of a machine learning model is the largest of: decision values (OneVsOneClassifier's votes, a
 * Perceptron's distances). Such models put their softmax, where they have one, into the graph; a neural network's
 * scores are another matter, and so are those that are called logits.
 */
function fromLargest(graph: Graph, value: string): MlMeaning | undefined {
  if (!graph.nodes.some(({ domain }) => domain === "ai.onnx.ml")) return undefined;
  const open = [value];
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (/logit/i.test(name)) return undefined;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const node of graph.nodes.filter(({ domain, inputs }) => domain === "" && inputs[0] === name)) {
      if (node.opType === "ArgMax" && !makesData(graph, node.outputs[0]))
        return {
          kind: "logits",
          why: "The graph's label is the largest of them (ArgMax), without a softmax: decision values, not probabilities.",
        };
      if (keepsNumbers(node)) open.push(node.outputs[0]);
    }
  }
  return undefined;
}

function fromMaker(makers: ReadonlyMap<string, Node>, value: string): MlMeaning | undefined {
  let node = makers.get(value);
  while (node && keepsNumbers(node)) node = makers.get(node.inputs[0]);
  const regressor = node?.domain === "ai.onnx.ml" && /Regressor$/.test(node.opType) ? node : undefined;
  if (regressor && ["NONE", undefined].includes(textOf(regressor, "post_transform")))
    return { kind: "regression", why: `The graph ends in ${regressor.opType}.` };
  const classifier = decisionOf(makers, value);
  return classifier && { kind: "logits", why: `${classifier.opType} gives decision values, not probabilities.` };
}

/**
 * The classifier whose decision values, or a combination of them by pairs of classes, a value is; undefined where it is
 * of anything else.
 */
function decisionOf(makers: ReadonlyMap<string, Node>, value: string): Node | undefined {
  const open = [value];
  const seen = new Set<string>();
  let found: Node | undefined;
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = makers.get(name);
    if (!node || seen.has(name)) continue;
    seen.add(name);
    if (node.domain === "ai.onnx.ml" && node.opType !== "ArrayFeatureExtractor") {
      if (!givesDecisions(node) || (found && found !== node)) return undefined;
      found = node;
    } else if (node.domain === "ai.onnx.ml" || combines(node)) open.push(...node.inputs);
    else return undefined;
  }
  return found;
}

/** Whether scikit-learn's converter makes decision values by class with this, of those by pair. */
function combines(node: Node): boolean {
  return hasTrait(node, "moves", "arithmetic") || ["Cast", "Less"].includes(node.opType);
}

/** Whether an operator makes a label of numbers, otherwise than by the largest. */
function decides(node: Node): boolean {
  return node.opType === "Sign" || hasTrait(node, "comparison");
}

/** Whether an operator keeps what the numbers are. */
function keepsNumbers(node: Node): boolean {
  return keepsElements(node) || node.opType === "ArrayFeatureExtractor";
}

function givesDecisions(node: Node): boolean {
  const plain = ["NONE", undefined].includes(textOf(node, "post_transform"));
  return plain && ((node.opType === "SVMClassifier" && !node.attributes.prob_a) || node.opType === "LinearClassifier");
}

/** By how the graph makes a label of the tensor: its sign or a threshold. */
function fromLabel(graph: Graph, value: string): MlMeaning | undefined {
  const open = [value];
  for (const node of graph.nodes)
    if (node.outputs[0] === value && node.domain === "" && node.opType === "Sqrt") open.push(node.inputs[0]);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const node of graph.nodes.filter(({ inputs }) => inputs[0] === name)) {
      const compared = node.opType === "Sign" || (hasTrait(node, "comparison") && !makesData(graph, node.outputs[0]));
      if (compared)
        return {
          kind: "regression",
          why: `The graph's label is ${node.opType === "Sign" ? "its sign" : "whether it passes a threshold"}.`,
        };
      if (keepsNumbers(node)) open.push(node.outputs[0]);
    }
  }
  return undefined;
}

/** Whether a comparison is used for more than an output of integers: then it is part of the computation. */
function makesData(graph: Graph, value: string): boolean {
  const outputs = new Map(graph.outputs.map(({ name, type }) => [name, type]));
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const type = outputs.get(name);
    const own = name === value && type?.kind === "unknown"; // a comparison's own result is of booleans, said or not
    if (type && !own && !(type.kind === "tensor" && /^(u?int|bool|string)/.test(type.dataType))) return true;
    for (const node of graph.nodes) if (node.inputs.includes(name)) open.push(...node.outputs);
  }
  return false;
}

function textOf({ attributes }: Node, name: string): string | undefined {
  const attribute = attributes[name];
  return attribute?.type === "string" ? attribute.value : undefined;
}
