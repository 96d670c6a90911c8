"""The file of raw frames that a run leaves for `finish`, written while the next frames are made."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from .errors import of_disk

# Batches on their way from the device to the file: enough to keep both busy, few enough to stop soon.
MOST_WAITING = 2


class FrameFile:
    """Throws `engine_failed` where the file can't be written, `storage_full` where there is no room for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: BinaryIO = path.open("xb", buffering=0)
        except OSError as error:
            raise of_disk(error, "The engine could not write its frames.") from error
        self._writer = ThreadPoolExecutor(1)
        self._waiting: list[Future[None]] = []
        self._stopped = False

    def add(self, frames: Tensor) -> None:
        """Takes packed frames n × bytes; they may be on the device. Waits while too many are on their way."""
        if frames.is_cuda:
            host = torch.empty(frames.shape, dtype=torch.uint8, pin_memory=True)
            host.copy_(frames, non_blocking=True)
            arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            arrived.record()
        else:
            host, arrived = frames, None
        self._waiting.append(self._writer.submit(self._write, host, arrived))
        while len(self._waiting) > MOST_WAITING:
            self._wait()

    def close(self) -> None:
        while self._waiting:
            self._wait()
        self._file.close()
        self._writer.shutdown()

    def abort(self) -> None:
        """Leaves no file, at once; harmless after `close`, when the file stays."""
        if self._file.closed:
            return
        self._stopped = True
        self._path.unlink(missing_ok=True)
        self._writer.submit(self._file.close)
        self._writer.shutdown(wait=False)

    def _wait(self) -> None:
        try:
            self._waiting.pop(0).result()
        except OSError as error:
            raise of_disk(error, "The engine could not write its frames.") from error

    def _write(self, host: Tensor, arrived: torch.cuda.Event | None) -> None:
        if arrived is not None:
            arrived.synchronize()
        if self._stopped:
            return
        view = memoryview(host.numpy().data).cast("B")
        while view:
            view = view[self._file.write(view) :]
