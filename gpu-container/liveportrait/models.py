"""
LivePortrait's networks, loaded once and kept: F appearance, M motion, W warping, G generator, and the small S (stitching)
and R (eyes). On a GPU W and G are half precision, weights and all; keypoints and grids stay 32 bits.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .checkout import Checkout
from .device import device_errors
from .loading import load_networks, memory_formats, ready, without_spectral_norm
from .warping import Features, Warping, source_features

INPUT_SIDE = 256
OUTPUT_SIDE = 512
KEYPOINTS = 21
MOST_BATCH_MS = 180.0


@dataclass
class FaceInfo:
    """What M reads of faces, n of them: 32 bits, angles in degrees as n×1, R for row vectors."""

    kp: Tensor
    exp: Tensor
    t: Tensor
    scale: Tensor
    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    R: Tensor


class Models:
    """`batch` frames at a time go through the generator; fewer are filled up, so that one shape serves all."""

    def __init__(self, checkout: Checkout, weights: Path, device: torch.device, batch: int, mode: str = "off") -> None:
        self.device = device
        self.batch = batch
        self.timings: dict[str, float] = {}
        self.camera = checkout.camera
        # Asked between layers on a CPU, where a frame takes seconds: throws what is to end the work.
        self.interrupt: Callable[[], None] = lambda: None
        on_gpu = device.type == "cuda"
        self.dtype = torch.float16 if on_gpu else torch.float32
        torch.backends.cudnn.benchmark = True
        # half precision does not need it, and 32 bits mean 32 bits
        torch.backends.cudnn.allow_tf32 = False
        with self._timed("weights"):
            nets = load_networks(checkout, weights)
            self.appearance = ready(nets["appearance_feature_extractor"], device)
            self.motion = ready(nets["motion_extractor"], device)
            self.stitcher = ready(nets["stitching"], device)
            self.eye = ready(nets["eye"], device)
            self.warping = ready(Warping(nets["warping_module"]), device, self.dtype)
            self.generator = ready(without_spectral_norm(nets["spade_generator"]), device, self.dtype)
        self.generator_input = memory_formats(self.generator, self.warping) if on_gpu else torch.contiguous_format
        if not on_gpu:
            self._listen_for_interrupts()
        self._whole: Callable[..., Tensor] | None = None
        self._mode = mode if on_gpu else "off"

    def read_faces(self, images: np.ndarray) -> FaceInfo:
        """`images` n×256×256×3, uint8, RGB."""
        with torch.inference_mode(), device_errors():
            out = self.motion(self._input(images))
            count = images.shape[0]
            pitch, yaw, roll = (self.camera.headpose_pred_to_degree(out[name])[:, None] for name in ("pitch", "yaw", "roll"))
            return FaceInfo(
                kp=out["kp"].reshape(count, -1, 3),
                exp=out["exp"].reshape(count, -1, 3),
                t=out["t"],
                scale=out["scale"],
                pitch=pitch,
                yaw=yaw,
                roll=roll,
                R=self.camera.get_rotation_matrix(pitch, yaw, roll),
            )

    def read_features(self, image: np.ndarray) -> Features:
        """What the generator needs of a source: `image` 256×256×3, uint8, RGB."""
        with torch.inference_mode(), device_errors():
            return source_features(self.warping, self.appearance(self._input(image[None])), self.dtype)

    def stitch(self, x_s: Tensor, x_d: Tensor) -> Tensor:
        """Keypoints n×21×3 of which the shoulders fit those of the source 1×21×3."""
        count = x_d.shape[0]
        with torch.inference_mode():
            both = torch.cat([x_s.expand(count, -1, -1).reshape(count, -1), x_d.reshape(count, -1)], dim=1)
            delta: Tensor = self.stitcher(both)
            shift = nn.functional.pad(delta[:, 63:65], (0, 1))
            return x_d + delta[:, :63].reshape(count, KEYPOINTS, 3) + shift[:, None, :]

    def retarget_eyes(self, x_s: Tensor, ratios: Tensor) -> Tensor:
        """The change of keypoints, n×21×3, that takes the eyes to the ratio: `ratios` n×3 (now left, now right, to be)."""
        count = ratios.shape[0]
        with torch.inference_mode():
            both = torch.cat([x_s.expand(count, -1, -1).reshape(count, -1), ratios], dim=1)
            delta: Tensor = self.eye(both)
            return delta.reshape(count, KEYPOINTS, 3)

    def generate(self, features: Features, x_s: Tensor, x_d: Tensor) -> Tensor:
        """
        Frames of 0–1, n×3×512×512, for keypoints n×21×3, n ≤ `batch`; valid until the next call. Throws
        torch.OutOfMemoryError and DeviceLost.
        """
        count = x_d.shape[0]
        if count < self.batch:
            x_d = torch.cat([x_d, x_d[-1:].expand(self.batch - count, -1, -1)])
        with torch.inference_mode(), device_errors():
            step = self._whole or self._step
            return step(features.volume, features.compressed, features.background, x_s, x_d)[:count]

    def warm_up(self, settle: bool = False) -> None:
        """
        Runs everything at the shapes of production, so that no job waits for it; compiles for the card if told to. `settle`: on a
        slow card the batch becomes smaller, so that a cancel, which is heeded between batches, is heeded soon.
        """
        image = np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8)
        with self._timed("first_run"):
            info = self.read_faces(image[None])
            features = self.read_features(image)
            x_d = info.kp.expand(self.batch, -1, -1).contiguous()
            self.stitch(info.kp, x_d)
            self.retarget_eyes(info.kp, torch.zeros(1, 3, device=self.device))
            if self.device.type != "cuda":
                return
            while self._batch_ms(features, info.kp, x_d) > MOST_BATCH_MS and settle and self.batch > 1:
                self.batch //= 2
                x_d = x_d[: self.batch].contiguous()
        with self._timed("compile"):
            self._compile(features, info.kp, x_d)

    def shrink(self) -> bool:
        """Halves the batch after the card ran out of memory; False where it can't be smaller."""
        self._whole = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch == 1:
            return False
        self.batch //= 2
        print(f"out of graphics memory: {self.batch} frames at a time from now on", file=sys.stderr, flush=True)
        return True

    def _batch_ms(self, features: Features, x_s: Tensor, x_d: Tensor) -> float:
        """Of the second of two batches: the first looks for the fastest kernels."""
        started = 0.0
        for _ in range(2):
            started = time.perf_counter()
            self.generate(features, x_s, x_d)
            torch.cuda.synchronize(self.device)
        return (time.perf_counter() - started) * 1000

    def _compile(self, features: Features, x_s: Tensor, x_d: Tensor) -> None:
        """
        CUDA graphs alone unless told otherwise: they are recorded in a second, where torch.compile traces for many and compiles for
        minutes at the first start. What does not work here is said, and the next simpler way is taken.
        """
        from .graphs import capture, compiled, has_compiler

        wanted = {"auto": ["graphs"], "graphs": ["graphs"], "off": []}.get(self._mode, [self._mode, "graphs"])
        arguments = (features.volume, features.compressed, features.background, x_s, x_d)
        for mode in wanted:
            if mode != "graphs" and not has_compiler():
                print("no C compiler is found, so nothing is compiled for the card", file=sys.stderr, flush=True)
                continue
            try:
                step = capture(self._step, arguments) if mode == "graphs" else compiled(self._step, mode)
                with torch.inference_mode():
                    for _ in range(3):
                        step(*arguments)
                torch.cuda.synchronize(self.device)
                # what was tried on the way stays taken otherwise
                torch.cuda.empty_cache()
                self._whole = step
                return
            except Exception as error:
                print(f"{mode} does not work here: {error}", file=sys.stderr, flush=True)

    def _step(self, volume: Tensor, compressed: Tensor, background: Tensor, x_s: Tensor, x_d: Tensor) -> Tensor:
        warped = self.warping(Features(volume, compressed, background), x_s, x_d)
        out: Tensor = self.generator(warped.contiguous(memory_format=self.generator_input))
        return out

    def _input(self, images: np.ndarray) -> Tensor:
        pixels = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        return pixels.permute(0, 3, 1, 2).float().div_(255)

    def _listen_for_interrupts(self) -> None:
        heavy = (nn.Conv2d, nn.Conv3d)
        for net in (self.warping, self.generator):
            for layer in net.modules():
                if isinstance(layer, heavy):
                    layer.register_forward_pre_hook(lambda _layer, _inputs: self.interrupt())

    @contextlib.contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.timings[part] = (time.perf_counter() - started) * 1000
