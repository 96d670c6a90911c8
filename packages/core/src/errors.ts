/** The one list of errors: code → HTTP status, title, and whether the same request may work later. */
import { z } from "zod";
import { clip } from "./text.ts";

type ErrorEntry = { status: number; title: string; retryable: boolean };

const entry = (status: number, title: string, retryable = false): ErrorEntry => ({ status, title, retryable });

export const ERRORS = {
  // what a request got wrong
  invalid_request: entry(422, "The request is not valid"),
  not_supported: entry(422, "Not supported"),
  idempotency_key_reused: entry(422, "The key or id was used with another request"),
  malformed: entry(400, "The request could not be read"),
  empty_file: entry(400, "The file is empty"),
  unauthorized: entry(401, "API key required"),
  payment_required: entry(402, "Payment required"),
  payment_unavailable: entry(503, "The payment service does not answer", true),
  forbidden: entry(403, "Not allowed"),
  host_not_allowed: entry(403, "This host name is not served here"),
  origin_not_allowed: entry(403, "This origin is not allowed"),
  bad_signature: entry(403, "The link is not valid"),
  link_expired: entry(403, "The link has expired"),
  not_found: entry(404, "Not found"),
  method_not_allowed: entry(405, "Method not allowed"),
  not_acceptable: entry(406, "Not acceptable"),
  conflict: entry(409, "Not possible in the present state"),
  not_ready: entry(409, "The result is not ready"),
  gone: entry(410, "Gone"),
  length_required: entry(411, "Content-Length required"),
  already_exists: entry(412, "Already uploaded"),
  precondition_failed: entry(412, "Changed in the meantime"),
  too_large: entry(413, "The file is too large"),
  input_too_large: entry(413, "The input has too many pixels, or is too long"),
  unsupported_type: entry(415, "This type of file is not accepted"),
  range_not_satisfiable: entry(416, "The range is outside the file"),
  too_many_requests: entry(429, "Too many requests", true),
  // what an address that a client gave does not allow; where another try may help, it is the other server's fault
  fetch_refused: entry(422, "This address is not fetched"),
  fetch_failed: entry(422, "The file could not be fetched"),
  fetch_unavailable: entry(502, "The other server does not deliver", true),
  // what an input does not allow
  input_unreadable: entry(422, "The input could not be decoded"),
  no_face: entry(422, "No face was found"),
  face_too_small: entry(422, "The face is too small"),
  face_not_there: entry(422, "The picture does not have this face"),
  face_turned_away: entry(422, "The face is turned too far away"),
  face_not_clear: entry(422, "The face is not seen clearly enough"),
  faces_turned_apart: entry(422, "The faces look in different directions"),
  mouth_not_seen: entry(422, "Not enough of the mouth is seen"),
  no_speech: entry(422, "No voice is heard"),
  marker_not_found: entry(422, "A marker is not heard"),
  words_too_long: entry(422, "The words take too long to say"),
  words_not_verified: entry(422, "It cannot be told whether the voice says the words"),
  // what nobody is shown in; which scores it had is told to nobody
  content_refused: entry(422, "The content check refuses this"),
  // what a service elsewhere made of a job, and what it needs for that
  service_failed: entry(422, "The service elsewhere did not do the work"),
  seal_broken: entry(422, "A secret of the job cannot be opened"),
  // what a voice elsewhere got wrong
  voice_unavailable: entry(502, "The voice is not available", true),
  // what a finished file got wrong (`check`): what it shows follows from what was asked, so it would be the same again
  check_unreadable: entry(500, "The result cannot be decoded", true),
  check_wrong_shape: entry(500, "The size, frame rate or number of frames of the result is wrong"),
  check_no_face: entry(500, "No face in the result"),
  check_other_face: entry(500, "The result shows another face"),
  check_still: entry(500, "Nothing moves in the result"),
  check_other_motion: entry(500, "The result does not move as requested"),
  check_changed_beside: entry(500, "The result was changed where it should not be"),
  check_other_words: entry(500, "The result says other words"),
  check_out_of_sync: entry(500, "The lips and the sound of the result do not belong together"),
  // what went wrong with us
  engine_not_configured: entry(503, "This engine is not configured"),
  engine_failed: entry(500, "The engine failed", true),
  engine_crashed: entry(500, "The engine crashed", true),
  engine_timeout: entry(500, "The engine took too long", true),
  // what needs too much memory once needs it again
  engine_out_of_memory: entry(500, "The engine used too much memory"),
  marking_failed: entry(500, "The result could not be marked", true),
  signing_failed: entry(500, "The result could not be signed", true),
  device_lost: entry(503, "The graphics card is gone", true),
  worker_lost: entry(500, "The worker was lost too many times", true),
  deadline_passed: entry(500, "The job's time is over", true),
  canceled: entry(409, "The job was canceled"),
  storage_unavailable: entry(503, "The storage is not responding", true),
  storage_full: entry(507, "The storage is full", true),
  no_capacity: entry(503, "No capacity right now", true),
  unavailable: entry(503, "Not accepting work right now", true),
  record_unreadable: entry(500, "The job's record can't be read"),
  internal: entry(500, "Something went wrong on the server", true),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export const errorCodeSchema = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** One fault in a request: `loc` is the path to it, such as `["body", "params", "fps"]`. */
export type FieldError = { loc: (string | number)[]; msg: string; type: string };

/** Characters of a sentence that a record keeps, of one that a reply has, and of a part of a `loc`; what is longer is cut. */
export const DETAIL_CHARS = 500;
const MESSAGE_CHARS = 2000;
const LOC_CHARS = 60;
const LOC_PARTS = 32;
/** Faults of one request that are told, and warnings that a job has. */
const MAX_FAULTS = 20;
export const MAX_WARNINGS = 20;

/** A string that is cut at `most` characters, not refused. */
export const clipped = (most: number) =>
  z
    .string()
    .overwrite((text) => clip(text, most))
    .max(most);

/** A sentence for the user. */
export const detailSchema = clipped(DETAIL_CHARS);

/** A sentence for the user about something that worked only partly, or could be better. */
export const warningSchema = z.strictObject({ code: clipped(60), detail: detailSchema });
export type Warning = z.infer<typeof warningSchema>;

/** A list that is cut at `most` items, not refused; and before they are looked at, because a fault of each would be reported. */
export const clippedList = <T extends z.ZodType>(item: T, most: number) =>
  z
    .array(z.unknown())
    .overwrite((items) => items.slice(0, most))
    .pipe(z.array(item).max(most));

/** The first of them, where there are too many. */
export const warningsSchema = clippedList(warningSchema, MAX_WARNINGS);

/** Warnings from several sources as a record keeps them. */
export function keptWarnings(warnings: Warning[]): Warning[] {
  const short = ({ code, detail }: Warning) => ({ code: clip(code, 60), detail: clip(detail, DETAIL_CHARS) });
  return warnings.slice(0, MAX_WARNINGS).map(short);
}

type AppErrorOptions = {
  cause?: unknown;
  errors?: FieldError[];
  /** How many of them are told. */
  maxErrors?: number;
  retryAfterSeconds?: number;
  input?: string | undefined;
};

/**
 * An error that a client may see: `message` is the `detail` it reads, and is cut where it is too long, as are `errors`. Anything
 * else thrown answers 500, its message hidden.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  /** When to try again. */
  readonly retryAfterSeconds: number | undefined;
  /** The slot whose file is at fault. */
  readonly input: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(clip(message, MESSAGE_CHARS), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.errors = options.errors && keptFaults(options.errors, options.maxErrors);
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.input = options.input;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** The first faults of a request, as a reply tells them. */
export function keptFaults(faults: FieldError[], most = MAX_FAULTS): FieldError[] {
  return faults.slice(0, most).map(boundedFault);
}

function boundedFault({ loc, msg, type }: FieldError): FieldError {
  const short = loc.slice(0, LOC_PARTS).map((part) => (typeof part === "string" ? clip(part, LOC_CHARS) : part));
  return { loc: short, msg: clip(msg, DETAIL_CHARS), type };
}

/** Adds the slot's name to errors of work that reads only that slot's file. */
export async function blaming<T>(input: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "canceled") throw error;
    throw new AppError(error.code, error.message, { cause: error.cause, input });
  }
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  return error instanceof AppError && codes.includes(error.code);
}
