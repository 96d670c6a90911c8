"""What calls raise: what the server refused, what a job failed with, and what never reached the server."""

from typing import Any, Dict, List, Optional

import httpx

Json = Dict[str, Any]


class SmileloopError(Exception):
    """`str(error)` is a sentence for people; decide by `code`: one of the server's, or `network`, `unexpected_reply`, `upload_failed`."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: Optional[int] = None,
        retryable: bool = False,
        request_id: Optional[str] = None,
        errors: Optional[List[Json]] = None,
        input: Optional[str] = None,
        job: Optional[Json] = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retryable = retryable
        self.request_id = request_id
        self.errors = errors or []
        self.input = input
        self.job = job


def error_of_reply(reply: httpx.Response) -> SmileloopError:
    """What a reply that is not a success says."""
    status = reply.status_code
    request_id = reply.headers.get("x-request-id")
    try:
        problem = reply.json()
        return SmileloopError(
            problem["code"],
            problem["detail"],
            status=status,
            retryable=problem.get("retryable", False),
            request_id=request_id,
            errors=problem.get("errors"),
        )
    except (ValueError, KeyError, TypeError):
        # not a problem document: a proxy's page, or nothing
        retryable = status == 429 or status >= 502
        return SmileloopError(
            "unexpected_reply", f"The server answered {status}.", status=status, retryable=retryable, request_id=request_id
        )


def error_of_job(job: Json) -> SmileloopError:
    """Why a job that has ended has no result."""
    error = job.get("error")
    if error:
        return SmileloopError(
            error["code"], error["detail"], retryable=error["retryable"], input=error.get("input"), job=job
        )
    if job["status"] == "canceled":
        return SmileloopError("canceled", "The job was canceled.", job=job)
    return SmileloopError("gone", "The result of the job was deleted: it is kept for an hour.", job=job)
