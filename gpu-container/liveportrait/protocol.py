"""
The child's side of the pipe: packages/core/src/engine/protocol.ts on stdin and stdout.

One thread reads stdin: it answers what is no request, takes cancels, and ends the process where stdin ends. The thread that
called `serve` does the work, one request at a time.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from .errors import Canceled, DeviceLost, EngineError
from .requests import CANCEL, ENVELOPE, name_of, run_of, schemas_of
from .schema import Invalid

PROTOCOL = 2
MAX_LINE_BYTES = 32 * 1024 * 1024
PROGRESS_EVERY_S = 0.1
DEVICE_LOST_EXIT = 4

Request = dict[str, Any]
Work = Callable[[Request, "Context"], dict[str, Any]]


def claim_stdout() -> BinaryIO:
    """
    Takes stdout for the protocol: whatever is printed from now on, also by native code, goes to stderr. To be called before
    anything that prints is imported.
    """
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


class Context:
    """What a run may ask and say while it is under way."""

    def __init__(self, run: str, say: Callable[[dict[str, Any]], None]) -> None:
        self.run = run
        self.stop = threading.Event()
        self._say = say
        self._share = -1.0
        self._said_at = -1.0

    def check(self) -> None:
        """Throws Canceled once the run is to stop."""
        if self.stop.is_set():
            raise Canceled

    def progress(self, stage: str, done: float, total: float) -> None:
        """Passed on at most ten times a second, and never with a share below one that was said."""
        now = time.monotonic()
        share = done / total
        if share <= self._share or (now - self._said_at < PROGRESS_EVERY_S and done < total):
            return
        self._share, self._said_at = share, now
        self._say({"type": "progress", "run": self.run, "stage": stage, "done": done, "total": total})


class Server:
    """
    `offered`: what can be asked of this process, by the names of `schema.json`, such as `run:animate` or `extract`. `start` reads
    requests from now on, those that come before `serve` wait.
    """

    def __init__(self, source: BinaryIO, out: BinaryIO, offered: tuple[str, ...]) -> None:
        self._source = source
        self._out = out
        self._schemas = schemas_of(offered)
        self._lock = threading.Lock()
        self._current: Context | None = None
        self._waiting: queue.SimpleQueue[tuple[Request, Context]] = queue.SimpleQueue()
        self._works: dict[str, Work] = {}
        # `ready` is the first line: what is refused before it is said after it
        self._early: list[bytes] | None = []

    def start(self) -> None:
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def serve(self, engine: str, version: str, works: dict[str, Work]) -> None:
        """Says `ready` and works until the process ends. `works`: one for each name that is offered."""
        self._works = works
        kinds = [name.removeprefix("run:") for name in works if name.startswith("run:")]
        services = [name for name in works if ":" not in name]
        names = {"engine": engine, "version": version, "kinds": kinds, "checks": [], "services": services}
        self._say_ready({"type": "ready", "protocol": PROTOCOL, **names})
        while True:
            request, context = self._waiting.get()
            self._perform(request, context)

    def _perform(self, request: Request, context: Context) -> None:
        lost = False
        try:
            work = self._works[name_of(request)]
            context.check()
            result = work(request, context)
            context.check()
            reply = {"type": "done", "run": context.run, "result": result}
        except DeviceLost as error:
            lost = True
            print(f"device lost: {error}", file=sys.stderr, flush=True)
            reply = failed(context.run, "device_lost", "The graphics card went away. The job is tried again elsewhere.")
        except Exception as error:
            reply = failure_of(error, context)
        with self._lock:
            self._current = None
        self._say(reply)
        if lost:
            os._exit(DEVICE_LOST_EXIT)

    def _read(self) -> None:
        while True:
            line = self._source.readline(MAX_LINE_BYTES + 1)
            if line == b"":
                os._exit(0)
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                while (rest := self._source.readline(1 << 20)) and not rest.endswith(b"\n"):
                    pass
                self._say(failed("", "invalid_request", f"A line has at most {MAX_LINE_BYTES} bytes."))
            elif line.endswith(b"\n"):
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            request = json.loads(line, parse_constant=refuse_constant)
        except ValueError:
            return self._say(failed("", "invalid_request", "The line is not JSON."))
        run = run_of(request)
        try:
            ENVELOPE.check(request)
            name = name_of(request)
            schema = CANCEL if name == "cancel" else self._schemas.get(name)
            if schema is None:
                return self._say(failed(run, "not_supported", f'This engine process does not serve "{name}".'))
            schema.check(request)
        except Invalid as error:
            return self._say(failed(run, "invalid_request", f"The request is not valid: {error.args[0]}"))
        if name == "cancel":
            with self._lock:
                if self._current is not None and self._current.run == run:
                    self._current.stop.set()
            return None
        with self._lock:
            busy = self._current is not None
            if not busy:
                self._current = Context(run, self._say)
                self._waiting.put((request, self._current))
        if busy:
            self._say(failed(run, "unavailable", "This engine takes one request at a time."))
        return None

    def _say(self, message: dict[str, Any]) -> None:
        with self._lock:
            if self._early is None:
                self._write(line_of(message))
            else:
                self._early.append(line_of(message))

    def _say_ready(self, message: dict[str, Any]) -> None:
        with self._lock:
            early, self._early = self._early or [], None
            self._write(b"".join([line_of(message), *early]))

    def _write(self, lines: bytes) -> None:
        try:
            view = memoryview(lines)
            while view:
                view = view[self._out.write(view) :]
        except OSError:
            # nobody reads the replies any more
            os._exit(0)


def failure_of(error: Exception, context: Context) -> dict[str, Any]:
    if isinstance(error, Canceled) or context.stop.is_set():
        return failed(context.run, "canceled", "The job was canceled.")
    if isinstance(error, EngineError):
        return failed(context.run, error.code, error.detail, error.input)
    print(f"run {context.run}:", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, MemoryError):
        return failed(context.run, "engine_out_of_memory", "The engine ran out of memory; a smaller size would help.")
    detail = "The engine failed on this job. Trying again, or another picture, may help."
    return failed(context.run, "engine_failed", detail)


def failed(run: str, code: str, detail: str, slot: str | None = None) -> dict[str, Any]:
    blamed = {} if slot is None else {"input": slot}
    return {"type": "failed", "run": run, "code": code, "detail": detail, **blamed}


def line_of(message: dict[str, Any]) -> bytes:
    return json.dumps(message, allow_nan=False).encode() + b"\n"


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
