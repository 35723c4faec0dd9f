"""
Detector outputs as exporters lay them out, made from known objects, and what torchvision makes of them (box_convert, batched_nms, box_iou).
Run: python make.py (torch, torchvision, numpy). Writes cases.json (outputs as base64 float32, expected boxes) and nms.json.
"""
import base64
import json
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import batched_nms, box_convert, box_iou, clip_boxes_to_image, nms

HERE = Path(__file__).parent
CASES = []
IOU, SCORE = 0.45, 0.25


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def output(name, array, integer=False, batched=True):
    return {"name": name, "dims": list(np.shape(array)), "values": encode(array), "integer": integer, "batched": batched}


# A picture of 100x50 in 64x64 with bars above and below (64/100 = 0.64, 32 rows from row 16), and one of 96x64 as it is.
PADDED = {"input": {"width": 64, "height": 64}, "geometry": {"width": 100, "height": 50, "left": 0, "top": -25, "scaleX": 100 / 64, "scaleY": 50 / 32}}
WIDE = {"input": {"width": 96, "height": 64}, "geometry": {"width": 96, "height": 64, "left": 0, "top": 0, "scaleX": 1, "scaleY": 1}}


def to_picture(boxes, place):
    g = place["geometry"]
    return boxes * torch.tensor([g["scaleX"], g["scaleY"]] * 2, dtype=torch.float64) + torch.tensor([g["left"], g["top"]] * 2, dtype=torch.float64)


def case(name, place, outputs, head, boxes, scores, labels, targets, source, classes=(), metadata=None, nodes=(), **more):
    """boxes [n,4] as corners in the model's pixels, in the order expected."""
    placed = to_picture(boxes.double(), place)
    # Ultralytics' clip_boxes and torchvision's own detectors end so; DETR's post-processing does not.
    if "DETR" not in head:
        placed = clip_boxes_to_image(placed, (place["geometry"]["height"], place["geometry"]["width"]))
    expected = [
        {"x0": b[0], "y0": b[1], "x1": b[2], "y1": b[3], "classIndex": int(c), "score": float(s), "target": t, "output": source}
        for b, s, c, t in zip(placed.tolist(), scores.tolist(), labels.tolist(), targets)
    ]
    CASES.append({"name": name, **place, "classes": list(classes), "metadata": metadata or {}, "nodes": list(nodes), "outputs": outputs, "head": head, "boxes": expected, **more})


def cells(place, anchors=1, strides=(8, 16, 32)):
    """Centre of each prediction's cell and its stride."""
    out = []
    for s in strides:
        h, w = place["input"]["height"] // s, place["input"]["width"] // s
        grid = [(x, y, s) for y in range(h) for x in range(w)]
        out += grid * anchors
    return torch.tensor(out, dtype=torch.float32)


