"""
One float network and the forms in which ONNX Runtime's quantisation tools write it: all have the float network's parameters, as other elements.
Run: python make.py (onnx, onnxruntime, numpy). Writes the models and counts.json: the float network's parameters by layer, and the types expected.
"""
import copy
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

HERE = Path(__file__).parent
rng = np.random.default_rng(0)
counts = {}


def weight(name, *shape):
    return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)


def model(nodes, inputs, outputs, weights, opset=17, extra=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in extra)], ir_version=10)
    return made


def floats(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def save(made, name, expected):
    onnx.save(made, HERE / f"{name}.onnx")
    counts[name] = expected


class Data(CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


# A picture's network: convolution, a shape computed by constants, a dense layer.
conv = model(
    [
        helper.make_node("Conv", ["x", "c.w", "c.b"], ["c"], pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Reshape", ["r", "shape"], ["flat"]), helper.make_node("Gemm", ["flat", "f.w", "f.b"], ["y"], transB=1),
    ],
    [floats("x", 1, 3, 8, 8)], [floats("y", 1, 5)],
    [weight("c.w", 4, 3, 3, 3), weight("c.b", 4), weight("f.w", 5, 256), weight("f.b", 5), numpy_helper.from_array(np.array([1, 256], np.int64), "shape")],
)
CONV = 4 * 27 + 4 + 5 * 256 + 5
save(conv, "conv", {"total": CONV, "types": {"float32": CONV}})
with tempfile.TemporaryDirectory() as folder:
    source, target = f"{folder}/a.onnx", f"{folder}/b.onnx"
    onnx.save(conv, source)
    feeds = [{"x": rng.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(4)]
    for name, form, options in [("conv-qdq", QuantFormat.QDQ, {}), ("conv-qdq-per-channel", QuantFormat.QDQ, {"per_channel": True}), ("conv-qlinear", QuantFormat.QOperator, {}),
                                ("conv-qdq-int4", QuantFormat.QDQ, {"weight_type": QuantType.QInt4})]:
        quantize_static(source, target, Data(feeds), quant_format=form, **{"weight_type": QuantType.QInt8, **options})
        made = onnx.load(target)
        narrow = "int4" if "int4" in name else "int8"
        biases = 9
        save(made, name, {"total": CONV, "types": {narrow: CONV - biases, "int32": biases}})
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
    # ConvInteger and MatMulInteger, biases added afterwards.
    save(onnx.load(target), "conv-integer", {"total": CONV, "types": {"uint8": CONV - 9, "float32": 9}})

# A text's network: a look-up, an LSTM, a dense layer.
text = model(
    [
        helper.make_node("Gather", ["table", "ids"], ["e"]), helper.make_node("Transpose", ["e"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "l.w", "l.r", "l.b"], ["h", "", ""], hidden_size=6), helper.make_node("Squeeze", ["h", "axis"], ["s"]),
        helper.make_node("MatMul", ["s", "m.w"], ["y"]),
    ],
    [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, 7])], [floats("y", 7, 1, 3)],
    [weight("table", 50, 8), weight("l.w", 1, 24, 8), weight("l.r", 1, 24, 6), weight("l.b", 1, 48), weight("m.w", 6, 3), numpy_helper.from_array(np.array([1], np.int64), "axis")],
)
TEXT = 400 + 192 + 144 + 48 + 18
save(text, "text", {"total": TEXT, "types": {"float32": TEXT}})
with tempfile.TemporaryDirectory() as folder:
    source, target = f"{folder}/a.onnx", f"{folder}/b.onnx"
    onnx.save(text, source)
    # Gather on bytes then DequantizeLinear, DynamicQuantizeLSTM, MatMulInteger.
    quantize_dynamic(source, target, weight_type=QuantType.QInt8)
    save(onnx.load(target), "text-dynamic", {"total": TEXT, "types": {"uint8": 400, "int8": TEXT - 448, "float32": 48}})

# Four bits, packed two in a byte: 48×32 in blocks of 32, so the last block is half empty.
dense = model([helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Add", ["m", "b"], ["y"])], [floats("x", 1, 48)], [floats("y", 1, 32)], [weight("w", 48, 32), weight("b", 32)], opset=21)
for bits in (4, 8):
    quantizer = MatMulNBitsQuantizer(copy.deepcopy(dense), algo_config=DefaultWeightOnlyQuantConfig(block_size=32, is_symmetric=False, bits=bits))
    quantizer.process()
    made = quantizer.model.model
    save(made, f"dense-nbits-{bits}", {"total": 48 * 32 + 32, "types": {f"uint{bits}": 48 * 32, "float32": 32}})
quantizer = MatMulNBitsQuantizer(copy.deepcopy(dense), algo_config=DefaultWeightOnlyQuantConfig(block_size=16, is_symmetric=True, quant_format=QuantFormat.QDQ))
quantizer.process()
save(quantizer.model.model, "dense-qdq-4", {"total": 48 * 32 + 32, "types": {"int4": 48 * 32, "float32": 32}})

# By hand: a table of four bits packed into bytes; weights cast and scaled; a function that reads a weight of its caller; a weight that a branch takes.
packed = model(
    [helper.make_node("GatherBlockQuantized", ["table", "ids", "scales"], ["y"], domain="com.microsoft", block_size=16, bits=4, gather_axis=0, quantize_axis=1)],
    [helper.make_tensor_value_info("ids", TensorProto.INT64, [3])], [floats("y", 3, 32)],
    [numpy_helper.from_array(rng.integers(0, 255, (20, 16), dtype=np.uint8), "table"), weight("scales", 20, 2)], extra=["com.microsoft"],
)
save(packed, "table-4", {"total": 20 * 32, "types": {"uint4": 640}})
cast = model(
    [
        helper.make_node("Cast", ["w"], ["wf"], to=TensorProto.FLOAT), helper.make_node("Cast", ["zero"], ["zf"], to=TensorProto.FLOAT), helper.make_node("Sub", ["wf", "zf"], ["d"]),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ],
    [floats("x", 1, 6)], [floats("y", 1, 4)], [numpy_helper.from_array(rng.integers(0, 255, (6, 4), dtype=np.uint8), "w"), numpy_helper.from_array(np.full(4, 128, np.uint8), "zero")],
)
save(cast, "cast", {"total": 24, "types": {"uint8": 24}})
reader = helper.make_function("custom", "Dense", ["x", "w", "s"], ["y"], [helper.make_node("DequantizeLinear", ["w", "s"], ["d"]), helper.make_node("MatMul", ["x", "d"], ["y"])], [helper.make_opsetid("", 17)])
called = model([helper.make_node("Dense", ["x", "w", "s"], ["y"], domain="custom")], [floats("x", 1, 6)], [floats("y", 1, 4)], [numpy_helper.from_array(rng.integers(-127, 127, (6, 4), dtype=np.int8), "w"), weight("s")], extra=["custom"])
called.functions.append(reader)
save(called, "function", {"total": 24, "types": {"int8": 24}})
branch = lambda factor: helper.make_graph(  # noqa: E731
    [helper.make_node("DequantizeLinear", ["w", "s"], [f"d{factor}"]), helper.make_node("MatMul", ["x", f"d{factor}"], [f"y{factor}"])], f"b{factor}", [], [floats(f"y{factor}", 1, 4)])
chosen = model([helper.make_node("If", ["c"], ["y"], then_branch=branch(1), else_branch=branch(2))], [floats("x", 1, 6), helper.make_tensor_value_info("c", TensorProto.BOOL, [])], [floats("y", 1, 4)],
               [numpy_helper.from_array(rng.integers(-127, 127, (6, 4), dtype=np.int8), "w"), weight("s")])
save(chosen, "branch", {"total": 24, "types": {"int8": 24}})

(HERE / "counts.json").write_text(json.dumps(counts, indent=1) + "\n")
