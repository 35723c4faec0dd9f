"""Captum's layer and neuron attributions, in float64, of networks in ../architectures, of the sample on the cat and of ../bert.

    python make.py

Writes .npy files (float32) and index.json, which says for each what was asked. Of arrays of more than 20,000 elements every 13th is kept.
Nothing is written that is all zero, or (by methods of a path) that equals the gradient.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from captum.attr import (InternalInfluence, LayerActivation, LayerConductance, LayerGradientXActivation, LayerIntegratedGradients,
                         NeuronConductance, NeuronGradient, NeuronGuidedBackprop, NeuronIntegratedGradients)
from torch import nn

HERE = pathlib.Path(__file__).parent
ARCHITECTURES, BERT = HERE.parent / "architectures", HERE.parent / "bert"


def load(name: str, path: pathlib.Path):
    """A script of another folder, of which several are called make.py."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


attributions = load("attributions", HERE.parent / "attributions" / "make.py")
from store import fill  # noqa: E402  (attributions put ../architectures on the path)

bert = load("bert", BERT / "bert.py")

#: What rounding may move, of the largest value; numbers of steps that are tried until it does not.
LARGEST_MOVE, NOISE, SEEDS, TRIES = 3e-4, 1e-6, 4, 12
#: Of larger arrays every 13th element is kept.
LARGE, STRIDE = 20_000, 13
#: With every number of steps some units are at an edge there, and a float32 sum in another order moves the result by 2e-3.
AT_EDGES = {("efficientnet-lite0", "_blocks.5._bn2", "layer-conductance")}
RULES = ["riemann_left", "riemann_right", "riemann_middle", "riemann_trapezoid"]

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


class Network:
    """A network, its input, and the layers that are asked about with the names that its exports give them."""

    #: Steps to start from.
    steps = 50

    def __init__(self, name: str, model: nn.Module, x: torch.Tensor, target: int, modules: list[str], exports: dict[str, dict[str, str]]):
        for module in model.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
        self.name, self.target, self.modules, self.exports = name, target, modules, exports
        self.single, self.double = copy.deepcopy(model).float(), model.double()
        self.x = x.double()
        self.cases: list[dict] = []

    def neuron(self, module: str) -> tuple[int, ...]:
        """The most active element of a layer."""
        activation = LayerActivation(self.double, self.double.get_submodule(module)).attribute(self.x)
        return tuple(int(i) for i in np.unravel_index(int(activation.argmax()), tuple(activation.shape)))[1:]

    def keep(self, technique: str, module: str, values: torch.Tensor, params: dict, suffix: str = "") -> None:
        array = values.detach().numpy()
        if not np.isfinite(array).all() or np.abs(array).max() == 0:
            raise AssertionError(f"{self.name} {technique} {module}: degenerate")
        file = f"{self.name}.{technique}.{module}{suffix}.npy"
        more = {}
        if array.size > LARGE:
            more = {"stride": STRIDE, "largest": float(np.abs(array).max())}
            array = array.reshape(-1)[::STRIDE]
        np.save(HERE / file, array.astype(np.float32))
        # Files of both exporters are at work.
        exporters = [name for name in self.exports if name]
        exporter = {"exporter": exporters[len(self.cases) % len(exporters)]} if exporters else {}
        layer = self.exports[exporter.get("exporter", "")][module]
        self.cases.append({"network": self.name, **exporter, "technique": technique, "target": self.target, "params": params, "layer": layer, "file": file, **more})

    def settle(self, technique: str, module: str, params: dict, compute, suffix: str = "", steps: int | None = None) -> None:
        """`compute(model, layer, x, steps)`, with the first number of steps at which float32 rounding moves no unit over its edge."""
        best = None
        steps = steps or self.steps
        for steps in range(steps, steps + TRIES):
            run = lambda model, x: compute(model, model.get_submodule(module), x, steps).detach().double()  # noqa: E731
            values = run(self.double, self.x)
            others = [run(self.single, self.x.float())]
            others += [run(self.double, self.x * torch.from_numpy(attributions.Spec(seed, 1.0, NOISE).values(*self.x.shape))) for seed in range(SEEDS)]
            moved = max(float((values - other).abs().max() / values.abs().max()) for other in others)
            if best is None or moved < best[0]:
                best = (moved, steps, values)
            if moved < LARGEST_MOVE:
                break
        moved, steps, values = best
        print(f"{self.name}, {technique}, {module}, {steps} steps: rounding moves it by {moved:.1e}", flush=True)
        self.keep(technique, module, values, {**params, "steps": steps}, suffix)

    def layers(self) -> None:
        for module in self.modules:
            layer = self.double.get_submodule(module)
            self.keep("layer-activation", module, LayerActivation(self.double, layer).attribute(self.x), {})
            self.keep("layer-gradient-x-activation", module, LayerGradientXActivation(self.double, layer).attribute(self.x, target=self.target), {})
            for technique, method in [("layer-conductance", LayerConductance), ("internal-influence", InternalInfluence),
                                      ("layer-integrated-gradients", LayerIntegratedGradients)]:
                if (self.name, module, technique) not in AT_EDGES:
                    self.settle(technique, module, {}, lambda model, layer, x, steps, method=method: method(model, layer).attribute(x, target=self.target, n_steps=steps))

    def rules(self, module: str, baseline: float) -> None:
        """The other quadratures, from another baseline."""
        for rule in RULES:
            self.settle("layer-conductance", module, {"rule": rule, "baseline": baseline}, lambda model, layer, x, steps, rule=rule: (
                LayerConductance(model, layer).attribute(x, baseline, target=self.target, n_steps=steps, method=rule)), f".{rule}")
        self.settle("internal-influence", module, {"rule": "riemann_right", "baseline": baseline}, lambda model, layer, x, steps: (
            InternalInfluence(model, layer).attribute(x, baseline, target=self.target, n_steps=steps, method="riemann_right")), ".riemann_right")
        self.settle("layer-integrated-gradients", module, {"rule": "riemann_middle", "baseline": baseline}, lambda model, layer, x, steps: (
            LayerIntegratedGradients(model, layer).attribute(x, baseline, target=self.target, n_steps=steps, method="riemann_middle")), ".riemann_middle")

    def neurons(self, module: str, guided: bool = True) -> None:
        index = self.neuron(module)
        neuron = {"neuron": ",".join(map(str, index))}
        layer = self.double.get_submodule(module)
        self.keep("neuron-gradient", module, NeuronGradient(self.double, layer).attribute(self.x, index), neuron)
        self.settle("neuron-conductance", module, neuron, lambda model, layer, x, steps: NeuronConductance(model, layer).attribute(x, index, target=self.target, n_steps=steps))
        self.settle("neuron-integrated-gradients", module, neuron, lambda model, layer, x, steps: NeuronIntegratedGradients(model, layer).attribute(x, index, n_steps=steps))
        if guided:
            self.guided(module, index)

    def guided(self, module: str, index: tuple[int, ...]) -> None:
        method = NeuronGuidedBackprop(self.double, self.double.get_submodule(module))
        # Captum's overrides nn.ReLU alone.
        method.guided_backprop = attributions.Guided(self.double)
        self.keep("neuron-guided-backprop", module, method.attribute(self.x, index), {"neuron": ",".join(map(str, index))})


