"""Gradients through quantised operators, straight through, by PyTorch in float64.

    python make.py

Each case is a node between QuantizeLinear of its inputs and DequantizeLinear of its output, as quantizers write them. The reference rounds as the node
does (fake quantisation), with rounding as the identity on the way back inside the range of the integers and nothing outside of it (Bengio, Leonard &
Courville 2013; torch.fake_quantize_per_tensor_affine). The gradient is that of the sum of seed times the output. Writes cases.json.
"""

from __future__ import annotations

import json
import math
import pathlib

import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
torch.manual_seed(11)
CASES: list[dict] = []
RANGES = {"uint8": (0, 255), "int8": (-128, 127)}


class Through(torch.autograd.Function):
    """scale·(clip(round(x / scale) + zero) − zero)"""

    @staticmethod
    def forward(ctx, x, scale, zero, low, high):
        q = torch.round(x / scale) + zero
        ctx.save_for_backward((q >= low) & (q <= high))
        return (q.clamp(low, high) - zero) * scale

    @staticmethod
    def backward(ctx, grad):
        (inside,) = ctx.saved_tensors
        return grad * inside, None, None, None, None


def fake(x, scale, zero, kind="uint8"):
    return Through.apply(x, scale, zero, *RANGES[kind])


def number(*dims, scale=1.0):
    return (torch.randn(dims) * scale).float().double().requires_grad_(True)


def scalar(value, kind="float32"):
    return {"type": kind, "dims": [], "values": [value]}


def listed(value, kind="float32"):
    value = torch.as_tensor(value)
    return {"type": kind, "dims": list(value.shape), "values": value.flatten().tolist()}


class Weight:
    """Integers with their scale and zero point: the same real numbers for the model and the reference."""

    def __init__(self, dims, kind="int8", per=None, spread=20.0, step=0.02):
        self.kind, self.dims = kind, dims
        low, high = RANGES[kind]
        self.q = torch.randint(max(low, -90) if kind == "int8" else 20, 90 if kind == "int8" else 230, dims)
        count = 1 if per is None else dims[per]
        shape = [count if axis == per else 1 for axis in range(len(dims))]
        self.scales = (torch.rand(count) * step + step / 2).float().double()
        self.zeros = torch.randint(-5, 6, (count,)) if kind == "int8" else torch.randint(120, 136, (count,))
        self.real = (self.q - self.zeros.view(shape)) * self.scales.view(shape)
        self.per = per

    def values(self):
        return listed(self.q, self.kind)

    def scale(self):
        return listed(self.scales) if self.per is not None else scalar(float(self.scales[0]))

    def zero(self):
        return listed(self.zeros, self.kind) if self.per is not None else scalar(int(self.zeros[0]), self.kind)


IN = {"step": 1 / 64, "zero": 128, "kind": "uint8"}
OUT = {"step": 1 / 32, "zero": 120, "kind": "uint8"}


def keep(name, operator, inputs, y, inputs_fed, domain="com.microsoft", attributes=None, out=OUT, outputs=1, opset=17, gradient_only=False):
    """`inputs`: what each input is: ("q", x, step, zero, kind) for a quantised fed value, ("x", x) for a fed float, a constant, or None."""
    result = y if out is None or out["kind"] == "int32" else fake(y, out["step"], out["zero"], out["kind"])
    seed = torch.randn(result.shape).float().double()
    gradients = torch.autograd.grad((seed * result).sum(), inputs_fed)
    CASES.append({
        "name": name, "operator": operator, "domain": domain, "attributes": attributes or {}, "outputs": outputs, "opset": opset, "inputs": inputs, "out": out, "compareValues": not gradient_only,
        "fed": [{"dims": list(x.shape), "values": x.detach().flatten().tolist()} for x in inputs_fed],
        "y": result.detach().flatten().tolist(), "seed": seed.flatten().tolist(), "gradients": [g.flatten().tolist() for g in gradients]})
    clipped = sum(int((g == 0).sum()) for g in gradients)
    print(f"{name}: {clipped} gradients are zero")


