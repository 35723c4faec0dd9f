"""Joints of stick figures as heat maps, and a video of something that moves."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from layers import conv
from scenes import JOINTS, MOVES, clip, figure
from shapes import tensor
from training import batches, fit, seeded
from writing import Sample

SIDE, MAP = 64, 32


class Keypoints(nn.Module):
    """[N,3,64,64] -> a heat map for each joint, [N,7,32,32]; the joint is where it is largest."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = conv(3, 12, 3, 2), conv(12, 20, 3, 2), conv(20, 28, 3, 2)
        self.deep = nn.Sequential(conv(28, 32, 3, 2), conv(32, 28))
        self.up3, self.up2, self.up1 = conv(56, 20), conv(40, 16), conv(28, 16)
        self.maps = nn.Conv2d(16, len(JOINTS), 1)
        self.twice = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, x):
        first = self.first(x)
        second = self.second(first)
        third = self.third(second)
        y = self.up3(torch.cat([self.twice(self.deep(third)), third], 1))
        y = self.up2(torch.cat([self.twice(y), second], 1))
        return self.maps(self.up1(torch.cat([self.twice(y), first], 1)))


def bumps(joints: np.ndarray) -> np.ndarray:
    """The maps that are wanted: a bump of deviation 1.2 around each joint."""
    y, x = (np.mgrid[0:MAP, 0:MAP] + 0.5) * SIDE / MAP
    away = (x - joints[:, :1, None]) ** 2 + (y - joints[:, 1:, None]) ** 2
    return np.exp(-away / 2 / (1.2 * SIDE / MAP) ** 2).astype(np.float32)


def keypoints() -> Sample:
    sample = Sample("keypoints")
    random = seeded("keypoints")
    figures = [figure(random, SIDE) for _ in range(700)]
    images, maps = tensor([f[0] for f in figures]), torch.from_numpy(np.stack([bumps(f[1]) for f in figures]))
    model = fit("keypoints", Keypoints(), batches(random, 16, images, maps), lambda y, x: F.mse_loss(y, x) * 100, 900, 6e-3)
    picture, joints = figure(random, SIDE)
    sample.picture("figure.png", picture)
    given = {"image": tensor([picture])}
    sample.export(model, given, ["heatmaps"])
    sample.recipe({"image": {"kind": "image", "size": [SIDE, SIDE], "fit": "stretch", "channels": "rgb", "layout": "nchw", "scale": 1 / 255}},
                  classes=JOINTS)
    x, y = (joints[0] * MAP / SIDE).astype(int)
    sample.refer("figure.png", model, given, ["heatmaps"], {"output": "heatmaps", "index": (0, int(y), int(x))},
                 joints={name: [round(float(at), 2) for at in joint] for name, joint in zip(JOINTS, joints)})
    return sample


FRAMES, SMALL = 8, 32


class Video(nn.Module):
    """[N,3,8,32,32], 0 to 1 -> [N,4] logits."""

    def __init__(self) -> None:
        super().__init__()
        def layer(inputs, outputs, kernel, stride):
            return nn.Sequential(nn.Conv3d(inputs, outputs, kernel, stride, tuple(k // 2 for k in kernel), bias=False), nn.BatchNorm3d(outputs), nn.ReLU())

        self.features = nn.Sequential(layer(3, 8, (3, 3, 3), (1, 2, 2)), layer(8, 16, (3, 3, 3), 2), layer(16, 24, (3, 3, 3), (1, 1, 1)))
        self.classify = nn.Linear(24, len(MOVES))

    def forward(self, x):
        return self.classify(self.features(x).mean((2, 3, 4)))


def video() -> Sample:
    sample = Sample("video")
    random = seeded("video")
    moves = list(MOVES)
    kinds = random.integers(0, len(moves), 500)

    def film(kind):
        return clip(random, moves[kind], FRAMES, SMALL).transpose(3, 0, 1, 2).astype(np.float32) / 255

    films = torch.from_numpy(np.stack([film(kind) for kind in kinds]))
    model = fit("video", Video(), batches(random, 16, films, torch.from_numpy(kinds)), F.cross_entropy, 350, 1e-2)
    for kind in (1, 2):
        values = film(kind)
        sample.array(f"{moves[kind]}.npy", values.astype(np.float32))
        given = {"video": torch.from_numpy(values[None])}
        sample.refer(f"{moves[kind]}.npy", model, given, ["logits"], {"output": "logits", "index": (kind,)}, answer=moves[kind])
    sample.export(model, given, ["logits"])
    sample.recipe({"video": {"kind": "array"}}, classes=moves)
    return sample


def make() -> list[Sample]:
    return [keypoints(), video()]
