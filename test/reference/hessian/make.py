"""Writes small networks and Hessian-vector products by PyTorch's double backward, in float64.

    python make.py
"""

import json
import pathlib

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


class Attention(nn.Module):
    def __init__(self, size=6):
        super().__init__()
        self.norm, self.qkv, self.out = nn.LayerNorm(size), nn.Linear(size, 3 * size), nn.Linear(size, 4)

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        return self.out((torch.softmax(q @ k.transpose(-1, -2) / 6 ** 0.5, -1) @ v).mean(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru, self.out = nn.LSTM(3, 4, bidirectional=True, batch_first=True), nn.GRU(8, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.gru(self.lstm(x)[0])[0][:, -1])


def networks():
    torch.manual_seed(3)
    yield "conv-relu-pool-sigmoid", nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, stride=2, padding=1), nn.Sigmoid(), nn.Flatten(), nn.Linear(16, 3), nn.Softmax(-1)), (1, 2, 8, 8)
    yield "conv-norm-gelu", nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.InstanceNorm2d(4, affine=True), nn.GELU(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 1), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)), (1, 2, 8, 8)
    yield "attention", Attention(), (1, 5, 6)
    yield "recurrent", Recurrent(), (1, 4, 3)


def main():
    cases = []
    for name, network, shape in networks():
        network = network.eval()
        x = torch.rand(shape)
        torch.onnx.export(network, x, HERE / f"{name}.onnx", input_names=["x"], output_names=["y"], opset_version=17, dynamo=False)
        network, x = network.double(), x.double().requires_grad_(True)
        vector = torch.rand(shape).double() * 2 - 1
        y = network(x)
        seed = torch.rand(y.shape).double() * 2 - 1
        gradient, = torch.autograd.grad((y * seed).sum(), x, create_graph=True)
        product, = torch.autograd.grad((gradient * vector).sum(), x)
        if not product.abs().max() > 1e-6:
            raise AssertionError(f"{name}: no curvature")
        cases.append({"name": name, "dims": list(shape), **{n: [float(v) for v in t.detach().flatten()] for n, t in
                     {"x": x, "seed": seed, "vector": vector, "product": product}.items()}})
    (HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
