"""Motions as LivePortrait's keypoints, by numbers alone."""

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .support import MISSING, REPOSITORY, needs_numpy

if "numpy" not in MISSING:
    import numpy as np

    from liveportrait.cast import Ease
    from liveportrait.errors import EngineError
    from liveportrait.motion import CLAMP, eye_shares, ignored_in, read_motion, sides_of
    from liveportrait.native import read_native, rotation_matrices, rotation_vectors, sample_native


def face(first_eye_right: bool = True) -> Any:
    kp = np.zeros((21, 3), np.float32)
    kp[[11, 13, 3], 0] = 0.2 if first_eye_right else -0.2
    kp[[15, 16, 7], 0] = -kp[11, 0]
    return sides_of(kp)


@needs_numpy
class Motions(unittest.TestCase):
    def test_every_preset_begins_with_the_face_of_the_picture(self) -> None:
        presets = [path for path in (REPOSITORY / "presets").glob("*.json") if not path.name.endswith(".schema.json")]
        self.assertGreater(len(presets), 5)
        for path in presets:
            channels = json.loads(path.read_text())["channels"]
            first = {name: [track[0]["v"]] for name, track in channels.items()}
            with self.subTest(path.stem):
                asked = read_motion(first, 1, face())
                for values in (asked.exp, asked.degrees, asked.shift, asked.scale - 1, asked.shut):
                    self.assertTrue(np.allclose(values, 0))

    def test_every_preset_can_be_shown_and_moves_the_face(self) -> None:
        for path in (REPOSITORY / "presets").glob("*.json"):
            if path.name.endswith(".schema.json"):
                continue
            channels = json.loads(path.read_text())["channels"]
            peaks = {name: [max((key["v"] for key in track), key=abs)] for name, track in channels.items()}
            with self.subTest(path.stem):
                asked = read_motion(peaks, 1, face())
                parts = (np.abs(asked.exp).max() > 0.002, np.abs(asked.degrees).max() > 1, asked.shut.max() > 0.2)
                self.assertTrue(any(parts))

    def test_nothing_goes_further_than_a_face_does(self) -> None:
        loud = {name: [3.0] for name in ("jawOpen", "mouthFunnel", "mouthSmileLeft", "mouthSmileRight", "browInnerUp")}
        asked = read_motion({**loud, "headYaw": [90.0], "headPitch": [-90.0], "eyeBlinkLeft": [2.0]}, 1, face())
        self.assertTrue((np.abs(asked.exp) <= CLAMP + 1e-9).all())
        self.assertEqual(asked.degrees[0].tolist(), [-20, -25, 0])
        self.assertEqual(asked.shut[0].tolist(), [1, 0])

    def test_channels_that_cannot_be_shown_are_named_when_they_are_used(self) -> None:
        self.assertEqual(ignored_in({"tongueOut": [0, 1], "cheekPuff": [0, 0], "jawOpen": [1]}), ["tongueOut"])

    def test_the_left_eye_is_the_one_at_the_right_of_the_picture(self) -> None:
        for first_right, left, right in ((True, (11, 13), (15, 16)), (False, (15, 16), (11, 13))):
            sides = face(first_right)
            shares = eye_shares(np.array([[1.0, 0.0]], np.float32), sides)[0]
            self.assertEqual([shares[p] for p in left], [1, 1])
            self.assertEqual([shares[p] for p in right], [0, 0])
            self.assertEqual(shares[19], 0.5)
            wide = read_motion({"eyeWideLeft": [1.0]}, 1, sides).exp[0]
            self.assertLess(wide[left[0], 1], 0)
            self.assertEqual(wide[right[0], 1], 0)

    def test_eyes_look_to_the_side_that_is_named(self) -> None:
        to_their_left = read_motion({"eyeLookOutLeft": [1.0], "eyeLookInRight": [1.0]}, 1, face()).exp[0]
        self.assertGreater(to_their_left[11, 0], to_their_left[15, 0])
        self.assertGreater(to_their_left[15, 0], 0)
        up = read_motion({"eyeLookUpLeft": [1.0], "eyeLookUpRight": [1.0]}, 1, face()).exp[0]
        self.assertLess(up[11, 1], 0)

    def test_a_curve_that_is_too_short_holds_its_end(self) -> None:
        exp = read_motion({"jawOpen": [0.0, 0.5]}, 4, face()).exp
        self.assertEqual(exp[1].tolist(), exp[3].tolist())

    def test_shut_lips_take_back_no_more_than_the_jaw_has_opened(self) -> None:
        both = read_motion({"jawOpen": [0.3], "mouthClose": [0.5]}, 1, face()).exp
        self.assertLess(np.abs(both).max(), 1e-6)


