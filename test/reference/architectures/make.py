"""Networks exported by both of PyTorch's exporters, with PyTorch's own gradients, activations and Grad-CAM in float64.

    python make.py [NETWORK...]

Per network NAME.json and .npy files; per exporter NAME-torchscript.onnx and NAME-dynamo.onnx, without the weights that
prng.py makes again from seeds (materialise.ts does the same). Nothing is written before ONNX Runtime, running the
materialised file, gives PyTorch's logits.
"""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import sys
import warnings
import zlib
from unittest import mock

import numpy as np
import onnx
import onnxruntime
import torch
from onnxscript import rewriter
from onnxscript.rewriter.rules.common import _fuse_batchnorm as fuse_batchnorm
from torch import nn

from networks import NETWORKS, Network
from prng import Spec
from store import fill, forget_the_exporting_machine, save, strip

HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-4
#: An activation kept whole has at most so many numbers.
LARGEST_ACTIVATION = 16_384

warnings.filterwarnings("ignore")
onnxruntime.set_default_logger_severity(4)
torch.backends.mha.set_fastpath_enabled(False)


def seeded(model: nn.Module, network: Network) -> dict[str, tuple[Spec, np.ndarray]]:
    """Sets every parameter and buffer from a seed, in scales that keep activations from vanishing and exploding."""
    parameters = {}
    norms = {f"{name}.{leaf}" for name, module in model.named_modules() for leaf in ("weight", "bias")
             if "Norm" in type(module).__name__}
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        # A window's mask says which places see one another; it is no weight.
        if not tensor.is_floating_point() or name.endswith("attn_mask"):
            continue
        seed = zlib.crc32(f"{network.name} {name}".encode())
        if name.endswith("running_var"):
            mean, scale = 1.0, 0.3
        elif name in norms and name.endswith("weight"):
            mean, scale = 1.0, 0.2
        elif name.endswith("layer_scale"):
            mean, scale = 0.5, 0.2
        elif tensor.ndim >= 2:
            fan_in = tensor[0].numel()
            mean, scale = 0.0, float(np.sqrt(6 / fan_in))
        elif isinstance(model.get_submodule(name.rpartition(".")[0]), nn.PReLU):
            mean, scale = 0.25, 0.1
        else:
            mean, scale = 0.0, 0.1
        spec = Spec(seed, mean, scale)
        array = spec.values(*tensor.shape)
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(array))
        parameters[name] = (spec, array)
    return parameters


def unfolded_batch_normalization():
    """The dynamo exporter with all its rewriting but the one that makes new weights."""
    rules = [r for r in rewriter._DEFAULT_REWRITE_RULES if r not in list(fuse_batchnorm.rules)]
    return mock.patch.object(rewriter, "_DEFAULT_REWRITE_RULES", tuple(rules))


def export(model: nn.Module, network: Network, exporter: str) -> onnx.ModelProto:
    buffer = io.BytesIO()
    example = torch.zeros(2 if network.dynamic else 1, *network.dims)
    names = {"input_names": ["input"], "output_names": ["logits"]}
    if exporter == "torchscript":
        # PRESERVE (of eval mode) keeps BatchNormalization nodes, which the default folds into new weights.
        keep = {} if network.folded else {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(model, (example,), buffer, dynamo=False, opset_version=17, **names, **keep,
                          dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}} if network.dynamic else None)
        exported = onnx.load_from_string(buffer.getvalue())
    else:
        dims = {0: torch.export.Dim("N")} if network.dynamic else None
        with contextlib.nullcontext() if network.folded else unfolded_batch_normalization():
            program = torch.onnx.export(model, (example,), dynamo=True, verbose=False, **names,
                                        dynamic_shapes=(dims,) if dims else None)
        exported = program.model_proto
    forget_the_exporting_machine(exported)
    return exported


