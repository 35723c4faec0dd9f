import type { Attribute, DataType, Graph, Model, Node, TensorRef } from "./graph.ts";
import { inferShapes } from "./shapes/infer.ts";
import { freeName, namesIn } from "./names.ts";
import { tensorFromArray } from "./tensor.ts";
import { inferTypes } from "./types.ts";

/** Gemm broadcasts its third input from here on. */
const OLDEST_OPSET = 7;
/**
 * What a model that imports no version of ai.onnx (XGBoost's converter) is given, so that standard operators can be
 * added to it.
 */
export const OPSET_FOR_NONE = 17;

/**
 * The model with ai.onnx.ml's linear classifiers and regressors as what they are: a Gemm, and a Softmax or Sigmoid
 * where they end in one. So the logits are values of the graph like any other's, and all that works on a dense layer
 * works on them. A classifier's label stays its own. A Normalizer after such a Softmax, which scikit-learn's converter
 * puts there, has nothing to do and passes. Values are ONNX Runtime's to rounding (ai.onnx.ml 1 to 5).
 */
export function withLinearModels(model: Model): Model {
  const usesMl = model.graph.nodes.some(({ domain }) => domain === "ai.onnx.ml");
  if (!usesMl) return model;
  const opsets = { "": OPSET_FOR_NONE, ...model.opsets };
  if (opsets[""] < OLDEST_OPSET) return model;
  return { ...model, opsets, graph: new LinearModels(model.graph, opsets).rewritten() };
}

class LinearModels {
  private readonly nodes: Node[] = [];
  private readonly weights: TensorRef[] = [];
  private readonly taken: Set<string>;
  private readonly types: ReadonlyMap<string, DataType>;
  private readonly shapes: ReturnType<typeof inferShapes>;
  /** Values whose rows sum to 1. */
  private readonly shares = new Set<string>();

  constructor(
    private readonly graph: Graph,
    opsets: Readonly<Record<string, number>>,
  ) {
    this.taken = namesIn(graph);
    this.types = inferTypes(graph);
    this.shapes = inferShapes({ graph, opsets });
  }

  rewritten(): Graph {
    for (const node of this.graph.nodes) this.add(node);
    return { ...this.graph, nodes: this.nodes, initializers: [...this.graph.initializers, ...this.weights] };
  }

  private add(node: Node): void {
    const { inputs, outputs, attributes } = node;
    if (node.domain === "" && node.opType === "Softmax") this.shares.add(outputs[0]);
    if (
      node.domain === "" &&
      ["Identity", "Cast"].includes(node.opType) &&
      this.shares.has(inputs[0]) &&
      this.types.get(outputs[0]) === "float32"
    )
      this.shares.add(outputs[0]);
    if (node.domain !== "ai.onnx.ml") return void this.nodes.push(node);
    if (node.opType === "Normalizer" && textOf(attributes.norm) === "L1" && this.shares.has(inputs[0])) {
      this.shares.add(outputs[0]);
      return void this.nodes.push({ name: node.name, opType: "Identity", domain: "", inputs, outputs, attributes: {} });
    }
    if (
      !(node.opType === "LinearClassifier"
        ? this.classifier(node)
        : node.opType === "LinearRegressor" && this.regressor(node))
    )
      this.nodes.push(node);
  }

  /** False where the node is left as it is. */
  private classifier(node: Node): boolean {
    const [label, scores] = node.outputs;
    const [coefficients, intercepts] = [floatsOf(node, "coefficients"), floatsOf(node, "intercepts")];
    const transform = textOf(node.attributes.post_transform) ?? "NONE";
    if (!scores || intercepts.length === 0 || coefficients.length % intercepts.length !== 0) return false;
    // One score stands for two classes: the negative one's is 1 − score, or the other side of the sigmoid.
    const single = intercepts.length === 1;
    if (single ? transform === "PROBIT" : !Object.hasOwn(ENDINGS, transform)) return false;
    const both = (values: readonly number[], negative: (value: number) => number): readonly number[] =>
      single ? [...values.map(negative), ...values] : values;
    const offset = single && transform !== "LOGISTIC" ? 1 : 0;
    const ending = single && transform !== "LOGISTIC" ? undefined : ENDINGS[transform];
    const features = coefficients.length / intercepts.length;
    this.linear(
      node,
      scores,
      features,
      both(coefficients, (value) => -value),
      both(intercepts, (value) => offset - value),
      ending,
    );
    if (label)
      this.nodes.push({
        ...node,
        name: node.name && `${node.name}/label`,
        outputs: [label, this.fresh(`${scores}.with_label`)],
      });
    return true;
  }

