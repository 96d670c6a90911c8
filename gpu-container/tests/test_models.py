"""The real classes of LivePortrait with random weights: ours against theirs. A frame takes seconds, so there are few."""

import os
import pickle
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .support import FIXTURES, MISSING, ROOT, needs_checkout, random_weights, run_python

if not MISSING:
    import cv2
    import numpy as np
    import torch

    from liveportrait.checkout import Checkout
    from liveportrait.errors import CannotStart
    from liveportrait.keypoints import Drive, source_keypoints, stitched_keypoints
    from liveportrait.loading import load_networks, memory_formats
    from liveportrait.models import Models
    from liveportrait.native import read_native, rotation_matrices, sample_native
    from tools.random_weights import plain_face
    from tools.stock import template_of

FRAMES = 3
# Records the keypoints that execute() would draw, and draws nothing: that is what takes the time.
STOCK = """
import pickle, sys
from pathlib import Path
import numpy as np, torch
from tools.stock import Arguments, open_stock
torch.set_num_threads(2)
root, weights, folder = map(Path, sys.argv[1:])
pipeline = open_stock(root, weights, np.load(folder / "landmarks.npy"), flag_force_cpu=True, flag_use_half_precision=False)
seen = []
def draw(feature, source, driving):
    seen.append(driving.numpy().copy())
    return {"out": torch.zeros(1, 3, 512, 512)}
pipeline.live_portrait_wrapper.warp_decode = draw
pipeline.execute(Arguments(folder / "source.png", folder / "motion.pkl", folder / "out"))
np.save(folder / "theirs.npy", np.concatenate(seen))
"""


