"""What calls tell on the way, and what comes out."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Optional, Union

from .errors import SmileloopError
from .http import Http

Json = Dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """`percent` is over everything and never decreases. `stage`: `sending`, then the job's stages."""

    stage: str
    percent: float
    eta_seconds: Optional[float]
    queue_position: Optional[int]
    job: Optional[Json]


class Result:
    """`output`: the main one, such as the video. `url`: its link, for at most 15 minutes; `link()` makes a new one."""

    def __init__(self, http: Http, job: Json, main: str) -> None:
        outputs = job["outputs"]
        if not outputs:
            raise SmileloopError("unexpected_reply", "The job has succeeded without an output.", job=job)
        self._http = http
        self._main = main if main in outputs else next(iter(outputs))
        self.job = job
        self.output: Json = outputs[self._main]
        self.url: str = self.output["url"]

    @property
    def expires_at(self) -> datetime:
        """When everything is deleted."""
        return datetime.fromisoformat(self.job["expires_at"].replace("Z", "+00:00"))

    def link(self, name: Optional[str] = None) -> str:
        outputs = self._http.json("GET", f"/v1/jobs/{self.job['id']}")["outputs"]
        wanted = name or self._main
        if wanted not in outputs:
            there = ", ".join(outputs) or "none"
            raise SmileloopError("not_found", f"The job has no output '{wanted}', but: {there}.", job=self.job)
        return str(outputs[wanted]["url"])

    def read(self, name: Optional[str] = None) -> bytes:
        """Downloads an output, the main one by default."""
        return self._http.send("GET", f"/v1/jobs/{self.job['id']}/outputs/{name or self._main}", timeout=600).content

    def save(self, path: Union[str, "os.PathLike[str]"], name: Optional[str] = None) -> None:
        content = self.read(name)
        with open(path, "wb") as file:
            file.write(content)

    def delete(self) -> None:
        """Deletes the job and its files now, not at `expires_at`."""
        self._http.send("DELETE", f"/v1/jobs/{self.job['id']}")
