import { isFloat, nodeLabel, type Graph, type Node } from "../model/graph.ts";
import { floatsOf } from "../runtime/ort.ts";
import type { Context } from "./technique.ts";

/** Values fetched, or gradients taken, in one run: enough to be quick, few enough to fit beside each other. */
const AT_ONCE = 48;

/** What is wrong with some values: undefined where nothing is. */
type Fault = (values: Float32Array) => string | undefined;

const notFinite: Fault = (values) => {
  const broken = values.find((value) => !Number.isFinite(value));
  return broken === undefined ? undefined : Number.isNaN(broken) ? "not a number (NaN)" : "infinite";
};

/**
 * Where values or gradients that are not finite began: the first layer, in the model's order, whose output is not finite; where all outputs
 * are, the first one on the way back from the score whose gradient is not. Undefined where neither is found (float32 differs from what was run).
 */
export async function whereNotFinite(context: Context): Promise<string | undefined> {
  const { graph } = await context.traced();
  const nodes = await layersBefore(context);
  const weight = brokenWeight(context, graph);
  for (const chunk of chunks(nodes)) {
    const values = await context.model.forward(context.feeds, chunk.map(({ value }) => value)).catch(() => undefined);
    for (const { node, value } of values ? chunk : []) {
      const fault = notFinite(floatsOf(values!.get(value)!));
      if (fault) return `The first layer whose output is ${fault} is ${nodeLabel(node)} (${node.opType}).${weight}`;
    }
  }
  const found = await onTheWayBack(context, nodes, notFinite);
  return found && `All layers' outputs are finite; on the way back from the score, the gradient is first ${found.fault} at the output of ${nodeLabel(found.node)} (${found.node.opType}).`;
}

/** Where a gradient that is zero everywhere began: the first value on the way back from the score at which it is. */
export async function whereZero(context: Context): Promise<string | undefined> {
  const found = await onTheWayBack(context, await layersBefore(context), (values) => (values.every((value) => value === 0) ? "zero" : undefined));
  return found && `On the way back from the score, the gradient is first zero everywhere at the output of ${nodeLabel(found.node)} (${found.node.opType}).`;
}

interface Layer { readonly node: Node; readonly value: string }

/** Float values that the input decides and the score depends on, in the model's order. */
async function layersBefore(context: Context): Promise<Layer[]> {
  const { graph, trace, specialised } = await context.traced();
  const { value: score } = await context.score();
  const needed = new Set([score]);
  const layers: Layer[] = [];
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    for (const value of node.outputs) {
      if (value !== "" && needed.has(value) && specialised.tainted.has(value) && specialised.g.has(value) && isFloat(trace.types.get(value) ?? "float32")) layers.push({ node, value });
    }
  }
  return layers.reverse();
}

async function onTheWayBack(context: Context, layers: readonly Layer[], faultOf: Fault): Promise<{ node: Node; fault: string } | undefined> {
  for (const chunk of chunks([...layers].reverse())) {
    context.signal.throwIfAborted();
    const { gradients } = await context.gradients({ wrt: chunk.map(({ value }) => value) });
    for (const { node, value } of chunk) {
      const gradient = gradients.get(value);
      const fault = gradient && faultOf(floatsOf(gradient));
      if (fault) return { node, fault };
    }
  }
  return undefined;
}

/** A sentence on a small float weight that is not finite, if one is: the usual cause. */
function brokenWeight({ model }: Context, graph: Graph): string {
  for (const tensor of graph.initializers) {
    if (tensor.dataType !== "float32" || tensor.problem !== undefined || tensor.storage.kind === "bytes") continue;
    const bytes = model.open.bytesOf(tensor);
    const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.byteLength & ~3)));
    const fault = notFinite(values);
    if (fault) return ` The weight "${tensor.name}" holds a value that is ${fault}.`;
  }
  return "";
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, index) => items.slice(index * AT_ONCE, (index + 1) * AT_ONCE));
}
