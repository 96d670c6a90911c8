"""The client against a server on loopback that behaves badly, and against the real one where `SMILELOOP_URL` names it."""

import json
import os
import re
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Callable, Dict, List, Tuple

from smileloop import Progress, Smileloop, SmileloopError, new_id

URL = os.environ.get("SMILELOOP_URL", "")
PHOTO = os.environ.get("SMILELOOP_PHOTO", "")
Answer = Tuple[int, Any]


class BadServer:
    """`routes`: by method and path, a list of answers, the last of which is given again and again."""

    def __init__(self, routes: Dict[str, List[Answer]]) -> None:
        self.calls: List[str] = []
        self.bodies: List[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                at = f"{self.command} {re.sub('[0-9a-f]{32}', 'ID', self.path)}"
                outer.calls.append(at)
                outer.bodies.append(self.rfile.read(int(self.headers.get("content-length") or 0)))
                answers = routes.get(at, [problem(404, "not_found")])
                status, body = answers.pop(0) if len(answers) > 1 else answers[0]
                if status == 0:
                    self.close_connection = True
                    return
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "BadServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def problem(status: int, code: str, retryable: bool = False) -> Answer:
    return status, {"code": code, "detail": f"It is {code}.", "retryable": retryable, "errors": []}


def job(status: str, **more: Any) -> Dict[str, Any]:
    percent = 100 if status == "succeeded" else 40
    progress = {"stage": status, "percent": percent, "eta_seconds": None, "queue_position": None}
    return {"id": "0" * 32, "status": status, "progress": progress, "outputs": {}, "error": None, **more}


DONE = job("succeeded", outputs={"video": {"url": "http://files.example/v.mp4", "bytes": 3}})
CREATE, GET = "PUT /v1/jobs/ID", "GET /v1/jobs/ID"


def client(url: str) -> Smileloop:
    return Smileloop(url, key="sl_key", pause=lambda _: 0.001)


def raised(call: Callable[[], object]) -> SmileloopError:
    try:
        call()
    except SmileloopError as error:
        return error
    raise AssertionError("nothing was raised")


class Client(unittest.TestCase):
    def test_an_upload_that_arrived_and_whose_reply_was_lost_has_arrived(self) -> None:
        with BadServer({"PUT /file": [(0, None), (503, {}), (412, {})]}) as files:
            target = {"id": "u1", "method": "PUT", "url": f"{files.url}/file", "headers": {}}
            with BadServer({"POST /v1/uploads": [(201, target)]}) as api:
                self.assertEqual(client(api.url).uploads.send(BytesIO(b"\xff\xd8photo")), "u1")
                asked = json.loads(api.bodies[0])
            self.assertEqual(asked, {"content_type": "image/jpeg", "size": 7})
            self.assertEqual(len(files.calls), 3)

    def test_an_upload_that_is_refused_is_not_sent_again(self) -> None:
        with BadServer({"PUT /file": [(403, {})]}) as files:
            target = {"id": "u1", "method": "PUT", "url": f"{files.url}/file", "headers": {}}
            with BadServer({"POST /v1/uploads": [(201, target)]}) as api:
                error = raised(lambda: client(api.url).uploads.send(b"\xff\xd8"))
            self.assertEqual((error.code, error.status, error.retryable), ("upload_failed", 403, False))
            self.assertEqual(len(files.calls), 1)

    def test_a_job_is_created_once_and_followed_through_losses(self) -> None:
        routes = {
            CREATE: [(0, None), problem(503, "unavailable", True), (202, job("queued"))],
            GET: [(200, job("running")), (0, None), problem(503, "unavailable", True), (200, DONE)],
        }
        told: List[Progress] = []
        with BadServer(routes) as api:
            clip = client(api.url).animate({"upload": "u1"}, preset="alive", size=None, on_progress=told.append)
            body = json.loads(api.bodies[0])
        self.assertEqual(body, {"kind": "animate", "inputs": {"image": {"upload": "u1"}}, "params": {"preset": "alive"}})
        self.assertEqual(clip.url, "http://files.example/v.mp4")
        percents = [progress.percent for progress in told]
        self.assertEqual(percents, sorted(percents))
        self.assertEqual(percents[-1], 100)

    def test_all_that_is_kept_of_the_caller_is_erased(self) -> None:
        with BadServer({"DELETE /v1/owner": [(503, {}), (200, {"jobs": 2, "uploads": 1})]}) as api:
            self.assertEqual(client(api.url).erase(), {"jobs": 2, "uploads": 1})

    def test_a_list_of_recipients_is_sent_as_the_table_that_it_is(self) -> None:
        outputs = {"report": {"url": "r"}, "archive": {"url": "http://files.example/a.zip"}}
        done = job("succeeded", outputs=outputs)
        people: List[Dict[str, Any]] = [{"name": "Ann; B.", "city": 'the "Hague"', "age": 7}, {"name": "राम", "city": None}]
        with BadServer({"PUT /file": [(200, {})]}) as files:
            target = {"id": "u1", "method": "PUT", "url": f"{files.url}/file", "headers": {}}
            with BadServer({"POST /v1/uploads": [(201, target)], CREATE: [(202, done)], GET: [(200, done)]}) as api:
                made = client(api.url).personalize({"upload": "v1"}, people, tier="gold")
                client(api.url).personalize({"upload": "v1"}, ["Ann"], name_column="first")
                client(api.url).personalize({"upload": "v1"}, b"name\nAnn\n")
                error = raised(lambda: client(api.url).personalize({"upload": "v1"}, ["Ann", " "]))
                asked = json.loads(api.bodies[1])
                count = len(api.calls)
            bodies = [body.decode() for body in files.bodies]
        self.assertEqual(made.url, "http://files.example/a.zip")
        self.assertEqual(asked["inputs"], {"video": {"upload": "v1"}, "recipients": {"upload": "u1"}})
        self.assertEqual(asked["params"], {"tier": "gold"})
        self.assertEqual(bodies[0], '"name","city","age"\r\n"Ann; B.","the ""Hague""","7"\r\n"राम","",""\r\n')
        self.assertEqual(bodies[1:], ['"first"\r\n"Ann"\r\n', "name\nAnn\n"])
        self.assertEqual((error.code, str(error)), ("invalid_request", "recipients[1] is empty: give it a name."))
        self.assertEqual(count, 9)

    def test_outputs_are_told_of_once_and_again_when_made_anew(self) -> None:
        def showing(status: str, names: List[str], attempt: int) -> Dict[str, Any]:
            return job(status, attempt=attempt, outputs={name: {"url": f"http://f/{attempt}/{name}"} for name in names})

        seen = [showing("running", ["wink"], 1), showing("running", ["wink", "nod"], 1), showing("queued", [], 1)]
        end = [showing("running", ["wink"], 2), showing("succeeded", ["wink", "nod"], 2)]
        told: List[str] = []
        with BadServer({CREATE: [(202, job("queued"))], GET: [(200, each) for each in seen + end]}) as api:
            made = client(api.url).previews({"upload": "u1"}, on_output=lambda _, output: told.append(output["url"]))
        self.assertEqual([link[len("http://f/") :] for link in told], ["1/wink", "1/nod", "2/wink", "2/nod"])
        self.assertEqual(made.url, "http://f/2/wink")

    def test_what_is_refused_and_what_fails_is_told_by_its_code(self) -> None:
        with BadServer({CREATE: [problem(422, "invalid_request")]}) as api:
            error = raised(lambda: client(api.url).animate({"upload": "u1"}, preset="smle"))
        self.assertEqual((error.code, error.status, str(error)), ("invalid_request", 422, "It is invalid_request."))
        fault = {"code": "no_face", "detail": "No face.", "retryable": False, "input": "image"}
        with BadServer({CREATE: [(202, job("queued"))], GET: [(200, job("failed", error=fault))]}) as api:
            error = raised(lambda: client(api.url).animate({"upload": "u1"}, preset="wink"))
        self.assertEqual((error.code, error.input), ("no_face", "image"))

    def test_a_server_that_is_not_there_is_told_as_such(self) -> None:
        error = raised(lambda: client("http://127.0.0.1:9").kinds())
        self.assertEqual((error.code, error.retryable), ("network", True))

    def test_an_id_is_a_uuid_of_version_7(self) -> None:
        self.assertRegex(new_id(), "^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$")
        self.assertTrue(new_id(0x0123456789AB).startswith("0123456789ab7"))


@unittest.skipUnless(URL and PHOTO, "SMILELOOP_URL and SMILELOOP_PHOTO are not set")
class RealServer(unittest.TestCase):
    def test_a_photo_smiles(self) -> None:
        with Smileloop(URL) as smileloop:
            self.assertEqual(len(smileloop.inspect(PHOTO)["faces"]), 1)
            clip = smileloop.animate(PHOTO, preset="gentle_smile", size=256, duration=1)
            video = clip.read()
            self.assertEqual((video[4:8], len(video)), (b"ftyp", clip.output["bytes"]))
            self.assertGreater(clip.expires_at.year, 2000)
            clip.delete()
            self.assertEqual(raised(lambda: smileloop.jobs.get(clip.job["id"])).code, "gone")

    def test_what_there_is_and_what_is_wrong(self) -> None:
        with Smileloop(URL) as smileloop:
            self.assertIn("wink", [preset["name"] for preset in smileloop.presets()])
            self.assertTrue(smileloop.voices("hi"))
            error = raised(lambda: smileloop.animate(PHOTO, preset="gentle_smle"))
            self.assertEqual(error.errors[0]["loc"], ["body", "params", "preset"])


if __name__ == "__main__":
    unittest.main()
