"""Forward passes and gradients of a case: central differences of onnx.reference, or PyTorch in float64."""

from __future__ import annotations

import numpy as np
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator

from case import Case

STEP = 1e-3
#: Two step widths must agree to this, relative to the gradient's largest value: it fails beside a kink, and where an
#: operator of the reference evaluator computes in float32 behind a float64 type.
AGREEMENT = 1e-8

onnxruntime.set_default_logger_severity(4)


def float64_inputs(case: Case) -> dict[str, np.ndarray]:
    return {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in case.inputs.items()}


def torch_forward(case: Case, inputs: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    constants = {n: torch.from_numpy(a.astype(np.float64) if a.dtype == np.float32 else a)
                 for n, a in case.constants.items()}
    result = case.torch(**inputs, **constants)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def forward_float64(case: Case) -> list[np.ndarray]:
    if case.torch:
        inputs = {n: torch.from_numpy(np.array(a)) for n, a in float64_inputs(case).items()}
        return [np.asarray(t.detach().numpy()) for t in torch_forward(case, inputs)]
    # Casts by value type (Cast to float32) stay what they are: this is the only place where float32 may come out.
    return [np.asarray(o) for o in ReferenceEvaluator(case.model(np.float64)).run(None, float64_inputs(case))]


def forward_onnxruntime(case: Case) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(case.model(np.float32).SerializeToString(), options, ["CPUExecutionProvider"])
    return [np.asarray(o) for o in session.run(None, case.inputs)]


def differentiate(case: Case, seeds: dict[str, np.ndarray], outputs: list[np.ndarray]) -> tuple[dict[str, np.ndarray], str]:
    """The gradient of sum(seed * output) for each float input, and how it was found."""
    if case.by_hand:
        found = case.by_hand(**{f"seed_{n}" if len(seeds) > 1 else "seed": s for n, s in seeds.items()})
        if not isinstance(found, dict):
            found = {next(iter(case.floats)): found}
        return {n: np.asarray(found[n], dtype=np.float64) for n in case.floats}, "by hand"
    if case.torch:
        return torch_gradients(case, seeds), "torch float64"
    return central_differences(case, seeds), "onnx.reference central differences"


def torch_gradients(case: Case, seeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    inputs = {n: torch.from_numpy(np.array(a)) for n, a in float64_inputs(case).items()}
    for name in case.floats:
        inputs[name].requires_grad_(True)
    outputs = dict(zip(case.outputs, torch_forward(case, inputs), strict=True))
    score = sum((outputs[n] * torch.from_numpy(s)).sum() for n, s in seeds.items())
    wanted = [inputs[n] for n in case.floats]
    gradients = torch.autograd.grad(score, wanted, allow_unused=True)
    return {n: (g if g is not None else torch.zeros_like(inputs[n])).numpy()
            for n, g in zip(case.floats, gradients, strict=True)}


def central_differences(case: Case, seeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    evaluator = ReferenceEvaluator(case.model(np.float64))
    inputs = float64_inputs(case)

    def score(name: str, index: tuple[int, ...], shift: float) -> float:
        moved = inputs[name].copy()
        moved[index] += shift
        outputs = dict(zip(case.outputs, evaluator.run(None, {**inputs, name: moved}), strict=True))
        return float(sum(np.sum(np.asarray(outputs[n], dtype=np.float64) * s) for n, s in seeds.items()))

    def slope(name: str, index: tuple[int, ...], step: float) -> float:
        """Fourth order: the error is step^4 times the fifth derivative over 30."""
        near = score(name, index, step) - score(name, index, -step)
        far = score(name, index, 2 * step) - score(name, index, -2 * step)
        return (8 * near - far) / (12 * step)

    gradients = {}
    for name, array in case.floats.items():
        wide, narrow = np.zeros(array.shape), np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            wide[index], narrow[index] = slope(name, index, STEP), slope(name, index, STEP / 2)
        largest = max(1.0, np.abs(narrow).max(initial=0))
        if np.abs(wide - narrow).max(initial=0) > AGREEMENT * largest:
            raise AssertionError(f"gradient of {name}: two step widths differ by {np.abs(wide - narrow).max()}")
        gradients[name] = narrow
    return gradients
