/**
 * Where things are in the storage; every key is a pure function of owner and id, so another owner's id is a missing key.
 *
 *     jobs/<owner>/<12 hex of 2^48−1−ms><id>/{job.json, in/<slot>/<n>, out/<attempt>/<name>}   newest first in byte order
 *     uploads/<id>.<owner>                                                                    oldest first
 *     due/<yyyymmddThhmmssZ>/<owner>/<id>                                                     the one timer of a record
 *     idempotency/<owner>/<sha256>
 *     locks/<name>
 *
 * No `:`, so that keys are file names on Windows too.
 */
import { AppError } from "./errors.ts";
import { idTimeMs, isId } from "./ids.ts";

const OWNER = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const LAST_MS = 2 ** 48 - 1;

/** `jobs/<owner>/…/`, with the slash at its end. Throws `not_found` for what cannot be an owner or an id. */
export function jobPrefix(owner: string, id: string): string {
  checkOwner(owner);
  if (!isId(id)) throw new AppError("not_found", "There is no job with this id.");
  return `jobs/${owner}/${(LAST_MS - idTimeMs(id)).toString(16).padStart(12, "0")}${id}/`;
}

export function inputKey(owner: string, id: string, slot: string, index = 0): string {
  return `${jobPrefix(owner, id)}in/${checkName(slot)}/${index}`;
}

/** Outputs are kept by attempt: a worker that lost its claim can never overwrite the winner's file. */
export function outputKey(owner: string, id: string, attempt: number, name: string): string {
  return `${jobPrefix(owner, id)}out/${attempt}/${checkName(name)}`;
}

export function attemptPrefix(owner: string, id: string, attempt: number): string {
  return `${jobPrefix(owner, id)}out/${attempt}/`;
}

export function uploadKey(owner: string, id: string): string {
  checkOwner(owner);
  if (!isId(id)) throw new AppError("not_found", "There is no upload with this id.");
  return `uploads/${id}.${owner}`;
}

function checkOwner(owner: string): void {
  if (!OWNER.test(owner)) throw new AppError("not_found", "There is no such owner.");
}

function checkName(name: string): string {
  if (!NAME.test(name)) throw new AppError("not_found", "There is no file with this name.");
  return name;
}
