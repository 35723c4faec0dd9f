import type { DataType, Dim, Model, Node, TensorRef, ValueInfo } from "../model/graph.ts";
import { DATA_TYPES, isFloat } from "../model/graph.ts";
import { freeName } from "../model/names.ts";
import type { WritableModel } from "../model/formats/onnx/writer.ts";
import { tensorFromArray } from "../model/tensor.ts";
import { withUnfusedPads } from "../runtime/runnable.ts";
import type { Part } from "./batch.ts";
import { renameNode } from "./rename.ts";

/**
 * A value at the model's border: what it is called outside, its type there, and what it is called inside, where floats
 * are float32.
 */
export interface Border {
  readonly name: string;
  readonly inside: string;
  readonly dataType: DataType;
  readonly dims: readonly Dim[];
}

export interface Unfinished {
  readonly part: Part;
  readonly inputs: readonly Border[];
  readonly outputs: readonly Border[];
  /** An input that chooses the target, with what it is where it is left out. */
  readonly target?: { readonly name: string; readonly dims: readonly Dim[]; readonly initial?: readonly number[] };
  /** The model that it was made from. */
  readonly model: Model;
  readonly opset: number;
  readonly version: string;
  readonly doc: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model that takes and gives what the original does, in its types, and the attribution. */
export function finish({
  part,
  inputs,
  outputs,
  target,
  model,
  opset,
  version,
  doc,
  metadata,
}: Unfinished): WritableModel {
  const names = new Map<string, string>();
  const before: Node[] = [];
  const after: Node[] = [];
  const taken = new Set([...inputs, ...outputs].map(({ name }) => name));
  for (const { name, inside, dataType } of inputs) {
    if (!isFloat(dataType) || dataType === "float32") continue;
    names.set(inside, `loupe.float32.${name}`);
    before.push(cast(name, `loupe.float32.${name}`, "float32"));
  }
  const made = new Set(part.nodes.flatMap((node) => node.outputs));
  for (const { name, inside, dataType } of outputs) {
    const asIs = dataType === "float32" || !isFloat(dataType);
    if (asIs && made.has(inside)) names.set(inside, name);
    else {
      // Not the model's own name, which is the output's.
      if (taken.has(inside) && made.has(inside)) names.set(inside, `loupe.float32.${inside}`);
      const source = names.get(inside) ?? inside;
      after.push(asIs ? plain("Identity", source, name) : cast(source, name, dataType));
    }
  }
  const renamed = [...before, ...part.nodes.map((node) => renameNode(node, names)), ...after];
  const used = new Set([
    ...inputs.map(({ name }) => name),
    ...part.initializers.map(({ name }) => name),
    ...renamed.flatMap((node) => node.outputs),
  ]);
  const nodes = withUnfusedPads(renamed, (hint) => freeName(hint, used));
  const initial: TensorRef[] = target?.initial
    ? [tensorFromArray(target.name, "int64", target.dims.length > 1 ? [1, target.initial.length] : [1], target.initial)]
    : [];
  const domains = new Set(nodes.map(({ domain }) => domain));
  return {
    irVersion: Math.max(10, model.irVersion),
    producer: "neural-loupe",
    producerVersion: version,
    doc,
    opsets: Object.fromEntries([
      ["", opset],
      ...Object.entries(model.opsets).filter(([domain]) => domain !== "" && domains.has(domain)),
    ]),
    metadata: { ...model.metadata, ...metadata },
    graph: {
      name: model.graph.name || "explanation",
      valueInfo: [],
      sparseInitializers: model.graph.sparseInitializers.filter(({ name }) =>
        nodes.some((node) => node.inputs.includes(name)),
      ),
      inputs: [
        ...inputs.map(valueInfo),
        ...(target
          ? [valueInfo({ name: target.name, inside: target.name, dataType: "int64", dims: target.dims })]
          : []),
      ],
      outputs: outputs.map(valueInfo),
      nodes,
      initializers: [...part.initializers, ...initial],
    },
  };
}

function valueInfo({ name, dataType, dims }: Border): ValueInfo {
  return { name, type: { kind: "tensor", dataType, dims } };
}

function cast(from: string, to: string, dataType: DataType): Node {
  return { ...plain("Cast", from, to), attributes: { to: { type: "int", value: DATA_TYPES.indexOf(dataType) } } };
}

function plain(opType: string, from: string, to: string): Node {
  return { name: "", opType, domain: "", inputs: [from], outputs: [to], attributes: {} };
}
