"""
Outputs of small models as NumPy reads them: segmentations (argmax, softmax).
Run: python make.py (numpy). Writes cases.json; arrays as nested lists.
"""
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
rng = np.random.default_rng(7)


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def plain(x):
    return np.asarray(x, dtype=np.float64).round(9).reshape(-1).tolist()


def segmentation():
    """Blobs of classes: [1, 5, 6, 8] logits, what is largest where, and its softmax."""
    logits = rng.normal(size=(1, 5, 6, 8)).astype(np.float32)
    logits[0, 2, 1:4, 2:6] += 4
    labels = logits[0].argmax(0)
    best = np.take_along_axis(softmax(logits.astype(np.float64), 1)[0], labels[None], 0)[0]
    return {
        "dims": list(logits.shape),
        "logits": plain(logits),
        "labels": plain(labels),
        "logit": plain(np.take_along_axis(logits[0], labels[None], 0)[0]),
        "probability": plain(best),
        "counts": np.bincount(labels.reshape(-1), minlength=5).tolist(),
    }


(HERE / "cases.json").write_text(json.dumps({"segmentation": segmentation()}) + "\n")
