"""Exported explanation models, checked with onnx.checker and run by ONNX Runtime in Python.

    python check.py COMMAND...        the command line, such as: node dist/cli.js

Exports EfficientNet-Lite0's explanations of the cat by the command line, in all three ways to keep weights, and says for each: whether
onnx.checker accepts it (full check, with the inferred shapes), that a batch of pictures with targets of their own gives what the command
line's own .npy holds for each, and how large and how fast it is. Exits with 1 where one does not. Nothing is kept: it is for people.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent.parent
#: Of the largest value. Where ONNX Runtime sums in another order, as in a loop, some unit may fall on the other side of its edge: then so
#: many of the values may differ by more.
TOLERANCE, MOVED = 1e-3, 1e-3

ALL = ["saliency", "input-x-gradient", "integrated-gradients", "guided-backprop", "deconvolution", "grad-cam", "grad-cam++", "hires-cam",
       "x-grad-cam", "layer-cam", "grad-cam-elementwise"]
SETTINGS = {"integrated-gradients": ["--set", "steps=10"]}


def command(program: list[str], *args: str) -> str:
    done = subprocess.run([*program, *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(args)}: {done.stderr}")
    return done.stdout


def difference(ours: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """The largest difference over the largest value, and the share of values that differ by more than the tolerance."""
    if ours.shape != expected.shape:
        raise ValueError(f"{ours.shape} is not {expected.shape}")
    apart = np.abs(ours - expected) / np.abs(expected).max()
    return float(apart.max()), float((apart > TOLERANCE).mean())


def check(program: list[str], folder: pathlib.Path, technique: str, weights: str) -> bool:
    model = folder / "efficientnet-lite0.onnx"
    cat = np.load(HERE.parent / "efficientnet-cat" / "input.npy")
    pictures, targets = np.concatenate([cat, cat[:, :, :, ::-1], cat * 0.5]), np.array([285, 281, 7])
    settings = SETTINGS.get(technique, [])
    out = folder / f"{technique}-{weights}.onnx"
    report = json.loads(command(program, "export", technique, str(model), "--input", str(HERE.parent / "efficientnet-cat" / "input.npy"), "--target", "285",
                                *settings, "--weights", weights, "--out", str(out), "--json"))
    onnx.checker.check_model(str(out), full_check=True)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    start = time.perf_counter()
    attribution = session.run(["attribution"], {"images": pictures, "target": targets})[0]
    took = time.perf_counter() - start
    default = session.run(["attribution"], {"images": cat})[0]
    errors = []
    for index, (picture, target) in enumerate(zip(pictures, targets)):
        np.save(folder / "picture.npy", picture[None])
        command(program, technique, str(model), "--input", str(folder / "picture.npy"), "--target", str(target), *settings, "--out", str(folder / "own.npy"))
        own = np.load(folder / "own.npy")
        errors.append(difference(attribution[index], own.reshape(attribution[index].shape)))
    errors.append(difference(default[0], attribution[0]))
    largest, moved = np.max(errors, 0)
    passed = moved < MOVED and report["batch"] == "any"
    size = sum(pathlib.Path(file).stat().st_size for file in report["files"])
    print(f"{technique:22}{weights:10}{size / 2**20:7.2f} MiB  3 pictures in {took:6.3f} s  largest difference {largest:.1e} (over {TOLERANCE:g}: {moved:.2%})  {'ok' if passed else 'FAILS'}", flush=True)
    return passed


def main() -> int:
    program = sys.argv[1:]
    print(f"onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__}")
    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copy(ROOT / "samples" / "efficientnet-lite0.onnx", folder)
        cases = [(technique, "included") for technique in ALL] + [("saliency", "external"), ("saliency", "data"), ("integrated-gradients", "external")]
        return 0 if all([check(program, folder, *case) for case in cases]) else 1


if __name__ == "__main__":
    sys.exit(main())
