"""Derivatives of a seeded score by central differences of onnx.reference in float64, kinks left out."""

from __future__ import annotations

import zlib

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from models import in_float64

FULL, COORDINATES, DIRECTIONS = 12, 6, 2


def is_float(array: np.ndarray) -> bool:
    return array.dtype in (np.float16, np.float32, np.float64) or array.dtype.name == "bfloat16"


def seeds(name: str, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Multiples of 1/1024 in [-1, 1]; infinite and undefined elements count for nothing."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    weights = {n: rng.integers(-1024, 1025, a.shape).astype(np.float64) / 1024 for n, a in outputs.items() if is_float(a)}
    return {n: np.where(np.isfinite(outputs[n].astype(np.float64)), w, 0) for n, w in weights.items()}


def probes(name: str, array: np.ndarray) -> np.ndarray:
    """Coordinates along which the derivative is taken: all of a small array, some of a large one."""
    if array.size <= FULL:
        return np.arange(array.size)
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    return np.sort(rng.choice(array.size, COORDINATES, replace=False))


def directions(name: str, array: np.ndarray) -> list[np.ndarray]:
    if array.size <= FULL:
        return []
    # In 64ths, stored as they are.
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 2)
    return [rng.integers(-64, 65, array.shape).astype(np.int8) for _ in range(DIRECTIONS)]


class LpNormalization(OpRun):
    """The reference's own adds up x, not |x|, for p = 1: beside zero that is another function than the standard's."""

    op_domain = ""

    def _run(self, x, axis=None, p=None):
        axis, p = -1 if axis is None else axis, p or 2
        norm = np.abs(x).sum(axis=axis, keepdims=True) if p == 1 else np.sqrt((x * x).sum(axis=axis, keepdims=True))
        return (np.where(norm == 0, 0.0, x / np.where(norm == 0, 1.0, norm)),)


def derivatives(name: str, model: onnx.ModelProto, names: list[str], arrays: dict[str, np.ndarray]) -> tuple[dict, float, list]:
    evaluator = ReferenceEvaluator(in_float64(model), new_ops=[LpNormalization])
    outputs = [o.name for o in model.graph.output]
    inputs = {n: np.asarray(a).astype(np.float64) if is_float(a) else a for n, a in arrays.items()}
    made = dict(zip(outputs, evaluator.run(None, inputs), strict=True))
    weights = seeds(name, {n: np.asarray(v) for n, v in made.items()})
    if not weights:
        raise NotImplementedError("no float output")

    def score(key: str, moved: np.ndarray) -> float:
        values = dict(zip(outputs, evaluator.run(None, {**inputs, key: moved}), strict=True))
        total = 0.0
        for n, w in weights.items():
            value = np.asarray(values[n], dtype=np.float64)
            if value.shape != w.shape:
                raise OtherShape
            total += float(np.sum(np.where(w == 0, 0, value) * w))
        return total

    rounded = any(np.asarray(v).dtype in (np.float32, np.float16) for n, v in made.items() if n in weights)
    middle = sum(float(np.sum(np.where(w == 0, 0, np.asarray(made[n], dtype=np.float64)) * w)) for n, w in weights.items())
    found = []
    for key in names:
        array = inputs[key]
        alongs, coordinates, wide = [], probes(f"{name}/{key}", array), directions(f"{name}/{key}", array)
        for index in coordinates:
            along = np.zeros(array.size)
            along[index] = 1
            alongs.append(along.reshape(array.shape))
        alongs += [d / 64.0 for d in wide]

        def shifted(step: float, along: np.ndarray, key: str = key, array: np.ndarray = array) -> float:
            return score(key, array + step * along)

        try:
            inside = "surely" if rounded else rounds(shifted, np.random.default_rng(3).uniform(-1, 1, array.shape), middle)
        except OtherShape:
            inside = ""
        found.append((key, coordinates, wide, [derivative(shifted, a, middle, inside) for a in alongs]))
    return weights, middle, found


#: Steps, orders and how far two widths may differ; wide and of fourth order where the reference evaluator rounds inside.
LADDER = [(1e-4, 2, 2e-6), (2e-6, 2, 2e-5)]
ROUNDED = [(1.6e-2, 4, 1e-4)]
#: How much of the derivative a jump of it may be.
JUMP = 5e-4


def rounds(shifted, along: np.ndarray, middle: float) -> str:
    """Whether the reference evaluator computes in float32 somewhere inside: to one side all else is a straight line, near enough."""
    whole, half = shifted(1e-9, along) - middle, shifted(5e-10, along) - middle
    if abs(whole - 2 * half) > 0.05 * abs(whole) + 1e-14 * abs(middle):
        return "surely"
    wide = (shifted(1e-4, along) - middle) / 1e-4
    return "perhaps" if abs(whole / 1e-9 - wide) > 1e-3 * max(abs(wide), 1e-2) else ""


def derivative(shifted, along: np.ndarray, middle: float, rounded: str) -> float | None:
    """None on a kink. What looks like rounding may be a strong curve: then narrow steps find it."""
    try:
        return steepness(shifted, along, middle, rounded)
    except OtherShape:
        return None


class OtherShape(Exception):
    """The output has another shape beside the input: there is no derivative there."""


def steepness(shifted, along: np.ndarray, middle: float, rounded: str) -> float | None:
    if not rounded:
        return slope(shifted, along, middle, LADDER, False)
    wide = slope(shifted, along, middle, ROUNDED, True)
    return slope(shifted, along, middle, LADDER[1:], False) if wide is None and rounded == "perhaps" else wide


def slope(shifted, along: np.ndarray, middle: float, steps: list, rounded: bool) -> float | None:
    """The derivative along a direction; None on a kink, or where no two widths agree."""
    for step, order, agreement in steps:
        f = {k: shifted(k * step / 2, along) for k in ((-2, -1, 1, 2) if order == 2 else (-4, -2, -1, 1, 2, 4))}
        if order == 2:
            far, near = (f[2] - f[-2]) / (2 * step), (f[1] - f[-1]) / step
        else:
            far = (8 * (f[2] - f[-2]) - (f[4] - f[-4])) / (12 * step)
            near = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (6 * step)
        if not np.isfinite(near):
            return None
        # On a kink the slopes to both sides differ however narrow the step; elsewhere by half as much at half the step.
        bend = abs((f[2] - middle) - (middle - f[-2])) / step
        bend_near = abs((f[1] - middle) - (middle - f[-1])) / (step / 2)
        size = max(1e-3, abs(near))
        if bend_near > 0.75 * bend and bend_near > JUMP * size + (1e-4 * max(1, abs(middle)) if rounded else 0):
            return None
        if abs(far - near) <= agreement * size:
            return near
    return None
