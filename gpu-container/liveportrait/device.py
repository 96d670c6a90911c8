"""The device that the networks run on, and what it says when it is in trouble."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch

from .errors import CannotStart, DeviceLost


def choose_device(wanted: str) -> torch.device:
    """Throws CannotStart where there is none such."""
    if wanted == "auto":
        # a card that is there and does not work is no reason to be a hundred times slower
        has_card = Path("/dev/nvidia0").exists() or torch.cuda.is_available()
        wanted = "cuda" if has_card else "cpu"
    if wanted.startswith("cuda"):
        if not torch.cuda.is_available():
            raise CannotStart(4, "There is no GPU that PyTorch can use.")
        device = torch.device(wanted if ":" in wanted else "cuda:0")
        if (device.index or 0) >= torch.cuda.device_count():
            raise CannotStart(4, f"There is no {device}: PyTorch sees {torch.cuda.device_count()} GPUs.")
        torch.cuda.set_device(device)
        return device
    if wanted == "cpu":
        return torch.device("cpu")
    raise CannotStart(4, f"The device can be auto, cpu, cuda or cuda:n, not {wanted}.")


@contextlib.contextmanager
def device_errors() -> Iterator[None]:
    """
    Throws torch.OutOfMemoryError where there is no room, whoever noticed it, and DeviceLost where the GPU is gone or its context
    is broken: both are said in many ways.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        text = str(error)
        if any(sign in text for sign in ("out of memory", "ALLOC_FAILED")):
            raise torch.OutOfMemoryError(text) from error
        if any(sign in text for sign in ("CUDA error", "CUDNN_STATUS_EXECUTION_FAILED", "CUDA driver")):
            raise DeviceLost(text.splitlines()[0]) from error
        raise
