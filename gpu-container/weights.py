#!/usr/bin/env python3
"""Fetches and checks the weights that weights.lock names. Needs nothing but Python.

    weights.py fetch --to DIR [--lock FILE] [--mirror URL]
    weights.py check --to DIR [--lock FILE]

Nothing is taken that has not exactly the size and the sha256 of the lock; a download goes on where it was cut off, and a file is
under its name only once it was checked. `--mirror`: a place of one's own that serves the files by their names. Ends with 0, or
with 1 and a sentence.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

TRIES = 5
TIMEOUT_S = 60
CHUNK_BYTES = 1 << 20
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]")


class Refused(Exception):
    """What is wrong, in a sentence for whoever runs this."""


@dataclass(frozen=True)
class Weight:
    name: str
    url: str
    bytes: int
    sha256: str


def read_lock(path: Path) -> list[Weight]:
    """Throws Refused for a lock that leaves anything open."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise Refused(f"{path} can't be read: {error}") from error
    return [weight_of(entry) for entry in entries]


def weight_of(entry: dict[str, object]) -> Weight:
    name, url, size, sha256 = (entry.get(key) for key in ("name", "url", "bytes", "sha256"))
    if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/"):
        raise Refused(f"The lock has a name that is not one: {name!r}.")
    if not isinstance(url, str) or str(entry.get("revision")) not in url:
        raise Refused(f"{name}: the lock names no address with a pinned revision.")
    if not isinstance(size, int) or size <= 0:
        raise Refused(f"{name}: the lock names no size.")
    if not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Refused(f"{name}: the lock names no sha256, so nothing could be checked.")
    return Weight(name, url, size, sha256)


def fetch(weights: list[Weight], to: Path, mirror: str | None) -> None:
    for weight in weights:
        path = to / weight.name
        if path.exists():
            check(weight, path)
            say(f"{weight.name}: there already")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        url = weight.url if mirror is None else f"{mirror.rstrip('/')}/{weight.name}"
        download(weight, url, part)
        try:
            check(weight, part)
        except Refused:
            # to go on with it would never make it right
            part.unlink()
            raise
        part.replace(path)
        say(f"{weight.name}: {weight.bytes / 1e6:.1f} MB, as the lock says")


def check(weight: Weight, path: Path) -> None:
    """Throws Refused for a file that is missing or not the one of the lock."""
    if not path.is_file():
        raise Refused(f"{weight.name} is missing. `weights.py fetch` gets it.")
    size = path.stat().st_size
    if size != weight.bytes:
        raise Refused(f"{path} has {size} bytes instead of {weight.bytes}. Move it away, and fetch it again.")
    sha256 = sha256_of(path)
    if sha256 != weight.sha256:
        raise Refused(f"{path} has the sha256 {sha256} instead of {weight.sha256}. It is not the file of the lock; don't use it.")


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def download(weight: Weight, url: str, part: Path) -> None:
    """Goes on where an earlier try was cut off; never writes more than is due."""
    if not url.startswith("https://") and not LOOPBACK.match(url):
        raise Refused(f"{url}: only https is taken.")
    for tries in range(1, TRIES + 1):
        try:
            return continue_download(weight, url, part)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise Refused(f"{weight.name}: {url} answered {error.code}.") from error
            problem: Exception = error
        except (OSError, http.client.HTTPException) as error:
            problem = error
        if tries < TRIES:
            time.sleep(min(30, 0.5 * 2**tries))
    raise Refused(f"{weight.name} could not be fetched from {url}: {problem}. What has come is kept; try again.")


def continue_download(weight: Weight, url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= weight.bytes:
        return
    request = urllib.request.Request(url, headers={"User-Agent": "smileloop", "Accept-Encoding": "identity"})
    if have > 0:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
        goes_on = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with part.open("ab" if goes_on else "wb") as file:
            done = have if goes_on else 0
            while chunk := reply.read(CHUNK_BYTES):
                done += len(chunk)
                if done > weight.bytes:
                    part.unlink()
                    raise Refused(f"{weight.name}: {url} sends more than the {weight.bytes} bytes of the lock.")
                file.write(chunk)
    if done < weight.bytes:
        raise OSError(f"the connection ended after {done} of {weight.bytes} bytes")


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetches and checks the weights that weights.lock names.")
    parser.add_argument("do", choices=["fetch", "check"])
    parser.add_argument("--to", type=Path, required=True, metavar="DIR")
    parser.add_argument("--lock", type=Path, default=Path(__file__).with_name("weights.lock"))
    parser.add_argument("--mirror")
    arguments = parser.parse_args()
    try:
        weights = read_lock(arguments.lock)
        if arguments.do == "fetch":
            fetch(weights, arguments.to, arguments.mirror)
        for weight in weights:
            if arguments.do == "check":
                check(weight, arguments.to / weight.name)
    except Refused as refused:
        print(f"weights.py: {refused}", file=sys.stderr)
        return 1
    say(f"All {len(weights)} weights are there and as the lock says.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
