"""Class activation maps of networks whose layers hold more entries along their first axis than the input has samples.

    python make.py

A network over the frames of a video (folded into the batch, sample by sample or frame by frame), one over several views of an object
(the largest feature of any), one over crops that are a batch of their own, and a pair of inputs through one backbone in one batch. All
in float64; the maps are before Relu, scaling and resizing, [frames, height, width].

grad-cam is Captum's LayerGradCam; the others are what pytorch-grad-cam's get_cam_image makes of the layer's activations and gradients,
which takes each entry of the layer's batch by itself; shapley-cam by PyTorch's own product with the Hessian, finer-cam by autograd of the
library's target. ablation-cam and score-cam change one frame's channel and leave the other frames as they are, written here: the library's
classes repeat the whole input instead. The sign of eigen maps is set so that they correlate with the mean of the activations over the
channels. index.json lists the cases.
"""

from __future__ import annotations

import json
import pathlib
import warnings

import numpy as np
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import EigenCAM, EigenGradCAM, GradCAM, GradCAMElementWise, GradCAMPlusPlus, HiResCAM, KPCA_CAM, LayerCAM, XGradCAM
from pytorch_grad_cam.utils.model_targets import FinerWeightedTarget
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
warnings.filterwarnings("ignore")
torch.set_num_threads(1)

METHODS = {"grad-cam++": GradCAMPlusPlus, "hires-cam": HiResCAM, "x-grad-cam": XGradCAM, "layer-cam": LayerCAM, "grad-cam-elementwise": GradCAMElementWise,
           "eigen-cam": EigenCAM, "eigen-grad-cam": EigenGradCAM, "kpca-cam": KPCA_CAM}


class Backbone(nn.Sequential):
    def __init__(self, channels: int) -> None:
        super().__init__(nn.Conv2d(channels, 6, 3, 2, 1), nn.ReLU(), nn.Conv2d(6, 5, 3, 2, 1), nn.ReLU())


class Video(nn.Module):
    """[N, T, 3, H, W]: each frame's features, then an LSTM. `outer`: which of the two is outermost in the folded axis."""

    def __init__(self, outer: str) -> None:
        super().__init__()
        self.outer, self.backbone, self.lstm, self.head = outer, Backbone(3), nn.LSTM(5, 4, batch_first=True), nn.Linear(4, 4)

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        samples, frames = video.shape[:2]
        folded = video if self.outer == "sample" else video.transpose(0, 1)
        features = self.backbone(folded.reshape(samples * frames, *video.shape[2:])).mean((2, 3))
        features = features.reshape(samples, frames, 5) if self.outer == "sample" else features.reshape(frames, samples, 5).transpose(0, 1)
        return self.head(self.lstm(features)[0][:, -1])


class Views(nn.Module):
    """[1, V, 1, H, W]: the largest of each feature over the views."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = Backbone(1), nn.Linear(5, 3)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(views.flatten(0, 1)).mean((2, 3)).reshape(1, views.shape[1], 5).max(1).values)


class Crops(nn.Module):
    """[5, 3, H, W], crops of one picture: the mean of their scores, [1, 3]."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = Backbone(3), nn.Linear(5, 3)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.backbone(crops).mean((2, 3)))).mean(0, keepdim=True)


class Pair(nn.Module):
    """Two pictures through one backbone in one batch; whether they are alike."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = Backbone(1), nn.Linear(5, 2)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        features = self.backbone(torch.cat([left, right])).mean((2, 3))
        return self.head((features[:1] - features[1:]) ** 2)


#: Name, network, inputs, target (of the first sample), and which entries of the layer are the first sample's.
SUBJECTS = [
    ("video", lambda: Video("sample"), {"video": (1, 4, 3, 16, 16)}, 2, slice(None)),
    ("video-pair", lambda: Video("sample"), {"video": (2, 3, 3, 12, 12)}, 1, slice(0, 3)),
    ("video-frame-major", lambda: Video("frame"), {"video": (2, 3, 3, 12, 12)}, 1, slice(0, 6, 2)),
    ("views", Views, {"views": (1, 3, 1, 16, 16)}, 0, slice(None)),
    ("crops", Crops, {"crops": (5, 3, 12, 12)}, 1, slice(None)),
    ("pair", Pair, {"left": (1, 1, 16, 16), "right": (1, 1, 16, 16)}, 1, slice(None)),
]
LAYER = "3"


def activations_and_gradients(model: nn.Module, inputs: list[torch.Tensor], score) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    kept = []
    hook = model.backbone[3].register_forward_hook(lambda _m, _i, output: kept.append(output))
    logits = model(*inputs)
    hook.remove()
    gradient, = torch.autograd.grad(score(logits), kept[0], create_graph=True)
    return logits.detach(), kept[0], gradient


def signed(found: np.ndarray, activations: np.ndarray) -> np.ndarray:
    mean = activations.mean(1)
    agreement = ((mean - mean.mean((1, 2), keepdims=True)) * (found - found.mean((1, 2), keepdims=True))).sum((1, 2), keepdims=True)
    return found * np.where(agreement < 0, -1, 1)


def from_layer(model: nn.Module, inputs: list[torch.Tensor], value: torch.Tensor) -> torch.Tensor:
    hook = model.backbone[3].register_forward_hook(lambda _m, _i, _output: value)
    logits = model(*inputs).detach()
    hook.remove()
    return logits


def ablation(model: nn.Module, inputs: list[torch.Tensor], activations: torch.Tensor, target: int, entries: list[int]) -> np.ndarray:
    score = from_layer(model, inputs, activations)[0, target]
    maps = []
    for entry in entries:
        total = torch.zeros(activations.shape[2:], dtype=activations.dtype)
        for channel in range(activations.shape[1]):
            without = activations.clone()
            without[entry, channel] = 0
            total += (score - from_layer(model, inputs, without)[0, target]) / score * activations[entry, channel]
        maps.append(total.numpy())
    return np.stack(maps)


def score_cam(model: nn.Module, video: torch.Tensor, activations: torch.Tensor, target: int, frames_axis: int) -> np.ndarray:
    """A mask for a channel of a frame lies over that frame of the input alone; the softmax is over the frame's channels."""
    maps = []
    for frame in range(len(activations)):
        masks = F.interpolate(activations[frame][None], size=video.shape[-2:], mode="bilinear", align_corners=True)[0]
        scores = []
        for mask in masks:
            mask = (mask - mask.min()) / (mask.max() - mask.min() + 1e-8)
            masked = video.clone()
            masked.select(frames_axis, frame).mul_(mask)
            scores.append(model(masked)[0, target].item())
        weights = torch.softmax(torch.tensor(scores, dtype=torch.float64), 0)
        maps.append((weights[:, None, None] * activations[frame]).sum(0).numpy())
    return np.stack(maps)


