"""
The service `extract` for videos: LivePortrait's own motion of the face, as the track that `native.py` reads, and the channels
that can be told from it. The clip is read twice: first for where the face is, then, cut out at one place, for how it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .checkout import Checkout
from .clip import LEAST_SECONDS, MOST_RATE, read_clip, unreadable
from .errors import EngineError, blaming, of_disk
from .faces import FaceFinder, Points, eye_distance
from .models import INPUT_SIDE, FaceInfo, Models
from .motion import CAMERA_DISTANCE, Curve
from .native import rotation_matrices, rotation_vectors
from .picture import Pixels
from .protocol import Context, Request
from .render import Stopwatch

# LivePortrait's own numbers for a driving clip, which it cuts upright and at one place for all frames.
CROP_SCALE = 2.2
CROP_UP = -0.1
BATCH = 16
# A face that has moved or grown by so much of E from one frame to the next is another one, or none.
MOST_JUMP = 0.6
MOST_LOST = 0.5

NO_FACE = (
    "No face was found in the driving clip, or only now and then. "
    "Use a clip in which one face is well lit and looks towards the camera."
)


@dataclass
class Followed:
    """The face of a clip, frame by frame; where it is not seen, it stays where it was. `found`: faces at the beginning."""

    seconds: list[float]
    points: list[Points]
    lost: int
    found: int
    width: int
    height: int


class Driver:
    def __init__(self, checkout: Checkout, models: Models, finder: FaceFinder) -> None:
        self._checkout = checkout
        self._models = models
        self._finder = finder

    def extract(self, request: Request, context: Context) -> dict[str, Any]:
        """Throws what `read_clip` throws, and `no_face`."""
        self._models.interrupt = context.check
        watch = Stopwatch()
        path = Path(request["inputs"]["driving"][0]["path"])
        most = float(request["limits"]["seconds"])
        try:
            with blaming("driving"):
                followed = self._follow(path, most, context)
            watch.lap("track")
            infos = self._read(path, most, followed, context)
            track, fps = even_track(followed.seconds, infos)
            file = path.with_suffix(".npz")
            np.savez(file, fps=np.float32(fps), exp=track["exp"], R=track["R"], t=track["t"], scale=track["scale"])
        except OSError as error:
            raise of_disk(error, "The engine could not read the driving clip.") from error
        watch.lap("read")
        seconds = len(track["exp"]) / fps
        channels = self._channels(followed, infos, fps, len(track["exp"]))
        return {
            "motion": {
                "duration": round(seconds, 3),
                "loop": False,
                "faces": [{"channels": channels}],
                "native": {"liveportrait": {"file": str(file)}},
            },
            "source": {
                "kind": "video",
                "seconds": round(seconds, 3),
                "frames": len(followed.seconds),
                "fps": round(len(followed.seconds) / seconds, 3),
                "width": followed.width,
                "height": followed.height,
                "faces": followed.found,
            },
            "warnings": warnings_of(followed),
            "timings": watch.laps,
        }

    def _follow(self, path: Path, most_seconds: float, context: Context) -> Followed:
        followed = Followed([], [], 0, 0, 0, 0)
        missed = 0
        for frame in read_clip(path, most_seconds):
            context.check()
            points = self._next(frame.rgb, followed)
            if points is None and not followed.points:
                missed += 1
                continue
            if points is None:
                followed.lost += 1
                points = followed.points[-1]
            followed.seconds.append(frame.seconds)
            followed.points.append(points)
            followed.height, followed.width = frame.rgb.shape[:2]
            context.progress("motion", 0.5 * min(1, frame.seconds / most_seconds), 1)
        count = len(followed.seconds)
        if count + missed == 0:
            raise unreadable("it has no frames")
        if count == 0 or (missed + followed.lost) > MOST_LOST * (count + missed):
            raise EngineError("no_face", NO_FACE)
        if followed.seconds[-1] - followed.seconds[0] < LEAST_SECONDS - 1 / MOST_RATE:
            raise unreadable("it is too short: at least half a second of a moving face is needed")
        return followed

    def _next(self, rgb: Pixels, followed: Followed) -> Points | None:
        """The landmarks of the face that is followed; None where it is not seen."""
        last = followed.points[-1] if followed.points else None
        if last is not None and followed.lost == 0:
            points = self._finder.landmarks(rgb, last)
            if near(points, last):
                return points
        faces = self._finder.find(rgb)
        if last is None:
            followed.found = len(faces)
            return faces[0].points if faces else None
        nearest = min(faces, key=lambda face: apart(face.points, last), default=None)
        return nearest.points if nearest is not None and near(nearest.points, last) else None

    def _read(self, path: Path, most_seconds: float, followed: Followed, context: Context) -> FaceInfo:
        box = self._box(followed)
        infos: list[FaceInfo] = []
        batch: list[Pixels] = []
        wanted = set(followed.seconds)
        for frame in read_clip(path, most_seconds):
            if frame.seconds not in wanted:
                continue
            context.check()
            batch.append(cut_out(frame.rgb, box))
            if len(batch) == BATCH:
                infos.append(self._models.read_faces(np.stack(batch)))
                batch = []
                context.progress("motion", 0.5 + 0.5 * min(1, frame.seconds / most_seconds), 1)
        if batch:
            infos.append(self._models.read_faces(np.stack(batch)))
        context.progress("motion", 1, 1)
        return joined(infos)

    def _box(self, followed: Followed) -> Points:
        """Left, top, right, bottom: the mean of what each frame would have."""
        boxes = []
        for points in followed.points:
            cut = self._checkout.crop.parse_bbox_from_landmark(points, scale=CROP_SCALE, vx_ratio=0, vy_ratio=CROP_UP)
            boxes.append([*cut["bbox"][0], *cut["bbox"][2]])
        return np.asarray(np.mean(boxes, axis=0), np.float32)

    def _channels(self, followed: Followed, infos: FaceInfo, fps: float, count: int) -> dict[str, Any]:
        """How the head moves from where it is at first, how far each eye is shut, and how far the lips are apart."""
        points = np.stack(followed.points)
        ratios = self._checkout.ratios
        eyes, lips = ratios.calc_eye_close_ratio(points), ratios.calc_lip_close_ratio(points)[:, 0]
        open_eyes = np.maximum(np.quantile(eyes, 0.8, axis=0), 1e-3)
        shut = np.clip(1 - (eyes / open_eyes - 0.15) / 0.75, 0, 1)
        distance = max(1e-3, float(np.median([eye_distance(one) for one in followed.points])))
        middles = (points.mean(axis=1) - points[0].mean(axis=0)) / distance
        values = {
            "headPitch": degrees(infos.pitch),
            "headYaw": -degrees(infos.yaw),
            "headRoll": -degrees(infos.roll),
            "headX": middles[:, 0],
            "headY": middles[:, 1],
            "headZ": CAMERA_DISTANCE * (1 - 1 / np.maximum(numbers(infos.scale)[:, 0] / numbers(infos.scale)[0, 0], 0.5)),
            # the landmarks name eyes by their side of the picture
            "eyeBlinkRight": shut[:, 0],
            "eyeBlinkLeft": shut[:, 1],
            "jawOpen": np.clip((lips - lips.min()) / 0.6, 0, 1),
        }
        moving = {name: curve for name, curve in values.items() if np.ptp(curve) > 0.02}
        return {name: {"fps": fps, "samples": even(followed.seconds, curve, fps, count)} for name, curve in moving.items()}


def even_track(seconds: list[float], infos: FaceInfo) -> tuple[dict[str, Curve], float]:
    """At a constant rate: turns go the shortest way between frames."""
    fps = float(np.clip(round((len(seconds) - 1) / max(1e-3, seconds[-1] - seconds[0])), 5, MOST_RATE))
    count = max(2, round((seconds[-1] - seconds[0]) * fps) + 1)
    turns = numbers(infos.R)
    vectors = rotation_vectors(turns @ turns[0].T)
    count_of = len(seconds)
    parts = {
        "exp": numbers(infos.exp).reshape(count_of, 63),
        "t": numbers(infos.t),
        "scale": numbers(infos.scale),
        "turns": vectors,
    }
    at = {
        name: np.stack([even(seconds, column, fps, count) for column in values.T], axis=1).astype(np.float32)
        for name, values in parts.items()
    }
    return {"exp": at["exp"], "t": at["t"], "scale": at["scale"], "R": rotation_matrices(at["turns"]) @ turns[0]}, fps


def even(seconds: list[float], values: Any, fps: float, count: int) -> list[float]:
    when = seconds[0] + np.arange(count) / fps
    return [round(float(value), 5) for value in np.interp(when, seconds, values)]


def warnings_of(followed: Followed) -> list[dict[str, str]]:
    warnings = []
    share = round(100 * followed.lost / len(followed.seconds))
    if share > 2:
        detail = f"The face is not seen in {share} % of the driving clip."
        warnings.append({"code": "driving_face_lost", "detail": detail})
    if followed.found > 1:
        detail = f"The driving clip shows {followed.found} faces; the largest is followed."
        warnings.append({"code": "driving_faces", "detail": detail})
    return warnings


def cut_out(rgb: Pixels, box: Points) -> Pixels:
    """256×256 of the square `box`, black beyond the frame's edges."""
    left, top, right, _ = box
    scale = INPUT_SIDE / float(right - left)
    place = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]], np.float32)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(rgb, place, (INPUT_SIDE, INPUT_SIDE), flags=flags), np.uint8)


def joined(infos: list[FaceInfo]) -> FaceInfo:
    import torch

    names = ("kp", "exp", "t", "scale", "pitch", "yaw", "roll", "R")
    return FaceInfo(**{name: torch.cat([getattr(info, name) for info in infos]) for name in names})


def near(points: Points, last: Points) -> bool:
    size = eye_distance(last)
    grown = eye_distance(points) / max(size, 1e-3)
    return apart(points, last) < MOST_JUMP * size and 1 - MOST_JUMP < grown < 1 + MOST_JUMP


def apart(points: Points, last: Points) -> float:
    return float(np.hypot(*(points.mean(axis=0) - last.mean(axis=0))))


def numbers(values: Any) -> Curve:
    return np.asarray(values.float().cpu().numpy(), np.float32)


def degrees(values: Any) -> Curve:
    """From the first frame on."""
    angles = numbers(values)[:, 0]
    return np.asarray(angles - angles[0], np.float32)
