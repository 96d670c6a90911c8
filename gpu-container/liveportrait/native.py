"""LivePortrait's own motion of a driving clip, which says more than channels can: the .npz that a Motion's `native` names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .cast import Ease
from .errors import EngineError
from .motion import CLAMP, EYES, MOST_TURN, MOUTH, Curve


@dataclass
class NativeTrack:
    """LivePortrait's own motion of a driving clip: exp n×21×3, R n×3×3, t n×3, scale n×1 at `fps`."""

    exp: Curve
    R: Curve
    t: Curve
    scale: Curve
    fps: float


def read_native(native: Any, folder: Path) -> NativeTrack | None:
    """
    The track that a Motion's `native.liveportrait` names, `{file}`, an .npz inside the job's `folder`. Nothing in it can be code.
    Throws `invalid_request` for what is no such file.
    """
    named = native.get("liveportrait") if isinstance(native, dict) else None
    if named is None:
        return None
    try:
        path = Path(named["file"]).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()):
            raise ValueError("outside the job's folder")
        with np.load(path, allow_pickle=False) as file:
            exp, turns, shift, scale = (np.asarray(file[name], np.float32) for name in ("exp", "R", "t", "scale"))
            track = NativeTrack(exp, turns, shift, scale, float(file["fps"]))
        count = len(track.exp)
        shapes = (track.exp.reshape(count, 63), track.R.reshape(count, 9), track.t.reshape(count, 3))
        values = np.concatenate([*shapes, track.scale.reshape(count, 1)], axis=1)
        if not (0 < count <= 60 * 60 and 1 <= track.fps <= 240 and np.isfinite(values).all()):
            raise ValueError("values out of range")
        if (track.scale <= 0).any():
            raise ValueError("a size that is not above 0")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise EngineError("invalid_request", f"The motion's own track can't be read: {error}") from error
    return NativeTrack(
        track.exp.reshape(count, 21, 3),
        track.R.reshape(count, 3, 3),
        track.t.reshape(count, 3),
        track.scale.reshape(count, 1),
        track.fps,
    )


def sample_native(track: NativeTrack, frames: int, fps: float, intensity: float, ease: Ease | None = None) -> NativeTrack:
    """At the instants of the frames; beyond its end it holds. Relative to its first frame, as strong as asked, as gentle as due."""
    ease = ease or Ease()
    head = intensity * min(ease.all, ease.head)
    points = np.full((21, 1), intensity * ease.all, np.float32)
    points[EYES] = intensity * min(ease.all, ease.eyes)
    points[MOUTH] = intensity * min(ease.all, ease.mouth)
    at = np.minimum(np.arange(frames) * (track.fps / fps), len(track.exp) - 1)
    before = np.floor(at).astype(int)
    after = np.minimum(before + 1, len(track.exp) - 1)
    share = (at - before).astype(np.float32)

    def mixed(values: Curve) -> Curve:
        weight = share.reshape(-1, *([1] * (values.ndim - 1)))
        return np.asarray(values[before] * (1 - weight) + values[after] * weight, np.float32)

    exp = mixed(track.exp - track.exp[:1]) * points
    turns = mixed(rotation_vectors(track.R @ track.R[0].T)) * head
    limit = np.radians(max(MOST_TURN))
    length = np.linalg.norm(turns, axis=1, keepdims=True)
    turns = turns * np.minimum(1, limit / np.maximum(length, 1e-9))
    return NativeTrack(
        exp=np.clip(exp, -CLAMP, CLAMP).astype(np.float32),
        R=rotation_matrices(turns).astype(np.float32),
        t=(mixed(track.t - track.t[:1]) * head).astype(np.float32),
        scale=(1 + (mixed(track.scale / track.scale[:1]) - 1) * head).astype(np.float32),
        fps=fps,
    )


def rotation_vectors(matrices: Curve) -> Curve:
    """Axis times angle (radians) of rotations n×3×3, by Rodrigues' formula; exact below half a turn."""
    cosine = np.clip((np.trace(matrices, axis1=1, axis2=2) - 1) / 2, -1, 1)
    angle = np.arccos(cosine)
    skew = np.stack(
        [
            matrices[:, 2, 1] - matrices[:, 1, 2],
            matrices[:, 0, 2] - matrices[:, 2, 0],
            matrices[:, 1, 0] - matrices[:, 0, 1],
        ],
        axis=1,
    )
    sine = np.sin(angle)
    factor = np.where(sine > 1e-6, angle / np.maximum(2 * sine, 1e-9), 0.5)
    return np.asarray(skew * factor[:, None], np.float32)


def rotation_matrices(vectors: Curve) -> Curve:
    angle = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.maximum(angle, 1e-9)[:, None]).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    sine, versine = np.sin(angle)[:, None, None], (1 - np.cos(angle))[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + versine * (cross @ cross), np.float32)
