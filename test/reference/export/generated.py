"""What "Copy as Python" gives, executed.

    python generated.py COMMAND...       the command line, such as: node dist/cli.js

For networks of ../architectures and many techniques: the command line's own .npy, and its .py run with PyTorch on the network itself; says
for each how far the two are apart and exits with 1 where that is too much. Random methods are shown by their correlation. For people:
nothing is kept.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent
ARCHITECTURES = HERE.parent / "architectures"
sys.path.insert(0, str(ARCHITECTURES))

import onnx  # noqa: E402
from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402
from store import fill  # noqa: E402

#: Of the largest value; so many of the values may differ by more, where a unit is within rounding of its edge.
TOLERANCE, MOVED = 1e-3, 1e-3
LAYER = {"resnet18": "/layer2/layer2.1/conv2/Conv_output_0", "mobilenet-v2-small": "/features/features.3/Add_output_0", "vgg": "/features/features.9/Relu_output_0"}
#: Where zennit needs a canonizer that the code does not bring; Captum's DeepLift refuses a ReLU that is called twice; CAM's layer is the
#: person's to name; a kernel that is 1 or -1 everywhere has several first components; pytorch-grad-cam's Shapley-CAM refuses views; a random network's RISE is mostly noise.
KNOWN = {("vgg", "shapley-cam"), ("resnet18", "layer-deeplift"), ("resnet18", "cam"), ("mobilenet-v2-small", "cam"), ("resnet18", "kpca-cam"), ("mobilenet-v2-small", "lrp"), ("mobilenet-v2-small", "layer-lrp"), ("resnet18", "deeplift"), ("resnet18", "deeplift-shap"), ("mobilenet-v2-small", "rise"), ("vgg", "rise"), ("resnet18", "rise")}
#: Techniques, their settings, and "random" where numbers are drawn.
CASES: list[tuple[str, dict, str]] = [
    ("saliency", {}, ""), ("saliency", {"absolute": "false"}, ""), ("input-x-gradient", {}, ""), ("integrated-gradients", {"steps": "8", "baseline": "0.25"}, ""),
    ("expected-gradients", {"baseline": "0, 0.5", "samples": "60"}, "random"), ("guided-backprop", {}, ""), ("deconvolution", {}, ""),
    ("deeplift", {}, ""), ("deeplift-shap", {"baseline": "0,0.5"}, ""), ("lrp", {"rule": "epsilon_plus"}, ""), ("lrp", {"rule": "zbox"}, ""), ("lrp", {"rule": "gamma"}, ""),
    ("full-grad", {}, ""), ("cam", {}, ""),
    ("grad-cam", {}, ""), ("grad-cam", {"relu": "false"}, ""), ("grad-cam++", {}, ""), ("hires-cam", {}, ""), ("x-grad-cam", {}, ""), ("layer-cam", {}, ""), ("grad-cam-elementwise", {}, ""),
    ("finer-cam", {}, ""), ("shapley-cam", {}, ""), ("eigen-cam", {}, ""), ("eigen-grad-cam", {}, ""), ("kpca-cam", {}, ""), ("score-cam", {}, ""), ("ablation-cam", {}, ""), ("guided-gradcam", {}, ""),
    ("layer-activation", {}, ""), ("layer-gradient-x-activation", {}, ""), ("layer-conductance", {"steps": "6"}, ""), ("internal-influence", {"steps": "6"}, ""),
    ("layer-integrated-gradients", {"steps": "6"}, ""), ("layer-deeplift", {}, ""), ("layer-lrp", {"rule": "epsilon_plus"}, ""),
    ("neuron-gradient", {}, ""), ("neuron-conductance", {"steps": "6"}, ""), ("neuron-integrated-gradients", {"steps": "6"}, ""), ("neuron-guided-backprop", {}, ""),
    ("occlusion", {"window": "8", "stride": "4"}, ""), ("feature-ablation", {"grid": "8"}, ""), ("rise", {"masks": "200", "cells": "4"}, "random"),
    ("saliency", {"samples": "40", "noise": "0.1"}, "random"), ("predictions", {}, ""),
]


def network(name: str, folder: pathlib.Path) -> tuple[torch.nn.Module, pathlib.Path, pathlib.Path, int]:
    made = next(n for n in NETWORKS if n.name == name)
    stored = json.loads((ARCHITECTURES / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = made.make().eval()
    seeded(model, made)
    spec = stored["input"]
    np.save(folder / f"{name}.npy", Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"]))
    export = next(one for one in stored["exports"] if one["exporter"] == "torchscript")
    file = folder / f"{name}.onnx"
    onnx.save(fill(onnx.load(ARCHITECTURES / f"{export['name']}.onnx", load_external_data=False), export["weights"]), file)
    return model, file, folder / f"{name}.npy", stored["target"]


def main() -> int:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        os.chdir(folder)
        for name in LAYER if not os.environ.get("NETWORKS") else os.environ["NETWORKS"].split(","):
            model, file, sample, target = network(name, folder)
            for technique, settings, kind in CASES:
                args = [*sys.argv[1:], technique, str(file), "--input", str(sample), "--target", str(target),
                        *[part for key, value in settings.items() for part in ("--set", f"{key}={value}")]]
                if LAYER[name] and (technique.startswith(("layer-", "neuron-", "internal")) and technique != "layer-cam"):
                    args += ["--layer", LAYER[name]]
                said = f"{name:20}{technique:30}{','.join(f'{k}={v}' for k, v in settings.items()):24}"
                done = [subprocess.run([*args, "--out", str(folder / f"result.{ending}")], capture_output=True, text=True) for ending in ("npy", "py")]
                if any(one.returncode for one in done):
                    print(said, "no result:", next(one.stderr for one in done if one.returncode).strip()[:140], flush=True)
                    continue
                code, own = (folder / "result.py").read_text(), np.load(folder / "result.npy")
                scope = {"load_model": lambda: model, "__name__": "generated"}
                try:
                    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                        exec(compile(code, "result.py", "exec"), scope)
                except Exception as error:  # what a person would see
                    excused = (name, technique) in KNOWN
                    print(said, f"{type(error).__name__}: {str(error)[:150]}", "known" if excused else "FAILS", flush=True)
                    failures += not excused
                    continue
                raw = np.asarray(scope["raw"])
                if raw.size != own.size:
                    print(said, f"{raw.shape} is not {own.shape}  FAILS", flush=True)
                    failures += 1
                    continue
                raw = raw.reshape(own.shape)
                differences = np.abs(raw - own) / max(np.abs(own).max(), 1e-30)
                apart = float(differences.max())
                alike = float(np.corrcoef(raw.ravel(), own.ravel())[0, 1])
                passed = alike > 0.8 if kind == "random" else float((differences > TOLERANCE).mean()) < MOVED
                excused = not passed and (name, technique) in KNOWN
                failures += not (passed or excused)
                print(said, f"difference {apart:.1e}  correlation {alike:.4f}", "ok" if passed else "known" if excused else "FAILS", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
