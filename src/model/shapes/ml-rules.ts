import type { Dim } from "../graph.ts";
import type { NodeView } from "./node-view.ts";

type Shape = readonly Dim[];

const same = (node: NodeView): readonly Shape[] => [node.dims(0)];

/** Rows of a table: a vector is one. */
function rows(node: NodeView): Dim {
  const dims = node.dims(0);
  return dims.length === 1 ? 1 : dims[0];
}

function labels(node: NodeView): number {
  return Math.max(node.count("classlabels_strings"), node.count("classlabels_int64s"), node.count("classlabels_ints"));
}

/** A label for each row, and the scores of its classes. */
const classifier =
  (scores: (node: NodeView) => Dim) =>
  (node: NodeView): readonly Shape[] => [[rows(node)], [rows(node), scores(node)]];
const table =
  (columns: (node: NodeView) => Dim) =>
  (node: NodeView): readonly Shape[] => [[rows(node), columns(node)]];

/** The shapes of what ai.onnx.ml's operators (versions 1 to 5) make, as ONNX Runtime makes them. */
const RULES: Readonly<Record<string, (node: NodeView) => readonly (Shape | undefined)[]>> = {
  Scaler: same,
  Normalizer: same,
  Imputer: same,
  Binarizer: same,
  LabelEncoder: same,
  CategoryMapper: same,
  LinearRegressor: table((node) => node.int("targets", 1)),
  SVMRegressor: table(() => 1),
  TreeEnsembleRegressor: table((node) => node.int("n_targets", 1)),
  TreeEnsemble: table((node) => node.int("n_targets", 1)),
  // One score is given out as two: of the negative and the positive class.
  LinearClassifier: classifier((node) => Math.max(node.count("intercepts"), labels(node) === 2 ? 2 : 1)),
  TreeEnsembleClassifier: classifier(labels),
  SVMClassifier: classifier((node) => {
    const classes = labels(node);
    return node.count("vectors_per_class") === 0 || node.count("prob_a") > 0 || classes <= 2
      ? classes
      : (classes * (classes - 1)) / 2;
  }),
  OneHotEncoder: (node) => [[...node.dims(0), Math.max(node.count("cats_strings"), node.count("cats_int64s"))]],
  FeatureVectorizer: table((node) => node.ints("inputdimensions")?.reduce((a, b) => a + b, 0) ?? null),
  ArrayFeatureExtractor: (node) => {
    const dims = node.dims(0);
    const indices = node.dimsIfKnown(1);
    const taken = indices?.every((dim) => typeof dim === "number")
      ? indices.reduce<number>((product, dim) => product * (dim as number), 1)
      : null;
    return [[...(dims.length === 1 ? [1] : dims.slice(0, -1)), taken]];
  },
  DictVectorizer: (node) => [[1, Math.max(node.count("string_vocabulary"), node.count("int64_vocabulary"))]],
  CastMap: (node) => [[1, node.string("map_form", "DENSE") === "SPARSE" ? node.int("max_map", 1) : null]],
};

export const ML_SHAPE_RULES: ReadonlyMap<string, (node: NodeView) => readonly (Shape | undefined)[]> = new Map(
  Object.entries(RULES),
);
