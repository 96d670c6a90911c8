"""
    python bench.py [--root CHECKOUT] [--weights DIR] [--device cuda] [--frames 75] [--sizes 512,1280] [--out FILE]

measures LivePortrait's own `execute()`, the same with its compile flag, this engine, and the same compiled, side by side on one
device, each in a process of its own, and prints tables. Without `--weights`, random ones are made: the arithmetic is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

PORTRAIT = HERE.parent / "test" / "fixtures" / "grace_hopper.jpg"
# W and G for one frame of 512×512, counted as two for each multiplication with its addition.
TFLOP_PER_FRAME = 1.23
PARTS = ("stock", "stock-compiled", "ours", "ours-compiled")
FPS = 25
WARM = 2
FACE = [[0.43, 0.32], [0.6, 0.316], [0.524, 0.408], [0.45, 0.462], [0.594, 0.4575]]


def main() -> None:
    options = read_arguments()
    if options.part:
        result = (bench_ours if options.part.startswith("ours") else bench_stock)(options)
        Path(options.result).write_text(json.dumps(result))
        return
    with tempfile.TemporaryDirectory(prefix="smileloop bench ") as name:
        folder = Path(name)
        prepare(options, folder)
        device = torch.device(options.device)
        rate = matrix_rate(device)
        results = {part: run_part(part, options, folder) for part in options.parts.split(",")}
        start = cold_start(options, folder)
    text = report(options, rate, results, start)
    print(text)
    if options.out:
        Path(options.out).write_text(text)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.environ.get("LIVEPORTRAIT_ROOT"), help="or LIVEPORTRAIT_ROOT")
    parser.add_argument("--weights", default=os.environ.get("LIVEPORTRAIT_RANDOM_WEIGHTS"))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--frames", type=int, default=75)
    parser.add_argument("--sizes", default="512,1280", help="sides of the square picture that the face is pasted back into")
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--compile", default="auto", help="as the engine's own option; of ours-compiled it is default")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest counts")
    parser.add_argument("--parts", default="", help=f"of {', '.join(PARTS)}; without a GPU, not the compiled ones")
    parser.add_argument("--out")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--result", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.root:
        parser.error("--root or LIVEPORTRAIT_ROOT has to name a checkout of LivePortrait")
    if not options.weights:
        options.weights = str(Path(tempfile.gettempdir()) / "smileloop-random-weights-1")
    if not options.parts:
        options.parts = ",".join(PARTS if options.device.startswith("cuda") else ("stock", "ours"))
    options.batch = options.batch or (8 if options.device.startswith("cuda") else 2)
    return options


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """The pictures, one motion for all, and the weights."""
    from tools.random_weights import plain_face, write_weights
    from tools.stock import template_of

    if not (Path(options.weights) / "liveportrait").is_dir():
        write_weights(Path(options.root), Path(options.weights))
    portrait: Any = cv2.imread(str(PORTRAIT))
    for size in sizes_of(options):
        cv2.imwrite(str(folder / f"{size}.png"), cv2.resize(portrait, (size, size)))
        np.save(folder / f"{size}.npy", (plain_face() * 0.66 + [0.18, 0.05]).astype(np.float32) * size)
    wave = (np.sin(np.linspace(0, 2 * np.pi, options.frames, endpoint=False)) * 0.5).astype(np.float32)
    exp = np.zeros((options.frames, 21, 3), np.float32)
    exp[:, 19, 1] = np.abs(wave) * 0.08
    one = np.ones((options.frames, 1), np.float32)
    turns = np.repeat(np.eye(3, dtype=np.float32)[None], options.frames, axis=0)
    shift = np.zeros((options.frames, 3), np.float32)
    shift[:, 0] = wave * 0.02
    (folder / "motion.pkl").write_bytes(pickle.dumps(template_of(exp, turns, shift, one, FPS)))


def run_part(part: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """In a process of its own, so that none has the other's memory, settings or compiled kernels."""
    result = folder / f"{part}.json"
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder), "--result", str(result)]
    for name in ("root", "weights", "device", "frames", "sizes", "batch", "compile", "repeats"):
        command += [f"--{name}", str(getattr(options, name))]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    print(f"{part}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if not result.exists():
        return {"failed": done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]}
    return dict(json.loads(result.read_text()))


