"""
From generated faces to finished frames, on the device: each face back into its place in the picture, and the whole as planes
4:2:0 (BT.709, limited range, chroma sited left). Only the part that a face covers is worked on; the rest stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .checkout import Checkout
from .errors import CannotStart
from .picture import Pixels

Matrix = NDArray[np.float64]
CROP_SIDE = 512
LUMA = (0.2126, 0.7152, 0.0722)


def read_mask(checkout: Checkout) -> Tensor:
    """LivePortrait's own mask of the crop: 1×1×512×512, 0–1."""
    pixels = cv2.imread(str(checkout.mask_path), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise CannotStart(3, f"LivePortrait's {checkout.mask_path.name} is missing.")
    return torch.from_numpy(np.asarray(pixels, np.float32) / 255)[None, None]


@dataclass
class Place:
    """Where a face's crop lies in the frame: rows and columns (even), where each pixel of them lies in the crop, and the mask."""

    top: int
    bottom: int
    left: int
    right: int
    grid: Tensor
    mask: Tensor
    shrink: int


def place_of(to_crop: Matrix, width: int, height: int, mask: Tensor, device: torch.device) -> Place | None:
    """`to_crop` 3×3 takes pixels of the frame to pixels of the crop. None where the crop lies outside the frame."""
    corners = np.array([[0, 0, 1], [CROP_SIDE, 0, 1], [0, CROP_SIDE, 1], [CROP_SIDE, CROP_SIDE, 1]], np.float64)
    reach = corners @ np.linalg.inv(to_crop).T
    left, top = (max(0, int(np.floor(low)) // 2 * 2) for low in reach[:, :2].min(axis=0))
    right = min(width, (int(np.ceil(reach[:, 0].max())) + 2) // 2 * 2)
    bottom = min(height, (int(np.ceil(reach[:, 1].max())) + 2) // 2 * 2)
    if right <= left or bottom <= top:
        return None
    # a crop that is shown much smaller is averaged first: else fine lines flicker
    shrink = int(np.clip(round(float(np.hypot(to_crop[0, 0], to_crop[1, 0]))), 1, 4))
    x = torch.arange(left, right, dtype=torch.float64)
    y = torch.arange(top, bottom, dtype=torch.float64)[:, None]
    side = CROP_SIDE // shrink
    axes = []
    for row in to_crop[:2]:
        at = row[0] * x + row[1] * y + row[2]
        at = (at - (shrink - 1) / 2) / shrink
        axes.append(2 * at / (side - 1) - 1)
    grid = torch.stack(axes, dim=-1).float().to(device)[None]
    small = functional.avg_pool2d(mask.to(device), shrink) if shrink > 1 else mask.to(device)
    return Place(top, bottom, left, right, grid, sampled(small, grid), shrink)


def sampled(images: Tensor, grid: Tensor) -> Tensor:
    return functional.grid_sample(images, grid.expand(len(images), -1, -1, -1), align_corners=True)


class Paster:
    """The frames of one clip: `still` height × width × 3, and the places of the faces that move."""

    def __init__(self, still: Pixels, places: list[Place], device: torch.device) -> None:
        self.height, self.width = still.shape[:2]
        self.frame_bytes = self.width * self.height * 3 // 2
        self._places = places
        self._still = torch.from_numpy(np.array(still)).to(device).permute(2, 0, 1).float()[None]
        planes = to_planes(self._still)
        self._planes = torch.cat([plane.flatten() for plane in planes])

    def frames(self, faces: list[Tensor]) -> Tensor:
        """Packed planes, n × bytes of a frame; `faces` n×3×512×512 of 0–1 for each place."""
        count = len(faces[0])
        packed = self._planes.repeat(count, 1)
        if not self._places:
            return packed
        top, left = min(place.top for place in self._places), min(place.left for place in self._places)
        bottom, right = max(place.bottom for place in self._places), max(place.right for place in self._places)
        part = self._still[:, :, top:bottom, left:right].repeat(count, 1, 1, 1)
        for place, crops in zip(self._places, faces, strict=True):
            crops = crops.float()
            if place.shrink > 1:
                crops = functional.avg_pool2d(crops, place.shrink)
            made = sampled(crops, place.grid) * 255
            rows = slice(place.top - top, place.bottom - top)
            columns = slice(place.left - left, place.right - left)
            before = part[:, :, rows, columns]
            part[:, :, rows, columns] = before + place.mask * (made - before)
        self._put(packed, to_planes(part), top, left)
        return packed

    def _put(self, packed: Tensor, planes: tuple[Tensor, Tensor, Tensor], top: int, left: int) -> None:
        height, width = self.height, self.width
        luma = packed[:, : height * width].view(-1, height, width)
        chroma = packed[:, height * width :].view(-1, 2, height // 2, width // 2)
        y, u, v = planes
        luma[:, top : top + y.shape[1], left : left + y.shape[2]] = y
        # a sample of chroma looks one pixel to the left, which at the part's edge is outside it; nothing moves there
        skip = 1 if left > 0 else 0
        rows = slice(top // 2, top // 2 + u.shape[1])
        columns = slice(left // 2 + skip, left // 2 + u.shape[2])
        chroma[:, 0, rows, columns] = u[:, :, skip:]
        chroma[:, 1, rows, columns] = v[:, :, skip:]


def to_planes(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """n×3×h×w of 0–255 to Y n×h×w, U and V n×h/2×w/2, 8 bits: ITU-R BT.709-6, section 3."""
    rgb = rgb.clamp(0, 255)
    luma = grey_of(rgb)
    # weights 1 2 1 across, because a chroma sample sits on the left one of its two pixels, and 1 1 down
    padded = functional.pad(rgb, (1, 0, 0, 0), mode="replicate")
    across = padded[:, :, :, :-2:2] + 2 * padded[:, :, :, 1:-1:2] + padded[:, :, :, 2::2]
    both = (across[:, :, 0::2] + across[:, :, 1::2]) / 8
    grey = grey_of(both)
    y = 16.5 + luma * (219 / 255)
    u = 128.5 + (both[:, 2] - grey) * (224 / 255 / 1.8556)
    v = 128.5 + (both[:, 0] - grey) * (224 / 255 / 1.5748)
    return y.to(torch.uint8), u.to(torch.uint8), v.to(torch.uint8)


def grey_of(rgb: Tensor) -> Tensor:
    red, green, blue = LUMA
    return rgb[:, 0] * red + rgb[:, 1] * green + rgb[:, 2] * blue
