"""Decodes the JPEG and PNG that a worker hands over, as packages/engine/src/media/picture.ts does: upright, sRGB, on grey."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from .errors import EngineError

Pixels = NDArray[np.uint8]
MAX_PIXELS = 100_000_000
MAX_SIDE = 16_384
SIZE_HELP = f"At most {MAX_SIDE:,} pixels a side and {MAX_PIXELS // 1_000_000} megapixels are taken: send a smaller copy."
# Some JPEGs lack only this. Whether rows are missing was looked at by the cast (packages/engine/src/media/picture.ts).
JPEG_END = b"\xff\xd9"
UNREADABLE = "The picture could not be decoded: the file is damaged or was cut off. Save or export it again and send the new file."
GROUND = "#e0e0e0"
Image.MAX_IMAGE_PIXELS = None


@dataclass
class Picture:
    """The upright full picture, height × width × 3 in RGB, and what its file hashes to."""

    rgb: Pixels
    sha256: str

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])


def decode_picture(path: Path) -> Picture:
    """Throws `unsupported_type`, `empty_file`, `input_too_large`, `input_unreadable`."""
    data = path.read_bytes()
    if not data:
        raise EngineError("empty_file", "The picture is empty: it has 0 bytes. Choose the file again.")
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        detail = "The picture is neither a JPEG nor a PNG. Save it as one of them and send it again."
        raise EngineError("unsupported_type", detail)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data + JPEG_END), formats=("JPEG", "PNG"))
            if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
                detail = f"The picture has {image.width} × {image.height} pixels. {SIZE_HELP}"
                raise EngineError("input_too_large", detail)
            image.load()
            rgb = np.asarray(to_srgb(ImageOps.exif_transpose(image)))
    except EngineError:
        raise
    except Exception as error:
        raise EngineError("input_unreadable", UNREADABLE) from error
    return Picture(np.ascontiguousarray(rgb), hashlib.sha256(data).hexdigest())


def resized(rgb: Pixels, width: int, height: int) -> Pixels:
    if (width, height) == (rgb.shape[1], rgb.shape[0]):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS))


def to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray((np.asarray(image, np.float32) / 257).clip(0, 255).astype(np.uint8))
    if image.mode in ("P", "PA", "LA", "RGBA") or "transparency" in image.info:
        seen = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, GROUND)
        image = Image.alpha_composite(ground, seen).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            to = ImageCms.createProfile("sRGB")
            return cast(Image.Image, ImageCms.profileToProfile(image, source, to, outputMode="RGB"))
        except ImageCms.PyCMSError:
            # a profile that is no profile: taken for sRGB
            pass
    return image.convert("RGB")
