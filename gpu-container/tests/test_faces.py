"""Finding faces, on what a detector answers; and that InsightFace's models are out of reach."""

import tempfile
import unittest
from pathlib import Path
from typing import Any

from .support import MISSING, ROOT, needs_checkout, needs_packages, run_python

if not MISSING:
    import numpy as np

    from liveportrait.checkout import Checkout
    from liveportrait.faces import FaceFinder, Found, YuNet, eye_distance, open_session
    from tools.random_weights import plain_face, write_landmarks


class Session:
    """A YuNet that sees what it is told: faces as middle and width in pixels of the canvas, and how sure it is."""

    def __init__(self, *faces: tuple[float, float, float, float]) -> None:
        self.faces = faces
        self.seen: list[Any] = []

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "input"})]

    def get_outputs(self) -> list[Any]:
        names = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]
        return [type("Output", (), {"name": name}) for name in names]

    def run(self, _names: None, inputs: dict[str, Any]) -> list[Any]:
        self.seen.append(inputs["input"])
        out: dict[str, Any] = {}
        for stride in (8, 16, 32):
            side = 640 // stride
            out[f"cls_{stride}"] = np.zeros((1, side * side, 1), np.float32)
            out[f"obj_{stride}"] = np.zeros((1, side * side, 1), np.float32)
            out[f"bbox_{stride}"] = np.zeros((1, side * side, 4), np.float32)
            out[f"kps_{stride}"] = np.zeros((1, side * side, 10), np.float32)
        for x, y, width, score in self.faces:
            for stride in (16, 32):
                column, row = int(x / stride), int(y / stride)
                cell = row * (640 // stride) + column
                out[f"cls_{stride}"][0, cell] = score
                out[f"obj_{stride}"][0, cell] = score
                offset = [x / stride - column, y / stride - row]
                out[f"bbox_{stride}"][0, cell] = [*offset, *[np.log(width / stride)] * 2]
                five = [[-0.2, -0.1], [0.2, -0.1], [0, 0.05], [-0.15, 0.25], [0.15, 0.25]]
                points = np.array(five) * width / stride + offset
                out[f"kps_{stride}"][0, cell] = points.reshape(-1)
        return [out[output.name] for output in self.get_outputs()]


@needs_packages
class Detection(unittest.TestCase):
    def test_places_are_those_of_the_picture_and_each_face_is_found_once(self) -> None:
        session: Any = Session((200, 160, 100, 0.9), (400, 160, 60, 0.8), (100, 300, 50, 0.3))
        found = YuNet(session).find(np.zeros((640, 1280, 3), np.uint8))
        self.assertEqual(len(found), 2)
        first = found[0]
        self.assertTrue(np.allclose(first.points[0], [(200 - 20) * 2, (160 - 10) * 2], atol=1e-3))
        self.assertAlmostEqual(first.score, 0.9, places=5)

    def test_the_network_sees_blue_green_red_and_a_margin_of_black(self) -> None:
        session: Any = Session((200, 160, 100, 0.9))
        picture = np.zeros((320, 640, 3), np.uint8)
        picture[:] = (10, 20, 30)
        YuNet(session).find(picture)
        self.assertEqual(session.seen[0].shape, (1, 3, 640, 640))
        self.assertEqual(session.seen[0][0, :, 10, 10].tolist(), [30, 20, 10])
        self.assertEqual(session.seen[0][0, :, 400, 10].tolist(), [0, 0, 0])

    def test_a_picture_that_seems_empty_is_looked_at_more_closely(self) -> None:
        session: Any = Session()
        self.assertEqual(YuNet(session).find(np.zeros((1280, 960, 3), np.uint8)), [])
        self.assertEqual(len(session.seen), 6)


@needs_checkout
class Landmarks(unittest.TestCase):
    def test_five_points_are_cut_as_the_whole_face_is(self) -> None:
        """Taken as they are, they would give a crop less than half as wide."""
        assert ROOT is not None
        with tempfile.TemporaryDirectory() as folder:
            write_landmarks(Path(folder) / "landmark.onnx")
            session = open_session(Path(folder) / "landmark.onnx")
        face = plain_face()
        side = 400.0
        whole = face * side + 100
        five = np.stack([whole[0:24].mean(0), whole[24:48].mean(0), whole[202], whole[48], whole[66]])
        detector: Any = type("Given", (), {"find": lambda _self, _rgb: [Found(five, 1.0), Found(five + 2, 0.9)]})()
        finder = FaceFinder(Checkout(ROOT), detector, session)
        faces = finder.find(np.zeros((700, 700, 3), np.uint8))
        self.assertEqual(len(faces), 1)
        self.assertLess(abs(faces[0].eye_distance / eye_distance(whole) - 1), 0.25)
        tight = finder.landmarks(np.zeros((700, 700, 3), np.uint8), five)
        self.assertLess(eye_distance(tight) / eye_distance(whole), 0.6)


@needs_checkout
class Licences(unittest.TestCase):
    def test_the_loader_of_insightface_cannot_be_reached(self) -> None:
        code = """
import sys
from pathlib import Path
from liveportrait.checkout import Checkout, FORBIDDEN
import liveportrait.engine
checkout = Checkout(Path(sys.argv[1]))
checkout.networks()
reached = [name for name in sys.modules if "insightface" in name or "face_analysis" in name or "cropper" in name]
assert reached == [], reached
for name in (*FORBIDDEN, "src.utils.dependencies.insightface.app", "src.utils.dependencies.insightface.utils.storage"):
    try:
        __import__(name)
    except ImportError as error:
        assert "commercially" in str(error), error
    else:
        raise SystemExit(f"{name} can be imported")
print("out of reach")
"""
        done = run_python(code, str(ROOT))
        self.assertEqual((done.stdout, done.returncode), ("out of reach\n", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
