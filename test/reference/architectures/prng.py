"""Numbers that Python and TypeScript (materialise.ts) make alike from a seed, so that no weights need be kept."""

from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Spec:
    """value[i] = float32(mean + scale * u[i]), with u uniform in [-1, 1)."""

    seed: int
    mean: float
    scale: float

    def values(self, *dims: int) -> np.ndarray:
        uniform = hash32(self.seed, int(np.prod(dims))) / 2.0**23 - 1
        return (self.mean + self.scale * uniform).astype(np.float32).reshape(dims)

    def to_json(self) -> dict:
        return asdict(self)


def hash32(seed: int, count: int) -> np.ndarray:
    """The upper 24 bits, as float64, of Wellons' lowbias32 of seed + 0, seed + 1, ... (mod 2^32)."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float64)
