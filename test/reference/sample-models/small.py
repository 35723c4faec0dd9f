"""A table's rows, a wave that is cleaned, several inputs of different kinds, a model of many nodes, and a file that was cut off."""

from __future__ import annotations

import json

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from layers import conv, conv1d
from scenes import scene
from shapes import tensor
from training import batches, fit, seeded
from writing import Sample

# ---- a table

COLUMNS = ["length", "width", "weight", "age"]
SPECIES = ["perch", "pike", "roach"]
#: Means and deviations by species: centimetres, centimetres, grams, years.
FISH = [((28, 7.5, 300, 5), (3, 0.8, 50, 1.5)), ((60, 9, 1800, 6), (9, 1.5, 500, 2)), ((16, 5, 80, 4), (2, 0.6, 20, 1.2))]


def table() -> Sample:
    sample = Sample("table")
    random = seeded("table")
    kinds = np.arange(600) % 3
    rows = np.stack([random.normal(*FISH[kind]) for kind in kinds]).clip(0.5).round(1).astype(np.float32)
    mean, std = (np.round(values, 2) for values in (rows.mean(0), rows.std(0)))
    ready = torch.from_numpy((rows - mean.astype(np.float32)) / std.astype(np.float32))
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))
    model = fit("table", model, batches(random, 32, ready, torch.from_numpy(kinds)), F.cross_entropy, 400, 1e-2)
    lines = [",".join([*COLUMNS, "species"])]
    for row, kind in zip(rows[:12], kinds):
        lines.append(",".join([*(f"{value:.1f}" for value in row), SPECIES[kind]]))
    (sample.folder / "fish.csv").write_text("\n".join(lines) + "\n")
    for row in (0, 1):
        values = (rows[row].astype(np.float64) - mean.astype(np.float64)) / std.astype(np.float64)
        given = {"row": torch.from_numpy(values[None].astype(np.float32))}
        sample.refer(f"fish.csv#{row}", model, given, ["logits"], {"output": "logits", "index": (row,)}, answer=SPECIES[row])
    sample.export(model, given, ["logits"])
    sample.recipe({"row": {"kind": "row", "columns": COLUMNS, "mean": [float(f"{v:.2f}") for v in mean], "std": [float(f"{v:.2f}") for v in std]}},
                  classes=SPECIES)
    return sample


# ---- a wave

RATE, LENGTH = 8000, 4000


class Denoiser(nn.Module):
    """[N,1,4000] -> the same without its noise: what the convolutions hear in it is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.middle = conv1d(1, 16, 15, 2), conv1d(16, 24, 15, 2), conv1d(24, 24, 15)
        self.up, self.last = conv1d(40, 16, 9), nn.Conv1d(17, 1, 9, padding=4)
        self.twice = nn.Upsample(scale_factor=2, mode="linear", align_corners=False)

    def forward(self, noisy):
        first = self.down1(noisy)
        y = self.up(torch.cat([self.twice(self.middle(self.down2(first))), first], 1))
        return self.last(torch.cat([self.twice(y), noisy], 1))


def melody(random: np.random.Generator) -> np.ndarray:
    """Notes that fade, [LENGTH], between −1 and 1."""
    time, wave, at = np.arange(LENGTH) / RATE, np.zeros(LENGTH), random.uniform(0, 0.08)
    while at < 0.4:
        pitch, since = random.choice([220, 262, 294, 330, 392, 440, 523]), np.clip(time - at, 0, None)
        wave += np.exp(-since * 14) * (1 - np.exp(-since * 300)) * sum(np.sin(2 * np.pi * pitch * k * since) / k**1.5 for k in (1, 2, 3))
        at += random.uniform(0.1, 0.18)
    return wave / max(1, np.abs(wave).max())


def audio() -> Sample:
    sample = Sample("audio")
    random = seeded("audio")
    clean = np.stack([melody(random) for _ in range(300)])
    noisy = clean + random.normal(0, 0.15, clean.shape)
    both = [torch.from_numpy(values[:, None].astype(np.float32)) for values in (noisy, clean)]
    model = fit("audio", Denoiser(), batches(random, 8, *both), lambda y, x: F.mse_loss(y, x) * 100, 350, 6e-3)
    wave = melody(random)
    given = torch.from_numpy((wave + random.normal(0, 0.15, LENGTH)).astype(np.float32)[None, None])
    sample.array("noisy.npy", given.numpy())
    sample.array("clean.npy", wave.astype(np.float32)[None, None])
    sample.export(model, {"noisy": given}, ["clean"])
    sample.recipe({"noisy": {"kind": "array", "rate": RATE}}, outputs={"clean": {"kind": "regression", "as": "wave"}})
    sample.refer("noisy.npy", model, {"noisy": given}, ["clean"], {"output": "clean", "index": (0, 1500)}, truth="clean.npy")
    return sample


# ---- several inputs

class Several(nn.Module):
    """A picture and a row of numbers -> [N,3] logits. Random weights."""

    def __init__(self) -> None:
        super().__init__()
        self.picture, self.row = nn.Sequential(conv(3, 8, 3, 2), conv(8, 12, 3, 2), conv(12, 12, 3, 2)), nn.Linear(4, 8)
        self.both, self.classify = nn.Linear(20, 16), nn.Linear(16, 3)

    def forward(self, image, measures):
        seen, read = self.picture(image).mean((2, 3)), self.row(measures).relu()
        return self.classify(self.both(torch.cat([seen, read], 1)).relu())


def several() -> Sample:
    sample = Sample("several-inputs")
    random = seeded("several-inputs")
    model = Several().eval()
    picture = scene(random, 64, 2)[0]
    row = random.normal(0, 1, 4).round(2)
    sample.picture("photo.png", picture)
    (sample.folder / "measures.csv").write_text("length,width,weight,age\n" + ",".join(map(str, row)) + "\n")
    values = json.dumps(row.tolist())
    (sample.folder / "example.sample.json").write_text(f'{{\n  "image": {{ "file": "photo.png" }},\n  "measures": {values}\n}}\n')
    given = {"image": tensor([picture]), "measures": torch.from_numpy(row[None].astype(np.float32))}
    sample.export(model, given, ["logits"])
    sample.recipe({"image": {"kind": "image", "size": [64, 64], "fit": "stretch", "channels": "rgb", "layout": "nchw", "scale": 1 / 255},
                   "measures": {"kind": "row", "columns": COLUMNS}}, classes=SPECIES)
    sample.refer({"image": "photo.png", "measures": "measures.csv"}, model, given, ["logits"], {"output": "logits", "index": (1,)})
    return sample


# ---- many nodes, and half a file

BLOCKS, WIDTH = 1200, 8


class Deep(nn.Module):
    """1,200 residual blocks that share four layers' weights: x + relu(layer(x)) / 40."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(4)])

    def forward(self, x):
        for block in range(BLOCKS):
            x = x + self.layers[block % 4](x).relu() / 40
        return x


