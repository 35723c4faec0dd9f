"""Pools over windows and over everything."""

import numpy as np
import torch
import torch.nn.functional as F

from case import away, case, distinct, random

MAX = [
    ("1-D", (2, 2, 7), {"kernel_shape": [3]}),
    ("1-D stride pads", (1, 2, 8), {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    ("2-D", (2, 2, 4, 4), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("2-D overlapping", (1, 2, 5, 5), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2-D stride 1", (1, 2, 4, 4), {"kernel_shape": [2, 3]}),
    ("2-D dilation", (1, 2, 6, 6), {"kernel_shape": [2, 2], "dilations": [2, 3]}),
    ("2-D ceil_mode", (1, 2, 6, 5), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    ("2-D stride not dividing", (1, 2, 6, 8), {"kernel_shape": [3, 3], "strides": [2, 3]}),
    ("2-D SAME_UPPER", (1, 2, 5, 4), {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("2-D SAME_LOWER", (1, 2, 5, 4), {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("2-D VALID", (1, 2, 5, 4), {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "VALID"}),
    ("3-D", (1, 2, 3, 4, 4), {"kernel_shape": [2, 2, 2], "strides": [1, 2, 2]}),
    ("3-D pads", (1, 1, 4, 4, 4), {"kernel_shape": [3, 3, 3], "strides": [2, 2, 2], "pads": [1, 1, 1, 1, 1, 1]}),
]
for name, dims, attrs in MAX:
    case(f"MaxPool {name}", "MaxPool", opset=12, attrs=attrs, x=distinct(*dims))
case("MaxPool 2-D asymmetric pads", "MaxPool", opset=12, attrs={"kernel_shape": [3, 3], "pads": [0, 1, 2, 0]},
     x=distinct(1, 2, 4, 5), torch=lambda x: F.max_pool2d(F.pad(x, (1, 0, 0, 2), value=-torch.inf), 3, 1),
     note="onnx.reference takes the pads in another order")
case("MaxPool opset 8", "MaxPool", opset=8, attrs={"kernel_shape": [2, 2]}, x=distinct(1, 1, 3, 3))


def first_of_ties(seed):
    """Windows 2x2 with stride 2 of a 4x4 input of equal values: all goes to each window's upper left."""
    gradient = np.zeros((1, 1, 4, 4))
    gradient[:, :, ::2, ::2] = seed
    return gradient


case("MaxPool ties", "MaxPool", opset=12, kink=True, attrs={"kernel_shape": [2, 2], "strides": [2, 2]},
     x=np.ones((1, 1, 4, 4), np.float32), by_hand=first_of_ties, note="the first takes all, as PyTorch's")
case("MaxPool partial ties", "MaxPool", opset=12, kink=True, attrs={"kernel_shape": [1, 3]},
     x=np.float32([[[[0, 2, 2, 2, 1]]]]), note="the first takes all; windows overlap",
     by_hand=lambda seed: [[[[0, seed[0, 0, 0, 0] + seed[0, 0, 0, 1], seed[0, 0, 0, 2], 0, 0]]]])
case("MaxPool of negative values with pads", "MaxPool", opset=12, attrs={"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
     x=(distinct(1, 1, 4, 4) - 5).astype(np.float32), note="a pad must not win")

AVERAGE = [
    ("1-D", (2, 2, 7), {"kernel_shape": [3]}),
    ("2-D", (2, 2, 4, 4), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("2-D pads not counted", (1, 2, 5, 5), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2-D pads counted", (1, 2, 5, 5),
     {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("2-D asymmetric pads", (1, 2, 4, 5), {"kernel_shape": [3, 2], "pads": [0, 1, 2, 0]}),
    ("2-D asymmetric pads counted", (1, 2, 4, 5), {"kernel_shape": [3, 2], "pads": [0, 1, 2, 0], "count_include_pad": 1}),
    ("2-D stride not dividing", (1, 2, 6, 8), {"kernel_shape": [3, 3], "strides": [2, 3]}),
    ("2-D SAME_UPPER", (1, 2, 5, 4), {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("2-D SAME_LOWER", (1, 2, 5, 4), {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("3-D", (1, 2, 3, 4, 4), {"kernel_shape": [2, 2, 2], "strides": [1, 2, 2]}),
]
for name, dims, attrs in AVERAGE:
    case(f"AveragePool {name}", "AveragePool", opset=11, attrs=attrs, x=random(*dims))
CEIL = {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}
case("AveragePool 2-D ceil_mode", "AveragePool", opset=19, attrs=CEIL, x=random(1, 2, 6, 5))
case("AveragePool 2-D ceil_mode pads", "AveragePool", opset=19, attrs={**CEIL, "pads": [1, 1, 1, 1]}, x=random(1, 2, 6, 6))
case("AveragePool 2-D ceil_mode pads counted", "AveragePool", opset=19,
     attrs={**CEIL, "pads": [1, 1, 1, 1], "count_include_pad": 1}, x=random(1, 2, 6, 6))
case("AveragePool 2-D dilation", "AveragePool", opset=19, attrs={"kernel_shape": [2, 2], "dilations": [2, 3]}, x=random(1, 2, 6, 6))
case("AveragePool 2-D dilation pads", "AveragePool", opset=19,
     attrs={"kernel_shape": [2, 2], "dilations": [2, 2], "pads": [1, 1, 1, 1], "strides": [2, 2]}, x=random(1, 2, 5, 6))
case("AveragePool 2-D dilation pads counted", "AveragePool", opset=22,
     attrs={"kernel_shape": [2, 2], "dilations": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}, x=random(1, 2, 5, 4))

for rank, dims in [("1-D", (2, 3, 5)), ("2-D", (2, 3, 3, 4)), ("3-D", (1, 2, 2, 3, 2))]:
    case(f"GlobalAveragePool {rank}", "GlobalAveragePool", opset=1, x=random(*dims))
    case(f"GlobalMaxPool {rank}", "GlobalMaxPool", opset=1, x=distinct(*dims), note="onnx.reference has it in 2-D alone",
         torch=lambda x: x.amax(tuple(range(2, x.ndim)), keepdim=True))
case("GlobalMaxPool ties", "GlobalMaxPool", opset=1, kink=True, x=np.float32([[[[3, 1], [3, 2]]]]),
     by_hand=lambda seed: seed * np.float64([[[[1, 0], [0, 0]]]]), note="a MaxPool over everything: the first takes all")
for p in [1, 2, 3]:
    case(f"GlobalLpPool p={p}", "GlobalLpPool", opset=2, attrs={"p": p}, x=away(2, 2, 3, 3), note="onnx.reference lacks it",
         torch=lambda x, p=p: torch.linalg.vector_norm(x, p, (2, 3), keepdim=True))
    case(f"LpPool p={p}", "LpPool", opset=18, attrs={"p": p, "kernel_shape": [2, 2], "strides": [1, 1]}, x=away(1, 2, 3, 4))
    case(f"LpPool p={p} stride pads", "LpPool", opset=18,
         attrs={"p": p, "kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, x=away(1, 2, 4, 5))
case("LpPool 1-D", "LpPool", opset=11, attrs={"kernel_shape": [3], "strides": [2]}, x=away(1, 2, 7))
case("LpPool SAME_UPPER", "LpPool", opset=11, attrs={"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER", "strides": [2, 2]},
     x=away(1, 1, 5, 5))
case("LpPool dilation", "LpPool", opset=18, attrs={"kernel_shape": [2, 2], "dilations": [2, 2]}, x=away(1, 2, 4, 5))
case("LpPool ceil_mode", "LpPool", opset=18, attrs={"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, x=away(1, 2, 5, 4),
     note="onnx.reference scales a window that reaches over the edge",
     torch=lambda x: torch.sqrt(4 * F.avg_pool2d(F.pad(x, (0, 0, 0, 1)) ** 2, 2)))