def bench_stock(options: argparse.Namespace) -> dict[str, Any]:
    from tools.stock import Arguments, open_stock

    folder = Path(options.folder)
    on_gpu = options.device.startswith("cuda")
    flags = {"flag_force_cpu": not on_gpu, "flag_use_half_precision": on_gpu, "flag_do_torch_compile": "compiled" in options.part}
    first = sizes_of(options)[0]
    pipeline = open_stock(Path(options.root), Path(options.weights), np.load(folder / f"{first}.npy"), **flags)
    wrapper = pipeline.live_portrait_wrapper
    image = cv2.resize(np.asarray(cv2.imread(str(folder / f"{first}.png"))), (256, 256))[..., ::-1].copy()
    prepared = wrapper.prepare_source(image)
    info = wrapper.get_kp_info(prepared)
    volume = wrapper.extract_feature_3d(prepared)
    x_s = wrapper.transform_keypoint(info)

    def warp() -> Any:
        with torch.no_grad(), wrapper.inference_ctx():
            return wrapper.warping_module(volume, kp_source=x_s, kp_driving=x_s)["out"]

    warped = warp().clone()

    def generate() -> Any:
        with torch.no_grad(), wrapper.inference_ctx():
            return wrapper.spade_generator(feature=warped)

    modules = {
        "F": timed(lambda: wrapper.extract_feature_3d(prepared), options),
        "M": timed(lambda: wrapper.get_kp_info(prepared), options),
        "S": timed(lambda: wrapper.stitching(x_s, x_s), options),
        "W": timed(warp, options),
        "G": timed(generate, options),
        "W + G": timed(lambda: wrapper.warp_decode(volume, x_s, x_s), options),
    }
    whole = {}
    for size in sizes_of(options):
        from tools import stock

        landmarks = np.load(folder / f"{size}.npy")
        pipeline.cropper = stock.cropper_for(landmarks)(pipeline.cropper.crop_cfg)
        arguments = Arguments(folder / f"{size}.png", folder / "motion.pkl", folder / "stock")
        whole[str(size)] = {"total": least(partial(pipeline.execute, arguments), options)}
    return {"modules": modules, "whole": whole, **memory(options)}


def bench_ours(options: argparse.Namespace) -> dict[str, Any]:
    from liveportrait.checkout import Checkout
    from liveportrait.device import choose_device
    from liveportrait.faces import LANDMARKS, FaceFinder, GivenPoints, open_session
    from liveportrait.keypoints import source_keypoints
    from liveportrait.models import Models
    from liveportrait.paste import read_mask
    from liveportrait.render import Renderer
    from liveportrait.sources import Sources

    folder = Path(options.folder)
    checkout = Checkout(Path(options.root))
    weights = Path(options.weights)
    mode = "default" if "compiled" in options.part else options.compile
    models = Models(checkout, weights, choose_device(options.device), options.batch, mode)
    models.warm_up()
    image = cv2.resize(np.asarray(cv2.imread(str(folder / f"{sizes_of(options)[0]}.png"))), (256, 256))[..., ::-1].copy()
    info = models.read_faces(image[None])
    features = models.read_features(image)
    x_s = source_keypoints(info)
    x_d = x_s.expand(models.batch, -1, -1).contiguous()
    with torch.inference_mode():
        warped = models.warping(features, x_s, x_d).contiguous(memory_format=models.generator_input)
        modules = {
            "F": timed(lambda: models.read_features(image), options),
            "M": timed(lambda: models.read_faces(image[None]), options),
            "S": timed(lambda: models.stitch(x_s, x_d), options) / models.batch,
            "W": timed(lambda: models.warping(features, x_s, x_d), options) / models.batch,
            "G": timed(lambda: models.generator(warped), options) / models.batch,
            "W + G": timed(lambda: models.generate(features, x_s, x_d), options) / models.batch,
        }
    finder = FaceFinder(checkout, GivenPoints(None), open_session(weights / LANDMARKS))
    whole = {}
    for size in sizes_of(options):
        times: list[dict[str, float]] = []
        for _ in range(options.repeats):
            # a picture that was never seen
            renderer = Renderer(models, Sources(checkout, models, finder), read_mask(checkout))
            times.append(one_clip(renderer, options, folder, size))
        whole[str(size)] = min(times, key=lambda one: one["total"])
    return {"modules": modules, "whole": whole, "batch": models.batch, "start": models.timings, **memory(options)}


