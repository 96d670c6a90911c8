"""Faces back in their places: against LivePortrait's own paste, and as planes."""

import unittest

from .support import MISSING, ROOT, needs_checkout, needs_packages

if not MISSING:
    import cv2
    import numpy as np
    import torch

    from liveportrait.checkout import Checkout
    from liveportrait.paste import Paster, place_of, read_mask, sampled, to_planes

CPU = "cpu"


def smooth(height: int, width: int, seed: int) -> "np.ndarray":
    small = np.random.default_rng(seed).integers(0, 255, (height // 40 + 2, width // 40 + 2, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def turned(scale: float, degrees: float, x: float, y: float) -> "np.ndarray":
    """Frame to crop: `scale` crop pixels for one of the frame."""
    turn = np.radians(degrees)
    matrix = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.vstack([np.hstack([matrix, [[x], [y]]]), [[0, 0, 1]]])


@needs_packages
class Planes(unittest.TestCase):
    def test_they_are_those_of_the_built_in_engine(self) -> None:
        rgb = np.random.default_rng(5).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        y, u, v = (plane[0].numpy() for plane in to_planes(torch.from_numpy(rgb).permute(2, 0, 1).float()[None]))
        weights = np.array([0.2126, 0.7152, 0.0722])
        self.assertTrue((y == np.floor(16.5 + rgb @ weights * 219 / 255)).all())
        for row in range(3):
            for column in range(4):
                left = max(0, 2 * column - 1)
                lines = rgb[2 * row : 2 * row + 2].astype(float).sum(axis=0)
                mixed = (lines[left] + 2 * lines[2 * column] + lines[2 * column + 1]) / 8
                grey = mixed @ weights
                self.assertAlmostEqual(int(u[row, column]), 128 + (mixed[2] - grey) * 224 / 255 / 1.8556, delta=0.51)
                self.assertAlmostEqual(int(v[row, column]), 128 + (mixed[0] - grey) * 224 / 255 / 1.5748, delta=0.51)


@needs_checkout
class Pasting(unittest.TestCase):
    def setUp(self) -> None:
        assert ROOT is not None
        self.checkout = Checkout(ROOT)
        self.mask = read_mask(self.checkout)
        self.device = torch.device(CPU)

    def test_it_is_what_livepotrait_itself_pastes(self) -> None:
        still, crop = smooth(400, 500, 1), smooth(512, 512, 2)
        for to_crop in (turned(1.3, 12, -90, 30), turned(0.8, -20, 60, -100), turned(1.45, 0, -40, -40)):
            to_frame = np.linalg.inv(to_crop)
            mask = cv2.cvtColor((self.mask[0, 0].numpy() * 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)
            weights = self.checkout.crop.prepare_paste_back(mask, to_frame, (500, 400))
            theirs = self.checkout.crop.paste_back(crop, to_frame, still, weights)
            place = place_of(to_crop, 500, 400, self.mask, self.device)
            assert place is not None
            made = torch.from_numpy(crop).permute(2, 0, 1).float()[None] / 255
            part = torch.from_numpy(still).permute(2, 0, 1).float()[None]
            rows, columns = slice(place.top, place.bottom), slice(place.left, place.right)
            before = part[:, :, rows, columns]
            part[:, :, rows, columns] = before + place.mask * (sampled(made, place.grid) * 255 - before)
            apart = np.abs(part[0].permute(1, 2, 0).numpy() - theirs)
            self.assertLess(apart.mean(), 0.7)
            self.assertLess(apart.max(), 8)

    def test_what_is_no_face_stays_bit_by_bit(self) -> None:
        still = smooth(240, 320, 3)
        to_crop = turned(3, 8, -300, -120)
        place = place_of(to_crop, 320, 240, self.mask, self.device)
        assert place is not None
        paster = Paster(still, [place], self.device)
        plain = Paster(still, [], self.device).frames([torch.zeros(2, 3, 512, 512)])
        frames = paster.frames([torch.rand(2, 3, 512, 512)])
        self.assertEqual(frames.shape, (2, 320 * 240 * 3 // 2))
        luma, before = frames[:, : 320 * 240].view(2, 240, 320), plain[:, : 320 * 240].view(2, 240, 320)
        outside = torch.ones(240, 320, dtype=torch.bool)
        outside[place.top : place.bottom, place.left : place.right] = False
        self.assertTrue((luma[:, outside] == before[:, outside]).all())
        self.assertGreater(float((luma != before).float().mean()), 0.05)

    def test_a_face_that_reaches_over_the_edge_is_cut_there(self) -> None:
        still = smooth(200, 200, 4)
        place = place_of(turned(2, 0, 200, 200), 200, 200, self.mask, self.device)
        assert place is not None
        self.assertEqual((place.top, place.left), (0, 0))
        Paster(still, [place], self.device).frames([torch.rand(1, 3, 512, 512)])
        self.assertIsNone(place_of(turned(2, 0, 9000, 0), 200, 200, self.mask, self.device))

    def test_frames_are_the_same_alone_and_together(self) -> None:
        still = smooth(200, 200, 4)
        place = place_of(turned(2, 5, 0, 0), 200, 200, self.mask, self.device)
        assert place is not None
        paster = Paster(still, [place], self.device)
        faces = torch.rand(3, 3, 512, 512)
        together = paster.frames([faces])
        alone = torch.cat([paster.frames([face[None]]) for face in faces])
        self.assertTrue(torch.equal(together, alone))


if __name__ == "__main__":
    unittest.main()
