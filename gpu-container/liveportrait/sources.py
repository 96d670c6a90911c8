"""What is known of a picture before anything moves: what LivePortrait's networks read of each face."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

import cv2
import numpy as np
from torch import Tensor

from .checkout import Checkout
from .faces import Face, FaceFinder, Points
from .keypoints import source_keypoints
from .models import INPUT_SIDE, OUTPUT_SIDE, FaceInfo, Models
from .paste import Matrix
from .picture import Picture, Pixels, resized
from .warping import Features

# LivePortrait's own numbers for a source: how much wider than the landmarks, and how much higher the crop is.
CROP_SCALE = 2.3
CROP_UP = -0.125

# Sides up to which a picture is looked at, as those who cast it do.
SMALL_SIDE = 1280

KEEP_SECONDS = 600.0
KEEP_PICTURES = 16


@dataclass
class Source:
    """A face that may move. `to_crop` takes pixels of the small picture to those of the crop; `eye_ratios` 1×2: how open."""

    info: FaceInfo
    features: Features
    x_s: Tensor
    to_crop: Matrix
    eye_ratios: np.ndarray
    # E in coordinates of keypoints, where the crop reaches from −1 to 1.
    eye_distance: float


@dataclass
class Prepared:
    """`small` is the upright picture with sides up to 1280; `sources` by where their faces lie in it."""

    small: Pixels
    sources: dict[bytes, Source] = field(default_factory=dict)
    used_at: float = 0.0


class Sources:
    """
    Remembers the last pictures by the hash of their file, so that another motion of the same one begins at once: in memory
    only, ten minutes from the last use. The protocol names neither owners nor deletions, so nothing is kept any longer, and
    nothing that is kept can be seen by who does not have the same file.
    """

    def __init__(self, checkout: Checkout, models: Models, finder: FaceFinder) -> None:
        self._checkout = checkout
        self._models = models
        self._finder = finder
        self._kept: OrderedDict[str, Prepared] = OrderedDict()

    def prepare(self, picture: Picture) -> Prepared:
        self.forget()
        prepared = self._kept.pop(picture.sha256, None)
        if prepared is None:
            scale = min(1, SMALL_SIDE / max(picture.width, picture.height))
            small = resized(picture.rgb, max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            prepared = Prepared(small)
        prepared.used_at = time.monotonic()
        self._kept[picture.sha256] = prepared
        while len(self._kept) > KEEP_PICTURES:
            self._kept.popitem(last=False)
        return prepared

    def source(self, prepared: Prepared, five: Points) -> Source:
        """`five`: points of the face in pixels of the small picture."""
        place = five.tobytes()
        if place not in prepared.sources:
            prepared.sources[place] = self._read(prepared.small, self._finder.read(prepared.small, five))
        return prepared.sources[place]

    def forget(self, everything: bool = False) -> None:
        """Drops what was not used for a while."""
        oldest = time.monotonic() - KEEP_SECONDS
        for key in [key for key, kept in self._kept.items() if everything or kept.used_at < oldest]:
            del self._kept[key]

    def _read(self, rgb: Pixels, face: Face) -> Source:
        cut = self._checkout.crop.crop_image(rgb, face.points, dsize=OUTPUT_SIDE, scale=CROP_SCALE, vy_ratio=CROP_UP)
        image = cv2.resize(cut["img_crop"], (INPUT_SIDE, INPUT_SIDE), interpolation=cv2.INTER_AREA)
        info = self._models.read_faces(image[None])
        to_crop = np.asarray(cut["M_o2c"], np.float64)
        scale = float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
        return Source(
            info=info,
            features=self._models.read_features(image),
            x_s=source_keypoints(info),
            to_crop=to_crop,
            eye_ratios=np.asarray(self._checkout.ratios.calc_eye_close_ratio(face.points[None]), np.float32),
            eye_distance=face.eye_distance * scale / (OUTPUT_SIDE / 2),
        )
