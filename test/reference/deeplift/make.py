"""Captum's DeepLift, DeepLiftShap and LayerDeepLift (of a layer's output), in float64.

    python make.py

Of networks in ../architectures, of EfficientNet-Lite0 on the cat (../efficientnet-cat), and of a small network of every activation that
Captum knows (known.json, weights included). Captum's DeepLift is adjusted where it does not run or does not follow the paper:

- it knows nn.ReLU and not nn.ReLU6, which would keep its gradient: both are given the rescale rule;
- it refuses a module that is called twice ("A Module ReLU() was detected that does not contain some of the input/output attributes
  that are required for DeepLift computations"): each call gets a module of its own;
- of windows of MaxPool that overlap it keeps one contribution (max_unpool writes over the others): here they add up;
- its hooks on a tensor that leaves one known module and enters another (ReLU, then MaxPool) run in the wrong order, so that the
  second's rule is lost: here MaxPool gets a copy of its input.

What was adjusted is said with each case ("adjusted"), and what Captum gives as it is: its exception, or by how much it differs from the
adjusted numbers and misses the sum. Where a network has operators that Captum has no rule for, it takes their gradient:
such cases say so ("deviates"), with by how much the attributions then miss what they should sum to ("delta", of "difference"), and have besides
Captum's numbers those of the rules that ours are (paired.py, without Captum): "rules".
"""

from __future__ import annotations

import copy
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
from captum.attr import DeepLift, DeepLiftShap, LayerDeepLift
from captum.attr._core import deep_lift
from paired import BertAttention, contributions, paired
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))
sys.path.insert(1, str(HERE.parent / "bert"))

from bert import HEADS, Attention, FromVectors, make as bert_network  # noqa: E402
from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402

SAMPLED, STRIDE = 20_000, 7
EXPORTER = {"vgg": "dynamo", "resnet18": "torchscript", "mobilenet-v2-small": "dynamo", "cnn-1d": "torchscript", "vision-transformer": "dynamo", "mlp": "dynamo"}
UNKNOWN = {Attention: "attention (its Softmax and products)", nn.GELU: "GELU", nn.LayerNorm: "LayerNorm", nn.GroupNorm: "GroupNorm", nn.MultiheadAttention: "attention (its Softmax and products)"}

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def added_maxpool(module, inputs, outputs, grad_input, grad_output, eps=1e-10):
    """deep_lift.maxpool, with scatter_add in the place of max_unpool."""
    pool = {nn.MaxPool1d: F.max_pool1d, nn.MaxPool2d: F.max_pool2d, nn.MaxPool3d: F.max_pool3d}[type(module)]
    x, x0 = inputs.chunk(2)
    y, y0 = outputs.chunk(2)
    top = torch.max(y, y0)
    _, indices = pool(module.input, module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode, True)
    delta = grad_output * torch.cat([top - y0, y - top])
    flat = torch.zeros_like(module.input).flatten(2)
    placed = flat.scatter_add(2, indices.flatten(2), delta.flatten(2)).view_as(module.input)
    up, down = placed.chunk(2)
    dx = torch.cat(2 * [x - x0])
    return torch.where(dx.abs() < eps, grad_input, torch.cat(2 * [up + down]) / dx)


KNOWN = dict(deep_lift.SUPPORTED_NON_LINEAR)
ADJUSTED = {**KNOWN, nn.ReLU6: deep_lift.nonlinear, nn.MaxPool1d: added_maxpool, nn.MaxPool2d: added_maxpool}


class PerCall(nn.Module):
    """A module of its own for each call within a run."""

    def __init__(self, module: nn.Module, calls: int):
        super().__init__()
        self.each = nn.ModuleList(copy.deepcopy(module) for _ in range(calls))
        self.turn = 0

    def forward(self, x):
        module = self.each[self.turn]
        self.turn = (self.turn + 1) % len(self.each)
        return module(x)


class Copied(nn.Module):
    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x.clone())


def adjusted(model: nn.Module, x: torch.Tensor) -> tuple[nn.Module, list[str]]:
    """A copy that Captum takes, and what it needed."""
    model = copy.deepcopy(model)
    calls: dict[nn.Module, int] = {}
    hooks = [m.register_forward_hook(lambda m, _i, _o: calls.__setitem__(m, calls.get(m, 0) + 1)) for m in model.modules() if type(m) in ADJUSTED]
    model(x)
    for hook in hooks:
        hook.remove()
    notes = []
    if any(isinstance(m, nn.ReLU6) for m in calls):
        notes.append("ReLU6 given the rescale rule")
    if any(n > 1 for n in calls.values()):
        notes.append("a module of its own for each call")
    if any(isinstance(m, (nn.MaxPool1d, nn.MaxPool2d)) and m.kernel_size != m.stride for m in calls):
        notes.append("contributions of overlapping MaxPool windows added")
    if any(isinstance(m, (nn.MaxPool1d, nn.MaxPool2d)) for m in calls):
        notes.append("MaxPool given a copy of its input")
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if calls.get(child, 0) > 1:
                setattr(parent, name, PerCall(child, calls[child]))
            elif isinstance(child, (nn.MaxPool1d, nn.MaxPool2d)):
                setattr(parent, name, Copied(child))
    return model, notes


