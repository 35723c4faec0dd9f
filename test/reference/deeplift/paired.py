"""DeepLIFT's rules where Captum has none, in PyTorch: networks of these modules take a batch of an input and its baseline, and their gradient is
the multipliers (Ancona et al. 2018). Written without Captum, for the networks that it only has gradients for.

A function of one value: the slope between both runs. A product of two values that both depend on the input: each with the mean of the other.
A quotient y = a/b: what the product y·b = a gives for it. Softmax: its gradient's form with logarithmic means in the place of probabilities.
Normalisation: sums, squares, a root, a quotient.
"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn


class Rule(torch.autograd.Function):
    @staticmethod
    def forward(ctx, function, multipliers, *inputs):
        ctx.multipliers = multipliers
        result = function(*inputs)
        ctx.save_for_backward(result, *inputs)
        return result

    @staticmethod
    def backward(ctx, grad):
        result, *inputs = ctx.saved_tensors
        return None, None, *ctx.multipliers(grad, result, *inputs)


def delta(value: Tensor) -> Tensor:
    a, b = value.chunk(2)
    return torch.cat(2 * [a - b])


def mean(value: Tensor) -> Tensor:
    a, b = value.chunk(2)
    return torch.cat(2 * [(a + b) / 2])


def summed_to(value: Tensor, like: Tensor) -> Tensor:
    return value.sum_to_size(like.shape)


def of_one(function, x: Tensor) -> Tensor:
    def multipliers(grad, y, x):
        with torch.enable_grad():
            inner = x.detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(function(inner).sum(), inner)
        dx = delta(x)
        return (torch.where(dx.abs() < 1e-10, grad * slope, grad * delta(y) / dx),)

    return Rule.apply(function, multipliers, x)


def times(a: Tensor, b: Tensor) -> Tensor:
    return Rule.apply(torch.mul, lambda grad, _, a, b: (summed_to(grad * mean(b), a), summed_to(grad * mean(a), b)), a, b)


def product(a: Tensor, b: Tensor) -> Tensor:
    return Rule.apply(torch.matmul, lambda grad, _, a, b: (grad @ mean(b).transpose(-1, -2), mean(a).transpose(-1, -2) @ grad), a, b)


def over(a: Tensor, b: Tensor) -> Tensor:
    return Rule.apply(torch.div, lambda grad, y, a, b: (summed_to(grad / mean(b), a), summed_to(-grad * mean(y) / mean(b), b)), a, b)


def softmax(x: Tensor) -> Tensor:
    def multipliers(grad, y, x):
        logs = delta(torch.log_softmax(x, -1))
        means = torch.where(logs.abs() < 1e-6, mean(y), delta(y) / logs)
        return (means * (grad - (grad * means / means.sum(-1, keepdim=True)).sum(-1, keepdim=True)),)

    return Rule.apply(lambda v: torch.softmax(v, -1), multipliers, x)


def normalised(x: Tensor, axes: list[int], eps: float) -> Tensor:
    centred = x - x.mean(axes, keepdim=True)
    variance = times(centred, centred).mean(axes, keepdim=True)
    return over(centred, of_one(lambda v: torch.sqrt(v + eps), variance))


class OfOne(nn.Module):
    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return of_one(self.module, x)


class LayerNorm(nn.Module):
    def __init__(self, module: nn.LayerNorm):
        super().__init__()
        self.module = module

    def forward(self, x):
        return normalised(x, list(range(-len(self.module.normalized_shape), 0)), self.module.eps) * self.module.weight + self.module.bias


class GroupNorm(nn.Module):
    def __init__(self, module: nn.GroupNorm):
        super().__init__()
        self.module = module

    def forward(self, x):
        m = self.module
        unit = normalised(x.unflatten(1, (m.num_groups, -1)), list(range(2, x.dim() + 1)), m.eps).flatten(1, 2)
        shape = [1, -1, *[1] * (x.dim() - 2)]
        return unit * m.weight.view(shape) + m.bias.view(shape)


class MaxPool1d(nn.Module):
    """What a maximum rises is its place's, what it falls the baseline's place's."""

    def __init__(self, module: nn.MaxPool1d):
        super().__init__()
        self.module = module

    def forward(self, x):
        m = self.module
        indices = nn.functional.max_pool1d(x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, return_indices=True)[1]

        def multipliers(grad, y, x):
            (y1, y0), (at1, at0) = y.chunk(2), indices.chunk(2)
            most, first = torch.maximum(y1, y0), grad.chunk(2)[0]
            shares = torch.zeros_like(x.chunk(2)[0])
            shares.scatter_add_(2, at1, first * (most - y0)).scatter_add_(2, at0, first * (y1 - most))
            dx = delta(x)
            return (torch.where(dx == 0, torch.zeros_like(dx), torch.cat(2 * [shares]) / dx),)

        return Rule.apply(m, multipliers, x)


class MultiheadAttention(nn.Module):
    """Self-attention, batch first."""

    def __init__(self, module: nn.MultiheadAttention):
        super().__init__()
        self.module = module

    def forward(self, x, *_args, **_more):
        m = self.module
        q, k, v = (part.unflatten(-1, (m.num_heads, -1)).transpose(1, 2) for part in nn.functional.linear(x, m.in_proj_weight, m.in_proj_bias).chunk(3, -1))
        weights = softmax(product(q, k.transpose(-1, -2)) / math.sqrt(q.shape[-1]))
        return m.out_proj(product(weights, v).transpose(1, 2).flatten(2)), None


class BertAttention(nn.Module):
    def __init__(self, module: nn.Module, heads: int):
        super().__init__()
        self.module, self.heads = module, heads

    def forward(self, x, bias):
        m = self.module
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (m.query, m.key, m.value))
        weights = softmax(product(q, k.transpose(-1, -2)) / math.sqrt(q.shape[-1]) + bias)
        return m.output(product(weights, v).transpose(1, 2).flatten(2))


PAIRED = {nn.LayerNorm: LayerNorm, nn.GroupNorm: GroupNorm, nn.MaxPool1d: MaxPool1d, nn.MultiheadAttention: MultiheadAttention,
          **{kind: OfOne for kind in (nn.ReLU, nn.GELU, nn.Tanh, nn.ELU, nn.LeakyReLU)}}


def paired(model: nn.Module, more: dict | None = None) -> nn.Module:
    model = copy.deepcopy(model)
    table = {**PAIRED, **(more or {})}
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) in table:
                setattr(parent, name, table[type(child)](child))
    return model


def contributions(model: nn.Module, x: Tensor, baseline: Tensor, target: int, layer: nn.Module | None = None) -> tuple[Tensor, float]:
    """Of a paired model: multipliers times differences, of the input or of a layer's output, and by how much they miss the score's difference."""
    both = torch.cat([x, baseline]).requires_grad_(True)
    kept = []
    hook = layer.register_forward_hook(lambda _m, _i, o: kept.append(o)) if layer is not None else None
    scores = model(both)[:, target]
    if hook:
        hook.remove()
    about = kept[0] if kept else both
    (multipliers,) = torch.autograd.grad(scores.sum(), about)
    found = (multipliers * delta(about)).chunk(2)[0].detach()
    return found, float(found.sum() - (scores[0] - scores[1]))