def main() -> None:
    cases = []
    for name, make, shapes, target, entries in SUBJECTS:
        torch.manual_seed(7)
        model = make().eval()
        # Trained weights would be larger: scores of a fresh LSTM hardly move.
        for parameter in model.parameters():
            parameter.data.mul_(2)
        generator = torch.Generator().manual_seed(3)
        inputs = [torch.randn(shape, generator=generator) for shape in shapes.values()]
        torch.onnx.export(model, tuple(inputs), HERE / f"{name}.onnx", input_names=list(shapes), output_names=["scores"], opset_version=17, dynamo=False, do_constant_folding=True)
        files = {}
        for (input_name, _), array in zip(shapes.items(), inputs, strict=True):
            files[input_name] = f"{name}.{input_name}.npy"
            np.save(HERE / files[input_name], array.numpy())
        model, inputs = model.double(), [one.double() for one in inputs]
        logits, activations, gradient = activations_and_gradients(model, inputs, lambda found: found[0, target])
        a, g = activations.detach().numpy(), gradient.detach().numpy()
        found = {"grad-cam": LayerGradCam(model, model.backbone[3]).attribute(tuple(inputs), target=target, relu_attributions=False).detach().numpy()[:, 0]}
        if len(logits) > 1:
            # Captum explains each sample's own score in one go: with the score of the first alone, the others' entries are zero.
            found = {"grad-cam": GradCAM(model, [model.backbone[3]]).get_cam_image(None, None, None, a, g, False)}
        for technique, method in METHODS.items():
            maps = method(model, [model.backbone[3]]).get_cam_image(None, None, None, a, g, False)
            found[technique] = signed(maps, a) if technique in {"eigen-cam", "eigen-grad-cam", "kpca-cam"} else maps
        # Of a score that is linear in the layer there is no second derivative.
        weighted, = torch.autograd.grad((gradient * activations.detach()).sum(), activations, allow_unused=True) if gradient.requires_grad else (None,)
        found["shapley-cam"] = ((gradient - (0 if weighted is None else 0.5 * weighted)).mean((2, 3), keepdim=True) * activations).sum(1).detach().numpy()
        others = [index for index in np.argsort(np.abs(logits[0].numpy() - logits[0, target].item()), kind="stable") if index != target][:3]
        finer_target = FinerWeightedTarget(target, [int(one) for one in others], 1.0)
        _, _, slopes = activations_and_gradients(model, inputs, lambda logits: finer_target(logits[0]))
        found["finer-cam"] = (slopes.mean((2, 3), keepdim=True) * activations).sum(1).detach().numpy()
        listed = list(range(len(a)))[entries]
        maps = {technique: one[entries] for technique, one in found.items()}
        maps["ablation-cam"] = ablation(model, inputs, activations.detach(), target, listed)
        if name in {"video", "views", "crops"}:
            maps["score-cam"] = score_cam(model, inputs[0], activations.detach(), target, 0 if name == "crops" else 1)
        for technique, one in maps.items():
            if not np.isfinite(one).all() or np.abs(one).max() == 0:
                print("LEFT OUT", name, technique)
                continue
            file = f"{name}.{technique}.npy"
            np.save(HERE / file, one.astype(np.float32))
            cases.append({"network": name, "inputs": files, "technique": technique, "target": target, "layer": "/backbone/backbone.3/Relu_output_0", "file": file})
            print(name, technique, list(one.shape), f"{np.abs(one).max():.3g}")
    (HERE / "index.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")


main()
