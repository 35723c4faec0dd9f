"""What a sample consists of on disk: the model, its recipe, its inputs, and its entry in reference.json."""

from __future__ import annotations

import json
import pathlib
import warnings

import numpy as np
import onnx
import torch
from PIL import Image

from training import in_double

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent.parent
#: What ships with the extension, and what only we look at.
SHIPPED, WINDOW = ROOT / "samples", ROOT / "test" / "models" / "window"
#: At most so many of an array's numbers are kept.
KEPT = 120
warnings.filterwarnings("ignore")


class Sample:
    """A folder's model. `shipped`: in samples/ rather than in test/models/window/."""

    def __init__(self, name: str, folder: str | None = None, shipped=False) -> None:
        self.name = name
        self.folder = (SHIPPED if shipped else WINDOW) / (folder or name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = self.folder / f"{name}.onnx"
        self.entry: dict = {"name": name, "model": self.model.relative_to(ROOT).as_posix()}

    def export(self, model, inputs: dict, outputs: list[str], fixed=False, metadata: dict | None = None) -> None:
        """Writes the model as PyTorch's TorchScript exporter does, with an open batch axis unless `fixed`."""
        axes = None if fixed else {name: {0: "N"} for name in [*inputs, *outputs]}
        torch.onnx.export(model.eval(), tuple(inputs.values()), self.model, dynamo=False, opset_version=17, input_names=list(inputs),
                          output_names=outputs, dynamic_axes=axes)
        self.tidy(onnx.load(self.model), metadata)

    def tidy(self, model, metadata: dict | None = None) -> None:
        for part in [*model.graph.node, model.graph]:
            part.doc_string = ""
        for key, value in (metadata or {}).items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        onnx.checker.check_model(model)
        onnx.save(model, self.model)

    def recipe(self, inputs: dict, **more) -> None:
        text = json.dumps({"version": 1, "inputs": inputs, **more}, indent=2)
        (self.folder / f"{self.name}.loupe.json").write_text(text + "\n")

    def picture(self, file: str, pixels: np.ndarray) -> None:
        Image.fromarray(pixels).save(self.folder / file, optimize=True)

    def array(self, file: str, values: np.ndarray) -> None:
        np.save(self.folder / file, values)

    def refer(self, file: str | dict, model, inputs: dict, outputs: list[str], score=None, **more) -> None:
        """Keeps, for an input file (or a file for each input), the outputs in float64 and the gradient of one of their elements by each
        float input. `score`: {"output", "index"} with the index behind the batch axis, as `--target` takes it, or a list of them to choose
        from; `of` turns the outputs into what the score is an element of (logits)."""
        double = in_double(model)
        results = double(*[value.double() if value.is_floating_point() else value for value in inputs.values()])
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        case = {"input": file, "outputs": {name: kept(value) for name, value in zip(outputs, results)}, **more}
        if score:
            names = [name for name, value in inputs.items() if value.is_floating_point()]
            index, gradients = first_stable(model, inputs, lambda *results: score["of"](*results) if "of" in score else
                                            results[outputs.index(score["output"])], score["index"])
            case["gradient"] = {"output": score["output"], "target": ",".join(map(str, index)),
                                "by": {name: kept(value) for name, value in zip(names, gradients)}}
        self.entry.setdefault("cases", []).append(case)


def first_stable(model, inputs: dict, scores, indices) -> tuple[tuple, list]:
    """The first index (of one or several) whose gradient float32 gives as float64 does: no ReLU near its edge goes the other way."""
    for index in indices if isinstance(indices, list) else [indices]:
        found = [gradients_of(part, inputs, scores, index, kind) for part, kind in ((in_double(model), torch.float64), (model.float(), torch.float32))]
        if all((one - other).abs().max() < 2e-5 * one.abs().max() for one, other in zip(*found)):
            return index, found[0]
    raise ValueError(f"float32 rounding changes the gradient of {indices}: take another input or target.")


def gradients_of(model, inputs: dict, scores, index: tuple, kind) -> list:
    fed = [value.detach().to(kind).requires_grad_() if value.is_floating_point() else value for value in inputs.values()]
    results = model.eval()(*fed)
    result = scores(*results) if isinstance(results, (tuple, list)) else scores(results)
    return list(torch.autograd.grad(result[(0, *index)], [value for value in fed if value.is_floating_point()]))


def kept(values: torch.Tensor) -> dict:
    """An array's shape, its largest magnitude, and every so-many-th of its numbers."""
    flat = values.detach().reshape(-1)
    # A prime that does not divide the sides, so that what is kept is of all rows and columns.
    every = next(step for step in (1, 7, 17, 37, 101, 211, 401, 1009, 2003) if len(flat) <= KEPT * step)
    return {"dims": list(values.shape), "largest": number(flat.abs().max()) if len(flat) else 0, "every": every,
            "values": [number(value) for value in flat[::every]]}


def number(value) -> float:
    return float(f"{float(value):.9g}")


def write(samples: list[Sample], replace: bool) -> None:
    """reference.json: of all samples, or with those of the samples put in the place of what was there."""
    path = HERE / "reference.json"
    entries = {} if replace or not path.exists() else {entry["name"]: entry for entry in json.loads(path.read_text())}
    entries.update({sample.entry["name"]: sample.entry for sample in samples})
    path.write_text("[\n" + ",\n".join(json.dumps(entries[name]) for name in sorted(entries)) + "\n]\n")
