"""
Models of scikit-learn, LightGBM and XGBoost as their converters write them, with what scikit-learn says itself: probabilities, decision values,
predictions, and their gradients by central differences in float64. For trees, whose gradient is zero almost everywhere, what the score loses when one
feature is set to 0 (feature ablation) in place of a gradient. index.json has all numbers; each model is NAME.onnx.
"""

import json
import os
import sys
import warnings
from pathlib import Path

# The converters go through sets of names: only with a fixed order of these are the files the same each time.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

warnings.filterwarnings("ignore")

import lightgbm
import numpy as np
import onnx
import onnxmltools
import pandas as pd
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import DictionaryType, FloatTensorType, StringTensorType
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder, PowerTransformer, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

HERE = Path(__file__).parent
OPSETS = {"": 17, "ai.onnx.ml": 3}
X, labels = load_iris(return_X_y=True)
X, labels = X[::4], labels[::4]  # 38 flowers: few support vectors, small files
names = np.array(["setosa", "versicolor", "virginica"])
two = np.where(labels == 1, 7, -3)  # labels that are negative and not 0, 1
width = X[:, 3]
row = np.array([5.9, 2.9, 4.6, 1.55])
index = {"row": row.tolist(), "models": []}


def gradient(f, x, h=1e-5):
    """d f(x)[k] / d x[j] by central differences, [K, features]."""
    columns = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))]
    return np.stack([np.atleast_1d(column) for column in columns], axis=1)


def ablation(f, x):
    """f(x)[k] - f(x with feature j at 0)[k], [K, features]."""
    zero = [f(np.where(np.arange(len(x)) == j, 0, x)) for j in range(len(x))]
    return np.stack([np.atleast_1d(f(x) - z) for z in zero], axis=1)


def write(name, onnx_model):
    onnx_model.graph.name = name  # skl2onnx makes a name up each time
    onnx.save(onnx_model, HERE / f"{name}.onnx")


def save(name, onnx_model, f, output, value=None, classes=None, smooth=True, x=row):
    """`output` of the model is what `f(x)` gives; `value`: the tensor that stands for it where it is no tensor."""
    write(name, onnx_model)
    entry = {"name": name, "output": output, "value": value or output, "values": np.atleast_1d(f(x)).tolist(), "ablation": ablation(f, x).tolist()}
    if classes is not None:
        entry["classes"] = [str(one) for one in classes]
    if smooth:
        entry["gradient"] = gradient(f, x).tolist()
    index["models"].append(entry)


def sklearn(name, estimator, target, method, output, value=None, classes=None, smooth=True, **options):
    model = estimator.fit(X) if target is None else estimator.fit(X, target)
    made = to_onnx(model, X[:1].astype(np.float32), target_opset=OPSETS, **options)
    f = lambda x: np.asarray(getattr(model, method)(x[None]), dtype=np.float64)[0]
    save(name, made, f, output, value, classes, smooth)


def no_zipmap(estimator):
    return {"options": {id(estimator): {"zipmap": False}}}


