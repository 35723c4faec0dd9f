import { ModelError } from "../model/errors.ts";
import type { Graph, Model, Node, ValueType } from "../model/graph.ts";
import { typeText } from "../model/format.ts";
import { scalar } from "../model/tensor.ts";
import { labelNames } from "./class-names.ts";
import type { LoadedModel } from "./models.ts";
import { floatsOf, numbersOf, type Feeds, type TensorValue } from "./ort.ts";
import { hasTrait } from "../model/operators.ts";

/** A value that is no tensor, taken apart: ONNX Runtime for Node.js gives out tensors alone. */
export type Unpacked =
  | { readonly kind: "list"; readonly items: readonly TensorValue[] }
  /** ZipMap's: a map from class to number for each row, and the tensor that they are made of. */
  | { readonly kind: "maps"; readonly rows: readonly Readonly<Record<string, number>>[]; readonly of: string }
  /** An optional's content; undefined where it is empty. */
  | { readonly kind: "optional"; readonly item?: TensorValue };

type Kind = "sequence" | "optional" | "map" | "tensor";

/**
 * What a value of the graph is, by its declaration, else by the node that makes it: "tensor" where nothing says
 * otherwise.
 */
export function kindOf(graph: Graph, value: string): Kind {
  const type = [...graph.outputs, ...graph.inputs, ...graph.valueInfo].find(({ name }) => name === value)?.type;
  if (type && type.kind !== "unknown") return type.kind === "sparse" ? "tensor" : type.kind;
  const node = graph.nodes.find(({ outputs }) => outputs.includes(value));
  if (!node) return "tensor";
  if (node.domain === "ai.onnx.ml") return node.opType === "ZipMap" ? "sequence" : "tensor";
  if (hasTrait(node, "gives-sequence")) return "sequence";
  if (node.opType === "Optional") return "optional";
  return node.opType === "Identity" ? kindOf(graph, node.inputs[0]) : "tensor";
}

/** Runs the model to a list, a map or an optional, element by element. ModelError for what no operator takes apart. */
export async function unpack(model: LoadedModel, feeds: Feeds, value: string): Promise<Unpacked> {
  const { graph } = model.model;
  const zip = maker(graph, value, "ZipMap", "ai.onnx.ml");
  if (zip) return { kind: "maps", ...(await zipped(model, feeds, zip)) };
  switch (kindOf(graph, value)) {
    case "sequence":
      return { kind: "list", items: await items(model, feeds, value) };
    case "optional":
      return { kind: "optional", ...(await content(model, feeds, value)) };
    default: {
      const type = graph.outputs.find(({ name }) => name === value)?.type;
      throw notTaken(value, type);
    }
  }
}

function notTaken(value: string, type: ValueType | undefined): ModelError {
  return new ModelError(
    `"${value}" is a ${type ? typeText(type) : "map"}, which no operator unpacks, and ONNX Runtime for Node.js returns only tensors.`,
    value,
    "Fetch the tensors it is built from: `inspect` lists the layers.",
  );
}

async function zipped(
  model: LoadedModel,
  feeds: Feeds,
  zip: Node,
): Promise<{ rows: Record<string, number>[]; of: string }> {
  const [of] = zip.inputs;
  const tensor = (await model.forward(feeds, [of])).get(of)!;
  const names = labelNames(zip, model.model.graph, () => undefined) ?? [];
  const values = floatsOf(tensor);
  const rows = Math.max(1, values.length / Math.max(1, names.length));
  return {
    of,
    rows: Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(names.map((name, column) => [name, values[row * names.length + column]])),
    ),
  };
}

async function items(model: LoadedModel, feeds: Feeds, list: string): Promise<TensorValue[]> {
  const length = `${list}.length`;
  const counted = model.derive(`length:${list}`, (whole) =>
    withNodes(whole, [plain("SequenceLength", [list], length)]),
  );
  const [count] = numbersOf((await counted.forward(feeds, [length])).get(length)!);
  if (count === 0) return [];
  const names = Array.from({ length: count }, (_, index) => `${list}.item.${index}`);
  const taken = model.derive(`items:${list}:${count}`, (whole) => ({
    ...withNodes(
      whole,
      names.map((name, index) => plain("SequenceAt", [list, `${list}.at.${index}`], name)),
      names.map((_, index) => scalar(`${list}.at.${index}`, "int64", index)),
    ),
  }));
  const values = await taken.forward(feeds, names);
  return names.map((name) => values.get(name)!);
}

async function content(model: LoadedModel, feeds: Feeds, optional: string): Promise<{ item?: TensorValue }> {
  const [has, item] = [`${optional}.full`, `${optional}.item`];
  const asked = model.derive(`optional:${optional}`, (whole) =>
    withNodes(whole, [plain("OptionalHasElement", [optional], has)]),
  );
  if (numbersOf((await asked.forward(feeds, [has])).get(has)!)[0] === 0) return {};
  const taken = model.derive(`content:${optional}`, (whole) =>
    withNodes(whole, [plain("OptionalGetElement", [optional], item)]),
  );
  return { item: (await taken.forward(feeds, [item])).get(item)! };
}

/** The model with more nodes, and without outputs: only what is fetched is given out. */
function withNodes(model: Model, nodes: readonly Node[], initializers: Graph["initializers"] = []): Model {
  return {
    ...model,
    graph: {
      ...model.graph,
      nodes: [...model.graph.nodes, ...nodes],
      initializers: [...model.graph.initializers, ...initializers],
    },
  };
}

function plain(opType: string, inputs: readonly string[], output: string): Node {
  return { name: "", opType, domain: "", inputs, outputs: [output], attributes: {} };
}

function maker(graph: Graph, value: string, opType: string, domain: string): Node | undefined {
  const node = graph.nodes.find(({ outputs }) => outputs.includes(value));
  if (node?.opType === "Identity" && node.domain === "") return maker(graph, node.inputs[0], opType, domain);
  return node?.opType === opType && node.domain === domain ? node : undefined;
}
