import { neededFor } from "../autodiff/differentiate.ts";
import { elementCount, type Graph, type Node } from "../model/graph.ts";
import type { LoadedModel } from "./models.ts";
import { changersOf, type Lookup } from "./lookups.ts";
import { numbersOf, type Feeds } from "./ort.ts";

/**
 * Numbers from here on stand for places among the input's integers, smaller ones are the graph's own constants. float32
 * holds them all.
 */
const FIRST = 2 ** 20;
const MOST = 2 ** 24 - FIRST;

/**
 * For each element of each look-up's value, which of the input's integers it was made of; −1 for none (a constant that
 * was put before them). Found by running what moves the integers on their places instead. Undefined where that cannot
 * be said.
 * @param dims The shapes of the look-ups' values, in their order.
 */
export async function placesOfLookups(
  model: LoadedModel,
  feeds: Feeds,
  lookups: readonly Lookup[],
  dims: readonly (readonly number[])[],
): Promise<Int32Array[] | undefined> {
  const [{ input }] = lookups;
  const tensor = feeds[input];
  const count = elementCount(tensor.dims);
  if (count > MOST) return undefined;
  const dataType = tensor.dataType === "int32" ? "int32" : "int64";
  const indices = [...new Set(lookups.map(({ index }) => index))];
  const mover = model.derive(`places:${input}:${indices.join()}`, (whole) => ({
    ...whole,
    graph: movingOnly(whole.graph, input, indices, dataType),
  }));
  const places = Array.from({ length: count }, (_, place) => FIRST + place);
  const data = dataType === "int32" ? Int32Array.from(places) : BigInt64Array.from(places, BigInt);
  const moved = await mover.forward({ ...feeds, [input]: { dataType, dims: tensor.dims, data } }, indices);
  return lookups.map((lookup, which) => {
    const index = moved.get(lookup.index)!;
    const at = numbersOf(index).map((number) => (number >= FIRST ? number - FIRST : -1));
    return byElement(lookup, at, index.dims, dims[which]);
  });
}

/** The nodes that the indices are made by, with those that change numbers handing them on as they are. */
function movingOnly(graph: Graph, input: string, indices: readonly string[], dataType: "int32" | "int64"): Graph {
  const changers = changersOf(graph, input);
  const nodes = graph.nodes.map((node): Node => {
    const carrier = changers.get(node);
    return carrier === undefined
      ? node
      : {
          name: node.name,
          opType: "Identity",
          domain: "",
          inputs: [carrier],
          outputs: node.outputs.slice(0, 1),
          attributes: {},
        };
  });
  return {
    ...graph,
    nodes: neededFor(indices, nodes),
    valueInfo: [],
    outputs: indices.map((name) => ({ name, type: { kind: "unknown" } })),
    inputs: graph.inputs.map((one) =>
      one.name === input && one.type.kind === "tensor" ? { ...one, type: { ...one.type, dataType } } : one,
    ),
  };
}

/** An index's places, each for all elements of the look-up's value that its number made. */
function byElement(
  { kind, axis }: Lookup,
  at: readonly number[],
  index: readonly number[],
  dims: readonly number[],
): Int32Array {
  const count = elementCount(dims);
  if (kind === "number") return Int32Array.from({ length: count }, (_, element) => at[element] ?? -1);
  if (kind === "one-hot") {
    const along = axis < 0 ? axis + dims.length : axis;
    const [size, inner] = [dims[along], elementCount(dims.slice(along + 1))];
    return Int32Array.from(
      { length: count },
      (_, element) => at[Math.floor(element / (size * inner)) * inner + (element % inner)],
    );
  }
  const inner = elementCount(dims.slice(axis + index.length));
  return Int32Array.from({ length: count }, (_, element) => at[Math.floor(element / inner) % at.length]);
}