def one_clip(renderer: Any, options: argparse.Namespace, folder: Path, size: int) -> dict[str, float]:
    """Milliseconds by stage, from the picture's file to the MP4."""
    from liveportrait.protocol import Context

    frames = options.frames
    wave = np.abs(np.sin(np.linspace(0, 2 * np.pi, frames, endpoint=False))).tolist()
    channels = {"jawOpen": wave, "eyeBlinkLeft": wave, "eyeBlinkRight": wave, "headYaw": [8 * v for v in wave]}
    video = folder / "ours.mp4"
    whole = {"width": size, "height": size}
    request = {
        "inputs": {"image": [{"path": str(folder / f"{size}.png"), "type": "image/png"}]},
        "params": {"intensity": 1, "seed": 0},
        "cast": {
            "picture": whole,
            "frame": {"crop": {"x": 0, "y": 0, **whole}, **whole},
            "movers": [{"points": [[x * size, y * size] for x, y in FACE], "ease": {"all": 1, "eyes": 1, "head": 1}}],
        },
        "motion": {"fps": FPS, "frames": frames, "faces": [{"channels": channels}]},
        "outputs": {"video": str(video)},
    }
    started = time.perf_counter()
    result = renderer.animate(request, Context("bench", lambda _message: None))
    rendered = time.perf_counter()
    raw = Path(result["outputs"]["frames"]["path"])
    encode(raw, video, result["outputs"]["video"])
    ended = time.perf_counter()
    raw.unlink()
    return {**result["timings"], "encode": (ended - rendered) * 1000, "total": (ended - started) * 1000}


def encode(raw: Path, video: Path, spec: dict[str, Any]) -> None:
    """With the settings of packages/engine/src/media/h264.ts, so that Node need not be on the machine."""
    import imageio_ffmpeg  # type: ignore[import-untyped]

    size = f"{spec['width']}x{spec['height']}"
    given = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", str(spec["fps"]), "-i", str(raw)]
    made = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", "2", "-movflags", "+faststart", str(video)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *given, *made]
    subprocess.run(command, check=True)


