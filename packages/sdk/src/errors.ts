/** What calls throw: what the server refused, what a job failed with, and what never reached the server. */
import type { ErrorCode, FieldError, Job, Problem } from "./types.ts";

/** Beside the server's codes: the server was not reached, it answered with what is not of this API, or the upload did not arrive. */
export type ClientCode = ErrorCode | "network" | "unexpected_reply" | "upload_failed";

type Facts = {
  status?: number | undefined;
  retryable?: boolean | undefined;
  requestId?: string | undefined;
  errors?: FieldError[] | undefined;
  input?: string | undefined;
  job?: Job | undefined;
  cause?: unknown;
};

/** `message` is a sentence for people; decide by `code`. */
export class SmileloopError extends Error {
  override readonly name = "SmileloopError";
  readonly code: ClientCode;
  /** HTTP status of the reply; absent where there was none, and where a job failed. */
  readonly status: number | undefined;
  /** Whether the same call may work later. */
  readonly retryable: boolean;
  /** What the server's log knows the request by. */
  readonly requestId: string | undefined;
  /** Every fault of the request, with the path to its field. */
  readonly errors: readonly FieldError[];
  /** The input that is at fault, where one is. */
  readonly input: string | undefined;
  /** The job that failed, was canceled or has expired. */
  readonly job: Job | undefined;

  constructor(code: ClientCode, message: string, { cause, ...facts }: Facts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = facts.status;
    this.retryable = facts.retryable ?? false;
    this.requestId = facts.requestId;
    this.errors = facts.errors ?? [];
    this.input = facts.input;
    this.job = facts.job;
  }
}

/** What a reply that is not a success says. */
export async function errorOfReply(reply: Response): Promise<SmileloopError> {
  const { status } = reply;
  const text = await reply.text().catch(() => "");
  const requestId = reply.headers.get("x-request-id") ?? undefined;
  try {
    const { code, detail, retryable, errors } = JSON.parse(text) as Problem;
    if (typeof code === "string" && typeof detail === "string") {
      return new SmileloopError(code, detail, { status, retryable, requestId, errors });
    }
  } catch {
    // not a problem document: a proxy's page, or nothing
  }
  const retryable = status === 429 || status >= 502;
  return new SmileloopError("unexpected_reply", `The server answered ${status}.`, { status, retryable, requestId });
}

/** Why a job that has ended has no result. */
export function errorOfJob(job: Job): SmileloopError {
  if (job.error) {
    const { code, detail, retryable, input } = job.error;
    return new SmileloopError(code, detail, { retryable, input, job });
  }
  if (job.status === "canceled") return new SmileloopError("canceled", "The job was canceled.", { job });
  return new SmileloopError("gone", "The result of the job was deleted: it is kept for an hour.", { job });
}
