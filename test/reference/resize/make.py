"""Small pictures resized by Pillow, in bytes (RGB) and in float32 (one channel), enlarging and reducing.

    python make.py
"""

import json
import pathlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
SAMPLES = HERE.parents[2] / "samples"
FILTERS = {"nearest": Image.Resampling.NEAREST, "box": Image.Resampling.BOX, "bilinear": Image.Resampling.BILINEAR,
           "bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS}
#: height, width: both smaller, much smaller, both larger, one of each, one pixel, unchanged
SIZES = [(11, 9), (3, 4), (45, 60), (40, 7), (1, 1), (23, 31)]


def main() -> None:
    # The cat's left eye: 23 rows, 31 columns.
    pixels = np.asarray(Image.open(SAMPLES / "cat.png").convert("RGB"))[100:123, 160:191]
    values = np.random.default_rng(0).normal(0, 2, (23, 31)).astype(np.float32)
    np.save(HERE / "pixels.npy", pixels)
    np.save(HERE / "values.npy", values)
    entries = []
    for name, resampling in FILTERS.items():
        for height, width in SIZES:
            for kind, source in [("pixels", pixels), ("values", values)]:
                resized = np.asarray(Image.fromarray(source).resize((width, height), resampling))
                file = f"{kind}-{name}-{height}x{width}.npy"
                np.save(HERE / file, resized)
                entries.append({"source": f"{kind}.npy", "filter": name, "height": height, "width": width, "file": file})
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(e) for e in entries) + "\n]\n")


if __name__ == "__main__":
    main()
