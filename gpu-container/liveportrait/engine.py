"""Puts the engine together: checkout, networks, the detector for driving clips; warm before it says `ready`."""

from __future__ import annotations

import argparse
import sys
import time

import torch

from .checkout import Checkout
from .device import choose_device
from .driving import Driver
from .faces import LANDMARKS, FaceFinder, open_detector, open_session
from .models import Models
from .paste import read_mask
from .protocol import Work
from .render import Renderer
from .sources import Sources

GPU_BATCH = 8


class Engine:
    def __init__(self, renderer: Renderer, driver: Driver) -> None:
        self._renderer = renderer
        self._driver = driver

    def works(self) -> dict[str, Work]:
        return {"run:animate": self._renderer.animate, "run:talk": self._renderer.animate, "extract": self._driver.extract}


def open_engine(options: argparse.Namespace) -> Engine:
    """Throws CannotStart. stderr gets the milliseconds of each part of the start."""
    started = time.perf_counter()
    device = choose_device(options.device)
    checkout = Checkout(options.root)
    imported = time.perf_counter()
    batch = options.batch or (GPU_BATCH if device.type == "cuda" else 1)
    models = Models(checkout, options.weights, device, batch, options.compile)
    finder = FaceFinder(checkout, open_detector(options.detector, options.weights), open_session(options.weights / LANDMARKS))
    detector = time.perf_counter()
    models.warm_up(settle=options.batch == 0)
    parts = {
        "imports": (imported - started) * 1000,
        **models.timings,
        "sessions": (detector - imported) * 1000 - models.timings["weights"],
        "start": (time.perf_counter() - started) * 1000,
    }
    told = ", ".join(f"{part} {ms:.0f}" for part, ms in parts.items())
    print(f"{device_name(device)}, PyTorch {torch.__version__}, batch {models.batch}; ms: {told}", file=sys.stderr, flush=True)
    renderer = Renderer(models, Sources(checkout, models, finder), read_mask(checkout))
    return Engine(renderer, Driver(checkout, models, finder))


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
