"""
LivePortrait as it comes: its own pipeline and `execute()`, to hold ours against. Packages that it imports for its command line
and for source videos are stood in for where they are missing; so is its cropper, whose detector may not be used: the landmarks
are given.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray


def open_stock(root: Path, weights: Path, landmarks: NDArray[np.float32], **flags: Any) -> Any:
    """Its pipeline. `landmarks` 203×2 in pixels of the picture (sides up to 1280); `flags` of its InferenceConfig."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(root))
    stand_in("tyro", conf=Anything(), extras=Anything(), cli=Anything())
    stand_in("pykalman", KalmanFilter=Anything)
    stand_in("src.utils.cropper", Cropper=cropper_for(landmarks))
    pipeline = importlib.import_module("src.live_portrait_pipeline")
    inference = importlib.import_module("src.config.inference_config").InferenceConfig
    crop = importlib.import_module("src.config.crop_config").CropConfig
    base = weights / "liveportrait"
    config = inference(
        checkpoint_F=str(base / "base_models/appearance_feature_extractor.pth"),
        checkpoint_M=str(base / "base_models/motion_extractor.pth"),
        checkpoint_W=str(base / "base_models/warping_module.pth"),
        checkpoint_G=str(base / "base_models/spade_generator.pth"),
        checkpoint_S=str(base / "retargeting_models/stitching_retargeting_module.pth"),
        # as its command line has them
        driving_option="expression-friendly",
        flag_normalize_lip=False,
        **flags,
    )
    return pipeline.LivePortraitPipeline(config, crop())


class Arguments:
    """What `execute()` reads of its arguments."""

    def __init__(self, source: Path, driving: Path, output: Path) -> None:
        self.source = str(source)
        self.driving = str(driving)
        self.output_dir = str(output)
        self.audio_priority = "driving"
        self.flag_crop_driving_video = False


def template_of(exp: Any, turns: Any, shift: Any, scale: Any, fps: int) -> dict[str, Any]:
    """LivePortrait's motion template of n frames: exp n×21×3, R n×3×3, t n×3, scale n×1."""
    count = len(exp)
    none = np.zeros((1, 21, 3), np.float32)
    motion = [
        {
            "exp": np.asarray(exp[n : n + 1], np.float32),
            "R": np.asarray(turns[n : n + 1], np.float32),
            "t": np.asarray(shift[n : n + 1], np.float32),
            "scale": np.asarray(scale[n : n + 1], np.float32),
            "kp": none,
            "x_s": none,
        }
        for n in range(count)
    ]
    return {"n_frames": count, "output_fps": fps, "motion": motion, "c_eyes_lst": [], "c_lip_lst": []}


def cropper_for(landmarks: NDArray[np.float32]) -> type:
    class Cropper:
        def __init__(self, crop_cfg: Any) -> None:
            self.crop_cfg = crop_cfg

        def crop_source_image(self, image: NDArray[np.uint8], config: Any) -> dict[str, Any]:
            import cv2

            crop = importlib.import_module("src.utils.crop")
            cut = crop.crop_image(image, landmarks, dsize=config.dsize, scale=config.scale, vy_ratio=config.vy_ratio)
            small = cv2.resize(cut["img_crop"], (256, 256), interpolation=cv2.INTER_AREA)
            return {**cut, "lmk_crop": landmarks, "img_crop_256x256": small}

    return Cropper


class Anything:
    """Takes whatever is asked of it."""

    def __getattr__(self, _name: str) -> Any:
        return Anything()

    def __call__(self, *_arguments: Any, **_named: Any) -> Any:
        return Anything()

    def __class_getitem__(cls, _item: Any) -> Any:
        return cls

    def __getitem__(self, _item: Any) -> Any:
        return self


def stand_in(name: str, **members: Any) -> None:
    """Its own package is left alone where it is installed; what lies in the checkout is always stood in for."""
    if not name.startswith("src.") and importlib.util.find_spec(name) is not None:
        return
    module = ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for member, value in members.items():
        setattr(module, member, value)
    sys.modules[name] = module
