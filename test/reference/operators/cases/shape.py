"""Operators that move values without changing them: shapes, joins, cuts, pads."""

import numpy as np
import torch
from onnx import helper

from case import C, case, ints, random

x = random(2, 3, 4)
case("Reshape", "Reshape", opset=13, x=x, shape=ints(4, 6))
case("Reshape 0 and -1", "Reshape", opset=5, x=x, shape=ints(0, -1))
case("Reshape allowzero", "Reshape", opset=14, attrs={"allowzero": 1}, x=x, shape=ints(6, 4))
case("Reshape to a scalar's list", "Reshape", opset=13, x=random(1, 1), shape=ints(1))
case("Reshape shape computed", "Reshape", opset=15, x=x, nodes=[
    helper.make_node("Shape", ["x"], ["dims"], start=0, end=1),
    helper.make_node("Constant", [], ["rest"], value_ints=[-1]),
    helper.make_node("Concat", ["dims", "rest"], ["shape"], axis=0),
    helper.make_node("Reshape", ["x", "shape"], ["y"], "the_node")])
for axis in [0, 1, 2, 3, -1]:
    case(f"Flatten axis {axis}", "Flatten", opset=13, attrs={"axis": axis}, x=x)
case("Flatten default", "Flatten", opset=9, x=random(2, 2, 2, 3))
case("Squeeze attribute", "Squeeze", opset=11, attrs={"axes": [0, -1]}, x=random(1, 3, 4, 1))
case("Squeeze input", "Squeeze", opset=13, x=random(1, 3, 1, 4), axes=ints(2))
case("Squeeze all", "Squeeze", opset=13, x=random(1, 3, 1, 4))
case("Unsqueeze attribute", "Unsqueeze", opset=11, attrs={"axes": [0, 3]}, x=random(3, 4))
case("Unsqueeze input", "Unsqueeze", opset=13, x=random(3, 4), axes=ints(-1, 0))
case("Transpose default", "Transpose", opset=13, x=x)
case("Transpose perm", "Transpose", opset=13, attrs={"perm": [1, 2, 0]}, x=x)
case("Transpose perm 4-D", "Transpose", opset=1, attrs={"perm": [0, 3, 1, 2]}, x=random(2, 3, 2, 4))

case("Concat axis 1", "Concat", opset=13, attrs={"axis": 1}, a=x, b=random(2, 1, 4, seed=1), c=random(2, 2, 4, seed=2))
case("Concat negative axis", "Concat", opset=11, attrs={"axis": -1}, a=x, b=random(2, 3, 2, seed=1))
case("Concat with a constant", "Concat", opset=4, attrs={"axis": 0}, a=x, b=C(random(1, 3, 4, seed=1)))
case("Concat of one value twice", "Concat", opset=13, x=x, nodes=[helper.make_node("Concat", ["x", "x"], ["y"], "the_node", axis=0)])

six = random(6, 2)
case("Split equal", "Split", opset=13, outputs=3, x=six)
case("Split sizes attribute", "Split", opset=11, attrs={"split": [1, 3, 2], "axis": 0}, outputs=3, x=six)
case("Split sizes input", "Split", opset=13, attrs={"axis": -2}, outputs=2, x=six, split=ints(2, 4))
case("Split num_outputs", "Split", opset=18, attrs={"num_outputs": 4, "axis": 0}, outputs=4, x=random(7, 2))
case("Split with one output unused", "Split", opset=13, attrs={"axis": 1}, outputs=["first"], x=random(2, 6), nodes=[
    helper.make_node("Split", ["x"], ["first", "second", "third"], "the_node", axis=1)])
case("Split axis 1", "Split", opset=2, attrs={"axis": 1}, outputs=2, x=random(2, 4))

BIG, SMALL = np.iinfo(np.int64).max, np.iinfo(np.int64).min
case("Slice attributes", "Slice", opset=9, attrs={"starts": [0, 1], "ends": [1, 1000], "axes": [0, 2]}, x=x)
case("Slice attributes negative", "Slice", opset=1, attrs={"starts": [-2], "ends": [-1], "axes": [1]}, x=x)
case("Slice inputs", "Slice", opset=13, x=x, starts=ints(1, 0), ends=ints(3, 2), axes=ints(1, 2))
case("Slice no axes", "Slice", opset=10, x=x, starts=ints(0, 1), ends=ints(2, 3))
case("Slice step 2", "Slice", opset=13, x=random(2, 7), starts=ints(1), ends=ints(BIG), axes=ints(1), steps=ints(2))
case("Slice step 3 not reaching the end", "Slice", opset=13, x=random(2, 8), starts=ints(0), ends=ints(6), axes=ints(-1), steps=ints(3))
case("Slice negative step", "Slice", opset=13, x=random(2, 5), starts=ints(-1), ends=ints(SMALL), axes=ints(1), steps=ints(-1))
case("Slice negative step 2", "Slice", opset=13, x=random(2, 7), starts=ints(5), ends=ints(0), axes=ints(1), steps=ints(-2))
case("Slice two axes, mixed steps", "Slice", opset=13, x=random(4, 5), starts=ints(3, 0), ends=ints(-5, 5), axes=ints(0, 1),
     steps=ints(-1, 2))
