import { neededFor } from "../autodiff/differentiate.ts";
import { UsageError } from "../model/errors.ts";
import type { Attribute, DataType, Dim, Graph, Model, Node, TensorRef } from "../model/graph.ts";
import { tensorFromArray } from "../model/tensor.ts";
import type { OutputMeaning } from "./outputs.ts";
import { endOf, type ValueFacts } from "./score.ts";

/**
 * The model with an inner value made an input (of float32 and any shape, where its type is not said): what computed
 * only it is gone, and so are inputs that nothing else needs. Its outputs stay. UsageError where no node makes the
 * value.
 */
export function cutAt(
  model: Model,
  value: string,
  type: { readonly dataType?: DataType; readonly dims?: readonly Dim[] } = {},
): Model {
  const { graph } = model;
  if (!graph.nodes.some(({ outputs }) => outputs.includes(value))) {
    throw new UsageError(
      `No layer of the model produces the value "${value}".`,
      value,
      "`inspect` lists the model's layers and their outputs.",
    );
  }
  const spare = unusedName(graph, `${value}.computed`);
  const cut = graph.nodes.map((node) =>
    node.outputs.includes(value)
      ? { ...node, outputs: node.outputs.map((output) => (output === value ? spare : output)) }
      : node,
  );
  const outputs = graph.outputs.map(({ name }) => name);
  const nodes = neededFor(outputs, cut);
  const used = new Set(nodes.flatMap(uses).concat(outputs));
  const inputs = graph.inputs.filter(({ name }) => used.has(name));
  inputs.push({ name: value, type: { kind: "tensor", dataType: "float32", ...type } });
  return {
    ...model,
    graph: { ...graph, inputs, nodes, valueInfo: graph.valueInfo.filter(({ name }) => name !== value) },
  };
}

function uses(node: Node): readonly string[] {
  return [...node.inputs, ...Object.values(node.attributes).flatMap(namesIn)];
}

/** Names that a subgraph takes from around it, among those it has itself. */
function namesIn(attribute: Attribute): readonly string[] {
  if (attribute.type !== "graph") return [];
  return [...attribute.value.nodes.flatMap(uses), ...attribute.value.outputs.map(({ name }) => name)];
}

/** The value that `withLoss` adds. */
export const LOSS = "loupe.loss";

export interface LossRequest {
  /** The output's value. */
  readonly value: string;
  /** The class axis, in the model's own shape of it. */
  readonly axis: number;
  readonly meaning: Pick<OutputMeaning, "kind" | "form" | "assumed">;
  /** Of the other of two classes that one number tells apart. */
  readonly negated?: boolean;
  /** What is known of the graph's values. */
  readonly known?: ValueFacts;
  /** Whether each entry is one number or a list of them. */
  readonly list?: boolean;
}

/**
 * The model with a loss for each element of an output, in its order, as a value and a further output named LOSS: the
 * cross-entropy −log p of each class. p is the softmax over the class axis, of the values before the model's own
 * softmax where it has one; the sigmoid of independent scores; or the output itself where that is made of
 * probabilities. UsageError for outputs that have no classes.
 */
export function withLoss(
  model: Model,
  { value, axis, meaning, negated = false, list = false, known }: LossRequest,
): Model {
  const { graph } = model;
  if (
    ["label", "image", "boxes", "embedding"].includes(meaning.kind) ||
    (meaning.kind === "regression" && (!meaning.assumed || list))
  ) {
    throw new UsageError(
      `The output "${value}" has no classes (it is read as ${meaning.kind}), so it has no cross-entropy loss.`,
      "score",
      "Explain the output (score=output), or declare its kind in the recipe (outputs).",
    );
  }
  const opset = model.opsets[""] ?? 1;
  const end = endOf(graph, value, known);
  const { nodes, axes } = lossNodes();
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [...graph.nodes, ...nodes],
      initializers: [...graph.initializers, ...axes],
      outputs: [...graph.outputs, { name: LOSS, type: { kind: "unknown" } }],
    },
  };

  function lossNodes(): { nodes: Node[]; axes: TensorRef[] } {
    if (end?.form === "sigmoid" || end?.form === "log-sigmoid") return { nodes: ofSigmoid(end.logits), axes: [] };
    if (end) return ofSoftmax(end.logits, end.axis ?? (end.reshaped ? -1 : axis));
    if (meaning.form === "sigmoid") return { nodes: ofSigmoid(value), axes: [] };
    if (meaning.form === "exp") return { nodes: [plain("Neg", [value], LOSS)], axes: [] };
    if (meaning.form === "as-is") return { nodes: ofProbability(negated ? "loupe.loss.other" : value), axes: [] };
    return ofSoftmax(value, axis);
  }

  /** −log σ(x) = softplus(−x); of the other class softplus(x). */
  function ofSigmoid(logit: string): Node[] {
    return negated
      ? [plain("Softplus", [logit], LOSS)]
      : [plain("Neg", [logit], "loupe.loss.negative"), plain("Softplus", ["loupe.loss.negative"], LOSS)];
  }

  /** −log p, or −log(1 − p) with a one of p's own type. */
  function ofProbability(of: string): Node[] {
    const other = negated
      ? [
          plain("Sub", [value, value], "loupe.loss.zero"),
          plain("Exp", ["loupe.loss.zero"], "loupe.loss.one"),
          plain("Sub", ["loupe.loss.one", value], of),
        ]
      : [];
    return [...other, plain("Log", [of], "loupe.loss.log"), plain("Neg", ["loupe.loss.log"], LOSS)];
  }

  function ofSoftmax(logits: string, along: number): { nodes: Node[]; axes: TensorRef[] } {
    return {
      nodes: [logSumExp(logits, along, opset), plain("Sub", ["loupe.loss.total", logits], LOSS)],
      axes: opset >= 18 ? [tensorFromArray("loupe.loss.axes", "int64", [1], [along])] : [],
    };
  }
}

function logSumExp(logit: string, axis: number, opset: number): Node {
  const keepdims: Attribute = { type: "int", value: 1 };
  return opset >= 18
    ? { ...plain("ReduceLogSumExp", [logit, "loupe.loss.axes"], "loupe.loss.total"), attributes: { keepdims } }
    : {
        ...plain("ReduceLogSumExp", [logit], "loupe.loss.total"),
        attributes: { keepdims, axes: { type: "ints", value: [axis] } },
      };
}

function plain(opType: string, inputs: readonly string[], output: string): Node {
  return { name: "", opType, domain: "", inputs, outputs: [output], attributes: {} };
}

function unusedName(graph: Graph, wanted: string): string {
  const taken = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  let name = wanted;
  while (taken.has(name)) name += "_";
  return name;
}
