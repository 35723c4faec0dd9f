"""Writes cases.json.gz and backend-nodes.bin.gz: the ONNX standard's own node tests with their gradients in float64.

    python make.py [PART-OF-A-NAME]      with an argument: only these cases, writes nothing

Of onnx.backend.test.loader.load_model_tests(kind="node") every case with a float input and a float output. The score is a
seeded random weighting of all float outputs; its derivatives are central differences of onnx.reference in float64: along
every coordinate of small inputs, along seeded coordinates and seeded random directions of large ones. Two widths must
agree, or that derivative lies on a kink and is left out; a case with none left is packed with its reason in place of
numbers, and the test counts it. Sequences and optionals at the border become tensors: ONNX Runtime for Node takes no others.
"""

import gzip
import json
import multiprocessing
import pathlib
import signal
import sys
import warnings

import numpy as np
import onnx
from onnx.backend.test.loader import load_model_tests

from derivatives import derivatives, is_float
from models import flatten_border, load, lowered

HERE = pathlib.Path(__file__).parent
#: Processor time that a case's reference may take.
SECONDS = 60

warnings.filterwarnings("ignore")
np.seterr(all="ignore")


#: Float inputs that decide how the operator works, its output's shape among it: Dropout's ratio and the scales.
SETTINGS = {"Dropout": 1, "Upsample": 1, "Resize": 2}


class Pack:
    """Little-endian arrays in one file, each at a multiple of 8 bytes; equal ones are stored once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.places: dict[bytes, dict] = {}

    def add(self, raw: bytes) -> dict:
        if raw not in self.places:
            self.data += b"\0" * (-len(self.data) % 8)
            self.places[raw] = {"offset": len(self.data), "length": len(raw)}
            self.data += raw
        return dict(self.places[raw])

    def array(self, array: np.ndarray) -> dict:
        return {"dataType": str(array.dtype), "dims": list(array.shape), **self.add(np.ascontiguousarray(array).tobytes())}


def operator_of(name: str, bases: dict[str, str], model: onnx.ModelProto) -> str:
    """The operator that a case is about; an expanded one's is that of the case it expands."""
    base = name.split("_expanded")[0]
    return bases.get(base) or model.graph.node[0].op_type


RANDOM = {"Bernoulli", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial"}


def drawn(model: onnx.ModelProto, arrays: dict[str, np.ndarray]) -> bool:
    for node in model.graph.node:
        training = node.op_type == "Dropout" and len(node.input) > 2 and bool(np.any(arrays.get(node.input[2], False)))
        if node.op_type in RANDOM or (training and (node.input[1] == "" or np.any(arrays.get(node.input[1], 1)))):
            return True
    return False


class Raw(Pack):
    """Keeps the bytes where they are named, until the one file is written."""

    def add(self, raw: bytes) -> dict:
        return {"raw": raw}


def packed(value, pack: Pack):
    if isinstance(value, list):
        return [packed(item, pack) for item in value]
    if not isinstance(value, dict):
        return value
    made = {k: packed(v, pack) for k, v in value.items() if k != "raw"}
    return {**made, **pack.add(value["raw"])} if "raw" in value else made


def attempt(work: tuple) -> dict | str | None:
    case, bases = work
    try:
        return entry(case, bases, Raw())
    except NotImplementedError as error:
        return f"{case.name}: {error}"


def entry(case, bases: dict[str, str], pack: Pack) -> dict | None:
    model, given, expected = load(case)
    model, given, expected = flatten_border(lowered(model), given, expected)
    arrays = {i.name: np.asarray(v) for i, v in zip(model.graph.input, given, strict=False)}
    settings = {node.input[SETTINGS[node.op_type]] for node in model.graph.node if len(node.input) > SETTINGS.get(node.op_type, 99)}
    floats = [n for n, a in arrays.items() if is_float(a) and n not in settings]
    if not floats or not any(is_float(np.asarray(v)) for v in expected):
        return None
    if any(node.domain not in ("", "ai.onnx") for node in model.graph.node):
        return None
    operator = operator_of(case.name, bases, model)
    result = {
        "name": case.name, "operator": operator,
        "opset": max(o.version for o in model.opset_import if o.domain == "") if any(o.domain == "" for o in model.opset_import) else 0,
        "model": pack.add(model.SerializeToString()),
    }
    if drawn(model, arrays):
        return {**result, "skip": "random: drawn anew by each program"}
    if any(a.dtype.name not in NUMPY for a in arrays.values()):
        return {**result, "skip": f"inputs of type {', '.join(sorted({a.dtype.name for a in arrays.values()} - NUMPY))}, which NumPy and Node lack"}
    result["inputs"] = [{"name": n, **pack.array(a)} for n, a in arrays.items()]
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        weights, middle, found = derivatives(case.name, model, floats, arrays)
    except Exception as error:  # gathered: the table says how many cases have no reference, and why
        return {**result, "skip": f"no reference: {type(error).__name__}: {str(error)[:120]}"}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    kept = [(key, [i for i, v in enumerate(values) if v is not None], coordinates, wide, values) for key, coordinates, wide, values in found]
    if not any(places for _, places, *_ in kept):
        return {**result, "skip": "kink: along every direction"}
    result["score"] = middle
    result["kinks"] = sum(len(values) - len(places) for _, places, *_, values in kept)
    result["seeds"] = [{"output": n, **pack.array(w.astype(np.float32))} for n, w in weights.items()]
    result["gradients"] = [
        {"input": key, "coordinates": [int(coordinates[i]) for i in places if i < len(coordinates)], "derivatives": [float(values[i]) for i in places],
         "directions": [pack.array(wide[i - len(coordinates)]) for i in places if i >= len(coordinates)]} for key, places, coordinates, wide, values in kept]
    return result


NUMPY = {"float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"}


def late(*_):
    raise TimeoutError(f"the reference takes more than {SECONDS} s")


def main() -> None:
    signal.signal(signal.SIGVTALRM, late)
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = load_model_tests(kind="node")
    bases = {}
    for case in cases:
        model = case.model if case.model_dir is None else onnx.load(pathlib.Path(case.model_dir) / "model.onnx")
        if len(model.graph.node) == 1:
            bases[case.name] = model.graph.node[0].op_type
    pack, entries = Pack(), []
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for made in pool.imap(attempt, [(case, bases) for case in cases if part in case.name], chunksize=4):
            if isinstance(made, str):
                print("OUTSIDE", made)
            elif made:
                entries.append(packed(made, pack))
    for made in entries:
        if "skip" in made:
            print("SKIP", made["name"], made["operator"], made["skip"])
    print(f"{len(entries)} cases, {sum('skip' in e for e in entries)} without reference, {len(pack.data)} bytes")
    if not part:
        text = "[\n" + ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries) + "\n]\n"
        (HERE / "cases.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        (HERE / "backend-nodes.bin.gz").write_bytes(gzip.compress(bytes(pack.data), 9, mtime=0))


if __name__ == "__main__":
    main()
