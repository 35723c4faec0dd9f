import type { Node } from "../../model/graph.ts";
import { makersAmong } from "../../model/makers.ts";
import type { Builder, Dims } from "../builder.ts";

/** What the search for operators that a model took apart may know. */
export interface Parts {
  readonly g: Builder;
  readonly nodes: readonly Node[];
  /** Values that are asked for themselves: nothing that makes them is passed by. */
  readonly kept: ReadonlySet<string>;
  /** The elements of small constants. */
  readonly known: (value: string) => readonly number[] | undefined;
}

/**
 * The nodes, with Softmax in the place of the last node of a softmax that is taken apart, exp(x − max) over its sum,
 * and of the exponential of a log-softmax: for rules that know it as a whole. The nodes before it stay.
 */
export function withWholeSoftmax(parts: Parts): Node[] {
  const maker = makerAmong(parts);
  const softmax = (node: Node, x: string, axis: number): Node => ({
    ...node,
    opType: "Softmax",
    inputs: [x],
    attributes: { axis: { type: "int", value: axis } },
  });
  return parts.nodes.map((node) => {
    if (node.domain !== "") return node;
    if (node.opType === "Exp") {
      const logs = maker(node.inputs[0], "LogSoftmax");
      return logs ? { ...node, opType: "Softmax", inputs: logs.inputs, attributes: logs.attributes } : node;
    }
    if (node.opType !== "Div") return node;
    const [exp, total] = [maker(node.inputs[0], "Exp"), maker(node.inputs[1], "ReduceSum")];
    if (!exp || total?.inputs[0] !== node.inputs[0]) return node;
    const dims = parts.g.shape(node.inputs[0]);
    const axis = axisOf(parts, total, dims);
    if (axis === undefined) return node;
    const less = maker(exp.inputs[0], "Sub");
    const maximum = less && maker(less.inputs[1], "ReduceMax");
    // Without the largest taken off it is a softmax all the same.
    return softmax(
      node,
      maximum && maximum.inputs[0] === less.inputs[0] && axisOf(parts, maximum, dims) === axis
        ? less.inputs[0]
        : exp.inputs[0],
      axis,
    );
  });
}

/**
 * The nodes, with a quotient in the place of a product with an inverse: x·(1/n) is x/n, as normalizations are written
 * by hand.
 */
export function withQuotients(parts: Parts): Node[] {
  const maker = makerAmong(parts);
  const inverted = (value: string): string | undefined => {
    const division = maker(value, "Div");
    return (
      maker(value, "Reciprocal")?.inputs[0] ??
      (division && parts.known(division.inputs[0])?.every((number) => number === 1) ? division.inputs[1] : undefined)
    );
  };
  return parts.nodes.map((node) => {
    if (node.domain !== "" || node.opType !== "Mul") return node;
    const [a, b] = node.inputs;
    const [first, second] = [inverted(a), inverted(b)];
    if (second !== undefined) return { ...node, opType: "Div", inputs: [a, second] };
    return first !== undefined ? { ...node, opType: "Div", inputs: [b, first] } : node;
  });
}

function makerAmong({ nodes, kept }: Parts): (value: string, opType: string) => Node | undefined {
  const makers = makersAmong(nodes);
  return (value, opType) => {
    const node = kept.has(value) ? undefined : makers.get(value);
    return node?.opType === opType && node.domain === "" ? node : undefined;
  };
}

/** The axis along which a reduction goes, where it is one that stays as 1. */
function axisOf({ known }: Parts, node: Node, dims: Dims): number | undefined {
  const axes = node.inputs[1] ? known(node.inputs[1]) : undefined;
  const keeps = node.attributes.keepdims?.type !== "int" || node.attributes.keepdims.value !== 0;
  return axes?.length === 1 && keeps ? (axes[0] + dims.length) % dims.length : undefined;
}
