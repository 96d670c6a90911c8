"""The loop from a request to raw frames, with a stand-in for the large networks."""

import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

from .support import CONTAINER, FIXTURES, MISSING, ROOT, needs_checkout

if not MISSING:
    import numpy as np
    from PIL import Image

    from liveportrait.checkout import Checkout
    from liveportrait.errors import Canceled, EngineError
    from liveportrait.picture import decode_picture
    from liveportrait.protocol import Context
    from liveportrait.sources import KEEP_SECONDS

    from .stand_in import StandIn, open_renderer

FACE = [[0.43, 0.32], [0.6, 0.316], [0.524, 0.408], [0.45, 0.462], [0.594, 0.4575]]
# Of the sample portrait.
WIDTH, HEIGHT = 512, 600
SQUARE = {"crop": {"x": 100, "y": 80, "width": 330, "height": 330}, "width": 256, "height": 256, "enlarged": 1}
WHOLE = {"crop": {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}, "width": WIDTH, "height": HEIGHT, "enlarged": 1}


def cast_of(frame: dict[str, Any], *faces: list[list[float]]) -> dict[str, Any]:
    """`faces`: five points each, as shares of the picture's width and height."""
    movers = [
        {"index": nth, "points": [[x * WIDTH, y * HEIGHT] for x, y in face], "ease": {"all": 1, "eyes": 1, "head": 1}}
        for nth, face in enumerate(faces)
    ]
    return {"picture": {"width": WIDTH, "height": HEIGHT}, "frame": frame, "faces": len(faces), "movers": movers}


