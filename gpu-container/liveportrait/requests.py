"""The requests of packages/core/src/engine/protocol.ts, checked as strictly as there: nothing missing, nothing more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .channels import CHANNELS


class Invalid(Exception):
    """What is wrong, and where."""


Check = Callable[[Any, str], None]


def check_request(value: Any) -> None:
    """Throws Invalid."""
    kind = value.get("type") if isinstance(value, dict) else None
    schema = REQUESTS.get(kind) if isinstance(kind, str) else None
    if schema is None:
        raise Invalid(f"type: expected one of {', '.join(REQUESTS)}")
    schema(value, "")


def run_of(value: Any) -> str:
    """The run that a request names, empty where it can't be told."""
    run = value.get("run") if isinstance(value, dict) else None
    return run if isinstance(run, str) and len(run) <= 64 else ""


def record(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    known = required | (optional or {})

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise Invalid(f"{at or 'request'}: expected an object")
        for name in required:
            if name not in value:
                raise Invalid(f"{inside(at, name)}: is missing")
        for name, item in value.items():
            if name not in known:
                raise Invalid(f"{inside(at, name)}: is not known")
            known[name](item, inside(at, name))

    return check


def text(least: int = 0, most: int = 1 << 20) -> Check:
    def check(value: Any, at: str) -> None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise Invalid(f"{at}: expected a text of {least} to {most} characters")

    return check


def number(least: float = -math.inf, most: float = math.inf, above: float = -math.inf) -> Check:
    def check(value: Any, at: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Invalid(f"{at}: expected a number")
        if not (least <= value <= most and value > above):
            raise Invalid(f"{at}: is out of range")

    return check


def whole(least: int, most: int = 2**53 - 1) -> Check:
    def check(value: Any, at: str) -> None:
        number(least, most)(value, at)
        if value != int(value):
            raise Invalid(f"{at}: expected a whole number")

    return check


def one_of(*allowed: Any) -> Check:
    def check(value: Any, at: str) -> None:
        if isinstance(value, (bool, dict, list)) or value not in allowed:
            raise Invalid(f"{at}: expected one of {', '.join(map(str, allowed))}")

    return check


def either(*checks: Check) -> Check:
    def check(value: Any, at: str) -> None:
        for nth, attempt in enumerate(checks):
            try:
                attempt(value, at)
                return
            except Invalid:
                if nth == len(checks) - 1:
                    raise

    return check


def list_of(item: Check, least: int = 0) -> Check:
    def check(value: Any, at: str) -> None:
        if not isinstance(value, list) or len(value) < least:
            raise Invalid(f"{at}: expected a list of at least {least}")
        for nth, each in enumerate(value):
            item(each, f"{at}.{nth}")

    return check


def anything(_value: Any, _at: str) -> None:
    return None


def named(value: Any, at: str) -> None:
    if not isinstance(value, dict):
        raise Invalid(f"{at}: expected an object")


def inside(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


RUN = text(0, 64)
PATH = text(1)
IMAGE = record({"path": PATH, "type": text()})
PARAMS = record(
    {
        "size": one_of("source", 256, 512, 720, 1024),
        "face": either(one_of("all"), whole(0)),
        "intensity": number(0, 1.5),
        "seed": whole(0, 0xFFFFFFFF),
    }
)
SPEC = record({"width": whole(1), "height": whole(1), "fps": number(above=0), "frames": whole(1)})
PROVENANCE = record({"job": text(), "engine": text(), "version": text()})
VIDEO = record({"video": PATH})
CURVES = record({}, {name: list_of(number()) for name in CHANNELS})
MOTION = record(
    {"fps": number(above=0), "frames": whole(1), "faces": list_of(record({"channels": CURVES}), 1)},
    {"native": named},
)
ANIMATE = {"kind": one_of("animate"), "inputs": record({"image": IMAGE}), "params": PARAMS, "motion": MOTION}
REQUESTS: dict[str, Check] = {
    "run": record({"type": anything, "run": RUN, **ANIMATE, "outputs": VIDEO, "provenance": PROVENANCE}),
    "inspect": record({"type": anything, "run": RUN, "inputs": record({"image": IMAGE})}),
    "check": record({"type": anything, "run": RUN, **ANIMATE, "file": PATH}),
    "finish": record(
        {
            "type": anything,
            "run": RUN,
            "frames": record({"path": PATH, "pixels": one_of("yuv420p")}),
            "spec": SPEC,
            "outputs": VIDEO,
            "provenance": PROVENANCE,
        }
    ),
    "extract": record(
        {
            "type": anything,
            "run": RUN,
            "inputs": record({"driving": IMAGE}),
            "limits": record({"seconds": number(1, 60)}),
        }
    ),
    "cancel": record({"type": anything, "run": RUN}),
}
