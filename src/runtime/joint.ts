import type { DataType, Model, Node, TensorRef } from "../model/graph.ts";
import { elementCount } from "../model/graph.ts";
import { tensorFromArray } from "../model/tensor.ts";

/** The one input that several inputs are joined to. */
export const JOINT = "loupe.inputs";

/** An input of the model that becomes a part of the joint one. */
export interface JoinedInput {
  readonly name: string;
  readonly dims: readonly number[];
  /**
   * The dims that the model says, those it leaves open as null: they stay open, as branches for other sizes may fit
   * none else.
   */
  readonly declared?: readonly (number | string | null)[];
  readonly dataType: DataType;
}

/**
 * The model with several float inputs as one, JOINT [N, total] of float32: each batch entry has theirs one after
 * another, in order. Whatever moves the joint one moves all of them at once.
 * @param batch How many entries the inputs share along their first axes; undefined where they share none: then N is 1,
 * and the parts are whole tensors.
 * @param open Whether N may be another one, too.
 */
export function withJointInput(
  model: Model,
  parts: readonly JoinedInput[],
  batch: number | undefined,
  open: boolean,
): Model {
  const { graph } = model;
  const opset = model.opsets[""] ?? 1;
  const nodes: Node[] = [];
  const constants: TensorRef[] = [];
  const constant = (name: string, numbers: readonly number[]): string => {
    constants.push(tensorFromArray(name, "int64", [numbers.length], numbers));
    return name;
  };
  /**
   * [0], by way of the joint input's length, which shape inference does not know: what is added to stays open for it.
   */
  const nothing = (): string => {
    const name = `${JOINT}.nothing`;
    if (!nodes.some(({ outputs }) => outputs.includes(name))) {
      nodes.push(
        plain("Shape", [JOINT], `${JOINT}.dims`),
        plain("Gather", [`${JOINT}.dims`, constant(`${JOINT}.length`, [1])], `${JOINT}.total`),
        plain("Mul", [`${JOINT}.total`, constant(`${JOINT}.none`, [0])], name),
      );
    }
    return name;
  };
  let from = 0;
  for (const [index, { name, dims, declared, dataType }] of parts.entries()) {
    const before = from + sizeIn(dims, batch);
    const [slice, shaped] = [`${JOINT}.${index}.slice`, dataType === "float32" ? name : `${JOINT}.${index}.float32`];
    const ints = (value: number): { type: "ints"; value: number[] } => ({ type: "ints", value: [value] });
    nodes.push(
      opset >= 10
        ? {
            ...plain(
              "Slice",
              [
                JOINT,
                constant(`${slice}.starts`, [from]),
                constant(`${slice}.ends`, [before]),
                constant(`${slice}.axes`, [1]),
              ],
              slice,
            ),
          }
        : { ...plain("Slice", [JOINT], slice), attributes: { starts: ints(from), ends: ints(before), axes: ints(1) } },
    );
    const shape = constant(`${JOINT}.${index}.shape`, batch === undefined ? dims : [0, ...dims.slice(1)]);
    const isOpen =
      dims.length > 0 &&
      !(declared?.slice(batch === undefined ? 0 : 1).every((dim) => typeof dim === "number") ?? true);
    if (isOpen) nodes.push(plain("Add", [shape, nothing()], `${shape}.open`));
    nodes.push(plain("Reshape", [slice, isOpen ? `${shape}.open` : shape], shaped));
    if (dataType !== "float32")
      nodes.push({
        ...plain("Cast", [shaped], name),
        attributes: { to: { type: "int", value: ONNX_TYPE[dataType] ?? 1 } },
      });
    from = before;
  }
  const names = new Set(parts.map(({ name }) => name));
  const inputs = [
    ...graph.inputs.filter(({ name }) => !names.has(name)),
    {
      name: JOINT,
      type: { kind: "tensor" as const, dataType: "float32" as const, dims: [open ? null : (batch ?? 1), null] },
    },
  ];
  return {
    ...model,
    graph: { ...graph, inputs, nodes: [...nodes, ...graph.nodes], initializers: [...graph.initializers, ...constants] },
  };
}

/** How many elements of the joint input's entries a part of it takes. */
export function sizeIn(dims: readonly number[], batch: number | undefined): number {
  return elementCount(batch === undefined ? dims : dims.slice(1));
}

/** TensorProto.DataType of the float types. */
const ONNX_TYPE: Partial<Record<DataType, number>> = { float32: 1, float16: 10, float64: 11, bfloat16: 16 };

function plain(opType: string, inputs: readonly string[], output: string): Node {
  return { name: "", opType, domain: "", inputs, outputs: [output], attributes: {} };
}
