"""
Motion → LivePortrait: channels become changes of the 21 keypoints' expression, turns of the head, and a share of shut eyes.

The expression's axes were found by people who edited faces with LivePortrait's own tools (its retargeting sliders, its
ComfyUI editor); the numbers here say how much of each makes a channel at 1. What a point is in the face: 1, 2 the brows; 3, 7 the
cheeks; 11, 13 one eye and 15, 16 the other; 14, 17, 19, 20 the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float32]
Term = tuple[int, int, float]
X, Y, Z = 0, 1, 2

SMILE: tuple[Term, ...] = ((20, Y, -0.01), (14, Y, -0.02), (17, Y, 0.0065), (17, Z, 0.003))
GRIN: tuple[Term, ...] = ((20, Z, -0.012), (20, Y, -0.012), (14, Y, -0.012))
PURSE: tuple[Term, ...] = ((14, Y, 0.015), (3, Y, -0.0075), (7, Y, -0.0075), (17, Z, -0.0075))
OPEN: tuple[Term, ...] = ((19, Y, 0.09), (19, Z, 0.009), (17, Y, -0.009))
BROWS_UP: tuple[Term, ...] = ((1, Y, 0.015), (2, Y, -0.02))
BROWS_DOWN: tuple[Term, ...] = ((1, X, 0.015), (2, X, -0.015), (1, Y, -0.0045), (2, Y, 0.0045))
ASIDE: tuple[Term, ...] = ((19, X, 0.04), (20, X, 0.032))


def times(factor: float, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    return tuple((point, axis, value * factor) for point, axis, value in terms)


def pair(name: str, terms: tuple[Term, ...]) -> dict[str, tuple[Term, ...]]:
    """Left and right move the same points, half each: the points of the mouth and the brows have no sides."""
    return {f"{name}Left": times(0.5, terms), f"{name}Right": times(0.5, terms)}


# What a channel at 1 adds to the expression, wherever the eyes lie.
TERMS: dict[str, tuple[Term, ...]] = {
    **pair("mouthSmile", SMILE),
    **pair("mouthDimple", times(0.3, SMILE)),
    **pair("mouthFrown", times(-0.3, SMILE)),
    **pair("mouthStretch", GRIN),
    **pair("mouthUpperUp", times(0.7, GRIN)),
    **pair("mouthLowerDown", times(0.15, OPEN)),
    **pair("mouthPress", ((19, Y, -0.008), (19, Z, -0.004))),
    "jawOpen": OPEN,
    "mouthClose": times(-1, OPEN),
    "mouthPucker": PURSE,
    "mouthFunnel": times(0.6, PURSE) + times(0.25, OPEN),
    "mouthLeft": ASIDE,
    "mouthRight": times(-1, ASIDE),
    "jawLeft": times(0.5, ASIDE),
    "jawRight": times(-0.5, ASIDE),
    "browInnerUp": times(0.5, BROWS_UP),
    **pair("browOuterUp", times(0.5, BROWS_UP)),
    **pair("browDown", BROWS_DOWN),
}

# What has a side of its own: for the eye's upper and lower lid (11, 13 or 15, 16) and the cheek below it (3 or 7). Which of them is
# the person's left is seen in each source. Smiles narrow the eyes and lift the cheeks.
UPPER, LOWER, CHEEK = "upper", "lower", "cheek"
SIDED: dict[str, tuple[tuple[str, int, float], ...]] = {
    "mouthSmile": ((LOWER, Y, -0.00275), (CHEEK, Y, -0.0035)),
    "cheekSquint": ((LOWER, Y, -0.00275), (CHEEK, Y, -0.0035)),
    "eyeSquint": ((UPPER, Y, 0.004), (LOWER, Y, -0.006)),
    "eyeWide": ((UPPER, Y, -0.005), (LOWER, Y, 0.0015)),
    "eyeLookUp": ((UPPER, Y, -0.01), (LOWER, Y, -0.005)),
    "eyeLookDown": ((UPPER, Y, 0.01), (LOWER, Y, 0.005)),
}
# To the right of the picture, for the eye that lies there and for the other one.
GAZE_LEADING, GAZE_FOLLOWING = 0.014, 0.01

BLINKS = {"eyeBlinkLeft": "left", "eyeBlinkRight": "right"}
LOOKS = ("eyeLookInLeft", "eyeLookOutLeft", "eyeLookInRight", "eyeLookOutRight")
HEAD = ("headPitch", "headYaw", "headRoll", "headX", "headY", "headZ", "scale")
SHOWN = {*TERMS, *(f"{name}{side}" for name in SIDED for side in ("Left", "Right")), *BLINKS, *LOOKS, *HEAD}

# Degrees that the head may turn from where the source holds it: pitch, yaw, roll. Beyond, the picture tears.
MOST_TURN = (20.0, 25.0, 20.0)
# Distance of a portrait's camera in E: what comes nearer grows so much.
CAMERA_DISTANCE = 10.0


def clamp_table() -> NDArray[np.float32]:
    """
    21×3: how far a point's expression may go from the source's, either way. As far as all that can be asked for at once takes
    it, with a third to spare, and at least as far as recorded motion was seen to go (0.03; lids a little less, the jaw much more).
    """
    reach = np.full((21, 3), 0.03 / 1.33, np.float64)
    reach[[11, 15], Y] = 0.025 / 1.33
    reach[[13, 16], Y] = 0.02 / 1.33
    strongest: dict[tuple[int, int], float] = {}
    for terms in TERMS.values():
        for point, axis, value in terms:
            strongest[point, axis] = max(strongest.get((point, axis), 0), abs(value))
    for (point, axis), value in strongest.items():
        reach[point, axis] = max(reach[point, axis], value)
    return (reach * 1.33).astype(np.float32)


CLAMP = clamp_table()


@dataclass
class Asked:
    """What a Motion asks of one face, by frame: n×21×3, n×3 degrees, n×3 in E, n; shut eyes 0–1 by picture side, n×2."""

    exp: Curve
    degrees: Curve
    shift: Curve
    scale: Curve
    shut: Curve


@dataclass
class Sides:
    """Which points belong to the person's left: that eye lies at the right of the picture."""

    left: dict[str, int]
    right: dict[str, int]


