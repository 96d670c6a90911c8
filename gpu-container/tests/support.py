"""What the tests need of this machine, and what is left out without it: a skip says so."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTAINER = HERE.parent
REPOSITORY = CONTAINER.parent
FIXTURES = REPOSITORY / "test" / "fixtures"
NEEDED = ("torch", "numpy", "cv2", "onnxruntime", "onnx", "PIL", "yaml", "rich")

root = os.environ.get("LIVEPORTRAIT_ROOT")
ROOT = Path(root) if root else None
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]

needs_packages = unittest.skipIf(bool(MISSING), f"needs Python packages: {', '.join(MISSING)}")
needs_numpy = unittest.skipIf("numpy" in MISSING, "needs numpy")
needs_checkout = unittest.skipIf(
    ROOT is None or bool(MISSING),
    "needs a checkout of LivePortrait in LIVEPORTRAIT_ROOT" if ROOT is None else f"needs {', '.join(MISSING)}",
)


def random_weights() -> Path:
    """Made once for each machine; half a gigabyte."""
    from tools.random_weights import write_weights

    assert ROOT is not None
    folder = os.environ.get("LIVEPORTRAIT_RANDOM_WEIGHTS")
    out = Path(folder) if folder else Path(tempfile.gettempdir()) / "smileloop-random-weights-1"
    write_weights(ROOT, out)
    return out


def start_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that has our package; its pipes are text."""
    environment = {"PYTHONPATH": str(CONTAINER), "OMP_NUM_THREADS": "2", "PATH": os.environ.get("PATH", "")}
    pipe = subprocess.PIPE
    command = [sys.executable, "-B", "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = start_python(code, *arguments)
    said, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, said, errors)
