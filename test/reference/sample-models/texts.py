"""Texts that praise or complain: with a tokenizer and recipe, and without."""

from __future__ import annotations

import json

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

from training import batches, fit, seeded
from writing import Sample

GOOD = ["good", "great", "lovely", "funny", "brilliant", "warm"]
BAD = ["bad", "boring", "awful", "slow", "dull", "cold"]
THINGS = ["film", "story", "acting", "music", "ending", "book", "food", "service"]
OTHERS = ["the", "a", "was", "is", "and", "but", "very", "not", "this", "really", "it", ".", ",", "quite", "so"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, *OTHERS, *THINGS, *GOOD, *BAD]
PLACE = {word: place for place, word in enumerate(WORDS)}
LONGEST = 16


def sentence(random: np.random.Generator, good: bool) -> str:
    thing, other = random.choice(THINGS, 2, replace=False)
    straight, turned = (GOOD, BAD) if good else (BAD, GOOD)
    forms = [
        f"the {thing} was {random.choice(['', 'very ', 'really ', 'so '])}{random.choice(straight)} .",
        f"the {thing} was not {random.choice(turned)} .",
        f"the {thing} was {random.choice(straight)} , and the {other} is {random.choice(straight)} .",
        f"this {thing} is quite {random.choice(straight)} and not {random.choice(turned)} .",
    ]
    return str(random.choice(forms))


class Text(nn.Module):
    """Token numbers and which of them count, [N,T] -> [N,2] logits: vectors, their places, one layer of attention, the mean."""

    WIDTH = 16

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(len(WORDS), self.WIDTH), nn.Parameter(torch.randn(LONGEST, self.WIDTH) * 0.3)
        self.query, self.key, self.value = (nn.Linear(self.WIDTH, self.WIDTH) for _ in range(3))
        self.norm, self.wide, self.narrow = nn.LayerNorm(self.WIDTH), nn.Linear(self.WIDTH, 32), nn.Linear(32, self.WIDTH)
        self.classify = nn.Linear(self.WIDTH, 2)

    def forward(self, input_ids, attention_mask):
        return self.vectors(self.words(input_ids), attention_mask)

    def vectors(self, words, attention_mask):
        x = words + self.places[: words.shape[1]]
        open_ = attention_mask.to(x.dtype)
        scores = self.query(x) @ self.key(x).transpose(1, 2) / self.WIDTH**0.5 + (open_[:, None] - 1) * 1e4
        x = self.norm(x + scores.softmax(-1) @ self.value(x))
        x = x + self.narrow(self.wide(x).relu())
        return self.classify((x * open_[..., None]).sum(1) / open_.sum(1, keepdim=True))


class OverVectors(nn.Module):
    """The same from the looked up vectors on."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model.vectors(input_ids, attention_mask)


def encoded(text: str) -> list[int]:
    return [PLACE["[CLS]"], *(PLACE.get(word, PLACE["[UNK]"]) for word in text.split()), PLACE["[SEP]"]]


def tokenizer() -> dict:
    """As the tokenizers library saves one: words in lower case, [CLS] before and [SEP] behind."""
    special = [{"id": PLACE[word], "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
               for word in SPECIAL]
    ends = {word: {"id": word, "ids": [PLACE[word]], "tokens": [word]} for word in ("[CLS]", "[SEP]")}
    single = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": single,
                           "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
                           "special_tokens": ends},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": PLACE},
    }


def make() -> list[Sample]:
    random = seeded("text")
    goods = random.integers(0, 2, 1500)
    ids = [encoded(sentence(random, bool(good))) for good in goods]
    padded = torch.tensor([[*one, *[0] * (LONGEST - len(one))] for one in ids])
    mask = torch.tensor([[1] * len(one) + [0] * (LONGEST - len(one)) for one in ids])
    draw = batches(random, 32, padded, mask, torch.from_numpy(goods))

    def batch():
        words, kept, good = draw()
        return (words, kept), good

    model = fit("text", Text(), batch, F.cross_entropy, 500, 1e-2)
    other = "The film was boring , and the music is not great ."
    made = []
    for name in ("text", "text-tokens"):
        sample = Sample(name)
        for file, words in (("praise", "This film is quite lovely and not slow ."), ("complaint", other)):
            numbers = encoded(words.lower())
            given = {"input_ids": torch.tensor([numbers]), "attention_mask": torch.ones(1, len(numbers), dtype=torch.int64)}
            if name == "text":
                (sample.folder / f"{file}.txt").write_text(words + "\n")
                fed = f"{file}.txt"
            else:
                np.savez(sample.folder / f"{file}.npz", **{key: value.numpy() for key, value in given.items()})
                fed = f"{file}.npz"
            vectors = {"input_ids": model.words(given["input_ids"]).detach(), "attention_mask": given["attention_mask"]}
            good = int(file == "praise")
            sample.refer(fed, OverVectors(model), vectors, ["logits"], {"output": "logits", "index": (good,)}, answer=["negative", "positive"][good] if name == "text" else str(good))
        axes = {"input_ids": {0: "N", 1: "T"}, "attention_mask": {0: "N", 1: "T"}, "logits": {0: "N"}}
        torch.onnx.export(model, tuple(given.values()), sample.model, dynamo=False, opset_version=17, input_names=list(given), output_names=["logits"],
                          dynamic_axes=axes)
        sample.tidy(onnx.load(sample.model))
        if name == "text":
            (sample.folder / "tokenizer.json").write_text(json.dumps(tokenizer(), indent=1) + "\n")
            part = {"kind": "text", "tokenizer": "tokenizer.json", "maxLength": LONGEST}
            sample.recipe({"input_ids": {**part, "part": "ids"}, "attention_mask": {**part, "part": "attention-mask"}}, classes=["negative", "positive"])
        made.append(sample)
    return made