# Linear classifiers, with ZipMap and without, with labels of every kind.
sklearn("logistic-3", LogisticRegression(max_iter=500), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
sklearn("logistic-3-strings", LogisticRegression(max_iter=500), names[labels], "predict_proba", "output_probability", "probabilities", names)
sklearn("logistic-2", LogisticRegression(), two, "predict_proba", "output_probability", "probabilities", [-3, 7])
model = LogisticRegression(max_iter=500)
sklearn("logistic-3-nozip", model, names[labels], "predict_proba", "probabilities", None, names, **no_zipmap(model))
sklearn("one-vs-rest", OneVsRestClassifier(LogisticRegression()), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
sklearn("linear-svc-3", LinearSVC(random_state=0), labels, "decision_function", "probabilities", None, [0, 1, 2])
sklearn("linear-svc-2", LinearSVC(random_state=0), two, "decision_function", "probabilities")

# Support vector machines.
for kernel, more in [("linear", {}), ("rbf", {"gamma": 0.3}), ("poly", {"gamma": 0.1, "coef0": 1.0, "degree": 2}), ("sigmoid", {"gamma": 0.02, "coef0": -0.5})]:
    sklearn(f"svc-{kernel}", SVC(kernel=kernel, **more), labels, "decision_function", "output_probability", "ovr_output", [0, 1, 2])
    sklearn(f"svr-{kernel}", SVR(kernel=kernel, **more), width, "predict", "variable")
# Two classes: Platt's sigmoid itself. libsvm comes to it by iteration, and stops within 0.002 of it; so does ONNX Runtime.
model = SVC(gamma=0.3, probability=True, random_state=0).fit(X, two)


def platt(x):
    positive = 1 / (1 + np.exp(-model.probA_[0] * model.decision_function(x[None])[0] + model.probB_[0]))
    return np.array([positive, 1 - positive])


assert np.abs(platt(row) - model.predict_proba(row[None])[0]).max() < 2e-3, (platt(row), model.predict_proba(row[None]))
save("svc-rbf-2-probability", to_onnx(model, X[:1].astype(np.float32), target_opset=OPSETS), platt, "output_probability", "probabilities", [-3, 7])
sklearn("svc-rbf-2", SVC(gamma=0.3), two, "decision_function", "output_probability", "probabilities", [-3, 7])
sklearn("svc-rbf-3-probability", SVC(gamma=0.3, probability=True, random_state=0), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
sklearn("one-class-svm", OneClassSVM(gamma=0.3, nu=0.3), None, "decision_function", "scores")

# Pipelines.
sklearn("pipeline-normalizer-l2", make_pipeline(SimpleImputer(), StandardScaler(), Normalizer(), LogisticRegression()), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
sklearn("pipeline-normalizer-l1", make_pipeline(MinMaxScaler(), Normalizer("l1"), LogisticRegression()), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
sklearn("pipeline-normalizer-max", make_pipeline(MaxAbsScaler(), Normalizer("max"), LinearRegression()), width, "predict", "variable")
sklearn("pipeline-mlp", make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(4,), max_iter=2000, random_state=0)), width, "predict", "variable")
sklearn("binarizer", make_pipeline(Binarizer(threshold=2.5), LogisticRegression()), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2], smooth=False)

sklearn("pipeline-power", make_pipeline(PowerTransformer(), LogisticRegression()), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
# Of float64, with a ZipMap that ONNX Runtime refuses.
model = LogisticRegression(max_iter=500).fit(X, labels)
save("logistic-3-double", to_onnx(model, X[:1], target_opset=OPSETS), lambda x: model.predict_proba(x[None])[0], "output_probability", "probabilities", [0, 1, 2])

# Regressions and others.
sklearn("linear-regression", LinearRegression(), np.stack([width, 2 * width + X[:, 0]], axis=1), "predict", "variable")
sklearn("ridge", Ridge(), width, "predict", "variable")
sklearn("lasso", Lasso(alpha=0.05), width, "predict", "variable")
sklearn("pls", PLSRegression(2), width, "predict", "variable")
sklearn("k-means", KMeans(3, n_init=1, random_state=0), None, "transform", "scores")
sklearn("gaussian-nb", GaussianNB(var_smoothing=0.3), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2])
sklearn("mlp", MLPClassifier((5,), max_iter=2000, random_state=0), names[labels], "predict_proba", "output_probability", "out_activations_result", names)
sklearn("nearest-neighbours", KNeighborsClassifier(3), labels, "predict_proba", "output_probability", "probabilities", [0, 1, 2], smooth=False)

# Trees.
sklearn("random-forest", RandomForestClassifier(3, max_depth=3, random_state=0), names[labels], "predict_proba", "output_probability", "probabilities", names, smooth=False)
sklearn("gradient-boosting", GradientBoostingClassifier(n_estimators=3, random_state=0), labels, "predict_proba", "output_probability", "proba_output", [0, 1, 2], smooth=False)
sklearn("decision-tree", DecisionTreeRegressor(max_depth=3, random_state=0), width, "predict", "variable", smooth=False)
sklearn("isolation-forest", IsolationForest(n_estimators=3, max_samples=8, random_state=0), None, "decision_function", "scores", smooth=False)
for kind, target, classes in [("3", names[labels], names), ("2", two, [-3, 7])]:
    model = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, min_child_samples=3, verbose=-1).fit(X, target)
    made = onnxmltools.convert_lightgbm(model, initial_types=[("x", ToolsFloat([None, 4]))])
    save(f"lightgbm-{kind}", made, lambda x: model.predict_proba(x[None])[0], "probabilities", "lgbmprobabilities", classes, smooth=False)
    model = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(X, np.unique(target, return_inverse=True)[1])
    made = onnxmltools.convert_xgboost(model, initial_types=[("x", ToolsFloat([None, 4]))])
    save(f"xgboost-{kind}", made, lambda x: model.predict_proba(x[None])[0].astype(np.float64), "probabilities", None, range(len(classes)), smooth=False)
model = lightgbm.LGBMRegressor(n_estimators=3, num_leaves=4, min_child_samples=3, verbose=-1).fit(X, width)
save("lightgbm-regression", onnxmltools.convert_lightgbm(model, initial_types=[("x", ToolsFloat([None, 4]))]), lambda x: model.predict(x[None])[0], "variable", smooth=False)
model = xgboost.XGBRegressor(n_estimators=3, max_depth=2).fit(X, width)
save("xgboost-regression", onnxmltools.convert_xgboost(model, initial_types=[("x", ToolsFloat([None, 4]))]), lambda x: np.float64(model.predict(x[None])[0]), "variable", smooth=False)

# Strings and numbers, an input per column.
table = pd.DataFrame({
    "age": [22.0, 38, 26, 35, 35, 54, 2, 27, 14, 4], "fare": [7.25, 71.3, 7.9, 53.1, 8.05, 51.9, 21.1, 11.1, 30.1, 16.7],
    "sex": ["male", "female", "female", "female", "male", "male", "male", "female", "female", "female"], "port": ["S", "C", "S", "Q", "S", "C", "Q", "S", "C", "Q"],
})
survived = [0, 1, 1, 1, 0, 0, 0, 1, 1, 1]
columns = ColumnTransformer([("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "fare"]), ("words", OneHotEncoder(handle_unknown="ignore"), ["sex", "port"])])
model = make_pipeline(columns, LogisticRegression()).fit(table, survived)
made = convert_sklearn(model, initial_types=[(name, FloatTensorType([None, 1]) if name in ("age", "fare") else StringTensorType([None, 1])) for name in table], target_opset=OPSETS)
write("columns", made)
one = {"age": 30.0, "fare": 20.0, "sex": "female", "port": "Q"}
say = lambda **change: model.predict_proba(pd.DataFrame([{**one, **change}]))[0]
slope = {name: ((say(**{name: one[name] + 1e-4}) - say(**{name: one[name] - 1e-4})) / 2e-4).tolist() for name in ("age", "fare")}
index["columns"] = {"sample": one, "values": say().tolist(), "gradient": slope, "without": {"sex": say(sex="").tolist(), "port": say(port="").tolist()}}

model = make_pipeline(OrdinalEncoder(), DecisionTreeClassifier(max_depth=2, random_state=0)).fit(table[["sex", "port"]], survived)
write("words", convert_sklearn(model, initial_types=[("words", StringTensorType([None, 2]))], target_opset=OPSETS))
index["words"] = {"sample": ["male", "C"], "values": model.predict_proba(pd.DataFrame([["male", "C"]], columns=["sex", "port"]))[0].tolist()}

model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good film", "bad film", "very good", "so bad"], [1, 0, 1, 0])
write("tfidf", convert_sklearn(model, initial_types=[("text", StringTensorType([None, 1]))], target_opset=OPSETS))
index["tfidf"] = {"sample": "Very BAD film", "values": model.predict_proba(["Very BAD film"])[0].tolist()}

model = make_pipeline(DictVectorizer(sparse=False), LogisticRegression()).fit([{"a": 1.0, "b": 2.0}, {"a": 3.0}], [0, 1])
write("dictionary", convert_sklearn(model, initial_types=[("words", DictionaryType(StringTensorType([1]), FloatTensorType([1])))], target_opset=OPSETS))

(HERE / "index.json").write_text(json.dumps(index, indent=1) + "\n")
