"""What the two languages have in common is the same in both; no package beyond Python's own is needed."""

import errno
import json
import re
import tempfile
import unittest
from pathlib import Path
from typing import Any

from liveportrait.errors import EngineError, blaming, of_disk
from liveportrait.protocol import failed
from liveportrait.requests import CANCEL, ENVELOPE, SCHEMAS, motion_of, name_of, run_of
from liveportrait.schema import Invalid, Schema

from .support import CONTAINER, REPOSITORY, start_python

CORE = REPOSITORY / "packages" / "core" / "src"
Json = dict[str, Any]

MOTION = {"fps": 29.97, "frames": 2, "faces": [{"channels": {"jawOpen": [0, 1]}}]}
CAST: dict[str, Any] = {
    "picture": {"width": 640, "height": 480},
    "frame": {"crop": {"x": 0, "y": 0, "width": 640, "height": 480}, "width": 640, "height": 480, "enlarged": 1},
    "faces": 1,
    "movers": [
        {
            "index": 0,
            "crop": {"x": 320, "y": 240, "size": 150, "angle": 0.1},
            "score": 0.9,
            "points": [[300, 200], [340, 200], [320, 220], [305, 245], [335, 245]],
            "ease": {"all": 1, "eyes": 0, "head": 1, "why": "hidden"},
        }
    ],
}
RUN: dict[str, Any] = {
    "type": "run",
    "run": "a",
    "kind": "animate",
    "inputs": {"image": [{"path": "/a.jpg", "type": "image/jpeg"}]},
    "params": {"intensity": 1, "seed": 7},
    "cast": CAST,
    "motion": MOTION,
    "outputs": {"video": "/v.gif", "poster": {"path": "/p.jpg", "frame": 3}},
    "provenance": {"job": "j", "engine": "e", "version": "1", "mark": None},
}


def check(name: str, request: object) -> None:
    Schema(SCHEMAS["requests"][name]).check(request)


class Common(unittest.TestCase):
    def test_codes_of_errors_are_those_of_the_table(self) -> None:
        known = set(re.findall(r"^  (\w+): entry\(", (CORE / "errors.ts").read_text(), re.M))
        used: set[str] = set()
        for path in (CONTAINER / "liveportrait").glob("*.py"):
            used |= set(re.findall(r'(?:EngineError\(|failed\([\w.]+, )"(\w+)"', path.read_text()))
        self.assertIn("no_face", used)
        self.assertIn("device_lost", used)
        self.assertEqual(used - known, set())

    def test_a_request_is_taken_as_it_is_due(self) -> None:
        check("run:animate", RUN)
        check("run:animate", {**RUN, "motion": {**MOTION, "native": {"liveportrait": {}}}})
        check("run:animate", {**RUN, "motion": {"path": "/motion.json"}})
        talk: dict[str, Any] = {**RUN, "kind": "talk", "params": {"seed": 7}}
        talk["inputs"] = {**RUN["inputs"], "audio": [{"path": "/a.wav", "type": "audio/wav"}]}
        check("run:talk", talk)
        CANCEL.check({"type": "cancel", "run": "a"})
        ENVELOPE.check({"type": "dance", "run": "a", "more": 1})
        self.assertEqual((name_of(RUN), name_of({"type": "extract"})), ("run:animate", "extract"))

    def test_a_request_that_is_not_as_due_is_refused_with_the_place(self) -> None:
        params: Any = RUN["params"]
        mover: Any = CAST["movers"][0]
        wrong: list[tuple[object, str]] = [
            ({**RUN, "surprise": 1}, "surprise"),
            ({name: RUN[name] for name in RUN if name != "cast"}, "cast"),
            ({**RUN, "inputs": {"image": []}}, "inputs.image"),
            ({**RUN, "inputs": {"image": [{"path": "/a.jpg"}]}}, "inputs.image.0.type"),
            ({**RUN, "params": {**params, "seed": 1.5}}, "params.seed"),
            ({**RUN, "params": {**params, "intensity": True}}, "params.intensity"),
            ({**RUN, "cast": {**CAST, "movers": []}}, "cast.movers"),
            ({**RUN, "cast": {**CAST, "movers": [{**mover, "points": [[1, 2]]}]}}, "cast.movers.0.points"),
            ({**RUN, "cast": {**CAST, "movers": [{**mover, "points": [[1, 2, 3]] * 5}]}}, "cast.movers.0.points.0"),
            ({**RUN, "motion": {**MOTION, "fps": 0}}, "motion.fps"),
            ({**RUN, "motion": {**MOTION, "faces": []}}, "motion.faces"),
            ({**RUN, "motion": {**MOTION, "faces": [{"channels": {"grin": [1]}}]}}, "motion.faces.0.channels.grin"),
            ({**RUN, "outputs": {"video": ""}}, "outputs.video"),
            ({**RUN, "run": "x" * 65}, "run"),
        ]
        for request, place in wrong:
            with self.subTest(place), self.assertRaisesRegex(Invalid, re.escape(f"{place}:")):
                check("run:animate", request)
        for unreadable in (None, [1], {"run": "a"}, {"type": "run", "run": 3}):
            with self.assertRaises(Invalid):
                ENVELOPE.check(unreadable)
        self.assertEqual(run_of({"run": 3}), "")
        self.assertEqual(run_of(RUN), "a")

    def test_a_long_motion_comes_by_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "motion.json"
            path.write_text(json.dumps(MOTION))
            self.assertEqual(motion_of({"path": str(path)}), MOTION)
            self.assertEqual(motion_of(MOTION), MOTION)
            path.write_text(json.dumps({**MOTION, "frames": 0}))
            for wrong in (path, Path(folder) / "nothing.json"):
                with self.assertRaises(EngineError) as raised:
                    motion_of({"path": str(wrong)})
                self.assertEqual(raised.exception.code, "invalid_request")


