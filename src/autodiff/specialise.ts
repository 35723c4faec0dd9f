import { isFloat, type DataType, type Graph, type Node, type TensorRef } from "../model/graph.ts";
import { tensorFromArray, toFloat32 } from "../model/tensor.ts";
import { Builder, CANONICAL_OPSET, type Dims } from "./builder.ts";
import { canonicalise } from "./canonical.ts";
import { captured, neededFor } from "./differentiate.ts";
import { isQuantised, STRAIGHT_THROUGH } from "./quantised.ts";
import { hasTrait } from "../model/operators.ts";

/**
 * What one run of a graph showed: every tensor's shape and type, and the elements of small integer and boolean ones.
 */
export interface Trace {
  readonly dims: ReadonlyMap<string, Dims>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly known: ReadonlyMap<string, readonly number[]>;
  /** The version of ai.onnx that the graph is written in. */
  readonly opset: number;
}

/** Something that the specialised graph takes for granted and that another input could change. */
export interface Guard {
  /** A value of the specialised graph: an integer tensor, to compare with `expected`. */
  readonly value: string;
  readonly expected: readonly number[];
}

/** A graph made a straight line for the shapes and branches of one trace; everything that flows in it is float32. */
export class Specialised {
  /** Holds the forward nodes; gradients are appended to it. */
  readonly g: Builder;
  readonly forward: readonly Node[];
  private readonly guardsByValue = new Map<string, Guard>();
  /** The graph's own initializers, and the names that Identity gave them. */
  private readonly initializers = new Map<string, TensorRef>();
  private readonly types: ReadonlyMap<string, DataType>;

  /** `conditions`: values that decided a branch which was inlined. */
  constructor(
    private readonly graph: Graph,
    private readonly opset: number,
    private readonly trace: Trace,
    private readonly bytesOf: (tensor: TensorRef) => Uint8Array,
    conditions: readonly string[] = [],
  ) {
    const names = [...graph.inputs, ...graph.initializers].map(({ name }) => name);
    this.g = new Builder([...names, ...graph.nodes.flatMap((node) => node.outputs)]);
    for (const [name, dims] of trace.dims) this.g.declare(name, dims);
    this.types = new Map([...trace.types].map(([name, type]) => [name, isFloat(type) ? "float32" : type]));
    this.tainted = taintedValues(graph);
    this.addInitializers();
    for (const node of graph.nodes) this.addNode(node);
    for (const condition of conditions) this.known(condition);
    this.forward = [...this.g.nodes];
    this.remarks = this.forward.some(isQuantised) ? [STRAIGHT_THROUGH] : [];
  }

  /** What a person should know about gradients through this graph. */
  readonly remarks: readonly string[];

  /** Values that depend on what the model is fed, not only on its shape. */
  readonly tainted: ReadonlySet<string>;

  typeOf(value: string): DataType | undefined {
    return this.types.get(value);
  }

  /** The elements of a value the graph was specialised on; asking makes it a guard if the input decides it. */
  readonly known = (value: string): readonly number[] | undefined => {
    const numbers = this.trace.known.get(value);
    if (numbers && this.tainted.has(value)) this.guardsByValue.set(value, { value, expected: numbers });
    return numbers;
  };

  get guards(): readonly Guard[] {
    return [...this.guardsByValue.values()];
  }

  /**
   * The graph that computes `outputs` (values of `g`, a fork of this one's) from the model's inputs and `extra` ones:
   * needed nodes and initializers only.
   */
  graphFor(g: Builder, outputs: readonly string[], extra: readonly { name: string; dims: Dims }[] = []): Graph {
    const nodes = neededFor(outputs, g.nodes);
    const used = new Set([...nodes.flatMap((node) => [...node.inputs, ...captured(node)]), ...outputs]);
    return {
      name: this.graph.name,
      doc: "",
      valueInfo: [],
      sparseInitializers: this.graph.sparseInitializers.filter(({ name }) => used.has(name)),
      inputs: [
        ...this.graph.inputs
          .filter(({ name }) => used.has(name))
          .map((input) => ({
            name: input.name,
            type: {
              kind: "tensor" as const,
              dataType: this.typeOf(input.name) ?? "float32",
              dims: this.trace.dims.get(input.name),
            },
          })),
        ...extra.map(({ name, dims }) => ({
          name,
          type: { kind: "tensor" as const, dataType: "float32" as const, dims },
        })),
      ],
      outputs: outputs.map((name) => ({ name, type: { kind: "unknown" } })),
      nodes,
      initializers: g.initializers.filter(({ name }) => used.has(name)),
    };
  }

  /** The opset that the graph is written in. */
  get derivedOpset(): number {
    return Math.max(CANONICAL_OPSET, this.opset);
  }

  /** float16, bfloat16 and float64 weights come in as they lie in the file and are cast, which ONNX Runtime folds. */
  private addInitializers(): void {
    for (const tensor of this.graph.initializers) this.addInitializer(tensor);
  }

  private addInitializer(tensor: TensorRef): void {
    this.initializers.set(tensor.name, tensor);
    this.g.declare(tensor.name, tensor.dims);
    if (isFloat(tensor.dataType) && tensor.dataType !== "float32") this.g.initializers.push(this.cast(tensor));
    else this.g.initializers.push(tensor);
  }

