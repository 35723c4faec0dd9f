import type { Builder } from "../autodiff/builder.ts";
import { captured, reachedFrom } from "../autodiff/differentiate.ts";
import type { Specialised } from "../autodiff/specialise.ts";
import { BITS, elementCount, type Node } from "../model/graph.ts";
import { hasTrait } from "../model/operators.ts";

/** Bytes of a value: 0 for what no run makes, which are inputs and what follows from weights alone. */
export type Sizes = (value: string) => number;

/** Bytes of the values of a specialised graph's nodes. `fed`: what it is fed beside the model's inputs. */
export function sizesIn(g: Builder, specialised: Specialised, nodes: readonly Node[], fed: readonly string[]): Sizes {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const varying = reachedFrom([...specialised.tainted, ...fed], nodes, () => true);
  // What follows from weights alone is made once, with the session.
  return (value) => (made.has(value) && varying.has(value) && g.has(value) ? bytesOf(g, specialised, value) : 0);
}

/** Bytes of any value of a specialised graph. */
export function bytesOf(g: Builder, specialised: Specialised, value: string): number {
  return (elementCount(g.shape(value)) * BITS[g.typeOf(value) ?? specialised.typeOf(value) ?? "float32"]) / 8;
}

/**
 * The most that values take at once, each from where it is made to where it is last used, in the nodes' order. `shape`:
 * where known, for what operators take to work with.
 */
export function liveBytes(
  nodes: readonly Node[],
  results: readonly string[],
  size: Sizes,
  shape: (value: string) => readonly number[] | undefined = () => undefined,
): number {
  const owner = ownersIn(nodes);
  const lastUse = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const input of usesOf(node)) lastUse.set(owner(input), index);
  });
  for (const result of results) lastUse.set(owner(result), nodes.length);
  const ending = Array.from({ length: nodes.length + 1 }, () => 0);
  let [live, peak] = [0, 0];
  nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (output === "" || owner(output) !== output) continue;
      const bytes = size(output);
      live += bytes;
      ending[lastUse.get(output) ?? index] += bytes;
    }
    peak = Math.max(peak, live + (node.domain === "" ? (SCRATCH[node.opType]?.(node, size, shape) ?? 0) : 0));
    live -= ending[index];
  });
  return peak;
}

/** What ONNX Runtime's operators take to work with, in bytes, where that is as large as a value. */
const SCRATCH: Readonly<
  Record<string, (node: Node, size: Sizes, shape: (value: string) => readonly number[] | undefined) => number>
> = {
  // Either side where it is chosen, then both as one.
  Where: ({ outputs }, size) => 2 * size(outputs[0]),
  // The products for each place of the kernel, before they are added up; one entry of the batch at a time.
  ConvTranspose: ({ inputs: [x, w] }, size, shape) => {
    const [dims, kernel] = [shape(x), shape(w)];
    return dims && kernel
      ? (size(x) / dims[0] / dims[1]) * kernel.slice(1).reduce((product, dim) => product * dim, 1)
      : 0;
  },
  // A copy of the indices.
  ScatterElements: ({ inputs }, size) => size(inputs[1]),
};

/** Whose memory a value is: Identity and changes of shape give their input's. */
export function ownersIn(nodes: readonly Node[]): (value: string) => string {
  const source = new Map<string, string>();
  for (const { domain, opType, inputs, outputs } of nodes)
    if ((opType === "Identity" || hasTrait({ domain, opType }, "reshape")) && outputs.length === 1)
      source.set(outputs[0], inputs[0]);
  return (value) => {
    let owner = value;
    for (let next = source.get(owner); next !== undefined; next = source.get(owner)) owner = next;
    return owner;
  };
}

/** The values that a node takes, those that its subgraphs name among them. */
export function usesOf(node: Node): readonly string[] {
  return [...node.inputs, ...captured(node)].filter((input) => input !== "");
}