def out_of_place() -> None:
    """torchvision adds in place to a residual block's last layer: Captum would keep the sum for the layer's value, and refuses to integrate over it."""
    from torchvision.models.resnet import BasicBlock

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))

    BasicBlock.forward = forward


def of_architectures(name: str, modules: list[str], steps: int) -> Network:
    reference = attributions.Reference(name)
    values = {module: LayerActivation(reference.model, reference.model.get_submodule(module)).attribute(reference.x).detach().numpy() for module in modules}
    stored = json.loads((ARCHITECTURES / f"{name}.json").read_text())
    exports = {}
    for one in stored["exports"]:
        exported = fill(onnx.load(ARCHITECTURES / f"{one['name']}.onnx", load_external_data=False), one["weights"])
        exports[one["exporter"]] = names_of(exported, {"input": reference.x.numpy().astype(np.float32)}, values)
    network = Network(name, reference.model, reference.x, reference.target, modules, exports)
    network.steps = steps
    return network


def of_cat() -> Network:
    cat = attributions.Cat()
    network = Network("efficientnet-lite0", cat.model, cat.x, cat.target, ["_blocks.5._bn2", "_bn1"],
                      {"": {"_blocks.5._bn2": "/_blocks.5/_project_conv/Conv_output_0", "_bn1": "/_conv_head/Conv_output_0"}})
    # On 30 million units some are often at an edge: the number of steps at which rounding moves least.
    network.steps = 4
    return network


def of_bert() -> Network:
    model, ids, mask = bert.make()
    vectors = bert.FromVectors(model, mask)
    x = model.words(ids).detach()
    modules = ["bert.layers.0", "bert.pooler"]
    values = {module: LayerActivation(vectors, vectors.get_submodule(module)).attribute(x).detach().numpy() for module in modules}
    feeds = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
    exports = {exporter: names_of(onnx.load(BERT / f"bert-{exporter}.onnx"), feeds, values) for exporter in ["torchscript", "dynamo"]}
    return Network("bert", vectors, x, 1, modules, exports)


def names_of(model: onnx.ModelProto, feeds: dict[str, np.ndarray], values: dict[str, np.ndarray]) -> dict[str, str]:
    """For each module the ONNX value that equals its output."""
    known = {output.name for output in model.graph.output}
    names = list(dict.fromkeys(o for node in model.graph.node for o in node.output if o))
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in known)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    found = dict(zip(names, session.run(names, feeds), strict=True))
    matches = {}
    for module, value in values.items():
        equal = [n for n, v in found.items() if isinstance(v, np.ndarray) and v.shape == value.shape and v.dtype == np.float32
                 and np.abs(v - value).max() < 1e-4 * np.abs(value).max()]
        if not equal:
            raise AssertionError(f"no ONNX value equals the output of {module}")
        matches[module] = equal[0]
    return matches


def main() -> None:
    out_of_place()
    # Every step is one more chance to be near a kink of a network's hundred thousand units: few steps on the large ones.
    networks = [
        of_architectures("vgg", ["features.2", "classifier.0"], 6),
        # layer4.1.bn2 lies inside a residual block, which goes around it.
        of_architectures("resnet18", ["layer2", "layer4.1.bn2"], 6),
        of_architectures("mobilenet-v2-small", ["features.2", "features"], 12),
        of_architectures("vision-transformer", ["conv_proj", "encoder.layers.encoder_layer_0"], 30),
        of_bert(), of_cat(),
    ]
    for network in networks:
        network.layers()
    vgg, resnet, mobile, transformer, words, cat = networks
    mobile.rules("features.2", 0.25)
    vgg.neurons("classifier.0")
    resnet.neurons("layer2")
    mobile.neurons("features.2")
    # Activations that are no rectifier keep their gradient: nothing is guided.
    transformer.neurons("encoder.layers.encoder_layer_0", guided=False)
    words.neurons("bert.layers.0", guided=False)
    index = cat.neuron("_blocks.5._bn2")
    cat.neurons("_blocks.5._bn2", guided=False)
    attributions.apart(cat.double)
    cat.guided("_blocks.5._bn2", index)
    cases = [case for network in networks for case in network.cases]
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