  private cast(tensor: TensorRef): TensorRef {
    const stored = this.g.fresh(tensor.dataType);
    this.g.declare(stored, tensor.dims);
    this.g.add({
      name: "",
      opType: "Cast",
      domain: "",
      inputs: [stored],
      outputs: [tensor.name],
      attributes: { to: { type: "int", value: 1 } },
    });
    return { ...tensor, name: stored };
  }

  private addNode(original: Node): void {
    const node = inFloat32(original, this.bytesOf);
    const outputs = node.outputs.filter((output) => output !== "");
    const source = node.opType === "Identity" && node.domain === "" ? this.initializers.get(node.inputs[0]) : undefined;
    if (source) {
      // Exporters share equal weights through Identity; ONNX Runtime loses some of these as it optimises. Here both
      // names are the same bytes.
      this.addInitializer({ ...source, name: node.outputs[0] });
      return;
    }
    if (outputs.length > 0 && outputs.every((output) => this.foldable(output))) {
      for (const output of outputs) this.fold(output);
      return;
    }
    for (const index of SHAPE_INPUTS[node.opType] ?? []) if (node.inputs[index]) this.known(node.inputs[index]);
    canonicalise({
      g: this.g,
      node,
      opset: this.opset,
      dims: (value) => this.g.shape(value),
      known: this.known,
      isFloat: (value) => isFloat(this.types.get(value) ?? "float32"),
    });
    if (hasTrait(node, "counts") || node.opType === "Range") for (const output of outputs) this.guardShape(output);
  }

  /** Integers that follow from shapes and constants alone are constants here. */
  private foldable(value: string): boolean {
    return !this.tainted.has(value) && this.trace.known.has(value) && !isFloat(this.types.get(value) ?? "float32");
  }

  private fold(value: string): void {
    const numbers = this.trace.known.get(value)!;
    const type = this.types.get(value) ?? "int64";
    this.g.initializers.push(tensorFromArray(value, type, this.g.shape(value), numbers));
  }

  private guardShape(value: string): void {
    const dims = this.trace.dims.get(value);
    if (!dims || !this.tainted.has(value)) return;
    const shape = this.g.op("Shape", [value], [dims.length]);
    this.guardsByValue.set(shape, { value: shape, expected: dims });
  }
}

/** Inputs that decide an output's shape: what they hold was taken for granted. */
const SHAPE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Slice: [1, 2, 3, 4],
  Tile: [1],
  Pad: [1, 3],
  Resize: [3],
  ConstantOfShape: [0],
  Range: [0, 1, 2],
  Squeeze: [1],
  Unsqueeze: [1],
  Split: [1],
  TopK: [1],
  OneHot: [1],
  CenterCropPad: [1],
  MaxUnpool: [2],
  AffineGrid: [1],
  Col2Im: [1, 2],
};

/** Values that the fed data decides. Shape and Size do not pass it on: shapes are fixed. */
export function taintedValues(graph: Graph): Set<string> {
  const tainted = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (!hasTrait(node, "shape-of") && (hasTrait(node, "random") || usesAny(node, tainted)))
      for (const output of node.outputs) if (output !== "") tainted.add(output);
  }
  return tainted;
}

/** Whether a node, or a subgraph of it, takes one of `values`. */
function usesAny(node: Node, values: ReadonlySet<string>): boolean {
  return (
    node.inputs.some((input) => values.has(input)) ||
    subgraphs(node).some(
      (graph) =>
        graph.nodes.some((inner) => usesAny(inner, values)) || graph.outputs.some(({ name }) => values.has(name)),
    )
  );
}

function subgraphs(node: Node): readonly Graph[] {
  return Object.values(node.attributes).flatMap((attribute) =>
    attribute.type === "graph" ? [attribute.value] : attribute.type === "graphs" ? attribute.value : [],
  );
}

const FLOAT_TYPE_ATTRIBUTES = ["to", "dtype", "output_datatype", "stash_type", "output_dtype"];
const REDUCED_FLOATS: ReadonlySet<number> = new Set([10, 11, 16]);

/** float16, bfloat16 and float64 inside become float32: casts to them, and constants made in them. */
function inFloat32(node: Node, bytesOf: (tensor: TensorRef) => Uint8Array): Node {
  const attributes = { ...node.attributes };
  for (const name of FLOAT_TYPE_ATTRIBUTES) {
    const attribute = attributes[name];
    if (attribute?.type === "int" && REDUCED_FLOATS.has(attribute.value)) attributes[name] = { type: "int", value: 1 };
  }
  const value = attributes.value;
  if (
    node.opType === "ConstantOfShape" &&
    value?.type === "tensor" &&
    isFloat(value.value.dataType) &&
    value.value.dataType !== "float32"
  ) {
    attributes.value = {
      type: "tensor",
      value: tensorFromArray(
        value.value.name,
        "float32",
        [1],
        toFloat32(value.value.dataType, bytesOf(value.value), 1),
      ),
    };
  }
  return { ...node, attributes };
}