def forward(model: nn.Module, network: Network, images: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    values, hooks = {}, []

    def keep(path: str):
        def hook(_module, _input, output):
            values[path] = output
            # In-place operators that follow change the clone.
            return output.clone()
        return hook

    for path in {network.features, network.early} - {""}:
        hooks.append(model.get_submodule(path).register_forward_hook(keep(path)))
    logits = model(images)
    for hook in hooks:
        hook.remove()
    return logits, values


def gradient(model: nn.Module, network: Network, images: np.ndarray, target: int | None, dtype: torch.dtype):
    """logits, target, input gradient, values by module, gradients of values by module"""
    x = torch.from_numpy(images).to(dtype).requires_grad_(True)
    logits, values = forward(model.to(dtype), network, x)
    target = int(logits[0].argmax()) if target is None else target
    found = torch.autograd.grad(logits[0, target], [x, *values.values()])
    return (logits.detach().numpy(), target, found[0].numpy(), {n: v.detach().numpy() for n, v in values.items()},
            {n: g.numpy() for n, g in zip(values, found[1:], strict=True)})


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference, as a fraction of the largest value."""
    return float(np.abs(a - b).max() / np.abs(a).max())


def away_from_kinks(model: nn.Module, network: Network):
    """The first seeded input at which float32 rounding does not move a ReLU over its edge."""
    for attempt in range(20):
        spec = Spec(zlib.crc32(f"{network.name} input {attempt}".encode()), 0.0, 1.5)
        images = spec.values(1, *network.dims)
        reference = gradient(model, network, images, None, torch.float64)
        noise = Spec(attempt, 1.0, 2e-6).values(*images.shape)
        moved = gradient(model, network, images * noise, reference[1], torch.float64)[2]
        single = gradient(model, network, images, reference[1], torch.float32)[2]
        worst = max(difference(reference[2], single), difference(reference[2], moved))
        if worst < TOLERANCE:
            return spec, images, reference, difference(reference[2], single)
    raise AssertionError(f"{network.name}: every input is near a kink, {worst}")


def onnx_names(model: onnx.ModelProto, images: np.ndarray, logits: np.ndarray, values: dict[str, np.ndarray]) -> dict[str, str]:
    """For each of PyTorch's values the ONNX value that equals it. Also asserts that the logits agree."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = list(dict.fromkeys(o for node in watched.graph.node for o in node.output if o and o != "logits"))
    watched.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options, ["CPUExecutionProvider"])
    found = dict(zip(["logits", *names], session.run(["logits", *names], {"input": images}), strict=True))
    worst = difference(logits, found["logits"])
    if worst > TOLERANCE:
        raise AssertionError(f"ONNX Runtime's logits differ by {worst}")
    matches = {}
    for path, value in values.items():
        equal = [n for n, v in found.items() if isinstance(v, np.ndarray) and v.shape == value.shape and v.dtype == np.float32
                 and difference(value, v) < TOLERANCE]
        if not equal:
            raise AssertionError(f"no ONNX value equals the output of {path}")
        matches[path] = equal[0]
    return matches


def grad_cam(activation: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Selvaraju et al. 2017: relu of the sum over channels, weighted by the gradient's mean over space. Not scaled."""
    spatial = tuple(range(2, activation.ndim))
    return np.maximum((grad.mean(spatial, keepdims=True) * activation).sum(1), 0)[0]


def keep_array(name: str, array: np.ndarray) -> dict:
    np.save(HERE / f"{name}.npy", np.ascontiguousarray(array, dtype=np.float32))
    return {"file": f"{name}.npy", "dims": list(array.shape)}


def make(network: Network) -> None:
    torch.manual_seed(0)
    model = network.make().eval()
    parameters = seeded(model, network)
    spec, images, reference, float32_difference = away_from_kinks(model, network)
    logits, target, input_gradient, values, gradients = reference
    if not (np.isfinite(input_gradient).all() and np.abs(input_gradient).max() > 1e-6 and np.ptp(logits) > 1e-3):
        raise AssertionError(f"{network.name}: degenerate, largest gradient {np.abs(input_gradient).max()}")

    model.float()
    exports, kilobytes = [], 0
    for exporter in ["torchscript", "dynamo"]:
        name = f"{network.name}-{exporter}"
        exported = export(model, network, exporter)
        parts = strip(exported, parameters, f"{name}.weights")
        names = onnx_names(fill(exported, parts), images, logits, values)
        kilobytes += save(exported, HERE / f"{name}.onnx") // 1024
        exports.append({"name": name, "exporter": exporter, "opset": exported.opset_import[0].version,
                        "dynamic": network.dynamic, "values": names, "weights": parts})

    features = []
    for path, value in values.items():
        feature = {"module": path, "dims": list(value.shape)}
        if value.size <= LARGEST_ACTIVATION:
            feature["activation"] = keep_array(f"{network.name}.{path}", value)
            feature["gradient"] = keep_array(f"{network.name}.{path}.gradient", gradients[path])
        if value.ndim > 2:
            cam = grad_cam(value, gradients[path])
            feature["gradCam"] = {"dims": list(cam.shape), "data": [float(c) for c in cam.ravel()]}
        features.append(feature)
    text = json.dumps({
        "network": network.name, "input": {"dims": [1, *network.dims], **spec.to_json()}, "target": target,
        "logits": [float(v) for v in logits[0]], "gradient": keep_array(f"{network.name}.gradient", input_gradient),
        "float32Difference": float32_difference, "features": features, "exports": exports}, separators=(",", ":"))
    (HERE / f"{network.name}.json").write_text(text.replace('{"offset"', '\n{"offset"') + "\n")
    print(f"{network.name}: target {target}, largest gradient {np.abs(input_gradient).max():.3g}, float32 differs by "
          f"{float32_difference:.1e}, {sum(a.size for _, a in parameters.values()) * 4 >> 20} MB of weights, {kilobytes} KB kept")


def main() -> None:
    wanted = sys.argv[1:]
    failures = []
    for network in NETWORKS:
        if not wanted or network.name in wanted:
            try:
                make(network)
            except Exception as error:  # gathered, so that one run shows every network that fails
                failures.append(network.name)
                print(f"FAILED {network.name}: {type(error).__name__}: {str(error)[:600]}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
