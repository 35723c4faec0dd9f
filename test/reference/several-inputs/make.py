"""Captum's attributions, in float64, of networks with several inputs, and those networks as PyTorch's TorchScript exporter writes them.

    python make.py

- two: a picture and a row. mixed: three categories, each with a table of its own, and a row. text: tokens and a row.
- Categories and tokens are explained by the vectors that are looked up for them; of categories reference.json holds the sum over each vector, the
  baseline being category 0 unless it says otherwise, of tokens the vectors, the baseline being zero.

Writes *.onnx, *.npz (inputs, baselines) and reference.json.
"""

from __future__ import annotations

import json
import pathlib
import warnings

import numpy as np
import onnx
import torch
from captum.attr import (LRP, DeepLift, FeatureAblation, GradientShap, GuidedBackprop, InputXGradient, IntegratedGradients, LayerIntegratedGradients,
                         Occlusion, Saliency)
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn

HERE = pathlib.Path(__file__).parent
TARGET = 1
#: Random draws behind the mean of GradientShap.
DRAWS = 2_000
warnings.filterwarnings("ignore")
torch.set_num_threads(1)


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu1 = nn.Conv2d(2, 3, 3), nn.ReLU()
        self.row, self.relu2 = nn.Linear(5, 4), nn.ReLU()
        self.both, self.relu3, self.out = nn.Linear(3 * 4 * 4 + 4, 8), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, picture, row):
        seen = self.relu1(self.conv(picture)).flatten(1)
        read = self.relu2(self.row(row))
        return self.out(self.relu3(self.both(torch.cat([seen, read], 1))))


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.e = nn.ModuleList([nn.Embedding(5, 3), nn.Embedding(4, 2), nn.Embedding(7, 4)])
        self.norm = nn.BatchNorm1d(3)
        self.l1, self.relu, self.l2 = nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 4)

    def forward(self, x_cat, x_cont):
        return self.vectors(x_cont, *[table(x_cat[:, i]) for i, table in enumerate(self.e)])

    def vectors(self, x_cont, *tables):
        return self.l2(self.relu(self.l1(torch.cat([*tables, self.norm(x_cont)], 1))))


class Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 4)
        self.l1, self.relu1 = nn.Linear(4, 6), nn.ReLU()
        self.l2, self.relu2, self.l3 = nn.Linear(6 + 3, 8), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, ids, row):
        return self.vectors(row, self.words(ids))

    def vectors(self, row, words):
        return self.l3(self.relu2(self.l2(torch.cat([self.relu1(self.l1(words)).mean(1), row], 1))))


class FromVectors(nn.Module):
    """The same with the looked up vectors as inputs."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return self.model.vectors(*inputs)


def made(kind):
    torch.manual_seed({Two: 4, Mixed: 2, Text: 3}[kind])
    model = kind().double().eval()
    with torch.no_grad():
        for norm in [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]:
            norm.running_mean.copy_(torch.tensor([0.3, -0.2, 0.1]))
            norm.running_var.copy_(torch.tensor([1.5, 0.7, 2.0]))
    return model


def export(name: str, model, inputs: dict, open_axes=True) -> None:
    path = HERE / f"{name}.onnx"
    copy = type(model)()
    copy.load_state_dict({k: v.float() if v.dtype == torch.float64 else v for k, v in model.state_dict().items()})
    args = tuple(v.float() if v.dtype == torch.float64 else v for v in inputs.values())
    torch.onnx.export(copy.eval(), args, path, dynamo=False, opset_version=17, input_names=list(inputs), output_names=["y"],
                      dynamic_axes={key: {0: "N"} for key in [*inputs, "y"]})
    exported = onnx.load(path)
    for part in [*exported.graph.node, exported.graph]:
        part.doc_string = ""
    onnx.save(exported, path)
    np.savez(HERE / f"{name}.npz", **{k: v.float().numpy() if v.dtype == torch.float64 else v.numpy() for k, v in inputs.items()})


def flat(values: torch.Tensor) -> list:
    return [float(f"{v:.9g}") for v in values.detach().reshape(-1).tolist()]


def methods(model, inputs: tuple, baselines: tuple, names, fold) -> list:
    """Each method on all inputs at once. `fold`: Captum's tuple -> what is compared, by input."""
    cases = []

    def keep(technique, values, params=None, **more):
        cases.append({"technique": technique, "params": params or {}, "inputs": {k: flat(v) for k, v in fold(values, technique).items()}, **more})

    keep("saliency", Saliency(model).attribute(inputs, target=TARGET, abs=False), {"absolute": "false"})
    keep("input-x-gradient", InputXGradient(model).attribute(inputs, target=TARGET))
    for rule in ["gausslegendre", "riemann_trapezoid"]:
        keep("integrated-gradients", IntegratedGradients(model).attribute(inputs, baselines=baselines, target=TARGET, n_steps=50, method=rule), {"rule": rule})
    keep("deeplift", DeepLift(model).attribute(inputs, baselines=baselines, target=TARGET))
    keep("guided-backprop", GuidedBackprop(model).attribute(inputs, target=TARGET))
    torch.manual_seed(0)
    repeated = tuple(b.expand(1, *b.shape[1:]) for b in baselines)
    draws = [fold(GradientShap(model).attribute(inputs, baselines=repeated, target=TARGET, n_samples=1, stdevs=0.0), "expected-gradients") for _ in range(DRAWS)]
    means = {k: torch.stack([d[k] for d in draws]) for k in draws[0]}
    cases.append({"technique": "expected-gradients", "params": {}, "inputs": {k: flat(v.mean(0)) for k, v in means.items()},
                  "deviation": {k: flat(v.std(0)) for k, v in means.items()}, "draws": len(draws)})
    return cases


