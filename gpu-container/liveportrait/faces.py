"""
Reads LivePortrait's own 203 landmarks of a face of which five points are known, and finds faces where none are: in driving clips.

Five points come with the request for a picture. For a clip a detector gives them; only places are needed, so any will do: YuNet
(OpenCV Zoo, MIT) is shipped. The models that LivePortrait comes with (InsightFace's) may not be used commercially and are not
reachable from here (checkout.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .checkout import Checkout
from .errors import CannotStart
from .picture import Pixels

Points = NDArray[np.float32]

LANDMARKS = "liveportrait/landmark.onnx"
YUNET = "yunet/face_detection_yunet_2023mar.onnx"
LANDMARK_SIDE = 224

# LivePortrait cuts a face out by the extent of its points. Five points (eyes, nose, corners of the mouth) reach 1/2.2 as far as the
# whole face that its numbers are made for.
WHOLE_FACE = 2.2


@dataclass
class Found:
    """Five points in pixels: the person's right eye, left eye, nose, right and left corner of the mouth; how sure, 0–1."""

    points: Points
    score: float


class Detector(Protocol):
    def find(self, rgb: Pixels) -> list[Found]: ...


@dataclass
class Face:
    """`points` 203×2 in pixels of the picture that it was found in; `eye_distance` is E: of the outer corners of the eyes."""

    points: Points
    eye_distance: float


class FaceFinder:
    def __init__(self, checkout: Checkout, detector: Detector, landmarks: onnxruntime.InferenceSession) -> None:
        self._crop = checkout.crop
        self._detector = detector
        self._landmarks = landmarks

    def find(self, rgb: Pixels) -> list[Face]:
        """Largest first, each once."""
        faces = [self.read(rgb, found.points) for found in self._detector.find(rgb)]
        faces.sort(key=lambda face: -face.eye_distance)
        kept: list[Face] = []
        for face in faces:
            middle = face.points.mean(axis=0)
            if not any(np.hypot(*(middle - one.points.mean(axis=0))) < 0.8 * one.eye_distance for one in kept):
                kept.append(face)
        return kept

    def read(self, rgb: Pixels, five: Points) -> Face:
        """The face that five points, as a detector gives them, lie in."""
        middle = five.mean(axis=0)
        points = np.asarray(middle + (five - middle) * WHOLE_FACE, np.float32)
        # once from where it may lie, once from where it lies
        for _ in range(2):
            points = self.landmarks(rgb, points)
        return Face(points, eye_distance(points))

    def landmarks(self, rgb: Pixels, points: Points) -> Points:
        """203×2 of the face that the points lie around."""
        cut = self._crop.crop_image(rgb, points, dsize=LANDMARK_SIDE, scale=1.5, vy_ratio=-0.1)
        pixels = cut["img_crop"].astype(np.float32).transpose(2, 0, 1)[None] / 255
        out = self._landmarks.run(None, {"input": pixels})[2]
        inside = np.asarray(out, np.float32).reshape(-1, 2) * LANDMARK_SIDE
        place = cut["M_c2o"]
        return np.asarray(inside @ place[:2, :2].T + place[:2, 2], np.float32)


def eye_distance(points: Points) -> float:
    """The landmarks 0–23 go around one eye, 24–47 around the other; 0, 12, 24 and 36 are the corners."""
    return float(max(np.hypot(*(points[a] - points[b])) for a in (0, 12) for b in (24, 36)))


def open_detector(name: str, weights: Path) -> Detector:
    """`yunet`, or `points:FILE` for tests. Throws CannotStart."""
    if name == "yunet":
        return YuNet(open_session(weights / YUNET))
    if name.startswith("points:"):
        return GivenPoints(Path(name.removeprefix("points:")))
    raise CannotStart(3, f"The detector can be yunet or points:FILE, not {name}.")


