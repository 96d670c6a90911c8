"""
W, the warping network, put together anew from LivePortrait's own layers: the same result, with two differences in how it is
come by. What depends on the source alone is worked out once for each source rather than for each frame, and coordinates are
32 bits whatever the layers are: 16 bits would move pixels by an eighth.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

# Of the blobs that stand for keypoints, in the square of coordinates from −1 to 1.
VARIANCE = 0.01


class Features(NamedTuple):
    """A source as the generator needs it. `volume` 1×32×16×64×64, 32 bits."""

    volume: Tensor
    compressed: Tensor
    background: Tensor


class Warping(nn.Module):
    def __init__(self, net: Any) -> None:
        super().__init__()
        self.dense: Any = net.dense_motion_network
        self.third: Any = net.third
        self.fourth: Any = net.fourth

    def forward(self, features: Features, x_s: Tensor, x_d: Tensor) -> Tensor:
        """`x_s` 1×21×3 and `x_d` n×21×3 to features n×256×64×64 for the generator."""
        count, points = x_d.shape[:2]
        depth, height, width = features.volume.shape[2:]
        dtype: torch.dtype = self.fourth.weight.dtype
        axes = [axis(side, x_d) for side in (depth, height, width)]
        grid = grid_of(axes)
        shift = x_s - x_d

        # each keypoint says how everything would move if it alone did
        grids = grid + shift[:, :, None, None, None, :]
        moved = sample(features.compressed, grids.reshape(count * points, depth, height, width, 3))
        moved = moved.reshape(count, points, -1, depth, height, width).to(dtype)
        still = features.background.to(dtype).expand(count, 1, -1, -1, -1, -1)
        blobs = (blobs_at(x_d, axes) - blobs_at(x_s, axes)).to(dtype)
        blobs = functional.pad(blobs, (0, 0, 0, 0, 0, 0, 1, 0)).unsqueeze(2)
        evidence = torch.cat([blobs, torch.cat([still, moved], dim=1)], dim=2).flatten(1, 2)
        seen: Tensor = self.dense.hourglass(evidence)

        # what is no keypoint's stays: the shares are 1 together
        share: Tensor = self.dense.mask(seen).float().softmax(dim=1)[:, 1:]
        deformation = grid + torch.einsum("bkdhw,bkc->bdhwc", share, shift)
        warped = sample(features.volume, deformation)
        out: Tensor = self.fourth(self.third(warped.flatten(1, 2).to(dtype)))
        visible = torch.sigmoid(self.dense.occlusion(seen.flatten(1, 2)))
        return out * visible


def source_features(warping: Warping, volume: Tensor, dtype: torch.dtype) -> Features:
    compressed = functional.relu(warping.dense.norm(warping.dense.compress(volume.to(dtype)))).float()
    axes = [axis(side, volume) for side in volume.shape[2:]]
    # at its own place, and yet not itself: samples lie at the middles of cells, coordinates at the ends of the axes
    background = sample(compressed, grid_of(axes)[None])
    return Features(volume, compressed, background[None])


def sample(volume: Tensor, grids: Tensor) -> Tensor:
    """One volume 1×c×d×h×w at n grids n×d×h×w×3, as n×c×d×h×w; the grids lie one behind the other, so it is read in one go."""
    count, depth, height, width, _ = grids.shape
    flat = functional.grid_sample(volume, grids.reshape(1, count * depth, height, width, 3), align_corners=False)
    return flat.view(-1, count, depth, height, width).transpose(0, 1)


def axis(side: int, like: Tensor) -> Tensor:
    return torch.linspace(-1, 1, side, device=like.device, dtype=torch.float32)


def grid_of(axes: list[Tensor]) -> Tensor:
    """d×h×w×3 coordinates (x, y, z) of the axes (z, y, x)."""
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x, y, z], dim=-1)


def blobs_at(kp: Tensor, axes: list[Tensor]) -> Tensor:
    """n×21×d×h×w: a Gaussian around each keypoint, as the product of three along the axes."""
    z, y, x = (torch.exp((places - kp[:, :, 2 - nth, None]).square() / (-2 * VARIANCE)) for nth, places in enumerate(axes))
    return z[:, :, :, None, None] * y[:, :, None, :, None] * x[:, :, None, None, :]
