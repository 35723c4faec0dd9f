"""Softmax and its kin, normalizations."""

import numpy as np
import torch
import torch.nn.functional as F

from case import C, away, case, distinct, random

x4, x3 = random(2, 3, 2, 2, low=-2, high=2), random(2, 3, 4, low=-2, high=2)
for op in ["Softmax", "LogSoftmax"]:
    case(f"{op} default axis", op, opset=13, x=x3)
    case(f"{op} axis 1", op, opset=13, attrs={"axis": 1}, x=x4)
    case(f"{op} axis -2", op, opset=13, attrs={"axis": -2}, x=x3)
    case(f"{op} axis 0", op, opset=13, attrs={"axis": 0}, x=x3)
    case(f"{op} large values", op, opset=13, x=(x3 * 30).astype(np.float32))
    def flattened(x, axis, log=op == "LogSoftmax"):
        rows = x.reshape(int(np.prod(x.shape[:axis])), -1)
        return (F.log_softmax(rows, 1) if log else F.softmax(rows, 1)).reshape(x.shape)
    why = "before opset 13 all dims from axis on are one; onnx.reference has only the later meaning"
    case(f"{op} opset 11, default axis of 4-D", op, opset=11, x=x4, torch=lambda x, f=flattened: f(x, 1), note=why)
    case(f"{op} opset 11, axis 2", op, opset=11, attrs={"axis": 2}, x=x4, torch=lambda x, f=flattened: f(x, 2), note=why)
    case(f"{op} opset 11, axis -1", op, opset=11, attrs={"axis": -1}, x=x3)
    case(f"{op} opset 9, axis 0", op, opset=9, attrs={"axis": 0}, x=x3, torch=lambda x, f=flattened: f(x, 0), note=why)
case("Hardmax", "Hardmax", opset=13, zero=True, x=distinct(2, 3, 4))

BN = {"scale": random(3, low=0.5, high=1.5, seed=1), "bias": random(3, seed=2), "mean": random(3, seed=3),
      "var": random(3, low=0.5, high=2, seed=4)}
constant_bn = {n: C(a) for n, a in BN.items()}
def inference(x, scale, bias, mean, var):
    scale, bias, mean, var = (t.reshape(-1, 1, 1) for t in (scale, bias, mean, var))
    return scale * (x - mean) / torch.sqrt(var + float(np.float32(1e-5))) + bias
for opset in [7, 9, 14, 15]:
    # Before opset 14 onnx.reference normalizes by the batch's own statistics.
    reference = {"torch": inference, "note": "onnx.reference takes it as training"} if opset < 14 else {}
    case(f"BatchNormalization opset {opset}", "BatchNormalization", opset=opset, x=x4, **BN, **reference)
    case(f"BatchNormalization opset {opset}, constant", "BatchNormalization", opset=opset, x=x4, **constant_bn, **reference)
case("BatchNormalization epsilon, 2-D", "BatchNormalization", opset=15, attrs={"epsilon": 0.1}, x=random(4, 3), **BN)
case("BatchNormalization 3-D", "BatchNormalization", opset=15, x=x3, **constant_bn)

case("InstanceNormalization", "InstanceNormalization", opset=6, x=x4, scale=BN["scale"], bias=BN["bias"])
case("InstanceNormalization 3-D epsilon, constant", "InstanceNormalization", opset=6, attrs={"epsilon": 0.05}, x=x3,
     scale=C(BN["scale"]), bias=C(BN["bias"]))

g = random(2, 4, 2, 3, low=-2, high=2)
def group_18(x, scale, bias):
    per_channel = [t.repeat_interleave(2) for t in (scale, bias)]
    return F.group_norm(x, 2, *per_channel, eps=float(np.float32(1e-5)))
case("GroupNormalization opset 18", "GroupNormalization", opset=18, attrs={"num_groups": 2}, x=g,
     scale=random(2, low=0.5, high=1.5, seed=1), bias=random(2, seed=2), torch=group_18,
     note="scale and bias per group; onnx.reference keeps epsilon in float32")
