"""The networks: torchvision's own classes, full-size where that is cheap, narrow or shallow where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from timm.models.deit import VisionTransformerDistilled
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision import models
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.vgg import VGG, make_layers


@dataclass(frozen=True)
class Network:
    name: str
    make: Callable[[], nn.Module]
    #: without the batch axis
    dims: tuple[int, ...] = (3, 64, 64)
    #: Grad-CAM's layer: the module whose output is the last one with spatial extent, and an early one
    features: str = ""
    early: str = ""
    #: exported with a symbolic batch "N"
    dynamic: bool = False
    #: exported as users do, with BatchNorm folded into convolutions: such weights are kept in the file, so it must be small
    folded: bool = False


def vgg(batch_norm: bool) -> nn.Module:
    # Three pools of 56x56 leave the 7x7 that its adaptive pooling makes.
    model = VGG(make_layers([16, "M", 32, 32, "M", 64, 64, "M"], batch_norm), num_classes=10, init_weights=False)
    model.classifier[0] = nn.Linear(64 * 7 * 7, 64)
    model.classifier[3] = nn.Linear(64, 32)
    model.classifier[6] = nn.Linear(32, 10)
    return model


def convnext() -> nn.Module:
    return ConvNeXt([CNBlockConfig(16, 32, 2), CNBlockConfig(32, 64, 1), CNBlockConfig(64, None, 2)], num_classes=10)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 48), nn.Tanh(), nn.LayerNorm(48),
                         nn.Linear(48, 32), nn.GELU(), nn.Linear(32, 5))


def cnn_1d() -> nn.Module:
    return nn.Sequential(nn.Conv1d(4, 16, 7, stride=2, padding=3), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(3, 2, 1),
                         nn.Conv1d(16, 32, 5, padding=4, dilation=2, groups=4), nn.GroupNorm(4, 32), nn.ELU(),
                         nn.AvgPool1d(2), nn.Conv1d(32, 32, 3), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
                         nn.Linear(32, 6))


def cnn_3d() -> nn.Module:
    return nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2),
                         nn.Conv3d(8, 16, 3, stride=2, padding=1), nn.InstanceNorm3d(16, affine=True), nn.SiLU(),
                         nn.Conv3d(16, 16, 2), nn.PReLU(16), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(16, 4))


def autoencoder() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU6(), nn.Conv2d(16, 32, 3, 2, 1), nn.Hardswish(),
                         nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.ReLU(), nn.Upsample(scale_factor=2, mode="bilinear"),
                         nn.Conv2d(16, 3, 3, padding=1, padding_mode="reflect"), nn.Sigmoid(), nn.Flatten(), nn.Linear(3072, 8))


def swin() -> nn.Module:
    """Shifted windows: values are [N, H, W, C], and every second block works on rolled ones."""
    return SwinTransformer(img_size=32, patch_size=2, embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4, num_classes=10)


def deit() -> nn.Module:
    """A class and a distillation token before the patches'."""
    return VisionTransformerDistilled(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=2, mlp_ratio=2, num_classes=10)


def vit_registers() -> nn.Module:
    """A class and four register tokens before the patches', whose mean is classified; for pictures of any size."""
    return VisionTransformer(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=2, mlp_ratio=2, num_classes=10, reg_tokens=4,
                             global_pool="avg", dynamic_img_size=True)


def vision_transformer() -> nn.Module:
    return models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64,
                                    num_classes=10)


NETWORKS = [
    Network("resnet18", partial(models.resnet18, num_classes=10), features="layer4", early="layer2", dynamic=True),
    Network("resnext", lambda: models.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, groups=4, width_per_group=8),
            features="layer4", early="layer2"),
    Network("vgg", lambda: vgg(False), (3, 56, 56), features="features", early="features.2"),
    Network("vgg-bn", lambda: vgg(True), (3, 56, 56), features="features", early="features.3", dynamic=True),
    Network("densenet121", partial(models.densenet121, num_classes=10), features="features", early="features.denseblock2"),
    Network("mobilenet-v2", partial(models.mobilenet_v2, num_classes=10), features="features", early="features.4", dynamic=True),
    Network("mobilenet-v3", partial(models.mobilenet_v3_small, num_classes=10), features="features", early="features.3"),
    Network("squeezenet", partial(models.squeezenet1_1, num_classes=10), features="features", early="features.4", dynamic=True),
    Network("shufflenet-v2", partial(models.shufflenet_v2_x0_5, num_classes=10), features="conv5", early="stage2"),
    Network("regnet", partial(models.regnet_y_400mf, num_classes=10), features="trunk_output", early="trunk_output.block2",
            dynamic=True),
    Network("efficientnet", partial(models.efficientnet_b0, num_classes=10), features="features", early="features.3", dynamic=True),
    Network("convnext", convnext, features="features", early="features.1", dynamic=True),
    Network("googlenet", partial(models.googlenet, num_classes=10, aux_logits=False, init_weights=False, transform_input=True),
            features="inception5b", early="inception3a"),
    Network("mnasnet", partial(models.mnasnet0_5, num_classes=10), features="layers", early="layers.8"),
    Network("vision-transformer", vision_transformer, (3, 32, 32), early="conv_proj"),
    Network("swin", swin, (3, 32, 32), early="patch_embed.proj"),
    Network("deit", deit, (3, 32, 32), early="patch_embed.proj"),
    Network("vit-registers", vit_registers, (3, 32, 32), early="patch_embed.proj"),
    Network("mlp", mlp, (20,), dynamic=True),
    Network("cnn-1d", cnn_1d, (4, 96), features="9", early="2", dynamic=True),
    Network("cnn-3d", cnn_3d, (1, 12, 14, 16), features="8", early="3"),
    Network("autoencoder", autoencoder, (3, 32, 32), early="3"),
    Network("mobilenet-v2-small", partial(models.MobileNetV2, num_classes=10, width_mult=0.25,
                                      inverted_residual_setting=[[1, 16, 1, 1], [4, 24, 2, 2], [4, 32, 2, 2]]),
            features="features", early="features.2", dynamic=True, folded=True),
    Network("shufflenet-v2-small", partial(models.ShuffleNetV2, [2, 2, 2], [12, 24, 48, 64, 96], num_classes=10),
            features="conv5", early="stage2", folded=True),
    Network("densenet-small", partial(models.DenseNet, growth_rate=8, block_config=(2, 2, 3), num_init_features=16, num_classes=10),
            features="features", early="features.denseblock1", dynamic=True, folded=True),
]