def q(index, part=IN):
    return {"fed": index, **part}


def zero_scale(part):
    return [scalar(part["step"]), scalar(part["zero"], part["kind"])]


def one(name, operator, function, x=None, attributes=None, first=(), **more):
    x = number(2, 3, 4) if x is None else x
    keep(name, operator, [*first, q(0), *zero_scale(IN), *zero_scale(more.pop("given", OUT))], function(fake(x, IN["step"], IN["zero"])), [x], attributes=attributes, **more)


def elementwise():
    for name, function in [("QLinearAdd", torch.add), ("QLinearMul", torch.mul)]:
        a, b = number(2, 3, 4), number(3, 4)
        other = {"step": 1 / 50, "zero": 110, "kind": "uint8"}
        keep(name, name, [q(0), *zero_scale(IN), q(1, other), *zero_scale(other), *zero_scale(OUT)], function(fake(a, IN["step"], IN["zero"]), fake(b, other["step"], other["zero"])), [a, b])
    fine = {"step": 1 / 256, "zero": 0, "kind": "uint8"}
    one("QLinearSigmoid", "QLinearSigmoid", torch.sigmoid, out=fine, given=fine)
    one("QLinearLeakyRelu", "QLinearLeakyRelu", lambda x: F.leaky_relu(x, 0.25), attributes={"alpha": 0.25})
    x = number(2, 5)
    keep("QLinearSoftmax", "QLinearSoftmax", [q(0), *zero_scale(IN), *zero_scale(fine)], torch.softmax(fake(x, IN["step"], IN["zero"]), -1), [x], attributes={"axis": -1, "opset": 13}, out=fine)
    a, b = number(2, 3), number(2, 2)
    other = {"step": 1 / 50, "zero": 110, "kind": "uint8"}
    keep("QLinearConcat", "QLinearConcat", [*zero_scale(OUT), q(0), *zero_scale(IN), q(1, other), *zero_scale(other)], torch.cat([fake(a, IN["step"], IN["zero"]), fake(b, other["step"], other["zero"])], 1), [a, b], attributes={"axis": 1})
    a, b = number(2, 3), number(2, 3)
    chosen = torch.tensor([[1, 0, 1], [0, 0, 1]])
    keep("QLinearWhere", "QLinearWhere", [listed(chosen, "bool"), q(0), *zero_scale(IN), q(1, other), *zero_scale(other), *zero_scale(OUT)],
         torch.where(chosen > 0, fake(a, IN["step"], IN["zero"]), fake(b, other["step"], other["zero"])), [a, b])


def pools():
    one("QLinearAveragePool", "QLinearAveragePool", lambda x: F.avg_pool2d(x, 2), number(1, 2, 4, 4), {"kernel_shape": [2, 2], "strides": [2, 2]})
    one("QLinearAveragePool, channels last", "QLinearAveragePool", lambda x: F.avg_pool2d(x.movedim(-1, 1), 2).movedim(1, -1), number(1, 4, 4, 2), {"kernel_shape": [2, 2], "strides": [2, 2], "channels_last": 1})
    one("QLinearGlobalAveragePool", "QLinearGlobalAveragePool", lambda x: x.mean((2, 3), keepdim=True), number(1, 2, 4, 4), {"channels_last": 0})
    one("QLinearGlobalAveragePool, channels last", "QLinearGlobalAveragePool", lambda x: x.mean((1, 2), keepdim=True), number(1, 4, 4, 2), {"channels_last": 1})
    x = number(1, 4, 4, 2)
    keep("NhwcMaxPool", "NhwcMaxPool", [q(0)], F.max_pool2d(fake(x, IN["step"], IN["zero"]).movedim(-1, 1), 2).movedim(1, -1), [x], attributes={"kernel_shape": [2, 2], "strides": [2, 2]}, out=IN)