for name, wrap in [("", np.asarray), (", constant", C)]:
    case(f"GroupNormalization opset 21{name}", "GroupNormalization", opset=21, attrs={"num_groups": 2, "epsilon": 0.01}, x=g,
         scale=wrap(random(4, low=0.5, high=1.5, seed=1)), bias=wrap(random(4, seed=2)),
         torch=lambda x, scale, bias: F.group_norm(x, 2, scale, bias, eps=float(np.float32(0.01))),
         note="scale and bias per channel; onnx.reference keeps epsilon in float32")

scale4, bias4 = random(4, low=0.5, high=1.5, seed=1), random(4, seed=2)
def layer(x, scale, bias=None, axes=1, eps=1e-5):
    return F.layer_norm(x, x.shape[-axes:], scale, bias, float(np.float32(eps)))
why = "onnx.reference keeps epsilon in float32"
case("LayerNormalization", "LayerNormalization", opset=17, x=x3, scale=scale4, bias=bias4, torch=layer, note=why)
case("LayerNormalization no bias", "LayerNormalization", opset=17, x=x3, scale=scale4, torch=layer, note=why)
case("LayerNormalization constant", "LayerNormalization", opset=17, attrs={"axis": -1, "epsilon": 0.01}, x=x3, scale=C(scale4),
     bias=C(bias4), torch=lambda x, scale, bias: layer(x, scale, bias, eps=0.01), note=why)
case("LayerNormalization axis 1", "LayerNormalization", opset=17, attrs={"axis": 1}, x=x3,
     scale=random(3, 4, low=0.5, high=1.5, seed=1), bias=random(3, 4, seed=2),
     torch=lambda x, scale, bias: layer(x, scale, bias, axes=2), note=why)
case("LayerNormalization axis 1, scale of one axis", "LayerNormalization", opset=17, attrs={"axis": 1}, x=x3, scale=scale4,
     torch=lambda x, scale: layer(x, scale.expand(3, 4), axes=2), note=why)
def layer_statistics(x, scale, bias):
    mean = x.mean(-1, keepdim=True)
    inverse = 1 / torch.sqrt(((x - mean) ** 2).mean(-1, keepdim=True) + float(np.float32(1e-5)))
    return layer(x, scale, bias), mean, inverse
case("LayerNormalization with Mean and InvStdDev", "LayerNormalization", opset=17, x=x3, scale=scale4, bias=bias4,
     outputs=["y", "mean", "inverse"], torch=layer_statistics, note=why)
case("MeanVarianceNormalization", "MeanVarianceNormalization", opset=13, x=x4,
     torch=lambda x: (x - x.mean((0, 2, 3), keepdim=True))
     / (torch.sqrt((x ** 2).mean((0, 2, 3), keepdim=True) - x.mean((0, 2, 3), keepdim=True) ** 2) + 1e-9),
     note="onnx.reference keeps the function's constants in float32")
case("RMSNormalization", "RMSNormalization", opset=23, x=x3, scale=scale4,
     torch=lambda x, scale: x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + float(np.float32(1e-5))) * scale, note=why)

def lrn(x, size, alpha, beta, bias):
    squares = F.pad((x ** 2).unsqueeze(1), (0, 0, 0, 0, (size - 1) // 2, size // 2))
    total = F.avg_pool3d(squares, (size, 1, 1), 1).squeeze(1)
    alpha, beta, bias = (float(np.float32(a)) for a in (alpha, beta, bias))
    return x / (bias + alpha * total) ** beta
for size in [1, 3, 5]:
    case(f"LRN size {size}", "LRN", opset=13, attrs={"size": size, "alpha": 0.3, "beta": 0.6, "bias": 1.2},
         x=random(2, 4, 2, 2, low=-2, high=2), torch=lambda x, s=size: lrn(x, s, 0.3, 0.6, 1.2),
         note="onnx.reference takes wrong channels")
case("LRN defaults", "LRN", opset=1, attrs={"size": 5}, x=random(1, 6, 2, 2, low=-20, high=20),
     torch=lambda x: lrn(x, 5, 1e-4, 0.75, 1), note="onnx.reference takes wrong channels")
for p in [1, 2]:
    case(f"LpNormalization p={p}", "LpNormalization", opset=1, attrs={"p": p, "axis": 1}, x=away(2, 3, 4),
         torch=lambda x, p=p: x / torch.linalg.vector_norm(x, p, 1, keepdim=True), note="onnx.reference sums without abs for p=1")
case("LpNormalization default", "LpNormalization", opset=1, x=away(2, 3, 4))