FIRST_EYE = {UPPER: 11, LOWER: 13, CHEEK: 3}
SECOND_EYE = {UPPER: 15, LOWER: 16, CHEEK: 7}
# the keypoints of the lips, as upstream's lip retargeting names them
MOUTH = [6, 12, 14, 17, 19, 20]
EYES = [eye[lid] for eye in (FIRST_EYE, SECOND_EYE) for lid in (UPPER, LOWER)]


def sides_of(kp: NDArray[np.float32]) -> Sides:
    """`kp` 21×3: the canonical keypoints of the source."""
    first_is_right_of_picture = float(kp[11, X]) > float(kp[15, X])
    return Sides(FIRST_EYE, SECOND_EYE) if first_is_right_of_picture else Sides(SECOND_EYE, FIRST_EYE)


def read_motion(channels: dict[str, list[float]], frames: int, sides: Sides) -> Asked:
    """Curves that are too short hold their end."""
    curves = {name: curve_of(values, frames) for name, values in channels.items() if name in SHOWN}
    exp = np.zeros((frames, 21, 3), np.float32)
    for name, values in curves.items():
        for point, axis, amount in TERMS.get(name, ()):
            exp[:, point, axis] += amount * values
    for suffix, points in (("Left", sides.left), ("Right", sides.right)):
        for name, sided in SIDED.items():
            for part, axis, amount in sided:
                exp[:, points[part], axis] += amount * curves.get(f"{name}{suffix}", 0)
    # lips that are shut over an open jaw take back no more than it opened
    if "mouthClose" in curves:
        over = np.maximum(0, curves["mouthClose"] - curves.get("jawOpen", 0))
        for point, axis, amount in OPEN:
            exp[:, point, axis] += amount * over
    look_at(exp, curves, sides, frames)
    head = {name: curves.get(name, np.zeros(frames, np.float32)) for name in HEAD}
    return Asked(
        exp=np.clip(exp, -CLAMP, CLAMP),
        degrees=turned(head["headPitch"], head["headYaw"], head["headRoll"]),
        shift=np.stack([head["headX"], head["headY"], np.zeros(frames, np.float32)], axis=1),
        scale=(1 + head["scale"]) / (1 - head["headZ"] / CAMERA_DISTANCE),
        shut=shut_eyes(curves, frames),
    )


def ignored_in(channels: dict[str, list[float]]) -> list[str]:
    """Channels that LivePortrait's keypoints can't show, or for which nobody has found how."""
    return [name for name, values in channels.items() if name not in SHOWN and any(value != 0 for value in values)]


def turned(pitch: Curve, yaw: Curve, roll: Curve) -> Curve:
    """Our degrees in LivePortrait's signs: there + yaw turns to the left of the picture, + roll tilts to the right of it."""
    return np.stack([np.clip(a, -most, most) for a, most in zip((pitch, -yaw, -roll), MOST_TURN, strict=True)], axis=1)


def shut_eyes(curves: dict[str, Curve], frames: int) -> Curve:
    """n×2: the person's left eye, then the right one."""
    none = np.zeros(frames, np.float32)
    return np.stack([np.clip(curves.get(name, none), 0, 1) for name in BLINKS], axis=1)


def look_at(exp: Curve, curves: dict[str, Curve], sides: Sides, frames: int) -> None:
    none = np.zeros(frames, np.float32)
    into, out, in_right, out_right = (curves.get(name, none) for name in LOOKS)
    for points, right_of_picture in ((sides.left, out - into), (sides.right, in_right - out_right)):
        # the eye at the side that is looked to turns further
        leads = right_of_picture > 0 if points is sides.left else right_of_picture < 0
        exp[:, points[UPPER], X] += np.where(leads, GAZE_LEADING, GAZE_FOLLOWING) * right_of_picture


def eye_shares(shut: Curve, sides: Sides) -> Curve:
    """n×21: how much of the eyes' network's change each point gets; points between the eyes get the mean."""
    shares = np.repeat(shut.mean(axis=1, keepdims=True), 21, axis=1)
    for nth, points in enumerate((sides.left, sides.right)):
        for point in points.values():
            shares[:, point] = shut[:, nth]
    return shares


def curve_of(values: list[float], frames: int) -> Curve:
    curve = np.zeros(frames, np.float32)
    if values:
        count = min(frames, len(values))
        curve[:count] = values[:count]
        curve[count:] = values[count - 1]
    return curve