def products():
    def gemm(name, per, trans, bias, out):
        x, w = number(3, 4), Weight([5, 4] if trans else [4, 5], per=None if per is None else (0 if trans else 1))
        scales = w.scales * IN["step"]
        c = torch.randint(-400, 400, (5,))
        y = fake(x, IN["step"], IN["zero"]) @ (w.real.T if trans else w.real) + (c * scales if bias else 0)
        inputs = [q(0), *zero_scale(IN), w.values(), w.scale(), w.zero(), listed(c, "int32") if bias else None, *(zero_scale(out) if out else [])]
        keep(name, "QGemm", inputs, y, [x], attributes={"transB": int(trans)}, out=out)

    part = {"step": 1 / 16, "zero": 110, "kind": "uint8"}
    gemm("QGemm", None, False, True, part)
    gemm("QGemm of a scale for each column, transposed", 1, True, True, part)
    gemm("QGemm to floats, without a bias", None, True, False, None)
    x, w = number(2, 3, 4), Weight([4, 5], per=1)
    keep("QLinearMatMul of a scale for each column", "QLinearMatMul", [q(0), *zero_scale(IN), w.values(), w.scale(), w.zero(), *zero_scale(part)], fake(x, IN["step"], IN["zero"]) @ w.real, [x], domain="", out=part)
    x, w = number(2, 4), Weight([4, 3], per=1)
    b = number(3).detach()
    keep("MatMulIntegerToFloat", "MatMulIntegerToFloat", [q(0), w.values(), scalar(IN["step"]), w.scale(), scalar(IN["zero"], "uint8"), w.zero(), listed(b)], fake(x, IN["step"], IN["zero"]) @ w.real + b, [x], out=None)
    x, w = number(2, 4), Weight([4, 3])
    keep("DynamicQuantizeMatMul", "DynamicQuantizeMatMul", [{"float": 0}, w.values(), w.scale(), w.zero(), listed(b)], x @ w.real + b, [x], out=None, gradient_only=True)


def convolutions():
    w = Weight([3, 2, 3, 3], per=0)
    w.zeros[:] = 0
    w.real = w.q * w.scales.view(-1, 1, 1, 1)
    c = torch.randint(-400, 400, (3,))
    part = {"step": 1 / 8, "zero": 128, "kind": "uint8"}

    def convolved(x):
        return F.conv2d(fake(x, IN["step"], IN["zero"]), w.real, padding=1) + (c * w.scales * IN["step"]).view(-1, 1, 1)

    inputs = [q(0), *zero_scale(IN), w.values(), w.scale(), w.zero(), *zero_scale(part), listed(c, "int32")]
    x = number(1, 2, 5, 4)
    keep("QLinearConv of a scale for each channel", "QLinearConv", inputs, convolved(x), [x], domain="", attributes={"pads": [1, 1, 1, 1]}, out=part)
    x = number(1, 5, 4, 2)
    for domain, more in [("com.ms.internal.nhwc", {}), ("com.microsoft", {"channels_last": 1})]:
        keep(f"{domain}.QLinearConv", "QLinearConv", inputs, convolved(x.movedim(-1, 1)).movedim(1, -1), [x], domain=domain, attributes={"pads": [1, 1, 1, 1], **more}, out=part)
    # Sums of products of integers, which the model takes on as numbers.
    whole = {"step": 1.0, "zero": 0, "kind": "int32"}
    x, w = number(1, 2, 4, 4), Weight([2, 2, 3, 3], kind="uint8")
    keep("ConvInteger", "ConvInteger", [q(0), w.values(), scalar(IN["zero"], "uint8"), w.zero()], F.conv2d(fake(x, IN["step"], IN["zero"]) / IN["step"], (w.q - w.zeros).double()), [x], domain="", out=whole)
    x, w = number(2, 3, 4), Weight([4, 5], per=1)
    keep("MatMulInteger of a zero point for each column", "MatMulInteger", [q(0), w.values(), scalar(IN["zero"], "uint8"), w.zero()], fake(x, IN["step"], IN["zero"]) / IN["step"] @ (w.q - w.zeros).double(), [x], domain="", out=whole)
    x = number(1, 4, 4, 2)
    pooled = {"kernel_shape": [2, 2], "strides": [2, 2]}
    keep("com.ms.internal.nhwc.QLinearAveragePool", "QLinearAveragePool", [q(0), *zero_scale(IN), *zero_scale(OUT)], F.avg_pool2d(fake(x, IN["step"], IN["zero"]).movedim(-1, 1), 2).movedim(1, -1), [x], domain="com.ms.internal.nhwc", attributes=pooled)


