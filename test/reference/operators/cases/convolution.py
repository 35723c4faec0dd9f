"""Conv and ConvTranspose, with weights as graph inputs and as initializers."""

import torch.nn.functional as F

from case import C, case, random


def both(name, operator, x, w, b=None, attrs=None, opset=11, **reference):
    """The case with gradients of x, w and b, and its twin with constant weights, which a gradient may fold."""
    arguments = {"x": x, "w": w, **({"b": b} if b is not None else {})}
    case(f"{operator} {name}", operator, opset=opset, attrs=attrs, **arguments, **reference)
    constants = {"x": x, "w": C(w), **({"b": C(b)} if b is not None else {})}
    case(f"{operator} {name}, constant weights", operator, opset=opset, attrs=attrs, **constants, **reference)


def bias(count):
    return random(count, seed=3)


CONV = [
    # name, x, w, has bias, attributes
    ("1-D", (2, 2, 7), (3, 2, 3), True, {}),
    ("1-D stride 2 pads", (2, 2, 8), (3, 2, 3), True, {"strides": [2], "pads": [1, 1]}),
    ("1-D dilation 2 asymmetric pads", (1, 2, 9), (2, 2, 3), False, {"dilations": [2], "pads": [0, 3]}),
    ("2-D", (2, 2, 5, 4), (3, 2, 3, 2), True, {}),
    ("2-D 1x1", (2, 3, 3, 3), (4, 3, 1, 1), True, {}),
    ("2-D 1x1 stride 2", (1, 3, 5, 4), (2, 3, 1, 1), False, {"strides": [2, 2]}),
    ("2-D pads", (2, 2, 4, 5), (2, 2, 3, 3), False, {"pads": [1, 1, 1, 1]}),
    ("2-D kernel_shape given", (1, 2, 4, 5), (2, 2, 3, 3), True, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("2-D asymmetric pads", (1, 2, 4, 5), (2, 2, 3, 3), True, {"pads": [0, 2, 1, 0]}),
    ("2-D pads wider than the kernel", (1, 1, 3, 3), (2, 1, 2, 2), False, {"pads": [3, 2, 2, 3]}),
    ("2-D stride 2 pads", (2, 2, 5, 5), (2, 2, 3, 3), True, {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2-D stride not dividing", (1, 2, 6, 8), (2, 2, 3, 3), False, {"strides": [2, 3]}),
    ("2-D stride larger than kernel", (1, 2, 7, 8), (2, 2, 2, 2), False, {"strides": [3, 3]}),
    ("2-D stride 2 asymmetric pads", (1, 2, 6, 6), (2, 2, 3, 3), True, {"strides": [2, 2], "pads": [0, 0, 1, 1]}),
    ("2-D dilation", (1, 2, 6, 7), (2, 2, 3, 2), True, {"dilations": [2, 3]}),
    ("2-D dilation stride pads", (1, 2, 7, 6), (2, 2, 3, 3), False,
     {"dilations": [2, 2], "strides": [2, 2], "pads": [2, 2, 2, 2]}),
    ("2-D groups", (2, 4, 4, 4), (6, 2, 3, 3), True, {"group": 2, "pads": [1, 1, 1, 1]}),
    ("2-D groups stride", (1, 4, 5, 5), (4, 2, 3, 3), False, {"group": 2, "strides": [2, 2]}),
    ("2-D depthwise", (2, 3, 4, 5), (3, 1, 3, 3), True, {"group": 3, "pads": [1, 1, 1, 1]}),
    ("2-D depthwise stride 2", (1, 3, 6, 6), (3, 1, 3, 3), False, {"group": 3, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2-D depthwise multiplier 2", (1, 3, 4, 4), (6, 1, 2, 2), True, {"group": 3}),
    ("2-D SAME_UPPER", (1, 2, 5, 6), (2, 2, 3, 2), True, {"auto_pad": "SAME_UPPER"}),
    ("2-D SAME_UPPER stride 2", (1, 2, 5, 6), (2, 2, 3, 3), False, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("2-D SAME_LOWER", (1, 2, 5, 6), (2, 2, 2, 4), False, {"auto_pad": "SAME_LOWER"}),
    ("2-D SAME_LOWER stride 2", (1, 2, 6, 5), (2, 2, 3, 3), True, {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ("2-D VALID", (1, 2, 5, 4), (2, 2, 3, 3), True, {"auto_pad": "VALID", "strides": [2, 1]}),
    ("3-D", (1, 2, 3, 4, 4), (2, 2, 2, 2, 3), True, {}),
    ("3-D stride pads", (1, 1, 4, 4, 3), (2, 1, 3, 2, 2), True, {"strides": [2, 2, 1], "pads": [1, 0, 1, 1, 1, 0]}),
    ("3-D groups dilation", (1, 2, 4, 3, 4), (2, 1, 2, 2, 2), False, {"group": 2, "dilations": [2, 1, 2]}),
]
for name, x, w, has_bias, attrs in CONV:
    both(name, "Conv", random(*x, seed=1), random(*w, seed=2), bias(w[0]) if has_bias else None, attrs)
case("Conv opset 1", "Conv", opset=10, x=random(1, 2, 4, 4, seed=1), w=random(2, 2, 3, 3, seed=2), b=bias(2))
case("Conv opset 22", "Conv", opset=22, x=random(1, 2, 4, 4, seed=1), w=random(2, 2, 3, 3, seed=2), b=bias(2))
case("Conv constant input", "Conv", opset=11, x=C(random(1, 2, 4, 4, seed=1)), w=random(2, 2, 3, 3, seed=2))

TRANSPOSE = [
    ("1-D", (2, 2, 4), (2, 3, 3), True, {}),
    ("1-D stride 2 pads", (1, 2, 4), (2, 2, 3), True, {"strides": [2], "pads": [1, 1]}),
    ("2-D", (2, 2, 3, 3), (2, 2, 3, 2), True, {}),
    ("2-D stride 2", (1, 2, 3, 3), (2, 2, 2, 2), True, {"strides": [2, 2]}),
    ("2-D stride 2 pads output_padding", (1, 2, 3, 3), (2, 2, 3, 3), True,
     {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    ("2-D stride larger than kernel", (1, 2, 3, 2), (2, 1, 2, 2), False, {"strides": [3, 3], "output_padding": [2, 1]}),
    ("2-D asymmetric pads", (1, 2, 4, 3), (2, 2, 3, 3), False, {"pads": [0, 1, 2, 0]}),
    ("2-D group", (1, 4, 3, 3), (4, 2, 2, 2), True, {"group": 2, "strides": [2, 1]}),
    ("2-D depthwise", (1, 3, 3, 3), (3, 1, 3, 3), True, {"group": 3, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2-D dilation", (1, 2, 3, 3), (2, 2, 2, 3), False, {"dilations": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2-D dilation stride", (1, 1, 3, 3), (1, 2, 2, 2), True, {"dilations": [2, 2], "strides": [2, 3]}),
    ("2-D output_shape", (1, 2, 3, 3), (2, 1, 3, 3), False, {"strides": [2, 2], "output_shape": [6, 5]}),
    ("2-D SAME_UPPER", (1, 2, 3, 3), (2, 2, 3, 3), True, {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("2-D SAME_LOWER", (1, 2, 3, 3), (2, 2, 3, 2), False, {"strides": [2, 1], "auto_pad": "SAME_LOWER"}),
    ("2-D VALID", (1, 2, 3, 3), (2, 2, 2, 3), False, {"strides": [1, 2], "auto_pad": "VALID"}),
    ("3-D", (1, 2, 2, 3, 2), (2, 1, 2, 2, 2), True, {"strides": [1, 2, 2]}),
]
# What onnx.reference gets wrong or refuses, by PyTorch: output_shape [6, 5] of 7x7 is 1 row and 2 columns less, of which
# the start takes the larger half (the specification's formula where auto_pad is not SAME_UPPER).
BY_TORCH = {
    "2-D group": lambda x, w, b: F.conv_transpose2d(x, w, b, stride=(2, 1), groups=2),
    "2-D depthwise": lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, groups=3),
    "2-D output_shape": lambda x, w: F.conv_transpose2d(x, w, stride=2)[:, :, 1:, 1:6],
}
for name, x, w, has_bias, attrs in TRANSPOSE:
    reference = {"torch": BY_TORCH[name], "note": "onnx.reference departs from the specification"} if name in BY_TORCH else {}
    both(name, "ConvTranspose", random(*x, seed=1), random(*w, seed=2),
         bias(w[1] * attrs.get("group", 1)) if has_bias else None, attrs, **reference)

