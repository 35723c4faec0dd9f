"""Grad-CAM over the steps of recurrent networks, by PyTorch: weights are the means over the steps of the score's gradients, the map is ReLU of the weighted sum.

python make.py   (torch, onnx)
"""
import json

import numpy as np
import torch
from torch import nn

torch.manual_seed(3)


class Net(nn.Module):
    def __init__(self, cell, tokens=None, over="mean", batch_first=True, **options):
        super().__init__()
        self.e = nn.Embedding(tokens, 4) if tokens else nn.Identity()
        self.r = cell(4, 3, batch_first=batch_first, **options)
        self.o = nn.Linear(3 * (2 if options.get("bidirectional") else 1), 2)
        self.over, self.steps = over, 1 if batch_first else 0

    def forward(self, x):
        self.hidden, _ = self.r(self.e(x))
        return self.o(self.hidden.mean(self.steps) if self.over == "mean" else self.hidden.amax(self.steps))


floats = lambda *dims: torch.randn(*dims)
CASES = {
    "lstm-text": (Net(nn.LSTM, tokens=20), torch.randint(0, 20, (1, 7))),
    "lstm-both-ways-text": (Net(nn.LSTM, tokens=20, bidirectional=True), torch.randint(0, 20, (1, 7))),
    "gru": (Net(nn.GRU, over="max"), floats(1, 9, 4)),
    "lstm-both-ways-two-layers": (Net(nn.LSTM, bidirectional=True, num_layers=2), floats(1, 9, 4)),
    "rnn": (Net(nn.RNN), floats(1, 9, 4)),
    "gru-steps-first": (Net(nn.GRU, batch_first=False), floats(9, 1, 4)),
}

found = []
for name, (net, x) in CASES.items():
    net.eval()
    torch.onnx.export(net, (x,), f"{name}.onnx", opset_version=17, input_names=["x"], output_names=["y"], dynamo=False)
    y = net(x)
    target = int(y.argmax())
    (gradient,) = torch.autograd.grad(y[0, target], net.hidden)
    steps = net.steps
    weights = gradient.mean(steps, keepdim=True)
    cam = (weights * net.hidden).sum(2).relu().flatten()
    raw = (weights * net.hidden).sum(2).flatten()
    found.append({"name": name, "dims": list(x.shape), "x": x.flatten().tolist(), "target": target, "shape": list(net.hidden.shape), "map": cam.tolist(), "signed": raw.tolist()})
with open("index.json", "w") as file:
    json.dump(found, file)
    file.write("\n")
