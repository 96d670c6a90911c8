"""The client: a call for each product, and the API's own calls below."""

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

import httpx

from .errors import SmileloopError, error_of_job
from .files import File, Input, read
from .http import TRIES, Http, default_pause
from .ids import new_id
from .recipients import Recipients, as_file
from .result import Json, Progress, Result

OnProgress = Callable[[Progress], None]
OnOutput = Callable[[str, Json], None]
Inputs = Mapping[str, Union[Input, Sequence[Input], None]]

ENDED = ("succeeded", "failed", "canceled", "expired")
# part of the whole that sending files is, percent
SENDING = 15.0
WAIT_SECONDS = 10
# losses of the server in a row, after which it is given up
MOST_LOSSES = 60


class Smileloop:
    """`key`: an API key or the token of a login. All calls raise `SmileloopError`."""

    def __init__(
        self,
        base_url: str = "http://localhost:8000",
        *,
        key: Optional[str] = None,
        client: Optional[httpx.Client] = None,
        pause: Callable[[int], float] = default_pause,
    ) -> None:
        self._client = client or httpx.Client()
        self._http = Http(base_url, key, self._client, pause)
        self.uploads = Uploads(self._http)
        self.jobs = Jobs(self._http)

    def __enter__(self) -> "Smileloop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def animate(
        self, image: Input, *, driving: Optional[Input] = None, on_progress: Optional[OnProgress] = None, **params: Any
    ) -> Result:
        """A portrait moves: by a preset, or as in the clip `driving`."""
        return self.run("animate", {"image": image, "driving": driving}, params, on_progress=on_progress)

    def talk(
        self, image: Input, *, audio: Optional[Input] = None, on_progress: Optional[OnProgress] = None, **params: Any
    ) -> Result:
        """A portrait says `text`, or what is in the sound `audio`."""
        return self.run("talk", {"image": image, "audio": audio}, params, on_progress=on_progress)

    def previews(
        self,
        image: Input,
        *,
        on_output: Optional[OnOutput] = None,
        on_progress: Optional[OnProgress] = None,
        **params: Any,
    ) -> Result:
        """A small clip of a portrait for each of several presets; `on_output` is told name and output of each once it is ready."""
        first = (params.get("presets") or [""])[0]
        return self.run("previews", {"image": image}, params, main=first, on_output=on_output, on_progress=on_progress)

    def lipsync(
        self, video: Input, *, audio: Optional[Input] = None, on_progress: Optional[OnProgress] = None, **params: Any
    ) -> Result:
        """The person of a video says `text`, or what is in the sound `audio`."""
        return self.run("lipsync", {"video": video, "audio": audio}, params, on_progress=on_progress)

    def speak(self, text: str, *, on_progress: Optional[OnProgress] = None, **params: Any) -> Result:
        """A voice says a text."""
        return self.run("speak", {}, {"text": text, **params}, main="audio", on_progress=on_progress)

    def personalize(
        self,
        video: Input,
        recipients: Union[Input, Recipients],
        *,
        on_progress: Optional[OnProgress] = None,
        **params: Any,
    ) -> Result:
        """The video for each recipient, who is addressed in it by name.

        `recipients` is a CSV or XLSX file, or a list of names or rows. The result is the `archive`, a ZIP of all files; its output `report` is
        a CSV that tells what became of each recipient.
        """
        listed = as_file(recipients, str(params.get("name_column", "name")))
        inputs: Inputs = {"video": video, "recipients": listed}
        return self.run("personalize", inputs, params, main="archive", on_progress=on_progress)

    def swap(
        self, target: Input, source: Input, *, video: bool = False, on_progress: Optional[OnProgress] = None, **params: Any
    ) -> Result:
        """The face of the picture `source` in a picture, or with `video` in a video."""
        return self.process(target, ["face_swapper"], sources=[source], video=video, on_progress=on_progress, **params)

    def process(
        self,
        target: Input,
        steps: List[Union[str, Json]],
        *,
        sources: Sequence[Input] = (),
        video: bool = False,
        on_progress: Optional[OnProgress] = None,
        **params: Any,
    ) -> Result:
        """Steps of face processing on a picture, or with `video` on a video."""
        kind, main = ("process_video", "video") if video else ("process_image", "image")
        inputs: Inputs = {"target": target, "source": list(sources) or None}
        return self.run(kind, inputs, {"processors": steps, **params}, main=main, on_progress=on_progress)

    def run(
        self,
        kind: str,
        inputs: Inputs,
        params: Optional[Mapping[str, Any]] = None,
        *,
        main: str = "video",
        metadata: Optional[Dict[str, str]] = None,
        on_output: Optional[OnOutput] = None,
        on_progress: Optional[OnProgress] = None,
    ) -> Result:
        """Any kind of job; `main` is the output that the result's `url` is of."""
        given = {slot: value for slot, value in inputs.items() if value is not None}
        placed: Dict[str, Any] = {}
        for nth, (slot, value) in enumerate(given.items()):
            _tell(on_progress, Progress("sending", SENDING * nth / len(given), None, None, None))
            placed[slot] = [self._place(one) for one in value] if isinstance(value, (list, tuple)) else self._place(value)  # type: ignore[arg-type]
        body: Json = {"kind": kind, "inputs": placed, "params": {k: v for k, v in (params or {}).items() if v is not None}}
        if metadata:
            body["metadata"] = metadata
        job = self.jobs.create(new_id(), body)
        tell_outputs = _new_outputs(on_output)

        def on_change(now: Json) -> None:
            _tell(on_progress, _progress_of(now))
            tell_outputs(now)

        try:
            job = self.jobs.follow(job["id"], on_change)
        except KeyboardInterrupt:
            self.jobs.cancel(job["id"])
            raise
        if job["status"] != "succeeded":
            raise error_of_job(job)
        return Result(self._http, job, main)

    def inspect(self, image: Input) -> Json:
        """What a picture shows, and what a job would warn of."""
        body = {"input": self._place(image)}
        return self._http.json("POST", "/v1/inspect", body=body, safe=True)  # type: ignore[no-any-return]

    def verify(self, file: Input) -> Json:
        """Whether a file comes from this server, by the marks that results carry."""
        return self._http.json("POST", "/v1/verify", body=self._place(file), safe=True)  # type: ignore[no-any-return]

    def erase(self) -> Json:
        """Erases everything that the server keeps of the caller: all jobs with their files, and all uploads. How many of each there were."""
        return self._http.json("DELETE", "/v1/owner", safe=True)  # type: ignore[no-any-return]

    def presets(self) -> List[Json]:
        return self._http.json("GET", "/v1/presets")["presets"]  # type: ignore[no-any-return]

    def voices(self, language: Optional[str] = None) -> List[Json]:
        query = "" if language is None else str(httpx.QueryParams({"language": language}))
        return self._http.json("GET", f"/v1/voices{'?' if query else ''}{query}")["voices"]  # type: ignore[no-any-return]

    def kinds(self) -> List[Json]:
        return self._http.json("GET", "/v1/kinds")["kinds"]  # type: ignore[no-any-return]

    def _place(self, given: Input) -> Json:
        if isinstance(given, dict):
            return dict(given)
        return {"upload": self.uploads.send(given)}


