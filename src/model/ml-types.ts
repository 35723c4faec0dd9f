import type { DataType, Node } from "./graph.ts";

/**
 * The element types of what an ai.onnx.ml operator (versions 1 to 5) makes; "none" for what is no tensor. Undefined
 * where it is not one of them.
 */
export function mlTypes(
  node: Node,
  input: (index: number) => DataType | undefined,
  inside: (index: number) => DataType | undefined,
): readonly (DataType | undefined)[] | "none" | undefined {
  return Object.hasOwn(ML, node.opType) ? ML[node.opType](node, input, inside) : undefined;
}

/** `inside`: the type of what a list or a map holds. */
type MlInference = (
  node: Node,
  input: (index: number) => DataType | undefined,
  inside: (index: number) => DataType | undefined,
) => readonly (DataType | undefined)[] | "none";

const float: MlInference = () => ["float32"];
const like: MlInference = (_, input) => [input(0)];
const classifier: MlInference = (node) => [node.attributes.classlabels_strings ? "string" : "int64", "float32"];
const CAST_TO: Readonly<Record<string, DataType>> = { TO_FLOAT: "float32", TO_STRING: "string", TO_INT64: "int64" };

const ML: Readonly<Record<string, MlInference>> = {
  ...Object.fromEntries(
    [
      "FeatureVectorizer",
      "LinearRegressor",
      "Normalizer",
      "OneHotEncoder",
      "SVMRegressor",
      "Scaler",
      "TreeEnsembleRegressor",
    ].map((name) => [name, float]),
  ),
  ...Object.fromEntries(["ArrayFeatureExtractor", "Binarizer", "Imputer", "TreeEnsemble"].map((name) => [name, like])),
  ...Object.fromEntries(
    ["LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"].map((name) => [name, classifier]),
  ),
  CategoryMapper: (_, input) => [input(0) === "string" ? "int64" : "string"],
  CastMap: ({ attributes }) => [CAST_TO[attributes.cast_to?.type === "string" ? attributes.cast_to.value : "TO_FLOAT"]],
  DictVectorizer: (_, _input, inside) => [inside(0)],
  LabelEncoder: ({ attributes }, input) => {
    const { values_tensor: tensor } = attributes;
    if (tensor?.type === "tensor") return [tensor.value.dataType];
    if (attributes.values_strings) return ["string"];
    if (attributes.values_int64s) return ["int64"];
    if (attributes.values_floats) return ["float32"];
    // Version 1: from strings to their places, and back.
    return [input(0) === "string" ? "int64" : "string"];
  },
  ZipMap: () => "none",
};
