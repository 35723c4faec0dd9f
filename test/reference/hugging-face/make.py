"""A small picture through transformers' own image processors (their numpy and Pillow versions), each with the preprocessor_config.json that it saves.

    python make.py
"""

import json
import pathlib
import tempfile

import numpy as np
import transformers
from PIL import Image

HERE = pathlib.Path(__file__).parent
SAMPLES = HERE.parents[2] / "samples"
KEPT = 300

SMALL = {"height": 24, "width": 24}
CASES = [
    ("ViT", {"size": SMALL}),
    ("ViT", {"size": SMALL, "do_normalize": False, "resample": 0}),
    ("CLIP", {"size": {"shortest_edge": 24}, "crop_size": SMALL}),
    ("Bit", {"size": {"shortest_edge": 31}, "crop_size": SMALL}),
    ("MobileNetV2", {"size": {"shortest_edge": 29}, "crop_size": {"height": 24, "width": 20}}),
    ("MobileNetV1", {"size": {"shortest_edge": 20}, "crop_size": SMALL}),
    ("ConvNext", {"size": {"shortest_edge": 28}}),
    ("ConvNext", {"size": {"shortest_edge": 384}}),
    ("EfficientNet", {"size": SMALL}),
    ("EfficientNet", {"size": SMALL, "rescale_offset": True, "rescale_factor": 1 / 127.5}),
    ("EfficientNet", {"size": SMALL, "include_top": False, "do_center_crop": True, "crop_size": {"height": 18, "width": 18}}),
    ("DeiT", {"size": {"height": 32, "width": 32}, "crop_size": {"height": 28, "width": 28}}),
    ("Flava", {"size": SMALL, "crop_size": SMALL}),
    ("Levit", {"size": {"shortest_edge": 24}, "crop_size": SMALL}),
    ("PoolFormer", {"size": {"shortest_edge": 24}, "crop_size": SMALL, "crop_pct": 0.9}),
    ("MobileViT", {"size": {"shortest_edge": 36}, "crop_size": {"height": 32, "width": 32}}),
    ("MobileViT", {"size": {"shortest_edge": 24}, "crop_size": {"height": 32, "width": 32}}),
]


def main() -> None:
    picture = Image.open(SAMPLES / "cat.png").convert("RGB").crop((140, 90, 203, 135))
    picture.save(HERE / "picture.png")
    index, values = [], []
    for name, options in CASES:
        processor = getattr(transformers, f"{name}ImageProcessorPil")(**options)
        tensor = np.asarray(processor(images=picture, return_tensors="np")["pixel_values"], dtype=np.float32)
        with tempfile.TemporaryDirectory() as folder:
            processor.save_pretrained(folder)
            config = json.loads((pathlib.Path(folder) / "preprocessor_config.json").read_text())
        index.append({"config": config, "dims": list(tensor.shape)})
        flat = tensor.ravel()
        values.append(flat[[i * flat.size // KEPT for i in range(KEPT)]])
    np.save(HERE / "values.npy", np.stack(values))
    (HERE / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
