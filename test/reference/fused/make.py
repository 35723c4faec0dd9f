"""Writes small networks as ONNX Runtime's optimizers save them, and in other number types, with PyTorch's gradients.

    python make.py

Each network is made in PyTorch with seeded weights and exported; the gradient of one logit with respect to the input (or,
for token ids, to the sum of the embeddings) comes from PyTorch's autograd on the network itself, in float64. Quantised
networks are rounded as torch.fake_quantize_per_tensor_affine does, whose gradient is straight-through.
"""

import json
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers import float16 as half
from onnxruntime.transformers import optimizer
from torch import nn

HERE = pathlib.Path(__file__).parent
torch.manual_seed(0)
onnxruntime.set_default_logger_severity(4)
CASES = []


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.branch = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8))
        self.down = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1), nn.LeakyReLU(0.1), nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.Hardswish())
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 5))
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.5, 1.5)

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.down(torch.relu(x + self.branch(x))))


class Bert(nn.Module):
    """BERT as Hugging Face exports it, small: what ONNX Runtime's transformer optimizer looks for."""

    def __init__(self, heads=2, hidden=16, layers=2, vocabulary=30, length=6):
        super().__init__()
        self.heads, self.size = heads, hidden // heads
        self.words, self.places, self.kinds = nn.Embedding(vocabulary, hidden), nn.Embedding(16, hidden), nn.Embedding(2, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(16).expand((1, -1)))
        self.layers = nn.ModuleList([nn.ModuleDict({
            "q": nn.Linear(hidden, hidden), "k": nn.Linear(hidden, hidden), "v": nn.Linear(hidden, hidden), "o": nn.Linear(hidden, hidden),
            "n1": nn.LayerNorm(hidden, eps=1e-12), "up": nn.Linear(hidden, 4 * hidden), "down": nn.Linear(4 * hidden, hidden),
            "n2": nn.LayerNorm(hidden, eps=1e-12)}) for _ in range(layers)])
        self.classes = nn.Linear(hidden, 3)

    def embed(self, ids, kinds):
        return self.words(ids) + self.kinds(kinds) + self.places(self.position_ids[:, : ids.shape[1]])

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, self.size).permute(0, 2, 1, 3)

    def rest(self, x, mask):
        x = self.norm(x)
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
        for layer in self.layers:
            q, k, v = self.split(layer["q"](x)), self.split(layer["k"](x)), self.split(layer["v"](x))
            scores = torch.matmul(q, k.transpose(-1, -2)) / float(np.sqrt(self.size)) + bias
            context = torch.matmul(torch.softmax(scores, -1), v).permute(0, 2, 1, 3).contiguous()
            context = context.view(context.shape[0], context.shape[1], self.heads * self.size)
            x = layer["n1"](layer["o"](context) + x)
            x = layer["n2"](layer["down"](nn.functional.gelu(layer["up"](x))) + x)
        return self.classes(x[:, 0])

    def forward(self, ids, mask, kinds):
        return self.rest(self.embed(ids, kinds), mask)


def export(module, args, path, names, opset=17):
    torch.onnx.export(module, args, path, input_names=names, output_names=["logits"], opset_version=opset, dynamo=False, do_constant_folding=True)