def lrp(model, inputs, fold) -> dict:
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.Embedding)):
            module.rule = EpsilonRule()  # Captum has no default for it
    return {"technique": "lrp", "params": {"epsilon": 1e-9}, "inputs": {k: flat(v) for k, v in fold(LRP(model).attribute(inputs, target=TARGET), "lrp").items()}}


def two() -> list:
    model = made(Two)
    torch.manual_seed(11)
    inputs = {"picture": torch.randn(1, 2, 6, 6).double(), "row": torch.randn(1, 5).double()}
    base = {"picture": torch.full((1, 2, 6, 6), 0.25).double(), "row": torch.linspace(-0.5, 0.5, 5)[None].double()}
    export("two", model, inputs)
    np.savez(HERE / "two-base.npz", **{k: v.float().numpy() for k, v in base.items()})
    x = tuple(inputs.values())
    fold = lambda values, _: dict(zip(inputs, values))
    cases = methods(model, x, tuple(torch.zeros_like(v) for v in x), inputs, fold)
    cases += [{**case, "baseline": "two-base.npz"} for case in methods(model, x, tuple(base.values()), inputs, fold) if case["technique"] in ("integrated-gradients", "deeplift")]
    cases.append({"technique": "integrated-gradients", "params": {"baseline": "0.5"}, "inputs": {k: flat(v) for k, v in fold(
        IntegratedGradients(model).attribute(x, baselines=(0.5, 0.5), target=TARGET, n_steps=50), "").items()}})
    cases.append(lrp(model, x, fold))
    cells = torch.arange(9).reshape(3, 3).repeat_interleave(2, 0).repeat_interleave(2, 1)[None, None]
    for params, baselines in [({}, (0, 0)), ({"baseline": "two-base.npz"}, tuple(base.values()))]:
        values = FeatureAblation(model).attribute(x, baselines=baselines, target=TARGET, feature_mask=(cells, torch.arange(9, 14)[None]))
        cases.append({"technique": "feature-ablation", "params": {"grid": 2, **params}, "inputs": {k: flat(v) for k, v in fold(values, "").items()}})
    values = Occlusion(model).attribute(x, target=TARGET, sliding_window_shapes=((2, 3, 3), (2,)), strides=((2, 2, 2), (1,)))
    cases.append({"technique": "occlusion", "params": {"window": "2,3,3", "stride": "2,2,2"}, "only": True, "inputs": {k: flat(v) for k, v in fold(values, "").items()}})
    return [{"network": "two", **case} for case in cases]