def predictions(place, classes, seed, anchors=1, strides=(8, 16, 32)):
    """Centres near their cells, sizes of some strides, low scores but for a few, some of which overlap."""
    g = torch.Generator().manual_seed(seed)
    at = cells(place, anchors, strides)
    n = len(at)
    centres = (at[:, :2] + 0.5 + 0.8 * (torch.rand(n, 2, generator=g) - 0.5)) * at[:, 2:]
    sizes = at[:, 2:] * (1 + 2 * torch.rand(n, 2, generator=g))
    scores = 0.1 * torch.rand(n, classes, generator=g)
    chosen = torch.randperm(n, generator=g)[: n // 3]
    scores[chosen, torch.randint(classes, (len(chosen),), generator=g)] = torch.rand(len(chosen), generator=g)
    return torch.cat([centres, sizes], 1), scores, g


def suppressed(cxcywh, scores, labels):
    """Indices into the rows, best first."""
    boxes = box_convert(cxcywh.double(), "cxcywh", "xyxy")
    over = (scores > SCORE).nonzero()[:, 0]
    keep = over[batched_nms(boxes[over], scores[over].double(), labels[over], IOU)]
    return boxes, keep


# YOLO v8, v9, v11: [1, 4+C, N], and turned.
for turned in (False, True):
    boxes, scores, _ = predictions(PADDED, 3, 1 + turned)
    best, labels = scores.max(1)
    corners, keep = suppressed(boxes, best, labels)
    raw = torch.cat([boxes, scores], 1)
    n_targets = [f"{k},{4 + labels[k]}" if turned else f"{4 + labels[k]},{k}" for k in keep.tolist()]
    case("yolo v8 turned" if turned else "yolo v8", PADDED, [output("output0", (raw if turned else raw.T)[None])], "YOLO v8", corners[keep], best[keep], labels[keep], n_targets, "output0",
         classes=["cat", "dog", "bird"])

# The same on a picture that is not square, boxes as fractions.
boxes, scores, _ = predictions(WIDE, 4, 3)
best, labels = scores.max(1)
fractions = boxes / torch.tensor([96, 64, 96, 64])
corners, keep = suppressed(fractions * torch.tensor([96, 64, 96, 64]), best, labels)
case("yolo v8 in fractions", WIDE, [output("output0", torch.cat([fractions, scores], 1).T[None])], "YOLO v8", corners[keep], best[keep], labels[keep], [f"{4 + labels[k]},{k}" for k in keep.tolist()], "output0")

# Mask coefficients and prototypes; a pose head's keypoints.
boxes, scores, g = predictions(PADDED, 2, 4)
best, labels = scores.max(1)
corners, keep = suppressed(boxes, best, labels)
masks = torch.randn(len(boxes), 5, generator=g)
case("yolo v8-seg", PADDED, [output("output0", torch.cat([boxes, scores, masks], 1).T[None]), output("output1", torch.randn(1, 5, 16, 16, generator=g))], "YOLO v8", corners[keep], best[keep], labels[keep],
     [f"{4 + labels[k]},{k}" for k in keep.tolist()], "output0", noted="mask coefficients")
boxes, scores, g = predictions(PADDED, 1, 5)
best, labels = scores.max(1)
corners, keep = suppressed(boxes, best, labels)
points = torch.rand(len(boxes), 4, 3, generator=g) * torch.tensor([64.0, 64.0, 1.0])
placed = [[{"x": min(max(x * 100 / 64, 0), 100), "y": min(max(-25 + y * 50 / 32, 0), 50), "score": s} for x, y, s in points[k].double().tolist()] for k in keep.tolist()]
for metadata in ({}, {"task": "pose", "kpt_shape": "[4, 3]", "names": "{0: 'person'}", "stride": "32"}):
    case(f"yolo v8-pose{' with metadata' if metadata else ''}", PADDED, [output("output0", torch.cat([boxes, scores, points.flatten(1)], 1).T[None])], "YOLO v8", corners[keep], best[keep], labels[keep],
         [f"4,{k}" for k in keep.tolist()], "output0", metadata=metadata, noted="keypoints", keypoints=placed)

# YOLO v5, v7: [1, N, 5+C], three anchors a cell, score = objectness x class.
boxes, scores, g = predictions(PADDED, 3, 6, anchors=3)
classes = torch.rand(len(boxes), 3, generator=g)
objectness = scores.max(1).values
best, labels = classes.max(1)
best = best * objectness
corners, keep = suppressed(boxes, best, labels)
case("yolo v5", PADDED, [output("output0", torch.cat([boxes, objectness[:, None], classes], 1)[None]), output("onnx::Sigmoid_331", torch.randn(1, 3, 8, 8, 8, generator=g))], "YOLO v5", corners[keep], best[keep], labels[keep],
     [f"{k},{5 + labels[k]}" for k in keep.tolist()], "output0", noted="objectness times")

# YOLO v6: the same layout, one anchor, objectness one.
boxes, scores, _ = predictions(PADDED, 3, 7)
best, labels = scores.max(1)
corners, keep = suppressed(boxes, best, labels)
case("yolo v6", PADDED, [output("outputs", torch.cat([boxes, torch.ones(len(boxes), 1), scores], 1)[None])], "YOLO v6", corners[keep], best[keep], labels[keep], [f"{k},{5 + labels[k]}" for k in keep.tolist()], "outputs")

# YOLOX as its own exporter writes it: offsets in cells, logarithms of sizes in strides. The boxes are what its demo's postprocessing makes of them.
boxes, scores, g = predictions(PADDED, 80, 8)
classes = torch.rand(len(boxes), 80, generator=g)
objectness = scores.max(1).values
at = cells(PADDED)
offsets = (boxes[:, :2] / at[:, 2:] - at[:, :2])
logarithms = (boxes[:, 2:] / at[:, 2:] * 0.7).log()
decoded = torch.cat([(offsets + at[:, :2]) * at[:, 2:], logarithms.double().exp() * at[:, 2:]], 1)
best, labels = classes.max(1)
best = best * objectness
corners, keep = suppressed(decoded, best, labels)
case("yolox", PADDED, [output("output", torch.cat([offsets, logarithms, objectness[:, None], classes], 1)[None])], "YOLOX", corners[keep], best[keep], labels[keep], [f"{k},{5 + labels[k]}" for k in keep.tolist()], "output")

# YOLO v10 and what is exported with its selection: rows of corners, score, class.
g = torch.Generator().manual_seed(9)


def some_boxes(n, width=64, height=64):
    corner = torch.rand(n, 2, generator=g) * torch.tensor([0.6 * width, 0.6 * height])
    return torch.cat([corner, corner + (0.05 + 0.3 * torch.rand(n, 2, generator=g)) * torch.tensor([width, height])], 1)


corners = some_boxes(30)
best = torch.rand(30, generator=g).sort(descending=True).values
labels = torch.randint(5, (30,), generator=g)
rows = torch.cat([corners, best[:, None], labels[:, None].float()], 1)
over = (best > SCORE).sum()
case("yolo v10", PADDED, [output("output0", rows[None])], "YOLO v10", corners[:over], best[:over], labels[:over], [f"{k},4" for k in range(over)], "output0")

# Ultralytics' nms=True: the graph's own NonMaxSuppression, filled up with zeros.
filled = rows.clone()
filled[20:] = 0
case("rows from a graph's own nms", PADDED, [output("output0", filled[None])], "YOLO v10", corners[:20], best[:20], labels[:20], [f"{k},4" for k in range(20)], "output0",
     nodes=[{"opType": "NonMaxSuppression", "domain": "", "attributes": {}}])

# YOLO v7 end to end: [K,7].
rows = torch.cat([torch.zeros(12, 1), corners[:12], labels[:12, None].float(), best[:12, None]], 1)
case("yolo v7 end to end", PADDED, [output("output", rows, batched=False)], "YOLO v7", corners[:12], best[:12], labels[:12], [f"{k},6" for k in range(12)], "output",
     nodes=[{"opType": "NonMaxSuppression", "domain": "", "attributes": {}}])

# PaddleDetection: class, score, corners.
rows = torch.cat([labels[:, None].float(), best[:, None], corners], 1)
case("paddledetection", PADDED, [output("multiclass_nms3_0.tmp_0", rows, batched=False)], "PaddleDetection", corners[:over], best[:over], labels[:over], [f"{k},1" for k in range(over)], "multiclass_nms3_0.tmp_0")

# DETR: softmax whose last class is "no object"; DETR's own post-processing (softmax, without the last, the best class).
n = 40
boxes = torch.cat([0.2 + 0.6 * torch.rand(n, 2, generator=g), 0.05 + 0.3 * torch.rand(n, 2, generator=g)], 1)
logits = torch.randn(n, 6, generator=g)
logits[:, 5] += 4
logits[:10, :5] += 6 * torch.eye(5)[torch.randint(5, (10,), generator=g)]
best, labels = logits.double().softmax(1)[:, :-1].max(1)
order = best.argsort(descending=True)
keep = order[best[order] > SCORE]
corners = box_convert(boxes.double(), "cxcywh", "xyxy") * 64
case("detr", PADDED, [output("logits", logits[None]), output("pred_boxes", boxes[None])], "DETR", corners[keep], best[keep], labels[keep], [f"{k},{labels[k]}" for k in keep.tolist()], "logits")

# RT-DETR, D-FINE: independent sigmoids, every class of every query (transformers' post_process_object_detection).
logits = torch.randn(n, 5, generator=g) - 5
logits[torch.randperm(n, generator=g)[:12], torch.randint(5, (12,), generator=g)] += 6
flat = logits.double().sigmoid().flatten()
order = flat.argsort(descending=True)
keep = order[flat[order] > SCORE]
query, labels = keep // 5, keep % 5
case("rt-detr", PADDED, [output("logits", logits[None]), output("pred_boxes", boxes[None])], "RT-DETR", corners[query], flat[keep], labels, [f"{q},{c}" for q, c in zip(query.tolist(), labels.tolist())], "logits")

# RT-DETR as Ultralytics exports it: one output, fractions, sigmoids inside; the best class of each query.
scores = logits.sigmoid()
best, labels = scores.max(1)
order = best.argsort(descending=True)
keep = order[best[order] > SCORE]
case("rt-detr of ultralytics", PADDED, [output("output0", torch.cat([boxes, scores], 1)[None])], "RT-DETR", corners[keep], best[keep], labels[keep], [f"{k},{4 + labels[k]}" for k in keep.tolist()], "output0",
     classes=["a", "b", "c", "d", "e"])

# RT-DETR's deployment: labels, boxes in pixels of the size that was fed, scores.
best = torch.rand(25, generator=g).sort(descending=True).values
labels = torch.randint(5, (25,), generator=g)
corners = some_boxes(25)
over = (best > SCORE).sum()
case("rt-detr deployed", PADDED, [output("labels", labels[None].float(), integer=True), output("boxes", corners[None] * torch.tensor([100 / 64, 50 / 64] * 2)), output("scores", best[None])], "RT-DETR",
     corners[:over], best[:over], labels[:over], [str(k) for k in range(over)], "scores", fedSize={"width": 100, "height": 50})

# torchvision's detectors: boxes, labels, scores, selected by the graph.
own = [{"opType": "NonMaxSuppression", "domain": "", "attributes": {}}]
case("torchvision", WIDE, [output("1770", corners, batched=False), output("1781", labels.float(), integer=True, batched=False), output("1780", best, batched=False)], "final detections",
     corners, best, labels, [str(k) for k in range(25)], "1780", nodes=own)

# mmdetection: dets [1,K,5] and labels.
case("mmdetection", WIDE, [output("dets", torch.cat([corners, best[:, None]], 1)[None]), output("labels", labels[None].float(), integer=True)], "final detections", corners, best, labels, [f"{k},4" for k in range(25)], "dets", nodes=own)

# TensorFlow's Object Detection API: y first, fractions, classes as floats from 1, a count.
fractions = corners[:, [1, 0, 3, 2]] / torch.tensor([64, 96, 64, 96])
floats = (labels + 1).float()
case("tensorflow", WIDE, [output("detection_boxes:0", fractions[None]), output("detection_classes:0", floats[None]), output("detection_scores:0", best[None]), output("num_detections:0", torch.tensor([7.0])),
                          output("raw_detection_boxes:0", torch.rand(1, 90, 4, generator=g))],
     "TensorFlow detection", fractions[:7].double()[:, [1, 0, 3, 2]] * torch.tensor([96, 64, 96, 64]), best[:7], labels[:7] + 1, [str(k) for k in range(7)], "detection_scores:0", nodes=own)

# The model zoo's SSD: [1,K,4] in fractions, x first.
fractions = corners / torch.tensor([96, 64, 96, 64])
case("ssd of the zoo", WIDE, [output("bboxes", fractions[None]), output("labels", labels[None].float(), integer=True), output("scores", best[None])], "final detections",
     fractions.double() * torch.tensor([96, 64, 96, 64]), best, labels, [str(k) for k in range(25)], "scores", nodes=own)

# SSD without selection: softmax with the background first, every class by itself (qfgaohao's pytorch-ssd; UltraFace has 2 classes).
n = 200
corner = 0.8 * torch.rand(n, 2, generator=g)
boxes = torch.cat([corner, corner + 0.05 + 0.4 * torch.rand(n, 2, generator=g)], 1)
logits = torch.randn(n, 4, generator=g)
logits[:, 0] += 3
logits[:60, 1:] += 5 * torch.eye(3)[torch.randint(3, (60,), generator=g)]
shares = logits.softmax(1)
pairs = (shares[:, 1:] > SCORE).nonzero()
scale = torch.tensor([64.0] * 4)
kept = batched_nms((boxes[pairs[:, 0]] * scale).double(), shares[pairs[:, 0], 1 + pairs[:, 1]].double(), pairs[:, 1], IOU)
query, labels = pairs[kept, 0], 1 + pairs[kept, 1]
case("ssd", PADDED, [output("scores", shares[None]), output("boxes", boxes[None])], "SSD", boxes[query].double() * 64, shares[query, labels], labels, [f"{q},{c}" for q, c in zip(query.tolist(), labels.tolist())], "scores",
     classes=["BACKGROUND", "cat", "dog", "bird"])

# TensorFlow's raw boxes: y first.
case("tensorflow raw", PADDED, [output("raw_detection_boxes", boxes[None][..., [1, 0, 3, 2]]), output("raw_detection_scores", shares[None])], "SSD", boxes[query].double() * 64, shares[query, labels], labels,
     [f"{q},{c}" for q, c in zip(query.tolist(), labels.tolist())], "raw_detection_scores")

# YOLO-NAS and PP-YOLOE: corners of every cell in pixels, scores beside them; PP-YOLOE has the classes first.
boxes, scores, _ = predictions(WIDE, 3, 10)
best, labels = scores.max(1)
stored = box_convert(boxes, "cxcywh", "xyxy")
over = (best > SCORE).nonzero()[:, 0]
keep = over[batched_nms(stored[over].double(), best[over].double(), labels[over], IOU)]
for first in (False, True):
    case("pp-yoloe" if first else "yolo-nas", WIDE, [output("pred_bboxes", stored[None]), output("pred_scores", (scores.T if first else scores)[None])], "YOLO-NAS or PP-YOLOE", stored[keep].double(), best[keep], labels[keep],
         [f"{labels[k]},{k}" if first else f"{k},{labels[k]}" for k in keep.tolist()], "pred_scores")

# A graph that ends in NonMaxSuppression: selected_indices beside its boxes and scores. YOLO v3 of the zoo: y first, [1,N,4] and [1,C,N].
selected = torch.stack([torch.zeros(len(keep)), labels[keep].float(), keep.float()], 1)
padded = torch.cat([selected, -torch.ones(3, 3)])
case("nonmaxsuppression", WIDE, [output("boxes", stored[None][..., [1, 0, 3, 2]]), output("scores", scores.T[None]), output("indices", padded, integer=True, batched=False)], "NonMaxSuppression", stored[keep].double(), best[keep],
     labels[keep], [f"{labels[k]},{k}" for k in keep.tolist()], "scores", nodes=own)
case("nonmaxsuppression with x first", WIDE, [output("boxes", stored[None]), output("scores", scores.T[None]), output("indices", selected, integer=True, batched=False)], "NonMaxSuppression", stored[keep].double(), best[keep],
     labels[keep], [f"{labels[k]},{k}" for k in keep.tolist()], "scores", nodes=own)
case("nonmaxsuppression of centres", WIDE, [output("boxes", boxes[None]), output("scores", scores.T[None]), output("indices", selected, integer=True, batched=False)], "NonMaxSuppression",
     box_convert(boxes.double(), "cxcywh", "xyxy")[keep], best[keep], labels[keep], [f"{labels[k]},{k}" for k in keep.tolist()], "scores",
     nodes=[{"opType": "NonMaxSuppression", "domain": "", "attributes": {"center_point_box": {"type": "int", "value": 1}}}])

(HERE / "cases.json").write_text(json.dumps(CASES, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")

# The suppression by itself, ties and thresholds included.
g = torch.Generator().manual_seed(11)
boxes = some_boxes(60).double()
scores = (torch.rand(60, generator=g).double() * 1000).round() / 1000
labels = torch.randint(3, (60,), generator=g)
(HERE / "nms.json").write_text(json.dumps({
    "boxes": boxes.tolist(), "scores": scores.tolist(), "labels": labels.tolist(), "iou": box_iou(boxes[:6], boxes[:6]).tolist(),
    "kept": {str(t): batched_nms(boxes, scores, labels, t).tolist() for t in (0.1, 0.45, 0.8)}, "keptWithoutClasses": nms(boxes, scores, 0.45).tolist(),
}) + "\n")
