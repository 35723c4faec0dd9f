"""Gather, Scatter, TopK, GridSample."""

import numpy as np
import torch.nn.functional as F

from case import C, case, distinct, ints, random

x = random(3, 4)
case("Gather", "Gather", opset=13, x=x, indices=ints(0, 2))
case("Gather negative and repeated", "Gather", opset=13, x=x, indices=ints(-1, 0, -1, 2))
case("Gather axis 1, 2-D indices", "Gather", opset=13, attrs={"axis": 1}, x=x, indices=C([[0, 3], [-2, 0]], np.int64))
case("Gather negative axis, int32", "Gather", opset=11, attrs={"axis": -1}, x=random(2, 3, 4), indices=C([1, 1, 3], np.int32))
case("Gather scalar index", "Gather", opset=13, attrs={"axis": 1}, x=x, indices=C(np.int64(2)))
case("Gather indices input", "Gather", opset=13, x=x, indices=np.int64([2, 2, 0]))
case("GatherElements", "GatherElements", opset=13, attrs={"axis": 1}, x=x, indices=C([[0, -1], [3, 3], [1, 0]], np.int64))
case("GatherElements axis 0", "GatherElements", opset=11, x=x, indices=C([[0, 1, 2, 0], [2, 2, -1, 0]], np.int64))
case("GatherND", "GatherND", opset=13, x=x, indices=C([[0, 1], [2, -1], [0, 1]], np.int64))
case("GatherND slices", "GatherND", opset=13, x=random(2, 3, 4), indices=C([[[1, 0]], [[0, 2]]], np.int64))
case("GatherND batch_dims", "GatherND", opset=12, attrs={"batch_dims": 1}, x=random(2, 3, 4), indices=C([[1], [2]], np.int64))

updates = random(2, 2, seed=9)
case("ScatterElements", "ScatterElements", opset=18, attrs={"axis": 1}, x=x, indices=C([[0, -1], [2, 1]], np.int64), updates=updates)
case("ScatterElements add", "ScatterElements", opset=18, attrs={"axis": 1, "reduction": "add"}, x=x,
     indices=C([[0, 0], [2, -1]], np.int64), updates=updates)
case("ScatterElements axis 0", "ScatterElements", opset=11, x=x, indices=C([[0, 1], [2, 0]], np.int64), updates=updates)
case("ScatterElements constant data", "ScatterElements", opset=13, x=C(x), indices=C([[0, 1], [2, 0]], np.int64), updates=updates)
case("Scatter", "Scatter", opset=10, x=x, indices=C([[0, 1], [2, 0]], np.int64), updates=updates,
     torch=lambda x, indices, updates: x.scatter(0, indices, updates), note="onnx.reference lacks it")
case("ScatterND", "ScatterND", opset=18, x=x, indices=C([[0, 1], [2, -1]], np.int64), updates=random(2, seed=9))
case("ScatterND slices", "ScatterND", opset=11, x=x, indices=C([[2], [0]], np.int64), updates=random(2, 4, seed=9))
case("ScatterND add", "ScatterND", opset=18, attrs={"reduction": "add"}, x=x, indices=C([[0, 1], [0, 1], [2, 2]], np.int64),
     updates=random(3, seed=9))

case("TopK", "TopK", opset=11, outputs=["values", "indices"], x=distinct(3, 5), k=ints(2))
case("TopK smallest, axis 0", "TopK", opset=11, attrs={"axis": 0, "largest": 0}, outputs=["values", "indices"], x=distinct(4, 3),
     k=ints(2))
case("TopK opset 10", "TopK", opset=10, outputs=["values", "indices"], x=distinct(2, 4), k=ints(3))
case("TopK ties", "TopK", opset=11, kink=True, outputs=["values", "indices"], x=np.float32([[2, 3, 2, 2]]), k=ints(2),
     by_hand=lambda seed: [[seed[0, 1], seed[0, 0], 0, 0]], note="the first among equals")
case("Compress", "Compress", opset=11, attrs={"axis": 1}, x=x, condition=C([True, False, True, False]))

grid = random(1, 3, 2, 2, low=-1.1, high=1.1, seed=4)
image = random(1, 2, 4, 3)
for mode, theirs, opset in [("bilinear", "bilinear", 16), ("linear", "bilinear", 20), ("nearest", "nearest", 16),
                            ("cubic", "bicubic", 20)]:
    for align in [0, 1]:
        for padding in ["zeros", "border", "reflection"]:
            if padding != "zeros" and (mode != "bilinear" or align):
                continue
            case(f"GridSample {mode} align_corners={align} {padding}", "GridSample", opset=opset, x=image,
                 grid=C(grid) if mode in ("nearest", "cubic") else grid,
                 attrs={"mode": mode, "align_corners": align, "padding_mode": padding},
                 torch=lambda x, grid, m=theirs, a=align, p=padding: F.grid_sample(x, grid, m, p, bool(a)),
                 note="onnx.reference computes in float32")
