"""How the generator's many kernels are started without the CPU's delay: compiled, or recorded as a CUDA graph."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[..., Tensor]


def has_compiler() -> bool:
    """Whether what torch.compile writes for a card can be built: Triton needs a C compiler."""
    return any(shutil.which(name) for name in ("cc", "gcc", "clang"))


def compiled(step: Step, mode: str) -> Step:
    """`default`: a minute once for each card, then from the cache. `max`: tries more kernels, for many minutes."""
    names = {"default": "reduce-overhead", "max": "max-autotune"}
    fast = torch.compile(step, mode=names[mode], dynamic=False)

    def run(*arguments: Tensor) -> Tensor:
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        out: Tensor = fast(*arguments)
        return out

    return run


def capture(step: Step, examples: tuple[Tensor, ...]) -> Step:
    """The step recorded with memory of its own: arguments are copied in, and the result is written over by the next call."""
    held = tuple(example.clone() for example in examples)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.inference_mode(), torch.cuda.stream(stream):
        for _ in range(3):
            step(*held)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.inference_mode(), torch.cuda.graph(graph):
        out = step(*held)

    def run(*arguments: Tensor) -> Tensor:
        for place, argument in zip(held, arguments, strict=True):
            place.copy_(argument)
        graph.replay()
        return out

    return run
