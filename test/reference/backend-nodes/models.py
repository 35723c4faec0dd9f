"""The standard's node tests as models with tensors at their border, and the same in float64."""

from __future__ import annotations

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOATS = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}


#: The newest opset that ONNX Runtime 1.30 runs, and the newest for operators whose later version it lacks.
NEWEST, OLDER = 26, {"RoiAlign": 21}


def lowered(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same nodes in an opset that ONNX Runtime runs, where they are valid in it: later versions mostly add types."""
    highest = min([NEWEST, *(OLDER[n.op_type] for n in model.graph.node if n.op_type in OLDER)])
    if all(o.version <= highest for o in model.opset_import if o.domain == ""):
        return model
    older = onnx.ModelProto()
    older.CopyFrom(model)
    for imported in older.opset_import:
        if imported.domain == "":
            imported.version = highest
    older.ir_version = min(older.ir_version, 11)
    try:
        onnx.checker.check_model(older, full_check=True)
    except Exception:  # the case needs what came later: it stays, and is counted as not run
        return model
    return older


def flatten_border(model: onnx.ModelProto, inputs: list, outputs: list) -> tuple[onnx.ModelProto, list, list]:
    """Sequences and optionals as tensors: made inside from tensor inputs, and taken apart for the outputs."""
    graph = model.graph
    before, after, infos, arrays = [], [], [], []
    for info, value in zip(graph.input, inputs, strict=False):
        kind = info.type.WhichOneof("value")
        if kind == "tensor_type":
            infos.append(info)
            arrays.append(value)
            continue
        items = value if isinstance(value, list) else [value]
        if not items or any(item is None or isinstance(item, list) for item in items):
            raise NotImplementedError("an empty or nested sequence or optional as an input")
        names = [f"{info.name}_{index}" for index in range(len(items))]
        for name, item in zip(names, items, strict=True):
            item = np.asarray(item)
            infos.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(item.dtype), item.shape))
            arrays.append(item)
        sequence = info.type.HasField("sequence_type") or info.type.optional_type.elem_type.HasField("sequence_type")
        inner = f"{info.name}_inner" if kind == "optional_type" else info.name
        before.append(helper.make_node("SequenceConstruct", names, [inner]) if sequence else helper.make_node("Identity", names, [inner]))
        if kind == "optional_type":
            before.append(helper.make_node("Optional", [inner], [info.name]))
    found, values = [], []
    for info, value in zip(graph.output, outputs, strict=False):
        if info.type.WhichOneof("value") == "tensor_type":
            found.append(info)
            values.append(value)
            continue
        source = info.name
        if info.type.WhichOneof("value") == "optional_type":
            after.append(helper.make_node("OptionalGetElement", [source], [f"{source}_element"]))
            source = f"{source}_element"
        if not isinstance(value, list):
            found.append(onnx.ValueInfoProto(name=source))
            values.append(value)
            continue
        for index, item in enumerate(value):
            place = f"{source}_place_{index}"
            after.append(helper.make_node("Constant", [], [place], value_int=index))
            after.append(helper.make_node("SequenceAt", [source, place], [f"{source}_{index}"]))
            found.append(onnx.ValueInfoProto(name=f"{source}_{index}"))
            values.append(item)
    if not before and not after:
        return model, arrays, values
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    nodes = [*before, *graph.node, *after]
    del changed.graph.node[:], changed.graph.input[:], changed.graph.output[:]
    changed.graph.node.extend(nodes)
    changed.graph.input.extend(infos)
    changed.graph.output.extend(found)
    return changed, arrays, values


#: Operators that the reference evaluator has under their later names only, and those names' opset.
REPLACED = {"Scatter": ("ScatterElements", 18), "Upsample": ("Resize", 19)}


def in_float64(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every float type of the model becomes float64, so that nothing rounds inside."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)

    def tensor(value: onnx.TensorProto) -> None:
        if value.data_type in FLOATS:
            name = value.name
            value.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(value).astype(np.float64), name))

    def graph(part: onnx.GraphProto) -> None:
        for info in [*part.input, *part.output, *part.value_info]:
            if info.type.tensor_type.elem_type in FLOATS:
                info.type.tensor_type.elem_type = TensorProto.DOUBLE
        for value in part.initializer:
            tensor(value)
        for node in part.node:
            if node.op_type in REPLACED:
                node.op_type, opset = REPLACED[node.op_type]
                for imported in wide.opset_import:
                    imported.version = opset
                if node.op_type == "Resize":
                    scales = node.input[1]
                    del node.input[1:]
                    node.input.extend(["", scales])
                    node.attribute.extend([helper.make_attribute("coordinate_transformation_mode", "asymmetric"), helper.make_attribute("nearest_mode", "floor")])
            if node.op_type == "Constant":
                for attribute in list(node.attribute):
                    if attribute.name in ("value_float", "value_floats"):
                        array = np.asarray(attribute.f if attribute.name == "value_float" else list(attribute.floats), dtype=np.float64)
                        node.attribute.remove(attribute)
                        node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(array)))
            for attribute in node.attribute:
                if attribute.name in ("to", "dtype", "output_datatype", "stash_type", "softmax_precision") and attribute.i in FLOATS:
                    attribute.i = TensorProto.DOUBLE
                if attribute.HasField("t"):
                    tensor(attribute.t)
                if attribute.HasField("g"):
                    graph(attribute.g)

    graph(wide.graph)
    return wide


def load(case) -> tuple[onnx.ModelProto, list, list]:
    if case.model_dir is None:
        inputs, outputs = case.data_sets[0]
        return case.model, [*inputs], [*outputs]
    folder = pathlib.Path(case.model_dir)
    model = onnx.load(folder / "model.onnx")

    def read(kind: str, infos) -> list:
        values = []
        for index, info in enumerate(infos):
            raw = (folder / "test_data_set_0" / f"{kind}_{index}.pb").read_bytes()
            which = info.type.WhichOneof("value")
            if which == "sequence_type":
                values.append(numpy_helper.to_list(onnx.SequenceProto.FromString(raw)))
            elif which == "optional_type":
                values.append(numpy_helper.to_optional(onnx.OptionalProto.FromString(raw)))
            else:
                values.append(numpy_helper.to_array(onnx.TensorProto.FromString(raw)))
        return values

    return model, read("input", model.graph.input), read("output", model.graph.output)
