"""One motion for several faces: each moves in its own time, so that they don't look like puppets on one string."""

from __future__ import annotations

import numpy as np

MOST_DELAY_SECONDS = 0.35
MOST_DELAY_SHARE = 0.1
# The share of the clip at its start, and at its end, in which the delay grows and goes away: all begin and end together.
RAMP = 0.3


def in_own_time(channels: dict[str, list[float]], nth: int, frames: int, fps: float) -> dict[str, list[float]]:
    most = min(MOST_DELAY_SECONDS * fps, MOST_DELAY_SHARE * frames)
    # by turns behind and ahead, so that neighbours in size are apart
    delay = (1 if nth % 2 else -1) * most * (1 if nth < 3 else 0.6)
    at = np.arange(frames)
    rise = np.minimum(1, np.minimum(at / frames, 1 - at / frames) / RAMP)
    when = at - delay * rise * rise * (3 - 2 * rise)
    return {name: np.interp(when, np.arange(len(values)), values).tolist() if values else [] for name, values in channels.items()}