@needs_checkout
class AgainstTheirs(unittest.TestCase):
    models: Any
    checkout: Any
    weights: Path
    image: Any
    info: Any
    features: Any
    x_s: Any

    @classmethod
    def setUpClass(cls) -> None:
        assert ROOT is not None
        torch.set_num_threads(2)
        cls.weights = random_weights()
        cls.checkout = Checkout(ROOT)
        cls.models = Models(cls.checkout, cls.weights, torch.device("cpu"), 2)
        cls.image = cv2.resize(cv2.imread(str(FIXTURES / "grace_hopper.jpg")), (256, 256))[..., ::-1].copy()
        cls.info = cls.models.read_faces(cls.image[None])
        cls.features = cls.models.read_features(cls.image)
        cls.x_s = source_keypoints(cls.info)

    def driving(self, count: int) -> "torch.Tensor":
        generator = torch.Generator().manual_seed(2)
        return self.x_s + 0.05 * torch.randn(count, 21, 3, generator=generator)

    def test_warping_and_generator_give_what_theirs_give(self) -> None:
        theirs = load_networks(self.checkout, self.weights)
        warping, generator = theirs["warping_module"].eval(), theirs["spade_generator"].eval()
        x_d = self.driving(1)
        with torch.inference_mode():
            warped: Any = warping(self.features.volume, kp_source=self.x_s, kp_driving=x_d)
            ours = self.models.warping(self.features, self.x_s, x_d)
            self.assertGreater(float(warped["out"].std()), 1e-3)
            self.assertLess(float((ours - warped["out"]).abs().max()), 1e-5)
            frame = generator(feature=warped["out"])
        self.assertLess(float((self.models.generate(self.features, self.x_s, x_d) - frame).abs().max()), 1e-3)

    def test_frames_are_the_same_alone_and_together_and_where_the_batch_is_not_full(self) -> None:
        x_d = self.driving(2)
        together = self.models.generate(self.features, self.x_s, x_d).clone()
        alone = self.models.generate(self.features, self.x_s, x_d[1:])
        self.assertEqual(alone.shape, (1, 3, 512, 512))
        self.assertLess(float((alone[0] - together[1]).abs().max()), 1e-5)
        self.assertGreater(float((together[0] - together[1]).abs().max()), 1e-3)

    def test_what_a_card_runs_is_one_graph_at_half_precision(self) -> None:
        """Traced without being computed: nothing in it waits for the CPU, and no two precisions meet."""
        models = Models(self.checkout, self.weights, torch.device("cpu"), 8)
        for net in (models.warping, models.generator):
            net.half()
            for layer in net.modules():
                layer._forward_pre_hooks.clear()
        models.generator_input = memory_formats(models.generator, models.warping)

        class Step(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.nets = torch.nn.ModuleList([models.warping, models.generator])

            def forward(self, *arguments: torch.Tensor) -> torch.Tensor:
                return models._step(*arguments)

        shapes = ((1, 32, 16, 64, 64), (1, 4, 16, 64, 64), (1, 1, 4, 16, 64, 64), (1, 21, 3), (8, 21, 3))
        traced = torch.export.export(Step(), tuple(torch.zeros(shape) for shape in shapes), strict=True)
        (output,) = [node for node in traced.graph.nodes if node.op == "output"]
        frames = output.args[0][0].meta["val"]
        self.assertEqual((tuple(frames.shape), frames.dtype), ((8, 3, 512, 512), torch.float16))

    def test_no_layer_works_out_its_weights_at_every_call(self) -> None:
        names = [name for name, _ in self.models.generator.named_parameters()]
        self.assertFalse([name for name in names if name.endswith("weight_orig")])

    def test_keypoints_of_all_frames_are_those_of_execute(self) -> None:
        random = np.random.default_rng(4)
        exp = random.normal(0, 0.004, (FRAMES, 21, 3)).astype(np.float32)
        turns = rotation_matrices(random.normal(0, 0.1, (FRAMES, 3)).astype(np.float32))
        shift = random.normal(0, 0.02, (FRAMES, 3)).astype(np.float32)
        scale = (1.2 + random.normal(0, 0.05, (FRAMES, 1))).astype(np.float32)
        picture: Any = cv2.imread(str(FIXTURES / "grace_hopper.jpg"))
        landmarks = (plain_face() * 330 + np.array([90, 60], np.float32)).astype(np.float32)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # without loss, so that both read the same pixels
            cv2.imwrite(str(folder / "source.png"), picture)
            np.save(folder / "landmarks.npy", landmarks)
            (folder / "motion.pkl").write_bytes(pickle.dumps(template_of(exp, turns, shift, scale, 25)))
            done = run_python(STOCK, str(ROOT), str(self.weights), name)
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
            theirs = np.load(folder / "theirs.npy")
            np.savez(folder / "motion.npz", exp=exp.reshape(-1, 63), R=turns, t=shift, scale=scale, fps=np.float32(25))
            track = read_native({"liveportrait": {"file": str(folder / "motion.npz")}}, folder)
        cut = self.checkout.crop.crop_image(picture[..., ::-1], landmarks, dsize=512, scale=2.3, vy_ratio=-0.125)
        info = self.models.read_faces(cv2.resize(cut["img_crop"], (256, 256), interpolation=cv2.INTER_AREA)[None])
        drive = Drive(*(torch.from_numpy(values) for values in (exp, turns, shift, scale)))
        ours = stitched_keypoints(self.models, info, drive).numpy()
        self.assertEqual(ours.shape, theirs.shape)
        self.assertGreater(float(np.abs(ours - ours[:1]).max()), 0.02)
        self.assertLess(float(np.abs(ours - theirs).max()), 1e-5)
        assert track is not None
        sampled = sample_native(track, FRAMES, 25, 1)
        native = Drive(*(torch.from_numpy(values) for values in (sampled.exp, sampled.R, sampled.t, sampled.scale)))
        self.assertLess(float(np.abs(stitched_keypoints(self.models, info, native).numpy() - theirs).max()), 1e-5)

    def test_head_angles_turn_the_face_as_they_are_named(self) -> None:
        """A nose stands out towards the camera; + yaw takes it to the right of the picture, + pitch down, + roll the crown left."""
        from liveportrait.motion import read_motion, sides_of

        nose, crown = torch.tensor([[0.0, 0.0, -1.0]]), torch.tensor([[0.0, -1.0, 0.0]])
        for name, point, axis, positive in (
            ("headYaw", nose, 0, True),
            ("headPitch", nose, 1, True),
            ("headRoll", crown, 0, False),
        ):
            asked = read_motion({name: [10.0]}, 1, sides_of(np.zeros((21, 3), np.float32)))
            pitch, yaw, roll = torch.split(torch.from_numpy(asked.degrees), 1, dim=1)
            moved = point @ self.checkout.camera.get_rotation_matrix(pitch, yaw, roll)[0]
            self.assertEqual(float(moved[0, axis]) > 0, positive, name)
            self.assertAlmostEqual(abs(float(moved[0, axis])), np.sin(np.radians(10)), places=4)


@needs_checkout
class Weights(unittest.TestCase):
    def test_weights_that_are_missing_or_hold_code_stop_the_start(self) -> None:
        assert ROOT is not None
        checkout = Checkout(ROOT)
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaises(CannotStart) as raised:
                load_networks(checkout, Path(name))
            self.assertEqual(raised.exception.exit_code, 3)
            path = Path(name) / "liveportrait" / "base_models" / "appearance_feature_extractor.pth"
            path.parent.mkdir(parents=True)
            torch.save({"x": Trap(Path(name) / "sprung")}, path)
            with self.assertRaises(CannotStart):
                load_networks(checkout, Path(name))
            self.assertFalse((Path(name) / "sprung").exists())


class Trap:
    """Code in a pickle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


if __name__ == "__main__":
    unittest.main()
