"""
The engine with everything of ours but the large networks: a picture that nods takes their place, so that protocol, timing and
failures can be tried in seconds. `--slow MS` a frame, `--most-frames N` at a time before it is out of memory, `--crash-at N` frames
asked for ends the process by a signal, `--lose-device-at N` breaks the device.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch import Tensor, nn

from liveportrait.checkout import Checkout
from liveportrait.errors import DeviceLost
from liveportrait.faces import FaceFinder, GivenPoints, open_session
from liveportrait.models import FaceInfo
from liveportrait.paste import read_mask
from liveportrait.protocol import Context, Request, Server, claim_stdout
from liveportrait.render import Renderer
from liveportrait.requests import motion_of
from liveportrait.sources import Sources
from liveportrait.warping import Features


class StandIn:
    """As much of `Models` as is used. A source's features are its picture; the head's turn moves it."""

    def __init__(self, checkout: Checkout, batch: int, slow_s: float = 0, most_frames: int = 1 << 30) -> None:
        self.device = torch.device("cpu")
        self.batch = batch
        self.camera = checkout.camera
        self.interrupt: Callable[[], None] = lambda: None
        self.slow_s = slow_s
        self.most_frames = most_frames
        self.lost = False
        self.reads = 0
        generator = torch.Generator().manual_seed(3)
        self.kp = torch.rand(1, 21, 3, generator=generator) * 0.8 - 0.4

    def read_faces(self, images: np.ndarray) -> FaceInfo:
        self.reads += 1
        count = len(images)
        zero = torch.zeros(count, 1)
        turn = self.camera.get_rotation_matrix(zero, zero, zero)
        shift = torch.zeros(count, 3)
        kp = self.kp.expand(count, -1, -1)
        return FaceInfo(kp, torch.zeros(count, 21, 3), shift, zero + 1.3, zero, zero, zero, turn)

    def read_features(self, image: np.ndarray) -> Features:
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1).float()[None] / 255
        picture = nn.functional.interpolate(pixels, size=(512, 512), mode="bilinear")
        return Features(picture, picture, picture)

    def stitch(self, _x_s: Tensor, x_d: Tensor) -> Tensor:
        return x_d

    def retarget_eyes(self, _x_s: Tensor, ratios: Tensor) -> Tensor:
        return torch.zeros(len(ratios), 21, 3)

    def generate(self, features: Features, x_s: Tensor, x_d: Tensor) -> Tensor:
        if self.lost:
            raise DeviceLost("CUDA error: unspecified launch failure")
        if len(x_d) > self.most_frames:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.interrupt()
        time.sleep(self.slow_s * len(x_d))
        moved = (x_d - x_s).mean(dim=(1, 2)) * 2000
        return torch.stack([torch.roll(features.volume[0], round(float(by)), dims=1) for by in moved])

    def shrink(self) -> bool:
        if self.batch == 1:
            return False
        self.batch //= 2
        return True


def open_finder(checkout: Checkout, points: Path | None = None) -> FaceFinder:
    """`points`: where the faces lie that are looked for."""
    from tools.random_weights import write_landmarks

    path = Path(tempfile.mkdtemp()) / "landmark.onnx"
    write_landmarks(path)
    finder = FaceFinder(checkout, GivenPoints(points), open_session(path))
    path.unlink()
    path.parent.rmdir()
    return finder


def open_renderer(models: Any, root: Path) -> Renderer:
    checkout = Checkout(root)
    return Renderer(models, Sources(checkout, models, open_finder(checkout)), read_mask(checkout))


def main() -> None:
    server = Server(sys.stdin.buffer, claim_stdout(), ("run:animate", "run:talk"))
    server.start()
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--slow", type=float, default=0)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--most-frames", type=int, default=1 << 30)
    parser.add_argument("--crash-at", type=int, default=0)
    parser.add_argument("--lose-device-at", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(2)
    models = StandIn(Checkout(options.root), options.batch, options.slow / 1000, options.most_frames)
    renderer = open_renderer(models, options.root)

    def animate(request: Request, context: Context) -> dict[str, Any]:
        frames = motion_of(request["motion"])["frames"]
        if frames == options.crash_at:
            os.kill(os.getpid(), signal.SIGSEGV)
        models.lost = frames == options.lose_device_at
        return renderer.animate(request, context)

    print(json.dumps({"stand-in": "ready"}))
    server.serve("liveportrait", "stand-in", {"run:animate": animate, "run:talk": animate})


if __name__ == "__main__":
    main()
