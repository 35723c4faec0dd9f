"""Classifiers of scikit-learn that have decision values and no probabilities: each model as skl2onnx writes it, its decision_function and its label for one row.

python make.py   (scikit-learn, skl2onnx)
"""
import json
import warnings

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, PassiveAggressiveClassifier, Perceptron, SGDClassifier
from sklearn.multiclass import OneVsOneClassifier
from sklearn.svm import SVC, LinearSVC, NuSVC
from skl2onnx import to_onnx

warnings.filterwarnings("ignore")
X, y = load_iris(return_X_y=True)
X = X.astype(np.float32)
names = np.array(["setosa", "versicolor", "virginica"])
row = X[71:72]
two = y < 2

MODELS = {
    "one-vs-one": (OneVsOneClassifier(LogisticRegression()), X, y, {}),
    "one-vs-one-svc": (OneVsOneClassifier(LinearSVC(random_state=0)), X, y, {}),
    "perceptron": (Perceptron(random_state=0), X, names[y], {}),
    "perceptron-numbers": (Perceptron(random_state=0), X, y, {"zipmap": False}),
    "passive-aggressive": (PassiveAggressiveClassifier(random_state=0), X, names[y], {}),
    "sgd-hinge": (SGDClassifier(random_state=0), X, y, {"raw_scores": True}),
    "perceptron-2": (Perceptron(random_state=0), X[two], names[y[two]], {}),
    "svc-2": (SVC(random_state=0), X[two], names[y[two]], {}),
    "nu-svc-2": (NuSVC(random_state=0), X[two], y[two], {"zipmap": False}),
}

found = []
for name, (model, x, labels, options) in MODELS.items():
    model.fit(x, labels)
    try:
        onnx = to_onnx(model, x[:1], target_opset=18, **({"options": {id(model): options}} if options else {}))
    except Exception as error:
        print(name, type(error).__name__, str(error)[:200])
        continue
    with open(f"{name}.onnx", "wb") as file:
        file.write(onnx.SerializeToString())
    found.append({"name": name, "classes": [str(one) for one in model.classes_], "values": np.ravel(model.decision_function(row)).tolist(), "label": str(model.predict(row)[0])})
with open("index.json", "w") as file:
    json.dump({"row": row[0].tolist(), "models": found}, file, indent=1)
    file.write("\n")
