"""pytorch-grad-cam's FullGrad, in float64, of networks in ../architectures and of EfficientNet-Lite0 on the cat (../efficientnet-cat).

    python make.py

Each .npy [H, W] is the sum of all maps before pytorch-grad-cam's last min-max, which the paper does not have (Srinivas & Fleuret 2019,
equation 8): it is checked to give what pytorch-grad-cam returns. Its rescaling is the paper's: each channel's map of |bias x gradient| to
[0, 1], as the input's channels. (The authors' own code rescales a whole layer at once, and resizes with aligned corners.)

index.json says with each the terms of the score that the paper's proposition 1 adds up: input x gradient, and bias x gradient over all
biases, those without a place in the picture (dense layers) included; "lids" is what ReLU6 adds where it is at its upper end. For the vision
transformer pytorch-grad-cam knows one bias of many (the patch embedding's): Conv2d and BatchNorm2d are all it looks at; "biases" is of all.
"""

from __future__ import annotations

import importlib.util
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
from pytorch_grad_cam import FullGrad
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))

from make import seeded  # noqa: E402
from networks import NETWORKS  # noqa: E402
from prng import Spec  # noqa: E402

SAMPLED, STRIDE = 20_000, 7
EXPORTER = {"vgg": "dynamo", "resnet18": "torchscript", "mobilenet-v2-small": "dynamo", "vision-transformer": "dynamo"}

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def architecture(name: str):
    network = next(n for n in NETWORKS if n.name == name)
    stored = json.loads((HERE.parent / "architectures" / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = network.make().eval()
    seeded(model, network)
    spec = stored["input"]
    x = torch.from_numpy(Spec(spec["seed"], spec["mean"], spec["scale"]).values(*spec["dims"]))
    return model, x, stored["target"]


def cat():
    spec = importlib.util.spec_from_file_location("cat", HERE.parent / "efficientnet-cat" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.network(), torch.from_numpy(np.load(HERE.parent / "efficientnet-cat" / "input.npy")), 285


def prepared(model: nn.Module) -> nn.Module:
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return model.double().eval()


def terms(model: nn.Module, x: torch.Tensor, target: int) -> dict:
    """The score's terms: each bias times the gradient at its layer's output, summed."""
    kept: list[tuple[nn.Module, torch.Tensor, torch.Tensor]] = []
    hooks = [m.register_forward_hook(lambda m, i, o: kept.append((m, i[0], o))) for m in model.modules()
             if isinstance(m, (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU6))]
    x = x.clone().requires_grad_(True)
    score = model(x)[0, target]
    for hook in hooks:
        hook.remove()
    gradients = torch.autograd.grad(score, [x, *(o for _, _, o in kept)])
    biases = lids = 0.0
    for (module, _, output), gradient in zip(kept, gradients[1:]):
        if isinstance(module, nn.ReLU6):
            lids += float((gradient * output * (output == 6)).sum())
            continue
        if isinstance(module, nn.BatchNorm2d):
            bias = module.bias - module.running_mean * module.weight / torch.sqrt(module.running_var + module.eps)
        elif module.bias is None:
            continue
        else:
            bias = module.bias
        biases += float((gradient * (bias if isinstance(module, nn.Linear) else bias[None, :, None, None])).sum())
    return {"score": float(score), "input": float((gradients[0] * x).sum()), "biases": biases, "lids": lids}


def all_biases(model: nn.Module, x: torch.Tensor, target: int) -> float:
    """Every bias parameter times its gradient, which sums over all places that it is added to; position embeddings are added constants too."""
    parameters = [p for name, p in model.named_parameters() if name.endswith("bias") or name.endswith("pos_embedding")]
    gradients = torch.autograd.grad(model(x)[0, target], parameters)
    return float(sum((p * g).sum() for p, g in zip(parameters, gradients)))


def bert() -> dict:
    """What pytorch-grad-cam says to word vectors."""
    sys.path.insert(1, str(HERE.parent / "bert"))
    from bert import FromVectors, make
    model, ids, mask = make()
    try:
        FullGrad(FromVectors(model, mask), [])(model.words(ids).detach(), [ClassifierOutputTarget(1)])
    except ValueError as error:
        return {"network": "bert", "exporter": "dynamo", "technique": "full-grad", "target": 1, "params": {}, "undefined": f"ValueError: {error}"}
    raise AssertionError("pytorch-grad-cam takes word vectors now")


def main() -> None:
    cases = []
    for name in ["vgg", "resnet18", "mobilenet-v2-small", "vision-transformer", "efficientnet-lite0"]:
        model, x, target = cat() if name == "efficientnet-lite0" else architecture(name)
        model, x = prepared(model), x.double()
        whole = FullGrad(model, [])(x, [ClassifierOutputTarget(target)])[0]
        cam = FullGrad(model, [])
        images = x.clone().requires_grad_(True)
        model.zero_grad()
        cam.activations_and_grads(images)[0, target].backward()
        found = cam.compute_cam_per_layer(images, target, False)[0, 0]
        if not np.isfinite(found).all() or np.ptp(found) == 0 or np.abs(scale_cam_image(found[None])[0] - whole).max() > 1e-6:
            raise AssertionError(f"{name}: degenerate, or not what FullGrad gives")
        plain = np.abs(images.grad.numpy() * x.numpy())[0].sum(0)
        if np.corrcoef(plain.ravel(), found.ravel())[0, 1] > 0.999:
            raise AssertionError(f"{name}: biases have no part in it")
        cam.activations_and_grads.release()
        parts = terms(model, x, target)
        if name == "vision-transformer":
            parts["biases"] = all_biases(model, x, target)
        missing = parts["score"] - parts["input"] - parts["biases"] - parts["lids"]
        if name != "vision-transformer" and abs(missing) > 1e-9 * max(1, abs(parts["score"])):
            raise AssertionError(f"{name}: {missing} of {parts} is missing")
        flat = found.astype(np.float32)
        case = {"network": name, **({"exporter": EXPORTER[name]} if name in EXPORTER else {}), "technique": "full-grad", "target": target, "params": {},
                "file": f"{name}.npy", "shape": list(found.shape), "places": len(cam.bias_data), **parts}
        if name == "vision-transformer":
            case["deviates"] = "of the network's biases pytorch-grad-cam knows one, the patch embedding's (it looks at Conv2d and BatchNorm2d alone)"
        if flat.size > SAMPLED:
            case.update(stride=STRIDE, largest=float(found.max()))
            flat = flat.reshape(-1)[::STRIDE]
        np.save(HERE / f"{name}.npy", flat)
        cases.append(case)
        print(case, flush=True)
    cases.append(bert())
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