class Uploads:
    def __init__(self, http: Http) -> None:
        self._http = http

    def create(self, content_type: str, size: int, **more: Any) -> Json:
        """A link for exactly these bytes."""
        body = {"content_type": content_type, "size": size, **more}
        return self._http.json("POST", "/v1/uploads", body=body, safe=True)  # type: ignore[no-any-return]

    def send(self, file: File) -> str:
        """Uploads a file; answers its id."""
        content, content_type = read(file)
        target = self.create(content_type, len(content))
        for nth in range(TRIES):
            status = self._put(target, content)
            # 412: an earlier try had arrived, and only its reply was lost
            if 200 <= status < 300 or status == 412:
                return str(target["id"])
            passing = status in (0, 408, 429) or status >= 500
            if not passing or nth + 1 == TRIES:
                break
            self._http.pause(nth)
        why = f"The storage answered {status}." if status else "The storage cannot be reached."
        raise SmileloopError("upload_failed", why, status=status or None, retryable=passing)

    def delete(self, id: str) -> None:
        self._http.send("DELETE", f"/v1/uploads/{id}")

    def _put(self, target: Json, content: bytes) -> int:
        try:
            reply = self._http.client.request(
                target["method"], target["url"], headers=target["headers"], content=content, timeout=600
            )
            return reply.status_code
        except httpx.TransportError:
            return 0