class Reference:
    def __init__(self, name: str, model: nn.Module, x: torch.Tensor, target: int, exporter: str | None, values: dict[str, str]):
        self.name, self.x, self.target, self.exporter, self.values = name, x.double(), target, exporter, values
        plain = model.double().eval()
        self.plain = copy.deepcopy(plain)
        self.model, self.notes = adjusted(plain, self.x)
        self.gradient = self.plain_gradient(plain)
        self.unknown = sorted({UNKNOWN[type(m)] for m in plain.modules() if type(m) in UNKNOWN})
        self.paired = paired(self.plain, {Attention: lambda m: BertAttention(m, HEADS)}) if self.unknown else None
        self.cases: list[dict] = []

    def rules(self, baselines: list[float], module: str | None) -> np.ndarray:
        """The mean over baselines, by paired.py, which sums up."""
        layer = None if module is None else self.paired.get_submodule(module)
        found = [contributions(self.paired, self.x.detach(), torch.full_like(self.x, b), self.target, layer) for b in baselines]
        if max(abs(miss) for _, miss in found) > 1e-9:
            raise AssertionError(f"{self.name}: misses by {[miss for _, miss in found]}")
        return torch.stack([values for values, _ in found]).mean(0).numpy()

    def plain_gradient(self, model) -> np.ndarray:
        x = self.x.clone().requires_grad_(True)
        return torch.autograd.grad(model(x)[0, self.target], x)[0].numpy()

    def difference(self, baselines: list[float]) -> float:
        with torch.no_grad():
            return float(np.mean([self.model(self.x)[0, self.target] - self.model(torch.full_like(self.x, b))[0, self.target] for b in baselines]))

    def keep(self, technique: str, values: torch.Tensor, baselines: list[float], suffix: str, moved: float, as_it_is: str, **more):
        array = values.detach().numpy()
        if not np.isfinite(array).all() or np.abs(array).max() == 0:
            raise AssertionError(f"{self.name} {technique}: degenerate")
        if array.shape == self.gradient.shape and len(baselines) == 1 and not self.unknown:
            by = self.gradient * (self.x.numpy() - baselines[0])
            if np.abs(array - by).max() < 1e-2 * np.abs(array).max():
                raise AssertionError(f"{self.name} {technique}: equals the gradient times the difference")
        difference = self.difference(baselines)
        delta = float(array.sum()) - difference
        case = {"network": self.name, **({"exporter": self.exporter} if self.exporter else {}), "technique": technique, "target": self.target,
                "params": {"baseline": ", ".join(f"{b:g}" for b in baselines)}, **more, "shape": list(array.shape),
                "difference": difference, "delta": delta, "moved": moved}
        if self.notes:
            case["adjusted"] = "; ".join(self.notes)
            case["asItIs"] = as_it_is
        if self.unknown:
            case["deviates"] = f"Captum has no rule for {', '.join(self.unknown)} and takes the gradient: its attributions miss the score's difference, {difference:.4g}, by {delta:.4g}"
            case["rules"] = f"{self.name}.{technique}{suffix}.rules.npy"
            ours = self.rules(baselines, more.get("module"))
            assert ours.shape == array.shape and np.abs(ours - array).max() > 0.01 * np.abs(ours).max()
            np.save(HERE / case["rules"], ours.astype(np.float32))
        elif abs(delta) > 1e-6 * max(1, abs(difference)):
            raise AssertionError(f"{self.name} {technique}: misses by {delta} of {difference}")
        file = f"{self.name}.{technique}{suffix}.npy"
        flat = array.astype(np.float32)
        if flat.size > SAMPLED:
            case.update(file=file, stride=STRIDE, largest=float(np.abs(array).max()))
            flat = flat.reshape(-1)[::STRIDE]
        case["file"] = file
        np.save(HERE / file, flat)
        self.cases.append(case)
        print(f"{self.name} {technique}{suffix}: largest {np.abs(array).max():.3g}, difference {difference:.4g}, delta {delta:.2g}, moved by float32 {moved:.1e}", flush=True)

    def run(self, explain, *args, **more) -> tuple[torch.Tensor, float, str]:
        """The float64 result, by how much Captum's own float32 differs from it (of the largest value), and what Captum gives as it is."""
        values = explain(self.model)(self.x, *args, target=self.target, **more)
        single = explain(copy.deepcopy(self.model).float())(self.x.float(), *(a.float() if torch.is_tensor(a) else a for a in args), target=self.target, **more)
        deep_lift.SUPPORTED_NON_LINEAR.clear()
        deep_lift.SUPPORTED_NON_LINEAR.update(KNOWN)
        try:
            plain = explain(copy.deepcopy(self.plain))(self.x, *args, target=self.target, **more)
            as_it_is = f"differs by {float((plain - values).abs().max() / values.abs().max()):.2g} of the largest value; its sum is {float(plain.sum()):.5g}"
        except (RuntimeError, AssertionError) as error:
            as_it_is = f"{type(error).__name__}: {error}"
            self.x = self.x.detach()
        deep_lift.SUPPORTED_NON_LINEAR.update(ADJUSTED)
        return values, float((values - single).abs().max() / values.abs().max()), as_it_is

    def deeplift(self, baseline: float = 0.0, suffix: str = ""):
        values, moved, as_it_is = self.run(lambda m: DeepLift(m).attribute, baseline)
        self.keep("deeplift", values, [baseline], suffix, moved, as_it_is)

    def shap(self, baselines: list[float]):
        values, moved, as_it_is = self.run(lambda m: DeepLiftShap(m).attribute, torch.stack([torch.full_like(self.x[0], b) for b in baselines]))
        self.keep("deeplift-shap", values, baselines, "", moved, as_it_is)

    def layer(self, module: str, baseline: float = 0.0):
        values, moved, as_it_is = self.run(lambda m: LayerDeepLift(m, m.get_submodule(module)).attribute, baseline, attribute_to_layer_input=False)
        self.keep("layer-deeplift", values, [baseline], f".{module}", moved, as_it_is, layer=self.values[module], module=module)


