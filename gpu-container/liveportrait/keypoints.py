"""
From a source's keypoints and what is to change in each frame to the keypoints of all frames at once.

Rows are points (x to the right, y down, z away from the camera), so matrices stand at the right. LivePortrait's equation for a
still source and relative motion, for frame i:

    x_i = s ρ_i (kp R_i R_0ᵀ R_s + exp + δ_i − δ_0) + t + τ_i − τ_0,  z of t and τ left out

ρ, R, δ and τ are those of a Drive; frame 0 is what the source looks like.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .models import FaceInfo, Models


@dataclass
class Drive:
    """What moves, frame by frame. exp n×21×3, R n×3×3, t n×3, scale n×1; 32 bits."""

    exp: Tensor
    R: Tensor
    t: Tensor
    scale: Tensor


def source_keypoints(face: FaceInfo) -> Tensor:
    """x_s, 1×21×3."""
    posed = face.scale[..., None] * (face.kp @ face.R + face.exp)
    return posed + flat(face.t)[:, None, :]


def driven_keypoints(face: FaceInfo, drive: Drive) -> Tensor:
    """x_d of every frame, n×21×3, before stitching."""
    turned = drive.R @ drive.R[:1].transpose(1, 2) @ face.R
    posed = face.kp @ turned + face.exp + (drive.exp - drive.exp[:1])
    scale = face.scale * (drive.scale / drive.scale[:1])
    shift = flat(face.t + drive.t - drive.t[:1])
    return scale[..., None] * posed + shift[:, None, :]


def stitched_keypoints(models: Models, face: FaceInfo, drive: Drive, eyes: Tensor | None = None) -> Tensor:
    """x_d of every frame after stitching; `eyes` is what the eyes' network adds, n×21×3."""
    x_s = source_keypoints(face)
    x_d = driven_keypoints(face, drive)
    return models.stitch(x_s, x_d if eyes is None else x_d + eyes)


def flat(t: Tensor) -> Tensor:
    return torch.cat([t[:, :2], torch.zeros_like(t[:, 2:])], dim=1)
