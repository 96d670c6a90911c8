"""Ids that a client makes before it sends anything, so that a call may be repeated: UUIDv7 (RFC 9562) as 32 lower-case hex digits."""

import secrets
import time
from typing import Optional


def new_id(now_ms: Optional[int] = None) -> str:
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    value = (ms << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return f"{value:032x}"
