"""Networks that see circles, squares and triangles: a segmentation and a detector, the latter with and without NonMaxSuppression."""

from __future__ import annotations

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from torch import nn

from layers import conv
from scenes import SHAPES, scene
from training import batches, fit, seeded
from writing import Sample

SIDE = 128
PICTURE = {"kind": "image", "size": [SIDE, SIDE], "fit": "stretch", "channels": "rgb", "layout": "nchw", "scale": 1 / 255}


def tensor(pictures) -> torch.Tensor:
    """Pictures of bytes [N,H,W,3] as the networks take them: [N,3,H,W], 0 to 1."""
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)) / 255


class Segmentation(nn.Module):
    """A small U-Net: three halvings and as many doublings. [N,3,H,W] -> [N,4,H,W] logits: background, and the shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.down3 = conv(3, 8, 3, 2), conv(8, 16, 3, 2), conv(16, 24, 3, 2)
        self.deep = nn.Sequential(conv(24, 32, 3, 2), conv(32, 24))
        self.up3, self.up2, self.up1 = conv(48, 16), conv(32, 12), conv(20, 12)
        self.classify = nn.Conv2d(12, 1 + len(SHAPES), 3, padding=1)
        self.twice = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, x):
        first = self.down1(x)
        second = self.down2(first)
        third = self.down3(second)
        y = self.up3(torch.cat([self.twice(self.deep(third)), third], 1))
        y = self.up2(torch.cat([self.twice(y), second], 1))
        y = self.up1(torch.cat([self.twice(y), first], 1))
        return self.twice(self.classify(y))


def segmentation() -> Sample:
    sample = Sample("segmentation", "shapes", shipped=True)
    random = seeded("segmentation")
    scenes = [scene(random, SIDE, int(random.integers(1, 5))) for _ in range(500)]
    images, masks = tensor([s[0] for s in scenes]), torch.from_numpy(np.stack([s[1] for s in scenes]))
    draw = batches(random, 12, images, masks)
    model = fit("segmentation", Segmentation(), draw, F.cross_entropy, 700)
    picture, mask, _ = scene(random, SIDE, 3, [2, 0, 1], (0.15, 0.22))
    sample.picture("shapes.png", picture)
    image = tensor([picture])
    sample.export(model, {"image": image}, ["mask"])
    sample.recipe({"image": PICTURE}, classes=["background", *SHAPES], outputs={"mask": {"kind": "mask"}})
    y, x = (int(v) for v in np.argwhere(mask == 1).mean(0))
    sample.refer("shapes.png", model, {"image": image}, ["mask"], {"output": "mask", "index": (1, y, x)}, mask=runs(mask))
    return sample


def runs(mask: np.ndarray) -> list:
    """A mask by row as [value, how many] after each other."""
    flat = mask.reshape(-1)
    ends = np.append(np.nonzero(np.diff(flat))[0] + 1, len(flat))
    starts = np.insert(ends[:-1], 0, 0)
    return [[int(flat[start]), int(end - start)] for start, end in zip(starts, ends)]


STRIDES = [8, 16, 32]


class Detector(nn.Module):
    """As YOLO v8 lays its output out: for each cell of strides 8, 16 and 32 the box's centre and size in pixels, and a score, 0 to 1,
    for each class: [N,4+3,336]. In training the scores' logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 8, 3, 2), conv(8, 16, 3, 2))
        self.c3, self.c4, self.c5 = conv(16, 28, 3, 2), conv(28, 32, 3, 2), conv(32, 32, 3, 2)
        self.to3, self.to4 = nn.Conv2d(28, 24, 1), nn.Conv2d(32, 24, 1)
        self.to5 = nn.Conv2d(32, 24, 1)
        self.twice = nn.Upsample(scale_factor=2, mode="nearest")
        self.heads = nn.ModuleList([conv(24, 24) for _ in STRIDES])
        self.boxes = nn.ModuleList([nn.Conv2d(24, 4, 1) for _ in STRIDES])
        self.scores = nn.ModuleList([nn.Conv2d(24, len(SHAPES), 1) for _ in STRIDES])
        for score in self.scores:
            nn.init.constant_(score.bias, -4.0)
        for stride in STRIDES:
            y, x = torch.meshgrid(torch.arange(SIDE // stride), torch.arange(SIDE // stride), indexing="ij")
            self.register_buffer(f"cells{stride}", (torch.stack([x, y]).reshape(1, 2, -1) + 0.5) * stride)

    def forward(self, x):
        c3 = self.c3(self.stem(x))
        c4 = self.c4(c3)
        p5 = self.to5(self.c5(c4))
        p4 = self.to4(c4) + self.twice(p5)
        p3 = self.to3(c3) + self.twice(p4)
        boxes, scores = [], []
        for stride, level, head, box, score in zip(STRIDES, (p3, p4, p5), self.heads, self.boxes, self.scores):
            seen = head(level.relu())
            sides = F.softplus(box(seen)).flatten(2) * stride
            cells = getattr(self, f"cells{stride}")
            near, far = cells - sides[:, :2], cells + sides[:, 2:]
            boxes.append(torch.cat([(near + far) / 2, far - near], 1))
            scores.append(score(seen).flatten(2))
        scores = torch.cat(scores, 2)
        return torch.cat([torch.cat(boxes, 2), scores if self.training else scores.sigmoid()], 1)


def assigned(objects) -> np.ndarray:
    """[336,5]: for each cell the object's centre, size and class; −1 for none. An object belongs to one level, by its size, and there
    to the cells whose centres are within a cell and a half of its own."""
    truth, first = np.full((336, 5), -1, np.float32), 0
    for stride, (least, most) in zip(STRIDES, ((0, 28), (28, 64), (64, 999))):
        count = SIDE // stride
        y, x = (np.mgrid[0:count, 0:count] + 0.5) * stride
        for shape, x0, y0, x1, y1 in objects:
            cx, cy, size = (x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0)
            if not least <= size < most:
                continue
            near = (np.maximum(np.abs(x - cx), np.abs(y - cy)) < min(1.2 * stride, size / 2)).reshape(-1)
            truth[first:first + count * count][near] = [cx, cy, x1 - x0, y1 - y0, shape]
        first += count * count
    return truth


def corners(boxes):
    return torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)


def overlap(a, b):
    """Generalised IoU of pairs of boxes by centre and size (Rezatofighi et al. 2019)."""
    a, b = corners(a), corners(b)
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    outer = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inner
    return inner / union - (outer - union) / outer


def detection_loss(output, truth):
    (truth,) = truth if isinstance(truth, tuple) else (truth,)
    output = output.transpose(1, 2)
    found = truth[..., 4] >= 0
    wanted = F.one_hot(truth[..., 4].clamp(min=0).long(), len(SHAPES)).float() * found[..., None]
    chance = output[..., 4:].sigmoid()
    focus = (wanted - chance).abs().detach() ** 2
    scores = (F.binary_cross_entropy_with_logits(output[..., 4:], wanted, reduction="none") * focus).sum() / found.sum().clamp(min=1)
    boxes = (1 - overlap(output[found][:, :4], truth[found][:, :4])).mean()
    return 4 * scores + 3 * boxes


def all_right(model, image, objects) -> bool:
    """Whether every score over 0.25 is that of an object whose box overlaps it, and each object has a clear one."""
    with torch.no_grad():
        found = model(image)[0].T
    truth = torch.tensor([[(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0] for _, x0, y0, x1, y1 in objects], dtype=torch.float32)
    clear = set()
    for cell in found[found[:, 4:].amax(1) > 0.25]:
        shape, score = int(cell[4:].argmax()), float(cell[4:].max())
        close = overlap(cell[None, :4].expand(len(objects), 4), truth)
        at = int(close.argmax())
        if objects[at][0] != shape or close[at] < 0.6:
            return False
        if score > 0.6 and close[at] > 0.85:
            clear.add(at)
    return len(clear) == len(objects) and float(found[:, 4:].topk(2, 1).values[:, 1].max()) < 0.25


def strongest(model, image) -> list[tuple[int, int]]:
    """The class and cell of the highest scores, from the highest on."""
    with torch.no_grad():
        scores = model(image)[0, 4:]
    return [divmod(int(place), scores.shape[1]) for place in scores.flatten().argsort(descending=True)[:12]]


METADATA = {"task": "detect", "stride": "32", "names": str(dict(enumerate(SHAPES)))}


def detectors() -> list[Sample]:
    sample = Sample("detector", "shapes", shipped=True)
    random = seeded("detector")
    scenes = [scene(random, SIDE, int(random.integers(1, 6))) for _ in range(1500)]
    images, truth = tensor([s[0] for s in scenes]), torch.from_numpy(np.stack([assigned(s[2]) for s in scenes]))
    model = fit("detector", Detector(), batches(random, 12, images, truth), detection_loss, 3200, 1e-2)
    for _ in range(20):
        picture, _, objects = scene(random, SIDE, 4, [1, 2, 0, 1], (0.12, 0.2))
        image = tensor([picture])
        if all_right(model, image, objects):
            break
    else:
        raise ValueError("The detector is right on none of twenty pictures.")
    sample.picture("objects.png", picture)
    sample.export(model, {"images": image}, ["output0"], metadata=METADATA)
    sample.recipe({"images": PICTURE}, classes=SHAPES)
    score = {"output": "output0", "index": [(4 + shape, cell) for shape, cell in strongest(model, image)]}
    boxes = [[SHAPES[shape], *map(int, box)] for shape, *box in objects]
    sample.refer("objects.png", model, {"images": image}, ["output0"], score, boxes=boxes)
    return [sample, suppressing(sample, model, picture, image, boxes)]


def suppressing(plain: Sample, model, picture, image, boxes) -> Sample:
    """The same detector with NonMaxSuppression in its graph, whose list of what it kept is an output beside boxes and scores."""
    sample = Sample("detector-nms")
    loaded = onnx.load(plain.model)
    graph = loaded.graph
    numbers = {"four": [4], "all": [7], "zero": [0], "one": [1], "most": [20]}
    graph.initializer.extend(helper.make_tensor(name, TensorProto.INT64, [1], values) for name, values in numbers.items())
    graph.initializer.extend(helper.make_tensor(name, TensorProto.FLOAT, [1], [value]) for name, value in (("iou", 0.45), ("least", 0.4)))
    graph.node.extend([
        helper.make_node("Slice", ["output0", "zero", "four", "one"], ["centres"], "boxes_of"),
        helper.make_node("Slice", ["output0", "four", "all", "one"], ["scores"], "scores_of"),
        helper.make_node("Transpose", ["centres"], ["boxes"], "boxes_last", perm=[0, 2, 1]),
        helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "iou", "least"], ["selected"], "suppress", center_point_box=1),
    ])
    del graph.output[:]
    graph.output.extend([helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", 336, 4]),
                         helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 3, 336]),
                         helper.make_tensor_value_info("selected", TensorProto.INT64, ["K", 3])])
    sample.tidy(loaded)
    sample.picture("objects.png", picture)
    sample.recipe({"images": PICTURE}, classes=SHAPES)

    class Parts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x):
            y = self.model(x)
            return y[:, :4].transpose(1, 2), y[:, 4:]

    score = {"output": "scores", "index": strongest(model, image)}
    sample.refer("objects.png", Parts(), {"images": image}, ["boxes", "scores"], score, boxes=boxes)
    return sample


def make() -> list[Sample]:
    return [segmentation(), *detectors()]
