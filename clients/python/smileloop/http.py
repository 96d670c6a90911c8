"""Requests to a server: credentials, JSON, errors, and tries again where that is safe."""

import random
import time
from typing import Any, Callable, Dict, Optional

import httpx

from .errors import SmileloopError, error_of_reply

TRIES = 5
LONGEST_PAUSE_S = 20.0


def default_pause(nth: int) -> float:
    """Seconds before the nth try again: longer each time, and different for each client."""
    return float(min(8.0, 0.5 * 2**nth) * (0.75 + random.random() / 2))


class Http:
    def __init__(self, base_url: str, key: Optional[str], client: httpx.Client, pause: Callable[[int], float]) -> None:
        self.base_url = base_url.rstrip("/")
        self.client = client
        self._headers: Dict[str, str] = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._pause = pause

    def pause(self, nth: int, reply: Optional[httpx.Response] = None) -> None:
        asked = reply.headers.get("retry-after", "") if reply is not None else ""
        time.sleep(min(LONGEST_PAUSE_S, float(asked) if asked.isdigit() else self._pause(nth)))

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Optional[Dict[str, str]] = None,
        safe: Optional[bool] = None,
        timeout: float = 60.0,
    ) -> httpx.Response:
        """`safe`: whether it may be sent again after a failure that does not tell whether it arrived. Raises `SmileloopError`."""
        again_is_safe = method != "POST" if safe is None else safe
        nth = 0
        while True:
            reply: Optional[httpx.Response] = None
            try:
                reply = self.client.request(
                    method, self.base_url + path, json=body, headers={**self._headers, **(headers or {})}, timeout=timeout
                )
                if reply.is_success or reply.status_code == 304:
                    return reply
                error = error_of_reply(reply)
            except httpx.TransportError as cause:
                error = SmileloopError("network", "The server cannot be reached.", retryable=True)
                error.__cause__ = cause
            # where nothing was begun it may be sent again, whatever it is
            again = error.retryable and (again_is_safe or error.status in (429, 503))
            if not again or nth + 1 >= TRIES:
                raise error
            self.pause(nth, reply)
            nth += 1

    def json(self, method: str, path: str, **call: Any) -> Any:
        return self.send(method, path, **call).json()
