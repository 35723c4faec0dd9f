"""Pictures that the networks are trained on: shapes over a texture, stick figures, things that move. All from a generator of random numbers."""

from __future__ import annotations

import numpy as np

SHAPES = ["circle", "square", "triangle"]
#: Joints of a stick figure, in the order of the keypoint network's maps.
JOINTS = ["head", "neck", "left hand", "right hand", "hip", "left foot", "right foot"]
BONES = [(0, 1), (1, 2), (1, 3), (1, 4), (4, 5), (4, 6)]


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the pixels' centres: x and y, each [side,side]."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    return x, y


def distance(shape: str, dx: np.ndarray, dy: np.ndarray, radius: float, turn: float) -> np.ndarray:
    """How far outside a shape around (0, 0) a place is, in pixels; negative inside."""
    if shape == "circle":
        return np.hypot(dx, dy) - radius
    u, v = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    if shape == "square":
        return np.maximum(np.abs(u), np.abs(v)) - radius * 0.8
    sides = [np.sin(a) * u - np.cos(a) * v for a in (np.pi / 2, np.pi / 2 + 2 * np.pi / 3, np.pi / 2 + 4 * np.pi / 3)]
    return np.maximum.reduce(sides) - radius * 0.55


def texture(random: np.random.Generator, side: int) -> np.ndarray:
    """A muted background [side,side,3], 0 to 1: waves of several lengths, and grain."""
    x, y = grid(side)
    picture = np.full((side, side, 3), random.uniform(0.3, 0.6, 3))
    for _ in range(4):
        angle, length = random.uniform(0, 2 * np.pi), random.uniform(6, 40)
        wave = np.sin((np.cos(angle) * x + np.sin(angle) * y) * 2 * np.pi / length + random.uniform(0, 6))
        picture += wave[..., None] * random.uniform(-0.04, 0.04, 3)
    return picture + random.normal(0, 0.025, (side, side, 1))


def colour(random: np.random.Generator) -> np.ndarray:
    """A strong colour: one or two of its channels high, the others low."""
    high = random.permutation([1, int(random.integers(2)), 0])
    return np.where(high == 1, random.uniform(0.75, 1, 3), random.uniform(0, 0.2, 3))


def scene(random: np.random.Generator, side: int, count: int, shapes=None, radii=(0.09, 0.24)):
    """A picture [side,side,3] of bytes, its mask [side,side] (0: background, 1 + shape), and its objects:
    (shape, x0, y0, x1, y1) in pixels, the box being the drawn pixels'. Objects do not overlap."""
    x, y = grid(side)
    picture, mask, objects, taken = texture(random, side), np.zeros((side, side), np.int64), [], []
    for attempt in range(60):
        if len(objects) == count:
            break
        radius = side * random.uniform(*radii)
        cx, cy = random.uniform(radius, side - radius, 2)
        if any(np.hypot(cx - a, cy - b) < radius + r + 3 for a, b, r in taken):
            continue
        shape = shapes[len(objects)] if shapes else int(random.integers(len(SHAPES)))
        outside = distance(SHAPES[shape], x - cx, y - cy, radius, random.uniform(0, 2 * np.pi))
        cover = np.clip(0.5 - outside, 0, 1)[..., None]
        shade = 1 - 0.15 * ((y - cy) / radius)[..., None]
        picture = picture * (1 - cover) + cover * colour(random) * shade
        inside = outside < 0
        mask[inside] = 1 + shape
        rows, columns = np.nonzero(inside)
        objects.append((shape, columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        taken.append((cx, cy, radius))
    return to_bytes(picture), mask, objects


def to_bytes(picture: np.ndarray) -> np.ndarray:
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)


def figure(random: np.random.Generator, side: int):
    """A stick figure: a picture [side,side,3] of bytes and its joints [7,2] as (x, y) in pixels."""
    x, y = grid(side)
    neck = side * np.array([random.uniform(0.4, 0.6), random.uniform(0.3, 0.4)])
    lean = random.uniform(-0.25, 0.25)
    hip = neck + side * 0.25 * np.array([np.sin(lean), np.cos(lean)])
    head = neck - side * 0.12 * np.array([np.sin(lean), np.cos(lean)])

    def limb(start, length, low, high):
        angle = random.uniform(low, high)
        return start + side * length * np.array([np.sin(angle), np.cos(angle)])

    joints = np.array([head, neck, limb(neck, 0.24, -2.4, -0.6), limb(neck, 0.24, 0.6, 2.4), hip,
                       limb(hip, 0.27, -0.9, -0.2), limb(hip, 0.27, 0.2, 0.9)])
    picture, ink = texture(random, side), colour(random)
    for a, b in BONES:
        along = joints[b] - joints[a]
        t = np.clip(((x - joints[a][0]) * along[0] + (y - joints[a][1]) * along[1]) / (along @ along), 0, 1)
        outside = np.hypot(x - joints[a][0] - t * along[0], y - joints[a][1] - t * along[1]) - side * 0.025
        cover = np.clip(0.5 - outside, 0, 1)[..., None]
        picture = picture * (1 - cover) + cover * ink
    cover = np.clip(0.5 - (np.hypot(x - head[0], y - head[1]) - side * 0.07), 0, 1)[..., None]
    return to_bytes(picture * (1 - cover) + cover * ink), joints


#: What the video network tells apart: (dx, dy) of a step.
MOVES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def clip(random: np.random.Generator, move: str, frames: int, side: int) -> np.ndarray:
    """A disc that moves over a texture: [frames,side,side,3] of bytes."""
    x, y = grid(side)
    background, ink = texture(random, side), colour(random)
    speed, radius = random.uniform(1.5, 2.5), random.uniform(3, 5)
    step = np.array(MOVES[move]) * speed
    middle = random.uniform(0.4, 0.6, 2) * side
    pictures = []
    for frame in range(frames):
        cx, cy = middle + step * (frame - (frames - 1) / 2)
        cover = np.clip(0.5 - (np.hypot(x - cx, y - cy) - radius), 0, 1)[..., None]
        pictures.append(to_bytes(background * (1 - cover) + cover * ink))
    return np.stack(pictures)