def open_session(path: Path) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise CannotStart(3, f"The weights {path} are missing.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 4
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class YuNet:
    """
    Wu, Peng and Yu: YuNet, a tiny millisecond-level face detector (2023). Three grids of cells 8, 16 and 32 pixels wide; in
    each cell how sure it is (the square root of two numbers' product), a box, and five points as offsets in cells.
    """

    SIDE = 640
    LEAST_SCORE = 0.6
    MOST_OVERLAP = 0.3

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def find(self, rgb: Pixels) -> list[Found]:
        """The whole picture first; faces that fill it are found in a smaller copy, small ones in its quarters."""
        height, width = rgb.shape[:2]
        for side in (self.SIDE, self.SIDE // 2):
            if found := self._look(rgb, side):
                return found
        if max(height, width) < self.SIDE:
            return []
        found = []
        for top in (0, height - height * 5 // 8):
            for left in (0, width - width * 5 // 8):
                part = rgb[top : top + height * 5 // 8, left : left + width * 5 // 8]
                found += [Found(one.points + np.array([left, top], np.float32), one.score) for one in self._look(part, self.SIDE)]
        return found

    def _look(self, rgb: Pixels, longest: int) -> list[Found]:
        height, width = rgb.shape[:2]
        scale = longest / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        canvas = np.zeros((self.SIDE, self.SIDE, 3), np.float32)
        canvas[: size[1], : size[0]] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)[..., ::-1]
        names = [output.name for output in self._session.get_outputs()]
        values = self._session.run(None, {self._session.get_inputs()[0].name: canvas.transpose(2, 0, 1)[None]})
        out = dict(zip(names, values, strict=True))
        boxes, points, scores = [], [], []
        for stride in (8, 16, 32):
            box, five, score = decode_grid(out, stride, self.SIDE // stride)
            sure = score >= self.LEAST_SCORE
            boxes.append(box[sure])
            points.append(five[sure])
            scores.append(score[sure])
        kept = apart(np.concatenate(boxes), np.concatenate(scores), self.MOST_OVERLAP)
        five, score = np.concatenate(points), np.concatenate(scores)
        return [Found(five[n] / scale, float(score[n])) for n in kept]


def decode_grid(out: dict[str, Any], stride: int, side: int) -> tuple[Points, Points, Points]:
    """Boxes n×4 (left, top, right, bottom), points n×5×2 and scores n of one grid, in pixels of the canvas."""
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2).astype(np.float32)
    sure = np.clip(out[f"cls_{stride}"].reshape(-1), 0, 1) * np.clip(out[f"obj_{stride}"].reshape(-1), 0, 1)
    box = out[f"bbox_{stride}"].reshape(-1, 4)
    middle, half = (cells + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride / 2
    five = (cells[:, None] + out[f"kps_{stride}"].reshape(-1, 5, 2)) * stride
    return np.concatenate([middle - half, middle + half], axis=1), five, np.sqrt(sure)


def apart(boxes: Points, scores: Points, most_overlap: float) -> list[int]:
    """The surest of those that overlap (intersection over union), surest first."""
    kept: list[int] = []
    for n in np.argsort(-scores):
        box = boxes[n]
        others = boxes[kept]
        both = np.maximum(0, np.minimum(others[:, 2:], box[2:]) - np.maximum(others[:, :2], box[:2])).prod(axis=1)
        areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
        if not (both > most_overlap * (areas - both)).any():
            kept.append(int(n))
    return kept


class GivenPoints:
    """For tests: a file says where the faces lie, as shares of the width and the height: a list of lists of five [x, y]."""

    def __init__(self, path: Path | None) -> None:
        faces = json.loads(path.read_text()) if path else []
        self._faces = np.asarray(faces, np.float32).reshape(-1, 5, 2)

    def find(self, rgb: Pixels) -> list[Found]:
        size = np.asarray([rgb.shape[1], rgb.shape[0]], np.float32)
        return [Found(face * size, 1.0) for face in self._faces]