def extended(source, target):
    """As ONNX Runtime saves a model that it has optimised at the extended level."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(source), options, ["CPUExecutionProvider"])


def keep(name, path, inputs, target, wrt, gradient, tolerance, fused=(), external=False):
    model = onnx.load(path)
    operators = {f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in model.graph.node}
    if missing := set(fused) - operators:
        raise AssertionError(f"{name}: the optimizer did not make {missing} (but {sorted(operators)})")
    if external:
        (HERE / f"{name}.bin").unlink(missing_ok=True)
        onnx.save_model(model, HERE / f"{name}.onnx", save_as_external_data=True, location=f"{name}.bin", size_threshold=0)
    else:
        onnx.save_model(model, HERE / f"{name}.onnx")
    CASES.append({
        "name": name, "target": target, "wrt": wrt, "tolerance": tolerance, "operators": sorted(o for o in operators if "." in o or o in fused),
        "inputs": [{"name": n, "dataType": str(a.dtype), "dims": list(a.shape), "values": [float(v) for v in a.ravel()]} for n, a in inputs.items()],
        "gradient": [float(v) for v in gradient.ravel()]})


def gradient_of(function, x, target):
    x = x.detach().double().requires_grad_(True)
    return torch.autograd.grad(function(x)[0, target], x)[0].numpy()


def conv_nets(folder):
    net = ConvNet().eval()
    x = torch.rand(1, 3, 12, 12)
    plain = folder / "conv.onnx"
    export(net, x, plain, ["x"])
    gradient = gradient_of(ConvNet.forward.__get__(net.double()), x, 2)
    net.float()
    inputs = {"x": x.numpy()}
    extended(plain, folder / "conv-extended.onnx")
    keep("conv-extended", folder / "conv-extended.onnx", inputs, 2, "x", gradient, 2e-4, ["com.microsoft.FusedConv"])
    keep("conv-external", plain, inputs, 2, "x", gradient, 2e-4, external=True)
    onnx.save(half.convert_float_to_float16(onnx.load(plain), keep_io_types=False), folder / "conv-float16.onnx")
    # The reference has the input's rounding too.
    rounded = gradient_of(ConvNet.forward.__get__(net.double()), x.half(), 2)
    net.float()
    keep("conv-float16", folder / "conv-float16.onnx", {"x": x.numpy().astype(np.float16)}, 2, "x", rounded, 1e-2)
    # bfloat16 weights, cast where they are used: the tolerance is their rounding.
    model = onnx.load(plain)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = torch.from_numpy(numpy_helper.to_array(tensor).copy()).bfloat16()
        stored = helper.make_tensor(f"{tensor.name}_bf16", TensorProto.BFLOAT16, tensor.dims, values.view(torch.int16).numpy().astype("<i2").tobytes(), raw=True)
        casts.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(stored)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, folder / "conv-bfloat16.onnx")
    keep("conv-bfloat16", folder / "conv-bfloat16.onnx", inputs, 2, "x", gradient, 5e-2)


def mlp64(folder):
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)).double().eval()
    x = torch.rand(1, 6).double()
    export(net, x, folder / "mlp.onnx", ["x"])
    keep("mlp-float64", folder / "mlp.onnx", {"x": x.numpy()}, 1, "x", gradient_of(net, x, 1), 1e-5)


def bert(folder):
    net = Bert().eval()
    ids, kinds = torch.tensor([[3, 7, 1, 22, 9, 0]]), torch.tensor([[0, 0, 0, 1, 1, 1]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0]])
    export(net, (ids, mask, kinds), folder / "bert.onnx", ["input_ids", "attention_mask", "token_type_ids"], opset=14)
    optimised = optimizer.optimize_model(str(folder / "bert.onnx"), model_type="bert", num_heads=2, hidden_size=16, opt_level=0, use_gpu=False)
    optimised.save_model_to_file(str(folder / "bert-fused.onnx"))
    model = onnx.load(folder / "bert-fused.onnx")
    # The embeddings' sum is what the first normalisation takes.
    norm = next(n for n in model.graph.node if n.op_type == "LayerNormalization")
    with torch.no_grad():
        embedded = net.embed(ids, kinds)
    double = net.double()
    gradient = gradient_of(lambda e: double.rest(e, mask), embedded, 1)
    inputs = {n.name: {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}[n.name].numpy().astype(np.int32 if n.type.tensor_type.elem_type == TensorProto.INT32 else np.int64) for n in model.graph.input}
    keep("bert-fused", folder / "bert-fused.onnx", inputs, 1, norm.input[0], gradient, 2e-4,
         ["com.microsoft.Attention", "com.microsoft.SkipLayerNormalization", "com.microsoft.BiasGelu"])
    # The same with the embeddings fused as well, as older exports let the optimizer do it.
    initializers = {t.name for t in model.graph.initializer}
    tables = [n for n in model.graph.node if n.op_type == "Gather" and n.input[0] in initializers and n.input[0].split(".")[0] in ("words", "places", "kinds")]
    adds = [n for n in model.graph.node if n.op_type == "Add" and set(n.input) & {o for g in tables for o in g.output}]
    adds += [n for n in model.graph.node if n.op_type == "Add" and n not in adds and set(n.input) & {o for a in adds for o in a.output}]
    fused = helper.make_node(
        "EmbedLayerNormalization", ["input_ids", "token_type_ids", "words.weight", "places.weight", "kinds.weight", norm.input[1], norm.input[2]],
        [norm.output[0], "", "embedding_sum"], domain="com.microsoft", epsilon=1e-12)
    for info in model.graph.input:
        info.type.tensor_type.elem_type = TensorProto.INT32
    dropped = {id(n) for n in [*tables, *adds, norm]}
    nodes = [fused, *[n for n in model.graph.node if id(n) not in dropped]]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, folder / "bert-embed.onnx")
    keep("bert-embed", folder / "bert-embed.onnx", {n: a.astype(np.int32) for n, a in inputs.items()}, 1, "embedding_sum", gradient, 2e-4, ["com.microsoft.EmbedLayerNormalization"])


def quantised(folder):
    """x, weights and activations in 8 bits; as QuantizeLinear/DequantizeLinear pairs, and as ONNX Runtime fuses them."""
    rng = np.random.default_rng(5)
    w1, w2 = rng.uniform(-0.5, 0.5, (4, 2, 3, 3)).astype(np.float32), rng.uniform(-0.5, 0.5, (3, 4 * 16)).astype(np.float32)
    b1, b2 = rng.uniform(-0.2, 0.2, 4).astype(np.float32), rng.uniform(-0.2, 0.2, 3).astype(np.float32)
    x = rng.uniform(-1.2, 1.2, (1, 2, 4, 4)).astype(np.float32)
    steps = {"x": (1 / 128, 0), "w1": (1 / 256, 0), "a": (1 / 128, -128), "w2": (1 / 256, 0), "y": (1 / 32, 0)}
    nodes, initializers = [], [numpy_helper.from_array(w1, "w1"), numpy_helper.from_array(w2, "w2"), numpy_helper.from_array(b2, "b2"), numpy_helper.from_array(np.array([1, 64], dtype=np.int64), "flat")]
    # The bias in 32 bits with the scale of the product, as quantizers write it.
    scale = steps["x"][0] * steps["w1"][0]
    bias = np.round(b1 / scale).astype(np.int32)
    initializers += [numpy_helper.from_array(bias, "b1_q"), numpy_helper.from_array(np.float32(scale), "b1_s")]
    nodes.append(helper.make_node("DequantizeLinear", ["b1_q", "b1_s"], ["b1_d"]))
    for name, (step, zero) in steps.items():
        initializers += [numpy_helper.from_array(np.float32(step), f"{name}_s"), numpy_helper.from_array(np.int8(zero), f"{name}_z")]

    def pair(name, source):
        nodes.append(helper.make_node("QuantizeLinear", [source, f"{name}_s", f"{name}_z"], [f"{name}_q"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_s", f"{name}_z"], [f"{name}_d"]))
        return f"{name}_d"

    xd, w1d, w2d = pair("x", "x"), pair("w1", "w1"), pair("w2", "w2")
    nodes.append(helper.make_node("Conv", [xd, w1d, "b1_d"], ["c"], pads=[1, 1, 1, 1]))
    nodes.append(helper.make_node("Relu", ["c"], ["r"]))
    ad = pair("a", "r")
    nodes.append(helper.make_node("Reshape", [ad, "flat"], ["f"]))
    nodes.append(helper.make_node("Gemm", ["f", w2d, "b2"], ["logits"], transB=1))
    graph = helper.make_graph(nodes, "quantised", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])], initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "qdq.onnx")

    def fake(t, name):
        step, zero = steps[name]
        return torch.fake_quantize_per_tensor_affine(t.float(), step, zero, -128, 127)

    t = torch.from_numpy(x).requires_grad_(True)
    r = torch.relu(nn.functional.conv2d(fake(t, "x"), fake(torch.from_numpy(w1), "w1"), torch.from_numpy((bias * scale).astype(np.float32)), padding=1))
    logits = fake(r, "a").reshape(1, -1) @ fake(torch.from_numpy(w2), "w2").T + torch.from_numpy(b2)
    gradient = torch.autograd.grad(logits[0, 1], t)[0].numpy()
    if not np.any(gradient == 0):
        raise AssertionError("no input is clipped")
    inputs = {"x": x}
    keep("qdq", folder / "qdq.onnx", inputs, 1, "x", gradient, 2e-4, ["QuantizeLinear", "DequantizeLinear"])
    extended(folder / "qdq.onnx", folder / "qdq-extended.onnx")
    keep("qdq-extended", folder / "qdq-extended.onnx", inputs, 1, "x", gradient, 2e-4, ["QLinearConv"])


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for make in (conv_nets, mlp64, bert, quantised):
            make(folder)
    (HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
    for case in CASES:
        print(case["name"], case["operators"])


if __name__ == "__main__":
    main()
