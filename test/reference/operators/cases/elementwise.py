"""Arithmetic, activations, selection, casts."""

import numpy as np
import torch
import torch.nn.functional as F
from onnx import helper

from case import C, DOUBLE, FLOAT, FLOAT16, away, case, distinct, random

# Binary arithmetic, broadcast on both sides.
for op in ["Add", "Sub", "Mul", "Div"]:
    shift = 2.0 if op == "Div" else 0.0
    def right(*dims):
        return (random(*dims, seed=2) + shift).astype(np.float32)
    case(f"{op} same shape", op, opset=14, a=random(2, 3, 4, seed=1), b=right(2, 3, 4))
    case(f"{op} broadcast right", op, opset=14, a=random(2, 3, 4, seed=1), b=right(3, 1))
    case(f"{op} broadcast left", op, opset=7, a=random(4, seed=1), b=right(2, 3, 4))
    case(f"{op} broadcast both", op, opset=14, a=random(2, 1, 4, seed=1), b=right(3, 1))
    case(f"{op} scalar", op, opset=13, a=random(2, 3, seed=1), b=right())
    case(f"{op} constant right", op, opset=13, a=random(2, 3, seed=1), b=C(right(3)))
    case(f"{op} constant left", op, opset=13, a=C(random(2, 3, seed=1)), b=right(3))

case("Mul by itself", "Mul", opset=14, x=random(2, 3), nodes=[helper.make_node("Mul", ["x", "x"], ["y"], "the_node")])
case("Pow same shape", "Pow", opset=15, a=random(2, 3, low=0.5, high=2), b=random(2, 3, low=-2, high=3))
case("Pow broadcast base", "Pow", opset=15, a=random(3, low=0.5, high=2), b=random(2, 3, low=-2, high=3))
case("Pow broadcast exponent", "Pow", opset=13, a=random(2, 3, low=0.5, high=2), b=random(1, low=-2, high=3))
case("Pow square of negative base", "Pow", opset=13, a=random(2, 3, low=-2, high=2), b=C(np.float32(2)))
case("Pow cube of negative base", "Pow", opset=13, a=random(2, 3, low=-2, high=2), b=C(np.float32([3])))
case("Pow integer exponent type", "Pow", opset=13, a=away(2, 3), b=C(np.int64(2)))
case("Pow half", "Pow", opset=13, a=random(2, 3, low=0.3, high=2), b=C(np.float32(0.5)))
case("Pow square at zero", "Pow", opset=13, a=np.float32([0, 1, -2]), b=C(np.float32(2)))
case("Pow exponent one at zero", "Pow", opset=13, kink=True, a=np.float32([0, 1, -2]), b=C(np.float32(1)),
     by_hand=lambda seed: seed, note="x^1 has slope 1 at 0 as elsewhere: 0^(1-1) is 1")
case("Pow exponent zero at zero", "Pow", opset=13, kink=True, zero=True, a=np.float32([0, 1, -2]), b=C(np.float32(0)),
     by_hand=lambda seed: np.zeros(3), note="0 * 0^(-1) must not become NaN")

# Unary.
SIGNS = np.where(np.arange(24).reshape(2, 3, 4) % 3 == 0, -1, 1).astype(np.float32)
UNARY = {
    "Neg": away(2, 3, 4), "Sqrt": random(2, 3, 4, low=0.2, high=3), "Exp": random(2, 3, 4, low=-2, high=2),
    "Log": random(2, 3, 4, low=0.2, high=3), "Abs": away(2, 3, 4), "Reciprocal": SIGNS * random(2, 3, 4, low=0.4, high=2),
    "Sin": random(2, 3, 4, low=-3, high=3), "Cos": random(2, 3, 4, low=-3, high=3), "Tan": random(2, 3, 4),
    "Sinh": random(2, 3, 4), "Cosh": random(2, 3, 4), "Asin": random(2, 3, 4, low=-0.9, high=0.9),
    "Acos": random(2, 3, 4, low=-0.9, high=0.9), "Atan": random(2, 3, 4, low=-3, high=3),
    "Asinh": random(2, 3, 4, low=-3, high=3), "Acosh": random(2, 3, 4, low=1.2, high=3),
    "Atanh": random(2, 3, 4, low=-0.9, high=0.9), "Identity": away(2, 3, 4),
}
for op, x in UNARY.items():
    case(op, op, opset=13, x=x)

