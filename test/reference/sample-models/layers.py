"""The pieces that most of the networks are made of."""

from __future__ import annotations

from torch import nn


def conv(inputs: int, outputs: int, kernel=3, stride=1) -> nn.Sequential:
    """A convolution with its normalization (folded into it when exported) and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def conv1d(inputs: int, outputs: int, kernel: int, stride=1) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())
