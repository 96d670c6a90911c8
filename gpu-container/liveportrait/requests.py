"""The requests that this engine serves, checked by the same schemas as on the other side of the pipe (`schema.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import EngineError
from .schema import Invalid, Schema

SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parent / "schema.json").read_text(encoding="utf-8"))
ENVELOPE = Schema(SCHEMAS["envelope"])
CANCEL = Schema(SCHEMAS["cancel"])
MOTION = Schema(SCHEMAS["motion"])


def name_of(request: dict[str, Any]) -> str:
    """As in `schema.json`: `run:<kind>`, `check:<kind>`, `cancel`, or the name of a service."""
    name = str(request["type"])
    return f"{name}:{request.get('kind')}" if name in ("run", "check") else name


def schemas_of(names: tuple[str, ...]) -> dict[str, Schema]:
    return {name: Schema(SCHEMAS["requests"][name]) for name in names}


def run_of(value: Any) -> str:
    """The run that a request names, empty where it can't be told."""
    run = value.get("run") if isinstance(value, dict) else None
    return run if isinstance(run, str) and len(run) <= 64 else ""


def motion_of(packed: dict[str, Any]) -> dict[str, Any]:
    """The motion of a request, which a long one names by a file. Throws `invalid_request`."""
    if "path" not in packed:
        return packed
    try:
        motion: dict[str, Any] = json.loads(Path(packed["path"]).read_text(encoding="utf-8"))
        MOTION.check(motion)
    except (OSError, ValueError, Invalid) as error:
        raise EngineError("invalid_request", f"The file of the motion cannot be read: {error}") from error
    return motion