for op in ["Sign", "Floor", "Ceil", "Round"]:
    case(op, op, opset=13, zero=True, x=away(2, 3, 4, edges=(0, 0.5, 1, 1.5, -0.5, -1, -1.5)))

# Activations.
case("Relu", "Relu", opset=14, x=away(2, 3, 4))
case("Relu at zero", "Relu", opset=14, kink=True, x=np.float32([-1, -0.0, 0, 1e-20, 1]),
     by_hand=lambda seed: seed * [0, 0, 0, 1, 1], note="0 at the edge, as PyTorch's")
case("LeakyRelu default", "LeakyRelu", opset=16, x=away(2, 3, 4))
case("LeakyRelu alpha", "LeakyRelu", opset=6, attrs={"alpha": 0.3}, x=away(2, 3, 4))
case("LeakyRelu at zero", "LeakyRelu", opset=16, kink=True, attrs={"alpha": 0.3}, x=np.float32([-1, 0, 1]),
     by_hand=lambda seed: seed * [np.float32(0.3), np.float32(0.3), 1], note="the slope at 0 is alpha, as PyTorch's")
case("PRelu channel slope", "PRelu", opset=16, x=away(2, 3, 2, 2), slope=random(3, 1, 1, seed=3))
case("PRelu one slope", "PRelu", opset=9, x=away(2, 3, 4), slope=random(1, seed=3))
case("PRelu constant slope", "PRelu", opset=9, x=away(2, 3, 4), slope=C(random(3, 1, seed=3)))
case("PRelu full slope", "PRelu", opset=7, x=away(2, 3), slope=random(2, 3, seed=3))
case("Elu", "Elu", opset=6, x=away(2, 3, 4))
case("Elu alpha", "Elu", opset=6, attrs={"alpha": 1.7}, x=away(2, 3, 4))
case("Selu", "Selu", opset=6, x=away(2, 3, 4))
case("Selu alpha gamma", "Selu", opset=6, attrs={"alpha": 1.2, "gamma": 0.8}, x=away(2, 3, 4))
case("Celu", "Celu", opset=12, attrs={"alpha": 1.6}, x=away(2, 3, 4), torch=lambda x: F.celu(x, float(np.float32(1.6))),
     note="the operator's type is float32 alone, so that onnx.reference cannot run it in float64")
case("ThresholdedRelu", "ThresholdedRelu", opset=10, attrs={"alpha": 0.6}, x=away(2, 3, 4, edges=(0.6,)))
case("ThresholdedRelu at the threshold", "ThresholdedRelu", opset=10, kink=True, attrs={"alpha": 0.5},
     x=np.float32([0.25, 0.5, 0.75]), by_hand=lambda seed: seed * [0, 0, 1])
case("Sigmoid", "Sigmoid", opset=13, x=random(2, 3, 4, low=-4, high=4))
case("HardSigmoid", "HardSigmoid", opset=6, x=away(2, 3, 4, low=-4, high=4, edges=(-2.5, 2.5)))
case("HardSigmoid alpha beta", "HardSigmoid", opset=6, attrs={"alpha": 0.25, "beta": 0.4},
     x=away(2, 3, 4, low=-4, high=4, edges=(-1.6, 2.4)))
case("HardSigmoid at the edges", "HardSigmoid", opset=6, kink=True, attrs={"alpha": 0.25, "beta": 0.5},
     x=np.float32([-3, -2, 0, 2, 3]), by_hand=lambda seed: seed * [0, 0, 0.25, 0, 0], note="0 at the edges, as PyTorch's")
