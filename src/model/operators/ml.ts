/** ai.onnx.ml: name | family | traits | what it computes. */
export const MACHINE_LEARNING = `
ai.onnx.ml.ArrayFeatureExtractor | ml | | Columns by their indices.
ai.onnx.ml.Binarizer | ml | | 1 above a threshold, else 0.
ai.onnx.ml.CastMap | ml | | The values of a map as a tensor.
ai.onnx.ml.CategoryMapper | ml | | Strings to integers, or back, by a list.
ai.onnx.ml.DictVectorizer | ml | | The values of a map, in the order of a vocabulary.
ai.onnx.ml.FeatureVectorizer | ml | | Joins several inputs into one vector.
ai.onnx.ml.Imputer | ml | | Replaces missing values.
ai.onnx.ml.LabelEncoder | ml | | Replaces keys by their values.
ai.onnx.ml.LinearClassifier | ml | | A linear model's class and its scores.
ai.onnx.ml.LinearRegressor | ml | | A linear model's values.
ai.onnx.ml.Normalizer | ml | | Divides each row by its largest element, sum or length.
ai.onnx.ml.OneHotEncoder | ml | | A vector for each category, with 1 at its place.
ai.onnx.ml.SVMClassifier | ml | | A support vector machine's class and its scores.
ai.onnx.ml.SVMRegressor | ml | | A support vector machine's values.
ai.onnx.ml.Scaler | ml | | (x − offset) · scale
ai.onnx.ml.TreeEnsemble | ml | | The sums of decision trees' leaves.
ai.onnx.ml.TreeEnsembleClassifier | ml | | Decision trees' class and its scores.
ai.onnx.ml.TreeEnsembleRegressor | ml | | Decision trees' values.
ai.onnx.ml.ZipMap | ml | | A map from class to score for each row.
`;
