"""What an engine answers `failed` with: a code of packages/core/src/errors.ts and a sentence for the user."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class EngineError(Exception):
    """`input`: the slot whose file is at fault, where one is."""

    def __init__(self, code: str, detail: str, input: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.input = input


@contextmanager
def blaming(slot: str) -> Iterator[None]:
    """What goes wrong inside is the fault of the file in that slot."""
    try:
        yield
    except EngineError as error:
        raise EngineError(error.code, error.detail, slot) from error


def of_disk(error: OSError, detail: str) -> EngineError:
    """`storage_full` where the disk is full: the job is handed back; else `engine_failed` with the detail."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EngineError("storage_full", "There is no room for the job's files.")
    return EngineError("engine_failed", detail)


class Canceled(Exception):
    """The run was stopped by a `cancel`."""


class DeviceLost(Exception):
    """The GPU is gone or its context is broken: this process can do nothing more."""


class CannotStart(Exception):
    """Why the engine can't start; `exit_code` 3: something is missing, 4: there is no usable device."""

    def __init__(self, exit_code: int, detail: str) -> None:
        super().__init__(detail)
        self.exit_code = exit_code


# OOM that stays when the batch is as small as it can be; it may pass when whoever shares the card is done.
NO_ROOM = "The engine ran out of graphics memory. Trying again, or a smaller size, may help."
