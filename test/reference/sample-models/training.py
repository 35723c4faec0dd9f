"""Training in a few hundred steps on one thread, always from the same seeds."""

from __future__ import annotations

import copy
import time
import zlib

import numpy as np
import torch

torch.set_num_threads(1)


def seeded(name: str) -> np.random.Generator:
    """The random numbers of a sample, by its name; PyTorch's are seeded along."""
    seed = zlib.crc32(name.encode())
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def fit(name: str, model, batch, loss, steps: int, rate=3e-3):
    """`batch()` gives (inputs, truth), `loss(outputs, truth)` a number; Adam, the rate falling along a cosine. Gives the model, in eval."""
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    model.train()
    began, recent = time.monotonic(), []
    for _ in range(steps):
        inputs, truth = batch()
        value = loss(model(*inputs) if isinstance(inputs, tuple) else model(inputs), truth)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
        recent = [*recent[-19:], value.item()]
    print(f"{name}: loss {np.mean(recent):.4f} after {steps} steps, {time.monotonic() - began:.0f} s", flush=True)
    return model.eval()


def in_double(model):
    """A copy in float64, for reference numbers."""
    return copy.deepcopy(model).double().eval()


def batches(random: np.random.Generator, size: int, *tensors):
    """Draws random batches of tensors that have as many entries each."""

    def draw():
        chosen = torch.from_numpy(random.integers(0, len(tensors[0]), size))
        return tuple(tensor[chosen] for tensor in tensors)

    return draw
