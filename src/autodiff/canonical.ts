import type { Attribute, Node } from "../model/graph.ts";
import { elementCount } from "../model/graph.ts";
import { NoGradientError } from "../model/errors.ts";
import { nodeLabel } from "../model/graph.ts";
import { range, type Builder, type Dims } from "./builder.ts";
import { ML_REWRITES } from "./canonical-ml.ts";
import { operatorOf, operatorsWith } from "../model/operators.ts";

/** What rewriting a node may ask for. */
export interface CanonicalContext {
  readonly g: Builder;
  readonly node: Node;
  /** The version of ai.onnx that the node is written in. */
  readonly opset: number;
  readonly dims: (value: string) => Dims;
  readonly known: (value: string) => readonly number[] | undefined;
  /** Whether a value of the graph is a float tensor; integers are cast where they become numbers. */
  readonly isFloat: (value: string) => boolean;
}

/**
 * Rewrites a node of any opset from 7 on as opset 21 has it (or the model's own, where newer), with all shapes known:
 * axes, bounds and sizes become inputs, what only moves elements becomes Reshape. Output names stay. Nodes that mean
 * the same in both pass unchanged.
 */
export function canonicalise(context: CanonicalContext): void {
  const { node, g } = context;
  const operator = operatorOf(node);
  const rewrite = Object.hasOwn(REWRITES, operator) ? REWRITES[operator] : undefined;
  const rewritten = rewrite?.(context) ?? node;
  if (rewritten !== "done") g.add(rewritten);
}

/** Gives the node to add instead, "done" when all was added, or undefined where nothing changes. */
export type Rewrite = (context: CanonicalContext) => Node | "done" | undefined;

const reshapeToOutput: Rewrite = (c) => ({
  ...plain(c, "Reshape", [c.node.inputs[0], c.g.ints(c.dims(c.node.outputs[0]))]),
  attributes: { allowzero: int(1) },
});

