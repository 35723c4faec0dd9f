"""Small tables as programs write them, and their numbers as pandas reads them; a model with an input per column, and the model of a pipeline.

    python make.py
"""

import io
import json
import pathlib

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent


def main() -> None:
    index = []

    def keep(name: str, data: bytes, recipe: dict[str, object] | None = None, **options: object) -> None:
        (HERE / name).write_bytes(data)
        frame = pd.read_csv(io.BytesIO(data), **options)
        numbers = frame.select_dtypes("number")
        index.append({
            "file": name, "recipe": recipe or {}, "columns": [str(column) for column in numbers.columns],
            "rows": [[None if np.isnan(value) else float(value) for value in row] for row in numbers.to_numpy(float)],
        })

    comma = "age,height,size\n31,1.75,42\n8,1.2,30\n"
    keep("comma.csv", comma.encode())
    keep("utf8-bom-crlf.csv", b"\xef\xbb\xbf" + comma.replace("\n", "\r\n").encode())
    keep("utf16le.csv", b"\xff\xfe" + comma.encode("utf-16-le"), encoding="utf-16")
    keep("utf16be.csv", b"\xfe\xff" + comma.encode("utf-16-be"), encoding="utf-16")
    keep("windows-1252.csv", "größe,gewicht\n1.75,70\n".encode("cp1252"), encoding="cp1252")
    keep("tab.tsv", comma.replace(",", "\t").encode(), sep="\t")
    keep("bar.csv", comma.replace(",", "|").encode(), sep="|")
    keep("semicolon-decimal.csv", b"age;height;size\n31;1,75;42\n8;1,2;30\n", {"decimal": ","}, sep=";", decimal=",")
    keep("semicolon-no-header.csv", b"31;1,75\n8;1,2\n", {"decimal": ","}, sep=";", decimal=",", header=None)
    keep("no-header.csv", b"31,1.75,42\n8,1.2,30\n", header=None)
    keep("years.csv", b"2019,2020\n1,2\n3,4\n", {"header": True})
    keep("quoted.csv", b'"length, in cm","say ""width""",name\r\n"1.5","2","Doe, J"\r\n-3e-2,.5,"two\nlines"\r\n')
    keep("empty-cells.csv", b"a,b,c\n1,,3\n,5,6\n", {"missing": "nan"})
    keep("trailing.csv", b"a,b,\n1,2,\n3,4,\n", {}, usecols=["a", "b"])
    keep("trailing-no-header.csv", b"1,2,\n3,4,\n", {}, usecols=[0, 1], header=None)
    keep("excel.csv", b"sep=;\r\na;b\r\n1;2\r\n", {}, sep=";", skiprows=1)
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in index) + "\n]\n")

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.uniform(5, 80, 40), "shoe size": rng.integers(30, 47, 40), "height": rng.uniform(1, 2, 40)})
    target = frame["age"] * 0.3 + frame["shoe size"] - 20 * frame["height"]
    pipeline = make_pipeline(ColumnTransformer([("scaled", StandardScaler(), ["age", "height"]), ("size", "passthrough", ["shoe size"])]), LinearRegression()).fit(frame, target)
    types = [("age", FloatTensorType([None, 1])), ("shoe size", Int64TensorType([None, 1])), ("height", FloatTensorType([None, 1]))]
    model = to_onnx(pipeline, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3})
    # Names that are no identifiers are often rewritten by those who convert.
    for value in model.graph.input:
        value.name = value.name.replace(" ", "_")
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = name.replace("shoe size", "shoe_size")
    (HERE / "columns.onnx").write_bytes(model.SerializeToString())
    # Another order than the inputs', and a label among them.
    (HERE / "people.csv").write_text("name,height,shoe size,age\nAda,1.75,39,36\nKurt,1.7,43,71\n")
    session = onnxruntime.InferenceSession(HERE / "columns.onnx")
    feeds = {"age": np.float32([[36], [71]]), "shoe_size": np.int64([[39], [43]]), "height": np.float32([[1.75], [1.7]])}
    (HERE / "columns.json").write_text(json.dumps({"variable": session.run(None, feeds)[0].ravel().tolist()}) + "\n")


if __name__ == "__main__":
    main()