  private regressor(node: Node): boolean {
    const targets = node.attributes.targets?.type === "int" ? node.attributes.targets.value : 1;
    const [coefficients, intercepts] = [floatsOf(node, "coefficients"), floatsOf(node, "intercepts")];
    const transform = textOf(node.attributes.post_transform) ?? "NONE";
    if (
      coefficients.length === 0 ||
      coefficients.length % targets !== 0 ||
      (intercepts.length > 0 && intercepts.length !== targets) ||
      !Object.hasOwn(ENDINGS, transform)
    )
      return false;
    // ONNX Runtime leaves a single value as it is, whatever follows.
    this.linear(
      node,
      node.outputs[0],
      coefficients.length / targets,
      coefficients,
      intercepts,
      targets === 1 ? undefined : ENDINGS[transform],
    );
    return true;
  }

  /** `output` = ending(x · weightsᵀ + biases), with weights [outputs, features] in rows. */
  private linear(
    node: Node,
    output: string,
    features: number,
    weights: readonly number[],
    biases: readonly number[],
    ending: string | undefined,
  ): void {
    const result = ending ? this.fresh(`${output}.logits`) : output;
    const constants = [
      this.constant(`${output}.weights`, [weights.length / features, features], weights),
      ...(biases.length > 0 ? [this.constant(`${output}.biases`, [biases.length], biases)] : []),
    ];
    const name = ending && node.name ? `${node.name}/logits` : node.name;
    this.nodes.push({
      name,
      opType: "Gemm",
      domain: "",
      inputs: [this.rows(node.inputs[0], output, features), ...constants],
      outputs: [result],
      attributes: { transB: { type: "int", value: 1 } },
    });
    if (!ending) return;
    if (ending === "Softmax") this.shares.add(output);
    const attributes: Record<string, Attribute> = ending === "Softmax" ? { axis: { type: "int", value: 1 } } : {};
    this.nodes.push({ name: node.name, opType: ending, domain: "", inputs: [result], outputs: [output], attributes });
  }

  /** A value as float32 [rows, features]; a vector is one row. */
  private rows(value: string, hint: string, features: number): string {
    let rows = value;
    const pass = (opType: string, extra: readonly string[], attributes: Record<string, Attribute>): void => {
      const output = this.fresh(`${hint}.${opType.toLowerCase()}`);
      this.nodes.push({ name: "", opType, domain: "", inputs: [rows, ...extra], outputs: [output], attributes });
      rows = output;
    };
    if (this.types.get(value) !== "float32") pass("Cast", [], { to: { type: "int", value: 1 } });
    if (this.shapes.get(value)?.length !== 2)
      pass("Reshape", [this.constant(`${hint}.shape`, [2], [-1, features], "int64")], {});
    return rows;
  }

  private constant(
    hint: string,
    dims: readonly number[],
    values: readonly number[],
    type: DataType = "float32",
  ): string {
    const name = this.fresh(hint);
    this.weights.push(tensorFromArray(name, type, dims, values));
    return name;
  }

  private fresh(hint: string): string {
    return freeName(hint, this.taken);
  }
}

/** The standard operators that post_transform stands for. SOFTMAX_ZERO and PROBIT, which nobody writes, have none. */
const ENDINGS: Readonly<Record<string, string | undefined>> = {
  NONE: undefined,
  SOFTMAX: "Softmax",
  LOGISTIC: "Sigmoid",
};

function textOf(attribute: Attribute | undefined): string | undefined {
  return attribute?.type === "string" ? attribute.value : undefined;
}

function floatsOf(node: Node, name: string): readonly number[] {
  const attribute = node.attributes[name];
  return attribute?.type === "floats" ? attribute.value : [];
}
