"""Outputs and gradients of operators that ONNX Runtime has no CPU kernel for, by PyTorch in float64.

    python make.py

Each case is one node as ONNX Runtime's optimizers write it, with its formula (ONNX Runtime, docs/ContribOperators.md; the rotation of Attention's
queries and keys from its CUDA kernel, AddBiasTransposeQKV). The gradient is that of the sum of seed times the first output. Writes cases.json.
"""

from __future__ import annotations

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
torch.manual_seed(5)
CASES: list[dict] = []


def number(*dims, scale=1.0):
    return (torch.randn(dims) * scale).float().double().requires_grad_(True)


def tensor(name, value):
    kind = "float32" if value.is_floating_point() else "int32"
    return {"name": name, "type": kind, "dims": list(value.shape), "values": value.detach().flatten().tolist(), "fed": bool(value.requires_grad)}


def keep(name, operator, inputs, formula, attributes=None, domain="com.microsoft", outputs=1):
    """`inputs`: the node's, None for one left out; constants need no gradient."""
    y = formula(*inputs)
    seed = torch.randn(y.shape).float().double()
    fed = [value for value in inputs if value is not None and value.requires_grad]
    gradients = torch.autograd.grad((seed * y).sum(), fed)
    CASES.append({
        "name": name, "operator": operator, "domain": domain, "attributes": attributes or {}, "outputs": outputs,
        "inputs": [None if value is None else tensor(f"x{index}", value) for index, value in enumerate(inputs)],
        "y": {"dims": list(y.shape), "values": y.detach().flatten().tolist()}, "seed": seed.flatten().tolist(), "gradients": [g.flatten().tolist() for g in gradients]})


def first(x):
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def group_norm(x, gain, shift, groups, channels_last, silu, epsilon=1e-5):
    y = F.group_norm(first(x) if channels_last else x, groups, gain, shift, epsilon)
    y = F.silu(y) if silu else y
    return last(y) if channels_last else y


