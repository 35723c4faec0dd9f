"""Networks over small pictures: labels that hold side by side, a lone sigmoid, one number, an autoencoder with its halves as generator and embedding."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from layers import conv
from scenes import SHAPES, scene
from shapes import tensor
from training import batches, fit, seeded
from writing import Sample

SIDE = 64
PICTURE = {"kind": "image", "size": [SIDE, SIDE], "fit": "stretch", "channels": "rgb", "layout": "nchw", "scale": 1 / 255}


class Seen(nn.Module):
    """Convolutions, the largest over the picture or their mean, and a dense layer: [N,3,64,64] -> [N,outputs]; `end` behind it but in training."""

    def __init__(self, outputs: int, end=None, mean=False) -> None:
        super().__init__()
        self.features = nn.Sequential(conv(3, 12, 3, 2), conv(12, 20, 3, 2), conv(20, 28, 3, 2), conv(28, 28))
        self.classify, self.end, self.mean = nn.Linear(28, outputs), end, mean

    def scores(self, x):
        seen = self.features(x)
        return self.classify(seen.mean((2, 3)) if self.mean else seen.amax((2, 3)))

    def forward(self, x):
        scores = self.scores(x)
        return scores if self.training or self.end is None else self.end(scores)


def logits(y):
    return torch.logit(y)


def labels() -> list[Sample]:
    """Which of the shapes are there, each by itself; and whether a circle is."""
    random = seeded("multi-label")
    scenes = [scene(random, SIDE, int(random.integers(1, 4)), None, (0.12, 0.22)) for _ in range(900)]
    images = tensor([s[0] for s in scenes])
    there = np.array([[any(one[0] == shape for one in s[2]) for shape in range(len(SHAPES))] for s in scenes], np.float32)
    model = fit("multi-label", Seen(len(SHAPES), nn.Sigmoid()), batches(random, 24, images, torch.from_numpy(there)),
                F.binary_cross_entropy_with_logits, 1500, 1e-2)
    sample = Sample("multi-label")
    picture = scene(random, SIDE, 2, [0, 2], (0.16, 0.2))[0]
    sample.picture("circle-and-triangle.png", picture)
    given = {"image": tensor([picture])}
    sample.export(model, given, ["present"])
    sample.recipe({"image": PICTURE}, classes=SHAPES, outputs={"present": {"kind": "independent"}})
    sample.refer("circle-and-triangle.png", model, given, ["present"], {"output": "present", "index": (2,), "of": logits},
                 present=["circle", "triangle"])

    alone = Sample("sigmoid")
    one = fit("sigmoid", Seen(1, nn.Sigmoid()), batches(random, 24, images, torch.from_numpy(there[:, :1])),
              F.binary_cross_entropy_with_logits, 1000, 1e-2)
    for file, shapes, answer in (("circle.png", [0, 1], "circle"), ("no-circle.png", [2, 1], "no circle")):
        picture = scene(random, SIDE, 2, shapes, (0.16, 0.2))[0]
        alone.picture(file, picture)
        given = {"image": tensor([picture])}
        alone.refer(file, one, given, ["probability"], {"output": "probability", "index": (0,), "of": logits}, answer=answer)
    alone.export(one, given, ["probability"])
    alone.recipe({"image": PICTURE}, outputs={"probability": {"classes": ["no circle", "circle"]}})
    return [sample, alone]


class Radius(nn.Module):
    """The radius of a disc in pixels, [N,1]."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen(1, mean=True)

    def forward(self, x):
        return 16 + 8 * self.seen(x)


