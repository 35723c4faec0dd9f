"""
Outputs of small models as NumPy reads them: segmentations (argmax, softmax), keypoints of heat maps, feature vectors, tokens by place.
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


def keypoints():
    """
    Heat maps [1, 4, 12, 8] and the points in them: the largest place, moved a quarter towards the larger neighbour along each axis where
    the place is none of the edge's (Newell et al. 2016, section 3.3; with the sign of HRNet's get_final_preds).
    """
    own = np.random.default_rng(11)
    height, width = 12, 8
    y, x = np.mgrid[:height, :width]
    middles = [(3.3, 2.6), (8.7, 5.2), (0.2, 4.0), (6.0, 6.9)]
    maps = np.stack([np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 4) for cy, cx in middles])
    maps = (maps + 0.01 * own.random(maps.shape)).astype(np.float32)
    points = []
    for one in maps:
        row, column = np.unravel_index(one.argmax(), one.shape)
        px, py = float(column), float(row)
        if 0 < row < height - 1 and 0 < column < width - 1:
            px += 0.25 * float(np.sign(one[row, column + 1] - one[row, column - 1]))
            py += 0.25 * float(np.sign(one[row + 1, column] - one[row - 1, column]))
        points.append({"x": px, "y": py, "row": int(row), "column": int(column), "score": float(one[row, column])})
    return {"dims": [1, 4, height, width], "maps": [float(v) for v in maps.reshape(-1)], "points": points}


def vector():
    """A vector of length one and its numbers."""
    own = np.random.default_rng(12)
    values = own.normal(size=24)
    values = (values / np.linalg.norm(values)).astype(np.float32)
    wide = values.astype(np.float64)
    return {"values": [float(v) for v in values], "norm": float(np.linalg.norm(wide)), "min": float(wide.min()), "max": float(wide.max()), "mean": float(wide.mean())}


def tokens():
    """Logits [1, 5, 40] and the three most probable tokens of each place."""
    own = np.random.default_rng(13)
    logits = (3 * own.normal(size=(1, 5, 40))).astype(np.float32)
    shares = softmax(logits.astype(np.float64), 2)[0]
    order = np.argsort(-shares, axis=1)[:, :3]
    return {"dims": list(logits.shape), "logits": [float(v) for v in logits.reshape(-1)], "top": order.tolist(), "probabilities": plain(np.take_along_axis(shares, order, 1))}


CASES = {"segmentation": segmentation(), "keypoints": keypoints(), "vector": vector(), "tokens": tokens()}
(HERE / "cases.json").write_text(json.dumps(CASES) + "\n")
