"""Class activation maps of some of ../architectures' networks, by pytorch-grad-cam on PyTorch's float64 activations and gradients.

    python make.py

Per network and layer one .npy [methods, *space]: the raw maps before Relu, scaling and resizing, which pytorch-grad-cam's
get_cam_image gives; cams.json says which. Where it is not what the paper says, the paper's is kept: Ablation-CAM sets a channel to
zero (pytorch-grad-cam takes min - 100000 where the layer's smallest value is not 0, and of a value that is added to in place
afterwards, as in a residual block, what it has become). The sign of the eigen maps, which a singular
value decomposition leaves open, is set so that they correlate with the mean of the activations over the channels.
"""

from __future__ import annotations

import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from pytorch_grad_cam import (AblationCAM, EigenCAM, EigenGradCAM, GradCAM, GradCAMElementWise, GradCAMPlusPlus, HiResCAM,
                              LayerCAM, ScoreCAM, XGradCAM)
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

HERE = pathlib.Path(__file__).parent
ARCHITECTURES = HERE.parent / "architectures"
sys.path.insert(0, str(ARCHITECTURES))
import make as architectures  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402
from store import fill  # noqa: E402

LAYERS = {
    # layer4.1.bn2 lies inside a residual block: what is added to it afterwards does not depend on it.
    "resnet18": ["layer2", "layer4.1.bn2"],
    "vgg-bn": ["features"],
    "mobilenet-v2-small": ["features"],
    # Negative activations: no Relu at its end.
    "densenet-small": ["features"],
    "cnn-3d": ["3"],
}
METHODS = {
    "grad-cam": GradCAM, "grad-cam++": GradCAMPlusPlus, "hires-cam": HiResCAM, "x-grad-cam": XGradCAM, "layer-cam": LayerCAM,
    "grad-cam-elementwise": GradCAMElementWise, "eigen-cam": EigenCAM, "eigen-grad-cam": EigenGradCAM, "score-cam": ScoreCAM,
    "ablation-cam": AblationCAM,
}
#: pytorch-grad-cam resizes and ablates pictures only.
PICTURES_ONLY = {"score-cam", "ablation-cam"}


class AblateToZero(AblationLayer):
    """Desai & Ramaswamy 2020, section 3.2: the activations of one channel are set to zero."""

    def __init__(self, activations: np.ndarray) -> None:
        super().__init__()
        self.kept = torch.from_numpy(activations)

    def set_next_batch(self, input_batch_index: int, activations: torch.Tensor, num_channels_to_ablate: int) -> None:
        super().set_next_batch(input_batch_index, self.kept, num_channels_to_ablate)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        for i in range(self.activations.size(0)):
            self.activations[i, self.indices[i]] = 0
        return self.activations


def capture(model: nn.Module, layer: nn.Module, images: torch.Tensor, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kept = []

    def keep(_module, _input, output):
        kept.append(output)
        return output.clone()

    hook = layer.register_forward_hook(keep)
    logits = model(images)
    hook.remove()
    (grad,) = torch.autograd.grad(logits[0, target], kept)
    return logits.detach().numpy(), kept[0].detach().numpy(), grad.numpy()


def raw_map(name: str, model: nn.Module, module: str, images: torch.Tensor, target: int, activations: np.ndarray, grads: np.ndarray) -> np.ndarray:
    layer = model.get_submodule(module)
    more = {"ablation_layer": AblateToZero(activations)} if name == "ablation-cam" else {}
    with METHODS[name](model=model, target_layers=[layer], **more) as cam:
        found = cam.get_cam_image(images, layer, [ClassifierOutputTarget(target)], activations, grads, False)[0]
    if name.startswith("eigen"):
        mean = activations[0].mean(0)
        found = found * np.sign(((mean - mean.mean()) * (found - found.mean())).sum())
    return found


def make(network: architectures.Network, modules: list[str]) -> list[dict]:
    stored = json.loads((ARCHITECTURES / f"{network.name}.json").read_text())
    torch.manual_seed(0)
    model = network.make().eval()
    architectures.seeded(model, network)
    model.double()
    spec = Spec(*(stored["input"][key] for key in ("seed", "mean", "scale")))
    array = spec.values(*stored["input"]["dims"])
    images, target = torch.from_numpy(array).double(), stored["target"]
    cases = []
    for module in modules:
        logits, activations, grads = capture(model, model.get_submodule(module), images, target)
        methods = [name for name in METHODS if array.ndim == 4 or name not in PICTURES_ONLY]
        maps = np.stack([raw_map(name, model, module, images, target, activations, grads) for name in methods])
        for name, found in zip(methods, maps, strict=True):
            if not np.isfinite(found).all() or np.ptp(found) == 0:
                raise AssertionError(f"{network.name} {module}: {name} is degenerate")
        values = {}
        for one in stored["exports"]:
            exported = fill(onnx.load(ARCHITECTURES / f"{one['name']}.onnx", load_external_data=False), one["weights"])
            values[one["name"]] = architectures.onnx_names(exported, array, logits, {module: activations})[module]
        file = f"{network.name}.{module}.npy"
        np.save(HERE / file, maps.astype(np.float32))
        print(f"{network.name} {module} {list(activations.shape)}: " + ", ".join(f"{n} {np.abs(m).max():.3g}" for n, m in zip(methods, maps)), flush=True)
        cases.append({"network": network.name, "module": module, "values": values, "file": file, "methods": methods, "size": list(maps.shape[1:])})
    return cases


def main() -> None:
    cases = [case for network in NETWORKS if network.name in LAYERS for case in make(network, LAYERS[network.name])]
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "cams.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
