"""Relevance, DeepLIFT contributions and gradients of a small decoder whose attention is masked, in float64.

    pip install --no-deps -r ../requirements-alone.txt
    python make.py

The reference is the network in which closed entries are absent: each query takes only the keys and values it may look at, and no mask is
anywhere. LRP by LXT's functions (AttnLRP, epsilon rule), DeepLIFT by ../deeplift/paired.py, gradients by autograd. The test builds the same
network with masks of every kind. Writes masked.json: weights, the input, a baseline, and the numbers.
"""

from __future__ import annotations

import json
import pathlib
import sys

import torch
from lxt.explicit import functional as lf
from lxt.explicit.rules import identity
from torch import Tensor, nn

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "deeplift")]

import paired  # noqa: E402

TOKENS, WIDTH, HEADS, HIDDEN, CLASSES, TARGET = 5, 8, 2, 12, 3, 1
EPSILON = 1e-6
#: No query looks ahead, and none at the token 3 (padding): the keys that each query may look at.
OPEN = [[key for key in range(query + 1) if key != 3] for query in range(TOKENS)]
#: The padding token's own query looks at nothing: its weights are the same for all keys, whatever the scores.
EMPTY = [keys if query != 3 else [] for query, keys in enumerate(OPEN)]

torch.manual_seed(3)
SHAPES = {
    "gain": (WIDTH,), "shift": (WIDTH,), "wq": (WIDTH, WIDTH), "bq": (WIDTH,), "wk": (WIDTH, WIDTH), "bk": (WIDTH,), "wv": (WIDTH, WIDTH), "bv": (WIDTH,),
    "wo": (WIDTH, WIDTH), "bo": (WIDTH,), "w1": (WIDTH, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, WIDTH), "b2": (WIDTH,), "wc": (WIDTH, CLASSES), "bc": (CLASSES,),
}
# Numbers of float32, so that the test's network is this one.
W = {name: (torch.randn(shape) * (0.2 if len(shape) == 1 else 0.6)).float().double() for name, shape in SHAPES.items()}
W["gain"] += 1
W["gain"] = W["gain"].float().double()


class Plain:
    """Each operation as it is; the other two have rules for the way back."""

    linear = staticmethod(lambda x, w, b: x @ w + b)
    add = staticmethod(torch.add)
    matmul = staticmethod(torch.matmul)
    softmax = staticmethod(lambda x: torch.softmax(x, -1))
    relu = staticmethod(torch.relu)
    scale = staticmethod(lambda x, factor: x * factor)
    fixed = staticmethod(torch.matmul)

    @staticmethod
    def norm(x):
        return nn.functional.layer_norm(x, (WIDTH,), W["gain"], W["shift"], 1e-5)


class Relevance(Plain):
    linear = staticmethod(lambda x, w, b: lf.linear_epsilon(x, w.T.contiguous(), b, EPSILON))
    add = staticmethod(lf.add2)
    matmul = staticmethod(lambda a, b: lf.matmul(a, b))
    softmax = staticmethod(lambda x: lf.softmax(x, -1))
    relu = staticmethod(lambda x: identity(torch.relu, x))
    scale = staticmethod(lf.mul2)
    fixed = staticmethod(lambda a, b: lf.matmul(a, b))

    @staticmethod
    def norm(x):
        return lf.layer_norm(x, W["gain"], W["shift"], 1e-5)


class Contributions(Plain):
    matmul = staticmethod(paired.product)
    softmax = staticmethod(paired.softmax)
    relu = staticmethod(lambda x: paired.of_one(torch.relu, x))

    @staticmethod
    def norm(x):
        return paired.normalised(x, [-1], 1e-5) * W["gain"] + W["shift"]


def attention(ops, x: Tensor, open_keys: list[list[int]]) -> Tensor:
    q, k, v = (ops.linear(x, W[f"w{part}"], W[f"b{part}"]).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in "qkv")
    rows = []
    for query, keys in enumerate(open_keys):
        if keys:
            scores = ops.scale(ops.matmul(q[:, :, query : query + 1], k[:, :, keys].transpose(-1, -2)), (WIDTH // HEADS) ** -0.5)
            rows.append(ops.matmul(ops.softmax(scores), v[:, :, keys]))
        else:
            rows.append(ops.fixed(torch.full((len(x), HEADS, 1, TOKENS), 1 / TOKENS, dtype=x.dtype), v))
    return ops.linear(torch.cat(rows, 2).transpose(1, 2).flatten(2), W["wo"], W["bo"])


def network(ops, x: Tensor, open_keys: list[list[int]], last: slice) -> Tensor:
    """Two layers with the same weights; the score is of the last token, or of all tokens in `last` together."""
    for _ in range(2):
        x = ops.add(x, attention(ops, ops.norm(x), open_keys))
        x = ops.add(x, ops.linear(ops.relu(ops.linear(ops.norm(x), W["w1"], W["b1"])), W["w2"], W["b2"]))
    return ops.linear(x[:, last], W["wc"], W["bc"])


def main() -> None:
    x = torch.randn(1, TOKENS, WIDTH).float().double()
    baseline = (torch.randn(1, TOKENS, WIDTH) * 0.5).float().double()
    out = {"tokens": TOKENS, "target": TARGET, "open": OPEN, "empty": EMPTY, "dims": {name: list(w.shape) for name, w in W.items()},
           "weights": {name: w.flatten().tolist() for name, w in W.items()}, "x": x.flatten().tolist(), "baseline": baseline.flatten().tolist()}
    for name, open_keys, token in [("masked", OPEN, 4), ("emptyRow", EMPTY, 3)]:
        last = slice(token, token + 1)
        input = x.clone().requires_grad_(True)
        logits = network(Relevance, input, open_keys, last)
        plain = x.clone().requires_grad_(True)
        score = network(Plain, plain, open_keys, last)[0, 0, TARGET]
        assert torch.allclose(score, logits[0, 0, TARGET])
        seed = torch.zeros_like(logits)
        seed[0, 0, TARGET] = logits[0, 0, TARGET].detach()
        (relevance,) = torch.autograd.grad(logits, input, seed)
        (gradient,) = torch.autograd.grad(score, plain)
        both = torch.cat([x, baseline]).requires_grad_(True)
        scores = network(Contributions, both, open_keys, last)[:, 0, TARGET]
        (multipliers,) = torch.autograd.grad(scores.sum(), both)
        found = (multipliers * paired.delta(both)).chunk(2)[0]
        assert abs(float(found.sum() - (scores[0] - scores[1]))) < 1e-9
        out[name] = {"token": token, "score": float(score), "relevance": relevance.flatten().tolist(), "gradient": gradient.flatten().tolist(), "contributions": found.flatten().tolist()}
        print(name, float(score), "relevance sums to", float(relevance.sum()), "contributions to", float(found.sum()), "largest", float(relevance.abs().max()))
    (HERE / "masked.json").write_text(json.dumps(out, separators=(",", ":"), default=float).replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