def many_nodes() -> Sample:
    """Written node by node, as an exporter that keeps each block's name would: a Gemm, a Relu and an Add of each."""
    sample = Sample("many-nodes")
    random = seeded("many-nodes")
    model = Deep().eval()
    with torch.no_grad():
        for layer in model.layers:
            layer.weight.mul_(0.3)
    nodes, weights, value = [], [], "row"
    for place, layer in enumerate(model.layers):
        # Relu of the 40th part is the 40th part of Relu.
        weights += [numpy_helper.from_array((part.detach().numpy() / 40).astype(np.float32), f"fc{place}.{kind}")
                    for kind, part in (("weight", layer.weight), ("bias", layer.bias))]
    for block in range(BLOCKS):
        at, place = f"/blocks.{block}", block % 4
        gemm, relu, out = f"{at}/Gemm", f"{at}/Relu", "logits" if block == BLOCKS - 1 else f"{at}/Add"
        nodes += [helper.make_node("Gemm", [value, f"fc{place}.weight", f"fc{place}.bias"], [gemm], gemm, transB=1),
                  helper.make_node("Relu", [gemm], [relu], relu),
                  helper.make_node("Add", [value, relu], [out], f"{at}/Add")]
        value = out
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", WIDTH])] for name in ("row", "logits")]
    sample.tidy(helper.make_model(helper.make_graph(nodes, "main_graph", *ends, weights), opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                                  producer_name="neural-loupe-samples"))
    row = random.normal(0, 1, WIDTH).astype(np.float32).round(2)
    names = [f"x{place}" for place in range(WIDTH)]
    (sample.folder / "row.csv").write_text(",".join(names) + "\n" + ",".join(f"{v:.2f}" for v in row) + "\n")
    sample.recipe({"row": {"kind": "row", "columns": names}})
    given = {"row": torch.from_numpy(np.array([[float(f"{v:.2f}") for v in row]], np.float32))}
    sample.refer("row.csv", model, given, ["logits"], {"output": "logits", "index": (2,)})
    return sample


def truncated(whole: Sample) -> Sample:
    """A model whose download broke off: the first six tenths of its bytes."""
    sample = Sample("truncated")
    content = whole.model.read_bytes()
    sample.model.write_bytes(content[: len(content) * 6 // 10])
    sample.entry["cut"] = [len(content) * 6 // 10, len(content)]
    return sample


def make() -> list[Sample]:
    waves = audio()
    return [table(), waves, several(), many_nodes(), truncated(waves)]
