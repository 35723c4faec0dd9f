"""A small network built like BERT (Devlin et al. 2018), with weights from a seed: word and position embeddings, two encoder layers with
separate query, key and value projections, a pooler on the first token, three classes. Import it for references: `model, ids, mask = make()`.
"""

from __future__ import annotations

import math

import torch
from torch import nn

VOCABULARY, LENGTH, WIDTH, HEADS, CLASSES = 60, 12, 32, 4, 3
#: [CLS] ... [SEP] and padding of a sentence, by number.
IDS = [2, 17, 31, 8, 45, 9, 22, 57, 13, 3, 0, 0]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        batch, length = x.shape[0], x.shape[1]
        q, k, v = (part(x).reshape(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for part in (self.query, self.key, self.value))
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + bias, dim=-1)
        return self.output((weights @ v).transpose(1, 2).reshape(batch, length, WIDTH))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.first = Attention(), nn.LayerNorm(WIDTH)
        self.up, self.act, self.down, self.second = nn.Linear(WIDTH, 64), nn.GELU(), nn.Linear(64, WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        x = self.first(x + self.attention(x, bias))
        return self.second(x + self.down(self.act(self.up(x))))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions, self.norm = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LENGTH, WIDTH), nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList([Layer(), Layer()])
        self.pooler, self.tanh, self.classifier = nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, CLASSES)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.from_vectors(self.words(ids), mask)

    def from_vectors(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.norm(vectors + self.positions(torch.arange(LENGTH)))
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        return self.classifier(self.tanh(self.pooler(x[:, 0])))


class FromVectors(nn.Module):
    """The network from its word vectors on: what attributions of tokens are about. [N, 12, 32] -> [N, 3]"""

    def __init__(self, bert: Bert, mask: torch.Tensor):
        super().__init__()
        self.bert, self.mask = bert, mask

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return self.bert.from_vectors(vectors, self.mask.expand(vectors.shape[0], -1))


def make(double: bool = True) -> tuple[Bert, torch.Tensor, torch.Tensor]:
    """The network, token numbers [1, 12] and mask [1, 12]."""
    torch.manual_seed(5)
    model = Bert().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn(parameter.shape) * (0.5 if "words" in name else 0.3) if parameter.dim() > 1 else parameter + 0.1 * torch.randn(parameter.shape))
    ids = torch.tensor([IDS])
    return (model.double() if double else model), ids, (ids != 0).long()
