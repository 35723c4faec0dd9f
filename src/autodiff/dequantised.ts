import type { Graph, Node } from "../model/graph.ts";
import type { Trace } from "./specialise.ts";
import { hasTrait, operatorOf } from "../model/operators.ts";

/** Of operators that give quantised numbers: which inputs are the output's scale and its zero point. */
const OWN: Readonly<Record<string, readonly [scale: number, zeroPoint: number]>> = {
  QLinearConv: [6, 7],
  QLinearMatMul: [6, 7],
  "com.microsoft.QLinearConv": [6, 7],
  "com.microsoft.QLinearAdd": [6, 7],
  "com.microsoft.QLinearMul": [6, 7],
  "com.microsoft.QGemm": [7, 8],
  "com.microsoft.QLinearAveragePool": [3, 4],
  "com.microsoft.QLinearGlobalAveragePool": [3, 4],
  "com.microsoft.QLinearLeakyRelu": [3, 4],
  "com.microsoft.QLinearSigmoid": [3, 4],
  "com.microsoft.QLinearSoftmax": [3, 4],
  "com.microsoft.QLinearReduceMean": [3, 4],
  "com.microsoft.QLinearConcat": [0, 1],
  "com.microsoft.QLinearWhere": [7, 8],
};
/** ONNX Runtime's quantiser calls the quantised form of a value so. */
const SUFFIX = "_quantized";
const AGAIN = ".requantised";

/**
 * The graph with the real numbers that quantised ones stand for between each operator on those and what takes them: q,
 * (q − zero point) · scale, and the same q again. So a network whose layers are of integers has layers of floats, with
 * gradients; nothing else changes, as what is dequantised and quantised by the same scale is what it was. Values that
 * have this already keep it.
 */
export function withDequantised(graph: Graph, types: Trace["types"], opset: number): Graph {
  if (opset < 10 || !graph.nodes.some((node) => Object.hasOwn(OWN, operatorOf(node)))) return graph;
  const taken = new Set(
    [...graph.inputs, ...graph.initializers]
      .map(({ name }) => name)
      .concat(graph.nodes.flatMap(({ outputs }) => outputs)),
  );
  const parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();
  const again = new Map<string, string>();
  const ends = new Set(graph.outputs.map(({ name }) => name));
  const takersOf = (value: string): Node[] => graph.nodes.filter((node) => node.inputs.includes(value));
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => again.get(input) ?? input);
    nodes.push(inputs.some((input, place) => input !== node.inputs[place]) ? { ...node, inputs } : node);
    const [output] = node.outputs;
    const own = Object.hasOwn(OWN, operatorOf(node)) ? OWN[operatorOf(node)] : undefined;
    const found = own
      ? node.inputs[own[0]] && ([node.inputs[own[0]], node.inputs[own[1]] ?? ""] as const)
      : moves(node)
        ? parameters.get(node.inputs[0])
        : undefined;
    if (!found || taken.has(`${output}${AGAIN}`)) continue;
    parameters.set(output, found);
    // Wider types are quantised by standard operators from opset 21 on.
    if (
      ends.has(output) ||
      takersOf(output).every(({ opType }) => opType === "DequantizeLinear") ||
      !isEightBits(types, found, graph)
    )
      continue;
    const stripped = output.endsWith(SUFFIX) ? output.slice(0, -SUFFIX.length) : "";
    const real = stripped !== "" && !taken.has(stripped) ? stripped : `${output}.dequantised`;
    const given = found.filter((name) => name !== "");
    nodes.push({
      name: "",
      opType: "DequantizeLinear",
      domain: "",
      inputs: [output, ...given],
      outputs: [real],
      attributes: {},
    });
    nodes.push({
      name: "",
      opType: "QuantizeLinear",
      domain: "",
      inputs: [real, ...given],
      outputs: [`${output}${AGAIN}`],
      attributes: {},
    });
    taken.add(real);
    again.set(output, `${output}${AGAIN}`);
    parameters.set(`${output}${AGAIN}`, found);
  }
  return again.size > 0 ? { ...graph, nodes } : graph;
}

function isEightBits(types: Trace["types"], [scale, zeroPoint]: readonly [string, string], graph: Graph): boolean {
  const typeOf = (name: string): string | undefined =>
    graph.initializers.find((tensor) => tensor.name === name)?.dataType ?? types.get(name);
  return (
    zeroPoint !== "" &&
    ["int8", "uint8"].includes(typeOf(zeroPoint) ?? "") &&
    (typeOf(scale) ?? "float32") === "float32"
  );
}

/** Whether a node moves quantised numbers of one input, or chooses among them. */
function moves(node: Node): boolean {
  return hasTrait(node, "moves", "max-pool") && !["Concat", "Split"].includes(node.opType);
}
