import { neededFor } from "../autodiff/differentiate.ts";
import { UsageError } from "../model/errors.ts";
import type { Attribute, DataType, Dim, Graph, Model, Node } from "../model/graph.ts";
import { tensorFromArray } from "../model/tensor.ts";
import { finalOperator, scoreOf } from "./score.ts";

/**
 * The model with an inner value made an input (of float32 and any shape, where its type is not said): what computed only it is gone, and so are
 * inputs that nothing else needs. Its outputs stay. UsageError where no node makes the value.
 */
export function cutAt(model: Model, value: string, type: { readonly dataType?: DataType; readonly dims?: readonly Dim[] } = {}): Model {
  const { graph } = model;
  if (!graph.nodes.some(({ outputs }) => outputs.includes(value))) {
    throw new UsageError(`No layer of the model makes the value "${value}".`, value, "`inspect` lists the model's layers and their outputs.");
  }
  const spare = unusedName(graph, `${value}.computed`);
  const cut = graph.nodes.map((node) => (node.outputs.includes(value) ? { ...node, outputs: node.outputs.map((output) => (output === value ? spare : output)) } : node));
  const outputs = graph.outputs.map(({ name }) => name);
  const nodes = neededFor(outputs, cut);
  const used = new Set(nodes.flatMap(uses).concat(outputs));
  const inputs = graph.inputs.filter(({ name }) => used.has(name));
  inputs.push({ name: value, type: { kind: "tensor", dataType: "float32", ...type } });
  return { ...model, graph: { ...graph, inputs, nodes, valueInfo: graph.valueInfo.filter(({ name }) => name !== value) } };
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

/**
 * The model with a loss for each element of an output in its shape, as a value and a further output named LOSS: the cross-entropy −log p of each
 * class, p the softmax over the class axis; −log of the sigmoid where the model ends in one. The class axis is the model's own Softmax's, else the
 * last of a vector or a sequence [N, T, K], and axis 1 of a map [N, K, H, W].
 */
export function withLoss(model: Model, output: string, dims: readonly number[]): Model {
  const { graph } = model;
  const end = finalOperator(graph, output);
  const logit = scoreOf(graph, output, "logit").value;
  const opset = model.opsets[""] ?? 1;
  const nodes: Node[] = end?.opType === "Sigmoid"
    ? [plain("Neg", [logit], "loupe.loss.negative"), plain("Softplus", ["loupe.loss.negative"], LOSS)]
    : [logSumExp(logit, classAxis(end, dims), opset), plain("Sub", ["loupe.loss.total", logit], LOSS)];
  const axes = opset >= 18 && end?.opType !== "Sigmoid" ? [tensorFromArray("loupe.loss.axes", "int64", [1], [classAxis(end, dims)])] : [];
  return {
    ...model,
    graph: {
      ...graph, nodes: [...graph.nodes, ...nodes], initializers: [...graph.initializers, ...axes],
      outputs: [...graph.outputs, { name: LOSS, type: { kind: "unknown" } }],
    },
  };
}

function classAxis(end: Node | undefined, dims: readonly number[]): number {
  const axis = end?.attributes.axis;
  if (axis?.type === "int") return axis.value < 0 ? axis.value + dims.length : axis.value;
  return dims.length >= 4 ? 1 : Math.max(0, dims.length - 1);
}

function logSumExp(logit: string, axis: number, opset: number): Node {
  const keepdims: Attribute = { type: "int", value: 1 };
  return opset >= 18
    ? { ...plain("ReduceLogSumExp", [logit, "loupe.loss.axes"], "loupe.loss.total"), attributes: { keepdims } }
    : { ...plain("ReduceLogSumExp", [logit], "loupe.loss.total"), attributes: { keepdims, axes: { type: "ints", value: [axis] } } };
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