/** Rewritings by operator, "com.microsoft.Pad" outside ai.onnx. */
export const REWRITES: Readonly<Record<string, Rewrite>> = {
  Reshape: reshapeToOutput,
  Flatten: reshapeToOutput,
  Squeeze: reshapeToOutput,
  Unsqueeze: reshapeToOutput,
  Expand: (c) => plain(c, "Expand", [c.node.inputs[0], c.g.ints(c.dims(c.node.outputs[0]))]),
  Dropout: (c) => {
    const training = c.node.inputs[2] ? c.known(c.node.inputs[2]) : undefined;
    const nothing = c.node.inputs[1] ? c.known(c.node.inputs[1])?.[0] === 0 : false;
    if (training?.[0] && !nothing)
      throw new NoGradientError("Dropout", nodeLabel(c.node), "it is in training mode, which is random");
    // Nothing is dropped: the mask is true everywhere.
    if (c.node.outputs[1])
      c.g.add({
        ...plain(c, "Cast", [c.g.expand(c.g.scalar(1), c.dims(c.node.inputs[0]))]),
        outputs: [c.node.outputs[1]],
        attributes: { to: int(9) },
      });
    return { ...plain(c, "Identity", [c.node.inputs[0]]), outputs: c.node.outputs.slice(0, 1) };
  },
  Clip: (c) => {
    if (c.opset >= 11) return undefined;
    const bound = (name: string): string => {
      const value = floatAttribute(c.node, name);
      return value === undefined ? "" : c.g.scalar(value);
    };
    return plain(c, "Clip", [c.node.inputs[0], bound("min"), bound("max")]);
  },
  Slice: (c) => {
    if (c.opset >= 10) return undefined;
    const [starts, ends] = [intsAttribute(c.node, "starts") ?? [], intsAttribute(c.node, "ends") ?? []];
    return plain(c, "Slice", [
      c.node.inputs[0],
      c.g.ints(starts),
      c.g.ints(ends),
      c.g.ints(intsAttribute(c.node, "axes") ?? range(0, starts.length)),
    ]);
  },
  Pad: (c) => {
    if (c.opset >= 11) return undefined;
    const pads = intsAttribute(c.node, "pads") ?? intsAttribute(c.node, "paddings") ?? [];
    const node = plain(c, "Pad", [c.node.inputs[0], c.g.ints(pads), c.g.scalar(floatAttribute(c.node, "value") ?? 0)]);
    return { ...node, attributes: pick(c.node, ["mode"]) };
  },
  Split: (c) => {
    if (c.opset >= 18 && (c.node.inputs[1] || c.node.attributes.num_outputs)) return undefined;
    const axis = c.node.attributes.axis?.type === "int" ? c.node.attributes.axis.value : 0;
    const dims = c.dims(c.node.inputs[0]);
    const at = axis < 0 ? axis + dims.length : axis;
    return {
      ...plain(c, "Split", [c.node.inputs[0], c.g.ints(c.node.outputs.map((output) => c.dims(output)[at]))]),
      attributes: { axis: int(at) },
    };
  },
  ...Object.fromEntries(
    operatorsWith("", "reduce").map((opType): [string, Rewrite] => [
      opType,
      (c) => {
        if (c.opset >= (opType === "ReduceSum" ? 13 : 18)) return undefined;
        const axes = intsAttribute(c.node, "axes");
        return {
          ...plain(c, opType, axes ? [c.node.inputs[0], c.g.ints(axes)] : [c.node.inputs[0]]),
          attributes: pick(c.node, ["keepdims"]),
        };
      },
    ]),
  ),
  ...Object.fromEntries(
    ["Softmax", "LogSoftmax", "Hardmax"].map((opType): [string, Rewrite] => [
      opType,
      (c) => (c.opset >= 13 ? undefined : flattenedSoftmax(c)),
    ]),
  ),
  BatchNormalization: (c) => {
    if (c.opset < 9 && c.node.attributes.spatial?.type === "int" && c.node.attributes.spatial.value === 0) {
      throw new NoGradientError("BatchNormalization", nodeLabel(c.node), "spatial=0 (opset 7 and 8) has no rule");
    }
    const attributes = pick(c.node, c.opset >= 14 ? ["epsilon", "training_mode"] : ["epsilon"]);
    const training =
      c.opset >= 14 && c.node.attributes.training_mode?.type === "int" && c.node.attributes.training_mode.value !== 0;
    return training ? undefined : { ...c.node, outputs: c.node.outputs.slice(0, 1), attributes };
  },
  TopK: (c) => {
    if (c.opset >= 10) return undefined;
    const k = c.node.attributes.k;
    return {
      ...plain(c, "TopK", [c.node.inputs[0], c.g.ints([k?.type === "int" ? k.value : 1])]),
      attributes: pick(c.node, ["axis"]),
    };
  },
  // Opset 7 to 9, and Resize of opset 10: positions are output / scale, nearest rounds down.
  Upsample: (c) => {
    const scales =
      c.node.attributes.scales?.type === "floats"
        ? c.g.floats(c.node.attributes.scales.value, [c.node.attributes.scales.value.length])
        : c.node.inputs[1];
    return resizeOf10(c, scales);
  },
  Resize: (c) => (c.opset >= 11 ? undefined : resizeOf10(c, c.node.inputs[1])),
  Scatter: (c) => ({ ...c.node, opType: "ScatterElements" }),
  // Opset 18 to 20 scale and shift each group; since 21 each channel.
  GroupNormalization: (c) => {
    if (c.opset >= 21) return undefined;
    const channels = c.dims(c.node.inputs[0])[1];
    const perChannel = (value: string): string => {
      const [groups] = c.g.shape(value);
      return c.g.reshape(c.g.expand(c.g.reshape(value, [groups, 1]), [groups, channels / groups]), [channels]);
    };
    return { ...c.node, inputs: [c.node.inputs[0], perChannel(c.node.inputs[1]), perChannel(c.node.inputs[2])] };
  },
  GridSample: (c) => {
    if (c.opset >= 20) return undefined;
    return { ...c.node, attributes: { ...c.node.attributes, mode: { type: "string", value: gridMode(c.node) } } };
  },
  "com.microsoft.Trilu": (c) => ({ ...c.node, domain: "" }),
  "com.microsoft.GatherND": (c) => ({ ...c.node, domain: "" }),
  "com.microsoft.Range": (c) => ({ ...c.node, domain: "" }),
  "com.microsoft.Pad": (c) => ({ ...c.node, domain: "" }),
  "com.microsoft.ExpandDims": reshapeToOutput,
  "com.microsoft.GridSample": (c) => ({
    ...c.node,
    domain: "",
    attributes: { ...c.node.attributes, mode: { type: "string", value: gridMode(c.node) } },
  }),
  "com.microsoft.ConvTransposeWithDynamicPads": (c) => {
    const pads = c.node.inputs[2] ? c.known(c.node.inputs[2]) : undefined;
    return {
      ...c.node,
      opType: "ConvTranspose",
      domain: "",
      inputs: [c.node.inputs[0], c.node.inputs[1], ...(c.node.inputs[3] ? [c.node.inputs[3]] : [])],
      attributes: { ...c.node.attributes, ...(pads ? { pads: { type: "ints", value: pads } } : {}) },
    };
  },
  ...Object.fromEntries(Object.entries(ML_REWRITES).map(([name, rewrite]) => [`ai.onnx.ml.${name}`, rewrite])),
  DFT: (c) => {
    if (c.opset >= 20) return undefined;
    const axis = c.node.attributes.axis?.type === "int" ? c.node.attributes.axis.value : 1;
    const { axis: _, ...attributes } = c.node.attributes;
    return { ...c.node, inputs: [c.node.inputs[0], c.node.inputs[1] ?? "", c.g.intTensor([axis], [])], attributes };
  },
};

