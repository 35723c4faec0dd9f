"""Writes cases.json and operators.bin: small models of single operators with their gradients in float64.

    python make.py [PART-OF-A-NAME]      with an argument: only checks the cases whose name has it, writes nothing

For every case the gradient of sum(seed * output) over all float outputs, with respect to every float input, is found by
central differences of onnx's own reference evaluator in float64 (or, where that lacks the operator or departs from the
specification, by PyTorch's autograd in float64; at kinks by hand). Every case's forward pass is compared with ONNX
Runtime in float32 before it is written, so that a reference that means another operator cannot get in.
"""

import importlib
import json
import pathlib
import sys

import numpy as np

from case import CASES, Case
from differentiate import differentiate, forward_float64, forward_onnxruntime

HERE = pathlib.Path(__file__).parent
FAMILIES = ["elementwise", "convolution", "linear", "pooling", "normalization", "reduction", "shape", "indexing", "resize",
            "recurrent"]
FORWARD_TOLERANCE = 2e-5
DTYPE_NAMES = {np.dtype(d): d for d in
               ["float32", "float64", "int64", "int32", "bool", "uint8", "int8", "float16"]}


class Pack:
    """One binary file of little-endian arrays, each starting at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, raw: bytes) -> dict:
        self.data += b"\0" * (-len(self.data) % 8)
        place = {"offset": len(self.data), "length": len(raw)}
        self.data += raw
        return place

    def array(self, array: np.ndarray) -> dict:
        array = np.asarray(array)
        return {"dataType": DTYPE_NAMES[array.dtype], "dims": list(array.shape),
                **self.add(np.ascontiguousarray(array).tobytes())}


def check_forward(case: Case, outputs: list[np.ndarray]) -> None:
    if case.no_onnxruntime:
        return
    for name, ours, theirs in zip(case.outputs, outputs, forward_onnxruntime(case), strict=True):
        if ours.shape != theirs.shape:
            raise AssertionError(f"{case.name}: {name} has shape {ours.shape}, ONNX Runtime's {theirs.shape}")
        if ours.size and not np.allclose(ours.astype(np.float64), theirs.astype(np.float64), rtol=1e-4, atol=FORWARD_TOLERANCE):
            worst = np.abs(ours.astype(np.float64) - theirs.astype(np.float64)).max()
            raise AssertionError(f"{case.name}: {name} differs from ONNX Runtime's by {worst}")


def entry(case: Case, pack: Pack) -> dict:
    outputs = forward_float64(case)
    check_forward(case, outputs)
    seeds = case.seeds(outputs)
    gradients, how = differentiate(case, seeds, outputs)
    if not case.zero and not any(np.any(g) for g in gradients.values()):
        raise AssertionError(f"{case.name}: all gradients are zero")
    for name, gradient in gradients.items():
        if not np.all(np.isfinite(gradient)):
            raise AssertionError(f"{case.name}: gradient of {name} is not finite")
        if gradient.shape != case.floats[name].shape:
            raise AssertionError(f"{case.name}: gradient of {name} has shape {gradient.shape}")
    return {
        "name": case.name, "operator": case.operator, "opset": case.opset, "how": how,
        **({"kink": True} if case.kink else {}),
        **({"note": case.note} if case.note else {}),
        "model": pack.add(case.model(np.float32).SerializeToString()),
        "inputs": [{"name": n, **pack.array(a)} for n, a in case.inputs.items()],
        "outputs": [{"name": n, **pack.array(a)} for n, a in zip(case.outputs, outputs, strict=True)],
        "seeds": [{"output": n, **pack.array(a.astype(np.float32))} for n, a in seeds.items()],
        "gradients": [{"input": n, **pack.array(a)} for n, a in gradients.items()],
    }


def main() -> None:
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    for family in FAMILIES:
        importlib.import_module(f"cases.{family}")
    names = [c.name for c in CASES]
    if len(set(names)) != len(names):
        raise AssertionError(f"two cases have one name: {sorted(n for n in names if names.count(n) > 1)}")
    pack, entries, failures = Pack(), [], []
    for case in CASES:
        if part not in case.name:
            continue
        try:
            entries.append(entry(case, pack))
        except Exception as error:  # gathered, so that one run shows every case that fails
            failures.append(f"{case.name}: {type(error).__name__}: {str(error)[:400]}")
    for failure in failures:
        print("FAILED", failure)
    operators = sorted({e["operator"] for e in entries})
    print(f"{len(entries)} cases of {len(operators)} operators, {len(failures)} failed, {len(pack.data)} bytes")
    if failures:
        sys.exit(1)
    if not part:
        (HERE / "operators.bin").write_bytes(pack.data)
        lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries)
        (HERE / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
