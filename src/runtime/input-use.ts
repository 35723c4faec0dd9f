import { allNodes, type Graph, type Node } from "../model/graph.ts";
import { hasTrait } from "../model/operators.ts";

/**
 * Of an input [N, a, b] the axis whose entries belong to one place, its channels, by the first operator that works on
 * it: 1 for a convolution, 2 for a dense or recurrent layer or attention over steps. Undefined where none is reached
 * without the axes being laid out anew.
 */
export function channelAxisOf3(graph: Graph, name: string): 1 | 2 | undefined {
  // Where each of the input's axes lies by now.
  const reached = new Map<string, readonly number[]>([[name, [0, 1, 2]]]);
  for (const node of graph.nodes) {
    const place = node.inputs.findIndex((input) => reached.has(input));
    const order = reached.get(node.inputs[place] ?? "");
    if (order === undefined || node.domain !== "") continue;
    const found =
      hasTrait(node, "channels-first") && place === 0
        ? order[1]
        : (hasTrait(node, "recurrent") && place === 0) || (node.opType === "LayerNormalization" && place === 0)
          ? order[2]
          : // What weights are summed over; of attention's keys and values the axis that is no step.
            hasTrait(node, "dense")
            ? place === 0
              ? order[2]
              : order[1] === 2
                ? 2
                : order[2]
            : undefined;
    if (found === 1 || found === 2) return found;
    const perm = node.attributes.perm;
    if (node.opType === "Transpose")
      reached.set(
        node.outputs[0],
        (perm?.type === "ints" ? perm.value : [2, 1, 0]).map((axis) => order[axis]),
      );
    else if (keepsAxes(node)) for (const output of node.outputs) reached.set(output, order);
  }
  return undefined;
}

function keepsAxes(node: Node): boolean {
  return hasTrait(node, "elementwise") || node.opType === "Slice" || node.opType === "Split";
}

/** Names of what a recurrent network is given of the step before. */
const STATE =
  /^(?:state|hidden|cell|h|c|hx|cx|h_?0|c_?0|mems?)s?$|^(?:past|cache)|(?:^|[_./])(?:hidden|cell)_?states?(?:_?in)?$|[_./](?:hidden|cell|state)_?in$/i;

/**
 * Whether an input is a recurrent layer's state: it goes into such a layer as that and nowhere else, or is named so and
 * comes back as an output of as many axes (state and stateN, h and hn, past and present). A state has units, no places.
 */
export function isState(graph: Graph, name: string): boolean {
  return (
    feedsStates(allNodes(graph), name) ||
    (STATE.test(name) &&
      graph.outputs.some(
        (output) =>
          pairs(name, output.name) && rankOf(output) === rankOf(graph.inputs.find((one) => one.name === name)),
      ))
  );
}

function feedsStates(nodes: readonly Node[], name: string): boolean {
  const reached = new Set([name]);
  let found = false;
  for (const node of nodes) {
    for (const [place, input] of node.inputs.entries()) {
      if (!reached.has(input) || node.opType === "Shape") continue;
      if (hasTrait(node, "recurrent") && place >= 5) found = true;
      else if (hasTrait(node, "moves") || node.opType === "Cast")
        for (const output of node.outputs) reached.add(output);
      else return false;
    }
  }
  return found;
}

/** Whether an output is called as what an input becomes: state and stateN, h and hn, past and present. */
export function pairs(input: string, output: string): boolean {
  const [one, other] = [input.toLowerCase(), output.toLowerCase()].map((text) =>
    text.replace(/[_.]?(in|0|out|n)$/, ""),
  );
  return output !== input && (other.startsWith(one) || other === one.replace(/past(_key_values)?/, "present"));
}

function rankOf(value: Graph["outputs"][number] | undefined): number | undefined {
  return value?.type.kind === "tensor" ? value.type.dims?.length : undefined;
}