class Blame(unittest.TestCase):
    def test_a_file_that_is_at_fault_is_named_by_its_slot(self) -> None:
        with self.assertRaises(EngineError) as raised, blaming("image"):
            raise EngineError("input_unreadable", "It is damaged.")
        error = raised.exception
        self.assertEqual((error.code, error.detail, error.input), ("input_unreadable", "It is damaged.", "image"))
        self.assertEqual(failed("a", error.code, error.detail, error.input)["input"], "image")
        self.assertNotIn("input", failed("a", "engine_failed", "It failed."))


class Schemas(unittest.TestCase):
    def test_a_keyword_that_is_not_known_is_refused_at_once(self) -> None:
        unknown = {"items": {"$ref": "#/b"}}
        schemas: tuple[Json, ...] = ({"not": {}}, {"properties": {"a": unknown}}, {"anyOf": [{"format": "date"}]})
        for schema in schemas:
            with self.assertRaises(ValueError):
                Schema(schema)

    def test_a_step_is_one_of_several_forms_and_texts_have_a_form(self) -> None:
        step = {"type": "object", "properties": {"name": {"const": "a"}, "model": {"type": "string", "pattern": r"^[\w-]{1,4}$"}}}
        schema = Schema({"oneOf": [step, {"type": "object", "properties": {"name": {"const": "b"}}, "required": ["name"]}]})
        for right in ({"name": "b"}, {"name": "a", "model": "x-1"}):
            schema.check(right)
        for wrong in ({"name": "c"}, {"name": "a", "model": "x y"}, {"name": "a", "model": "x\n"}, {"name": "a", "model": "é"}):
            with self.assertRaises(Invalid):
                schema.check(wrong)
        with self.assertRaises(Invalid):
            Schema({"oneOf": [{"type": "integer"}, {"minimum": 0}]}).check(3)

    def test_every_schema_of_the_protocol_can_be_read(self) -> None:
        self.assertIn("run:animate", SCHEMAS["requests"])
        for schema in SCHEMAS["requests"].values():
            Schema(schema)


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
server = Server(sys.stdin.buffer, out, ("run:animate",))
def work(request, context):
    print("at work"); os.write(1, b"native at work")
    context.progress("render", 1, 2); context.progress("render", 1, 3)
    return {"answer": 1}
server.start()
server.serve("e", "1", {"run:animate": work})
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
