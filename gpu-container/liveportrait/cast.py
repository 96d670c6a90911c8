"""Who moves in a picture and which part of it becomes the frame, as the request says: nothing is looked for or chosen here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import EngineError


@dataclass
class Frame:
    """`x`, `y`, `crop_width` and `crop_height` in pixels of the full picture; `width` and `height` of the frame, even."""

    x: int
    y: int
    crop_width: int
    crop_height: int
    width: int
    height: int


@dataclass
class Ease:
    """How much of the motion a mover shows, 0–1: of all, and of what its eyes, its head and its mouth do at the most."""

    all: float = 1
    eyes: float = 1
    head: float = 1
    mouth: float = 1


def frame_of(cast: dict[str, Any]) -> Frame:
    frame, crop = cast["frame"], cast["frame"]["crop"]
    return Frame(crop["x"], crop["y"], crop["width"], crop["height"], frame["width"], frame["height"])


def points_of(cast: dict[str, Any]) -> list[NDArray[np.float32]]:
    """
    For each mover five points in pixels of the full picture: the person's right eye, left eye, nose, right and left corner of the
    mouth.
    """
    return [np.asarray(mover["points"], np.float32) for mover in cast["movers"]]


def eases_of(cast: dict[str, Any]) -> list[Ease]:
    """For each mover. Curves of a motion have it in them already."""
    return [Ease(*(float(mover["ease"].get(part, 1)) for part in ("all", "eyes", "head", "mouth"))) for mover in cast["movers"]]


def require_picture(cast: dict[str, Any], width: int, height: int) -> None:
    """Throws `invalid_request` where the cast is of another picture."""
    seen = cast["picture"]
    if (seen["width"], seen["height"]) != (width, height):
        detail = f"The cast is of a picture of {seen['width']} × {seen['height']} pixels, not {width} × {height}."
        raise EngineError("invalid_request", detail)


def curves_of(motion: dict[str, Any], nth: int) -> dict[str, list[float]]:
    """Those of a mover. Throws `invalid_request` where the motion has none for it."""
    if nth >= len(motion["faces"]):
        raise EngineError("invalid_request", f"The motion has no curves for mover {nth}.")
    return dict(motion["faces"][nth]["channels"])
