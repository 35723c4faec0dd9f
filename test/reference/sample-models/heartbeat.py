"""A signal with a sampling rate: two leads of a heart's rhythm, and which kind of beat is among them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from layers import conv1d
from training import batches, fit, seeded
from writing import Sample

#: Samples a second, and of a recording: four seconds.
RATE, LENGTH = 125, 500
RHYTHMS = ["regular", "premature beat", "missing beat"]
#: P, Q, R, S and T: seconds from R, height in millivolts of either lead, width in seconds.
WAVES = [(-0.18, 0.12, 0.10, 0.03), (-0.035, -0.12, -0.06, 0.012), (0, 1.0, 0.65, 0.014), (0.035, -0.22, -0.35, 0.014), (0.24, 0.28, 0.2, 0.05)]


def beat(time: np.ndarray, at: float, wide: bool) -> np.ndarray:
    """One beat around `at` seconds, [2,LENGTH]; a wide one has no P, a broad R and T upside down."""
    waves = WAVES if not wide else [(0, 0.9, 1.1, 0.05), (0.28, -0.35, -0.3, 0.07)]
    return sum(np.outer([first, second], np.exp(-(((time - at - offset) / width) ** 2) / 2)) for offset, first, second, width in waves)


def recording(random: np.random.Generator, kind: int):
    """A recording [2,LENGTH] in millivolts, and the seconds from and to which what is special lies."""
    time = np.arange(LENGTH) / RATE
    gap = random.uniform(0.65, 0.95)
    first = random.uniform(-0.5, 0) * gap
    beats = [first + gap * (i + random.normal(0, 0.015)) for i in range(8)]
    inside = [i for i, at in enumerate(beats) if 1.0 < at < 2.9]
    special, region = int(random.choice(inside)), (0.0, 0.0)
    signal = np.zeros((2, LENGTH))
    for i, at in enumerate(beats):
        if i != special or kind == 0:
            signal += beat(time, at, False)
        elif kind == 1:
            early = at - gap * random.uniform(0.3, 0.42)
            region = (early - 0.15, early + 0.45)
            signal += beat(time, early, True)
        else:
            region = (beats[i - 1] + 0.35, beats[i + 1] - 0.25)
    drift = random.uniform(0.02, 0.12) * np.sin(2 * np.pi * (random.uniform(0.15, 0.4) * time + random.uniform()))
    scale = random.uniform(0.85, 1.15)
    return (scale * signal + drift + random.normal(0, 0.025, signal.shape)).astype(np.float32), region


class Heartbeat(nn.Module):
    """[N,2,500] millivolts -> [N,3] logits."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(conv1d(2, 12, 9, 2), conv1d(12, 16, 9, 2), conv1d(16, 20, 9, 2), conv1d(20, 24, 9), conv1d(24, 24, 7))
        self.classify = nn.Linear(24, len(RHYTHMS))

    def forward(self, x):
        return self.classify(self.features(x).amax(2))


def make() -> list[Sample]:
    sample = Sample("heartbeat", shipped=True)
    random = seeded("heartbeat")
    kinds = random.integers(0, 3, 1500)
    signals = torch.from_numpy(np.stack([recording(random, kind)[0] for kind in kinds]))
    draw = batches(random, 32, signals, torch.from_numpy(kinds))
    model = fit("heartbeat", Heartbeat(), draw, F.cross_entropy, 500)
    tests = [recording(random, kind)[0] for kind in kinds[:300]]
    right = (model(torch.from_numpy(np.stack(tests))).argmax(1).numpy() == kinds[:300]).mean()
    print(f"heartbeat: {right:.3f} of new recordings are right")
    sample.recipe({"signal": {"kind": "array", "rate": RATE, "channels": ["lead 1", "lead 2"]}}, classes=RHYTHMS)
    for kind, name in enumerate(RHYTHMS):
        signal, region = recording(random, kind)
        file = f"{name.replace(' ', '-')}.npy"
        sample.array(file, signal)
        given = {"signal": torch.from_numpy(signal[None])}
        if kind == 0:
            sample.export(model, given, ["logits"])
        special = {} if kind == 0 else {"seconds": [round(float(at), 3) for at in region]}
        sample.refer(file, model, given, ["logits"], {"output": "logits", "index": (kind,)}, answer=name, **special)
    return [sample]
