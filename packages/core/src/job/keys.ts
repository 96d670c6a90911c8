/**
 * Where things are in the storage; every key is a pure function of owner and id, so another owner's id is a missing key.
 *
 *     jobs/<owner>/<12 hex of 2^48−1−ms><id>/{job.json, in/<slot>/<n>, out/<attempt>/<name>}   newest first in byte order
 *         c/<n>/{job.json, in/…, out/…}                                                       a child, below its root
 *         ended/<n>                                                                           that child has ended; empty
 *     uploads/<id>.<owner>                                                                    oldest first
 *     cache/<yyyymmddThhmmssZ>/<owner>/<sha256>                                               kept for other jobs until then
 *     due/<yyyymmddThhmmssZ>/<owner>/<id>                                                     the one timer of a record
 *     payments/<session>/<what>                                                               what became of a payment; outlives its job
 *     idempotency/<owner>/<sha256>
 *     owners/<owner>/salt                                                                     of the owner's hash in the audit
 *     audit/<chain>/<number>                                                                  a line; on disk `audit/<chain>.jsonl`
 *     takedowns/<id>/{ticket, decision}                                                       asked to be taken down, oldest first
 *     blocked/<id>                                                                            what no job may show again
 *     locks/<name>
 *     assets/<version>/<name>                                                                 put there by a deployment, read only
 *
 * No `:`, so that keys are file names on Windows too.
 */
import { AppError } from "../errors.ts";
import { childNumber, idTimeMs, isId, isJobId, rootOf } from "./ids.ts";

const OWNER = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?$/;
/** The folders of files that requests and work leave behind; what a deployment puts beside them is `assets`. */
export const FILE_ROOTS = ["audit", "blocked", "cache", "jobs", "owners", "payments", "takedowns", "uploads"];
const FILE_KEY =
  /^(audit|blocked|cache|jobs|owners|payments|takedowns|uploads|assets)(\/[A-Za-z0-9]([A-Za-z0-9_.-]{0,158}[A-Za-z0-9_-])?)*$/;
const RECORD_FILE = /\/job(\.\d+)?\.json$/;
/** Names that mean a device to Windows, whatever follows their first dot. */
const DEVICE = /(^|\/)(con|prn|aux|nul|com\d|lpt\d)(\.|\/|$)/i;
const JOB_FOLDER = /^[0-9a-f]{44}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const LAST_MS = 2 ** 48 - 1;

/** `jobs/<owner>/…/`, with the slash at its end. Throws `not_found` for what cannot be an owner or a job's id. */
export function jobPrefix(owner: string, id: string): string {
  const child = rootOf(id);
  return child ? `${childrenPrefix(owner, child.root)}${child.index}/` : `${ownerPrefix(owner)}${jobFolder(id)}/`;
}

/** Where a root's children are: a folder for each, named by its number. Throws `not_found`. */
export function childrenPrefix(owner: string, root: string): string {
  return `${ownerPrefix(owner)}${jobFolder(root)}/c/`;
}

/** Where the markers of its ended children are. Throws `not_found`. */
export function endedPrefix(owner: string, root: string): string {
  return `${ownerPrefix(owner)}${jobFolder(root)}/ended/`;
}

/** The marker that says that a child has ended. Throws `not_found` for what is not a child's id. */
export function endedKey(owner: string, id: string): string {
  const child = rootOf(id);
  if (!child) throw new AppError("not_found", "There is no child with this id.");
  return `${endedPrefix(owner, child.root)}${child.index}`;
}

/** The number of the child whose marker this is; null when it is not a marker. */
export function endedNumberOf(key: string): number | null {
  const [, number = ""] = /\/ended\/(\d+)$/.exec(key) ?? [];
  return childNumber(number);
}

/** `jobs/<owner>/`. Throws `not_found`. */
export function ownerPrefix(owner: string): string {
  checkOwner(owner);
  return `jobs/${owner}/`;
}

/** The name of a root's folder below its owner: in byte order the newest is the first. Throws `not_found`. */
export function jobFolder(id: string): string {
  if (!isId(id)) throw new AppError("not_found", "There is no job with this id.");
  return `${(LAST_MS - idTimeMs(id)).toString(16).padStart(12, "0")}${id}`;
}

/** The id in the name of a job's folder; null for other names. */
export function jobFolderId(name: string): string | null {
  if (!JOB_FOLDER.test(name)) return null;
  const id = name.slice(12);
  return isId(id) && jobFolder(id) === name ? id : null;
}

export function inputKey(owner: string, id: string, slot: string, index = 0): string {
  return `${jobPrefix(owner, id)}in/${checkName(slot)}/${index}`;
}

/** Outputs are kept by attempt: a worker that lost its claim can never overwrite the winner's file. */
export function outputKey(owner: string, id: string, attempt: number, name: string): string {
  return `${jobPrefix(owner, id)}out/${attempt}/${checkName(name)}`;
}