def networks():
    """Attention and LSTM with weights in 8 bits."""
    heads, width = 2, 8
    x, w, b = number(2, 3, width), Weight([width, 3 * width], per=1, step=0.01), number(3 * width).detach()
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    a, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (fake(x, IN["step"], IN["zero"]) @ w.real + b).chunk(3, -1))
    scores = a @ k.transpose(-1, -2) / math.sqrt(width // heads) + torch.where(mask[:, None, None] > 0, 0.0, -10000.0)
    y = (torch.softmax(scores, -1) @ v).transpose(1, 2).flatten(2)
    keep("QAttention", "QAttention", [q(0), w.values(), listed(b), scalar(IN["step"]), w.scale(), listed(mask, "int32"), scalar(IN["zero"], "uint8"), w.zero()], y, [x], attributes={"num_heads": heads}, out=None)

    hidden, size, steps = 3, 4, 4
    for name, per, directions in [("DynamicQuantizeLSTM", None, 1), ("DynamicQuantizeLSTM of a scale for each gate's unit, in both directions", 1, 2)]:
        x = number(steps, 1, size)
        # With a scale for each unit ONNX Runtime wants zero points of zero.
        parts = [(Weight([size, 4 * hidden], per=per, step=0.008), Weight([hidden, 4 * hidden], per=per, step=0.008), number(8 * hidden, scale=0.3).detach()) for _ in range(directions)]
        for weights in [w for part in parts for w in part[:2]] if per is not None else []:
            weights.zeros[:] = 0
            weights.real = weights.q * weights.scales
        outputs = []
        for direction, (w, r, b) in enumerate(parts):
            lstm = torch.nn.LSTM(size, hidden).double()
            # Gates i, o, f, c in ONNX, i, f, c, o in PyTorch.
            order = torch.cat([torch.arange(hidden) + gate * hidden for gate in (0, 2, 3, 1)])
            for parameter, value in [(lstm.weight_ih_l0, w.real.T[order]), (lstm.weight_hh_l0, r.real.T[order]), (lstm.bias_ih_l0, b[: 4 * hidden][order]), (lstm.bias_hh_l0, b[4 * hidden :][order])]:
                parameter.data.copy_(value)
            made = lstm(x.flip(0) if direction == 1 else x)[0]
            outputs.append(made.flip(0) if direction == 1 else made)
        y = torch.stack(outputs, 1)

        def stacked(index, what):
            return torch.stack([getattr(part[index], what) for part in parts])

        def numbers(index, what):
            value = stacked(index, what)
            return listed(value if per is not None else value[:, 0], "int8" if what == "zeros" else "float32")

        inputs = [{"float": 0}, listed(stacked(0, "q"), "int8"), listed(stacked(1, "q"), "int8"), listed(torch.stack([b for *_, b in parts])), None, None, None, None,
                  numbers(0, "scales"), numbers(0, "zeros"), numbers(1, "scales"), numbers(1, "zeros")]
        keep(name, "DynamicQuantizeLSTM", inputs, y, [x], attributes={"hidden_size": hidden, **({"direction": "bidirectional"} if directions == 2 else {})}, out=None, gradient_only=True)


def main():
    for make in (elementwise, pools, products, convolutions, networks):
        make()
    rounded = json.loads(json.dumps(CASES), parse_float=lambda text: float(f"{float(text):.9g}"))
    (HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in rounded) + "\n]\n")


if __name__ == "__main__":
    main()