def attention(x, weight, bias, mask, past, heads, rotated, causal=False):
    """Mask of ones and zeros [batch, 1, queries, keys], or None."""
    q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (x @ weight + bias).chunk(3, -1))
    before = 0 if past is None else past.shape[3]
    if rotated:
        size = q.shape[-1]
        angles = torch.arange(before, before + x.shape[1]).double()[:, None] * 10000.0 ** (-2 * torch.arange(size // 2).double() / size)

        def turn(value):
            a, b = value.chunk(2, -1)
            return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1)

        q, k = turn(q), turn(k)
    if past is not None:
        k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + torch.where(mask > 0, 0.0, -10000.0)
    if causal:
        scores = scores + torch.triu(torch.full(scores.shape[-2:], -10000.0), diagonal=1 + before)
    return (torch.softmax(scores, -1) @ v).transpose(1, 2).flatten(2)


def fused():
    for name, channels_last, silu in [("channels last, then SiLU", 1, 1), ("channels first", 0, 0)]:
        x = number(2, 3, 2, 8) if channels_last else number(2, 8, 3, 2)
        keep(f"GroupNorm, {name}", "GroupNorm", [x, number(8), number(8)], lambda x, g, b, l=channels_last, s=silu: group_norm(x, g, b, 2, l, s),
             {"groups": 2, "channels_last": channels_last, "activation": silu})
    keep("SkipGroupNorm with a vector for each sample and a bias", "SkipGroupNorm", [number(2, 3, 2, 8), number(8), number(8), number(2, 8), number(8)],
         lambda x, g, b, s, c: group_norm(x + s[:, None, None] + c, g, b, 4, True, True), {"groups": 4, "activation": 1}, outputs=2)
    keep("SkipGroupNorm, channels first", "SkipGroupNorm", [number(1, 4, 3, 2), number(4), number(4), number(1, 4, 3, 2), number(4)],
         lambda x, g, b, s, c: group_norm(x + s + c[:, None, None], g, b, 2, False, False), {"groups": 2, "channels_last": 0, "activation": 0})
    keep("BiasAdd", "BiasAdd", [number(2, 3, 8), number(8), number(2, 3, 8)], lambda x, b, s: x + b + s)
    keep("BiasSplitGelu", "BiasSplitGelu", [number(2, 3, 8), number(8)], lambda x, b: (lambda l, r: l * F.gelu(r))(*(x + b).chunk(2, -1)))
    keep("BiasDropout", "BiasDropout", [number(2, 3), number(3), number(2, 3)], lambda x, b, r: x + b + r)
    keep("BiasSoftmax", "BiasSoftmax", [number(2, 2, 3, 4), number(2, 1, 1, 4)], lambda x, b: torch.softmax(x + b, -1), {"axis": 3, "is_inner_broadcast": 1})
    keep("ScaledSiLU", "ScaledSiLU", [number(3, 4)], lambda x: F.silu(1.5 * x), {"alpha": 1.5})
    keep("GemmFastGelu", "GemmFastGelu", [number(2, 3), number(3, 4), number(4)], lambda x, w, b: F.gelu(x @ w + b, approximate="tanh"))


def attentions():
    square = torch.tril(torch.ones(1, 1, 6, 6)).int()
    square[..., 1] = 0
    square[..., 0] = 1
    x, w, b = number(2, 3, 8), number(8, 24, scale=0.6), number(24)
    mask = square.expand(2, 1, 6, 6).contiguous()
    keep("Attention with a mask of four axes", "Attention", [x, w.detach(), b, mask], lambda x, w, b, m: attention(x, w, b, m[:, :, :3, :3], None, 2, False), {"num_heads": 2})
    past = number(2, 2, 2, 2, 4)
    keep("Attention with a mask of four axes and a past", "Attention", [x, w.detach(), b, mask, past], lambda x, w, b, m, p: attention(x, w, b, m[:, :, 2:5, :5], p, 2, False), {"num_heads": 2}, outputs=2)
    keep("Attention that rotates", "Attention", [x, w.detach(), b], lambda x, w, b: attention(x, w, b, None, None, 2, True), {"num_heads": 2, "do_rotary": 1})
    keep("Attention that rotates, in one direction with a past", "Attention", [x, w.detach(), b, None, past],
         lambda x, w, b, _, p: attention(x, w, b, None, p, 2, True, causal=True), {"num_heads": 2, "do_rotary": 1, "unidirectional": 1}, outputs=2)
    tokens = torch.tensor([[1, 1, 0], [1, 1, 1]]).int()
    keep("Attention that rotates, with a mask of tokens", "Attention", [x, w.detach(), b, tokens], lambda x, w, b, m: attention(x, w, b, m[:, None, None], None, 2, True), {"num_heads": 2, "do_rotary": 1})


def experts():
    def mixture(x, p, w1, b1, w2, b2, k, act, normalised):
        shares, which = torch.softmax(p, -1).topk(k, -1)
        shares = shares / shares.sum(-1, keepdim=True) if normalised else shares
        rows = x.reshape(-1, x.shape[-1])
        out = [sum(s * (act(row @ w1[e].T + b1[e]) @ w2[e].T + b2[e]) for s, e in zip(share, chosen)) for row, share, chosen in zip(rows, shares, which.tolist())]
        return torch.stack(out).reshape(x.shape)

    for name, k, act, normalised in [("relu", 1, F.relu, 0), ("silu", 2, F.silu, 1), ("gelu", 2, lambda v: F.gelu(v, approximate="tanh"), 0)]:
        weights = [number(3, 6, 4).detach(), number(3, 6).detach(), number(3, 4, 6).detach(), number(3, 4).detach()]
        keep(f"MoE, {k} of 3 experts, {name}", "MoE", [number(1, 5, 4), number(5, 3), *weights], lambda x, p, w1, b1, w2, b2, k=k, a=act, n=normalised: mixture(x, p, w1, b1, w2, b2, k, a, n),
             {"k": k, "activation_type": name, "normalize_routing_weights": normalised})
    keep("GatedRMSNorm", "GatedRMSNorm", [number(2, 3, 4), number(4), number(2, 3, 4)], lambda x, w, g: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * w * F.silu(g))


def channels_last():
    keep("NhwcConv", "NhwcConv", [number(1, 5, 4, 2), number(3, 3, 3, 2), number(3)], lambda x, w, b: last(F.conv2d(first(x), first(w), b, 2, 1)), {"pads": [1, 1, 1, 1], "strides": [2, 2]})
    keep("NhwcFusedConv with a sum", "NhwcFusedConv", [number(1, 4, 4, 2), number(2, 2, 3, 3), number(2), number(1, 4, 4, 2)],
         lambda x, w, b, s: F.leaky_relu(last(F.conv2d(first(x), w, b, 1, 1)) + s, 0.25), {"pads": [1, 1, 1, 1], "activation": "LeakyRelu", "activation_params": [0.25]})
    inner = "com.ms.internal.nhwc"
    keep("Conv, channels last", "Conv", [number(1, 4, 4, 2), number(2, 1, 3, 3), number(2)], lambda x, w, b: last(F.conv2d(first(x), w, b, 1, 1, groups=2)), {"pads": [1, 1, 1, 1], "group": 2}, inner)
    keep("Conv of one dimension, channels last", "Conv", [number(1, 6, 2), number(3, 2, 3)], lambda x, w: last(F.conv1d(first(x), w)), {}, inner)
    keep("ConvTranspose, channels last", "ConvTranspose", [number(1, 3, 3, 2), number(2, 3, 2, 2)], lambda x, w: last(F.conv_transpose2d(first(x), w, stride=2)), {"strides": [2, 2]}, inner)
    keep("MaxPool, channels last", "MaxPool", [number(1, 4, 4, 2)], lambda x: last(F.max_pool2d(first(x), 2)), {"kernel_shape": [2, 2], "strides": [2, 2]}, inner)
    keep("AveragePool, channels last", "AveragePool", [number(1, 4, 4, 2)], lambda x: last(F.avg_pool2d(first(x), 2)), {"kernel_shape": [2, 2], "strides": [2, 2]}, inner)
    keep("GlobalAveragePool, channels last", "GlobalAveragePool", [number(1, 4, 4, 2)], lambda x: x.mean((1, 2), keepdim=True), {}, inner)
    mean, variance = number(2).detach(), number(2).detach().abs() + 0.5
    keep("BatchNormalization, channels last", "BatchNormalization", [number(1, 3, 3, 2), number(2), number(2), mean, variance], lambda x, g, b, m, v: last(F.batch_norm(first(x), m, v, g, b)), {}, inner)
    keep("DepthToSpace, channels last", "DepthToSpace", [number(1, 2, 2, 8)], lambda x: last(nn.PixelShuffle(2)(first(x))), {"blocksize": 2, "mode": "CRD"}, inner)


def main():
    fused()
    attentions()
    channels_last()
    experts()
    # Inputs are float32's, which nine digits tell apart.
    rounded = json.loads(json.dumps(CASES), parse_float=lambda text: float(f"{float(text):.9g}"))
    (HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in rounded) + "\n]\n")
    print(len(CASES), "cases")


if __name__ == "__main__":
    main()
