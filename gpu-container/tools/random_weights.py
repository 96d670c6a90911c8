"""
    python random_weights.py --root CHECKOUT --out DIR

writes weights of the right names and shapes with random values, so that LivePortrait's own classes run without the real ones:
the arithmetic, and so the time it takes, is the same; the faces are noise. The landmark model answers with a plain face that
hardly depends on the picture, so that crops are where a detector's points say.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from liveportrait.checkout import Checkout
from liveportrait.faces import LANDMARK_SIDE, LANDMARKS
from liveportrait.loading import CHECKPOINTS, RETARGETING
from liveportrait.models import KEYPOINTS

SEED = 7
# A file that is written last.
DONE = "complete"


def write_weights(root: Path, out: Path) -> None:
    """Does nothing where they are complete."""
    if (out / DONE).exists():
        return
    checkout = Checkout(root)
    torch.manual_seed(SEED)
    for name, (build, params) in checkout.networks().items():
        path = out / CHECKPOINTS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "stitching_retargeting_module":
            parts = {key: faint(build(**params[part])).state_dict() for part, key in RETARGETING.items()}
            torch.save({key: {f"module.{k}": v for k, v in state.items()} for key, state in parts.items()}, path)
            continue
        net = build(**params)
        if name == "motion_extractor":
            plausible(net.detector)
        settle_spectral_norms(net)
        torch.save(net.state_dict(), path)
    write_landmarks(out / LANDMARKS)
    (out / DONE).touch()


def faint(net: nn.Module) -> nn.Module:
    """Small corrections, as these networks make them."""
    with torch.no_grad():
        last = [layer for layer in net.modules() if isinstance(layer, nn.Linear)][-1]
        last.weight.mul_(0.05)
        last.bias.mul_(0.05)
    return net


def plausible(net: Any) -> None:
    """Keypoints spread over a face that looks forward, of a size above 0."""
    with torch.no_grad():
        for head, value, size in (
            (net.fc_kp, torch.rand(KEYPOINTS * 3) * 0.8 - 0.4, 0.05),
            (net.fc_exp, torch.zeros(KEYPOINTS * 3), 0.01),
            (net.fc_scale, torch.full((1,), 1.3), 0.05),
            (net.fc_t, torch.tensor([0.02, -0.03, 0.0]), 0.02),
            (net.fc_pitch, torch.zeros(66), 1.0),
            (net.fc_yaw, torch.zeros(66), 1.0),
            (net.fc_roll, torch.zeros(66), 1.0),
        ):
            head.weight.mul_(size)
            head.bias.copy_(value)


def settle_spectral_norms(net: nn.Module) -> None:
    """The vectors that training would have found: with random ones the layers' weights would be far too large."""
    with torch.no_grad():
        for layer in net.modules():
            weight: Tensor | None = getattr(layer, "weight_orig", None)
            if weight is None:
                continue
            matrix = weight.flatten(1)
            u: Tensor = layer.weight_u  # type: ignore[assignment]
            v: Tensor = layer.weight_v  # type: ignore[assignment]
            for _ in range(15):
                v.copy_(nn.functional.normalize(matrix.T @ u, dim=0))
                u.copy_(nn.functional.normalize(matrix @ v, dim=0))


def plain_face() -> NDArray[np.float32]:
    """203×2 in shares of the landmark model's crop; eyes, lips and outline where LivePortrait's indices have them."""
    points = np.zeros((203, 2))
    points[0:24] = ring(24, (0.37, 0.44), (0.065, 0.025))
    points[24:48] = ring(24, (0.63, 0.44), (0.065, 0.025))
    points[48:84] = ring(36, (0.5, 0.76), (0.11, 0.045))
    points[84:108] = ring(24, (0.5, 0.76), (0.08, 0.004))
    turn = np.linspace(0, np.pi, 37)
    points[108:145] = np.stack([0.5 - 0.3 * np.cos(turn), 0.45 + 0.483 * np.sin(turn)], axis=1)
    points[145:165] = np.stack([np.linspace(0.28, 0.45, 20), np.full(20, 0.3)], axis=1)
    points[165:185] = np.stack([np.linspace(0.55, 0.72, 20), np.full(20, 0.3)], axis=1)
    points[185:203] = np.stack([np.full(18, 0.5), np.linspace(0.42, 0.64, 18)], axis=1)
    # the brows' tops and the chin lie as far from the middle as the crop's scale and shift have them
    points[145:185, 1] = 0.267
    return points.astype(np.float32)


def ring(count: int, middle: tuple[float, float], radius: tuple[float, float]) -> NDArray[np.float64]:
    """From the corner at the left of the picture, over the top."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([middle[0] - radius[0] * np.cos(turn), middle[1] - radius[1] * np.sin(turn)], axis=1)


def write_landmarks(path: Path) -> None:
    random = np.random.default_rng(SEED)
    constants = {
        "weight": random.normal(0, 0.002, (3, 406)).astype(np.float32),
        "face": plain_face().reshape(1, 406),
        "other": np.zeros((1, 2), np.float32),
    }
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("MatMul", ["colour", "weight"], ["lean"]),
        helper.make_node("Add", ["lean", "face"], ["points"]),
        helper.make_node("Identity", ["other"], ["first"]),
        helper.make_node("Identity", ["other"], ["second"]),
    ]
    graph = helper.make_graph(
        nodes,
        "landmarks",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, LANDMARK_SIDE, LANDMARK_SIDE])],
        [
            helper.make_tensor_value_info("first", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("second", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("points", TensorProto.FLOAT, [1, 406]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write_weights(options.root.absolute(), options.out.absolute())