@needs_numpy
class NativeTracks(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        count = 5
        random = np.random.default_rng(1)
        turns = rotation_matrices(random.normal(0, 0.1, (count, 3)).astype(np.float32))
        self.arrays = {
            "exp": random.normal(0, 0.005, (count, 63)).astype(np.float32),
            "R": turns,
            "t": random.normal(0, 0.02, (count, 3)).astype(np.float32),
            "scale": (1 + random.normal(0, 0.02, (count, 1))).astype(np.float32),
            "fps": np.float32(25),
        }

    def write(self, **changes: Any) -> dict[str, Any]:
        path = self.dir / "driving.npz"
        np.savez(path, **{**self.arrays, **changes})
        return {"liveportrait": {"file": str(path)}}

    def test_it_is_relative_to_its_first_frame_and_as_strong_as_asked(self) -> None:
        track = read_native(self.write(), self.dir)
        assert track is not None
        whole = sample_native(track, 5, 25, 1)
        self.assertLess(np.abs(whole.exp[0]).max() + np.abs(whole.R[0] - np.eye(3)).max() + np.abs(whole.t[0]).max(), 1e-6)
        self.assertLess(np.abs(whole.R[3] - track.R[3] @ track.R[0].T).max(), 1e-6)
        half = sample_native(track, 5, 25, 0.5)
        self.assertTrue(np.allclose(half.exp, whole.exp / 2, atol=1e-7))
        self.assertTrue(np.allclose(rotation_vectors(half.R), rotation_vectors(whole.R) / 2, atol=1e-5))

    def test_a_mover_shows_as_much_of_it_as_it_can_bear(self) -> None:
        track = read_native(self.write(), self.dir)
        assert track is not None
        whole = sample_native(track, 5, 25, 1)
        gentle = sample_native(track, 5, 25, 1, Ease(all=0.6, eyes=0, head=0.45))
        eyes = [11, 13, 15, 16]
        self.assertEqual(np.abs(gentle.exp[:, eyes]).max(), 0)
        rest = [point for point in range(21) if point not in eyes]
        self.assertTrue(np.allclose(gentle.exp[:, rest], whole.exp[:, rest] * 0.6, atol=1e-7))
        self.assertTrue(np.allclose(rotation_vectors(gentle.R), rotation_vectors(whole.R) * 0.45, atol=1e-5))
        self.assertTrue(np.allclose(gentle.t, whole.t * 0.45, atol=1e-7))
        self.assertTrue(np.allclose(gentle.scale - 1, (whole.scale - 1) * 0.45, atol=1e-6))
        covered = sample_native(track, 5, 25, 1, Ease(mouth=0))
        self.assertEqual(np.abs(covered.exp[:, [6, 12, 14, 17, 19, 20]]).max(), 0)
        self.assertTrue(np.allclose(covered.exp[:, eyes], whole.exp[:, eyes], atol=1e-7))
        # a face that is gentle as a whole turns no further than that
        self.assertTrue(np.allclose(sample_native(track, 5, 25, 1, Ease(all=0.3)).t, whole.t * 0.3, atol=1e-7))

    def test_other_rates_keep_its_time_and_its_end_holds(self) -> None:
        track = read_native(self.write(), self.dir)
        assert track is not None
        double = sample_native(track, 20, 50, 1)
        single = sample_native(track, 5, 25, 1)
        self.assertTrue(np.allclose(double.exp[::2][:5], single.exp, atol=1e-7))
        self.assertTrue(np.allclose(double.exp[-1], single.exp[-1]))

    def test_what_is_no_track_of_this_job_is_refused(self) -> None:
        refused: list[Any] = [
            {"liveportrait": {"file": "/etc/passwd"}},
            {"liveportrait": {"file": str(self.dir / "nothing.npz")}},
            {"liveportrait": "driving.npz"},
            self.write(exp=np.array([{"code": 1}], dtype=object)),
        ]
        for native in refused:
            with self.subTest(str(native)), self.assertRaises(EngineError) as raised:
                read_native(native, self.dir)
            self.assertEqual(raised.exception.code, "invalid_request")
        for changes in ({"scale": np.zeros((5, 1))}, {"exp": np.full((5, 63), np.nan)}, {"R": np.zeros((4, 3, 3))}):
            with self.subTest(str(list(changes))), self.assertRaises(EngineError):
                read_native(self.write(**changes), self.dir)
        self.assertIsNone(read_native(None, self.dir))
        self.assertIsNone(read_native({"other": {}}, self.dir))


if __name__ == "__main__":
    unittest.main()