case("Slice int32 indices", "Slice", opset=13, x=x, starts=C([1], np.int32), ends=C([2**31 - 1], np.int32), axes=C([1], np.int32))
case("Slice channels backwards", "Slice", opset=11, x=random(1, 3, 2, 2), starts=ints(2), ends=ints(-4), axes=ints(1), steps=ints(-1))

p = random(3, 4)
case("Pad constant attributes", "Pad", opset=2, attrs={"pads": [1, 0, 2, 1], "value": 1.5}, x=p)
case("Pad reflect attributes", "Pad", opset=2, attrs={"pads": [1, 2, 2, 0], "mode": "reflect"}, x=p)
case("Pad edge attributes", "Pad", opset=2, attrs={"pads": [0, 2, 1, 3], "mode": "edge"}, x=p)
case("Pad constant", "Pad", opset=13, x=p, pads=ints(1, 0, 2, 1))
case("Pad constant value", "Pad", opset=11, x=p, pads=ints(0, 2, 1, 0), value=C(np.float32(-0.5)))
case("Pad constant value input", "Pad", opset=13, x=p, pads=ints(1, 0, 0, 1), value=np.float32(0.25))
case("Pad reflect", "Pad", opset=13, attrs={"mode": "reflect"}, x=p, pads=ints(2, 3, 1, 2))
case("Pad reflect 4-D", "Pad", opset=11, attrs={"mode": "reflect"}, x=random(1, 2, 3, 4), pads=ints(0, 0, 1, 2, 0, 0, 2, 1))
case("Pad edge", "Pad", opset=13, attrs={"mode": "edge"}, x=p, pads=ints(2, 1, 0, 3))
case("Pad wrap", "Pad", opset=19, attrs={"mode": "wrap"}, x=p, pads=ints(1, 2, 2, 3))
case("Pad axes", "Pad", opset=18, x=random(2, 3, 4), pads=ints(1, 2), value=None, axes=ints(-1))
case("Pad axes reflect", "Pad", opset=18, attrs={"mode": "reflect"}, x=random(2, 3, 4), pads=ints(1, 2, 0, 1), value=None,
     axes=ints(2, 1))
refused = "onnx.reference refuses negative pads"
case("Pad negative", "Pad", opset=13, x=random(4, 5), pads=ints(-1, 0, 0, -2), note=refused,
     torch=lambda x, pads: x[1:, :3])
case("Pad negative and positive", "Pad", opset=13, x=random(4, 5), pads=ints(-1, 2, 1, -2), note=refused,
     torch=lambda x, pads: torch.nn.functional.pad(x, (2, -2, -1, 1)))
case("Pad nothing", "Pad", opset=13, x=p, pads=ints(0, 0, 0, 0))

case("Expand", "Expand", opset=13, x=random(3, 1), shape=ints(2, 3, 4))
case("Expand with ones", "Expand", opset=8, x=random(3, 4), shape=ints(1, 1))
case("Expand scalar", "Expand", opset=13, x=np.float32(0.7), shape=ints(2, 2))
case("Tile", "Tile", opset=13, x=random(2, 3), repeats=ints(2, 3))
case("Tile 3-D", "Tile", opset=6, x=random(2, 1, 3), repeats=ints(1, 3, 2))

depth = random(1, 8, 2, 3)
case("DepthToSpace DCR", "DepthToSpace", opset=13, attrs={"blocksize": 2}, x=depth)
case("DepthToSpace CRD", "DepthToSpace", opset=13, attrs={"blocksize": 2, "mode": "CRD"}, x=depth)
case("DepthToSpace opset 1", "DepthToSpace", opset=10, attrs={"blocksize": 2}, x=depth)
case("SpaceToDepth", "SpaceToDepth", opset=13, attrs={"blocksize": 2}, x=random(1, 2, 4, 6))
for upper in [0, 1]:
    case(f"Trilu upper={upper}", "Trilu", opset=14, attrs={"upper": upper}, x=random(2, 3, 4))
    case(f"Trilu upper={upper} k", "Trilu", opset=14, attrs={"upper": upper}, x=random(4, 4), k=C(np.int64(1 - 2 * upper)))
case("ReverseSequence", "ReverseSequence", opset=10, attrs={"batch_axis": 1, "time_axis": 0}, x=random(4, 3, 2),
     lengths=C([4, 2, 1], np.int64))
case("Shape as a factor", "Shape", opset=15, x=random(2, 3), nodes=[
    helper.make_node("Shape", ["x"], ["dims"], "the_node"), helper.make_node("Cast", ["dims"], ["counts"], to=1),
    helper.make_node("ReduceProd", ["counts"], ["count"], keepdims=0), helper.make_node("Div", ["x", "count"], ["y"])],
    torch=lambda x: x / 6, note="Cast to float32 would stay in the float64 model")
case("CenterCropPad", "CenterCropPad", opset=18, attrs={"axes": [0, 1]}, x=random(3, 6), shape=ints(5, 4),
     torch=lambda x, shape: torch.nn.functional.pad(x[:, 1:5], (0, 0, 1, 1)), note="its function pads with float32")
