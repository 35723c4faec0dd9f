"""A small CNN whose layers are of integers, by ONNX Runtime's own quantiser (quantize_static, QuantFormat.QOperator), and what its layers stand for.

    python make.py

The layer's value is ONNX Runtime's, (q - zero point) * scale; the CAM is that value's channels weighted by the gradient of the logit, which behind the last
convolution is the dense layer's dequantised weight over the 36 places (worked out in NumPy). Writes model.onnx and reference.json.
"""

import json
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

HERE = pathlib.Path(__file__).parent
torch.manual_seed(0)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.b = torch.nn.Conv2d(8, 8, 3, padding=1)
        self.c = torch.nn.Conv2d(8, 8, 3, padding=1)
        self.out = torch.nn.Linear(8, 4)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.a(x)), 2)
        x = torch.relu(self.b(x)) + x
        x = torch.relu(self.c(x))
        return self.out(torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Reader(CalibrationDataReader):
    def __init__(self, samples):
        self.samples = iter(samples)

    def get_next(self):
        return next(self.samples, None)


net = Net().eval()
x = torch.randn(1, 3, 12, 12)
with tempfile.TemporaryDirectory() as folder:
    plain = f"{folder}/plain.onnx"
    torch.onnx.export(net, (x,), plain, opset_version=13, dynamo=False, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}})
    samples = [{"x": torch.randn(1, 3, 12, 12).numpy()} for _ in range(8)] + [{"x": x.numpy()}]
    quantize_static(plain, HERE / "model.onnx", Reader(samples), quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True)

model = onnx.load(HERE / "model.onnx")
constants = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
convolutions = [node for node in model.graph.node if node.op_type == "QLinearConv"]
dense = next(node for node in model.graph.node if node.op_type in ("QGemm", "QLinearMatMul"))
names = [convolutions[-1].output[0], convolutions[0].output[0]]
for name in names:
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, None))
session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
y, last, first = session.run(None, {"x": x.numpy()})


def real(q, node):
    return (q.astype(np.float64) - float(constants[node.input[7]])) * float(constants[node.input[6]])


value = real(last, convolutions[-1])
weights = (constants[dense.input[3]].astype(np.float64) - constants[dense.input[5]].reshape(-1, 1)) * constants[dense.input[4]].reshape(-1, 1)
weights = weights if weights.shape == (4, 8) else weights.T
target = int(y.argmax())
cam = np.maximum((weights[target][:, None, None] / 36 * value[0]).sum(0), 0)
(HERE / "reference.json").write_text(json.dumps({
    "x": x.numpy().ravel().round(6).tolist(), "target": target, "y": y.ravel().tolist(), "last": {"name": names[0], "dims": list(value.shape), "values": value.ravel().round(7).tolist()},
    "first": {"name": names[1], "dims": list(first.shape), "values": real(first, convolutions[0]).ravel().round(7).tolist()[:288]}, "cam": cam.ravel().tolist(),
}))
