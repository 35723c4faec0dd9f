"""Exported models without the weights that a seed can make again."""

from __future__ import annotations

import pathlib

import numpy as np
import onnx
from onnx import numpy_helper

from prng import Spec

#: Smaller tensors stay in the file.
LEAST_ELEMENTS = 256


def known_weights(parameters: dict[str, tuple[Spec, np.ndarray]]) -> dict[tuple, dict]:
    """What an initializer may equal, by its bytes: a parameter as it is, or a matrix transposed."""
    known = {}
    for spec, array in parameters.values():
        if array.size < LEAST_ELEMENTS:
            continue
        known[array.tobytes()] = spec.to_json()
        if array.ndim == 2:
            known.setdefault(array.T.tobytes(), {**spec.to_json(), "transposedFrom": list(array.shape)})
    return known


def strip(model: onnx.ModelProto, parameters: dict[str, tuple[Spec, np.ndarray]], weights_file: str) -> list[dict]:
    """Moves known initializers into an external file that is not written, and says how to make it: in the file's order,
    each part's offset in bytes, its count of float32 and its numbers."""
    known, parts, offset = known_weights(parameters), [], 0
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < LEAST_ELEMENTS:
            continue
        raw = numpy_helper.to_array(tensor).tobytes()
        spec = known.get(raw)
        if spec is None:
            continue
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        del tensor.external_data[:]
        for key, value in [("location", weights_file), ("offset", offset), ("length", len(raw))]:
            tensor.external_data.add(key=key, value=str(value))
        parts.append({"offset": offset, "count": len(raw) // 4, **spec})
        offset += len(raw)
    return parts


def forget_the_exporting_machine(model: onnx.ModelProto) -> None:
    """Drops stack traces: they are long, and name files of the machine that exported."""
    holders = [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer, *model.graph.input,
               *model.graph.output, *model.functions]
    for function in model.functions:
        holders += [*function.node, *function.value_info]
    for holder in holders:
        kept = [p for p in getattr(holder, "metadata_props", []) if not p.key.startswith("pkg.torch")]
        if hasattr(holder, "metadata_props"):
            del holder.metadata_props[:]
            holder.metadata_props.extend(kept)
    for node in model.graph.node:
        node.doc_string = ""


def fill(model: onnx.ModelProto, parts: list[dict]) -> onnx.ModelProto:
    """What materialise.ts makes: the stripped model with its weights, from the parts alone. For checking."""
    filled = onnx.ModelProto()
    filled.CopyFrom(model)
    by_offset = {str(p["offset"]): p for p in parts}
    for tensor in filled.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            entries = {e.key: e.value for e in tensor.external_data}
            part = by_offset[entries["offset"]]
            values = Spec(part["seed"], part["mean"], part["scale"]).values(part["count"])
            if "transposedFrom" in part:
                values = np.ascontiguousarray(values.reshape(part["transposedFrom"]).T)
            del tensor.external_data[:]
            tensor.data_location = onnx.TensorProto.DEFAULT
            tensor.raw_data = values.tobytes()
    return filled


def save(model: onnx.ModelProto, path: pathlib.Path) -> int:
    data = model.SerializeToString()
    path.write_bytes(data)
    return len(data)