/** Whose output a key is; null when it is not that of an output. A child's counts as its root's. */
export function outputOfKey(key: string): { owner: string; id: string } | null {
  const [, owner = "", folder = ""] = /^jobs\/([^/]+)\/([0-9a-f]{44})\/(?:c\/\d+\/)?out\//.exec(key) ?? [];
  const id = jobFolderId(folder);
  return id !== null && isOwner(owner) ? { owner, id } : null;
}

export function attemptPrefix(owner: string, id: string, attempt: number): string {
  return `${jobPrefix(owner, id)}out/${attempt}/`;
}

export function uploadKey(owner: string, id: string): string {
  checkOwner(owner);
  if (!isId(id)) throw new AppError("not_found", "There is no upload with this id.");
  return `uploads/${id}.${owner}`;
}

/** The id and owner of an upload's key; null when it is none. */
export function uploadOfKey(key: string): { id: string; owner: string } | null {
  const [, id = "", owner = ""] = /^uploads\/([0-9a-f]{32})\.(.+)$/.exec(key) ?? [];
  return isId(id) && isOwner(owner) ? { id, owner } : null;
}

/** Moments in timer keys are whole seconds, rounded up, so that no timer is due before its time. */
export function timerKey({ atMs, owner, id }: { atMs: number; owner: string; id: string }): string {
  checkOwner(owner);
  if (!isJobId(id)) throw new AppError("not_found", "There is no job with this id.");
  return `due/${momentText(atMs)}/${owner}/${id}`;
}

/** What a timer's key says; null when it is none. */
export function timerOfKey(key: string): { atMs: number; owner: string; id: string } | null {
  const [root, moment = "", owner = "", id = "", ...more] = key.split("/");
  const atMs = momentMs(moment);
  return root !== "due" || more.length > 0 || atMs === null || !isOwner(owner) || !isJobId(id)
    ? null
    : { atMs, owner, id };
}

/** `sha256`: of all that the file follows from. `untilMs` is rounded up to whole seconds. */
export function cacheKey({ untilMs, owner, sha256 }: { untilMs: number; owner: string; sha256: string }): string {
  checkOwner(owner);
  if (!SHA256.test(sha256))
    throw new AppError("invalid_request", "A cached file is called by a hash of 64 hex digits.");
  return `${cachePrefix(untilMs, owner)}${sha256}`;
}

/** Where the files are that an owner's jobs keep until then; without an owner, those of all. */
export function cachePrefix(untilMs: number, owner?: string): string {
  return `cache/${momentText(untilMs)}/${owner === undefined ? "" : `${owner}/`}`;
}

/** What the key of a cached file says; null when it is none. */
export function cacheOfKey(key: string): { untilMs: number; owner: string } | null {
  const [root, moment = "", owner = "", sha256 = "", ...more] = key.split("/");
  const untilMs = momentMs(moment);
  return root !== "cache" || more.length > 0 || untilMs === null || !isOwner(owner) || !SHA256.test(sha256)
    ? null
    : { untilMs, owner };
}

/** Of all entries of an owner, with the slash at its end. Throws `not_found`. */
export function idempotencyPrefix(owner: string): string {
  checkOwner(owner);
  return `idempotency/${owner}/`;
}

export function idempotencyKey(owner: string, keySha256: string): string {
  checkOwner(owner);
  if (!SHA256.test(keySha256)) throw new AppError("invalid_request", "The hash of a key has 64 hex digits.");
  return `idempotency/${owner}/${keySha256}`;
}

/**
 * Throws `not_found` for what is neither the key of a file nor a prefix of one: what is under none of `FILE_ROOTS` and not under `assets`, `..`,
 * empty parts, NUL, back slashes, colons, percent signs, a dot at either end of a name, names that Windows keeps for devices,
 * and records, which are not files.
 */
export function checkFileKey(key: string): string {
  if (!isFileKey(key)) throw new AppError("not_found", "There is no such file.");
  return key;
}

/** Whether `checkFileKey` takes it. */
export function isFileKey(key: string): boolean {
  return key.length <= 400 && FILE_KEY.test(key) && !RECORD_FILE.test(key) && !DEVICE.test(key);
}

/** `session`: as the payment provider calls it. `what` happened to it. Throws `not_found`. */
export function paymentKey(session: string, what: string): string {
  return `payments/${checkName(session)}/${checkName(what)}`;
}

export function noteKey(name: string): string {
  return `locks/${checkName(name)}`;
}

export function isOwner(owner: string): boolean {
  return OWNER.test(owner) && !DEVICE.test(owner);
}

function checkOwner(owner: string): void {
  if (!isOwner(owner)) throw new AppError("not_found", "There is no such owner.");
}

function checkName(name: string): string {
  if (!NAME.test(name) || DEVICE.test(name)) throw new AppError("not_found", "There is no file with this name.");
  return name;
}

/** `yyyymmddThhmmssZ`, rounded up. */
export function momentText(ms: number): string {
  const text = new Date(Math.ceil(ms / 1000) * 1000).toISOString();
  return text.replace(/\.000Z$/, "Z").replaceAll(/[-:]/g, "");
}

function momentMs(text: string): number | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? null : ms;
}
