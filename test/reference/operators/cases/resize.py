"""Resize and Upsample."""

import numpy as np
import torch.nn.functional as F

from case import C, case, ints, random

x = random(1, 2, 3, 4)
none = C(np.zeros(0, np.float32))


def scales(*values):
    return C(values, np.float32)


def resize(name, attrs, opset=13, data=x, by=None, to=None):
    """One case with scales (`by`) or sizes (`to`)."""
    # Opset 11 demands a roi input; 13 and later may omit it.
    roi = none if opset < 13 else None
    arguments = {"x": data, "roi": roi, "scales": by if by is not None else (none if opset < 13 else None)}
    if to is not None:
        arguments["sizes"] = to
    case(f"Resize {name}", "Resize", opset=opset, attrs=attrs, **arguments)


UP, DOWN = scales(1, 1, 2, 1.5), scales(1, 1, 0.6, 0.5)
for nearest in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
    for transform in ["half_pixel", "asymmetric"]:
        mode = {"mode": "nearest", "nearest_mode": nearest, "coordinate_transformation_mode": transform}
        resize(f"nearest {nearest} {transform} up", mode, by=UP)
        resize(f"nearest {nearest} {transform} down", mode, by=DOWN)
resize("nearest floor asymmetric twice, opset 11", {"mode": "nearest", "nearest_mode": "floor",
       "coordinate_transformation_mode": "asymmetric"}, opset=11, by=scales(1, 1, 2, 2))
resize("nearest align_corners", {"mode": "nearest", "coordinate_transformation_mode": "align_corners"}, by=UP)
resize("nearest sizes", {"mode": "nearest"}, to=ints(1, 2, 5, 7))

for transform in ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"]:
    mode = {"mode": "linear", "coordinate_transformation_mode": transform}
    resize(f"linear {transform} up", mode, by=UP)
    # onnx.reference takes 1.8 columns for more than one in pytorch_half_pixel's rule: a larger input there.
    resize(f"linear {transform} down", mode, by=DOWN, data=random(1, 2, 5, 4) if transform == "pytorch_half_pixel" else x)
    resize(f"linear {transform} sizes", mode, to=ints(1, 2, 5, 3))
    resize(f"linear {transform} up, opset 11", mode, opset=11, by=UP)
resize("linear half_pixel to one", {"mode": "linear"}, to=ints(1, 2, 1, 1))
resize("linear pytorch_half_pixel to one", {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}, to=ints(1, 2, 1, 1))
resize("linear opset 18", {"mode": "linear"}, opset=18, by=UP)
resize("linear opset 19", {"mode": "linear"}, opset=19, by=UP)
resize("linear half_pixel_symmetric", {"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"}, opset=19, by=DOWN)
resize("linear axes", {"mode": "linear", "axes": [2, 3]}, opset=18, by=scales(2, 1.5))
resize("linear axes sizes", {"mode": "linear", "axes": [2, 3]}, opset=18, to=ints(5, 2))
resize("linear 1-D", {"mode": "linear"}, data=random(1, 2, 5), by=scales(1, 1, 1.6))
resize("linear 3-D", {"mode": "linear"}, data=random(1, 1, 3, 2, 3), by=scales(1, 1, 2, 1.5, 2))
resize("linear antialias down", {"mode": "linear", "antialias": 1}, opset=18, data=random(1, 1, 6, 8), by=scales(1, 1, 0.5, 0.4))
for transform in ["half_pixel", "align_corners", "asymmetric"]:
    mode = {"mode": "cubic", "coordinate_transformation_mode": transform}
    resize(f"cubic {transform} up", mode, by=UP)
    resize(f"cubic {transform} down", mode, data=random(1, 1, 5, 6), by=DOWN)
resize("cubic pytorch", {"mode": "cubic", "cubic_coeff_a": -0.75, "coordinate_transformation_mode": "pytorch_half_pixel"}, by=UP)
resize("cubic coefficient -0.5", {"mode": "cubic", "cubic_coeff_a": -0.5}, by=UP)
resize("cubic exclude_outside", {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1}, by=UP)
resize("cubic antialias down", {"mode": "cubic", "antialias": 1}, opset=18, data=random(1, 1, 6, 8), by=scales(1, 1, 0.5, 0.4))

why = "onnx.reference lacks it"
case("Upsample nearest", "Upsample", opset=9, attrs={"mode": "nearest"}, x=x, scales=scales(1, 1, 2, 3), note=why,
     torch=lambda x, scales: F.interpolate(x, scale_factor=(2, 3), mode="nearest"))
case("Upsample attribute", "Upsample", opset=7, attrs={"mode": "nearest", "scales": [1.0, 1.0, 2.0, 2.0]}, x=x, note=why,
     torch=lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
