"""
    python -m liveportrait --root CHECKOUT --weights DIR --cache DIR [--device auto|cpu|cuda[:n]] [--batch N]

speaks the engine protocol on stdin and stdout. It needs no environment. Exit codes before `ready`: 2 arguments, 3 something
is missing, 4 no usable device; stderr begins with a sentence that says what.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import VERSION
from .errors import CannotStart
from .protocol import Server, claim_stdout

OFFERED = ("run:animate", "run:talk", "extract")


def main() -> None:
    out = claim_stdout()
    options = read_arguments()
    server = Server(sys.stdin.buffer, out, OFFERED)
    server.start()
    try:
        # torch keeps what it compiles for the card; the environment is read when it is imported
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(options.cache / "inductor")
        os.environ["TRITON_CACHE_DIR"] = str(options.cache / "triton")
        from .engine import open_engine

        engine = open_engine(options)
    except CannotStart as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(error.exit_code)
    except ImportError as error:
        print(f"A Python package is missing: {error}", file=sys.stderr, flush=True)
        os._exit(3)
    server.serve("liveportrait", VERSION, engine.works())


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="liveportrait", allow_abbrev=False)
    parser.add_argument("--root", type=Path, required=True, help="LivePortrait's checkout")
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is compiled")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:n")
    parser.add_argument("--batch", type=int, default=0, help="frames at a time; 0: 8 on a GPU, 1 on a CPU")
    parser.add_argument("--compile", choices=["auto", "off", "graphs", "default", "max"], default="auto")
    parser.add_argument("--detector", default="yunet", help="yunet, or points:FILE for tests")
    options = parser.parse_args()
    for name in ("root", "weights", "cache"):
        setattr(options, name, getattr(options, name).absolute())
    return options


if __name__ == "__main__":
    main()
