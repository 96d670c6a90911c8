"""Kinds `animate` and `talk`: a picture and a Motion become a file of raw frames; what is heard is put to them elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .cast import Ease, Frame, curves_of, eases_of, frame_of, points_of, require_picture
from .device import device_errors
from .errors import NO_ROOM, EngineError, blaming
from .faces import Points
from .frames import FrameFile
from .keypoints import Drive, stitched_keypoints
from .models import Models
from .motion import Asked, eye_shares, ignored_in, read_motion, sides_of
from .native import NativeTrack, read_native, sample_native
from .paste import Matrix, Paster, place_of
from .picture import Picture, Pixels, decode_picture, resized
from .protocol import Context, Request
from .requests import motion_of
from .sources import Prepared, Source, Sources

Result = dict[str, Any]


@dataclass
class Mover:
    """A face that moves: the source, the keypoints of every frame n×21×3, and how pixels of the frame lie in its crop."""

    source: Source
    x_d: Tensor
    to_crop: Matrix


class Renderer:
    def __init__(self, models: Models, sources: Sources, mask: Tensor) -> None:
        self._models = models
        self._sources = sources
        self._mask = mask

    def animate(self, request: Request, context: Context) -> Result:
        """Throws EngineError, Canceled and DeviceLost; then no file is left."""
        try:
            with device_errors():
                return self._animate(request, context)
        except torch.OutOfMemoryError as error:
            raise EngineError("engine_out_of_memory", NO_ROOM) from error

    def _animate(self, request: Request, context: Context) -> Result:
        watch = Stopwatch()
        self._models.interrupt = context.check
        video = Path(request["outputs"]["video"])
        cast, motion = request["cast"], motion_of(request["motion"])
        picture = read_picture(Path(request["inputs"]["image"][0]["path"]))
        require_picture(cast, picture.width, picture.height)
        watch.lap("decode")
        context.check()
        prepared, frame = self._sources.prepare(picture), frame_of(cast)
        watch.lap("detect")
        context.check()
        # only of a driving clip, which nobody speaks by
        intensity = request["params"].get("intensity", 1)
        native = read_native(motion.get("native"), video.parent)
        movers = [
            self._mover(picture, prepared, frame, five, curves_of(motion, nth), native, intensity, ease, motion)
            for nth, (five, ease) in enumerate(zip(points_of(cast), eases_of(cast), strict=True))
        ]
        paster = self._paster(still_of(picture, frame), movers)
        watch.lap("rig")
        path = video.with_name(f"{video.name}.yuv")
        self._render(movers, paster, motion["frames"], path, context)
        watch.lap("render")
        spec = {"width": frame.width, "height": frame.height, "fps": motion["fps"], "frames": motion["frames"]}
        shown = range(0 if native else len(cast["movers"]))
        ignored = dict.fromkeys(name for nth in shown for name in ignored_in(curves_of(motion, nth)))
        return {
            "outputs": {"video": spec, "frames": {"path": str(path), "pixels": "yuv420p"}},
            "warnings": [],
            "ignoredChannels": list(ignored),
            "timings": watch.laps,
        }

    def _mover(
        self,
        picture: Picture,
        prepared: Prepared,
        frame: Frame,
        five: Points,
        channels: dict[str, list[float]],
        native: NativeTrack | None,
        intensity: float,
        ease: Ease,
        motion: dict[str, Any],
    ) -> Mover:
        source = self._sources.source(prepared, five * (prepared.small.shape[1] / picture.width))
        frames, fps = motion["frames"], motion["fps"]
        if native is not None:
            drive, eyes = self._drive_of(sample_native(native, frames, fps, intensity, ease)), None
        else:
            kp = source.info.kp[0].cpu().numpy()
            asked = read_motion(channels, frames, sides_of(kp))
            drive, eyes = self._drive_asked(asked, source), self._eyes(asked, source, kp)
        x_d = stitched_keypoints(self._models, source.info, drive, eyes)
        return Mover(source, x_d, source.to_crop @ frame_to_small(frame, picture, prepared.small))

    def _drive_of(self, track: NativeTrack) -> Drive:
        return Drive(*(self._tensor(values) for values in (track.exp, track.R, track.t, track.scale)))

    def _drive_asked(self, asked: Asked, source: Source) -> Drive:
        pitch, yaw, roll = torch.split(self._tensor(asked.degrees), 1, dim=1)
        return Drive(
            exp=self._tensor(asked.exp),
            R=self._models.camera.get_rotation_matrix(pitch, yaw, roll),
            t=self._tensor(asked.shift * source.eye_distance),
            scale=self._tensor(asked.scale)[:, None],
        )

    def _eyes(self, asked: Asked, source: Source, kp: np.ndarray) -> Tensor | None:
        """What shuts this source's eyes, whatever their size, as far as each frame shuts them."""
        if not asked.shut.any():
            return None
        ratios = np.concatenate([source.eye_ratios, np.zeros((1, 1), np.float32)], axis=1)
        delta = self._models.retarget_eyes(source.x_s, self._tensor(ratios))
        return self._tensor(eye_shares(asked.shut, sides_of(kp)))[:, :, None] * delta

    def _paster(self, still: Pixels, movers: list[Mover]) -> Paster:
        height, width = still.shape[:2]
        device = self._models.device
        places = [place_of(mover.to_crop, width, height, self._mask, device) for mover in movers]
        seen = [(mover, place) for mover, place in zip(movers, places, strict=True) if place is not None]
        movers[:] = [mover for mover, _ in seen]
        return Paster(still, [place for _, place in seen], device)

    def _render(self, movers: list[Mover], paster: Paster, frames: int, path: Path, context: Context) -> None:
        out = FrameFile(path)
        try:
            at = 0
            while at < frames:
                context.check()
                count = min(self._models.batch, frames - at)
                made = self._roomy(partial(self._batch, movers, paster, at, count))
                if made is None:
                    continue
                out.add(made)
                at += count
                context.progress("render", at, frames)
            out.close()
        finally:
            out.abort()

    def _batch(self, movers: list[Mover], paster: Paster, at: int, count: int) -> Tensor:
        faces: list[Tensor] = []
        for mover in movers:
            source = mover.source
            made = self._models.generate(source.features, source.x_s, mover.x_d[at : at + count])
            # the next call writes over it
            faces.append(made if len(movers) == 1 else made.clone())
        return paster.frames(faces)

    def _roomy(self, work: Callable[[], Tensor]) -> Tensor | None:
        """None where there was no room for so large a batch: it is smaller now. Throws torch.OutOfMemoryError."""
        try:
            with device_errors():
                return work()
        except torch.OutOfMemoryError:
            self._sources.forget(everything=True)
            if self._models.shrink():
                return None
            raise

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self._models.device)


def read_picture(path: Path) -> Picture:
    try:
        with blaming("image"):
            return decode_picture(path)
    except OSError as error:
        raise EngineError("engine_failed", "The engine could not read the picture.") from error


def still_of(picture: Picture, frame: Frame) -> Pixels:
    part = picture.rgb[frame.y : frame.y + frame.crop_height, frame.x : frame.x + frame.crop_width]
    return resized(part, frame.width, frame.height)


def frame_to_small(frame: Frame, picture: Picture, small: Pixels) -> Matrix:
    """3×3 from the middles of the frame's pixels to those of the small picture's."""
    x = scaling(frame.crop_width / frame.width, frame.x, small.shape[1] / picture.width)
    y = scaling(frame.crop_height / frame.height, frame.y, small.shape[0] / picture.height)
    return np.array([[x[0], 0, x[1]], [0, y[0], y[1]], [0, 0, 1]], np.float64)


def scaling(to_full: float, offset: float, to_small: float) -> tuple[float, float]:
    return to_full * to_small, (0.5 * to_full + offset) * to_small - 0.5


class Stopwatch:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = round((now - self._since) * 1000)
        self._since = now