case("HardSwish", "HardSwish", opset=14, x=away(2, 3, 4, low=-5, high=5, edges=(-3, 3)))
case("Tanh", "Tanh", opset=13, x=random(2, 3, 4, low=-3, high=3))
case("Gelu none", "Gelu", opset=20, x=random(2, 3, 4, low=-3, high=3), torch=F.gelu, note="onnx.reference computes erf in float32")
case("Gelu tanh", "Gelu", opset=20, attrs={"approximate": "tanh"}, x=random(2, 3, 4, low=-3, high=3),
     torch=lambda x: F.gelu(x, approximate="tanh"), note="onnx.reference computes the constants in float32")
case("Erf", "Erf", opset=13, x=random(2, 3, 4, low=-2, high=2), torch=torch.erf, note="onnx.reference computes it in float32")
case("Softplus", "Softplus", opset=1, x=random(2, 3, 4, low=-4, high=4))
case("Softsign", "Softsign", opset=1, x=away(2, 3, 4, low=-4, high=4))
case("Mish", "Mish", opset=18, x=random(2, 3, 4, low=-4, high=4))
case("Swish as Sigmoid times x", "Sigmoid", opset=13, x=random(2, 3, 4, low=-4, high=4), nodes=[
    helper.make_node("Sigmoid", ["x"], ["s"], "the_node"), helper.make_node("Mul", ["x", "s"], ["y"], "product")])

# Clip: bounds as attributes, as inputs, missing.
edges = (-0.5, 0.75)
case("Clip attributes", "Clip", opset=6, attrs={"min": -0.5, "max": 0.75}, x=away(2, 3, 4, edges=edges))
case("Clip attributes, only min", "Clip", opset=6, attrs={"min": -0.5}, x=away(2, 3, 4, edges=edges))
case("Clip inputs", "Clip", opset=13, x=away(2, 3, 4, edges=edges), min=C(np.float32(-0.5)), max=C(np.float32(0.75)))
case("Clip only min", "Clip", opset=11, x=away(2, 3, 4, edges=edges), min=C(np.float32(-0.5)))
case("Clip only max", "Clip", opset=13, x=away(2, 3, 4, edges=edges), min=None, max=C(np.float32(0.75)))
case("Clip no bounds", "Clip", opset=13, x=away(2, 3, 4))
case("Clip at the edges", "Clip", opset=13, kink=True, x=np.float32([-1, 0, 3, 6, 7]), min=C(np.float32(0)),
     max=C(np.float32(6)), by_hand=lambda seed: seed * [0, 0, 1, 0, 0], note="0 at the edges, as PyTorch's Relu6")
case("Clip attributes at the edges", "Clip", opset=6, kink=True, attrs={"min": 0.0, "max": 6.0},
     x=np.float32([-1, 0, 3, 6, 7]), by_hand=lambda seed: seed * [0, 0, 1, 0, 0])

# Variadic.
for op in ["Min", "Max", "Mean", "Sum"]:
    a, b, c = distinct(3, 2, 3, 4, step=0.03)
    case(f"{op} of three", op, opset=13, a=a, b=b, c=c)
    case(f"{op} of three, broadcast", op, opset=13, a=distinct(3, 4, step=0.07), b=distinct(2, 1, 4, step=0.11, seed=5),
         c=C(np.float32([0.013])), **({"torch": lambda a, b, c: (a + b + c) / 3, "note": "onnx.reference cannot broadcast it"}
                                      if op == "Mean" else {}))
    case(f"{op} of one", op, opset=8, a=a)
    case(f"{op} of two", op, opset=13, a=a, b=b)