/** Before opset 13 Softmax and its kin saw [product of dims before axis, product from axis on]. */
function flattenedSoftmax(c: CanonicalContext): "done" {
  const { g, node } = c;
  const dims = c.dims(node.inputs[0]);
  const given = node.attributes.axis?.type === "int" ? node.attributes.axis.value : 1;
  const axis = given < 0 ? given + dims.length : given;
  const flat = g.reshape(node.inputs[0], [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis))]);
  const result = g.op(node.opType, [flat], g.shape(flat), { axis: 1 });
  g.add({
    name: node.name,
    opType: "Reshape",
    domain: "",
    inputs: [result, g.ints(dims)],
    outputs: node.outputs,
    attributes: { allowzero: int(1) },
  });
  return "done";
}

function resizeOf10(c: CanonicalContext, scales: string): Node {
  const mode = c.node.attributes.mode?.type === "string" ? c.node.attributes.mode.value : "nearest";
  return {
    ...plain(c, "Resize", [c.node.inputs[0], "", scales]),
    attributes: {
      mode: { type: "string", value: mode === "bilinear" ? "linear" : mode },
      coordinate_transformation_mode: { type: "string", value: "asymmetric" },
      nearest_mode: { type: "string", value: "floor" },
    },
  };
}

function plain(c: CanonicalContext, opType: string, inputs: readonly string[]): Node {
  let length = inputs.length;
  while (length > 1 && inputs[length - 1] === "") length--;
  return {
    name: c.node.name,
    opType,
    domain: "",
    inputs: inputs.slice(0, length),
    outputs: c.node.outputs,
    attributes: {},
  };
}

function pick(node: Node, names: readonly string[]): Record<string, Attribute> {
  return Object.fromEntries(names.flatMap((name) => (node.attributes[name] ? [[name, node.attributes[name]]] : [])));
}

function int(value: number): Attribute {
  return { type: "int", value };
}

function floatAttribute(node: Node, name: string): number | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === "float" ? attribute.value : undefined;
}

function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === "ints" ? attribute.value : undefined;
}

/** GridSample's mode by the name that it has since opset 20. */
function gridMode(node: Node): string {
  const mode = node.attributes.mode?.type === "string" ? node.attributes.mode.value : "bilinear";
  return mode === "bilinear" ? "linear" : mode === "bicubic" ? "cubic" : mode;
}
