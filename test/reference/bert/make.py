"""Captum's attributions, in float64, of the word vectors of the small BERT-like network in bert.py, and that network as both exporters write it.

    python make.py

Writes bert-*.onnx, ids.npy, mask.npy, .npy references (float32) and index.json.
"""

from __future__ import annotations

import json
import pathlib
import warnings

import numpy as np
import onnx
import torch
from captum.attr import FeatureAblation, GradientShap, InputXGradient, IntegratedGradients, Occlusion, Saliency

from bert import FromVectors, make

HERE = pathlib.Path(__file__).parent
TARGET = 1
#: Draws behind the mean and the deviation of a random method.
DRAWS = 2_000
warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def export() -> None:
    model, ids, mask = make(double=False)
    names = {"input_names": ["input_ids", "attention_mask"], "output_names": ["logits"]}
    axes = {"input_ids": {0: "N"}, "attention_mask": {0: "N"}}
    torch.onnx.export(model, (ids, mask), HERE / "bert-torchscript.onnx", dynamo=False, opset_version=17, dynamic_axes=axes, **names)
    batch = torch.export.Dim("N", min=1, max=64)
    torch.onnx.export(model, (ids.repeat(2, 1), mask.repeat(2, 1)), HERE / "bert-dynamo.onnx", dynamo=True, opset_version=18, external_data=False,
                      dynamic_shapes=({0: batch}, {0: batch}), **names)
    for path in HERE.glob("bert-*.onnx"):
        without_traces(path)


def without_traces(path: pathlib.Path) -> None:
    """Takes out what says where the exporting program lies."""
    exported = onnx.load(path)
    for part in [*exported.graph.node, *exported.graph.value_info, *exported.graph.input, *exported.graph.output, exported.graph]:
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(exported, path)


def main() -> None:
    export()
    bert, ids, mask = make()
    model = FromVectors(bert, mask)
    x = bert.words(ids).detach()
    cases = []

    def keep(technique: str, values: torch.Tensor, params: dict, suffix: str = "", **more) -> None:
        array = values.detach().numpy()
        assert array.shape == tuple(x.shape) and np.isfinite(array).all() and np.abs(array).max() > 0
        file = f"bert.{technique}{suffix}.npy"
        np.save(HERE / file, array.astype(np.float32))
        cases.append({"network": "bert", "exporter": "torchscript" if len(cases) % 2 else "dynamo", "technique": technique, "target": TARGET, "params": params, "file": file, **more})

    keep("saliency", Saliency(model).attribute(x, target=TARGET), {})
    keep("input-x-gradient", InputXGradient(model).attribute(x, target=TARGET), {})
    for rule, steps in [("gausslegendre", 50), ("riemann_trapezoid", 30)]:
        keep("integrated-gradients", IntegratedGradients(model).attribute(x, target=TARGET, method=rule, n_steps=steps), {"rule": rule, "steps": steps}, f".{rule}")
    keep("occlusion", Occlusion(model).attribute(x, sliding_window_shapes=(2, 32), strides=(1, 32), target=TARGET), {"window": "2,32", "stride": "1,32"})
    tokens = torch.arange(12).reshape(1, 12, 1).expand_as(x).contiguous()
    keep("feature-ablation", FeatureAblation(model).attribute(x, feature_mask=tokens, target=TARGET), {"grid": 1})
    # Each row of a batch is one draw of Captum's, with its own coefficient.
    torch.manual_seed(0)
    np.random.seed(0)
    drawn = GradientShap(model).attribute(x.expand(DRAWS, -1, -1).contiguous(), torch.zeros_like(x), n_samples=1, stdevs=0.0, target=TARGET).detach()
    np.save(HERE / "bert.expected-gradients.deviation.npy", drawn.std(0, keepdim=True).numpy().astype(np.float32))
    keep("expected-gradients", drawn.mean(0, keepdim=True), {"baseline": "0"}, draws=DRAWS, deviation="bert.expected-gradients.deviation.npy")
    np.save(HERE / "ids.npy", ids.numpy())
    np.save(HERE / "mask.npy", mask.numpy())
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(bert(ids, mask))


if __name__ == "__main__":
    main()