case("Max ties", "Max", opset=13, kink=True, a=np.float32([1, 2, 3, 0]), b=np.float32([1, 1, 3, 2]),
     by_hand=lambda seed: {"a": seed * [0.5, 1, 0.5, 0], "b": seed * [0.5, 0, 0.5, 1]}, note="ties share equally")
case("Min ties of three", "Min", opset=13, kink=True, a=np.float32([1, 2, 3]), b=np.float32([1, 1, 2]), c=np.float32([1, 1, 5]),
     by_hand=lambda seed: {"a": seed * [1 / 3, 0, 0], "b": seed * [1 / 3, 0.5, 1], "c": seed * [1 / 3, 0.5, 0]},
     note="ties share equally")
case("Max ties, broadcast", "Max", opset=13, kink=True, a=np.float32([[0, 1], [2, 1]]), b=np.float32([1]),
     by_hand=lambda seed: {"a": seed * [[0, 0.5], [1, 0.5]], "b": [np.sum(seed * [[1, 0.5], [0, 0.5]])]},
     note="ties share equally")

condition = np.random.default_rng(7).integers(0, 2, (2, 3, 4)).astype(bool)
case("Where same shape", "Where", opset=16, condition=C(condition), a=random(2, 3, 4, seed=1), b=random(2, 3, 4, seed=2))
case("Where broadcast", "Where", opset=9, condition=C(condition[0]), a=random(2, 1, 4, seed=1), b=random(1, seed=2))
case("Where condition input", "Where", opset=16, condition=condition[:, :, :1], a=random(3, 4, seed=1), b=random(2, 1, 1, seed=2))

# Casts, dropout.
case("Cast float32 to float64 and back", "Cast", opset=13, x=random(2, 3), by_hand=lambda seed: seed, nodes=[
    helper.make_node("Cast", ["x"], ["wide"], "the_node", to=DOUBLE), helper.make_node("Cast", ["wide"], ["y"], to=FLOAT)])
case("Cast float32 to float16 and back", "Cast", opset=13, x=random(2, 3), by_hand=lambda seed: seed, nodes=[
    helper.make_node("Cast", ["x"], ["half"], "the_node", to=FLOAT16), helper.make_node("Cast", ["half"], ["y"], to=FLOAT)])
case("Cast to int64 and back", "Cast", opset=13, zero=True, x=away(2, 3, low=-3, high=3, edges=(-2, -1, 0, 1, 2)),
     by_hand=lambda seed: np.zeros((2, 3)), note="no gradient passes through integers", nodes=[
         helper.make_node("Cast", ["x"], ["whole"], "the_node", to=7), helper.make_node("Cast", ["whole"], ["y"], to=FLOAT)])
case("CastLike", "CastLike", opset=15, x=random(2, 3), like=C(np.float32([1])), by_hand=lambda seed: seed)
case("Dropout attribute", "Dropout", opset=7, attrs={"ratio": 0.4}, x=random(2, 3))
case("Dropout inputs", "Dropout", opset=13, x=random(2, 3), ratio=C(np.float32(0.4)), training=C(np.bool_(False)))
case("Dropout no ratio", "Dropout", opset=12, x=random(2, 3))

# Two paths: what reaches a value by several ways is added up.
case("Add after a fork", "Add", opset=13, x=random(2, 3), nodes=[
    helper.make_node("Exp", ["x"], ["e"]), helper.make_node("Sin", ["x"], ["s"]),
    helper.make_node("Add", ["e", "s"], ["y"], "the_node")])
case("Mul where one side has no gradient", "Mul", opset=13, x=away(2, 3, edges=(-1, 0, 1)), nodes=[
    helper.make_node("Floor", ["x"], ["f"]), helper.make_node("Mul", ["x", "f"], ["y"], "the_node")])
case("Exp output and its input both asked", "Exp", opset=13, x=random(2, 3), outputs=["t", "y"], nodes=[
    helper.make_node("Sin", ["x"], ["t"]), helper.make_node("Exp", ["t"], ["y"], "the_node")])