class Jobs:
    def __init__(self, http: Http) -> None:
        self._http = http

    def create(self, id: str, body: Json) -> Json:
        """Safe to repeat with the same `id`, which `new_id()` makes."""
        return self._http.json("PUT", f"/v1/jobs/{id}", body=body)  # type: ignore[no-any-return]

    def get(self, id: str, wait_seconds: int = 0) -> Json:
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else None
        return self._http.json("GET", f"/v1/jobs/{id}", headers=headers)  # type: ignore[no-any-return]

    def list(self, **options: Any) -> Json:
        """`status`, `limit`, `cursor`."""
        query = str(httpx.QueryParams(options))
        return self._http.json("GET", f"/v1/jobs{'?' if query else ''}{query}")  # type: ignore[no-any-return]

    def follow(self, id: str, on_change: Callable[[Json], None] = lambda _: None) -> Json:
        """The job when it has ended, however it has. Goes on through lost connections for about ten minutes."""
        losses = 0
        while True:
            try:
                job = self.get(id, WAIT_SECONDS)
                losses = 0
            except SmileloopError as error:
                losses += 1
                if not error.retryable or losses > MOST_LOSSES:
                    raise
                self._http.pause(min(losses, 5))
                continue
            on_change(job)
            if job["status"] in ENDED:
                return job

    def checkout(self, id: str, *, waiver: bool, return_url: Optional[str] = None) -> str:
        """
        The address of the payment page for the job's clean file, where the server sells it (``job["charge"]``). ``waiver``: the buyer asks
        for the file at once and knows that the right of withdrawal ends with it.
        """
        asked: Dict[str, Any] = {"waiver": waiver}
        if return_url is not None:
            asked["return_url"] = return_url
        page = self._http.json("POST", f"/v1/jobs/{id}/checkout", body=asked, safe=True)
        return str(page["url"])

    def deliver(self, id: str) -> Json:
        """Has the paid file handed out: the job with a signed link to it. The right of withdrawal ends here."""
        return self._http.json("POST", f"/v1/jobs/{id}/delivery", safe=True)  # type: ignore[no-any-return]

    def withdraw(self, id: str) -> Json:
        """Withdraws from a purchase: the clean file is closed and the money goes back, while ``job["charge"]["refundable"]``."""
        return self._http.json("POST", f"/v1/jobs/{id}/withdrawal", body={"confirm": True}, safe=True)  # type: ignore[no-any-return]

    def cancel(self, id: str) -> Json:
        return self._http.json("POST", f"/v1/jobs/{id}/cancel", safe=True)  # type: ignore[no-any-return]

    def delete(self, id: str) -> None:
        self._http.send("DELETE", f"/v1/jobs/{id}")


def _new_outputs(on_output: Optional[OnOutput]) -> Callable[[Json], None]:
    """Tells of each output once, and again when another attempt has made it: the links of the one before are dead."""
    told: Dict[str, int] = {}

    def tell(job: Json) -> None:
        attempt = job.get("attempt", 1)
        for name, output in job["outputs"].items():
            if on_output and told.get(name) != attempt:
                on_output(name, output)
            told[name] = attempt

    return tell


def _progress_of(job: Json) -> Progress:
    progress = job["progress"]
    whole = SENDING + (100 - SENDING) * progress["percent"] / 100
    return Progress(progress["stage"], whole, progress["eta_seconds"], progress["queue_position"], job)


def _tell(on_progress: Optional[OnProgress], progress: Progress) -> None:
    if on_progress:
        on_progress(progress)