@needs_checkout
class Rendering(unittest.TestCase):
    def setUp(self) -> None:
        assert ROOT is not None
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.models = StandIn(Checkout(ROOT), batch=4)
        self.renderer: Any = open_renderer(self.models, ROOT)
        self.said: list[dict[str, Any]] = []

    def request(self, frames: int = 6, cast: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        channels = {"headPitch": np.linspace(0, 10, frames).tolist(), "tongueOut": [1.0] * frames}
        return {
            "type": "run",
            "run": "a",
            "kind": "animate",
            "inputs": {"image": [{"path": str(FIXTURES / "grace_hopper.jpg"), "type": "image/jpeg"}]},
            "params": {"intensity": 1, "seed": 0},
            "cast": cast or cast_of(SQUARE, FACE),
            "motion": {"fps": 29.97, "frames": frames, "faces": [{"channels": channels}], **changes.pop("motion", {})},
            "outputs": {"video": str(self.dir / "v.mp4")},
            "provenance": {"job": "j", "engine": "liveportrait", "version": "1", "mark": None},
            **changes,
        }

    def animate(self, request: dict[str, Any]) -> dict[str, Any]:
        self.context = Context("a", self.said.append)
        result: dict[str, Any] = self.renderer.animate(request, self.context)
        return result

    def stop(self) -> None:
        self.context.stop.set()

    def take(self) -> "np.ndarray":
        path = self.dir / "v.mp4.yuv"
        frames = np.fromfile(path, np.uint8)
        path.unlink()
        return frames

    def test_frames_rate_and_size_are_those_that_were_asked_for(self) -> None:
        result = self.animate(self.request())
        video = {"width": 256, "height": 256, "fps": 29.97, "frames": 6}
        self.assertEqual(result["outputs"]["video"], video)
        self.assertEqual(result["outputs"]["frames"], {"path": str(self.dir / "v.mp4.yuv"), "pixels": "yuv420p"})
        self.assertEqual((result["warnings"], result["ignoredChannels"]), ([], ["tongueOut"]))
        frames = self.take().reshape(6, -1)
        self.assertEqual(frames.shape[1], 256 * 256 * 3 // 2)
        self.assertTrue(all((frames[n] != frames[0]).any() for n in range(1, 6)))
        self.assertEqual([one["done"] / one["total"] for one in self.said][-1], 1)

    def test_a_face_that_speaks_is_rendered_as_any_other_and_its_sound_is_left_to_others(self) -> None:
        jaw = (0.3 - 0.3 * np.cos(np.arange(6))).tolist()
        request = self.request(motion={"faces": [{"channels": {"jawOpen": jaw}}]})
        image = request["inputs"]["image"]
        audio = [{"path": str(self.dir / "none.wav"), "type": "audio/wav"}]
        result = self.animate({**request, "kind": "talk", "params": {"seed": 0}, "inputs": {"image": image, "audio": audio}})
        self.assertEqual(result["outputs"]["frames"]["pixels"], "yuv420p")
        frames = self.take().reshape(6, -1)
        self.assertTrue((frames[3] != frames[0]).any())

    def test_the_whole_picture_keeps_its_size(self) -> None:
        result = self.animate(self.request(1, cast_of(WHOLE, FACE)))
        self.assertEqual((result["outputs"]["video"]["width"], result["outputs"]["video"]["height"]), (512, 600))

    def test_a_batch_that_is_too_large_for_the_card_is_halved_and_the_clip_is_the_same(self) -> None:
        self.animate(self.request())
        whole = self.take()
        self.models.most_frames = 1
        self.animate(self.request())
        self.assertEqual(self.models.batch, 1)
        self.assertTrue((self.take() == whole).all())

    def test_a_card_without_room_for_one_frame_says_so_and_leaves_no_file(self) -> None:
        self.models.most_frames = 0
        with self.assertRaises(EngineError) as raised:
            self.animate(self.request())
        self.assertEqual(raised.exception.code, "engine_out_of_memory")
        self.assertEqual([path.name for path in self.dir.iterdir()], [])
        self.models.most_frames = 4
        self.animate(self.request())

    def test_a_cancel_stops_between_batches_and_leaves_no_file(self) -> None:
        self.models.slow_s = 0.02
        timer = threading.Timer(0.3, self.stop)
        timer.start()
        with self.assertRaises(Canceled):
            self.animate(self.request(500))
        timer.join()
        self.assertEqual([path.name for path in self.dir.iterdir()], [])

    def test_a_picture_that_was_seen_a_moment_ago_is_not_read_again_and_forgotten_later(self) -> None:
        self.animate(self.request(1))
        self.take()
        self.animate(self.request(2, cast_of(WHOLE, FACE)))
        self.take()
        self.assertEqual(self.models.reads, 1)
        sources = self.renderer._sources
        for kept in sources._kept.values():
            kept.used_at -= KEEP_SECONDS + 1
        sources.forget()
        self.assertEqual(len(sources._kept), 0)

    def test_each_mover_has_its_own_curves(self) -> None:
        second = [[x * 0.4, y * 0.4 + 0.5] for x, y in FACE]
        cast = cast_of(WHOLE, FACE, second)
        nod: dict[str, Any] = {"channels": {"headPitch": [0, 5, 10, 5]}}
        still: dict[str, Any] = {"channels": {}}
        frames = []
        for faces in ([nod, nod], [nod, still]):
            self.animate(self.request(4, cast, motion={"faces": faces}))
            frames.append(self.take())
        self.assertFalse((frames[0] == frames[1]).all())
        with self.assertRaises(EngineError) as raised:
            self.animate(self.request(4, cast, motion={"faces": [nod]}))
        self.assertEqual(raised.exception.code, "invalid_request")

    def test_a_cast_of_another_picture_is_refused(self) -> None:
        cast = {**cast_of(WHOLE, FACE), "picture": {"width": 64, "height": 48}}
        with self.assertRaises(EngineError) as raised:
            self.animate(self.request(1, cast))
        self.assertEqual(raised.exception.code, "invalid_request")

    def test_pictures_are_upright_on_grey_and_in_srgb(self) -> None:
        path = self.dir / "p.png"
        Image.fromarray(np.array([[[255, 0, 0, 0], [0, 0, 255, 255]]], np.uint8)).save(path)
        self.assertEqual(decode_picture(path).rgb.tolist(), [[[224, 224, 224], [0, 0, 255]]])
        exif = Image.Exif()
        exif[274] = 6
        Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(self.dir / "p.jpg", exif=exif)
        self.assertEqual((decode_picture(self.dir / "p.jpg").width, decode_picture(self.dir / "p.jpg").height), (10, 20))
        whole = (self.dir / "p.jpg").read_bytes()
        (self.dir / "unended.jpg").write_bytes(whole[:-2])
        self.assertEqual(decode_picture(self.dir / "unended.jpg").rgb.tolist(), decode_picture(self.dir / "p.jpg").rgb.tolist())
        for content, code in ((b"", "empty_file"), (b"GIF89a", "unsupported_type"), (b"\xff\xd8\xff\xe0junk", "input_unreadable")):
            path.write_bytes(content)
            with self.assertRaises(EngineError) as raised:
                decode_picture(path)
            self.assertEqual(raised.exception.code, code)


@needs_checkout
class Starting(unittest.TestCase):
    def test_what_is_missing_is_said_in_a_sentence(self) -> None:
        cases = [(("--root", "/nowhere"), 3, "There is no LivePortrait checkout in /nowhere"), (("--device", "cuda:7"), 4, "GPU")]
        for changes, exit_code, sentence in cases:
            with self.subTest(sentence), tempfile.TemporaryDirectory() as name:
                options = {"--root": str(ROOT), "--weights": name, "--cache": name, "--device": "cpu", changes[0]: changes[1]}
                done = run_open([word for pair in options.items() for word in pair])
                self.assertEqual((done[0], done[1]), (exit_code, ""), done[2])
                self.assertIn(sentence, done[2].splitlines()[0])


def run_open(arguments: list[str]) -> tuple[int, str, str]:
    """As a worker starts it: stdin stays open."""
    environment = {"PYTHONPATH": str(CONTAINER), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-m", "liveportrait", *arguments]
    reading, writing = os.pipe()
    try:
        done = subprocess.run(command, env=environment, stdin=reading, capture_output=True, text=True, check=False)
    finally:
        os.close(reading)
        os.close(writing)
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    unittest.main()
