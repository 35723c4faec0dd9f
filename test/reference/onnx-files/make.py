"""Makes the small ONNX files that the tests read, and files.json with what the onnx package reads from them.

python test/reference/onnx-files/make.py        (onnx 1.23, onnxruntime, numpy, ml_dtypes)
"""

import json
import math
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
expected = {}


def plain(value):
    """A number that JSON can hold: what is not finite as a string, large integers too."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return value
    if isinstance(value, (complex, np.complexfloating)):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value)) if abs(int(value)) > 2**53 else int(value)
    number = float(value)
    return number if math.isfinite(number) else str(number)


def save(name, model, check=True):
    if check:
        onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


def model(graph, opset=21, ir=10, functions=(), opsets=()):
    imports = [helper.make_opsetid("", opset), *opsets]
    result = helper.make_model(
        graph, opset_imports=imports, functions=list(functions), producer_name="make.py", producer_version="1"
    )
    result.ir_version = ir
    return result


# Every element type, as raw_data and in typed fields.
def types():
    bits = {  # (data type, bits, codes): every interesting code of the small formats
        "float16": (TensorProto.FLOAT16, [0, 0x8000, 1, 0x03FF, 0x0400, 0x3C00, 0x3555, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0xC248]),
        "bfloat16": (TensorProto.BFLOAT16, [0, 0x8000, 1, 0x0080, 0x3F80, 0x4049, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0xC248]),
        "float8e4m3fn": (TensorProto.FLOAT8E4M3FN, list(range(256))),
        "float8e4m3fnuz": (TensorProto.FLOAT8E4M3FNUZ, list(range(256))),
        "float8e5m2": (TensorProto.FLOAT8E5M2, list(range(256))),
        "float8e5m2fnuz": (TensorProto.FLOAT8E5M2FNUZ, list(range(256))),
        "float8e8m0": (TensorProto.FLOAT8E8M0, list(range(256))),
        "float4e2m1": (TensorProto.FLOAT4E2M1, list(range(16)) + [7]),
        "uint4": (TensorProto.UINT4, list(range(16)) + [9]),
        "int4": (TensorProto.INT4, list(range(16)) + [9]),
        "uint2": (TensorProto.UINT2, [0, 1, 2, 3, 3, 1]),
        "int2": (TensorProto.INT2, [0, 1, 2, 3, 3, 1]),
        "float6e2m3": (TensorProto.FLOAT6E2M3, list(range(64)) + [33]),
        "float6e3m2": (TensorProto.FLOAT6E3M2, list(range(64)) + [33]),
    }
    arrays = {
        "float32": np.array([0, -0.0, 1.5, -3.25, 1e-45, 3.4e38, np.inf, -np.inf, np.nan, 0.1], np.float32),
        "float64": np.array([0, -0.0, 1.5, 5e-324, 1.7e308, np.inf, np.nan, 0.1], np.float64),
        "uint8": np.array([0, 1, 127, 128, 255], np.uint8),
        "int8": np.array([0, 1, 127, -128, -1], np.int8),
        "uint16": np.array([0, 1, 65535], np.uint16),
        "int16": np.array([0, 32767, -32768, -1], np.int16),
        "uint32": np.array([0, 1, 4294967295], np.uint32),
        "int32": np.array([0, 2147483647, -2147483648, -1], np.int32),
        "uint64": np.array([0, 1, 2**64 - 1, 2**53], np.uint64),
        "int64": np.array([0, 2**63 - 1, -(2**63), -1, 2**53], np.int64),
        "bool": np.array([True, False, True], bool),
        "complex64": np.array([1 + 2j, -0.5 - 1j], np.complex64),
        "complex128": np.array([1 + 2j, -0.5 - 1e-300j], np.complex128),
    }
    tensors, values = [], {}

    def add(tensor):
        tensors.append(tensor)
        array = numpy_helper.to_array(tensor)
        values[tensor.name] = {"dims": list(tensor.dims), "values": [plain(v) for v in array.reshape(-1)]}

    for name, (number, codes) in bits.items():
        width = {"float16": 16, "bfloat16": 16}.get(name) or (
            8 if "8" in name else 6 if "6e" in name else 4 if "4" in name else 2
        )
        packed = sum(code << (i * width) for i, code in enumerate(codes))
        raw = packed.to_bytes(math.ceil(len(codes) * width / 8), "little")
        add(TensorProto(name=f"raw_{name}", data_type=number, dims=[len(codes)], raw_data=raw))
        # Types under 6 bits come in int32_data by the byte, all others by the element (onnx.proto).
        fields = list(raw) if width < 6 else codes
        add(TensorProto(name=f"field_{name}", data_type=number, dims=[len(codes)], int32_data=fields))
    for name, array in arrays.items():
        raw = numpy_helper.from_array(array, f"raw_{name}")
        add(raw)
        if name == "complex64":
            field = TensorProto(name=f"field_{name}", data_type=raw.data_type, dims=[2], float_data=array.view(np.float32))
        elif name == "complex128":
            field = TensorProto(name=f"field_{name}", data_type=raw.data_type, dims=[2], double_data=array.view(np.float64))
        else:
            field = helper.make_tensor(f"field_{name}", raw.data_type, array.shape, array.tolist())
        add(field)
    add(helper.make_tensor("strings", TensorProto.STRING, [2, 2], ["", "a", "Ägyptische Katze", "🐈"]))
    # Large enough that the reader leaves them in the file.
    add(helper.make_tensor("long_int64", TensorProto.INT64, [700], [(-1) ** i * i**5 for i in range(700)]))
    add(helper.make_tensor("long_float", TensorProto.FLOAT, [300], [i / 3 for i in range(300)]))
    add(helper.make_tensor("long_double", TensorProto.DOUBLE, [200], [i / 3 for i in range(200)]))
    add(helper.make_tensor("long_float16", TensorProto.FLOAT16, [2, 300], [i / 8 - 20 for i in range(600)]))
    add(helper.make_tensor("long_strings", TensorProto.STRING, [300], [f"word {i}" for i in range(300)]))
    add(numpy_helper.from_array(np.arange(500, dtype=np.float32).reshape(5, 100) / 7, "long_raw"))
    add(helper.make_tensor("scalar", TensorProto.FLOAT, [], [2.5]))
    add(helper.make_tensor("nothing", TensorProto.FLOAT, [0, 3], []))
    graph = helper.make_graph(
        [helper.make_node("Identity", ["long_raw"], ["y"])],
        "types",
        [],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5, 100])],
        tensors,
    )
    save("types", model(graph, opset=28, ir=14), check=False)
    expected["types"] = values


# If in If, Loop and Scan, with large constants inside, captured values, and a graph in need of sorting.
def subgraphs():
    large = numpy_helper.from_array(np.linspace(-1, 1, 400, dtype=np.float32), "large")
    inner_then = helper.make_graph(
        [helper.make_node("Mul", ["v", "large"], ["a"])],
        "inner_then",
        [],
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, [400])],
        [large],
    )
    inner_else = helper.make_graph(
        [helper.make_node("Neg", ["v"], ["b"])], "inner_else", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, [400])]
    )
    then = helper.make_graph(
        [helper.make_node("If", ["second"], ["c"], "nested_if", then_branch=inner_then, else_branch=inner_else)],
        "then",
        [],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, [400])],
    )
    constant = helper.make_node("Constant", [], ["d"], value=numpy_helper.from_array(np.full(400, 3, np.float32)))
    otherwise = helper.make_graph([constant], "else", [], [helper.make_tensor_value_info("d", TensorProto.FLOAT, [400])])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["going_on"]),
            helper.make_node("Add", ["state", "chosen"], ["state_out"]),
            helper.make_node("ReduceSum", ["state_out"], ["total"], keepdims=0),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [400]),
        ],
        [
            helper.make_tensor_value_info("going_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state_out", TensorProto.FLOAT, [400]),
            helper.make_tensor_value_info("total", TensorProto.FLOAT, []),
        ],
    )
    scan = helper.make_graph(
        [helper.make_node("Add", ["sum_in", "next"], ["sum_out"]), helper.make_node("Identity", ["sum_out"], ["each"])],
        "scan",
        [
            helper.make_tensor_value_info("sum_in", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("sum_out", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("each", TensorProto.FLOAT, []),
        ],
    )
    nodes = [
        helper.make_node("Relu", ["x"], ["v"], "relu"),
        helper.make_node("If", ["first"], ["chosen"], "if", then_branch=then, else_branch=otherwise),
        helper.make_node("Loop", ["times", "", "v"], ["state_last", "totals"], "loop", body=body),
        helper.make_node("Scan", ["zero", "totals"], ["sum_last", "sums"], "scan", body=scan, num_scan_inputs=1),
    ]
    info = helper.make_tensor_value_info
    inputs = [
        info("x", TensorProto.FLOAT, [400]),
        info("first", TensorProto.BOOL, []),
        info("second", TensorProto.BOOL, []),
        info("times", TensorProto.INT64, []),
    ]
    outputs = [info("state_last", TensorProto.FLOAT, [400]), info("sums", TensorProto.FLOAT, ["times"])]
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [], [0])
    save("subgraphs", model(helper.make_graph(nodes, "subgraphs", inputs, outputs, [zero])))
    unsorted = helper.make_graph([nodes[2], nodes[3], nodes[1], nodes[0]], "unsorted", inputs, outputs, [zero])
    save("unsorted", model(unsorted), check=False)
    feeds = {"x": np.linspace(-2, 2, 400, dtype=np.float32), "times": np.array(3)}
    for first in (True, False):
        for second in (True, False):
            got = run(HERE / "subgraphs.onnx", {**feeds, "first": np.array(first), "second": np.array(second)})
            expected[f"subgraphs {first} {second}".lower()] = [plain(v) for v in got["sums"]]


# Functions that call functions, with attribute references, defaults, and a subgraph in the body.
def functions():
    own = helper.make_opsetid("local", 1)
    standard = helper.make_opsetid("", 21)
    slope = helper.make_node("LeakyRelu", ["a"], ["b"])
    slope.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    leaky = helper.make_function(
        "local", "Leaky", ["a"], ["b"], [slope], [standard], attribute_protos=[helper.make_attribute("slope", 0.25)]
    )
    calls = [
        helper.make_node("Leaky", ["p"], ["t"], domain="local"),
        helper.make_node("Leaky", ["t"], ["u"], "inner", domain="local", slope=0.5),
    ]
    given = helper.make_node("Leaky", ["u"], ["q"], domain="local")
    given.attribute.append(onnx.AttributeProto(name="slope", ref_attr_name="last", type=onnx.AttributeProto.FLOAT))
    twice = helper.make_function("local", "Thrice", ["p"], ["q"], [*calls, given], [standard, own], attributes=["last"])
    yes = helper.make_graph(
        [helper.make_node("Add", ["x", "y"], ["r"])], "yes", [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)]
    )
    no_constant = helper.make_node("Constant", [], ["k"])
    no_constant.attribute.append(onnx.AttributeProto(name="value_float", ref_attr_name="shift", type=onnx.AttributeProto.FLOAT))
    no = helper.make_graph(
        [no_constant, helper.make_node("Add", ["x", "k"], ["s"])],
        "no",
        [],
        [helper.make_tensor_value_info("s", TensorProto.FLOAT, None)],
    )
    choose = helper.make_function(
        "local",
        "Choose",
        ["c", "x", "y"],
        ["z"],
        [helper.make_node("If", ["c"], ["z"], then_branch=yes, else_branch=no)],
        [standard],
        attributes=["shift"],
    )
    passing = helper.make_function("local", "Pass", ["m"], ["m", "n"], [helper.make_node("Neg", ["m"], ["n"])], [standard])
    nodes = [
        helper.make_node("Thrice", ["x"], ["t"], "first", domain="local", last=0.125),
        helper.make_node("Thrice", ["t"], ["u"], "second", domain="local"),
        helper.make_node("Choose", ["flag", "u", "x"], ["v"], "choose", domain="local", shift=10.0),
        helper.make_node("Pass", ["v"], ["w", "minus"], domain="local"),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "functions",
        [info("x", TensorProto.FLOAT, [5]), info("flag", TensorProto.BOOL, [])],
        [info("w", TensorProto.FLOAT, [5]), info("minus", TensorProto.FLOAT, [5])],
    )
    made = model(graph, functions=[leaky, twice, choose, passing], opsets=[own])
    save("functions", made, check=False)
    # By hand: no evaluator at hand takes both an absent attribute and a function whose output is its input.
    x = np.array([-4, -1, 0, 1, 4], np.float32)
    leaky_relu = lambda value, slope: np.where(value < 0, value * slope, value)
    thrice = lambda value, last: leaky_relu(leaky_relu(leaky_relu(value, 0.25), 0.5), last)
    u = thrice(thrice(x, 0.125), 0.25)
    for flag, w in (("true", u + x), ("false", u + 10)):
        expected[f"functions {flag}"] = {"w": [plain(v) for v in w], "minus": [plain(-v) for v in w]}


# Every kind of attribute, on operators nobody runs.
def attributes():
    float_type = helper.make_tensor_type_proto(TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["z"])], "sub", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    )
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("sv", TensorProto.FLOAT, [2], [1, 2]), helper.make_tensor("si", TensorProto.INT64, [2], [1, 5]), [2, 3]
    )
    node = helper.make_node(
        "Everything",
        ["x", "", "w"],
        ["y", "", "y2"],
        "all",
        "With a doc string.",
        "custom",
        "over",
        f=0.1,
        i=-3,
        s="text",
        t=helper.make_tensor("t", TensorProto.INT32, [2], [1, 2]),
        g=graph,
        fs=[1.5, -2.5],
        ints=[1, -(2**63), 2**63 - 1],
        ss=["a", "é"],
        ts=[helper.make_tensor("t1", TensorProto.FLOAT, [1], [1]), helper.make_tensor("t2", TensorProto.FLOAT, [0], [])],
        gs=[graph, graph],
        sparse=sparse,
        tp=float_type,
        tps=[float_type, float_type],
        sparses=[sparse],
    )
    node.attribute.append(onnx.AttributeProto(name="not_text", type=onnx.AttributeProto.STRING, s=b"\xff\xfe\x00"))
    node.attribute.append(onnx.AttributeProto(name="not_texts", type=onnx.AttributeProto.STRINGS, strings=[b"ok", b"\xff"]))
    node.attribute.append(onnx.AttributeProto(name="untyped", i=7))
    node.attribute.append(onnx.AttributeProto(name="empty_ints", type=onnx.AttributeProto.INTS))
    info = helper.make_tensor_value_info
    sequence = helper.make_tensor_sequence_value_info("seq", TensorProto.FLOAT, [None, "k"])
    optional = helper.make_value_info("opt", helper.make_optional_type_proto(helper.make_sequence_type_proto(float_type)))
    mapping = helper.make_value_info("map", helper.make_map_type_proto(TensorProto.STRING, float_type))
    sparse_input = helper.make_value_info("sparse_in", helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, [4]))
    inputs = [info("x", TensorProto.FLOAT, ["batch", 3, None], "the input"), sequence, optional, mapping, sparse_input]
    named = helper.make_sparse_tensor(
        helper.make_tensor("w2", TensorProto.FLOAT, [1], [4]), helper.make_tensor("", TensorProto.INT64, [1, 2], [1, 1]), [2, 2]
    )
    made = helper.make_graph(
        [node],
        "attributes",
        inputs,
        [onnx.ValueInfoProto(name="y"), info("y2", TensorProto.FLOAT, None)],
        [helper.make_tensor("w", TensorProto.FLOAT, [], [1])],
        "graph doc",
        [info("inner", TensorProto.INT8, [1])],
        sparse_initializer=[named],
    )
    result = model(made, opsets=[helper.make_opsetid("custom", 3)])
    helper.set_model_props(result, {"names": "{0: 'cat'}", "__proto__": "odd"})
    result.domain, result.model_version, result.doc_string = "example.org", 5, "model doc"
    save("attributes", result, check=False)


# Constant with each of its attributes.
def constants():
    values = {
        "value": numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "value_float": 1.5,
        "value_floats": [1.0, 2.0],
        "value_int": -7,
        "value_ints": [3, 4, 5],
        "value_string": "cat",
        "value_strings": ["a", "b"],
    }
    nodes = [helper.make_node("Constant", [], [name], **{name: value}) for name, value in values.items()]
    for name, indices in {"sparse_flat": [1, 5], "sparse_pairs": [[0, 1], [1, 2]]}.items():
        at = numpy_helper.from_array(np.array(indices, np.int64))
        sparse = helper.make_sparse_tensor(helper.make_tensor("", TensorProto.FLOAT, [2], [4, 8]), at, [2, 3])
        nodes.append(helper.make_node("Constant", [], [name], sparse_value=sparse))
    large = numpy_helper.from_array(np.linspace(0, 1, 600, dtype=np.float32))
    nodes.append(helper.make_node("Constant", [], ["large"], value=large))
    nodes.append(helper.make_node("Mul", ["x", "large"], ["y"]))
    info = helper.make_tensor_value_info
    outputs = [info("y", TensorProto.FLOAT, [600]), *(onnx.ValueInfoProto(name=name) for name in ["value_ints", "sparse_pairs"])]
    outputs[1].CopyFrom(info("value_ints", TensorProto.INT64, [3]))
    outputs[2].CopyFrom(info("sparse_pairs", TensorProto.FLOAT, [2, 3]))
    save("constants", model(helper.make_graph(nodes, "constants", [info("x", TensorProto.FLOAT, [600])], outputs)))


# Initializers among the inputs: constants in IR version 3, defaults from 4 on.
def defaults():
    info = helper.make_tensor_value_info
    weights = helper.make_tensor("w", TensorProto.FLOAT, [2], [3, 4])
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        "defaults",
        [info("x", TensorProto.FLOAT, [2]), info("w", TensorProto.FLOAT, [2])],
        [info("y", TensorProto.FLOAT, [2])],
        [weights],
    )
    save("defaults-ir3", model(graph, opset=7, ir=3))
    save("defaults-ir8", model(graph, opset=15, ir=8))


# Weights in a second file.
def external():
    info = helper.make_tensor_value_info
    weights = numpy_helper.from_array(np.linspace(-1, 1, 1000, dtype=np.float32).reshape(10, 100), "w")
    bias = numpy_helper.from_array(np.arange(100, dtype=np.float32), "b")
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
        "external",
        [info("x", TensorProto.FLOAT, [1, 10])],
        [info("y", TensorProto.FLOAT, [1, 100])],
        [weights, bias],
    )
    path = HERE / "external.onnx"
    (HERE / "external.bin").unlink(missing_ok=True)
    onnx.save(model(graph), path, save_as_external_data=True, location="external.bin", size_threshold=0)
    expected["external"] = [plain(v) for v in run(path, {"x": np.arange(10, dtype=np.float32)[None]})["y"].reshape(-1)]


# A model whose inner shapes are to be inferred; onnx's own inference says what they are.
def shapes():
    info = helper.make_tensor_value_info
    constant = lambda name, values, kind=TensorProto.INT64: helper.make_tensor(name, kind, [len(values)], values)
    floats = lambda name, dims: numpy_helper.from_array(np.zeros(dims, np.float32), name)
    tensors = [
        floats("conv_w", [8, 3, 3, 5]),
        floats("group_w", [8, 2, 3, 3]),
        floats("up_w", [8, 4, 2, 2]),
        floats("dense_w", [10, 96]),
        floats("mat", [96, 7]),
        floats("scale", [8]),
        floats("one", [1]),
        constant("to_flat", [0, -1]),
        constant("pads", [0, 0, 1, 2, 0, 0, 3, 4]),
        constant("axis1", [1]),
        constant("axes", [2, 3]),
        constant("sizes", [3, 5]),
        constant("starts", [-1, 10]),
        constant("ends", [-9, 1]),
        constant("sliced", [2, 3]),
        constant("steps", [-2, -3]),
        constant("minus", [-1]),
        constant("tiles", [1, 2, 1, 3]),
        constant("k", [3]),
        constant("indices", [2, 0, 1]),
        constant("scales", [1, 1, 2, 0.5], TensorProto.FLOAT),
        constant("ones", [1, 8, 1, 1, 1, 1]),
        helper.make_tensor("depth", TensorProto.INT64, [], [6]),
        constant("labels", [1, 2]),
        constant("onoff", [0, 1]),
        constant("zero", [0]),
        floats("lstm_w", [2, 20, 7]),
        floats("lstm_r", [2, 20, 5]),
        helper.make_tensor("spatial", TensorProto.INT64, [2], [2, 4]),
    ]
    n = helper.make_node
    nodes = [
        n("Conv", ["x", "conv_w"], ["conv"], strides=[2, 1], pads=[1, 2, 0, 1], dilations=[1, 2]),
        n("Conv", ["conv", "group_w"], ["grouped"], group=4, auto_pad="SAME_UPPER", strides=[2, 2]),
        n("ConvTranspose", ["grouped", "up_w"], ["up"], strides=[3, 2], pads=[1, 0, 0, 1], output_padding=[1, 0], group=2),
        n("MaxPool", ["conv"], ["pooled", "where"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, pads=[1, 1, 0, 0]),
        n("AveragePool", ["conv"], ["averaged"], kernel_shape=[2, 3], strides=[2, 3]),
        n("GlobalAveragePool", ["conv"], ["global"]),
        n("Flatten", ["global"], ["flat"]),
        n("Reshape", ["global", "to_flat"], ["flat2"]),
        n("BatchNormalization", ["conv", "scale", "scale", "scale", "scale"], ["normal"]),
        n("Relu", ["normal"], ["relu"]),
        n("Add", ["relu", "one"], ["added"]),
        n("Pad", ["conv", "pads"], ["padded"]),
        n("Slice", ["padded", "starts", "ends", "sliced", "steps"], ["slice"]),
        n("Transpose", ["conv"], ["transposed"], perm=[0, 2, 3, 1]),
        n("Concat", ["conv", "relu"], ["both"], axis=1),
        n("Split", ["both"], ["part1", "part2", "part3"], axis=1, num_outputs=3),
        n("Unsqueeze", ["flat", "axis1"], ["row"]),
        n("Squeeze", ["row", "axis1"], ["back"]),
        n("Expand", ["conv", "ones"], ["expanded"]),
        n("Tile", ["conv", "tiles"], ["tiled"]),
        n("ReduceMean", ["conv", "axes"], ["mean"], keepdims=0),
        n("ReduceMax", ["conv", "minus"], ["max"]),
        n("ReduceSum", ["conv"], ["all"]),
        n("ArgMax", ["conv"], ["argmax"], axis=1, keepdims=0),
        n("TopK", ["conv", "k"], ["top", "top_at"]),
        n("Gather", ["conv", "indices"], ["gathered"], axis=2),
        n("Resize", ["conv", "", "scales"], ["resized"]),
        n("DepthToSpace", ["conv"], ["spread"], blocksize=2),
        n("SpaceToDepth", ["expanded6"], ["gathered_up"], blocksize=2),
        n("Einsum", ["conv", "conv"], ["product"], equation="nchw,nchv->nwv"),
        n("OneHot", ["labels", "depth", "onoff"], ["hot"], axis=0),
        n("Shape", ["conv"], ["shape"], start=1),
        n("Gather", ["shape", "zero"], ["channels"]),
        n("Concat", ["minus", "channels"], ["target"], axis=0),
        n("Reshape", ["conv", "target"], ["rows"]),
        n("ConstantOfShape", ["spatial"], ["filled"]),
        n("MatMul", ["tall", "mat"], ["product2"]),
        n("Gemm", ["tall2", "dense_w"], ["dense"], transB=1),
        n("LSTM", ["sequence", "lstm_w", "lstm_r"], ["lstm", "lstm_h", "lstm_c"], hidden_size=5, direction="bidirectional"),
        n("Softmax", ["dense"], ["probabilities"]),
        n("Where", ["flags", "tall2", "one"], ["either"]),
        n("NonZero", ["tall2"], ["nonzero"]),
    ]
    inputs = [
        info("x", TensorProto.FLOAT, ["N", 3, 33, 40]),
        info("expanded6", TensorProto.FLOAT, [2, 3, 8, 10]),
        info("tall", TensorProto.FLOAT, ["N", 4, 96]),
        info("tall2", TensorProto.FLOAT, ["N", 96]),
        info("sequence", TensorProto.FLOAT, [9, "N", 7]),
        info("flags", TensorProto.BOOL, [96]),
    ]
    made = model(helper.make_graph(nodes, "shapes", inputs, [onnx.ValueInfoProto(name="probabilities")], tensors), opset=18)
    inferred = onnx.shape_inference.infer_shapes(made, strict_mode=True, data_prop=True)
    shapes = {}
    for value in [*inferred.graph.value_info, *inferred.graph.output]:
        dims = [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in value.type.tensor_type.shape.dim]
        # onnx names unknown dimensions itself; they are unknown all the same.
        shapes[value.name] = [None if isinstance(d, str) and d.startswith("unk__") else d for d in dims]
    missing = {o for node in nodes for o in node.output} - set(shapes)
    assert not missing, missing
    onnx.save(made, HERE / "shapes.onnx")
    expected["shapes"] = shapes


def run(path, feeds):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


for make in (types, subgraphs, functions, attributes, constants, defaults, external, shapes):
    make()
(HERE / "files.json").write_text(json.dumps({"onnx": onnx.__version__, **expected}, separators=(",", ":")) + "\n")
print(f"{sum(1 for _ in HERE.glob('*.onnx'))} files, onnx {onnx.__version__}", file=sys.stderr)
