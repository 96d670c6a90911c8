"""LivePortrait's own code, imported from where it was cloned; it is neither changed nor copied."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import CannotStart

COMMIT = "1986663be3b6902605d32200c01f4bfd36cda83d"
# The parts that load InsightFace's detector, or fetch its models from the network. Those models are for research only, so no
# code of ours may reach them.
FORBIDDEN = (
    "insightface",
    "src.utils.dependencies.insightface",
    "src.utils.face_analysis_diy",
    "src.utils.cropper",
    "src.live_portrait_pipeline",
)


class Checkout:
    """The modules of a checkout by what is needed of them."""

    def __init__(self, root: Path) -> None:
        if not (root / "src" / "modules" / "spade_generator.py").is_file():
            raise CannotStart(3, f"There is no LivePortrait checkout in {root}.")
        said = root / "COMMIT"
        if said.is_file() and said.read_text().strip() != COMMIT:
            raise CannotStart(3, f"The checkout in {root} is not LivePortrait's commit {COMMIT[:12]}.")
        self.root = root
        sys.dont_write_bytecode = True
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        forbid()
        self.camera = self._load("src.utils.camera")
        self.crop = self._load("src.utils.crop")
        self.ratios = self._load("src.utils.retargeting_utils")

    @property
    def mask_path(self) -> Path:
        return self.root / "src" / "utils" / "resources" / "mask_template.png"

    def networks(self) -> dict[str, Any]:
        """The classes of the networks and their parameters, by the names that models.yaml uses."""
        import yaml

        with (self.root / "src" / "config" / "models.yaml").open(encoding="utf-8") as file:
            params = yaml.safe_load(file)["model_params"]
        classes = {
            "appearance_feature_extractor": "AppearanceFeatureExtractor",
            "motion_extractor": "MotionExtractor",
            "warping_module": "WarpingNetwork",
            "spade_generator": "SPADEDecoder",
            "stitching_retargeting_module": "StitchingRetargetingNetwork",
        }
        files = {
            "warping_module": "warping_network",
            "stitching_retargeting_module": "stitching_retargeting_network",
        }
        return {
            name: (getattr(self._load(f"src.modules.{files.get(name, name)}"), class_name), params[f"{name}_params"])
            for name, class_name in classes.items()
        }

    def _load(self, name: str) -> ModuleType:
        module = importlib.import_module(name)
        if Path(str(module.__file__)).resolve().is_relative_to(self.root.resolve()):
            return module
        raise CannotStart(3, f"{name} was found outside LivePortrait's checkout: {module.__file__}")


class Forbidden(importlib.abc.MetaPathFinder):
    """Refuses to import what must not be reached."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if any(fullname == name or fullname.startswith(f"{name}.") for name in FORBIDDEN):
            raise ImportError(f"{fullname} is not used: the models that it loads may not be used commercially")
        return None


def forbid() -> None:
    if not any(isinstance(finder, Forbidden) for finder in sys.meta_path):
        sys.meta_path.insert(0, Forbidden())
