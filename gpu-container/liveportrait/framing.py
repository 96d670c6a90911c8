"""
Which part of a picture becomes the frame: packages/engine/src/cast/framing.ts, number by number, because whoever checks the
finished file works out the size that is due from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Left, top, width, height.
Box = tuple[float, float, float, float]

MAX_SOURCE_SIDE = 1280
MAX_ENLARGED = 2
FACE_SHARE = 0.44
FACE_HEIGHT = 0.46


@dataclass
class Framing:
    """`x`, `y`, `crop_width` and `crop_height` in pixels of the full picture; `width` and `height` of the frame, even."""

    x: int
    y: int
    crop_width: int
    crop_height: int
    width: int
    height: int

    @property
    def enlarged(self) -> float:
        return max(1.0, self.width / self.crop_width)


def framing(width: int, height: int, boxes: list[Box], size: int | str) -> Framing:
    """`boxes` of faces in the full picture, the most important first; "source" is the whole picture, a number a square."""
    if isinstance(size, str):
        return whole(width, height)
    available = min(width, height)
    (left, top, box_width, box_height), wanted = around(boxes, available)
    side = rounded(min(available, max(wanted, size / MAX_ENLARGED)))
    out = min(size, even(side * MAX_ENLARGED))
    x = within(left + box_width / 2 - side / 2, width - side)
    y = within(top + box_height / 2 - side * FACE_HEIGHT, height - side)
    return Framing(x, y, side, side, out, out)


def whole(width: int, height: int) -> Framing:
    scale = min(1, MAX_SOURCE_SIDE / max(width, height))
    out = even(rounded(width * scale)), even(rounded(height * scale))
    # without scaling, an odd last row or column is left out
    return Framing(0, 0, *(out if scale == 1 else (width, height)), *out)


def around(boxes: list[Box], available: float) -> tuple[Box, float]:
    """The box around the first face and those others that a square of `available` holds, and the side that leaves them room."""
    box = boxes[0]
    wanted = side_for(box)
    for other in boxes[1:]:
        joined = union(box, other)
        if max(joined[2], joined[3]) > available:
            continue
        box = joined
        wanted = max(wanted, side_for(other))
    room = wanted * (1 - FACE_SHARE)
    return box, max(wanted, box[2] + room, box[3] + room)


def side_for(box: Box) -> float:
    return max(box[3], box[2] * 1.15) / FACE_SHARE


def union(a: Box, b: Box) -> Box:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y


def within(value: float, most: int) -> int:
    return max(0, min(most, rounded(value)))


def even(value: int) -> int:
    return max(2, value - value % 2)


def rounded(value: float) -> int:
    """As JavaScript does: halves go up."""
    return math.floor(value + 0.5)
