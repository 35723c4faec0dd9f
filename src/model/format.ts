import type { LayerDetails } from "../protocol/model.ts";
import type { Attribute, SparseTensorRef, TensorRef, ValueType } from "./graph.ts";
import { elementText } from "./summary.ts";
import { decodeTensor } from "./tensor.ts";

/** More elements of a list than this are not written out. */
const SHOWN = 64;
const LONGEST_TEXT = 2000;

/** A type in words: "float32", "sequence(float32)", "map(string, float32)". */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case "tensor":
      return type.dataType;
    case "sparse":
      return `sparse(${type.dataType})`;
    case "sequence":
      return `sequence(${typeText(type.element)})`;
    case "optional":
      return `optional(${typeText(type.element)})`;
    case "map":
      return `map(${type.key}, ${typeText(type.value)})`;
    case "unknown":
      return "unknown";
  }
}

/** An attribute as the inspector shows it. */
export function attributeRow(name: string, attribute: Attribute): LayerDetails["attributes"][number] {
  return { name, type: attribute.type === "opaque" ? "other" : attribute.type, value: attributeText(attribute) };
}

function attributeText(attribute: Attribute): string {
  switch (attribute.type) {
    case "float":
      return elementText(attribute.value, "float32");
    case "int":
      return String(attribute.value);
    case "string":
      return clip(attribute.value);
    case "floats":
      return list(attribute.value, (value) => elementText(value, "float32"));
    case "ints":
      return list(attribute.value, String);
    case "strings":
      return list(attribute.value, (text) => JSON.stringify(text));
    case "tensor":
      return tensorText(attribute.value);
    case "tensors":
      return list(attribute.value, tensorText);
    case "sparse_tensor":
      return sparseText(attribute.value);
    case "graph":
      return graphText(attribute.value);
    case "graphs":
      return list(attribute.value, graphText);
    case "reference":
      return `the caller's ${attribute.name}`;
    case "opaque":
      return `${attribute.bytes.length} bytes of attribute type ${attribute.attributeType}`;
  }
}

function list<T>(values: readonly T[], text: (value: T) => string): string {
  const shown = values.slice(0, SHOWN).map(text).join(", ");
  return clip(values.length > SHOWN ? `[${shown}, ... ${values.length} in all]` : `[${shown}]`);
}

function clip(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}

function tensorText(tensor: TensorRef): string {
  const head = `${tensor.dataType} [${tensor.dims.join(", ")}]`;
  if (tensor.problem !== undefined) return `${head}: ${tensor.problem}`;
  if (tensor.storage.kind !== "bytes" || tensor.dataType === "string") return head;
  const { data } = decodeTensor(tensor, tensor.storage.bytes);
  const values = Array.from({ length: data.length }, (_, i) => data[i] as number | bigint);
  return `${head}: ${list(values, (value) => elementText(value, tensor.dataType))}`;
}

function sparseText({ dims, values }: SparseTensorRef): string {
  return `sparse ${values.dataType} [${dims.join(", ")}] with ${values.dims[0] ?? 0} values`;
}

function graphText({ name, nodes }: { readonly name: string; readonly nodes: readonly unknown[] }): string {
  return `graph ${name === "" ? "" : `"${name}" `}of ${nodes.length} node${nodes.length === 1 ? "" : "s"}`;
}
