"""The networks as they come out of their files, and what is done to them once before they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import remove_spectral_norm

from .checkout import Checkout
from .errors import CannotStart

CHECKPOINTS = {
    "appearance_feature_extractor": "liveportrait/base_models/appearance_feature_extractor.pth",
    "motion_extractor": "liveportrait/base_models/motion_extractor.pth",
    "warping_module": "liveportrait/base_models/warping_module.pth",
    "spade_generator": "liveportrait/base_models/spade_generator.pth",
    "stitching_retargeting_module": "liveportrait/retargeting_models/stitching_retargeting_module.pth",
}
RETARGETING = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}


def load_networks(checkout: Checkout, weights: Path) -> dict[str, nn.Module]:
    """Built without memory of their own where they can be: the files' weights become theirs. Nothing in a file can be code."""
    nets: dict[str, nn.Module] = {}
    for name, (build, params) in checkout.networks().items():
        state = load_state(weights / CHECKPOINTS[name])
        if name == "stitching_retargeting_module":
            for part, key in RETARGETING.items():
                nets[part] = assigned(build, params[part], plain(state[key]), name)
        else:
            nets[name] = assigned(build, params, state, name)
    return nets


def load_state(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return state
    except FileNotFoundError as error:
        raise CannotStart(3, f"The weights {path} are missing.") from error
    except Exception as error:
        raise CannotStart(3, f"The weights {path} can't be read: {error}") from error


def assigned(build: Callable[..., nn.Module], params: dict[str, Any], state: dict[str, Tensor], name: str) -> nn.Module:
    # M asks its own numbers while it is built
    with torch.device("cpu" if name == "motion_extractor" else "meta"):
        net = build(**params)
    try:
        net.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise CannotStart(3, f"The weights of {name} are not LivePortrait's: {error}") from error
    return net


def plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix("module."): value for key, value in state.items()}


def without_spectral_norm(net: nn.Module) -> nn.Module:
    """Its weights are fixed now, so what it works out at every call is worked out once."""
    for layer in net.modules():
        if hasattr(layer, "weight_orig"):
            remove_spectral_norm(layer)
    return net


def ready(net: nn.Module, device: torch.device, dtype: torch.dtype = torch.float32) -> Any:
    net.eval().requires_grad_(False)
    return net.to(device=device, dtype=dtype)


def memory_formats(generator: nn.Module, warping: nn.Module) -> torch.memory_format:
    """Channels last, as tensor cores want them."""
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for layer in warping.modules():
        if isinstance(layer, nn.Conv2d):
            layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        elif isinstance(layer, nn.Conv3d):
            layer.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return torch.channels_last
