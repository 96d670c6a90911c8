"""Frames of a user's video: what it is, its first bytes say; only the demuxers of those types are let near it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"

import cv2
import numpy as np

from .errors import EngineError
from .picture import Pixels

MOST_PIXELS = 4096 * 2304
MOST_SIDE = 1080
MOST_RATE = 30.0
LEAST_SECONDS = 0.4


@dataclass
class ClipFrame:
    seconds: float
    rgb: Pixels


def unreadable(why: str) -> EngineError:
    return EngineError("input_unreadable", f"The driving clip can't be read: {why}.")


def open_clip(path: Path) -> cv2.VideoCapture:
    """Throws `empty_file`, `input_unreadable`, `input_too_large`."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise EngineError("empty_file", "The driving clip is empty: it has 0 bytes.")
    if head[4:8] != b"ftyp" and not head.startswith(b"\x1a\x45\xdf\xa3"):
        raise unreadable("it is no MP4, MOV or WebM")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise unreadable("it is damaged, cut off, or in a format that is not known here")
    width, height = (int(capture.get(size)) for size in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > MOST_PIXELS or max(width, height) > 4096:
        capture.release()
        raise EngineError("input_too_large", f"The driving clip has {width} × {height} pixels; at most 4096 × 2304 are taken.")
    return capture


def read_clip(path: Path, most_seconds: float) -> Iterator[ClipFrame]:
    """
    Upright frames with sides up to 1080 and their times from the first one's, at most 30 a second and for so long; the same ones
    every time. Throws what `open_clip` throws.
    """
    capture = open_clip(path)
    try:
        first, last = None, -1.0
        while capture.grab():
            at = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            first = at if first is None else first
            seconds = at - first
            if seconds >= most_seconds:
                return
            # a little leeway: times are rounded
            if last >= 0 and seconds - last < 0.9 / MOST_RATE:
                continue
            decoded, bgr = capture.retrieve()
            if not decoded:
                continue
            last = seconds
            yield ClipFrame(seconds, np.ascontiguousarray(shrunk(bgr)[..., ::-1]))
    finally:
        capture.release()


def shrunk(bgr: Pixels) -> Pixels:
    height, width = bgr.shape[:2]
    scale = MOST_SIDE / max(height, width)
    if scale >= 1:
        return bgr
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