def architecture(name: str) -> Reference:
    network = next(n for n in NETWORKS if n.name == name)
    stored = json.loads((HERE.parent / "architectures" / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = network.make().eval()
    seeded(model, network)
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    spec = stored["input"]
    x = torch.from_numpy(Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"]))
    export = next(one for one in stored["exports"] if one["exporter"] == EXPORTER[name])
    return Reference(name, model, x, stored["target"], EXPORTER[name], export["values"])


def cat() -> Reference:
    sys.path.insert(0, str(HERE.parent / "efficientnet-cat"))
    import importlib.util
    spec = importlib.util.spec_from_file_location("cat", HERE.parent / "efficientnet-cat" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.network()
    x = torch.from_numpy(np.load(HERE.parent / "efficientnet-cat" / "input.npy"))
    return Reference("efficientnet-lite0", model, x, 285, None, {"_blocks.5._bn2": "/_blocks.5/_project_conv/Conv_output_0"})


def bert() -> Reference:
    model, ids, mask = bert_network()
    reference = Reference("bert", FromVectors(model, mask), model.words(ids).detach(), 1, "dynamo", {})
    return reference


def known() -> None:
    """A dense network of every activation that Captum knows, with its own Softmax explained, and its logits."""
    torch.manual_seed(3)
    sizes, activations = [6, 7, 7, 7, 7, 7, 5], [nn.ReLU(), nn.ELU(0.7), nn.LeakyReLU(0.2), nn.Sigmoid(), nn.Softplus(), nn.Tanh()]
    layers = [nn.Linear(a, b) for a, b in zip(sizes, [*sizes[1:], 4])]
    model = nn.Sequential(*[m for pair in zip(layers, activations) for m in pair], layers[len(activations)] if len(layers) > len(activations) else nn.Linear(4, 4))
    for parameter in model.parameters():
        parameter.data = torch.round(parameter.data * 64) / 32
    model.double()
    x = torch.tensor([[0.5, -1.0, 2.0, 0.25, -0.75, 1.5]]).double()
    logits = DeepLift(model).attribute(x, 0.25, target=1).detach()
    softmax = DeepLift(nn.Sequential(*model, nn.Softmax(1))).attribute(x, 0.25, target=1).detach()
    weights = [{"weight": m.weight.T.tolist(), "bias": m.bias.tolist()} for m in model if isinstance(m, nn.Linear)]
    kept = {"input": x[0].tolist(), "baseline": 0.25, "target": 1, "layers": weights, "activations": [type(m).__name__ for m in activations],
            "logit": logits[0].tolist(), "output": softmax[0].tolist()}
    (HERE / "known.json").write_text(json.dumps(kept) + "\n")
    print("known:", kept["logit"], kept["output"])


def main() -> None:
    deep_lift.SUPPORTED_NON_LINEAR.update(ADJUSTED)
    references = []
    for name, modules in {"vgg": ["features.2", "features"], "resnet18": ["layer2", "layer4"], "mobilenet-v2-small": ["features.2", "features"], "cnn-1d": ["2"],
                          "vision-transformer": ["conv_proj"], "mlp": []}.items():
        reference = architecture(name)
        references.append(reference)
        reference.deeplift()
        if name in ("vgg", "mobilenet-v2-small", "cnn-1d"):
            reference.deeplift(0.5, ".half")
        reference.shap([-0.5, 0, 0.75])
        for module in modules:
            reference.layer(module)
    words = bert()
    references.append(words)
    words.deeplift()
    words.shap([-0.25, 0, 0.25])
    eye = cat()
    references.append(eye)
    eye.deeplift()
    eye.shap([-1, 0, 1])
    eye.layer("_blocks.5._bn2")
    cases = [case for reference in references for case in reference.cases]
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    deep_lift.SUPPORTED_NON_LINEAR.clear()
    deep_lift.SUPPORTED_NON_LINEAR.update(KNOWN)
    known()


if __name__ == "__main__":
    main()
