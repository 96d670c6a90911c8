"""What the two languages have in common is the same in both; no package beyond Python's own is needed."""

import errno
import json
import re
import unittest

from liveportrait.channels import ARKIT_CHANNELS, HEAD_CHANNELS
from liveportrait.errors import of_disk
from liveportrait.requests import Invalid, check_request, run_of

from .support import CONTAINER, REPOSITORY, start_python

CORE = REPOSITORY / "packages" / "core" / "src"
RUN = {
    "type": "run",
    "run": "a",
    "kind": "animate",
    "inputs": {"image": {"path": "/a.jpg", "type": "image/jpeg"}},
    "params": {"size": 512, "face": 0, "intensity": 1, "seed": 7},
    "motion": {"fps": 29.97, "frames": 2, "faces": [{"channels": {"jawOpen": [0, 1]}}]},
    "outputs": {"video": "/v.mp4"},
    "provenance": {"job": "j", "engine": "e", "version": "1"},
}


class Common(unittest.TestCase):
    def test_channels_are_those_of_a_motion(self) -> None:
        text = (CORE / "motion.ts").read_text()
        arkit, head = (re.search(rf"const {name} = \[(.*?)\]", text, re.S) for name in ("ARKIT_CHANNELS", "HEAD_CHANNELS"))
        assert arkit and head
        self.assertEqual(list(ARKIT_CHANNELS), re.findall(r'"(\w+)"', arkit[1]))
        self.assertEqual(list(HEAD_CHANNELS), re.findall(r'"(\w+)"', head[1]))

    def test_codes_of_errors_are_those_of_the_table(self) -> None:
        known = set(re.findall(r"^  (\w+): entry\(", (CORE / "errors.ts").read_text(), re.M))
        used: set[str] = set()
        for path in (CONTAINER / "liveportrait").glob("*.py"):
            used |= set(re.findall(r'(?:EngineError\(|failed\([\w.]+, )"(\w+)"', path.read_text()))
        self.assertIn("no_face", used)
        self.assertIn("device_lost", used)
        self.assertEqual(used - known, set())

    def test_a_request_is_taken_as_it_is_due(self) -> None:
        check_request(RUN)
        check_request({**RUN, "motion": {**RUN["motion"], "native": {"liveportrait": {}}}})  # type: ignore[dict-item]
        check_request({"type": "cancel", "run": "a"})

    def test_a_request_that_is_not_as_due_is_refused_with_the_place(self) -> None:
        params: dict[str, object] = RUN["params"]  # type: ignore[assignment]
        motion: dict[str, object] = RUN["motion"]  # type: ignore[assignment]
        wrong: list[tuple[object, str]] = [
            (None, "type"),
            ({"type": "dance"}, "type"),
            ({**RUN, "surprise": 1}, "surprise"),
            ({**RUN, "params": {**params, "size": 300}}, "params.size"),
            ({**RUN, "params": {**params, "face": -1}}, "params.face"),
            ({**RUN, "params": {**params, "seed": 1.5}}, "params.seed"),
            ({**RUN, "params": {**params, "intensity": True}}, "params.intensity"),
            ({**RUN, "motion": {**motion, "fps": 0}}, "motion.fps"),
            ({**RUN, "motion": {**motion, "faces": []}}, "motion.faces"),
            ({**RUN, "motion": {**motion, "faces": [{"channels": {"grin": [1]}}]}}, "motion.faces.0.channels.grin"),
            ({**RUN, "outputs": {"video": ""}}, "outputs.video"),
            ({**RUN, "run": "x" * 65}, "run"),
        ]
        for request, place in wrong:
            with self.subTest(place), self.assertRaisesRegex(Invalid, rf"^{re.escape(place)}:"):
                check_request(request)
        self.assertEqual(run_of({"run": 3}), "")
        self.assertEqual(run_of(RUN), "a")


class Disk(unittest.TestCase):
    def test_a_full_disk_is_told_from_a_broken_engine(self) -> None:
        self.assertEqual(of_disk(OSError(errno.ENOSPC, "full"), "").code, "storage_full")
        failed = of_disk(OSError(errno.EACCES, "denied"), "It could not be written.")
        self.assertEqual((failed.code, failed.detail), ("engine_failed", "It could not be written."))


class Stdout(unittest.TestCase):
    def test_only_the_protocol_reaches_it(self) -> None:
        code = """
import os, sys, subprocess
from liveportrait.protocol import Server, claim_stdout
out = claim_stdout()
print("printed"); sys.stdout.write("written"); os.write(1, b"native"); subprocess.run(["echo", "child"])
print("more", file=sys.__stdout__, flush=True)
server = Server(sys.stdin.buffer, out)
def work(request, context):
    print("at work"); os.write(1, b"native at work")
    context.progress("render", 1, 2); context.progress("render", 1, 3)
    return {"answer": 1}
server.start()
server.serve("e", "1", {"run": work})
"""
        process = start_python(code)
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(json.dumps(RUN) + "\n" + 'not JSON\n{"type": "cancel", "run": "b"}\n')
        process.stdin.flush()
        lines = [json.loads(process.stdout.readline()) for _ in range(4)]
        rest, errors = process.communicate()
        self.assertEqual(lines[0]["type"], "ready")
        self.assertEqual(sorted(line["type"] for line in lines[1:]), ["done", "failed", "progress"])
        self.assertEqual((rest, process.returncode), ("", 0))
        for said in ("printed", "written", "native", "child", "more"):
            self.assertIn(said, errors)


if __name__ == "__main__":
    unittest.main()
