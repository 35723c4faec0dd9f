"""Reductions, cumulative sums, arg reductions that pass no gradient."""

import numpy as np

from case import C, away, case, distinct, ints, random

INPUTS = {
    "ReduceSum": random(2, 3, 4), "ReduceMean": random(2, 3, 4), "ReduceMax": distinct(2, 3, 4), "ReduceMin": distinct(2, 3, 4),
    "ReduceL1": away(2, 3, 4), "ReduceL2": away(2, 3, 4), "ReduceLogSumExp": random(2, 3, 4, low=-3, high=3),
    "ReduceProd": away(2, 3, 4, low=-1.5, high=1.5), "ReduceLogSum": random(2, 3, 4, low=0.2, high=2),
    "ReduceSumSquare": random(2, 3, 4),
}
for op, x in INPUTS.items():
    # ReduceSum takes its axes as an input since opset 13, the others since 18.
    old = 11 if op == "ReduceSum" else 13
    case(f"{op} all axes", op, opset=old, x=x)
    case(f"{op} all axes, keepdims 0", op, opset=old, attrs={"keepdims": 0}, x=x)
    case(f"{op} axes attribute", op, opset=11, attrs={"axes": [1]}, x=x)
    case(f"{op} axes attribute, keepdims 0", op, opset=11, attrs={"axes": [0, 2], "keepdims": 0}, x=x)
    case(f"{op} negative axes attribute", op, opset=12, attrs={"axes": [-2], "keepdims": 0}, x=x)
    case(f"{op} axes input", op, opset=18, x=x, axes=ints(0, 1))
    case(f"{op} negative axes input, keepdims 0", op, opset=18, attrs={"keepdims": 0}, x=x, axes=ints(-1))
    case(f"{op} no axes input", op, opset=18, attrs={"keepdims": 0}, x=x)
    case(f"{op} noop_with_empty_axes", op, opset=18, attrs={"noop_with_empty_axes": 1}, x=x, axes=ints())
case("ReduceSum opset 13", "ReduceSum", opset=13, x=INPUTS["ReduceSum"], axes=ints(1))

for op, ones in [("ReduceMax", np.float32([[3, 1, 3], [2, 2, 2]])), ("ReduceMin", np.float32([[1, 3, 1], [2, 2, 2]]))]:
    case(f"{op} ties", op, opset=18, kink=True, attrs={"keepdims": 0}, x=ones, axes=ints(1),
         by_hand=lambda seed: seed[:, None] * [[0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]], note="ties share equally")
case("ReduceL2 at zero", "ReduceL2", opset=18, kink=True, attrs={"keepdims": 0}, x=np.float32([[0, 0], [3, 4]]), axes=ints(1),
     by_hand=lambda seed: seed[:, None] * [[0, 0], [0.6, 0.8]], note="0 where the norm is 0, as PyTorch's")
case("ReduceL1 at zero", "ReduceL1", opset=18, kink=True, attrs={"keepdims": 0}, x=np.float32([[0, -2], [3, 4]]), axes=ints(1),
     by_hand=lambda seed: seed[:, None] * [[0, -1], [1, 1]], note="0 at 0, as PyTorch's")
case("ReduceProd with a zero", "ReduceProd", opset=18, attrs={"keepdims": 0}, x=np.float32([[0, 2, 3], [4, 5, 6]]), axes=ints(1))
case("ReduceProd with two zeros", "ReduceProd", opset=18, attrs={"keepdims": 0}, x=np.float32([[0, 0, 3], [4, 0, 6]]), axes=ints(1))

for name, attrs in [("", {}), (" exclusive", {"exclusive": 1}), (" reverse", {"reverse": 1}),
                    (" exclusive reverse", {"exclusive": 1, "reverse": 1})]:
    case(f"CumSum{name}", "CumSum", opset=14, attrs=attrs, x=random(2, 3, 4), axis=C(np.int64(1)))
case("CumSum negative axis", "CumSum", opset=11, x=random(2, 3, 4), axis=C(np.int64(-1)))