def mixed() -> list:
    model = made(Mixed)
    inputs = {"x_cat": torch.tensor([[3, 0, 6]]), "x_cont": torch.tensor([[0.5, -1.2, 3.0]]).double()}
    base = {"x_cat": torch.tensor([[1, 2, 3]]), "x_cont": torch.tensor([[0.1, 0.2, -0.3]]).double()}
    export("mixed", model, inputs)
    np.savez(HERE / "mixed-base.npz", **{k: v.float().numpy() if v.dtype == torch.float64 else v.numpy() for k, v in base.items()})
    vectors = lambda cats: tuple(table(cats[:, i]).detach() for i, table in enumerate(model.e))
    from_vectors = FromVectors(model)

    def fold(values, technique):
        cont, *tables = values
        # Without a sign the length of a vector, else its sum.
        return {"x_cat": torch.stack([t.sum(1) for t in tables], 1), "x_cont": cont}

    x = (inputs["x_cont"], *vectors(inputs["x_cat"]))
    zero = (torch.zeros(1, 3).double(), *vectors(torch.zeros(1, 3).long()))
    cases = methods(from_vectors, x, zero, inputs, fold)
    given = (base["x_cont"], *vectors(base["x_cat"]))
    cases += [{**case, "params": {**case["params"], "baseline": "mixed-base.npz"}} for case in methods(from_vectors, x, given, inputs, fold) if case["technique"] in ("integrated-gradients", "deeplift")]
    # Captum has no rule for BatchNorm1d, ours is zennit's: what does not go through it is compared.
    cases.append({**lrp(from_vectors, x, fold), "only": True})
    for params, baselines in [({}, (0, 0)), ({"baseline": "mixed-base.npz"}, tuple(base.values()))]:
        values = FeatureAblation(model).attribute(tuple(inputs.values()), baselines=baselines, target=TARGET)
        cases.append({"technique": "feature-ablation", "params": params, "inputs": {k: flat(v) for k, v in zip(inputs, values)}})
    for which, baselines in [("", (torch.zeros(1, 3).long(), torch.zeros(1, 3).double())), ("mixed-base.npz", tuple(base.values()))]:
        for i in range(3):
            values = LayerIntegratedGradients(model, model.e[i]).attribute(tuple(inputs.values()), baselines=baselines, target=TARGET, n_steps=50)
            cases.append({"technique": "layer-integrated-gradients", "layer": f"/e.{i}/Gather_output_0", "params": {"baseline": which} if which else {}, "raw": flat(values)})
    # Several rows at once.
    rows = {"x_cat": torch.tensor([[3, 0, 6], [1, 3, 2], [4, 1, 0]]), "x_cont": torch.tensor([[0.5, -1.2, 3.0], [1.0, 0.3, -0.7], [-0.4, 2.0, 0.2]]).double()}
    np.savez(HERE / "mixed-rows.npz", **{k: v.float().numpy() if v.dtype == torch.float64 else v.numpy() for k, v in rows.items()})
    many = (rows["x_cont"], *vectors(rows["x_cat"]))
    values = IntegratedGradients(from_vectors).attribute(many, baselines=(torch.zeros(3, 3).double(), *vectors(torch.zeros(3, 3).long())), target=TARGET, n_steps=50)
    cases.append({"technique": "integrated-gradients", "file": "mixed-rows.npz", "params": {}, "inputs": {k: flat(v) for k, v in fold(values, "").items()}})
    values = FeatureAblation(model).attribute(tuple(rows.values()), target=TARGET)
    cases.append({"technique": "feature-ablation", "file": "mixed-rows.npz", "params": {}, "inputs": {k: flat(v) for k, v in zip(rows, values)}})
    return [{"network": "mixed", **case} for case in cases]


def text() -> list:
    model = made(Text)
    inputs = {"ids": torch.tensor([[2, 5, 5, 0, 7, 8]]), "row": torch.tensor([[0.4, -0.8, 1.1]]).double()}
    export("text", model, inputs)
    from_vectors = FromVectors(model)
    fold = lambda values, _: {"ids": values[1], "row": values[0]}
    x = (inputs["row"], model.words(inputs["ids"]).detach())
    cases = methods(from_vectors, x, tuple(torch.zeros_like(v) for v in x), inputs, fold)
    tokens = torch.arange(3, 9)[None, :, None].expand(1, 6, 4)
    values = FeatureAblation(from_vectors).attribute(x, target=TARGET, feature_mask=(torch.arange(3)[None], tokens))
    cases.append({"technique": "feature-ablation", "params": {}, "inputs": {k: flat(v) for k, v in fold(values, "").items()}})
    # Another token in place of each one.
    values = FeatureAblation(model).attribute(tuple(inputs.values()), baselines=(4, 0), target=TARGET)
    cases.append({"technique": "feature-ablation", "params": {"baseline": "token:4"}, "explain": ["ids"], "inputs": {"ids": flat(values[0][..., None].expand(1, 6, 4))}})
    values = LayerIntegratedGradients(model, model.words).attribute(tuple(inputs.values()), baselines=(torch.full((1, 6), 4), torch.zeros(1, 3).double()), target=TARGET, n_steps=50)
    cases.append({"technique": "layer-integrated-gradients", "layer": "/words/Gather_output_0", "params": {"baseline": "token:4"}, "explain": ["ids"], "raw": flat(values)})
    return [{"network": "text", **case} for case in cases]


def main() -> None:
    cases = two() + mixed() + text()
    (HERE / "reference.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(len(cases), "cases")


main()