def cold_start(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """From the start of the process to `ready`, twice: the second finds what the first has compiled."""
    command = [sys.executable, "-B", "-m", "liveportrait", "--root", options.root, "--weights", options.weights]
    command += ["--cache", str(folder / "cache"), "--device", options.device, "--batch", str(options.batch)]
    command += ["--compile", options.compile, "--detector", f"points:{folder / 'points.json'}"]
    environment = {"PYTHONPATH": str(HERE), "PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    told: dict[str, Any] = {}
    for which in ("first", "again"):
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdout
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
        _, errors = process.communicate()
        told[which] = {"seconds": seconds if '"ready"' in line else None, "said": errors.strip().splitlines()[-1:]}
    return told


def matrix_rate(device: torch.device) -> float:
    """TFLOP a second of a large product of matrices, 16 bits on a GPU."""
    on_gpu = device.type == "cuda"
    side = 8192 if on_gpu else 1024
    a = torch.randn(side, side, device=device, dtype=torch.float16 if on_gpu else torch.float32)
    best = float("inf")
    for _ in range(10):
        wait(device)
        started = time.perf_counter()
        for _ in range(5):
            a @ a
        wait(device)
        best = min(best, (time.perf_counter() - started) / 5)
    return 2 * side**3 / best / 1e12


def timed(work: Callable[[], Any], options: argparse.Namespace) -> float:
    """Milliseconds of one call: the least of some means, after warming up."""
    device = torch.device(options.device)
    on_gpu = device.type == "cuda"
    for _ in range(WARM + 2 if on_gpu else 1):
        work()
    best = float("inf")
    for _ in range(options.repeats if on_gpu else 1):
        wait(device)
        started = time.perf_counter()
        calls = 10 if on_gpu else 1
        for _ in range(calls):
            work()
        wait(device)
        best = min(best, (time.perf_counter() - started) / calls)
    return best * 1000


def least(work: Callable[[], Any], options: argparse.Namespace) -> float:
    """Milliseconds of the fastest of some runs; the first on a GPU only warms up."""
    times = []
    for _ in range(options.repeats + 1 if options.device.startswith("cuda") else 1):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return min(times)


def memory(options: argparse.Namespace) -> dict[str, float]:
    if not options.device.startswith("cuda"):
        return {}
    return {"allocated_gib": torch.cuda.max_memory_allocated() / 2**30, "reserved_gib": torch.cuda.max_memory_reserved() / 2**30}


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def sizes_of(options: argparse.Namespace) -> list[int]:
    return [int(size) for size in options.sizes.split(",")]


def report(options: argparse.Namespace, rate: float, results: dict[str, dict[str, Any]], start: dict[str, Any]) -> str:
    on_gpu = options.device.startswith("cuda")
    name = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    roofline = TFLOP_PER_FRAME / rate * 1000
    sound = {part: result for part, result in results.items() if "failed" not in result}
    lines = [
        f"## {name}",
        "",
        f"PyTorch {torch.__version__}, {options.frames} frames, batch {sound.get('ours', {}).get('batch', options.batch)} (ours). "
        f"Matrices: {rate:.2f} TFLOP/s, so a frame ({TFLOP_PER_FRAME} TFLOP) takes {roofline:.2f} ms at the least.",
        "",
        f"| ms | {' | '.join(sound)} |",
        f"| --- |{' --- |' * len(sound)}",
    ]
    rows: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
        *((f"{net} per frame", partial(at, "modules", net)) for net in ("W", "G", "W + G", "S")),
        *((f"{net} once", partial(at, "modules", net)) for net in ("F", "M")),
        ("W + G / roofline", lambda r: r["modules"]["W + G"] / roofline),
    ]
    for size in options.sizes.split(","):
        rows.append((f"{options.frames} frames at {size}, photo to MP4", partial(at, "whole", size, "total")))
        for stage in ("decode", "detect", "rig", "render", "encode"):
            rows.append((f"of which {stage}", partial(at, "whole", size, stage)))
    if on_gpu:
        rows.append(("GiB allocated at the most", partial(at, "allocated_gib")))
        rows.append(("GiB reserved at the most", partial(at, "reserved_gib")))
    for label, read in rows:
        values = [read(result) for result in sound.values()]
        cells = [f"{value:.2f}" if value is not None else "" for value in values]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    lines += [""]
    lines += [f"{part}: {' '.join(result['failed'])}" for part, result in results.items() if "failed" in result]
    for which, told in start.items():
        seconds = f"{told['seconds']:.1f} s" if told["seconds"] else "failed"
        lines.append(f"Cold start, {which}: {seconds} ({' '.join(told['said'])})")
    return "\n".join(lines) + "\n"


def at(*path_and_result: Any) -> Any:
    """What lies at a path in a result; None where there is nothing."""
    *path, value = path_and_result
    for name in path:
        value = value.get(name) if value is not None else None
    return value


if __name__ == "__main__":
    main()