def regression() -> Sample:
    sample = Sample("regression")
    random = seeded("regression")

    def disc(radius):
        return scene(random, SIDE, 1, [0], (radius / SIDE, radius / SIDE))[0]

    radii = random.uniform(6, 26, 500).astype(np.float32)
    draw = batches(random, 24, tensor([disc(radius) for radius in radii]), torch.from_numpy(radii[:, None]))
    model = fit("regression", Radius(), draw, lambda y, wanted: F.smooth_l1_loss(y, wanted), 500, 1e-2)
    for radius in (9, 20):
        picture = disc(radius)
        sample.picture(f"radius-{radius}.png", picture)
        given = {"image": tensor([picture])}
        sample.refer(f"radius-{radius}.png", model, given, ["radius"], {"output": "radius", "index": (0,)}, radius=radius)
    sample.export(model, given, ["radius"])
    sample.recipe({"image": PICTURE}, outputs={"radius": {"kind": "regression"}})
    return sample


#: The autoencoder's: numbers of its code, and its pictures' side.
CODE, SMALL = 24, 32


class Encoder(nn.Module):
    """[N,3,32,32] -> [N,24]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(conv(3, 12, 3, 2), conv(12, 20, 3, 2), conv(20, 24, 3, 2), nn.Flatten(), nn.Linear(24 * 16, CODE))

    def forward(self, x):
        return self.layers(x)


class Decoder(nn.Module):
    """[N,24] -> [N,3,32,32], 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        def up(inputs, outputs):
            return nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), conv(inputs, outputs))

        self.dense = nn.Linear(CODE, 24 * 16)
        self.layers = nn.Sequential(up(24, 20), up(20, 16), up(16, 12), nn.Conv2d(12, 3, 3, padding=1), nn.Sigmoid())

    def forward(self, code):
        return self.layers(self.dense(code).relu().reshape(-1, 24, 4, 4))


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, image):
        return self.decoder(self.encoder(image))


class Embedding(nn.Module):
    """The code, of length one: [N,24]."""

    def __init__(self, encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image):
        return F.normalize(self.encoder(image))


def plain(random, shape: int) -> np.ndarray:
    """One shape, on a plain background: what 24 numbers can hold."""
    picture, mask, _ = scene(random, SMALL, 1, [shape], (0.22, 0.32))
    return np.where(mask[..., None] > 0, picture, 225).astype(np.uint8)


def autoencoder() -> list[Sample]:
    random = seeded("autoencoder")
    images = tensor([plain(random, int(random.integers(3))) for _ in range(3000)])
    model = fit("autoencoder", Autoencoder(), batches(random, 16, images, images), lambda y, x: F.mse_loss(y, x) * 10, 2500, 6e-3)
    picture, other = plain(random, 0), plain(random, 2)
    given = {"image": tensor([picture])}

    sample = Sample("autoencoder")
    sample.export(model, given, ["reconstruction"])
    sample.recipe({"image": {**PICTURE, "size": [SMALL, SMALL]}}, outputs={"reconstruction": {"kind": "image"}})
    for file, pixels in (("circle.png", picture), ("triangle.png", other)):
        sample.picture(file, pixels)
        image = {"image": tensor([pixels])}
        sample.refer(file, model, image, ["reconstruction"], {"output": "reconstruction", "index": (0, 16, 16), "of": logits}, error=0.01)

    embedding = Sample("embedding")
    embedding.export(Embedding(model.encoder), given, ["embedding"])
    embedding.recipe({"image": {**PICTURE, "size": [SMALL, SMALL]}}, outputs={"embedding": {"kind": "embedding"}})
    embedding.picture("circle.png", picture)
    embedding.refer("circle.png", Embedding(model.encoder), given, ["embedding"], {"output": "embedding", "index": (3,)})

    generator = Sample("generator")
    code = model.encoder(given["image"]).detach()
    generator.export(model.decoder, {"code": code}, ["image"])
    generator.array("code.npy", code.numpy())
    generator.recipe({"code": {"kind": "array"}}, outputs={"image": {"kind": "image"}})
    generator.refer("code.npy", model.decoder, {"code": code}, ["image"], {"output": "image", "index": (0, 16, 16), "of": logits})
    return [sample, embedding, generator]


def make() -> list[Sample]:
    return [*labels(), regression(), *autoencoder()]
