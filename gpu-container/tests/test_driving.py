"""From a driving clip to LivePortrait's own track, with a stand-in for the large networks."""

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .support import FIXTURES, MISSING, ROOT, needs_checkout, needs_packages

if not MISSING:
    import cv2
    import numpy as np

    from liveportrait.checkout import Checkout
    from liveportrait.clip import read_clip
    from liveportrait.driving import Driver, even_track
    from liveportrait.errors import EngineError
    from liveportrait.models import FaceInfo
    from liveportrait.native import read_native, rotation_matrices
    from liveportrait.protocol import Context

    from .stand_in import StandIn, open_finder

FACE = [[0.43, 0.32], [0.6, 0.316], [0.524, 0.408], [0.45, 0.462], [0.594, 0.4575]]


def write_clip(path: Path, count: int, fps: float = 25, size: tuple[int, int] = (320, 376)) -> None:
    portrait: Any = cv2.imread(str(FIXTURES / "grace_hopper.jpg"))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    for _ in range(count):
        writer.write(cv2.resize(portrait, size))
    writer.release()


@needs_checkout
class Driving(unittest.TestCase):
    def setUp(self) -> None:
        assert ROOT is not None
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.points = self.dir / "points.json"
        self.points.write_text(json.dumps([FACE]))
        checkout = Checkout(ROOT)
        self.models = StandIn(checkout, batch=4)
        finder = open_finder(checkout, self.points)
        self.driver = Driver(checkout, self.models, finder)  # type: ignore[arg-type]

    def extract(self, path: Path, seconds: float = 10) -> dict[str, Any]:
        request = {"inputs": {"driving": [{"path": str(path), "type": "video/mp4"}]}, "limits": {"seconds": seconds}}
        return self.driver.extract(request, Context("a", lambda _message: None))

    def test_a_clip_becomes_a_track_that_the_engine_itself_reads(self) -> None:
        path = self.dir / "driving.mp4"
        write_clip(path, 30)
        result = self.extract(path)
        self.assertEqual(
            result["source"] | {"fps": 0},
            {
                "kind": "video",
                "seconds": 1.2,
                "frames": 30,
                "fps": 0,
                "width": 320,
                "height": 376,
                "faces": 1,
            },
        )
        self.assertAlmostEqual(result["source"]["fps"], 25, delta=0.5)
        self.assertFalse(result["motion"]["loop"])
        track = read_native(result["motion"]["native"], self.dir)
        assert track is not None
        self.assertEqual((track.exp.shape, track.R.shape, track.fps), ((30, 21, 3), (30, 3, 3), 25))

    def test_what_is_too_long_is_cut(self) -> None:
        path = self.dir / "driving.mp4"
        write_clip(path, 40, 20)
        self.assertEqual(self.extract(path, 1)["motion"]["duration"], 1)

    def test_more_than_thirty_frames_a_second_are_thinned_out(self) -> None:
        path = self.dir / "driving.mp4"
        write_clip(path, 60, 120)
        self.assertEqual(len(list(read_clip(path, 10))), 15)

    def test_what_is_no_clip_with_a_face_says_why(self) -> None:
        path = self.dir / "driving.mp4"
        write_clip(path, 4)
        short = path.read_bytes()
        write_clip(path, 30)
        whole = path.read_bytes()
        cases = [
            (b"", "empty_file"),
            (b"#EXTM3U\nhttp://127.0.0.1/a.ts\n", "input_unreadable"),
            (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500, "input_unreadable"),
            (short, "input_unreadable"),
        ]
        for content, code in cases:
            path.write_bytes(content)
            with self.subTest(code), self.assertRaises(EngineError) as raised:
                self.extract(path)
            self.assertEqual(raised.exception.code, code)
        path.write_bytes(whole)
        self.points.write_text("[]")
        assert ROOT is not None
        checkout = Checkout(ROOT)
        self.driver = Driver(checkout, self.models, open_finder(checkout, self.points))  # type: ignore[arg-type]
        with self.assertRaises(EngineError) as raised:
            self.extract(path)
        self.assertEqual(raised.exception.code, "no_face")


@needs_packages
class Tracks(unittest.TestCase):
    def test_uneven_times_become_even_ones(self) -> None:
        import torch

        seconds = [0.0, 0.1, 0.4, 0.5]
        turns = rotation_matrices(np.array([[0, 0, t] for t in seconds], np.float32))
        values = torch.tensor(seconds)[:, None]
        info = FaceInfo(
            kp=torch.zeros(4, 21, 3),
            exp=values[:, :, None].expand(4, 21, 3),
            t=values.expand(4, 3),
            scale=1 + values,
            pitch=values,
            yaw=values,
            roll=values,
            R=torch.from_numpy(turns),
        )
        track, fps = even_track(seconds, info)
        self.assertEqual(fps, 6)
        self.assertTrue(np.allclose(track["exp"][:, 0], np.arange(len(track["exp"])) / 6, atol=1e-4))
        self.assertTrue(np.allclose(track["R"][2], rotation_matrices(np.array([[0, 0, 2 / 6]], np.float32))[0], atol=1e-4))


if __name__ == "__main__":
    unittest.main()
